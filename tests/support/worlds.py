"""What a whole Easel on any platform's server is made of: time that can be moved on, waits, pictures."""

import asyncio
import io
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from PIL import Image

from bot.sandbox import Sandbox
from bot.store.store import Store


class Clock:
    """The machine's own time, whose wall clock can be moved on."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._shift = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift

    def standing(self) -> datetime:
        """A wall clock that only `later` moves: no deadline passes because a machine is slow."""
        return self._began + self._shift

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def later(self, seconds: float) -> None:
        self._shift += timedelta(seconds=seconds)


class FastClock(Clock):
    """Waiting takes a part of its time: seconds pass `speed` times as fast as the machine's, dates do not."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def monotonic(self) -> float:
        return super().monotonic() * self._speed

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / self._speed)


class StoppableClock(FastClock):
    """Fast, and stands while a test does one thing after the other: nothing is over because a machine is slow."""

    def __init__(self, speed: float) -> None:
        super().__init__(speed)
        self._stood = 0.0
        self._since: float | None = None
        self._goes = asyncio.Event()
        self._goes.set()

    @contextmanager
    def stopped(self) -> Generator[None]:
        self._since = super().monotonic()
        self._goes.clear()
        yield
        self._stood += super().monotonic() - self._since
        self._since = None
        self._goes.set()

    def monotonic(self) -> float:
        return (super().monotonic() if self._since is None else self._since) - self._stood

    async def sleep(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:
            await super().sleep(left)
            await self._goes.wait()


async def polled(holds: Callable[[], Awaitable[bool]]) -> None:
    """Waits for what tells nobody when it begins to hold."""
    for _ in range(3000):
        if await holds():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("it did not come to that")


async def nothing_open(store: Store) -> bool:
    return not await store.unfinished_jobs()


def png(color: str = "red", size: tuple[int, int] = (64, 48)) -> bytes:
    return encoded(Image.new("RGB", size, color))


def encoded(picture: Image.Image, form: str = "PNG") -> bytes:
    held = io.BytesIO()
    picture.save(held, form)
    return held.getvalue()


def sizes(sandbox: Sandbox) -> list[tuple[int, int]]:
    """Width and height of the references of the last request, in order."""
    return [(each.width, each.height) for each in sandbox.requests[-1].references]
