"""Every failure a user can meet, as one tree. A class names its words (a Fluent message id); texts hold the words.

Nothing here formats a sentence, and no other module invents a failure of its own.

    EaselError                      key: the words; facts: what the words fill in
    ├── Refusal                     asked for what cannot be; nothing reserved, or the reservation released
    │   ├── PromptEmpty  PicturesWithoutPrompt  PromptTooLong  UnknownOption  BadOption
    │   │   └── OptionWithoutValue
    │   ├── TooManyPictures  NotAPicture  BrokenPicture  AnimatedPicture  PictureGone
    │   ├── PictureTooLarge  PictureTooManyPixels
    │   ├── MaskWithoutPicture  MaskNotTransparent  MaskOfOtherSize  MaskTooLarge  MaskTooManyPictures
    │   ├── ReplyGone  NothingToEdit  ReplyHasNoPicture  StillPainting
    │   ├── OutOfCredits  ChatOutOfCredits  TooManyWaiting
    │   ├── Banned  ChatBanned  Closed  ForbiddenWord  TooFast
    │   ├── NotYours  AlreadyFinished  AdminsOnly  UnknownCommand  BadArguments  UnknownCharge
    │   └── Unsupported             no configured provider can do it
    ├── PaintFailed                 the upstream painted nothing; the reservation is released
    │   ├── Unreachable             no connection: certainly not accepted         → next provider
    │   ├── Busy                    429: certainly not accepted                   → wait, then next provider
    │   ├── UpstreamDown            5xx or an HTML error page before any answer   → next provider
    │   ├── NoAnswer                no first byte until the deadline              → next provider
    │   ├── BadCredentials          401, 403: the operator's key                  → next provider
    │   ├── WrongEndpoint           the preset does not fit the address           → next provider
    │   ├── OutOfFunds              the operator's balance there is used up       → next provider
    │   ├── Rejected                400: the request was understood and refused   → stop
    │   ├── Moderated               the content rules of the upstream             → stop
    │   ├── Declined                prose instead of a picture                    → stop
    │   ├── NoPicture               an answer without a picture                   → stop
    │   ├── SaidFailed              "failed" inside an accepted answer            → stop
    │   ├── CalledOff               the upstream cancelled the task               → stop
    │   ├── BadResult               a result that is no picture we can trust      → stop
    │   ├── Unfetched               a result that could not be downloaded         → stop
    │   └── Lost                    accepted, then: the outcome is unknown        → stop, never painted again
    │       ├── CutShort            the connection ended in the middle
    │       ├── WentQuiet           no sign of life for idle_timeout_s
    │       ├── TookTooLong         not finished within timeout_s
    │       └── Restarted           Easel was restarted in the middle
    ├── FetchFailed                 a download did not succeed
    │   └── FetchForbidden  FetchTooLarge  FetchTooSlow
    ├── ChatFailed                  the chat platform did not take a call
    │   └── ChatBusy  MessageGone  ChatGone  ChatUnreachable
    ├── Undelivered                 painted, but the chat did not take it: not charged
    ├── StoreFailed                 the database did not take or give what it should
    ├── Stale                       a newer attempt holds the job; whoever meets this lets go silently
    └── SettingsWrong               for the operator: one line per mistake
"""

from enum import Enum
from typing import ClassVar

Fact = str | int | float


class EaselError(Exception):
    """A failure with words. `facts` fill the Fluent message `key`; `trace` and `detail` are for the log alone."""

    key: ClassVar[str] = "error-internal"

    def __init__(self, *, trace: str | None = None, detail: str | None = None, **facts: Fact) -> None:
        super().__init__(detail or self.key)
        self.facts = facts
        self.trace = trace
        self.detail = detail


# ---------------------------------------------------------------- what cannot be asked for


class Refusal(EaselError):
    """The request cannot be met as it stands. Nothing is spent; the words say what would be accepted."""


