import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import telegram

from adapters.telegram.albums import ALBUM_MAX_S, ALBUM_QUIET_S, AlbumCollector
from tests.support.clocks import FakeClock, settle


def part(number: int) -> telegram.Message:
    chat = telegram.Chat(id=5, type="private")
    return telegram.Message(number, datetime(2026, 1, 1, tzinfo=UTC), chat, media_group_id="album")


async def test_parts_that_came_while_the_process_was_stopped_belong_to_the_album() -> None:
    clock, handled = FakeClock(), list[list[int]]()

    async def handle(parts: Sequence[telegram.Message]) -> bool:
        handled.append([each.message_id for each in parts])
        return True

    albums = AlbumCollector(clock, handle)
    first = asyncio.create_task(albums.add_part(part(1)))
    await clock.advance(ALBUM_QUIET_S / 2)
    await clock.suspend(3600)
    assert handled == []
    second = asyncio.create_task(albums.add_part(part(2)))
    await settle()
    await clock.advance(ALBUM_MAX_S)
    assert await asyncio.gather(first, second) == [True, True]
    assert handled == [[1, 2]]
