"""Conformance of every preset: results announced by a callback, and results without one."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.painting import (
    PaintRequest,
)
from bot.providers.tasks.callbacks import Callbacks
from tests.support.clocks import FakeClock
from tests.wire.providers.conformance import EVERY, ROWS, Row, bench, wait_for


@asynccontextmanager
async def called(callbacks: Callbacks) -> AsyncGenerator[str]:
    """The address of a server that hands calls to `callbacks`."""

    async def call(request: web.Request) -> web.Response:
        return web.Response(status=200 if await callbacks.receive_call(request.match_info["secret"]) else 404)

    app = web.Application()
    app.add_routes([web.post("/callbacks/{secret}", call)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("row", [row for row in ROWS if row.calls], ids=str)
@pytest.mark.parametrize("fault", ["", "[[callback-early]]", "[[callback-twice]]"])
async def test_a_call_brings_the_picture_though_no_time_passes(row: Row, fault: str) -> None:
    callbacks = Callbacks("https://easel.example")
    still = FakeClock()
    async with (
        called(callbacks) as address,
        bench(row, clock=still, callbacks=callbacks, callbacks_to=address) as at,
    ):
        [picture] = await at.pictures(await at.paint(PaintRequest(prompt=f"a fox {fault}")))
        [received] = at.sandbox.requests
        [task] = at.sandbox.tasks
        await wait_for(lambda: len(task.callback_statuses) == (2 if "twice" in fault else 1))
    assert picture.width > 0
    assert str(received.body["callback_url"]).startswith("https://easel.example/callbacks/")
    assert task.poll_count == 1, "the call alone is not believed"
    assert set(task.callback_statuses) == {200}


@pytest.mark.forms(4)
@EVERY
async def test_without_a_call_the_picture_comes_all_the_same(row: Row) -> None:
    callbacks = Callbacks("https://easel.example")
    async with called(callbacks) as address, bench(row, callbacks=callbacks, callbacks_to=address) as at:
        await at.pictures(await at.paint(PaintRequest(prompt="a fox [[callback-never]]")))
        [received] = at.sandbox.requests
    assert ("callback_url" in received.body) == (row.calls or (row.preset, row.dialect) == (None, "tasks"))
