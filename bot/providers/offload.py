"""Runs work on megabytes off the event loop. Knows nothing about the work."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")

OFFLOAD_BYTES = 256 * 1024  # more takes some milliseconds to parse or decode; a thread hop takes 0.1 ms


async def offload(size: int, work: Callable[..., _T], *args: Any, above: int = OFFLOAD_BYTES) -> _T:
    """The result of `work(*args)`: in a thread when `size` (bytes or characters) is greater than `above`, else at
    once."""
    return await asyncio.to_thread(work, *args) if size > above else work(*args)
