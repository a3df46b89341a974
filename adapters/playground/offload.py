"""Where a piece of pure work runs: on the loop when small, in a thread when large."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

LARGE = 100_000  # characters; reading so many takes about a millisecond

P = ParamSpec("P")
T = TypeVar("T")


async def off_loop(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `work`, which handles `size` characters."""
    if size < LARGE:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