class PromptEmpty(Refusal):
    key = "refusal-prompt-empty"


class PicturesWithoutPrompt(Refusal):
    """There are pictures, but no word about what to do with them."""

    key = "refusal-pictures-without-prompt"


class PromptTooLong(Refusal):
    """Facts: `length`, `limit`, both in characters."""

    key = "refusal-prompt-too-long"


class UnknownOption(Refusal):
    """Facts: `option` as typed, `allowed` (comma-separated)."""

    key = "refusal-unknown-option"


class BadOption(Refusal):
    """Facts: `option`, `value` as typed (shortened), `allowed`."""

    key = "refusal-bad-option"


class OptionWithoutValue(BadOption):
    """Facts: `option`, `allowed`."""

    key = "refusal-option-without-value"


class TooManyPictures(Refusal):
    """Facts: `count`, `limit`."""

    key = "refusal-too-many-pictures"


class NotAPicture(Refusal):
    """Facts: `name`, `kinds` that are accepted."""

    key = "refusal-not-a-picture"


class BrokenPicture(Refusal):
    """Facts: `name`."""

    key = "refusal-broken-picture"


class AnimatedPicture(Refusal):
    """Facts: `name`."""

    key = "refusal-animated-picture"


class PictureTooLarge(Refusal):
    """More bytes than are taken. Facts: `name`, `limit` with its unit, such as "20 MB"."""

    key = "refusal-picture-too-large"


class PictureTooManyPixels(Refusal):
    """Facts: `name`, `megapixels` that are the most taken (a number)."""

    key = "refusal-picture-too-many-pixels"


class PictureGone(Refusal):
    """The platform no longer hands out an attachment. Facts: `name`."""

    key = "refusal-picture-gone"


class MaskWithoutPicture(Refusal):
    """A mask marks where to change a picture, and there is none."""

    key = "refusal-mask-without-picture"


class MaskNotTransparent(Refusal):
    """The mask is no PNG, or nothing in it is wholly transparent. Facts: `name`."""

    key = "refusal-mask-not-transparent"


class MaskOfOtherSize(Refusal):
    """The mask has another shape than the picture. Facts: `mask` and `picture`, both such as "1024×768"."""

    key = "refusal-mask-of-other-size"


class MaskTooLarge(Refusal):
    """Facts: `limit` with its unit, such as "4 MB"."""

    key = "refusal-mask-too-large"


class MaskTooManyPictures(Refusal):
    """Facts: `count`, `limit` beside a mask."""

    key = "refusal-mask-too-many-pictures"


class ReplyGone(Refusal):
    key = "refusal-reply-gone"


class NothingToEdit(Refusal):
    key = "refusal-nothing-to-edit"


class ReplyHasNoPicture(Refusal):
    key = "refusal-reply-has-no-picture"


class StillPainting(Refusal):
    key = "refusal-still-painting"


class OutOfCredits(Refusal):
    """Facts: `left`, `cost`, `refill` (hours until the daily refill)."""

    key = "refusal-out-of-credits"


class ChatOutOfCredits(OutOfCredits):
    key = "refusal-chat-out-of-credits"


class TooManyWaiting(Refusal):
    """Facts: `limit`."""

    key = "refusal-too-many-waiting"


class Banned(Refusal):
    key = "refusal-banned"


class ChatBanned(Refusal):
    key = "refusal-chat-banned"


class Closed(Refusal):
    """The bot is for those whom its operator has named."""

    key = "refusal-closed"


class ForbiddenWord(Refusal):
    """The operator does not want it painted. The word itself is not said back."""

    key = "refusal-forbidden-word"


class TooFast(Refusal):
    """More requests than a minute allows. Facts: `seconds` until the next is heard."""

    key = "refusal-too-fast"


class NotYours(Refusal):
    key = "refusal-not-yours"


class AlreadyFinished(Refusal):
    key = "refusal-already-finished"


