"""Callbacks: when, how often, with which body."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from tests.wire.sandbox.tasks.task_client import (
    EVOLINK,
    TOAPIS,
    TaskClient,
    open_client,
)


@asynccontextmanager
async def listener(*statuses: int) -> AsyncGenerator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """A server that answers callbacks with these statuses, the last one for all further."""
    heard: list[tuple[str, dict[str, Any]]] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append((request.path, await request.json()))
        return web.Response(status=statuses[min(len(heard), len(statuses)) - 1])

    app = web.Application()
    app.router.add_post("/{tail:.*}", hear)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", heard
    finally:
        await runner.cleanup()


SECRET = "https://bot.example/callbacks/abc"


async def called(client: TaskClient, count: int) -> list[int]:
    async with asyncio.timeout(45):
        while len(client.sandbox.tasks[-1].callback_statuses) < count:  # noqa: ASYNC110 - the sandbox's records wake nobody
            await asyncio.sleep(0.001)
    return client.sandbox.tasks[-1].callback_statuses


@pytest.mark.parametrize(
    ("fault", "status"), [("", "completed"), ("[[task-service_error]]", "failed"), ("[[cancelled]]", "cancelled")]
)
async def test_a_callback_brings_what_a_question_would_have(fault: str, status: str):
    async with listener(200) as (address, heard), open_client(callbacks_to=address) as client:
        document = await client.run_task(EVOLINK, f"a fox {fault}", callback_url=SECRET)
        assert await called(client, 1) == [200]
        assert heard == [("/callbacks/abc", document)]
        assert document["status"] == status


async def test_a_callback_is_tried_again_after_one_two_and_four_seconds():
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with listener(500, 404, 204) as (address, heard), open_client(callbacks_to=address, sleep=sleep) as client:
        await client.submit(EVOLINK, callback_url=SECRET)
        assert await called(client, 3) == [500, 404, 204]
        assert len(heard) == 3
        assert waited[-2:] == [1.0, 2.0]
    async with open_client(callbacks_to="http://127.0.0.1:1", sleep=sleep) as client:
        await client.submit(EVOLINK, callback_url=SECRET)
        assert await called(client, 4) == [0, 0, 0, 0]
        assert waited[-3:] == [1.0, 2.0, 4.0]


async def test_a_callback_may_come_early_twice_or_never():
    async with listener(200) as (address, heard), open_client(callbacks_to=address) as client:
        opened = await client.submit(EVOLINK, "a fox [[callback-early]]", callback_url=SECRET)
        assert [body["id"] for _, body in heard] == [opened.json()["id"]]
        assert opened.json()["status"] == "pending"
        await client.submit(EVOLINK, "a fox [[callback-twice]]", callback_url=SECRET)
        assert await called(client, 2) == [200, 200]
        await client.run_task(EVOLINK, "a fox [[callback-never]]", callback_url=SECRET)
        await client.run_task(EVOLINK, "a hare")
        await client.run_task(TOAPIS, "a hare", callback_url=SECRET)
        assert len(heard) == 3


async def test_who_waits_for_a_place_is_pending():
    opened = asyncio.Event()

    async def sleep(_: float) -> None:
        await opened.wait()

    async with open_client(max_parallel=1, sleep=sleep) as client:
        await client.submit(EVOLINK)
        second = (await client.submit(EVOLINK)).json()["id"]
        document = await client.poll(EVOLINK, second)
        assert (document["status"], document["task_info"]["can_cancel"]) == ("pending", True)
        opened.set()
        assert (await client.poll_until_ended(EVOLINK, second))["status"] == "completed"
