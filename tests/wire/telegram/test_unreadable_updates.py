"""Updates that the library cannot read, or that break their handler: set aside, told of, and in nobody's way."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from adapters import doctor
from bot.settings import Settings
from tests.servers.telegram.updates import MISSING
from tests.support.databases import query
from tests.support.waiting import wait_until
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import Edge, Wired, edge, wired

MODES = ["polling", "webhook"]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Edge]:
    async with edge(tmp_path, http_webhooks=True) as made:
        yield made
        made.place.server.violations.clear()  # the description forbids such updates, and that is what they are for


def message(place: TelegramWorld, **fields: Any) -> dict[str, Any]:
    """A private message of Ada's, with these fields beside or in place of its own."""
    own = {
        "message_id": 90_000 + len(fields),
        "date": 1_790_000_000,
        "chat": {"id": place.ada.id, "type": "private", "first_name": "Ada"},
        "from": {"id": place.ada.id, "is_bot": False, "first_name": "Ada"},
        "text": "a fox",
    }
    return {name: value for name, value in (own | fields).items() if value is not MISSING}


def unreadable(place: TelegramWorld) -> list[dict[str, Any]]:
    """Fields of updates that the library fails to parse."""
    winners = {"chat": {"id": -5, "type": "channel"}, "giveaway_message_id": 1, "winner_count": 1}
    return [
        {"message": message(place, giveaway_winners={"chat": {"id": -5, "type": "channel"}})},
        {"message": message(place, giveaway_winners=winners | {"winners_selection_date": "soon", "winners": 5})},
        {"message": message(place, date=99_999_999_999_999_999_999)},
        {"message": message(place, date="yesterday")},
        {"message": message(place, chat=[])},
        {"message": message(place, photo=5)},
        {"message": message(place, photo=[{"file_id": "x"}])},
        {"message": message(place, entities=[{"type": "bold"}])},
        {"message": message(place, reply_to_message={"message_id": 1})},
        {"message": {"message_id": 1}},
        {"message": []},
        {"message": "words"},
        {"edited_message": message(place, poll={"id": 5})},
        {"callback_query": {"id": 5}},
        {"callback_query": {"id": "5", "from": {"id": 1}, "chat_instance": "1", "data": "x"}},
        {"inline_query": {"id": "1"}},
        {"pre_checkout_query": {"id": "1", "from": None}},
        {"message_reaction": {"chat": 5}},
        {"poll": {"options": None}},
        {"chat_boost": {}},
    ]


def breaking(place: TelegramWorld) -> list[dict[str, Any]]:
    """Fields of updates that the library parses, and that break whoever handles them."""
    return [
        {"message": message(place, text={"words": "a fox"})},
        {"message": message(place, text=["a fox"])},
        {"message": message(place, chat=MISSING)},
        {"callback_query": {"id": "7", "from": {"id": place.ada.id, "is_bot": False, "first_name": "Ada"},
                            "chat_instance": "1", "data": ["easel"], "message": message(place)}},
    ]  # fmt: skip


def set_aside_rows(place: TelegramWorld) -> list[tuple[str, str, str]]:
    """Key, reason and content of what was set aside, oldest first."""
    sql = "SELECT key, reason, content FROM quarantine WHERE source = 'incoming_update' ORDER BY key"
    return query(place.database_url, sql)


def counted() -> float:
    return REGISTRY.get_sample_value("easel_updates_set_aside_total", {"platform": "telegram"}) or 0.0


async def nothing_is_saved(easel: Wired) -> bool:
    return await easel.storage.saved_updates("telegram") == {}


async def answers(place: TelegramWorld) -> None:
    """Ada is answered."""
    before = len(place.bot_messages())
    place.server.say(place.ada, place.private, "/quota")
    await place.until(lambda: len(place.bot_messages()) > before)


@pytest.mark.forms(1)
@pytest.mark.parametrize("mode", MODES)
async def test_what_cannot_be_read_is_set_aside_and_everybody_else_is_served(place: TelegramWorld, mode: str) -> None:
    before = counted()
    with capture_logs() as logs:
        async with wired(place, mode=mode) as easel:
            odd = [place.server.core.updates.add_odd(**each) for each in unreadable(place)]
            await answers(place)
            await place.wait_until_heard()
            assert await easel.telegram.problem() is None
            assert easel.desk.told[0].text == "/quota"
            for each in odd[:3]:  # Telegram repeats itself
                place.server.redeliver(each)
            await place.wait_until_heard()
            await wait_until(lambda: nothing_is_saved(easel))
    rows = await asyncio.to_thread(set_aside_rows, place)
    assert [key for key, _, _ in rows] == [f"telegram {each.id}" for each in odd]
    assert '"giveaway_winners"' in rows[0][2]
    assert rows[0][1] == "message: TypeError"
    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["update set aside"] * len(odd)
    assert counted() - before == len(odd)
    async with wired(place, mode=mode):  # never in the way of the next start
        await answers(place)
    if mode == "webhook":
        assert {status for _, status in place.server.webhook.deliveries} == {200}


