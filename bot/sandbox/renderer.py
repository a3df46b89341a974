"""Rendering of pictures for every dialect: parallel slots, worker threads, the pace, and the files served afterwards.

Knows no HTTP and no dialect.
"""

import asyncio
import contextlib
import functools
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import ParamSpec, TypeVar

from cachetools import LRUCache

from bot.sandbox.painting.painter import blur_preview, paint
from bot.sandbox.painting.picture_spec import PictureSpec
from bot.sandbox.served_files import FileCache

MAX_REMEMBERED = 1000  # distinct picture specs whose repetitions are counted
THREADS = 4

P = ParamSpec("P")
T = TypeVar("T")


class RepeatCounter:
    """How often each key was requested, for the MAX_REMEMBERED most recent keys."""

    def __init__(self) -> None:
        self._counts: LRUCache[Hashable, int] = LRUCache(MAX_REMEMBERED)

    def count_repeat(self, key: Hashable) -> int:
        """Number of earlier requests with this key: 0 the first time, then 1, 2 …"""
        self._counts[key] = count = self._counts.get(key, -1) + 1
        return count


class Renderer:
    """Paints pictures in its own threads, at most `max_parallel` requests at once."""

    pace: float
    """Seconds that one request takes, give or take a sixth; 0 for tests."""
    previews: bool
    """Whether unfinished pictures are shown half way."""
    sleep: Callable[[float], Awaitable[None]]
    """Waits that many seconds."""
    files: FileCache
    """What can be downloaded afterwards."""
    running: int
    """Requests that hold a slot."""
    queued: int
    """Requests that wait for a slot."""
    painted: int
    """Pictures painted to the end."""

    def __init__(
        self,
        *,
        pace: float,
        previews: bool,
        max_parallel: int,
        sleep: Callable[[float], Awaitable[None]],
        edge: int | None = None,
    ) -> None:
        """`edge`: longest edge that is painted, pixels; larger pictures are painted smaller, to save the time of
        tests. None: as requested."""
        self.pace = pace
        self._edge = edge
        self.previews = previews
        self.sleep = sleep
        self.files = FileCache()
        self.running = self.queued = self.painted = 0
        self._slots = asyncio.Semaphore(max_parallel)
        self._repeats = RepeatCounter()
        self._threads: ThreadPoolExecutor | None = None

    def open(self) -> None:
        """Starts the thread pool."""
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="sandbox")

    async def close(self) -> None:
        """Waits for the threads; their callers were cancelled before, so that they stop at the next step."""
        if self._threads is not None:
            await asyncio.to_thread(self._threads.shutdown)
            self._threads = None

    @contextlib.asynccontextmanager
    async def acquire_slot(self, *, on_full: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
        """Holds one of the parallel slots; `on_full` is called once before waiting when none is free."""
        self.queued += 1
        try:
            if self._slots.locked():
                await on_full()
            await self._slots.acquire()
        finally:
            self.queued -= 1
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._slots.release()

    async def render(self, spec: PictureSpec) -> bytes:
        """A PNG. A repeated spec gets another variation. The thread stops at its next step when the caller is
        cancelled."""
        digests = tuple(reference.digest for reference in spec.references)
        layers = tuple(each.digest if each else None for each in (spec.mask, spec.markup))
        key = spec.prompt, digests, layers, spec.width, spec.height, spec.quality
        variation = self._repeats.count_repeat(key)
        width, height = self._shrink_size(spec)
        abandoned = threading.Event()
        try:
            png = await self.run_in_thread(
                paint, replace(spec, variation=variation, width=width, height=height), abandoned.is_set
            )
        finally:
            abandoned.set()
        self.painted += 1
        return png

    def _shrink_size(self, spec: PictureSpec) -> tuple[int, int]:
        longest = max(spec.width, spec.height)
        if self._edge is None or longest <= self._edge:
            return spec.width, spec.height
        scale = self._edge / longest
        return max(1, round(spec.width * scale)), max(1, round(spec.height * scale))

    async def render_preview(self, png: bytes) -> bytes:
        """A PNG of the unfinished picture."""
        return await self.run_in_thread(blur_preview, png)

    async def run_in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs in one of the renderer's own threads, so that nothing else in the process waits for pictures."""
        assert self._threads is not None, "not open"
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, functools.partial(function, *args, **kwargs))
