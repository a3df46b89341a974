"""A process with all of Easel loaded, in which many users send the same hostile file while one sends a photo.

`python -m tests.flow.pictures.attack FILE PHOTO WORK COUNT USERS` prints what it cost as JSON.
"""

import asyncio
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

from bot.errors import BadResult, Refusal
from bot.painting import Capabilities, Image
from bot.pictures.headers import read_header, sniff_media_type
from bot.pictures.processing import ImageProcessor

LOOK_S = 0.05  # seconds between two looks at the memory
TICK_S = 0.001  # seconds; how late the loop comes back is how long it was blocked
CAPABILITIES = Capabilities(supports_masks=True)
CHAT_BYTES = 10_000_000


async def reference(processor: ImageProcessor, data: bytes, owner: str) -> None:
    await processor.prepare_reference(data, name="a", capabilities=CAPABILITIES, owner=owner)


async def lone(processor: ImageProcessor, data: bytes, owner: str) -> None:
    await processor.prepare_lone_reference(data, name="a", capabilities=CAPABILITIES, owner=owner)


async def masked(processor: ImageProcessor, data: bytes, owner: str) -> None:
    await processor.prepare_masked_reference(
        data, data, name="a", mask_name="b", capabilities=CAPABILITIES, owner=owner
    )


async def result(processor: ImageProcessor, data: bytes, owner: str) -> None:
    await processor.validate_result(data, owner=owner)


async def fitting(processor: ImageProcessor, data: bytes, owner: str) -> None:
    media_type = sniff_media_type(data[:64]) or ""
    header = read_header(data, media_type)
    image = Image(data=data, media_type=media_type, width=header.width, height=header.height)
    await processor.fit_to_limit(image, max_bytes=CHAT_BYTES, owner=owner)


WORK: dict[str, Callable[[ImageProcessor, bytes, str], Awaitable[None]]] = {
    "reference": reference,
    "lone": lone,
    "masked": masked,
    "result": result,
    "fitting": fitting,
}


class Watch:
    """Looks at memory and loop until it is closed."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self.stall_ms = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    async def __aenter__(self) -> "Watch":
        self._thread.start()
        self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ticking.cancel()
        self._over.set()
        await asyncio.to_thread(self._thread.join)

    def _look(self) -> None:
        me = psutil.Process()
        while not self._over.wait(LOOK_S):
            memory = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    memory += process.memory_info().rss
                except psutil.Error:
                    continue
            self.peak_mb = max(self.peak_mb, memory / 1e6)

    async def _tick(self) -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(TICK_S)
            self.stall_ms = max(self.stall_ms, (time.perf_counter() - begun - TICK_S) * 1000)


async def attack(data: bytes, photo: bytes, work: str, count: int, users: int) -> dict[str, Any]:
    processor, outcomes = ImageProcessor(), Counter[str]()

    async def one(number: int) -> None:
        try:
            await WORK[work](processor, data, f"user {number % users}")
            outcomes["ok"] += 1
        except Refusal as refusal:
            outcomes[type(refusal).__name__] += 1
        except BadResult as failed:
            outcomes[str(failed.detail).split(":")[0]] += 1

    async with Watch() as watch:
        begun = time.perf_counter()
        bombs = [asyncio.create_task(one(number)) for number in range(count)]
        await asyncio.sleep(0.1)
        sent = time.perf_counter()
        await reference(processor, photo, "another")
        photo_ms = (time.perf_counter() - sent) * 1000
        await asyncio.gather(*bombs)
        seconds = time.perf_counter() - begun
    await asyncio.to_thread(processor.close)
    return {
        "peak_mb": round(watch.peak_mb),
        "stall_ms": round(watch.stall_ms),
        "photo_ms": round(photo_ms),
        "seconds": round(seconds, 1),
        "outcomes": dict(outcomes),
    }


async def idle_loop() -> None:
    """Ticks until standard input ends, and prints the longest time that the loop did not: what the machine does to any
    process now."""
    async with Watch() as watch:
        await asyncio.to_thread(sys.stdin.read)
    print(round(watch.stall_ms))  # noqa: T201 - the test reads it


def main(arguments: list[str]) -> None:
    if not arguments:
        asyncio.run(idle_loop())
        return
    for name in ("adapters.cli", "adapters.service"):
        import_module(name)  # what `easel run` imports counts as its memory
    file, photo, work, count, users = arguments
    found = asyncio.run(attack(Path(file).read_bytes(), Path(photo).read_bytes(), work, int(count), int(users)))
    print(json.dumps(found))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(sys.argv[1:])
