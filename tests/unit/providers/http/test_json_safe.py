"""The JSON of upstreams: what is no value to work with, and what an answer that holds it then says."""

import pytest

from bot.errors import Rejected
from bot.painting import Usage
from bot.providers.http.failures import failure_of_response
from bot.providers.http.json_safe import MAX_DEPTH, finite_number, parse_json, parse_json_documents
from bot.providers.http.waits import wait_from_headers
from bot.providers.presets import TasksWire
from bot.providers.tasks.response import parse_task


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "1" * 5000])
def test_what_cannot_be_worked_with_is_no_document(text: str) -> None:
    with pytest.raises(ValueError):
        parse_json(text)
    assert parse_json_documents(text) == []
    assert isinstance(failure_of_response(400, {}, text.encode()), Rejected)


def test_a_document_may_be_as_deep_as_any_that_says_something() -> None:
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)


def test_halves_of_characters_do_not_stand_alone() -> None:
    assert parse_json(r'["\ud83e\udd8a", "\ud83e", "\udd8a!"]') == ["🦊", "?", "?!"]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (3, 3.0),
        (-0.5, -0.5),
        (True, None),
        ("3", None),
        (None, None),
        (10**400, None),
        (float("inf"), None),
        (float("nan"), None),
    ],
)
def test_a_number_is_finite(value: object, found: float | None) -> None:
    assert finite_number(value) == found


def test_a_code_of_thousands_of_digits_says_nothing() -> None:
    assert isinstance(failure_of_response(400, {}, b'{"error": {"code": "%s"}}' % (b"4" * 5000)), Rejected)


def test_credits_beyond_all_numbers_are_not_told() -> None:
    told = parse_task({"id": "t", "usage": {"credits": 10**400}}, TasksWire(credits_path=("usage", "credits")))
    assert told.usage == Usage({"credits": 10**400}, credits=None)


def test_a_date_with_an_offset_of_many_years_is_no_date() -> None:
    date = "Mon, 01 Jan 2024 00:00:00"
    assert wait_from_headers({"retry-after": f"{date} +99999999999999999999", "date": f"{date} GMT"}) is None
