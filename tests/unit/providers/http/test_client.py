"""What many responses bring at once is worked on one piece in a turn of the event loop."""

import asyncio
import math
from collections.abc import AsyncGenerator

import httpx

from bot.providers.http.client import HttpResponse
from bot.runtime.turn_queue import TurnQueue
from tests.support.turns import counted_turns

RESPONSES = 8


async def test_of_responses_that_come_together_one_is_worked_on_in_a_turn() -> None:
    turns, worked_on = TurnQueue(), list[int]()

    async def body() -> AsyncGenerator[bytes]:
        yield b"first"
        yield b"second"

    async def read() -> bytes:
        response = HttpResponse(
            httpx.Response(200, content=body()), deadline=math.inf, timeout_s=60, idle_timeout_s=60, turns=turns
        )
        read = b""
        async for chunk in response.iter_chunks():
            worked_on.append(count.turn)
            read += chunk
        return read

    with counted_turns() as count:
        assert await asyncio.gather(*(read() for _ in range(RESPONSES))) == [b"firstsecond"] * RESPONSES
    assert len(set(worked_on)) == 2 * RESPONSES
