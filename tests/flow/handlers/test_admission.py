"""Requests above the rate limits, or of blocked users: refused once, at no cost to anybody else."""

import asyncio
from pathlib import Path

import pytest

from adapters import doctor
from bot.chat import Action, Chat, User
from bot.errors import Banned, ChatBanned, Closed, ForbiddenWord, OutOfCredits, SettingsWrong, TooFast
from bot.handlers.admission import REPLIES_PER_WINDOW
from bot.handlers.replies import MAX_PENDING_REPLIES
from bot.quota import hours_to_refill
from bot.runtime.clock import SystemClock
from bot.sandbox import Sandbox
from bot.store.store import Store
from bot.texts import translate, translate_error
from tests.flow.scenes import BOSS, LONG, ask, books, click
from tests.flow.store.stores import ANN, new_job, rules
from tests.flow.world import settings, world
from tests.support.clocks import FakeClock, ShiftedClock
from tests.support.platform import AMBER, DIRECT, GROUP, JADE, Platform
from tests.support.waiting import wait_until
from tests.support.world import open_app

FLOOD = 10_000  # commands


def answers(platform: Platform, member: User, sent: dict[str, User]) -> list[str]:
    """What was said to a member."""
    return [post.text for post in platform.posts if sent[post.reply_to or ""] is member]


# ---------------------------------------------------------------- lists


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    ("access", "chat", "refusal"),
    [
        ({"blocked_users": ["memory:amber"]}, DIRECT, Banned()),
        ({"blocked_chats": ["memory:group"]}, GROUP, ChatBanned()),
        ({"allowed_users": ["memory:jade"]}, DIRECT, Closed()),
        ({"allowed_chats": ["memory:elsewhere"]}, GROUP, Closed()),
        ({"blocked_words": ["lighthouse"]}, DIRECT, ForbiddenWord()),
    ],
)
async def test_who_may_not_ask_is_told_so_and_nothing_is_painted_or_charged(
    tmp_path: Path, sandbox: Sandbox, access: dict[str, list[str]], chat: Chat, refusal: Exception
) -> None:
    async with world(tmp_path, sandbox, access=access) as easel:
        said = await ask(easel, "a lighthouse", chat=chat)
        assert said.text == translate_error("en", refusal)  # type: ignore[arg-type]  # all of them are ours
        assert await books(easel) == (50, 0)
        assert sandbox.requests == []


async def test_who_is_let_in_paints(tmp_path: Path, sandbox: Sandbox) -> None:
    access = {"allowed_users": ["memory:jade"], "allowed_chats": ["memory:group"], "blocked_words": ["gun"]}
    async with world(tmp_path, sandbox, access=access) as easel:
        await easel.say("a lighthouse", sender=JADE)
        await easel.say("a lighthouse", chat=GROUP)
        await easel.say("a lighthouse", sender=BOSS)  # an admin cannot lock themselves out
        await easel.settled(3)
        assert len(sandbox.requests) == 3


async def test_in_a_closed_bot_what_is_not_meant_for_it_gets_no_answer(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, access={"allowed_users": ["memory:jade"]}) as easel:
        await easel.say("good morning", chat=GROUP, to_me=False)
        assert easel.platform.posts == []


async def test_the_blocked_can_have_everything_deleted_all_the_same(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox) as easel:
        await easel.say("a lighthouse")
        await easel.settled(1)
    async with world(tmp_path, sandbox, access={"blocked_users": ["memory:amber"]}) as easel:
        assert (await ask(easel, "/privacy")).text == translate("en", "answer-privacy", days=0)
        assert (await ask(easel, "/forget")).text == translate("en", "answer-forgotten", count=1)
        assert (await ask(easel, "/quota")).text == translate_error("en", Banned())


