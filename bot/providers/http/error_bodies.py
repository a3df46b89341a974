"""Parses an upstream's error answer and classifies it as one of our failures. Pure; the tables are the rules.

No I/O. What may happen next is decided by the failure's class (`bot.errors`).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast

from bot.errors import (
    BadCredentials,
    Busy,
    CalledOff,
    Moderated,
    NoAnswer,
    NoPicture,
    OutOfFunds,
    PaintFailed,
    Rejected,
    Retry,
    SaidFailed,
    UpstreamDown,
    WrongEndpoint,
)
from bot.providers.http.json_safe import parse_json
from bot.providers.http.quoting import quote

FailureClass = type[PaintFailed]

# Failure class by the value of `code`, `type` or `status`. Sources: the error tables of Ace Data, EvoLink, ToAPIs
# and OpenAI; Azure's content filter. For a value that is not here the HTTP status decides.
CODES: Mapping[str, FailureClass] = {
    # the operator's key
    "invalid_token": BadCredentials,
    "no_token": BadCredentials,
    "token_expired": BadCredentials,
    # Ace Data answers it with 400 and speaks of "parameters", but its SDK treats it as a token bought for
    # another API: nothing that a user could phrase differently
    "token_mismatched": BadCredentials,
    "disabled": BadCredentials,
    "invalid_api_key": BadCredentials,
    "unauthorized": BadCredentials,
    "authentication_error": BadCredentials,
    "permission_error": BadCredentials,
    "model_access_denied": BadCredentials,
    # the preset does not fit the address
    "api_not_implemented": WrongEndpoint,
    "model_not_found": WrongEndpoint,
    "unsupported_endpoint": WrongEndpoint,
    "not_found_error": WrongEndpoint,
    # the operator's balance
    "used_up": OutOfFunds,
    "insufficient_quota": OutOfFunds,
    "insufficient_user_quota": OutOfFunds,
    "insufficient_balance": OutOfFunds,
    "billing_hard_limit_reached": OutOfFunds,
    "billing_limit_user_error": OutOfFunds,
    "billing_not_active": OutOfFunds,
    "project_spend_limit_exceeded": OutOfFunds,
    "quota_exceeded": OutOfFunds,
    # rate limits
    "too_many_requests": Busy,
    "rate_limit_exceeded": Busy,
    "rate_limit_error": Busy,
    "overloaded_error": Busy,
    "resource_exhausted": Busy,
    # the upstream's own failures
    "api_error": UpstreamDown,
    "internal_error": UpstreamDown,
    "server_error": UpstreamDown,
    "image_generation_server_error": UpstreamDown,
    "service_unavailable": UpstreamDown,
    "service_error": UpstreamDown,
    "unknown_error": UpstreamDown,
    "timeout": NoAnswer,
    "generation_timeout": NoAnswer,
    # content rules
    "moderation_blocked": Moderated,
    "content_policy_violation": Moderated,
    "content_filter": Moderated,
    "contentfilter": Moderated,
    "responsibleaipolicyviolation": Moderated,
    "sensitive_words_detected": Moderated,
    # understood and refused
    "bad_request": Rejected,
    "invalid_request": Rejected,
    "invalid_parameters": Rejected,
    "invalid_value": Rejected,
    "invalid_size": Rejected,
    "invalid_image_file": Rejected,
    "unknown_parameter": Rejected,
    "image_processing_error": Rejected,
    "image_dimension_mismatch": Rejected,
    # the end of a task that was accepted
    "request_cancelled": CalledOff,
    "generation_failed_no_content": NoPicture,
    "generation_failed": SaidFailed,
}

# Failure class by text in the message; counts before code and status, first match wins.
MESSAGES: tuple[tuple[re.Pattern[str], FailureClass], ...] = (
    (re.compile(r"invalid api ?type", re.IGNORECASE), WrongEndpoint),  # ToAPIs: not an endpoint of this model
    (re.compile(r"safety_violations|content[_ ]policy|moderation_blocked", re.IGNORECASE), Moderated),
    (
        re.compile(
            r"insufficient (?:user )?(?:quota|balance|credits?)|(?:余额|额度)(?:已)?(?:不足|用尽)",
            re.IGNORECASE,
        ),
        OutOfFunds,
    ),
)

STATUSES: Mapping[int, FailureClass] = {
    401: BadCredentials,
    402: OutOfFunds,
    403: BadCredentials,
    404: WrongEndpoint,
    405: WrongEndpoint,
    408: NoAnswer,
    410: WrongEndpoint,
    425: Busy,
    429: Busy,
    451: Moderated,
    504: NoAnswer,
    524: NoAnswer,  # Cloudflare's own timeout
    529: Busy,  # overloaded
}

_TRACE_HEADERS = ("x-request-id", "x-trace-id", "request-id", "x-oneapi-request-id", "apim-request-id", "cf-ray")
_STATUS = re.compile(r"[45]\d\d")  # an HTTP status given as a code


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """A parsed error answer."""

    codes: tuple[str, ...] = ()
    """All values that name the error (code, type, status), the most exact first."""

    message: str = ""
    """The upstream's description, not shortened or redacted; empty: there is none."""

    trace: str | None = None
    """The upstream's id of the request; None: not in the body."""

    moderated: bool = False
    """Whether the body itself proves that content rules were the reason."""


