"""A task of the task dialects and the submit request that began it, as values. Nothing here runs or speaks HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from bot.sandbox.http_errors import Object
from bot.sandbox.references import Reference

State = Literal["queued", "painting", "completed", "failed", "cancelled", "mystery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """A valid submit request."""

    dialect: ClassVar[Literal["tasks"]] = "tasks"
    model: str
    prompt: str
    references: tuple[Reference, ...]
    mask: Reference | None
    """Same dimensions as the only reference; its transparent part may change."""
    picture_count: int
    size: tuple[int, int]
    """Width and height, pixels."""
    callback_url: str | None
    """HTTPS address that is called when the task has ended; None: nothing is called."""
    body: Mapping[str, object]
    """The JSON object as received."""


@dataclass(slots=True, kw_only=True)
class Task:
    """The current state of one task."""

    id: str
    request: TaskRequest
    created_at: int
    """Unix time, seconds."""
    state: State = "queued"
    """`mystery` is shown as a status that no documentation names."""
    progress: int = 0
    """Percent, 0 to 100."""
    result_urls: tuple[str, ...] = ()
    """Addresses of the pictures; empty until completed."""
    error: Object | None = None
    """The error object of a failed task."""
    fail_reason: str = ""
    """The reason in a field of its own, for failures with a numeric code."""
    single_result: bool = False
    """Whether the result is one `url` instead of a list."""
    ended_at: int = 0
    """Unix time, seconds; 0 until the task has ended."""
    poll_count: int = 0
    """Status queries received."""
    callback_statuses: list[int] = field(default_factory=list[int])
    """HTTP statuses that the callback's receiver answered, in order; 0 for no answer."""

    @property
    def is_finished(self) -> bool:
        """Whether the state will not change any more."""
        return self.state in {"completed", "failed", "cancelled"}
