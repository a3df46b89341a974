"""What an upstream's error answer says, as a failure of ours. Pure; the tables are the rules.

No I/O, and no way of choosing what happens next: that is in the failure's class (`bot.errors`).
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
    Declined,
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
from bot.providers.http.json_safe import load
from bot.providers.http.quoting import quote

Failure = type[PaintFailed]

# What the words in `code`, `type` or `status` mean. Sources: the error tables of Ace Data, EvoLink, ToAPIs
# and OpenAI; Azure's content filter. A word that is not here says less than the HTTP status.
CODES: Mapping[str, Failure] = {
    # the operator's key
    "invalid_token": BadCredentials,
    "no_token": BadCredentials,
    "token_expired": BadCredentials,
    # Ace Data answers it with 400 and speaks of "parameters", but its SDK treats it as a token bought for
    # another API: nothing that a member could phrase differently
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
    # the operator's purse
    "used_up": OutOfFunds,
    "insufficient_quota": OutOfFunds,
    "insufficient_user_quota": OutOfFunds,
    "insufficient_balance": OutOfFunds,
    "billing_hard_limit_reached": OutOfFunds,
    "billing_limit_user_error": OutOfFunds,
    "billing_not_active": OutOfFunds,
    "project_spend_limit_exceeded": OutOfFunds,
    "quota_exceeded": OutOfFunds,
    # a limit of the moment
    "too_many_requests": Busy,
    "rate_limit_exceeded": Busy,
    "rate_limit_error": Busy,
    "overloaded_error": Busy,
    "resource_exhausted": Busy,
    # the upstream's own trouble
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

# Words in a message that say more than code and status, in this order.
MESSAGES: tuple[tuple[re.Pattern[str], Failure], ...] = (
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

STATUSES: Mapping[int, Failure] = {
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
_STATUS = re.compile(r"[45]\d\d")  # of HTTP, said as a code
_QUOTED: tuple[Failure, ...] = (Rejected, Declined, SaidFailed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """An error answer, read. `codes`: all words that name the error, the most exact first."""

    codes: tuple[str, ...] = ()
    message: str = ""
    trace: str | None = None
    moderated: bool = False


def by_status(status: int) -> Failure:
    """The class of an HTTP status that is no success; statuses that are not in the table go by hundreds."""
    if status in STATUSES:
        return STATUSES[status]
    if 300 <= status < 400:
        return WrongEndpoint  # a POST is not followed elsewhere with the key in hand
    return UpstreamDown if status >= 500 else Rejected


def find_complaint(document: object) -> Complaint | None:
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
    return _complaint(outer, error)


def read_complaint(body: bytes) -> Complaint:
    """The body of an answer whose status already says that it is an error."""
    text = body.decode("utf-8", "replace")
    try:
        document = load(text)
    except ValueError:
        return Complaint(message=text)
    if not isinstance(document, Mapping):
        return Complaint(message=text)
    outer = cast(Mapping[str, Any], document)
    return _complaint(outer, outer.get("error"))


def _complaint(outer: Mapping[str, Any], error: object) -> Complaint:
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
    return Complaint(
        codes=tuple(str(name) for name in named if isinstance(name, str | int) and str(name)),
        message=message if isinstance(message, str) else json.dumps(message, ensure_ascii=False),
        trace=str(trace) if trace else None,
        moderated=isinstance(metadata, Mapping) and "reasons" in metadata,  # OpenRouter: why it was flagged
    )


def classify(complaint: Complaint, status: int | None) -> Failure | None:
    """The class of an error, None when it says nothing. `status`: of HTTP, None within an accepted answer."""
    if complaint.moderated:
        return Moderated
    for words, failure in MESSAGES:
        if words.search(complaint.message):
            return failure
    for code in complaint.codes:
        if code.lower() in CODES:
            return CODES[code.lower()]
    numbers = [int(code) for code in complaint.codes if _STATUS.fullmatch(code)]
    if status is None:
        return by_status(numbers[0]) if numbers else None
    failure = by_status(numbers[0] if numbers and status == 400 else status)
    # a web page instead of the API's own refusal: a proxy in between, not a judgement about the request
    return UpstreamDown if failure is Rejected and _is_page(complaint.message) else failure


def refusal(status: int, headers: Mapping[str, str], body: bytes, *, hide: Iterable[str] = ()) -> PaintFailed:
    """The failure behind an HTTP answer that is no success. `hide`: what no quote may contain."""
    complaint = read_complaint(body)
    failure = classify(complaint, status) or by_status(status)
    trace = complaint.trace or trace_of(headers)
    return build(failure, complaint, trace=trace, at=f"HTTP {status}", wait=retry_after(headers), hide=hide)


def trace_of(headers: Mapping[str, str], *, hide: Iterable[str] = ()) -> str | None:
    """By which the upstream finds a request again. Keys in lower case. `hide`: what it must not hold."""
    return next((quote(headers[name], hide=hide) for name in _TRACE_HEADERS if name in headers), None)


def inside(complaint: Complaint, *, begun: bool, trace: str | None = None, hide: Iterable[str] = ()) -> PaintFailed:
    """The failure behind an error inside a success. `begun`: the answer said something else before.

    What would lead to another try holds only for an answer that is nothing but the error, and never for
    the upstream's own trouble: it may have begun, and charged.
    """
    failure = classify(complaint, None) or SaidFailed
    is_retried = failure.retry is not Retry.NEVER
    if is_retried and (begun or issubclass(failure, UpstreamDown | NoAnswer)):
        failure = SaidFailed
    return build(failure, complaint, trace=trace, hide=hide)


def build(
    failure: Failure,
    complaint: Complaint,
    *,
    trace: str | None = None,
    at: str = "in the answer",
    wait: float | None = None,
    hide: Iterable[str] = (),
) -> PaintFailed:
    """An instance of `failure`. The upstream's words go into its facts only where the class asks for them."""
    hide = tuple(hide)
    words = "an HTML page" if _is_page(complaint.message) else quote(complaint.message, hide=hide)
    detail = " ".join(filter(None, [at, quote(" ".join(complaint.codes), hide=hide), words]))
    trace = trace or complaint.trace
    trace = quote(trace, hide=hide) if trace else None
    if issubclass(failure, Busy):
        return failure(retry_after=wait, trace=trace, detail=detail)
    if issubclass(failure, _QUOTED):
        return failure(trace=trace, detail=detail, quote=words or detail)
    return failure(trace=trace, detail=detail)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, of `retry-after-ms` or Retry-After (RFC 9110: seconds or a date); None: not said.

    A date is compared with the answer's own Date, so that no clock of ours is needed. Keys in lower case.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * scale
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
        return max((until - parsedate_to_datetime(headers.get("date", ""))).total_seconds(), 0.0)
    except (TypeError, ValueError, OverflowError):  # the last from an offset of more than a clock can hold
        return None


def _is_page(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:1] == "<"