def classify_status(status: int) -> FailureClass:
    """The failure class of an HTTP status that is no success; by its hundreds where it is not in the table."""
    if status in STATUSES:
        return STATUSES[status]
    if 300 <= status < 400:
        return WrongEndpoint  # redirects of a POST are not followed: they would carry the key elsewhere
    return UpstreamDown if status >= 500 else Rejected


def find_error(document: object) -> ErrorBody | None:
    """The error in a JSON document, whatever the upstream's envelope; None when there is none.

    Known: `{"error": {code, message, type}}`, `{"error": "words"}`, `{"success": false, …}`,
    `{"code": 401, …}` without an answer; and the trace ids beside them.
    """
    if not isinstance(document, Mapping):
        return None
    outer = cast(Mapping[str, Any], document)
    error = outer.get("error")
    code = outer.get("code")
    coded = isinstance(code, int) and code >= 400 and "choices" not in outer
    if not error and outer.get("success") is not False and not coded:
        return None
    return _make_error_body(outer, error)


def parse_error_body(body: bytes) -> ErrorBody:
    """The error in the body of an HTTP status that is no success."""
    text = body.decode("utf-8", "replace")
    try:
        document = parse_json(text)
    except ValueError:
        return ErrorBody(message=text)
    if not isinstance(document, Mapping):
        return ErrorBody(message=text)
    outer = cast(Mapping[str, Any], document)
    return _make_error_body(outer, outer.get("error"))


def _make_error_body(outer: Mapping[str, Any], error: object) -> ErrorBody:
    inner: Mapping[str, Any] = cast(Mapping[str, Any], error) if isinstance(error, Mapping) else {}
    deeper = inner.get("innererror") or inner.get("inner_error")
    metadata = inner.get("metadata")
    named = [inner.get("code"), inner.get("type"), inner.get("status")]
    if isinstance(deeper, Mapping):  # Azure
        named.insert(0, cast(Mapping[str, Any], deeper).get("code"))
    if not inner:
        named += [outer.get("code"), outer.get("type")]
    message = inner.get("message") or (error if isinstance(error, str) else None)
    message = message or outer.get("message") or outer.get("msg") or outer.get("detail") or ""
    trace = outer.get("trace_id") or inner.get("trace_id") or outer.get("request_id")
    return ErrorBody(
        codes=tuple(str(name) for name in named if isinstance(name, str | int) and str(name)),
        message=message if isinstance(message, str) else json.dumps(message, ensure_ascii=False),
        trace=str(trace) if trace else None,
        moderated=isinstance(metadata, Mapping) and "reasons" in metadata,  # OpenRouter: why it was flagged
    )


