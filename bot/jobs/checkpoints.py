"""The state of a job's generation, restored from its checkpoints, so that a later attempt knows what it may still do.

Pure: reads a job, decides nothing about it. Written by `bot.jobs.generation` and `bot.jobs.runner`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.job import Job
from bot.painting import Blob, Link
from bot.providers.http.json_safe import finite_number


@dataclass(slots=True, kw_only=True)
class GenerationState:
    """What one attempt at a provider has yielded so far."""

    number: int = 0
    """Which of the job's attempts at a provider it is, from 1; 0 before the first."""
    provider: str = ""
    """Name of the provider of the attempt; empty before the first."""
    price: int = 1
    """Price of one image, credits."""
    model: str = ""
    """Model requested."""
    masked: bool = False
    """Whether some of the first reference is to stay: a mask was sent along, or marks that enclose an area."""
    marked: bool = False
    """Whether the second reference was known as a copy of the first one with marks drawn on it by hand."""
    unread: bool = False
    """Whether the second reference was known as a copy of the first one, changed by what is not known as marks."""
    shape: str = ""
    """Shape of the canvas that was sent, `3:2`, where it had grown around the first reference; empty: it had not."""
    upstream_id: str | None = None
    """The upstream's own id of the accepted task."""
    usage: dict[str, object] = field(default_factory=dict[str, object])
    """Usage report of the upstream, a JSON object."""
    spent: float | None = None
    """Charge of the upstream, in its own credits; None where it does not say."""
    missing: str = ""
    """Id of the Fluent message that says why fewer images came than were asked for; empty: not known."""
    sources: list[Link | Blob] = field(default_factory=list[Link | Blob])
    """The finished images, in order."""
    begun_s: float | None = None
    """Monotonic time at which the attempt began in this process, seconds; None: it was begun by another one."""
    ended_s: float | None = None
    """Monotonic time at which the upstream had answered, seconds; None: it has not, or another process knows."""
    qualities: set[str | None] = field(default_factory=set[str | None])
    """Every quality that the upstream says its images have; None among them: it did not say of some."""

    @property
    def quality(self) -> str | None:
        """The quality of all images; None where it is not known, or not one."""
        return next(iter(self.qualities)) if len(self.qualities) == 1 else None


def merge_usage(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two usage reports as one, since several images may be several requests: numbers are summed, also inside of
    nested objects; of anything else the later value counts."""
    both = {**one, **other}
    for name in one.keys() & other.keys():
        if isinstance(one[name], Mapping) and isinstance(other[name], Mapping):
            both[name] = merge_usage(one[name], other[name])
        elif finite_number(one[name]) is not None and finite_number(other[name]) is not None:
            both[name] = one[name] + other[name]
    return both


def restore_state(job: Job) -> GenerationState:
    """The state of the last attempt at a provider, from the job's checkpoints."""
    state = GenerationState()
    for number, facts in numbered_checkpoints(job, "attempt-started:"):
        state.number, state.provider, state.price = number, facts["provider"], facts["price"]
        state.model, state.masked = facts.get("model", ""), facts.get("masked", False)
        state.unread = facts.get("unread", False)
        state.marked, state.shape = facts.get("marked", False), facts.get("shape", "")
    accepted = job.checkpoints.get("accepted", {})
    if accepted.get("attempt", state.number) == state.number:  # the id may belong to the attempt before
        state.upstream_id = accepted.get("upstream_id")
    images = [value for _, value in numbered_checkpoints(job, "image:")]
    state.sources.extend(decode_link(value) for value in images)
    state.qualities.update(value.get("quality") for value in images)
    return state


def encode_link(link: Link) -> dict[str, Any]:
    """A link as the JSON of a checkpoint; `decode_link` restores it."""
    fallback = {"fallback": encode_link(link.fallback)} if link.fallback else {}
    return {"link": link.url, **({"mirrors": list(link.mirrors)} if link.mirrors else {}), **fallback}


def decode_link(value: Mapping[str, Any]) -> Link:
    """The link of a checkpoint."""
    fallback = decode_link(value["fallback"]) if "fallback" in value else None
    return Link(url=value["link"], mirrors=tuple(value.get("mirrors", ())), fallback=fallback)


def numbered_checkpoints(job: Job, prefix: str) -> list[tuple[int, Any]]:
    """The checkpoints whose names begin with `prefix`, such as `attempt-started:`: number and value, by number."""
    matching = [(name, value) for name, value in job.checkpoints.items() if name.startswith(prefix)]
    return sorted(((int(name.removeprefix(prefix)), value) for name, value in matching), key=lambda pair: pair[0])


def has_open_attempt(job: Job) -> bool:
    """Whether an attempt at a provider was started whose outcome is unknown."""
    closed = {number for number, _ in numbered_checkpoints(job, "attempt-rejected:")}
    return any(number not in closed for number, _ in numbered_checkpoints(job, "attempt-started:"))
