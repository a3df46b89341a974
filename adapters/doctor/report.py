"""What `easel check` prints: a line for each finding and one for its hint, a table on a terminal, or JSON. Pure."""

import json
from collections.abc import Callable, Sequence

from adapters.doctor.findings import Finding

STATUS_WIDTH = 4  # of the longest status
HINT_MARK = "→"
MAX_SUBJECT_WIDTH = 28  # of a column; longer subjects push their message to the right

Style = Callable[[str, str], str]
"""Colours a text by a status."""


def plain(text: str, _status: str) -> str:
    """No colours."""
    return text


def lines_of(findings: Sequence[Finding]) -> list[str]:
    """For files and pipes: `FAIL  subject: message`, and below it the hint."""
    found: list[str] = []
    for each in findings:
        found.append(f"{each.status.ljust(STATUS_WIDTH)}  {each.subject}: {each.message}")
        if each.hint:
            found.append(f"{' ' * STATUS_WIDTH}  {HINT_MARK} {each.hint}")
    return found


def table_of(findings: Sequence[Finding], style: Style = plain) -> list[str]:
    """For a terminal: the same in columns. `style`: colours a status."""
    width = max((min(len(each.subject), MAX_SUBJECT_WIDTH) for each in findings), default=0)
    found: list[str] = []
    for each in findings:
        status = style(each.status.ljust(STATUS_WIDTH), each.status)
        found.append(f"{status}  {each.subject.ljust(width)}  {each.message}")
        if each.hint:
            found.append(f"{' ' * (STATUS_WIDTH + 2 + width)}  {HINT_MARK} {each.hint}")
    return [*found, summary(findings)]


def summary(findings: Sequence[Finding]) -> str:
    """How many of each."""
    failed = sum(not each.is_ok for each in findings)
    notes = sum(each.status == "note" for each in findings)
    if failed:
        return f"{failed} of {len(findings)} failed"
    return f"all is well, with {notes} notes" if notes > 1 else "all is well, with one note" if notes else "all is well"


def json_of(findings: Sequence[Finding], version: str) -> str:
    """For programs: `ok`, `version` and `findings`, each with `subject`, `status`, `message` and `hint`."""
    document = {
        "ok": all(each.is_ok for each in findings),
        "version": version,
        "findings": [
            {"subject": each.subject, "status": each.status.lower(), "message": each.message, "hint": each.hint or None}
            for each in findings
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)
