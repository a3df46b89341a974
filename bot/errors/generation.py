"""Failures of a generation: the upstream made no image. Each class declares what may follow and how it is reported.

What decides about another request, and so about a second payment, is an attribute of the class: no other module lists
failure classes for that.
"""

from enum import Enum
from typing import ClassVar

from bot.errors.base import EaselError


class Retry(Enum):
    """What may be done after a failure without risking a second payment."""

    NEVER = "never"  # accepted, or refused for good: stop, release the credits, notify the user
    ELSEWHERE = "elsewhere"  # certainly not accepted here: the next provider
    LATER = "later"  # the same provider after `retry_after`, else the next one
    SMALLER = "smaller"  # the same provider with smaller pictures, once; no other


class PaintFailed(EaselError):
    """The upstream made no image. The user's credits are released."""

    key = "failed-unknown"

    retry: ClassVar[Retry] = Retry.NEVER
    """What may follow without the user."""
    report_rank: ClassVar[int] = 100
    """Order among several failures with the same kind of `retry`: the lowest is reported, as the most informative."""
    lasting: ClassVar[bool] = False
    """Whether the next request would fail the same way, because the operator must change something."""
    refused_upfront: ClassVar[bool] = False
    """Whether an upstream reports it only before it begins, so that even as an error inside an HTTP success it proves
    that nothing was painted."""
    concerns_model: ClassVar[bool] = False
    """Whether the model alone is at fault: other models of the provider may be asked."""
    overloaded: bool = False
    """Whether the upstream has more to do than it can: it is sent fewer requests at once from then on."""
    quotes_upstream: ClassVar[bool] = False
    """Whether the message has the variable `quote`: the upstream's own words, shortened."""

    @property
    def transient(self) -> bool:
        """Whether the same request may be sent again, and may succeed in a moment."""
        return self.retry in (Retry.ELSEWHERE, Retry.LATER) and not self.lasting


# ---------------------------------------------------------------- certainly not accepted


class Unreachable(PaintFailed):
    """No connection, or none that accepted the whole request."""

    key = "failed-unreachable"
    retry = Retry.ELSEWHERE


class Busy(PaintFailed):
    """HTTP 429, or an equivalent error code or text."""

    key = "failed-busy"
    retry = Retry.LATER
    report_rank = 7
    refused_upfront = True
    overloaded = True

    def __init__(self, *, retry_after: float | None = None, trace: str | None = None, detail: str | None = None):
        """`retry_after`: seconds to wait, >= 0; None: the upstream named none."""
        super().__init__(trace=trace, detail=detail)
        self.retry_after = retry_after


class UpstreamDown(PaintFailed):
    """A 5xx, or an HTML error page before any answer."""

    key = "failed-down"
    retry = Retry.ELSEWHERE
    report_rank = 11


class Firewalled(UpstreamDown):
    """A firewall or a CDN in front of the upstream turned the request away with a page of its own."""


class NoAnswer(PaintFailed):
    """No headers of an answer before the deadline."""

    key = "failed-no-answer"
    retry = Retry.ELSEWHERE


class BadCredentials(PaintFailed):
    """HTTP 401 or 403: the operator's key."""

    key = "failed-credentials"
    retry = Retry.ELSEWHERE
    report_rank = 9
    lasting = True
    refused_upfront = True


class AccountBlocked(BadCredentials):
    """The upstream has blocked the operator's account: for what was requested before, not for this request."""

    key = "failed-blocked"


class WrongEndpoint(PaintFailed):
    """The preset does not fit the address."""

    key = "failed-endpoint"
    retry = Retry.ELSEWHERE
    report_rank = 10
    lasting = True
    refused_upfront = True


class WrongModel(WrongEndpoint):
    """The upstream does not have the model, or not for the operator's key."""

    key = "failed-model"
    concerns_model = True


class WrongModalities(WrongModel):
    """The model answers with images alone, or with text beside them; the request asked for the other (OpenRouter)."""


class NoTurn(PaintFailed):
    """No provider had a slot free for the request within `jobs.wait_s`. Facts: `minutes` waited."""

    key = "failed-no-turn"
    retry = Retry.ELSEWHERE
    report_rank = 7


class OutOfFunds(PaintFailed):
    """The operator's balance at the upstream is used up."""

    key = "failed-funds"
    retry = Retry.ELSEWHERE
    report_rank = 8
    lasting = True
    refused_upfront = True


class FailedFree(PaintFailed):
    """A failed task of an upstream whose failures cost nothing, for a reason that nobody knows. Facts: `quote`."""

    key = "failed-said"
    retry = Retry.ELSEWHERE
    report_rank = 3
    quotes_upstream = True


# ---------------------------------------------------------------- refused, or accepted and failed


class Rejected(PaintFailed):
    """HTTP 400: the request was understood and refused. Facts: `quote`, the upstream's own words, shortened."""

    key = "failed-rejected"
    report_rank = 1
    quotes_upstream = True


class TooLarge(Rejected):
    """HTTP 413, or an equivalent: the request with its pictures has too many bytes."""

    key = "failed-too-large"
    retry = Retry.SMALLER
    refused_upfront = True
    quotes_upstream = False


class TextTooLarge(PaintFailed):
    """HTTP 413, or an equivalent, for a request without pictures: nothing in it can be scaled down."""

    key = "failed-text-too-large"
    retry = Retry.ELSEWHERE
    report_rank = 1
    refused_upfront = True


class Moderated(PaintFailed):
    """The content rules of the upstream."""

    key = "failed-moderated"
    report_rank = 0


class Unmoderated(PaintFailed):
    """The operator's own moderation did not answer, and nothing is painted unchecked. No provider was asked."""

    key = "failed-unmoderated"
    report_rank = 0


class Declined(PaintFailed):
    """Prose instead of an image. Facts: `quote`, the upstream's own words, shortened."""

    key = "failed-declined"
    report_rank = 2
    quotes_upstream = True


class NoPicture(PaintFailed):
    """An answer without an image."""

    key = "failed-no-picture"
    report_rank = 5


class SaidFailed(PaintFailed):
    """A failure reported inside an accepted answer. Facts: `quote`, the upstream's own words, shortened."""

    key = "failed-said"
    report_rank = 3
    quotes_upstream = True


class CalledOff(PaintFailed):
    """The upstream cancelled the task."""

    key = "failed-called-off"


class BadResult(PaintFailed):
    """A result that is no valid image."""

    key = "failed-bad-result"
    report_rank = 4


class Unfetched(PaintFailed):
    """Painted, but the link could not be downloaded, or may not be opened. The log names the host."""

    key = "failed-unfetched"


# ---------------------------------------------------------------- accepted, then the outcome is unknown


class Lost(PaintFailed):
    """Accepted, then the outcome is unknown. The upstream may have charged: never painted again without the user."""

    key = "failed-lost"
    report_rank = 6


class CutShort(Lost):
    """The connection ended in the middle."""

    key = "failed-cut-short"


class WentQuiet(Lost):
    """Nothing received for `idle_timeout_s`. Facts: `seconds` of silence."""

    key = "failed-went-quiet"


class TookTooLong(Lost):
    """Not finished within `timeout_s`. Facts: `seconds` allowed."""

    key = "failed-too-long"


class Restarted(Lost):
    """Easel was restarted in the middle."""

    key = "failed-restarted"
