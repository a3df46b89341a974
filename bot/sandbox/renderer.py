"""Where the sandbox paints: so many places, a pace, threads, and a shelf of what can be fetched afterwards.

Knows no HTTP and no dialect: any dialect's server asks it for pictures.
"""

import asyncio
import contextlib
import functools
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import ParamSpec, TypeVar

from bot.sandbox.painting.painter import Order, paint, unfinished
from bot.sandbox.served_files import FileCache

REMEMBERED = 1000  # different orders
THREADS = 4

P = ParamSpec("P")
T = TypeVar("T")


class Views:
    """How often each order came, as long as it is among the REMEMBERED ones of late."""

    def __init__(self) -> None:
        self._counts: OrderedDict[Hashable, int] = OrderedDict()

    def count(self, order: Hashable) -> int:
        """0 the first time, then 1, 2 …"""
        self._counts[order] = self._counts.pop(order, -1) + 1
        if len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)
        return self._counts[order]


class Studio:
    """`pace`: seconds for a picture. `previews`: whether unfinished pictures are shown. `edge`: the longest
    edge that is painted, in pixels; larger pictures shrink to it, which tests have time for. None: as ordered.
    `sleep`: how time passes.

    `running`: paintings under way; `queued`: waiting for a place; `painted`: pictures painted to the end.
    """

    def __init__(
        self,
        *,
        pace: float,
        previews: bool,
        max_parallel: int,
        sleep: Callable[[float], Awaitable[None]],
        edge: int | None = None,
    ) -> None:
        self.pace = pace
        self._edge = edge
        self.previews = previews
        self.sleep = sleep
        self.shelf = FileCache()
        self.running = self.queued = self.painted = 0
        self._places = asyncio.Semaphore(max_parallel)
        self._views = Views()
        self._threads: ThreadPoolExecutor | None = None

    def open(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="sandbox")

    async def close(self) -> None:
        """Waits for the threads; whatever they paint has been abandoned by then."""
        if self._threads is not None:
            await asyncio.to_thread(self._threads.shutdown)
            self._threads = None

    @contextlib.asynccontextmanager
    async def place(self, *, full: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
        """A place to paint at; `full` is called before waiting when none is free."""
        self.queued += 1
        try:
            if self._places.locked():
                await full()
            await self._places.acquire()
        finally:
            self.queued -= 1
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._places.release()

    async def paint(self, order: Order) -> bytes:
        """A PNG. An order seen before gets another view of it. The painter stops when the caller is
        cancelled."""
        digests = tuple(reference.digest for reference in order.references)
        masked = order.mask.digest if order.mask else None
        known = order.prompt, digests, masked, order.width, order.height, order.quality
        view = self._views.count(known)
        width, height = self._shrunk(order)
        abandoned = threading.Event()
        try:
            png = await self.in_thread(
                paint, replace(order, variation=view, width=width, height=height), abandoned.is_set
            )
        finally:
            abandoned.set()
        self.painted += 1
        return png

    def _shrunk(self, order: Order) -> tuple[int, int]:
        longest = max(order.width, order.height)
        if self._edge is None or longest <= self._edge:
            return order.width, order.height
        scale = self._edge / longest
        return max(1, round(order.width * scale)), max(1, round(order.height * scale))

    async def preview(self, png: bytes) -> bytes:
        """A PNG of the picture half way."""
        return await self.in_thread(unfinished, png)

    async def in_thread(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs in one of the studio's own threads, so that nobody else's work waits for pictures."""
        assert self._threads is not None, "not open"
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, functools.partial(do, *args, **kwargs))