async def test_buttons_are_no_back_door(tmp_path: Path, sandbox: Sandbox) -> None:
    file = tmp_path / "access.toml"
    file.write_text("")
    async with world(tmp_path, sandbox, access={"file": str(file)}) as easel:
        await easel.say("a lighthouse")
        [post] = await easel.settled(1)
    file.write_text('blocked_words = ["lighthouse"]')
    async with world(tmp_path, sandbox, access={"file": str(file)}) as easel:
        for action in (Action.RETRY, Action.VARY):
            assert (await click(easel, post, action)).text == translate_error("en", ForbiddenWord())
    async with world(tmp_path, sandbox, access={"blocked_users": ["memory:amber"]}) as easel:
        assert (await click(easel, post, Action.RETRY)).text == translate_error("en", Banned())
        assert (await click(easel, post, Action.RETRY)).text == ""  # said a moment ago
    assert len(sandbox.requests) == 1


async def test_a_file_that_cannot_be_read_keeps_easel_from_starting(tmp_path: Path, sandbox: Sandbox) -> None:
    file = tmp_path / "access.toml"
    file.write_text("blocked = []")
    given = settings(tmp_path, sandbox, access={"file": str(file)})
    async with open_app(given, {"memory": Platform()}, SystemClock()) as app:
        with pytest.raises(SettingsWrong, match="unknown key blocked"):
            await app.start()
    [found] = [each for each in await doctor.run_checks(given) if each.subject == "access.file"]
    assert (found.is_ok, "unknown key blocked" in found.message) == (False, True)
    file.write_text("blocked_words = ['gun']")
    [found] = [each for each in await doctor.run_checks(given) if each.subject == "access.file"]
    assert (found.is_ok, found.message) == (True, f"{file} is understood")


# ---------------------------------------------------------------- newcomers


async def test_a_newcomers_first_day_is_smaller(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, limits={"new_user_daily": 2}) as easel:
        assert (await ask(easel, "/quota")).text.startswith("2 credits left today.")
        await easel.say("two cats --n 2")
        await easel.settled(2)
        said = await ask(easel, "a third")
        refill = hours_to_refill(SystemClock().now())
        assert said.text == translate_error("en", OutOfCredits(left=0, cost=1, refill=refill))
        assert await books(easel) == (0, 0)


@pytest.mark.forms(3)
@pytest.mark.parametrize(("newcomer", "first"), [(3, 3), (0, 0), (10, 10), (99, 10), (None, 10)])
async def test_the_second_day_is_like_everybodys(
    store: Store, clock: FakeClock, newcomer: int | None, first: int
) -> None:
    given = rules(new_user_daily=newcomer)
    assert (await store.balance(ANN.key, 10, newcomer)).available == first
    if first:
        await store.accept_job(new_job(), given)
        assert (await store.balance(ANN.key, 10, newcomer)).available == first - 1
        await clock.advance(12 * 3600.0)  # past midnight
        assert (await store.balance(ANN.key, 10, newcomer)).available == 10
        await store.accept_job(new_job(cost=10), given)
    else:
        with pytest.raises(OutOfCredits):
            await store.accept_job(new_job(), given)


async def test_forgetting_makes_nobody_a_newcomer_again(store: Store, clock: FakeClock) -> None:
    job, _ = await store.accept_job(new_job(), rules(new_user_daily=3))
    await clock.advance(12 * 3600.0)
    await store.deletions.erase_user(ANN.key)
    await clock.advance(100 * 24 * 3600.0)
    await store.deletions.delete_expired(days=1)
    assert job.cost == 1
    assert (await store.balance(ANN.key, 10, 3)).available == 10


# ---------------------------------------------------------------- floods


