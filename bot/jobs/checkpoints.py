"""What the steps of a job remember of its asking, so that a later attempt knows what may still be done.

Pure: reads a job, decides nothing about it. Written by `bot.jobs.generation` and `bot.jobs.runner`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.job import Job
from bot.painting import Blob, Link


@dataclass(slots=True, kw_only=True)
class GenerationState:
    """What one asking has brought so far. `number`: which of the job's askings it is, from 1."""

    number: int = 0
    provider: str = ""
    price: int = 1
    model: str = ""
    upstream_id: str | None = None
    usage: dict[str, object] = field(default_factory=dict[str, object])
    spent: float | None = None
    sources: list[Link | Blob] = field(default_factory=list[Link | Blob])


def added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two usages as one, since several pictures may be several requests: numbers are summed, also inside of tables;
    of anything else the later word counts."""
    both = {**one, **other}
    for name in one.keys() & other.keys():
        if isinstance(one[name], Mapping) and isinstance(other[name], Mapping):
            both[name] = added(one[name], other[name])
        elif _is_number(one[name]) and _is_number(other[name]):
            both[name] = one[name] + other[name]
    return both


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def remembered(job: Job) -> GenerationState:
    """What an earlier attempt wrote down of its last asking."""
    painting = GenerationState()
    for number, asked in numbered(job, "asked:"):
        painting.number, painting.provider, painting.price = number, asked["provider"], asked["price"]
        painting.model = asked.get("model", "")
    accepted = job.checkpoints.get("accepted", {})
    if accepted.get("asked", painting.number) == painting.number:  # an id of the asking before belongs to another
        painting.upstream_id = accepted.get("upstream_id")
    painting.sources.extend(Link(url=found["link"]) for _, found in numbered(job, "picture:"))
    return painting


def numbered(job: Job, kind: str) -> list[tuple[int, Any]]:
    """The steps of a kind in the order of their numbers."""
    found = [(name, value) for name, value in job.checkpoints.items() if name.startswith(kind)]
    return sorted(((int(name.removeprefix(kind)), value) for name, value in found), key=lambda pair: pair[0])


def still_open(job: Job) -> bool:
    """Whether somebody was asked whose answer is unknown."""
    closed = {number for number, _ in numbered(job, "turned-down:")}
    return any(number not in closed for number, _ in numbered(job, "asked:"))
