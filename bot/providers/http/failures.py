"""Makes our failure of what an upstream has said: the class by `failure_rules`, the words fit to be read. Pure.

What may happen next is decided by the failure's class (`bot.errors`).
"""

from collections.abc import Mapping
from datetime import datetime

from bot.errors import Busy, NoPicture, PaintFailed, Retry, SaidFailed, UpstreamDown
from bot.painting import ImageMissing
from bot.providers.http.error_bodies import ErrorBody, parse_error_body
from bot.providers.http.failure_rules import FailureClass, classify_error, classify_status
from bot.providers.http.quoting import NOTHING, Redactions, is_page, plain_words, quote
from bot.providers.http.scripts import to_simplified
from bot.providers.http.waits import wait_from_headers, wait_from_resets, wait_from_words

_UNAVAILABLE = 503  # HTTP: overloaded, or under maintenance
_TRACE_HEADERS = ("x-request-id", "x-trace-id", "request-id", "x-oneapi-request-id", "apim-request-id", "cf-ray")


def failure_of_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    redact: Redactions = NOTHING,
    now: datetime | None = None,
) -> PaintFailed:
    """The failure behind an HTTP status that is no success. `now`: when it came, for an answer without a date.

    An upstream that is unavailable and says for how long is busy (RFC 9110, 503): it is waited for, as after a 429.
    """
    error = parse_error_body(body)
    failure = classify_error(error, status, prompt=redact.prompt) or classify_status(status)
    wait = _named_wait(error, headers, now, redact)
    if failure is UpstreamDown and status == _UNAVAILABLE and wait is not None:
        failure = Busy
    if failure is Busy and wait is None:
        wait = wait_from_resets(headers, now)
        wait = wait_from_resets(error.headers, now) if wait is None else wait
    trace = error.trace or find_trace_id(headers)
    made = make_failure(failure, error, trace=trace, source=f"HTTP {status}", retry_after=wait, redact=redact)
    made.overloaded = made.overloaded or (failure is UpstreamDown and status == _UNAVAILABLE)
    return made


def _named_wait(error: ErrorBody, headers: Mapping[str, str], now: datetime | None, redact: Redactions) -> float | None:
    """Seconds to wait, >= 0, that an answer asks for: in its headers, in those it quotes, in its fields or words."""
    waits = (wait_from_headers(headers, now), wait_from_headers(error.headers, now), named_wait(error, redact))
    return next((each for each in waits if each is not None), None)


def find_trace_id(headers: Mapping[str, str], *, redact: Redactions = NOTHING) -> str | None:
    """The upstream's id of a request, from its headers (keys in lower case). `redact`: strings it must not contain."""
    return next((quote(headers[name], redact=redact) for name in _TRACE_HEADERS if name in headers), None)


def failure_in_success(
    error: ErrorBody, *, begun: bool, trace: str | None = None, redact: Redactions = NOTHING
) -> PaintFailed:
    """The failure behind an error inside an HTTP success. `begun`: the answer had other content before the error.

    A class that allows a retry holds only for an answer that is nothing but the error, and never for the upstream's own
    failures: it may have begun, and charged.
    """
    failure = classify_error(error, None, prompt=redact.prompt) or SaidFailed
    if begun or not failure.refused_upfront:
        failure = failure if failure.retry is Retry.NEVER else SaidFailed
    return make_failure(failure, error, trace=trace, redact=redact)


def failure_without_error(
    said: ErrorBody | None, *, begun: bool, trace: str | None = None, redact: Redactions = NOTHING
) -> PaintFailed:
    """The failure of an answer with neither an image nor an error. `said`: all that it says otherwise; None: nothing.
    `begun`: as of `failure_in_success`."""
    if said and (said.messages or classify_error(said, None, prompt=redact.prompt)):
        return failure_in_success(said, begun=begun, trace=trace, redact=redact)
    return NoPicture(trace=trace)


def make_failure(
    failure: FailureClass,
    error: ErrorBody,
    *,
    trace: str | None = None,
    source: str = "in the answer",
    retry_after: float | None = None,
    redact: Redactions = NOTHING,
) -> PaintFailed:
    """An instance of `failure`. The upstream's words become a fact only where the class has `quotes_upstream`, and only
    as sentences: no user reads JSON or HTML. `retry_after`: seconds that the headers name; None: none."""
    words = quote(plain_words(error.message), redact=redact)
    codes = quote(" ".join(each for each in error.codes if each.isascii()), redact=redact)
    logged = "an HTML page" if is_page(error.message) else words or quote(error.message, redact=redact)
    detail = " ".join(filter(None, [source, codes, logged]))
    trace = trace or error.trace
    trace = quote(trace, redact=redact) if trace else None
    if issubclass(failure, Busy):
        wait = retry_after if retry_after is not None else named_wait(error, redact)
        return failure(retry_after=wait, trace=trace, detail=detail)
    if failure.quotes_upstream:
        return failure(trace=trace, detail=detail, quote=words or " ".join(filter(None, [source, codes])))
    return failure(trace=trace, detail=detail)


def missing_image(failure: PaintFailed) -> ImageMissing:
    """The event for a failure that came beside an image."""
    return ImageMissing(reason=failure.key, failure=type(failure).__name__, trace=failure.trace, detail=failure.detail)


def named_wait(error: ErrorBody, redact: Redactions = NOTHING) -> float | None:
    """Seconds to wait, >= 0, that a field or the words of an error name; None: nothing does."""
    if error.retry_after is not None:
        return error.retry_after
    words = (quote(each, redact=redact, limit=4000) for each in error.messages if not is_page(each))
    waits = (wait_from_words(to_simplified(each)) for each in words)
    return next((each for each in waits if each is not None), None)