async def test_a_flood_costs_who_sends_it_and_nobody_else(tmp_path: Path, sandbox: Sandbox) -> None:
    """The group takes 20 messages a minute, like Telegram's. The other member asks in the middle of the flood."""
    platform = Platform()
    platform.slots = 20
    sent: dict[str, User] = {}
    async with world(tmp_path, sandbox, platform, clock=ShiftedClock()) as easel:

        async def say_it(text: str, member: User) -> None:
            message = platform.message(text, sender=member, chat=GROUP)
            sent[message.id] = member
            await easel.app.events.receive_message(message)

        flood = [asyncio.create_task(say_it("/quota", AMBER)) for _ in range(FLOOD // 2)]
        other = asyncio.create_task(say_it("/quota", JADE))
        flood += [asyncio.create_task(say_it("/quota", AMBER)) for _ in range(FLOOD // 2)]
        await other
        assert len(answers(platform, JADE, sent)) == 1
        await say_it("a lighthouse", JADE)
        await easel.settled()
        assert [len(post.images) for post in platform.posts if post.images] == [1]
        await asyncio.gather(*flood)
        assert (
            len(answers(platform, AMBER, sent)) <= REPLIES_PER_WINDOW + 2
        )  # and twice that it was too fast: at both limits
        assert (await books(easel, JADE), await books(easel, AMBER)) == ((49, 0), (50, 0))


async def test_a_flood_of_wishes_reserves_what_one_member_may_have_and_is_refused_in_words(tmp_path: Path) -> None:
    async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox) as easel:
        messages = [easel.platform.message("a lighthouse") for _ in range(1000)]
        await asyncio.gather(*(easel.app.events.receive_message(each) for each in messages))
        assert await books(easel) == (43, 7)
        other = await ask(easel, "/quota", sender=JADE)
        assert "50" in other.text
        await easel.say("/cancel")


async def test_the_pace_is_said_once_and_then_there_is_silence(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, clock=ShiftedClock(), limits={"user_per_minute": 2}) as easel:
        for _ in range(5):
            await easel.say("/quota")
        said = [post.text for post in easel.platform.posts]
        assert len(said) == 3
        assert said[2] in [translate_error("en", TooFast(seconds=seconds)) for seconds in range(30, 61)]
        assert (await ask(easel, "/quota", sender=JADE)).text.startswith("今天还剩 50 积分")


async def test_clicks_count_as_well(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, clock=ShiftedClock(), limits={"user_per_minute": 2}) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        await click(easel, post, Action.RETRY)
        await easel.settled(2)
        assert (await click(easel, post, Action.RETRY)).text.startswith("That was a lot at once.")
        assert (await click(easel, post, Action.RETRY)).text == ""
        assert len(sandbox.requests) == 2


async def test_a_click_on_cancel_is_always_heard(tmp_path: Path) -> None:
    async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox, limits={"user_per_minute": 1}) as easel:
        await easel.say("a cat")
        await wait_until(lambda: sandbox.running == 1 and bool(easel.platform.posts))
        await click(easel, easel.platform.posts[0], Action.CANCEL)
        await easel.settled()
        assert await books(easel) == (50, 0)


async def test_a_group_has_its_own_pace(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, clock=ShiftedClock(), limits={"chat_per_minute": 2}) as easel:
        await easel.say("/quota", chat=GROUP)
        await easel.say("/quota", chat=GROUP, sender=JADE)
        await easel.say("/quota", chat=GROUP)
        await easel.say("/quota", chat=GROUP)
        await easel.say("/quota")
        assert [post.chat for post in easel.platform.posts] == [GROUP, GROUP, GROUP, DIRECT]


async def test_where_silence_would_leave_somebody_waiting_the_refusal_is_said_each_time(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    platform = Platform()
    platform.shows_pending_reply = True
    async with world(tmp_path, sandbox, platform, access={"blocked_users": ["memory:amber"]}) as easel:
        for _ in range(10):
            await easel.say("/quota")
        assert [post.text for post in platform.posts] == [translate_error("en", Banned())] * 10


async def test_answers_that_wait_for_their_turn_are_few_for_each_member(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = Platform()
    platform.slots = 1
    async with world(tmp_path, sandbox, platform) as easel:
        await ask(easel, "/help", chat=GROUP)  # nothing else can be written there for a minute
        amber = [platform.message("/help", chat=GROUP) for _ in range(8)]
        jade = platform.message("/help", sender=JADE, chat=GROUP)
        waiting = [asyncio.create_task(easel.app.events.receive_message(each)) for each in (*amber, jade)]
        await wait_until(lambda: sum(task.done() for task in waiting) == 8 - MAX_PENDING_REPLIES)
        pending, dropped = [False] * MAX_PENDING_REPLIES, [True] * (8 - MAX_PENDING_REPLIES)
        assert [task.done() for task in waiting] == [*pending, *dropped, False]
    assert [await task for task in waiting[:MAX_PENDING_REPLIES]] == [False] * MAX_PENDING_REPLIES
    assert await waiting[-1] is False  # handed in again, where the platform can
