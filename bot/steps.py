"""What the steps of a job remember of its asking, so that a later attempt knows what may still be done.

Pure: reads a job, decides nothing about it. The steps themselves are written by the plot in `bot.jobs`.
"""

from dataclasses import dataclass, field
from typing import Any

from bot.painting import Blob, Link
from bot.store import Job


@dataclass(slots=True, kw_only=True)
class Painting:
    """What one asking has brought so far."""

    provider: str = ""
    price: int = 1
    upstream_id: str | None = None
    usage: dict[str, object] = field(default_factory=dict[str, object])
    sources: list[Link | Blob] = field(default_factory=list[Link | Blob])


def remembered(job: Job) -> Painting:
    """What an earlier attempt wrote down of its asking."""
    painting = Painting(upstream_id=job.steps.get("accepted", {}).get("upstream_id"))
    for _, asked in numbered(job, "asked:"):
        painting.provider, painting.price = asked["provider"], asked["price"]
    painting.sources.extend(Link(url=found["link"]) for _, found in numbered(job, "picture:"))
    return painting


def numbered(job: Job, kind: str) -> list[tuple[int, Any]]:
    """The steps of a kind in the order of their numbers."""
    found = [(name, value) for name, value in job.steps.items() if name.startswith(kind)]
    return sorted(((int(name.removeprefix(kind)), value) for name, value in found), key=lambda pair: pair[0])


def still_open(job: Job) -> bool:
    """Whether somebody was asked whose answer is unknown."""
    closed = {number for number, _ in numbered(job, "turned-down:")}
    return any(number not in closed for number, _ in numbered(job, "asked:"))
