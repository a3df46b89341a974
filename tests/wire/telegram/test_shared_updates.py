"""Updates of one bot that any of several processes receives: one at a time handles a chat, in order, whoever it is."""

from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.telegram import albums, connection
from adapters.telegram.connection import MAX_OWN_CONFLICTS, OTHER_CONSUMER
from bot.chat import Action
from bot.errors import TooFast
from bot.handlers import draft_jobs
from bot.handlers.admission import Admission
from bot.texts import translate_error
from tests.servers.telegram import UNLIMITED, AlbumItem
from tests.support.clusters import give_up
from tests.support.databases import databases_made_by, query
from tests.support.images import png
from tests.support.postgres import Cluster as Server
from tests.support.waiting import wait_until
from tests.support.world import reference_sizes
from tests.wire.telegram.crew import Process, agreed, crew, group_of, member_of, started
from tests.wire.telegram.easel import TelegramWorld, button, telegram_world

SHOTS: list[bytes | AlbumItem] = [png(size=(100 + number, 50)) for number in range(5)]
SIZES = [(100 + number, 50) for number in range(5)]


@pytest.fixture
async def place(tmp_path: Path, postgres: Server, postgres_template: str) -> AsyncGenerator[TelegramWorld]:
    url = postgres.url(postgres.create(template=postgres_template))
    with databases_made_by(lambda _: url):
        async with telegram_world(
            tmp_path, limits=UNLIMITED, http_webhooks=True, can_read_all_group_messages=True
        ) as made:
            yield made


async def all_handled(place: TelegramWorld) -> None:
    """Waits until nothing that came in is left."""
    await place.wait_until_heard()
    await wait_until(lambda: query(place.database_url, "SELECT count(*) FROM incoming_update") == [(0,)])
    await place.wait_until_settled()


def conflicts(place: TelegramWorld) -> int:
    """How many getUpdates calls were ended by another one."""
    return sum(each.status == 409 for each in place.server.calls("getUpdates"))


