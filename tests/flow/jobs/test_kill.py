"""A process killed with SIGKILL at any moment, and started again: every message reaches a final state, and exactly
the pictures that stand in the chat are paid."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox import Sandbox
from bot.texts import translate
from tests.support.databases import query
from tests.support.easel_process import EaselProcess
from tests.support.waiting import wait_until
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("preloaded_texts")

LONG = 1000

Shown = dict[str, Any]

UNSETTLED = "SELECT count(*) FROM job WHERE state IN ('waiting', 'running')"


def killed_world(folder: Path, sandbox: Sandbox, dialect: str = "chat") -> World:
    """A world of the playground alone."""
    made = World(folder=folder, sandbox=sandbox)
    made.settings |= {
        "playground": {"enabled": True, "path": folder / "room.db"},
        "providers": [made.provider(dialect=dialect)],
    }
    return made


class Page:
    """The page of one chat: what it shows, and what its visitor sends."""

    def __init__(self, wire: aiohttp.ClientWebSocketResponse) -> None:
        self._wire = wire
        self.shown: dict[str, Shown] = {}

    async def put(self, kind: str, **fields: object) -> None:
        await self._wire.send_str(json.dumps({"type": kind, **fields}))

    async def until(self, seen: Callable[[list[Shown]], bool]) -> list[Shown]:
        """Follows the chat until something holds of the bot's messages; returns these."""
        while True:
            own = [message for message in self.shown.values() if message["sender"] == "easel"]
            if seen(own):
                return own
            frame = await self._wire.receive_json(timeout=45)
            found: list[Shown] = frame["messages"] if frame["type"] == "history" else []
            found = [frame["message"]] if frame["type"] == "message" else found
            self.shown.update({message["id"]: message for message in found})


@asynccontextmanager
async def easel(world: World) -> AsyncGenerator[tuple[EaselProcess, Page]]:
    """A process, and the page that it serves."""
    async with (
        world.process() as process,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{process.address}/ws", origin=process.address) as wire,
    ):
        page = Page(wire)
        await page.put("start", locale="en")
        yield process, page


async def credits_of_amber(world: World) -> tuple[int, int]:
    """Available and reserved, once the process has gone."""
    balance = await world.balance("playground:amber")
    return balance.available, balance.reserved


def buttons(message: Shown) -> list[str]:
    return [button["action"] for button in message["buttons"]]


def ended(messages: list[Shown]) -> bool:
    return bool(messages) and all("retry" in buttons(message) for message in messages)


async def send(page: Page, text: str) -> None:
    await page.put("send", **{"as": "amber"}, chat="direct-amber", text=text, nonce=text)


@pytest.mark.forms(1)
@pytest.mark.parametrize("fault", ["quiet", "no-answer"])
async def test_killed_while_the_upstream_works(tmp_path: Path, fault: str) -> None:
    async with Sandbox(pace=0) as sandbox:
        world = killed_world(tmp_path, sandbox)
        async with easel(world) as (first, page):
            await send(page, f"a cat [[{fault}:{LONG}]]")
            await page.until(lambda own: bool(own) and len(sandbox.requests) == 1)
            await first.kill()
        async with easel(world) as (second, page):
            [message] = await page.until(ended)
            assert message["text"] == translate("en", "failed-restarted")
            assert message["files"] == []
            assert await second.stop() == 0
        assert len(sandbox.requests) == 1
        assert await credits_of_amber(world) == (50, 0)


@pytest.mark.thorough
async def test_jobs_survive_repeated_kills_at_any_moment(tmp_path: Path) -> None:
    """Each process is killed at a later change of its message than the one before; no request is repeated."""
    async with Sandbox(pace=0.3) as sandbox:
        world = killed_world(tmp_path, sandbox)
        for changes in (1, 2, 4):
            async with easel(world) as (running, page):
                await page.until(ended if changes > 1 else lambda own: not own)
                before = len(page.shown)
                await send(page, f"cat {changes}")
                seen = 0

                def enough(own: list[Shown], before: int = before, changes: int = changes) -> bool:
                    nonlocal seen
                    seen += len(page.shown) > before + 1
                    return seen >= changes

                await page.until(enough)
                await running.kill()
        async with easel(world) as (last, page):
            messages = await page.until(lambda own: len(own) == 3 and ended(own))
            # a picture is shown before it is charged; what is not by the stop, the next start settles
            await wait_until(lambda: query(world.database_url, UNSETTLED) == [(0,)])
            assert await last.stop() == 0
        pictures = sum(len(message["files"]) for message in messages)
        assert await credits_of_amber(world) == (50 - pictures, 0)
        prompts = [request.prompt for request in sandbox.requests]
        assert sorted(prompts) == sorted(set(prompts))


@pytest.mark.thorough
async def test_a_task_is_painted_once_however_often_the_process_is_killed(tmp_path: Path) -> None:
    """Killed three times while it is painted; the fourth process gets the picture of the first one's task."""
    opened = asyncio.Event()

    async def held(_: float) -> None:
        await opened.wait()

    async with Sandbox(edge=128, sleep=held) as sandbox:
        world = killed_world(tmp_path, sandbox, "tasks")
        for round_ in range(1, 4):
            async with easel(world) as (running, page):
                if round_ == 1:
                    await send(page, "a cat")
                before = sum(task.poll_count for task in sandbox.tasks)
                while sum(task.poll_count for task in sandbox.tasks) <= before:  # noqa: ASYNC110 - its records wake nobody
                    await asyncio.sleep(0.01)
                await running.kill()
        opened.set()
        async with easel(world) as (last, page):
            [message] = await page.until(ended)
            assert len(message["files"]) == 1
            assert await last.stop() == 0
        assert (len(sandbox.requests), len(sandbox.tasks), sandbox.painted) == (1, 1, 1)
        assert await credits_of_amber(world) == (49, 0)


async def test_a_submit_without_a_response_is_not_repeated(tmp_path: Path) -> None:
    async with Sandbox(pace=0, edge=128) as sandbox:
        world = killed_world(tmp_path, sandbox, "tasks")
        async with easel(world) as (first, page):
            await send(page, f"a cat [[no-answer:{LONG}]]")
            await page.until(lambda own: bool(own) and len(sandbox.tasks) == 1)
            await first.kill()
        async with easel(world) as (second, page):
            [message] = await page.until(ended)
            assert message["text"] == translate("en", "failed-restarted")
            assert await second.stop() == 0
        assert len(sandbox.requests) == 1
        assert await credits_of_amber(world) == (50, 0)