@pytest.mark.forms(1)
@pytest.mark.parametrize("mode", MODES)
async def test_what_breaks_its_handler_is_set_aside_and_not_tried_again(place: TelegramWorld, mode: str) -> None:
    async with wired(place, mode=mode) as easel:
        odd = [place.server.core.updates.add_odd(**each) for each in breaking(place)]
        await answers(place)
        await place.wait_until_heard()
        await wait_until(lambda: nothing_is_saved(easel))
    rows = await asyncio.to_thread(set_aside_rows, place)
    assert [key for key, _, _ in rows] == [f"telegram {each.id}" for each in odd]
    assert {reason.partition(":")[0] for _, reason, _ in rows} == {"handling"}
    with capture_logs() as logs:
        async with wired(place, mode=mode):
            await answers(place)
    assert [each for each in logs if each["log_level"] == "error"] == []


@pytest.mark.forms(1)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["unreadable", "breaking"])
async def test_nothing_is_forgotten_while_it_cannot_be_set_aside(place: TelegramWorld, mode: str, kind: str) -> None:
    fields = (unreadable if kind == "unreadable" else breaking)(place)[0]
    async with wired(place, mode=mode) as easel:
        easel.storage.away = True
        odd = place.server.core.updates.add_odd(**fields)
        await wait_until(lambda: easel.storage.failed_calls >= 2)
        assert place.server.pending
        assert 200 not in [status for number, status in place.server.webhook.deliveries if number == odd.id]
        easel.storage.away = False
        await place.wait_until_heard()
        await answers(place)
        await wait_until(lambda: nothing_is_saved(easel))
    rows = await asyncio.to_thread(set_aside_rows, place)
    assert [key for key, _, _ in rows] == [f"telegram {odd.id}"]


NUMBERS = [MISSING, None, "5", -1, 2**63, 1.5, True, [5]]


@pytest.mark.forms(1)
@pytest.mark.parametrize("mode", MODES)
async def test_updates_without_a_number_hold_up_nobody(world: Edge, place: TelegramWorld, mode: str) -> None:
    async with wired(place, mode=mode):
        await answers(place)
        for number in NUMBERS:
            place.server.core.updates.add_odd(message=message(place), update_id=number)
        await answers(place)
        place.server.core.updates.add_odd(message=message(place, text="the last one"), update_id=MISSING)
        await answers(place)
        await place.wait_until_heard()
    rows = await asyncio.to_thread(set_aside_rows, place)
    assert len(rows) == len(NUMBERS) + 1
    assert {reason for _, reason, _ in rows} == {"message: no usable update_id"}


ANSWERS = [b'{"ok":true,"result":{}}', b'{"ok":true,"result":null}', b'{"ok":true}', b'{"ok":true,"result":"x"}', b"[]"]


@pytest.mark.forms(1)
@pytest.mark.parametrize("answer", ANSWERS)
async def test_an_answer_that_is_no_list_of_updates_is_asked_for_again(
    world: Edge, place: TelegramWorld, answer: bytes
) -> None:
    world.time.skips = 1.0
    async with wired(place) as easel:
        place.server.faults.garble("getUpdates", body=answer, times=2)
        await answers(place)
        await answers(place)
        await wait_until(lambda: ready(easel))


async def ready(easel: Wired) -> bool:
    return await easel.telegram.problem() is None


async def test_what_is_no_object_within_a_list_of_updates_is_set_aside_once(world: Edge, place: TelegramWorld) -> None:
    async with wired(place):
        body = b'{"ok":true,"result":[null,5,"x",[],{},{"update_id":3}]}'
        await place.until(lambda: place.server.core.updates.polled)
        place.server.faults.garble("getUpdates", body=body, times=3)
        await answers(place)
        await answers(place)
    rows = await asyncio.to_thread(set_aside_rows, place)
    assert len(rows) == 5


async def test_the_doctor_lists_what_was_set_aside(place: TelegramWorld) -> None:
    async with wired(place):
        odd = place.server.core.updates.add_odd(**unreadable(place)[0])
        await place.wait_until_heard()
    settings = Settings(**place.values({"telegram": {}}))
    lines = [each.message for each in await doctor.run_checks(settings) if each.subject == "update set aside"]
    assert lines == [f"telegram {odd.id}: message: TypeError"]