def heard_by(processes: list[Process], chat: int) -> list[Process]:
    """Which of them have handled messages of a chat."""
    return [each for each in processes if any(one.chat.id == str(chat) for one in each.desk.told)]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What belongs together is waited for as long as three processes on one loop may take on a busy machine."""
    monkeypatch.setattr(draft_jobs, "FORWARD_HOLD_S", 4.0)
    monkeypatch.setattr(albums, "ALBUM_QUIET_S", 4.0)


@pytest.mark.usefixtures("patient")
async def test_parts_of_an_album_that_come_in_anywhere_at_once_are_one_request(place: TelegramWorld) -> None:
    place.server.webhook.in_order = False
    async with crew(place) as processes:
        place.server.album(place.ada, place.private, SHOTS, caption="a collage", deliver=[4, 0, 3, 1, 2])
        await place.wait_for_picture()
        await all_handled(place)
        assert len(place.sandbox.requests) == 1
        assert reference_sizes(place.sandbox) == SIZES
        assert len(place.bot_messages()) == 1
        assert len(place.server.webhook.used) == 3
        assert sum(len(each.desk.told) for each in processes) == 1


@pytest.mark.thorough
async def test_each_chat_is_handled_by_one_process_in_order_and_all_of_them_work(place: TelegramWorld) -> None:
    async with crew(place) as processes:
        members = [member_of(each, place) for each in processes for _ in range(2)]
        for number in range(3):
            for each in members:
                place.server.say(each, place.server.private(each), f"/imagine fox {number}")
        await all_handled(place)
        owners = [heard_by(processes, each.id) for each in members]
        assert owners == [[each] for each in processes for _ in range(2)]
        for each, (owner,) in zip(members, owners, strict=True):
            said = [one.text for one in owner.desk.told if one.chat.id == str(each.id)]
            assert said == [f"/imagine fox {number}" for number in range(3)]


@pytest.mark.thorough
@pytest.mark.usefixtures("patient")
async def test_a_command_and_what_is_forwarded_with_it_are_one_request(place: TelegramWorld) -> None:
    away = place.server.add_group("Away", bot_status="left")
    async with crew(place):
        place.server.say(place.ada, place.private, "/edit make it night")
        place.server.forward(place.ada, place.private, place.server.photo(place.ada, away, png(size=(120, 80))))
        await place.wait_for_picture()
        await all_handled(place)
        assert reference_sizes(place.sandbox) == [(120, 80)]
        assert len(place.bot_messages()) == 1


@pytest.mark.thorough
async def test_what_a_process_has_asked_another_is_answered_after_it_has_gone(place: TelegramWorld) -> None:
    async with crew(place) as processes:
        place.server.photo(place.ada, place.private, png(size=(120, 80)))
        question = await place.wait_for_reply()
        await all_handled(place)
        (owner,) = heard_by(processes, place.private.id)
        await owner.stop(place)
        place.server.say(place.ada, place.private, "make it night")
        await place.wait_for_picture(after=question)
        assert reference_sizes(place.sandbox) == [(120, 80)]


@pytest.mark.thorough
async def test_an_edit_button_and_the_words_after_it_work_wherever_they_come_in(place: TelegramWorld) -> None:
    async with crew(place, 1) as processes:
        place.server.say(place.ada, place.private, "a fox")
        picture = await place.wait_for_picture()
        press = place.server.press(place.ada, picture, button(picture, Action.EDIT))
        await place.until(lambda: press.answered)
        await all_handled(place)
        async with started(place) as second, started(place) as third:
            await agreed([*processes, second, third])
            await processes[0].stop(place)
            place.server.say(place.ada, place.private, "make it night")
            edited = await place.wait_for_picture(after=picture)
            assert len(reference_sizes(place.sandbox)) == 1
            press = place.server.press(place.ada, edited, button(edited, Action.VARY))
            await place.until(lambda: press.answered)
            await place.wait_for_picture(after=edited)
            await all_handled(place)


@pytest.mark.thorough
async def test_pictures_shown_to_one_process_are_what_a_request_to_the_next_one_is_about(place: TelegramWorld) -> None:
    async with crew(place) as processes:
        place.server.photo(place.ada, place.group, png(size=(120, 80)))
        await all_handled(place)
        await heard_by(processes, place.group.id)[0].stop(place)
        place.server.say(place.ada, place.group, "@easel_bot make it night")
        await place.wait_for_picture(place.group)
        assert reference_sizes(place.sandbox) == [(120, 80)]


@pytest.mark.thorough
async def test_a_process_that_was_given_up_begins_anew_and_nothing_is_lost_or_done_twice(place: TelegramWorld) -> None:
    members = [place.server.add_user(f"member {number}") for number in range(6)]
    async with crew(place) as processes:
        membership = processes[0].cluster.membership
        first_id = membership.id
        for number in range(3):
            for each in members:
                place.server.say(each, place.server.private(each), f"/imagine fox {number}")
            if number == 1:
                give_up(place.database_url, processes[0].cluster)
                await wait_until(lambda: membership.id != first_id and membership.is_current())
        await agreed(processes)
        await all_handled(place)
        assert Counter(request.prompt for request in place.sandbox.requests) == {f"fox {n}": 6 for n in range(3)}


@pytest.mark.thorough
async def test_chats_go_to_whoever_comes_and_from_whoever_goes_while_users_write(place: TelegramWorld) -> None:
    members = [place.server.add_user(f"member {number}") for number in range(8)]
    async with crew(place, 1) as processes:
        for number in range(4):
            for each in members:
                place.server.say(each, place.server.private(each), f"/imagine fox {number}")
            if number < 2:
                await processes[0].stack.enter_async_context(started(place))
        async with started(place) as last:
            await all_handled(place)
            await processes[0].stop(place)
            for each in members:
                place.server.say(each, place.server.private(each), "/imagine fox 4")
            await all_handled(place)
            assert len(last.desk.told) >= len(members)
        assert Counter(request.prompt for request in place.sandbox.requests) == {f"fox {n}": 8 for n in range(5)}


@pytest.mark.thorough
async def test_one_process_polls_and_another_goes_on_where_it_ends(place: TelegramWorld) -> None:
    async with crew(place, mode="polling") as processes:
        for number in range(3):
            await wait_until(lambda: place.server.core.updates.polled)
            request = place.server.say(place.ada, place.private, f"fox {number}")
            picture = await place.wait_for_picture(after=request)
            assert f"fox {number}" in picture.caption
            await all_handled(place)
            if len(processes) > 1:
                await processes.pop(0).stop(place)
        assert not [each for each in place.server.refusals if each.method == "getUpdates"]


async def test_a_few_calls_of_a_predecessor_are_no_other_program_and_more_of_them_are(
    place: TelegramWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "OWN_CONFLICTS_S", 6000.0)  # the clock is fast, and the machine may be busy
    async with crew(place, 2, mode="polling") as processes:
        await wait_until(lambda: place.server.core.updates.polled)
        [(holder,)] = query(place.database_url, "SELECT holder FROM lease WHERE name = 'telegram.connection'")
        first = next(each for each in processes if each.cluster.membership.id == holder)
        await first.stop(place)
        (second,) = (each for each in processes if each is not first)
        with capture_logs() as logs:
            for calls in range(1, MAX_OWN_CONFLICTS + 2):
                await wait_until(lambda: place.server.core.updates.polled)
                await place.poll_elsewhere()
                await wait_until(lambda calls=calls: conflicts(place) == calls)

            async def reported() -> bool:
                return await second.adapter.problem() == OTHER_CONSUMER

            await wait_until(reported)
        assert [each["event"] for each in logs if each["log_level"] == "error"] == [OTHER_CONSUMER]


@pytest.mark.usefixtures("minutes_of_the_machine")
@pytest.mark.thorough
async def test_a_users_pace_counts_over_all_of_their_chats(
    place: TelegramWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, count_elsewhere = [0], Admission.count_elsewhere

    def count(admission: Admission, user_key: str, count: int) -> None:
        count_elsewhere(admission, user_key, count)
        told[0] += count

    monkeypatch.setattr(Admission, "count_elsewhere", count)
    place.settings["limits"] = {"user_per_minute": 3}
    async with crew(place) as processes:
        others = [group_of(each, place, [place.ada]) for each in processes]
        for chat in others:
            place.server.say(place.ada, chat, "/quota@easel_bot")
        for chat in others:
            await place.wait_for_reply(chat)
        await all_handled(place)
        assert [heard_by(processes, chat.id) for chat in others] == [[each] for each in processes]
        await wait_until(lambda: told[0] == 3 * 2)  # of each request both others
        place.server.say(place.ada, place.private, "/quota")
        refusal = await place.wait_for_reply()
        assert refusal.text in [translate_error("en", TooFast(seconds=seconds)) for seconds in range(1, 601)]
