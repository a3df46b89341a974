"""Clients that disconnect, and requests of the largest size."""

import asyncio

import httpx
import pytest

from bot.sandbox import Sandbox
from tests.wire.sandbox.chat.chat_client import (
    data_url,
    make_body,
    make_image,
    post_chat,
    receive_stream,
    wait_until,
)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_is_noticed_and_nothing_is_painted(client: httpx.AsyncClient, stream: bool):
    async def sleep(_: float) -> None:
        await asyncio.Event().wait()

    async with Sandbox(pace=1, sleep=sleep) as sandbox:
        asking = asyncio.create_task(post_chat(client, sandbox, make_body(stream=stream)))
        await wait_until(lambda: sandbox.running == 1)
        asking.cancel()
        await asyncio.wait([asking])
        await wait_until(lambda: sandbox.dropped == 1)
        assert (sandbox.running, sandbox.painted) == (0, 0)


async def test_a_client_that_leaves_the_line_is_noticed(client: httpx.AsyncClient):
    async def sleep(_: float) -> None:
        await asyncio.Event().wait()

    async with Sandbox(pace=1, max_parallel=1, sleep=sleep) as sandbox:
        tasks = [asyncio.create_task(post_chat(client, sandbox, make_body())) for _ in range(2)]
        await wait_until(lambda: sandbox.queued == 1)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await wait_until(lambda: sandbox.dropped == 2)
        assert (sandbox.running, sandbox.queued) == (0, 0)


async def test_stopping_is_not_counted_as_leaving(client: httpx.AsyncClient):
    async def sleep(_: float) -> None:
        await asyncio.Event().wait()

    sandbox = Sandbox(pace=1, sleep=sleep)
    await sandbox.start()
    asking = asyncio.create_task(post_chat(client, sandbox, make_body()))
    await wait_until(lambda: sandbox.running == 1)
    await sandbox.stop()
    await asyncio.wait([asking])
    assert isinstance(asking.exception(), httpx.HTTPError)
    assert sandbox.dropped == 0


@pytest.mark.thorough
async def test_five_references_of_ten_megabytes_are_taken(client: httpx.AsyncClient, sandbox: Sandbox):
    heavy = make_image() + bytes(10_000_000)  # what follows a PNG's end is ignored by readers
    received = await receive_stream(client, sandbox, make_body("a fox", *[data_url(heavy)] * 5))
    assert received.done
    assert [each.length for each in sandbox.requests[0].references] == [len(heavy)] * 5
