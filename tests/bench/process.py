"""Whoever is measured, in a process of its own: started, watched from outside, ended. Knows not what it does."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic

import psutil

LOOK = 0.05  # seconds between two looks at its memory
STOP = 20.0  # seconds to end when asked
MB = 1e6
ROOT = Path(__file__).parents[2]


class SubjectError(Exception):
    """It did not start, or died; the text ends with what it said last."""


class Subject:
    """A running process. `rss` and `cpu` include its children."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._seen = psutil.Process(process.pid)
        self._log = log
        self.peak = 0.0

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    def last_words(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        return sum(sum(each.cpu_times()[:2]) for each in self._family())

    def rss(self) -> float:
        """Resident memory, MB."""
        return sum(each.memory_info().rss for each in self._family()) / MB

    def _family(self) -> list[psutil.Process]:
        return [self._seen, *self._seen.children(recursive=True)]

    async def watch(self) -> None:
        """Keeps `peak` (MB) up to date, for ever."""
        while True:
            with suppress(psutil.Error):
                self.peak = max(self.peak, self.rss())
            await asyncio.sleep(LOOK)

    async def ended(self) -> None:
        """Waits until it has ended by itself."""
        await self._process.wait()

    async def says(self, words: str, *, seconds: float = 60.0) -> None:
        """Waits until it has written `words` to its output. Raises SubjectError."""
        until = monotonic() + seconds
        while words not in self._log.read_text(errors="replace"):
            if not self.running or monotonic() > until:
                raise SubjectError(self.last_words())
            await asyncio.sleep(0.002)


@asynccontextmanager
async def process(
    command: Sequence[str], folder: Path, name: str, env: Mapping[str, str] | None = None
) -> AsyncGenerator[Subject]:
    """Runs `command` until the block ends; SIGTERM then, SIGKILL when that does not help."""
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
    watching = asyncio.create_task(subject.watch())
    try:
        yield subject
    finally:
        watching.cancel()
        if subject.running:
            started.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP):
                    await started.wait()
            except TimeoutError:
                started.kill()
                await started.wait()
