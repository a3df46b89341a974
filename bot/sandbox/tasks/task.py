"""A task of the task dialects and the request that began it, as values. Nothing here runs or speaks HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.sandbox.references import Reference

Object = dict[str, object]
State = Literal["queued", "painting", "completed", "failed", "cancelled", "mystery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A submit that was understood. `size`: width and height in pixels. `body`: as received."""

    model: str
    prompt: str
    references: tuple[Reference, ...]
    mask: Reference | None
    pictures: int
    size: tuple[int, int]
    callback: str | None
    body: Mapping[str, object]


@dataclass(slots=True, kw_only=True)
class Task:
    """One task as it stands. `created`, `ended`: seconds of the Unix clock. `polls`: how often it was asked about.
    `calls`: the HTTP statuses that its callbacks were answered with, 0 where nobody answered."""

    id: str
    errand: Errand
    created: int
    state: State = "queued"
    progress: int = 0
    links: tuple[str, ...] = ()
    error: Object | None = None
    reason: str = ""
    single: bool = False
    ended: int = 0
    polls: int = 0
    calls: list[int] = field(default_factory=list[int])

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in {"completed", "failed", "cancelled"}
