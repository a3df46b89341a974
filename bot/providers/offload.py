"""Runs work on megabytes off the event loop. Knows nothing about the work."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

OFFLOAD_BYTES = 256 * 1024  # more takes some milliseconds to parse or decode; a thread hop takes 0.1 ms


async def offload(size: int, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """The result of `work(*args)`: in a thread when `size` (bytes or characters) is above OFFLOAD_BYTES, else at
    once."""
    return await asyncio.to_thread(work, *args, **kwargs) if size > OFFLOAD_BYTES else work(*args, **kwargs)
