"""Who is measured, and how each is started: Easel as an operator runs it, and the baselines beside this file."""

import json
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.bench.process import Subject, process
from tests.bench.upstream import Upstream

MANY = 1_000_000


def settings(upstream: Upstream, folder: Path, platform: Mapping[str, Any]) -> dict[str, Any]:
    """Easel's, with limits that stand in nobody's way but are kept like any others."""
    return {
        "database_url": f"sqlite:///{folder / 'easel.db'}",
        "providers": [{"preset": "relay", "base_url": upstream.address, "api_key": "x", "max_concurrency": 5000}],
        "fetch": {"allow_hosts": [upstream.address.removeprefix("http://")]},
        "limits": {"user_daily": MANY, "user_concurrent": 100, "user_waiting": 100},
        "jobs": {"concurrency": 5000},
        "server": {"enabled": False},
        "drain_s": 0,
        **platform,
    }


@asynccontextmanager
async def easel(folder: Path, values: Mapping[str, Any]) -> AsyncGenerator[Subject]:
    """`easel run`, from ready to its end."""
    async with started(folder, values) as subject:
        await subject.says("easel runs")
        yield subject


def started(folder: Path, values: Mapping[str, Any]) -> AbstractAsyncContextManager[Subject]:
    """`easel run`, from its very start."""
    env = {f"EASEL_{name.upper()}": _text(value) for name, value in values.items()}
    command = [sys.executable, "-c", "from adapters.cli import main; main()", "run"]
    return process(command, folder, "easel", env)


@asynccontextmanager
async def bare(folder: Path, upstream: Upstream, script: str, given: Mapping[str, Any]) -> AsyncGenerator[Subject]:
    """A script of `tests.bench.baselines`, from ready to its end."""
    config = json.dumps({**given, "upstream": upstream.address})
    async with process([sys.executable, "-m", f"tests.bench.baselines.{script}", config], folder, script) as subject:
        await subject.says("ready")
        yield subject


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
