"""What the page's addresses may ask for: each part is understood, and what is misspelled is refused with a sentence."""

from datetime import UTC, datetime

import pytest

from adapters.admin import queries
from adapters.admin.queries import BadQuery
from bot.job import State
from bot.ports.admin_views import JobFilter

NOON = datetime(2026, 11, 30, 12, 30, 1, tzinfo=UTC)


def test_every_filter_of_jobs() -> None:
    assert queries.parse_filter({}) == JobFilter()
    asked = {"state": "failed", "provider": " evolink ", "failure": "failure-busy", "user": "telegram:1"}
    asked |= {"chat": "telegram:-1", "id": "ab\0c", "since": "2026-11-01", "until": "2026-11-30"}
    assert queries.parse_filter(asked) == JobFilter(
        state=State.FAILED,
        provider="evolink",
        failure="failure-busy",
        user_key="telegram:1",
        chat_key="telegram:-1",
        id_text="ab\ufffdc",
        since=datetime(2026, 11, 1, tzinfo=UTC),
        until=datetime(2026, 12, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "query",
    [
        {"state": "lost"},
        {"since": "yesterday"},
        {"until": "0001-01-01"},
        {"until": "9999-12-31"},
        {"id": "x" * 501},
    ],
)
def test_a_misspelled_filter_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(BadQuery):
        queries.parse_filter(query)


def test_orders() -> None:
    assert queries.parse_job_order({}) == ("created", True)
    assert queries.parse_job_order({"sort": "seconds", "order": "ascending"}) == ("seconds", False)
    assert queries.parse_usage_sort({}) == "pictures"
    assert queries.parse_usage_sort({"sort": "failed"}) == "failed"
    for wrong in ({"sort": "prompt"}, {"order": "up"}):
        with pytest.raises(BadQuery):
            queries.parse_job_order(wrong)
    for wrong in ({"sort": "created"}, {"order": "ascending"}):
        with pytest.raises(BadQuery):
            queries.parse_usage_sort(wrong)


def test_days() -> None:
    assert queries.parse_days({}) == 30
    assert queries.parse_days({"days": "400"}) == 400
    assert queries.first_moment(1, NOON) == datetime(2026, 11, 30, tzinfo=UTC)
    assert queries.first_moment(30, NOON) == datetime(2026, 11, 1, tzinfo=UTC)
    for wrong in ("0", "401", "-1", "9999", "٣", "1.5"):
        with pytest.raises(BadQuery):
            queries.parse_days({"days": wrong})


def test_texts_and_numbers_of_changes() -> None:
    assert queries.parse_key({"id": "abc"}, "id") == "abc"
    assert queries.parse_optional({}, "target") is None
    assert queries.require_text({"member": " telegram:1\ud800\0 "}, "member") == "telegram:1?\ufffd"
    assert queries.require_number({"credits": 0}, "credits", 5) == 0
    with pytest.raises(BadQuery):
        queries.parse_key({"id": " "}, "id")
    for text in (None, 7, "", "  "):
        with pytest.raises(BadQuery):
            queries.require_text({"member": text}, "member")
    for number in (None, "3", 1.5, True, -1, 6):
        with pytest.raises(BadQuery):
            queries.require_number({"credits": number}, "credits", 5)
