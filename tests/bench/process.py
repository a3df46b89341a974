"""A measured program in a process of its own: started, observed from outside, stopped. Knows nothing of its work."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic

import psutil

MEMORY_POLL_S = 0.05  # interval of memory samples
STOP_TIMEOUT_S = 20.0  # from SIGTERM to SIGKILL
MB = 1e6
ROOT = Path(__file__).parents[2]


class SubjectError(Exception):
    """The process did not start, or died; the message is the end of its log."""


class Subject:
    """A running process; memory and processor time include its children."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._seen = psutil.Process(process.pid)
        self._log = log
        self.peak_mb = 0.0

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    def send_signal(self, number: signal.Signals) -> None:
        """Sends a signal, such as SIGKILL."""
        self._process.send_signal(number)

    def output_count(self, words: str) -> int:
        """How often `words` stand in its output."""
        return self._log.read_text(errors="replace").count(words)

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def cpu_s(self) -> float:
        """Processor time so far, seconds."""
        return sum(sum(each.cpu_times()[:2]) for each in self._family())

    def rss_mb(self) -> float:
        """Resident memory, MB."""
        return sum(each.memory_info().rss for each in self._family()) / MB

    def _family(self) -> list[psutil.Process]:
        return [self._seen, *self._seen.children(recursive=True)]

    async def track_peak(self) -> None:
        """Keeps `peak_mb` up to date until it is cancelled."""
        while True:
            with suppress(psutil.Error):
                self.peak_mb = max(self.peak_mb, self.rss_mb())
            await asyncio.sleep(MEMORY_POLL_S)

    async def wait(self) -> None:
        """Waits for the process to exit by itself."""
        await self._process.wait()

    async def wait_for_output(self, words: str, *, seconds: float = 60.0) -> None:
        """Waits until `words` stand in its output, `seconds` at most. Raises SubjectError."""
        until = monotonic() + seconds
        while not self.output_count(words):
            if not self.running or monotonic() > until:
                raise SubjectError(self.log_tail())
            await asyncio.sleep(0.002)


@asynccontextmanager
async def process(
    command: Sequence[str], folder: Path, name: str, env: Mapping[str, str] | None = None
) -> AsyncGenerator[Subject]:
    """Runs `command` until the block ends; then SIGTERM, and SIGKILL after STOP_TIMEOUT_S."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        started = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            stdout=out,
            stderr=asyncio.subprocess.STDOUT,
        )
    subject = Subject(started, log)
    watching = asyncio.create_task(subject.track_peak())
    try:
        yield subject
    finally:
        watching.cancel()
        if subject.running:
            started.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await started.wait()
            except TimeoutError:
                started.kill()
                await started.wait()
