"""Values as JSON, and cells of a table file in which no spreadsheet finds a formula."""

import json
from datetime import UTC, date, datetime

import pytest

from adapters.admin.encode import cell, to_json
from bot.job import State
from bot.ports.admin_figures import DayFigures
from bot.ports.admin_views import JobRow, Page

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
ROW = JobRow(
    id="abc",
    created=NOON,
    finished=NOON.replace(second=21),
    state=State.DONE,
    user_key="telegram:1",
    chat_key="telegram:-1",
    provider=None,
    failure=None,
    pictures=1,
    charged=4,
)


def test_values_keep_the_names_of_their_fields() -> None:
    [row] = to_json(Page(rows=(ROW,), next="x"))["rows"]
    assert row["created"] == "2026-11-30T12:00:00+00:00"
    assert (row["state"], row["seconds"], row["provider"]) == ("done", 21.0, None)
    day = DayFigures(day=date(2026, 11, 30), pictures=1, charged=2, done=1, failed=0, cancelled=0)
    assert to_json({"days": (day,)})["days"][0]["day"] == "2026-11-30"
    assert json.loads(json.dumps(to_json({"a": {1: [State.DONE, None]}}))) == {"a": {"1": ["done", None]}}


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+49 30",
        "-2",
        "@SUM(A1)",
        "  =1",
        "\u00a0=1",
        "\t=1",
        "\rx",
        "\nx",
        '=HYPERLINK("https://evil.example")',
        "＝1",
        "＋1",
        "－1",
        "＠x",
    ],
)
def test_a_formula_is_text(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_cells() -> None:
    assert [cell(each) for each in (None, -3, 1.5, State.DONE, NOON, "a=b", "", True)] == [
        "",
        "-3",
        "1.500",
        "done",
        "2026-11-30T12:00:00+00:00",
        "a=b",
        "",
        "True",
    ]
    assert cell({"credits": 3, "words": "=1"}) == "credits=3; words==1"
    assert cell({"=1": ""}) == "'=1="
