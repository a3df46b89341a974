"""The root of all failures: a class names its words (a Fluent message id), an instance carries the facts for them.

Formats no sentence: the texts hold the words.
"""

from typing import ClassVar

MessageArgument = str | int | float


class EaselError(Exception):
    """A failure with words."""

    key: ClassVar[str] = "error-internal"
    """Id of the Fluent message that tells it to the user."""

    def __init__(self, *, trace: str | None = None, detail: str | None = None, **facts: MessageArgument) -> None:
        """`trace`: the upstream's id of the request. `trace` and `detail` are for the log alone; `facts` fill the
        message's variables."""
        super().__init__(detail or self.key)
        self.facts = facts
        self.trace = trace
        self.detail = detail
