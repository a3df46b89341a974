"""Albums put together. Telegram sends an album as messages of their own, in any order, and marks no end of it.

Knows message ids and times; what is made of an album stands elsewhere.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
import telegram

from bot.ports import Clock

log = structlog.get_logger()

QUIET = 1.0  # seconds without a further part after which an album is taken to be whole; peers wait 0.6 to 2.5
LONGEST = 5.0  # seconds after the first part
MOST = 10  # parts an album can have: the tenth ends it
REMEMBERED = 500  # albums that are over, for parts that come too late

Taken = Callable[[Sequence[telegram.Message]], Awaitable[bool]]


@dataclass(slots=True, eq=False)
class Album:
    """`until`: when it is taken to be whole, in the clock's monotonic seconds."""

    begun: float
    until: float
    parts: dict[int, telegram.Message] = field(default_factory=dict[int, telegram.Message])
    whole: asyncio.Event = field(default_factory=asyncio.Event)
    taken: asyncio.Task[bool] | None = None


class Albums:
    """All albums that are coming in. `take` gets each one whole, in the order of its message ids."""

    def __init__(self, clock: Clock, take: Taken) -> None:
        self._clock = clock
        self._take = take
        self._open: dict[tuple[int, str], Album] = {}
        self._over: OrderedDict[tuple[int, str], None] = OrderedDict()

    async def add(self, message: telegram.Message) -> bool:
        """One part. Returns, when the album was taken, what `take` said of it."""
        assert message.media_group_id is not None  # who adds has looked
        key = message.chat.id, message.media_group_id
        now = self._clock.monotonic()
        if key in self._over:
            log.warning("part of an album came too late", chat=message.chat.id)
            return True
        album = self._open.get(key)
        if album is None:
            album = self._open[key] = Album(begun=now, until=now)
            album.taken = asyncio.create_task(self._gather(key, album), name="telegram album")
        album.parts[message.message_id] = message
        album.until = min(now + QUIET, album.begun + LONGEST)
        if len(album.parts) >= MOST:
            album.whole.set()
        assert album.taken is not None
        return await asyncio.shield(album.taken)

    async def _gather(self, key: tuple[int, str], album: Album) -> bool:
        while not album.whole.is_set() and (left := album.until - self._clock.monotonic()) > 0:
            waiting = [asyncio.ensure_future(self._clock.sleep(left)), asyncio.ensure_future(album.whole.wait())]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waiting:
                    each.cancel()
        del self._open[key]
        self._over[key] = None
        while len(self._over) > REMEMBERED:
            self._over.popitem(last=False)
        return await self._take([album.parts[each] for each in sorted(album.parts)])
