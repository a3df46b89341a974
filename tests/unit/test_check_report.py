"""How `easel check` prints what it has found: lines, a table, JSON."""

import json

from adapters.doctor import Finding
from adapters.doctor.report import json_of, lines_of, summary, table_of

OK = Finding(subject="database", is_ok=True, message="answers")
NOTE = Finding(subject="disk", is_ok=True, message="900.0 MB free", hint="make room")
BAD = Finding(subject="telegram", is_ok=False, message="Telegram does not accept the token", hint="ask BotFather")


def test_each_finding_is_a_line_and_each_hint_another() -> None:
    assert lines_of([OK, NOTE, BAD]) == [
        "ok    database: answers",
        "note  disk: 900.0 MB free",
        "      → make room",
        "FAIL  telegram: Telegram does not accept the token",
        "      → ask BotFather",
    ]


def test_a_terminal_shows_columns_and_what_they_come_to() -> None:
    long = Finding(subject="provider relay offers some model of a long name", is_ok=True, message="sizes 1:1")
    assert table_of([OK, BAD, long], lambda text, status: f"<{status}>{text}") == [
        "<ok>ok    database                      answers",
        "<FAIL>FAIL  telegram                      Telegram does not accept the token",
        "                                    → ask BotFather",
        "<ok>ok    provider relay offers some model of a long name  sizes 1:1",
        "1 of 3 failed",
    ]
    assert table_of([]) == ["all is well"]


def test_the_summary_counts() -> None:
    assert summary([OK]) == "all is well"
    assert summary([OK, NOTE]) == "all is well, with one note"
    assert summary([NOTE, NOTE]) == "all is well, with 2 notes"
    assert summary([NOTE, BAD]) == "1 of 2 failed"


def test_programs_get_json() -> None:
    assert json.loads(json_of([OK, BAD], "1.2")) == {
        "ok": False,
        "version": "1.2",
        "findings": [
            {"subject": "database", "status": "ok", "message": "answers", "hint": None},
            {"subject": "telegram", "status": "fail", "message": BAD.message, "hint": "ask BotFather"},
        ],
    }
    assert json.loads(json_of([NOTE], "1"))["ok"] is True
    assert json.loads(json_of([NOTE], "1"))["findings"][0]["status"] == "note"
