"""Base class of all failures: a class names its Fluent message, an instance carries the message's variables.

Formats no sentence: the Fluent texts do.
"""

from typing import ClassVar

MessageArgument = str | int | float


class EaselError(Exception):
    """A failure with a message for the user."""

    key: ClassVar[str] = "error-internal"
    """Id of the Fluent message for the user."""

    def __init__(self, *, trace: str | None = None, detail: str | None = None, **facts: MessageArgument) -> None:
        """`facts`: the variables of the message. `trace` (the upstream's id of the request) and `detail` are for the
        log only."""
        super().__init__(detail or self.key)
        self.facts = facts
        self.trace = trace
        self.detail = detail
