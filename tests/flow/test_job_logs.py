"""Every line between a job's acceptance and its picture names the job, whoever writes it; each is one JSON object."""

import io
import json
import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flow.world import sandbox_provider
from tests.support.waiting import wait_until
from tests.support.world import World
from tests.wire.discord.easel import discord_world
from tests.wire.telegram.easel import telegram_world

DIALECTS = {"chat": "images", "tasks": "chat", "images": "tasks"}
"""And who paints where the first fails."""


@pytest.fixture
def written() -> Generator[io.StringIO]:
    """What the log writes with `log.format = "json"`."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(next(each.formatter for each in logging.getLogger().handlers if _is_ours(each)))
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def _is_ours(handler: logging.Handler) -> bool:
    return type(handler) is logging.StreamHandler and handler.formatter is not None


def providers(world: World, dialect: str) -> list[dict[str, Any]]:
    return [sandbox_provider(world.sandbox, each) for each in (dialect, DIALECTS[dialect])]


@asynccontextmanager
async def painted_in_telegram(folder: Path, dialect: str) -> AsyncGenerator[str]:
    """Within the block a picture stands whose first call and first provider have failed; yields the bot's token."""
    async with telegram_world(folder) as world:
        world.settings["providers"] = providers(world, dialect)
        async with world.easel():
            world.server.faults.limit("sendMessage", retry_after=1)
            world.server.say(world.ada, world.private, f"a fox [[{dialect}/500]]")
            await world.wait_for_picture()
            yield world.server.token


@asynccontextmanager
async def painted_in_discord(folder: Path, dialect: str) -> AsyncGenerator[str]:
    """The same in Discord."""
    async with discord_world(folder) as world:
        world.settings["providers"] = providers(world, dialect)
        async with world.easel():
            world.server.faults.limit("POST", "/channels/{channel_id}/messages", retry_after=0.1)
            world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox [[{dialect}/500]]")
            await world.wait_for_picture()
            yield world.server.token


async def _has_ended(written: io.StringIO) -> bool:
    return '"job ended"' in written.getvalue()


PLATFORMS = {"telegram": painted_in_telegram, "discord": painted_in_discord}


@pytest.mark.forms(3)
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_lines_name_their_job(platform: str, dialect: str, tmp_path: Path, written: io.StringIO) -> None:
    async with PLATFORMS[platform](tmp_path, dialect) as token:
        await wait_until(lambda: _has_ended(written))
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert all({"level", "event", "timestamp"} <= line.keys() for line in lines)
    events = [line["event"] for line in lines]
    job = lines[events.index("job accepted")]["job"]
    first = next(at for at, line in enumerate(lines) if line.get("job") == job)
    between = lines[first : events.index("job ended") + 1]
    said = {line["event"] for line in between}
    assert {"upstream failed", "chat is busy"} <= said
    unrelated = [line for line in between if line.get("job") != job and line["level"] != "debug"]
    assert [line["event"] for line in unrelated if line["event"] not in {"commands written"}] == []
    assert token not in written.getvalue()
