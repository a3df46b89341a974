"""What the page asks for in its addresses: filters, order, how far back, where to go on. Pure.

What is misspelled is refused with a sentence, never ignored: a list that is not what was asked for misleads.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar, cast, get_args

from bot.job import State
from bot.ports.admin_figures import UsageSort
from bot.ports.admin_views import JobFilter, JobSort

DEFAULT_DAYS = 30
MAX_DAYS = 400  # of statistics
DESCENDING = "descending"
MAX_CHARS = 500  # of a value
DEFAULT_JOB_SORT: JobSort = "created"
DEFAULT_USAGE_SORT: UsageSort = "pictures"

WordT = TypeVar("WordT", bound=str)


class BadQuery(ValueError):
    """The address asks for something that there is not; the text is a sentence."""


def parse_filter(query: Mapping[str, str]) -> JobFilter:
    """The jobs that are asked for: `state`, `provider`, `failure`, `user`, `chat`, `id`, and days (UTC) `since` and
    `until`, both included. Raises BadQuery."""
    until = _day(query, "until")
    return JobFilter(
        state=None if (state := _text(query, "state")) is None else State(_one_of(state, list(State), "state")),
        provider=_text(query, "provider"),
        failure=_text(query, "failure"),
        user_key=_text(query, "user"),
        chat_key=_text(query, "chat"),
        id_text=_text(query, "id"),
        since=_day(query, "since"),
        until=None if until is None else until + timedelta(days=1),
    )


def parse_job_order(query: Mapping[str, str]) -> tuple[JobSort, bool]:
    """What jobs are ordered by, and whether the highest come first. Raises BadQuery."""
    sort = _text(query, "sort") or DEFAULT_JOB_SORT
    order = _one_of(_text(query, "order") or DESCENDING, ("ascending", DESCENDING), "order")
    return cast(JobSort, _one_of(sort, get_args(JobSort), "sort")), order == DESCENDING


def parse_usage_sort(query: Mapping[str, str]) -> UsageSort:
    """What members and chats are ordered by, the highest first. Raises BadQuery."""
    _one_of(_text(query, "order") or DESCENDING, (DESCENDING,), "order")
    return cast(UsageSort, _one_of(_text(query, "sort") or DEFAULT_USAGE_SORT, get_args(UsageSort), "sort"))


def parse_days(query: Mapping[str, str]) -> int:
    """How many days back, today included. Raises BadQuery."""
    text = _text(query, "days") or str(DEFAULT_DAYS)
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= MAX_DAYS):
        raise BadQuery(f"days is a number from 1 to {MAX_DAYS}.")
    return int(text)


def first_moment(days: int, now: datetime) -> datetime:
    """Midnight (UTC) that begins the first of the last `days` days, today included."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=days - 1)


def parse_key(query: Mapping[str, str], name: str) -> str:
    """An id that must be there. Raises BadQuery."""
    if (found := _text(query, name)) is None:
        raise BadQuery(f"{name} is missing.")
    return found


def parse_optional(query: Mapping[str, str], name: str) -> str | None:
    """A text that may be missing. Raises BadQuery."""
    return _text(query, name)


def require_text(body: Mapping[str, Any], name: str) -> str:
    """A text of a change. Raises BadQuery."""
    found = body.get(name)
    if not isinstance(found, str) or not found.strip():
        raise BadQuery(f"{name} is missing.")
    return _storable(found.strip())


def require_number(body: Mapping[str, Any], name: str, most: int) -> int:
    """A whole number of a change, 0 to `most`. Raises BadQuery."""
    found = body.get(name)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= most:
        raise BadQuery(f"{name} is a whole number from 0 to {most:,}.")
    return found


def _text(query: Mapping[str, str], name: str) -> str | None:
    found = query.get(name, "").strip()
    if len(found) > MAX_CHARS:
        raise BadQuery(f"{name} is too long.")
    return _storable(found) or None


def _storable(text: str) -> str:
    """Without what a database refuses: lone surrogates, which have no bytes, and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _one_of(word: str, words: Collection[WordT], name: str) -> str:
    if word not in words:
        raise BadQuery(f"{name} is one of {', '.join(words)}.")
    return word


def _day(query: Mapping[str, str], name: str) -> datetime | None:
    if (text := _text(query, name)) is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadQuery(f"{name} is a day such as 2026-11-30.") from None
    if not 1970 <= day.year <= 9000:
        raise BadQuery(f"{name} is a day such as 2026-11-30.")
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
