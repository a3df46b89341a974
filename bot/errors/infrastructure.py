"""Failures of what surrounds a generation: downloads, the chat platform, the database, the operator's settings.

No refusal of a request and no failure of an upstream.
"""

from bot.errors.base import EaselError


class FetchFailed(EaselError):
    key = "failed-bad-result"


class FetchForbidden(FetchFailed):
    """The address, or one it led to, is not on the public internet."""


class FetchTooLarge(FetchFailed):
    """More bytes than the cap."""


class FetchTooSlow(FetchFailed):
    """Not complete before the deadline."""


class ChatFailed(EaselError):
    key = "error-internal"


class ChatBusy(ChatFailed):
    """The platform's flood limit. `retry_after` in seconds; nothing was posted or changed."""

    def __init__(self, *, retry_after: float, detail: str | None = None):
        super().__init__(detail=detail)
        self.retry_after = retry_after


class MessageGone(ChatFailed):
    """The message was deleted."""


class ChatGone(ChatFailed):
    """The bot was removed, blocked or may not write there."""


class ChatUnreachable(ChatFailed):
    """The platform did not answer, or with a 5xx: the same call may be tried again."""


class Undelivered(EaselError):
    """The pictures could not be put into the chat."""

    key = "failed-undelivered"


class StoreFailed(EaselError):
    """The database is full, locked, read-only or away; nothing of the work was kept. `detail` is for the log."""

    key = "error-store"


class Stale(EaselError):
    """A newer attempt holds the job. Nobody is told."""


class SettingsWrong(EaselError):
    """The operator's settings do not hold. `problems`: one line per mistake, each naming its key."""

    def __init__(self, problems: list[str]):
        super().__init__(detail="; ".join(problems))
        self.problems = problems
