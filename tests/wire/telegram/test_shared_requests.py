"""Requests that one process takes in and another runs, or speaks about: corrected, refused, banned, told twice."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.errors import Banned
from bot.texts import translate_error
from tests.servers.telegram import UNLIMITED
from tests.support.clocks import PausableClock
from tests.support.databases import databases_made_by
from tests.support.images import png
from tests.support.postgres import Cluster as Server
from tests.support.waiting import wait_until
from tests.support.world import reference_sizes
from tests.wire.telegram.crew import agreed, crew, handler_of, member_of, started
from tests.wire.telegram.easel import SPEED, TelegramWorld, telegram_world
from tests.wire.telegram.standing import StandingClock
from tests.wire.telegram.test_shared_updates import all_handled, heard_by

PAINTS_NOTHING = {"jobs": {"concurrency": 0}}


@pytest.fixture
def clock() -> PausableClock:
    return StandingClock(SPEED)


@pytest.fixture
async def place(
    tmp_path: Path, postgres: Server, postgres_template: str, clock: PausableClock
) -> AsyncGenerator[TelegramWorld]:
    url = postgres.url(postgres.create(template=postgres_template))
    with databases_made_by(lambda _: url):
        async with telegram_world(tmp_path, limits=UNLIMITED, clock=clock, http_webhooks=True) as made:
            yield made


@pytest.mark.forms(1)
@pytest.mark.parametrize(("correction", "left"), [("a red fox", 49), ("a fox --n 2", 48), ("a fox --size 7", 50)])
async def test_a_process_that_stops_still_holds_a_job_which_another_corrects(
    place: TelegramWorld, clock: PausableClock, correction: str, left: int
) -> None:
    async with crew(place, 2) as processes:
        with clock.paused():
            request = place.server.say(place.ada, place.private, "a fxo")
            status = await place.wait_for_reply()
            (holder,) = heard_by(processes, place.private.id)
            place.server.webhook.backends.remove(holder.web.address)
            await holder.adapter.stop_receiving()
            place.server.edit(request, correction)
            await wait_until(lambda: len(heard_by(processes, place.private.id)) == 2)
            await place.wait_until_heard()
        await place.wait_until_settled()
        assert await place.available_credits() == left
        prompts = {each.prompt.partition("\n")[0] for each in place.sandbox.requests}
        assert prompts == (set() if left == 50 else {correction.partition(" --")[0]})
        assert place.bot_messages()[0] is status
        assert len(place.bot_messages()) == max(1, 50 - left)


@pytest.mark.forms(1)
@pytest.mark.parametrize(("correction", "left"), [("make it day", 49), ("make it day --size 7", 50)])
@pytest.mark.thorough
async def test_a_job_that_another_process_has_begun_takes_its_correction(
    place: TelegramWorld, correction: str, left: int
) -> None:
    """The other one reads the picture: it has asked no upstream yet."""
    async with started(place) as painter:
        place.settings |= PAINTS_NOTHING
        async with started(place) as receiver:
            await agreed([painter, receiver])
            author = member_of(receiver, place)
            chat = place.server.private(author)
            reads = place.server.faults.hold("getFile")
            request = place.server.photo(author, chat, png(size=(120, 80)), caption="make it night")
            await reads.arrived.wait()
            place.server.edit(request, correction)
            await place.wait_until_heard()
            await wait_until(lambda: len(receiver.desk.told) == 2)
            reads.open()
            await place.wait_until_settled()
            assert await place.available_credits(author) == left
            prompts = [each.prompt.strip() for each in place.sandbox.requests]
            assert prompts == (["make it day"] if left == 49 else [])
            if prompts:
                assert reference_sizes(place.sandbox) == [(120, 80)]


@pytest.mark.thorough
async def test_who_is_banned_at_one_process_is_refused_at_the_others(place: TelegramWorld) -> None:
    async with crew(place, 2) as processes:
        admins = handler_of(processes, place.private)
        other = next(each for each in processes if each is not admins)
        banned = member_of(other, place)
        chat = place.server.private(banned)
        place.server.say(banned, chat, "/imagine a fox")
        await place.wait_for_picture(chat)
        place.server.say(place.ada, place.private, f"/admin ban telegram:{banned.id}")
        await place.wait_for_reply()
        place.server.say(banned, chat, "/imagine a hen")
        await all_handled(place)
        words = translate_error("en", Banned())
        await place.until(lambda: any(each.text == words for each in chat.visible_messages))
        assert len(place.sandbox.requests) == 1


async def test_an_update_that_is_told_again_to_another_process_is_one_job(place: TelegramWorld) -> None:
    async with crew(place, 2) as processes:
        place.server.say(place.ada, place.private, "/imagine a fox")
        await place.wait_for_picture()
        await all_handled(place)
        update = place.server.updates[-1]
        for process in processes:
            place.server.webhook.backends[:] = [process.web.address]
            place.server.redeliver(update)
            await place.wait_until_heard()
        await all_handled(place)
        assert len(place.sandbox.requests) == 1
        assert len(place.bot_messages()) == 1
