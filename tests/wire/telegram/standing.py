"""Telegram whose dates stand until they are moved, for what members say in more than one message."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from typing_extensions import override

from tests.servers.telegram import UNLIMITED, Message
from tests.support.clocks import PausableClock
from tests.support.images import png
from tests.wire.telegram.easel import TelegramWorld, telegram_world


class StandingClock(PausableClock):
    """Dates stand until they are moved: what a machine takes its time over was still said at once."""

    @override
    def now(self) -> datetime:
        return self.standing_now()


@asynccontextmanager
async def standing_world(folder: Path, clock: PausableClock) -> AsyncGenerator[TelegramWorld]:
    """Where the bot hears everything, with Bo beside Ada."""
    async with telegram_world(
        folder, limits=UNLIMITED, clock=clock, can_read_all_group_messages=True, members=["Bo"]
    ) as made:
        yield made


def shot(number: int) -> bytes:
    return png(size=(100 + number, 50))


def photos(place: TelegramWorld, count: int) -> list[Message]:
    """Photos of Bo's, elsewhere."""
    bo = next(each for each in place.server.core.world.users.values() if each.name == "Bo")
    away = place.server.add_group("Away", members=[bo], bot_status="left")
    return [place.server.photo(bo, away, shot(number), caption="not the member's words") for number in range(count)]
