"""Reads for how long an upstream asks to wait: from headers, from fields, and from its words. Pure.

Whether there is that much time is decided elsewhere.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_UNIT = (
    r"(?P<{0}>milliseconds?|millis|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h"
    r"|毫秒|秒钟?|分钟?|小时|секунд\w*|сек|минут\w*|мин|час\w*)"
)
_AMOUNT = r"(?:\d{1,7}(?:\.\d{1,9})?|(?:an?|one)(?=\s))"  # `in a minute`
_SPAN = re.compile(rf"({_AMOUNT})\s*{_UNIT.format('unit')}(?![a-z])", re.IGNORECASE)
# `Please try again in 12s` (OpenAI), `Please retry in 52.9s` (Google), `retry after 30 seconds` (Azure), `Expected
# available in 7 seconds` (Replicate), `请在 20 秒后重试`: the time follows the words, or in Chinese stands before them.
_ASKED = re.compile(
    r"(?:(?:try|retry)(?:ing)?(?:\s+(?:the|this|your|again|request)){0,3}\s*(?:in|after)|retry[-_ ]?(?:after|delay|in)"
    r"|wait(?:\s+(?:for|at|least|about)){0,3}|available(?:\s+again)?\s+(?:in|after)|resets?\s+(?:in|after)"
    r"|через|请在|请等待|等待)"
    r"\W{0,4}(?:(?:about|around|approximately|another|the next)\s+)?"
    rf"(?P<time>{_AMOUNT}(?:[^.。;；!?\n]|\.\d){{0,40}})"
    rf"|(?P<before>{_AMOUNT}\s*(?:秒钟?|分钟|小时))\s*(?:后|之后)"
    rf"|(?P<left>{_AMOUNT}\s*(?:seconds?|secs?|minutes?|mins?))\s+(?:remaining|left)",
    re.IGNORECASE,
)
_RESET = re.compile(r"((?:x-)?ratelimit-)reset((?:-\w+)?)")
_UNIX_TIME_S = 1_000_000_000  # from here on a number of seconds is a moment since 1970, not a time to wait
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]")
_BARE_SECONDS = re.compile(rf"({_AMOUNT})\s*(?:$|[.,;)\]\"'}}])")  # `retry after: 30`


def wait_from_headers(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait, >= 0, from `retry-after-ms` or Retry-After (RFC 9110: seconds or a date); None: not named.

    A date is compared with the answer's own Date, so that no two clocks are mixed; with `now` (with a time zone) only
    where it has none. Keys in lower case.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * scale
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    retry_after = headers.get("retry-after", "")
    retry_at, answered_at = _date(retry_after), _date(headers.get("date", "")) or now
    if retry_at and answered_at:
        return max((retry_at - answered_at).total_seconds(), 0.0)
    return parse_span(retry_after)


def wait_from_resets(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds, >= 0, until the last of the limits that are used up is filled again, from headers such as
    `x-ratelimit-reset-requests: 1m30s` or `x-ratelimit-reset` (seconds, or a moment as Unix time in seconds or
    milliseconds); None: they name none. A limit of which something remains counts for nothing. Keys in lower case.

    `now`: as of `wait_from_headers`.
    """
    waits: list[float] = []
    for name, value in headers.items():
        if (found := _RESET.fullmatch(name)) and _is_used_up(headers.get(f"{found[1]}remaining{found[2]}")):
            wait = _wait_until_reset(value, _date(headers.get("date", "")) or now)
            waits += [] if wait is None else [wait]
    return max(waits, default=None)


def _is_used_up(remaining: str | None) -> bool:
    try:
        return remaining is None or float(remaining) < 1
    except ValueError:
        return True


def _wait_until_reset(value: str, now: datetime | None) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        seconds = parse_span(value)
    if seconds is None or not 0 <= seconds < float("inf"):
        return None
    if seconds < _UNIX_TIME_S:
        return seconds
    moment = seconds if seconds < 1000 * _UNIX_TIME_S else seconds / 1000
    return max(moment - now.timestamp(), 0.0) if now else None


def _date(value: str) -> datetime | None:
    """A date of HTTP or of ISO 8601, in UTC where it names no zone; None: it is none."""
    try:
        date = datetime.fromisoformat(value) if _ISO_DATE.match(value) else parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):  # OverflowError: an offset beyond the range of datetime
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def wait_from_words(text: str) -> float | None:
    """Seconds to wait, >= 0, that a sentence asks for; None: it names no time. Chinese in simplified characters."""
    asked = _ASKED.search(text)
    return parse_span(asked["time"] or asked["before"] or asked["left"]) if asked else None


def parse_span(text: str) -> float | None:
    """Seconds in a span of time such as `6.2s`, `1m30s`, `2 minutes` or `1 minute and 5 seconds`, a bare number being
    seconds; None: it is none."""
    found, end = list[tuple[float, str]](), 0
    for span in _SPAN.finditer(text):
        if found and text[end : span.start()].strip(" ,") not in ("", "and", "и"):
            break
        if not found and text[: span.start()].strip():
            break
        found.append((float(span[1]) if span[1][0].isdecimal() else 1.0, span["unit"].lower()))
        end = span.end()
    if found:
        return sum(number * _UNITS_S[_unit(unit)] for number, unit in found)
    bare = _BARE_SECONDS.match(text.strip())
    return float(bare[1]) if bare and bare[1][0].isdecimal() else None


def _unit(word: str) -> str:
    if word.startswith(("ms", "milli", "毫")):
        return "ms"
    if word.startswith(("s", "秒", "с")):
        return "s"
    return "m" if word.startswith(("m", "分", "м")) else "h"
