"""Which message an edit is about, as the library's methods take it. A value only."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTarget:
    """The message that an edit names: one in a chat, or an inline message."""

    chat: int | None = None
    """`chat_id`; None for an inline message."""
    message: int | None = None
    """`message_id`; None for an inline message."""
    inline: str | None = None
    """`inline_message_id`; None for a message in a chat."""

    @property
    def kwargs(self) -> dict[str, Any]:
        """The target as parameters of the library's edit methods."""
        if self.inline is not None:
            return {"inline_message_id": self.inline}
        return {"chat_id": self.chat, "message_id": self.message}

    def __str__(self) -> str:
        return self.inline or f"{self.chat}/{self.message}"
