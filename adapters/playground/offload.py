"""Pure work on texts: on the event loop when small, in a worker thread when large."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

LARGE_CHARACTERS = 100_000  # parsing so many takes about a millisecond

P = ParamSpec("P")
T = TypeVar("T")


async def run_offloaded(characters: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `function`, which handles a text of that many characters."""
    if characters < LARGE_CHARACTERS:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)