def classify_error(error: ErrorBody, status: int | None) -> FailureClass | None:
    """The failure class of an error; None: it does not tell. `status`: of HTTP; None: inside an accepted answer."""
    if error.moderated:
        return Moderated
    for words, failure in MESSAGES:
        if words.search(error.message):
            return failure
    for code in error.codes:
        if code.lower() in CODES:
            return CODES[code.lower()]
    numbers = [int(code) for code in error.codes if _STATUS.fullmatch(code)]
    if status is None:
        return classify_status(numbers[0]) if numbers else None
    failure = classify_status(numbers[0] if numbers and status == 400 else status)
    # a web page instead of the API's own refusal comes from a proxy in between, and says nothing about the request
    return UpstreamDown if failure is Rejected and _is_html(error.message) else failure


def failure_of_response(
    status: int, headers: Mapping[str, str], body: bytes, *, redact: Iterable[str] = ()
) -> PaintFailed:
    """The failure behind an HTTP status that is no success. `redact`: strings that no quote may contain."""
    error = parse_error_body(body)
    failure = classify_error(error, status) or classify_status(status)
    trace = error.trace or find_trace_id(headers)
    return make_failure(
        failure, error, trace=trace, source=f"HTTP {status}", retry_after=parse_retry_after(headers), redact=redact
    )


def find_trace_id(headers: Mapping[str, str], *, redact: Iterable[str] = ()) -> str | None:
    """The upstream's id of a request, from its headers (keys in lower case). `redact`: strings it must not contain."""
    return next((quote(headers[name], redact=redact) for name in _TRACE_HEADERS if name in headers), None)


def failure_in_success(
    error: ErrorBody, *, begun: bool, trace: str | None = None, redact: Iterable[str] = ()
) -> PaintFailed:
    """The failure behind an error inside an HTTP success. `begun`: the answer had other content before the error.

    A class that allows a retry holds only for an answer that is nothing but the error, and never for the upstream's own
    failures: it may have begun, and charged.
    """
    failure = classify_error(error, None) or SaidFailed
    if begun or not failure.refused_upfront:
        failure = failure if failure.retry is Retry.NEVER else SaidFailed
    return make_failure(failure, error, trace=trace, redact=redact)


def make_failure(
    failure: FailureClass,
    error: ErrorBody,
    *,
    trace: str | None = None,
    source: str = "in the answer",
    retry_after: float | None = None,
    redact: Iterable[str] = (),
) -> PaintFailed:
    """An instance of `failure`. The upstream's words become a fact only where the class has `quotes_upstream`."""
    redact = tuple(redact)
    words = "an HTML page" if _is_html(error.message) else quote(error.message, redact=redact)
    detail = " ".join(filter(None, [source, quote(" ".join(error.codes), redact=redact), words]))
    trace = trace or error.trace
    trace = quote(trace, redact=redact) if trace else None
    if issubclass(failure, Busy):
        return failure(retry_after=retry_after, trace=trace, detail=detail)
    if failure.quotes_upstream:
        return failure(trace=trace, detail=detail, quote=words or detail)
    return failure(trace=trace, detail=detail)


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, >= 0, from `retry-after-ms` or Retry-After (RFC 9110: seconds or a date); None: not named.

    A date is compared with the answer's own Date, so that no local clock is needed. Keys in lower case.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * scale
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    try:
        retry_at = parsedate_to_datetime(headers.get("retry-after", ""))
        return max((retry_at - parsedate_to_datetime(headers.get("date", ""))).total_seconds(), 0.0)
    except (TypeError, ValueError, OverflowError):  # OverflowError: an offset beyond the range of datetime
        return None


def _is_html(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:1] == "<"
