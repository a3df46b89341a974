"""A process of Easel under test: what runs in it, and how a test holds it.

The process reports on its stdout, one JSON object a line; the first says where its server is.
"""

import asyncio
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import adapters.service
from bot.observability.logs import configure_logging
from bot.runtime import event_loop
from bot.settings import load
from tests.support.forked import ForkedProcess
from tests.support.patience import be_patient
from tests.support.waiting import TIMEOUT_S


def run_easel(config: Path) -> None:
    """`easel run`, in the child."""
    configure_logging("json", "info")  # to stderr: stdout belongs to the reports
    be_patient()
    event_loop.run(adapters.service.run(load(config), ready=lambda address: write_report(ready=address)))


def run_worker(config: Path) -> None:
    """`easel worker`, in the child."""
    configure_logging("json", "info")
    be_patient()
    event_loop.run(adapters.service.work(load(config), ready=lambda address: write_report(ready=address)))


def write_report(**fields: str) -> None:
    """Writes a line to stdout, in the child."""
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


@dataclass(slots=True, kw_only=True)
class EaselProcess:
    """A child that runs Easel."""

    child: ForkedProcess
    log: Path
    """The file that takes its stderr: JSON lines."""
    reports: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What it has reported so far."""

    @property
    def address(self) -> str:
        """Of its HTTP server."""
        return self.reports[0]["ready"]

    async def read_report(self) -> bool:
        """Waits for one more report. False: the process has ended."""
        line = await asyncio.wait_for(self.child.stdout.readline(), TIMEOUT_S)
        if line:
            self.reports.append(json.loads(line))
        return bool(line)

    def logged(self, event: str) -> bool:
        return event in self.log.read_text()

    async def kill(self) -> None:
        """Sends SIGKILL."""
        self.child.kill()
        await self.child.wait()

    async def stop(self) -> int:
        """Sends SIGTERM and returns the exit code."""
        self.child.terminate()
        return await asyncio.wait_for(self.child.wait(), TIMEOUT_S)