class AdminsOnly(Refusal):
    key = "refusal-admins-only"


class UnknownCommand(Refusal):
    """Facts: `command` as typed."""

    key = "refusal-unknown-command"


class BadArguments(Refusal):
    """Facts: `usage`, the form that is understood."""

    key = "refusal-bad-arguments"


class UnknownCharge(Refusal):
    """No purchase is known under that number. Facts: `charge` as typed."""

    key = "refusal-unknown-charge"


class Unsupported(Refusal):
    """Facts: `what` was asked for."""

    key = "refusal-unsupported"


# ---------------------------------------------------------------- what the upstream did


class Retry(Enum):
    """What may be done after a failure without risking a second payment."""

    NEVER = "never"  # accepted or refused for good: stop, release, say so
    ELSEWHERE = "elsewhere"  # certainly nothing accepted here: the next provider
    LATER = "later"  # the same provider after `retry_after`, else the next one


class PaintFailed(EaselError):
    """The upstream made no picture. The user's credits come back; `retry` says what may follow by itself."""

    key = "failed-unknown"
    retry: ClassVar[Retry] = Retry.NEVER


class Unreachable(PaintFailed):
    key = "failed-unreachable"
    retry = Retry.ELSEWHERE


class Busy(PaintFailed):
    """429. `retry_after` in seconds when the upstream named one."""

    key = "failed-busy"
    retry = Retry.LATER

    def __init__(self, *, retry_after: float | None = None, trace: str | None = None, detail: str | None = None):
        super().__init__(trace=trace, detail=detail)
        self.retry_after = retry_after


class UpstreamDown(PaintFailed):
    key = "failed-down"
    retry = Retry.ELSEWHERE


class NoAnswer(PaintFailed):
    key = "failed-no-answer"
    retry = Retry.ELSEWHERE


class BadCredentials(PaintFailed):
    key = "failed-credentials"
    retry = Retry.ELSEWHERE


class WrongEndpoint(PaintFailed):
    key = "failed-endpoint"
    retry = Retry.ELSEWHERE


class OutOfFunds(PaintFailed):
    key = "failed-funds"
    retry = Retry.ELSEWHERE


class Rejected(PaintFailed):
    """Facts: `quote`, the upstream's own words, shortened."""

    key = "failed-rejected"


class Moderated(PaintFailed):
    key = "failed-moderated"


class Declined(PaintFailed):
    """Facts: `quote`, the upstream's own words, shortened."""

    key = "failed-declined"


class NoPicture(PaintFailed):
    key = "failed-no-picture"


class SaidFailed(PaintFailed):
    """Facts: `quote`, the upstream's own words, shortened."""

    key = "failed-said"


class CalledOff(PaintFailed):
    key = "failed-called-off"


class BadResult(PaintFailed):
    key = "failed-bad-result"


class Unfetched(PaintFailed):
    """Painted, and the link leads nowhere, or where we may not go. The log names the host."""

    key = "failed-unfetched"


class Lost(PaintFailed):
    """Accepted, then out of sight. The upstream may have taken money: never painted again by itself."""

    key = "failed-lost"


class CutShort(Lost):
    key = "failed-cut-short"


class WentQuiet(Lost):
    """Facts: `seconds` of silence."""

    key = "failed-went-quiet"


class TookTooLong(Lost):
    """Facts: `seconds` allowed."""

    key = "failed-too-long"


class Restarted(Lost):
    key = "failed-restarted"


# ---------------------------------------------------------------- downloads


class FetchFailed(EaselError):
    key = "failed-bad-result"


class FetchForbidden(FetchFailed):
    """The address, or one it led to, is not on the public internet."""


class FetchTooLarge(FetchFailed):
    """More bytes than the cap."""


class FetchTooSlow(FetchFailed):
    """Not complete before the deadline."""


# ---------------------------------------------------------------- the chat platform


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


# ---------------------------------------------------------------- inside the house


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
