"""Polling: begun, lost, disputed, throttled and begun again. No update is lost, and none is taken twice."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.telegram.connection import CONFLICT_RETRY_S, OTHER_CONSUMER, UNAUTHORIZED
from bot.errors import SettingsWrong
from bot.texts import translate
from tests.support.waiting import wait_until
from tests.wire.telegram.easel import Easel, TelegramWorld
from tests.wire.telegram.edges import Edge, wired

WRONG = "700001:AAE_stale-token_of_the_bot"
STORAGE = -1001234567890


async def says(easel: Easel, reason: str | None) -> bool:
    """Whether that is why the adapter does not work."""
    return await easel.telegram.problem() == reason


async def reports(easel: Easel, words: str) -> bool:
    return words in (await easel.telegram.problem() or "")


async def paints(place: TelegramWorld, prompt: str) -> None:
    """A wish is heard, and becomes one picture."""
    before = len(place.bot_messages())
    request = place.server.say(place.ada, place.private, prompt)
    picture = await place.wait_for_picture(after=request)
    assert prompt in picture.caption
    assert len(place.bot_messages()) == before + 1


# ---------------------------------------------------------------- what is asked for


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        ({}, []),
        ({"storage_chat": STORAGE}, ["guest_message", "inline_query", "chosen_inline_result"]),
        ({"star_packs": [{"credits": 10, "stars": 5}]}, ["pre_checkout_query"]),
    ],
)
async def test_no_more_is_asked_for_than_the_settings_need(
    place: TelegramWorld, settings: dict[str, Any], kinds: list[str]
) -> None:
    async with place.easel(**settings):
        await place.until(lambda: place.server.core.updates.polled)
        always = ["message", "edited_message", "callback_query", "my_chat_member", "chat_member"]
        assert list(place.server.core.updates.allowed) == [*always, *kinds]


async def test_telegram_holds_the_question_until_something_happens(place: TelegramWorld) -> None:
    async with place.easel():
        await place.until(lambda: place.server.core.updates.polled)
        asked = len(place.server.calls("getUpdates"))
        await paints(place, "a red fox")
        (first, *_) = place.server.calls("getUpdates")[asked:]
        assert first.params["timeout"] == 50
        assert len(place.server.calls("getUpdates")) == asked + 1


# ---------------------------------------------------------------- trouble at the start


@pytest.mark.parametrize("token", [WRONG, "nonsense"])
async def test_a_wrong_token_is_one_line_that_does_not_hold_it(place: TelegramWorld, token: str) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        async with place.easel(token=token):
            pass
    assert wrong.value.problems == [UNAUTHORIZED]
    assert "telegram.token" in UNAUTHORIZED
    assert token not in str(wrong.value)


async def test_a_telegram_that_is_down_at_the_start_is_waited_for(place: TelegramWorld) -> None:
    await place.server.down()
    async with place.easel(waits=False) as easel:
        await wait_until(lambda: reports(easel, "no connection"))
        await place.server.up()
        await wait_until(lambda: says(easel, None))
        await paints(place, "a red fox")


async def test_a_wrong_token_that_shows_late_is_said_by_readyz(place: TelegramWorld) -> None:
    await place.server.down()
    async with place.easel(waits=False, token=WRONG) as easel:
        await wait_until(lambda: reports(easel, "no connection"))
        await place.server.up()
        await wait_until(lambda: says(easel, UNAUTHORIZED))


async def test_a_webhook_of_before_is_taken_away(place: TelegramWorld) -> None:
    place.server.core.updates.webhook_set = True
    async with place.easel():
        await paints(place, "a red fox")


# ---------------------------------------------------------------- trouble in the middle


async def test_a_telegram_that_is_away_in_the_middle_loses_nothing(world: Edge, place: TelegramWorld) -> None:
    async with place.easel() as easel:
        await place.until(lambda: place.server.core.updates.polled)
        await place.server.down()
        await wait_until(lambda: reports(easel, "no connection"))
        request = place.server.say(place.ada, place.private, "a red fox")
        world.time.skips = 1.0
        await place.server.up()
        await place.wait_for_picture(after=request)
        await wait_until(lambda: says(easel, None))
        assert len(place.bot_messages()) == 1


@pytest.mark.forms(1)
@pytest.mark.parametrize("fault", ["fail", "drop", "garble"])
async def test_a_question_that_is_answered_badly_is_asked_again(world: Edge, place: TelegramWorld, fault: str) -> None:
    world.time.skips = 1.0
    getattr(place.server.faults, fault)("getUpdates", times=3)
    with capture_logs() as logs:
        async with place.easel():
            await paints(place, "a red fox")
    assert [each["event"] for each in logs].count("telegram fails") == 1


async def test_flood_control_is_kept_to_when_asking_too(world: Edge, place: TelegramWorld) -> None:
    world.time.skips = 10.0
    place.server.faults.limit("getUpdates", retry_after=41)
    async with place.easel():
        await paints(place, "a red fox")
    assert 41.0 in world.time.slept


# ---------------------------------------------------------------- somebody else


async def test_a_second_poller_is_reported_once_and_not_fought(world: Edge, place: TelegramWorld) -> None:
    world.time.skips = CONFLICT_RETRY_S
    with capture_logs() as logs:
        async with place.easel() as easel:
            for _ in range(3):
                await place.until(lambda: place.server.core.updates.polled)
                await place.poll_elsewhere()
                await wait_until(lambda: says(easel, OTHER_CONSUMER))
            await wait_until(lambda: says(easel, None))
            await paints(place, "a red fox")
    refused = [each for each in place.server.calls("getUpdates") if each.status == 409]
    assert world.time.slept.count(CONFLICT_RETRY_S) >= len(refused) == 3
    assert all(each["event"] == OTHER_CONSUMER for each in logs if each["log_level"] == "error")


async def test_a_dispute_that_lasts_is_one_line(world: Edge, place: TelegramWorld) -> None:
    world.time.skips = CONFLICT_RETRY_S
    conflict = b'{"ok":false,"error_code":409,"description":"Conflict: terminated by other getUpdates request"}'
    for _ in range(4):
        place.server.faults.garble("getUpdates", body=conflict)
        place.server.faults.planned[-1].status = 409
    with capture_logs() as logs:
        async with place.easel():
            await paints(place, "a red fox")
    assert [each["event"] for each in logs if each["log_level"] == "error"] == [OTHER_CONSUMER]


# ---------------------------------------------------------------- once, and not less


async def test_an_update_that_comes_again_is_taken_once(place: TelegramWorld) -> None:
    async with place.easel():
        await paints(place, "a red fox")
        place.server.say(place.ada, place.private, "/quota")
        await place.until(lambda: len(place.bot_messages()) == 2)
        for update in list(place.server.updates):
            place.server.redeliver(update)
        await place.wait_until_heard()
        await paints(place, "a blue fox")
        assert len(place.bot_messages()) == 3
        assert await place.available_credits() == 48


async def test_a_wish_that_comes_again_after_a_restart_is_painted_once(place: TelegramWorld) -> None:
    async with place.easel():
        await paints(place, "a red fox")
    (update,) = place.server.updates
    place.server.redeliver(update)
    async with place.easel():
        await place.wait_until_heard()
        await paints(place, "a blue fox")
        assert len(place.bot_messages()) == 2
        assert await place.available_credits() == 48


async def test_what_was_taken_in_is_confirmed_at_the_stop(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.private, "/quota")
        await place.until(place.bot_messages)
    assert not place.server.pending


async def test_an_update_is_confirmed_only_when_it_is_safe(world: Edge, place: TelegramWorld) -> None:
    """Its answer waits, so it has to be written down; while the database is away, Telegram keeps it."""
    world.time.skips = 1.0
    async with wired(place) as easel:
        easel.storage.away = True
        gate = place.server.faults.hold("sendMessage")
        place.server.say(place.ada, place.private, "/quota")
        await gate.arrived.wait()
        await wait_until(lambda: reports(easel, "updates wait for the database"))
        assert place.server.pending
        easel.storage.away = False
        await place.wait_until_heard()
        assert place.bot_messages() == []
        gate.open()
        await place.until(place.bot_messages)
        await wait_until(lambda: says(easel, None))
    async with place.easel():  # it was struck out, or answered before it could be written: nothing is told again
        await paints(place, "a red fox")
        assert len(place.bot_messages()) == 2


async def test_what_could_not_be_written_down_is_not_written_later_either(world: Edge, place: TelegramWorld) -> None:
    """The answer came while the database was away: the next process must not give it once more."""
    world.time.skips = 1.0
    async with wired(place) as easel:
        easel.storage.away = True
        gate = place.server.faults.hold("sendMessage")
        place.server.say(place.ada, place.private, "/quota")
        await gate.arrived.wait()
        await wait_until(lambda: reports(easel, "updates wait for the database"))
        gate.open()
        await place.until(place.bot_messages)
        await place.wait_until_heard()
        easel.storage.away = False
        gate = place.server.faults.hold("sendMessage")
        place.server.say(place.ada, place.private, "/help")  # is written down, and with it whatever is
        await place.wait_until_heard()
        gate.open()
        await place.until(lambda: len(place.bot_messages()) == 2)
    async with place.easel():
        await paints(place, "a red fox")
        assert len(place.bot_messages()) == 3


async def test_an_update_whose_save_seemed_to_fail_is_not_handled_by_the_next_process(
    world: Edge, place: TelegramWorld
) -> None:
    """The row was committed and the answer of the database lost; the update was handled meanwhile."""
    world.time.skips = 1.0
    async with wired(place) as easel:
        easel.storage.loses_answers = True
        gate = place.server.faults.hold("sendMessage")
        place.server.say(place.ada, place.private, "/quota")
        await gate.arrived.wait()
        await wait_until(lambda: reports(easel, "updates wait for the database"))
        assert await easel.storage.saved_updates("telegram")
        gate.open()
        await place.until(place.bot_messages)
        await place.wait_until_heard()
    async with place.easel():
        await paints(place, "a red fox")
        assert len(place.bot_messages()) == 2


async def test_an_update_has_a_row_until_it_is_handled(world: Edge, place: TelegramWorld) -> None:
    world.time.skips = 1.0

    async with wired(place) as easel:

        async def saved(count: int) -> bool:
            return len(await easel.storage.saved_updates("telegram")) == count

        gate = place.server.faults.hold("sendMessage")
        place.server.say(place.ada, place.private, "/quota")
        await gate.arrived.wait()
        await wait_until(lambda: saved(1))
        gate.open()
        await wait_until(lambda: saved(0))
        assert len(place.bot_messages()) == 1


async def test_an_answer_that_waits_for_its_turn_at_a_stop_is_given_by_the_next_start_once(
    place: TelegramWorld,
) -> None:
    async with place.easel():
        place.server.faults.limit("sendMessage", retry_after=600)
        place.server.say(place.ada, place.private, "/quota")
        await place.until(lambda: place.server.calls("sendMessage"))
        await place.wait_until_heard()
    assert not place.bot_messages()
    for _ in range(2):
        async with place.easel():
            await place.until(place.bot_messages)
            await paints(place, "a red fox")
    (answer,) = [each for each in place.bot_messages() if each.text]
    quota = translate("en", "answer-quota", left=50, held=0, daily=50, refill=1, running=0)
    assert answer.text.splitlines()[:-1] == quota.splitlines()[:-1]


async def test_an_update_written_down_long_ago_is_let_go(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.faults.limit("sendMessage", retry_after=600)
        place.server.say(place.ada, place.private, "/quota")
        await place.until(lambda: place.server.calls("sendMessage"))
        await place.wait_until_heard()
    place.advance_clock(25 * 3600)
    async with place.easel():
        await paints(place, "a red fox")
        assert len(place.bot_messages()) == 1
