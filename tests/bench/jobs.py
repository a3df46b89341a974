"""One request of a member from the event to the picture, as the servers saw it. Times in seconds of one clock.

Whoever serves (upstream, platforms) writes here; scenarios read.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field
from math import nan

KEY = re.compile(r"\bjob-([a-z]+\d+)\b")
PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s?%")
STEP = 0.25  # seconds between two looks at how far the shown percentage is from the true one

now = time.monotonic


@dataclass(slots=True, eq=False)
class Job:
    """`said` and `shown`: when which percentage was sent by the upstream, and seen in the chat."""

    key: str
    asked: float = nan  # the event left the platform
    first: float = nan  # a status stood in the chat
    upstream: float = nan  # the upstream had the whole request
    last_byte: float = nan  # the upstream had sent everything
    visible: float = nan  # the picture stood in the chat
    said: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    shown: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def prompt(self) -> str:
        """What the member asks for; the job is known by it upstream."""
        return f"a red fox in the snow job-{self.key}"

    @property
    def lost(self) -> bool:
        """Whether the picture never came."""
        return not self.done.is_set()

    def see(self, text: str, *, picture: bool) -> None:
        """What the chat shows from now on."""
        at = now()
        if picture:
            if not self.done.is_set():
                self.visible = at
                self.done.set()
            return
        if self.first != self.first:
            self.first = at
        if (found := PERCENT.search(text)) is not None:
            self.shown.append((at, float(found[1])))

    def distance(self) -> float:
        """Mean distance of the shown from the true percentage while the upstream painted, in points."""
        if not self.said:
            return nan
        at, until, gaps = self.said[0][0], self.last_byte, list[float]()
        while at <= until:
            gaps.append(abs(_latest(self.said, at) - _latest(self.shown, at)))
            at += STEP
        return sum(gaps) / len(gaps) if gaps else nan


def _latest(points: list[tuple[float, float]], at: float) -> float:
    return max((percent for since, percent in points if since <= at), default=0.0)


class Watch:
    """All jobs of a run, by their keys."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def job(self, key: str) -> Job:
        """A new one."""
        self._jobs[key] = made = Job(key)
        return made

    def find(self, text: str) -> Job | None:
        """The job a prompt belongs to."""
        found = KEY.search(text)
        return self._jobs.get(found[1]) if found else None


async def ended(jobs: list[Job], *, seconds: float) -> int:
    """Waits until every job has its picture, that long at the most; returns how many have not."""
    waits = [asyncio.ensure_future(job.done.wait()) for job in jobs]
    _, late = await asyncio.wait(waits, timeout=seconds)
    for each in late:
        each.cancel()
    return len(late)
