"""Callbacks over real HTTP: a path that nobody guesses, bells that wake who waits, and nothing believed."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest

from adapters.http.callbacks import routes
from adapters.http.server import HttpServer
from bot.providers.tasks.callbacks import MAX_ENDED_SECRETS, Callbacks
from tests.support.clocks import FakeClock, settle


@pytest.fixture
def callbacks() -> Callbacks:
    return Callbacks("https://easel.example/")


@pytest.fixture
async def client(callbacks: Callbacks) -> AsyncGenerator[httpx.AsyncClient]:
    server = HttpServer("127.0.0.1", 0)
    server.mount(routes(callbacks))
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=server.address) as made:
            yield made
    finally:
        await server.stop()


def path(url: str | None) -> str:
    assert url is not None
    assert url.startswith("https://easel.example/callbacks/")
    return url.removeprefix("https://easel.example")


async def test_a_call_wakes_who_waits_whatever_it_says(callbacks: Callbacks, client: httpx.AsyncClient) -> None:
    clock = FakeClock()
    with callbacks.register() as bell:
        resting = asyncio.create_task(bell.wait(100, clock))
        await settle()
        answer = await client.post(path(bell.url), content=b"\xff not even JSON")
        assert (answer.status_code, answer.content) == (204, b"")
        assert await resting
        assert clock.sleeping == 0


async def test_without_a_call_time_wakes(callbacks: Callbacks) -> None:
    clock = FakeClock()
    with callbacks.register() as bell:
        resting = asyncio.create_task(bell.wait(100, clock))
        await clock.advance(99)
        assert not resting.done()
        await clock.advance(1)
        assert not await resting


async def test_a_call_that_comes_before_anybody_waits_is_kept_and_counts_once(
    callbacks: Callbacks, client: httpx.AsyncClient
) -> None:
    clock = FakeClock()
    with callbacks.register() as bell:
        for _ in range(3):
            assert (await client.post(path(bell.url))).status_code == 204
        assert await bell.wait(100, clock)
        resting = asyncio.create_task(bell.wait(5, clock))
        await clock.advance(5)
        assert not await resting


async def test_late_and_repeated_calls_are_taken_so_that_nobody_calls_for_ever(
    callbacks: Callbacks, client: httpx.AsyncClient
) -> None:
    with callbacks.register() as bell:
        where = path(bell.url)
    assert (await client.post(where)).status_code == 204
    for _ in range(MAX_ENDED_SECRETS):
        with callbacks.register():
            pass
    assert (await client.post(where)).status_code == 404


async def test_nobody_guesses_a_path(callbacks: Callbacks, client: httpx.AsyncClient) -> None:
    with callbacks.register() as bell, callbacks.register() as other:
        where = path(bell.url)
        assert where != path(other.url)
        assert len(where.rpartition("/")[2]) >= 32
        for wrong in (where[:-1], where + "x", where.upper(), "/callbacks/", "/callbacks/x", where + "/x"):
            assert (await client.post(wrong)).status_code == 404
        assert (await client.get(where)).status_code == 405


def test_without_a_public_address_nobody_is_asked_to_call() -> None:
    with Callbacks().register() as bell:
        assert bell.url is None
