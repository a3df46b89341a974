"""The measured programs: Easel as an operator runs it, and the scripts of `tests.bench.baselines`."""

import json
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.bench.process import Subject, process
from tests.bench.upstream import BenchUpstream

UNLIMITED = 1_000_000


def easel_settings(upstream: BenchUpstream, folder: Path, platform: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of Easel, with quotas that are enforced but never reached."""
    return {
        "database_url": f"sqlite:///{folder / 'easel.db'}",
        "providers": [{"preset": "relay", "base_url": upstream.address, "api_key": "x", "max_concurrency": 5000}],
        "fetch": {"allow_hosts": [upstream.address.removeprefix("http://")]},
        "limits": {"user_daily": UNLIMITED, "user_concurrent": 100, "user_waiting": 100},
        "jobs": {"concurrency": 5000},
        "server": {"enabled": False},
        "drain_s": 0,
        **platform,
    }


@asynccontextmanager
async def run_easel(
    folder: Path, values: Mapping[str, Any], *, command: str = "run", name: str = "easel"
) -> AsyncGenerator[Subject]:
    """Runs `easel run`, or another command that serves; the block begins once it is ready. `name`: of its log."""
    async with start_easel(folder, values, command=command, name=name) as subject:
        await subject.wait_for_output("easel runs")
        yield subject


def start_easel(
    folder: Path, values: Mapping[str, Any], *, command: str = "run", name: str = "easel"
) -> AbstractAsyncContextManager[Subject]:
    """As `run_easel`; the block begins as the process is started."""
    env = {f"EASEL_{name.upper()}": _text(value) for name, value in values.items()}
    return process([sys.executable, "-c", "from adapters.cli import main; main()", command], folder, name, env)


@asynccontextmanager
async def run_baseline(
    folder: Path, upstream: BenchUpstream, script: str, given: Mapping[str, Any]
) -> AsyncGenerator[Subject]:
    """Runs a script of `tests.bench.baselines`; the block begins once it is ready."""
    config = json.dumps({**given, "upstream": upstream.address})
    async with process([sys.executable, "-m", f"tests.bench.baselines.{script}", config], folder, script) as subject:
        await subject.wait_for_output("ready")
        yield subject


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
