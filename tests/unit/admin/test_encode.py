"""Values as JSON, and cells of a table file in which no spreadsheet finds a formula."""

import json
from datetime import UTC, date, datetime

import pytest

from adapters.admin.encode import cell, to_json
from bot.job import State
from bot.ports.admin_figures import DayFigures, UsageRow
from bot.ports.admin_views import Page

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
ROW = UsageRow(key="telegram:1", name="Amber", jobs=3, pictures=2, charged=8, failed=1)


def test_values_keep_the_names_of_their_fields() -> None:
    assert to_json(Page(rows=(ROW,), next="x")) == {
        "rows": [{"key": "telegram:1", "name": "Amber", "jobs": 3, "pictures": 2, "charged": 8, "failed": 1}],
        "next": "x",
    }
    assert to_json(NOON) == "2026-11-30T12:00:00+00:00"
    day = DayFigures(day=date(2026, 11, 30), pictures=1, charged=2, done=1, failed=0, cancelled=0)
    assert to_json({"days": (day,)})["days"][0]["day"] == "2026-11-30"
    assert json.loads(json.dumps(to_json({"a": {1: [State.DONE, None]}}))) == {"a": {"1": ["done", None]}}
    assert to_json([0.5, float("inf"), float("nan")]) == [0.5, None, None]


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
    assert cell(("abc", "def")) == "abc def"
    assert cell({"credits": 3, "words": "=1"}) == "credits=3; words==1"
    assert cell({"=1": ""}) == "'=1="
