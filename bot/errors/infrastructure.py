"""Failures around a generation: downloads, the chat platform, the database, the operator's settings.

Neither refusals of a request nor failures of an upstream.
"""

from typing import ClassVar

from bot.errors.base import EaselError


class FetchFailed(EaselError):
    """A download did not succeed."""

    key = "failed-bad-result"


class FetchForbidden(FetchFailed):
    """The address, or one that it redirects to, may not be opened: not on the public internet, not http or https."""


class FetchUnavailable(FetchFailed):
    """Nothing is to be had at the address now, not even after a few tries; in a minute there may be."""

    received: bytes = b""
    """What came of a body that always broke off; it may be all there is, where the server announces too much."""


class FetchTooLarge(FetchFailed):
    """The body has more bytes than allowed."""


class FetchTooSlow(FetchFailed):
    """The download was not complete before its deadline."""


class ChatFailed(EaselError):
    """The chat platform did not accept a call."""

    key = "error-internal"


class ChatBusy(ChatFailed):
    """The platform's rate limit; nothing was posted or changed."""

    def __init__(self, *, retry_after: float, everywhere: bool = False, detail: str | None = None):
        super().__init__(detail=detail)
        self.retry_after = retry_after
        """Seconds to wait; >= 0."""
        self.everywhere = everywhere
        """Whether every call of the bot has to wait, and not only those about the same chat."""


class MessageGone(ChatFailed):
    """The message was deleted."""


class ChatGone(ChatFailed):
    """The bot was removed, blocked or may not write there."""


class SendForbidden(ChatGone):
    """The bot may not send this kind of message there, such as text or photos; other kinds it may."""


class ChatUnreachable(ChatFailed):
    """The platform did not answer, or answered with a 5xx: the same call may be tried again."""


class StillSearching(ChatFailed):
    """The message may have been posted before: one more place was looked at, which cost a call of the chat's budget;
    the same call is to be made again in its turn."""


class Undelivered(EaselError):
    """The images could not be delivered to the chat. Facts: `refused`, 1 where the chat takes no images of the bot, so
    that others would be refused as well, else 0."""

    key = "failed-undelivered"


class NotDeleted(EaselError):
    """The platform keeps a message of a result that was taken away."""

    key = "error-not-deleted"


class StoreFailed(EaselError):
    """The database is full, locked, read-only or unreachable; the transaction was rolled back."""

    key = "error-store"


class StoreUnreachable(StoreFailed):
    """The database's server is away, or its connection was lost: the same work is tried again."""


class CopyFailed(EaselError):
    """A database was not copied into another, which is as it was before."""


class MachineFailed(EaselError):
    """The machine is out of descriptors, memory, threads or disk space (`bot.errors.machine`): the same work is tried
    again."""

    key = "error-machine"
    notice_after_s: ClassVar[float] = 0.0
    """Seconds after which whoever waits for it is notified."""


class StoreAway(MachineFailed):
    """As MachineFailed, while the database's server is away: for a moment, when it restarts or another takes over."""

    key = "error-store-away"
    notice_after_s = 10.0


class Unreadable(EaselError):
    """What was stored about a job cannot be read any more: it has ended, and nothing was charged."""

    key = "failed-unreadable"


class Stale(EaselError):
    """A newer attempt owns the job: this one stops without a message."""


class SettingsWrong(EaselError):
    """The operator's settings are invalid."""

    def __init__(self, problems: list[str]):
        super().__init__(detail="; ".join(problems))
        self.problems = problems
        """One line per mistake, each naming its key."""
