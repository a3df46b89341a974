"""Processes that are killed while others serve the bot: with updates that nobody has handled, or the one that polls."""

import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from adapters.telegram.connection import OTHER_CONSUMER
from tests.servers.telegram import UNLIMITED, AlbumItem
from tests.support.databases import databases_made_by, query
from tests.support.images import png
from tests.support.postgres import Cluster as Server
from tests.support.waiting import wait_until
from tests.support.world import reference_sizes
from tests.wire.telegram.album_process import run_waiting_for_albums
from tests.wire.telegram.easel import TelegramWorld, telegram_world

SHOTS: list[bytes | AlbumItem] = [png(size=(100 + number, 50)) for number in range(3)]
HOLDER = "SELECT holder FROM lease WHERE name = 'telegram.connection'"
BUSY = "SELECT count(*) FROM incoming_update"


@pytest.fixture
async def place(tmp_path: Path, postgres: Server, postgres_template: str) -> AsyncGenerator[TelegramWorld]:
    url = postgres.url(postgres.create(template=postgres_template))
    with databases_made_by(lambda _: url):
        async with telegram_world(tmp_path, limits=UNLIMITED, http_webhooks=True) as made:
            made.settings["processes"] = {"heartbeat_s": 0.2, "lost_after_s": 2}
            yield made


@pytest.mark.thorough
async def test_an_album_whose_process_is_killed_before_it_is_complete_is_one_request_of_another(
    place: TelegramWorld,
) -> None:
    place.settings |= {"telegram": place.platform_settings()["telegram"] | {"mode": "webhook"}}
    place.settings["server"] = {"port": 0, "public_url": "https://easel.example"}
    async with place.process(run_waiting_for_albums) as first, AsyncExitStack() as stack:
        place.server.webhook.backends = [first.address]
        place.server.album(place.ada, place.private, SHOTS, caption="a collage")
        await place.wait_until_heard()
        assert query(place.database_url, BUSY) == [(3,)]
        second = await stack.enter_async_context(place.process())
        place.server.webhook.backends = [second.address]
        await first.kill()
        await place.wait_for_picture()
        await wait_until(lambda: query(place.database_url, BUSY) == [(0,)])
        assert len(place.sandbox.requests) == 1
        assert reference_sizes(place.sandbox) == [(100 + number, 50) for number in range(3)]


async def test_another_process_polls_when_the_one_that_polled_is_killed(place: TelegramWorld) -> None:
    async with place.process() as first, place.process():
        await wait_until(lambda: place.server.core.updates.polled)
        polling = query(place.database_url, HOLDER)
        await first.kill()
        await wait_until(lambda: query(place.database_url, HOLDER) not in ([], [(None,)], polling))
        request = place.server.say(place.ada, place.private, "a fox")
        picture = await place.wait_for_picture(after=request)
        assert "a fox" in picture.caption


@pytest.mark.thorough
async def test_a_stopped_poller_that_wakes_up_takes_its_successor_for_no_other_program(place: TelegramWorld) -> None:
    async with place.process() as first:
        await wait_until(lambda: query(place.database_url, HOLDER) not in ([], [(None,)]))
        polling = query(place.database_url, HOLDER)
        await wait_until(lambda: place.server.core.updates.polled)
        async with place.process() as second:
            first.child.send_signal(signal.SIGSTOP)
            await wait_until(lambda: query(place.database_url, HOLDER) not in ([(None,)], polling))
            await wait_until(lambda: any(each.status == 409 for each in place.server.calls("getUpdates")))
            first.child.send_signal(signal.SIGCONT)
            await wait_until(lambda: first.logged("another process of this Easel has asked for updates"))
            assert not any(each.logged(OTHER_CONSUMER) for each in (first, second))
