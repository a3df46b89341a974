"""Timestamps of one request, from the event to the picture, as the servers saw it: seconds of one monotonic clock.

The upstream's and the platforms' servers write them; scenarios read them.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field
from math import nan

KEY = re.compile(r"\bjob-([a-z]+\d+)\b")
PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s?%")
SAMPLE_S = 0.25  # interval at which the shown percentage is compared with the true one

now = time.monotonic


@dataclass(slots=True, eq=False)
class MeasuredJob:
    """One request; a timestamp is NaN until its moment has come."""

    key: str
    requested_at: float = nan
    """When the event left the platform."""

    status_at: float = nan
    """When the first status message stood in the chat."""

    upstream_at: float = nan
    """When the upstream had the whole request."""

    last_byte_at: float = nan
    """When the upstream had sent everything."""

    picture_at: float = nan
    """When the picture stood in the chat."""

    released_at: float = nan
    """When the upstream was let go before it had painted."""

    requests: int = 0
    """How many requests the upstream has received."""

    sent_percents: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """(time, percent) of each progress line that the upstream sent."""

    shown_percents: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """(time, percent) of each percentage that the chat showed."""

    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def prompt(self) -> str:
        """The prompt of the request; it carries the key, by which the upstream finds the job."""
        return f"a red fox in the snow job-{self.key}"

    @property
    def lost(self) -> bool:
        """Whether the picture never came."""
        return not self.done.is_set()

    def record_message(self, text: str, *, picture: bool) -> None:
        """Records that the message shows `text`, or the picture, from now on."""
        at = now()
        if picture:
            if not self.done.is_set():
                self.picture_at = at
                self.done.set()
            return
        if self.status_at != self.status_at:
            self.status_at = at
        if (found := PERCENT.search(text)) is not None:
            self.shown_percents.append((at, float(found[1])))

    def mean_percent_error(self) -> float:
        """Mean difference between the shown and the true percentage while the upstream painted, in points."""
        if not self.sent_percents:
            return nan
        at, until, gaps = self.sent_percents[0][0], self.last_byte_at, list[float]()
        while at <= until:
            gaps.append(abs(_latest(self.sent_percents, at) - _latest(self.shown_percents, at)))
            at += SAMPLE_S
        return sum(gaps) / len(gaps) if gaps else nan


def _latest(points: list[tuple[float, float]], at: float) -> float:
    return max((percent for since, percent in points if since <= at), default=0.0)


class JobRegistry:
    """All jobs of a run by key."""

    def __init__(self) -> None:
        self._jobs: dict[str, MeasuredJob] = {}

    def add(self, key: str) -> MeasuredJob:
        """Adds a new job."""
        self._jobs[key] = made = MeasuredJob(key)
        return made

    def find_by_prompt(self, text: str) -> MeasuredJob | None:
        """The job whose key stands in a prompt; None when there is none."""
        found = KEY.search(text)
        return self._jobs.get(found[1]) if found else None


async def wait_for_pictures(jobs: list[MeasuredJob], *, seconds: float) -> int:
    """Waits until every job has its picture, `seconds` at most; returns the number of jobs without."""
    waits = [asyncio.ensure_future(job.done.wait()) for job in jobs]
    _, late = await asyncio.wait(waits, timeout=seconds)
    for each in late:
        each.cancel()
    return len(late)
