"""What the admin page is told: lists page by page, whole as a file, one job and one member, changes, refusals."""

import csv
import io
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.chat import User
from bot.errors import StoreFailed
from bot.sandbox import Sandbox
from tests.flow.admin.site import BOSS, Browser, Site, admin_site
from tests.flow.world import MemoryWorld, world
from tests.support.databases import connected, execute
from tests.support.filled_database import fill_jobs
from tests.support.platform import AMBER
from tests.support.statements import watch_statements

JOBS = 2_300  # three parts of an export
PAGES = (
    "now",
    "statistics",
    "jobs",
    "jobs?state=failed&order=ascending",
    "job?id=j00000000007",
    "members",
    "member?key=telegram:7",
    "chats",
    "set-aside",
    "errors",
    "audit",
)
"""Every page, with a form that scans nothing."""


@pytest.fixture
async def easel(tmp_path: Path, sandbox: Sandbox) -> AsyncGenerator[MemoryWorld]:
    async with world(tmp_path, sandbox) as made:
        yield made


@pytest.fixture
async def site(easel: MemoryWorld) -> AsyncGenerator[Site]:
    async with admin_site(easel.app.store, easel.clock, easel.app.administration) as made:
        yield made


async def rows_of(browser: Browser, path: str) -> list[dict[str, Any]]:
    """Every row of a list, page by page."""
    rows: list[dict[str, Any]] = []
    after = ""
    while True:
        page = await (await browser.get(f"{path}{'&' if '?' in path else '?'}after={after}")).json()
        rows += page["rows"]
        if page["next"] is None:
            return rows
        after = page["next"]


async def lines_of(browser: Browser, path: str) -> list[dict[str, str]]:
    """The rows of a file."""
    answer = await browser.get(path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="easel-')
    return list(csv.DictReader(io.StringIO((await answer.read()).decode("utf-8-sig"), newline="")))


# ---------------------------------------------------------------- lists


@pytest.mark.sqlite
async def test_a_list_has_each_row_once_page_by_page_and_as_a_file(easel: MemoryWorld, site: Site) -> None:
    fill_jobs(easel.database_url, JOBS, datetime.now(UTC))
    browser = await site.signed_in()
    everything = [row["id"] for row in await rows_of(browser, "jobs")]
    assert len(everything) == len(set(everything)) == JOBS
    assert [line["id"] for line in await lines_of(browser, "jobs.csv")] == everything
    failed = [row["id"] for row in await rows_of(browser, "jobs?state=failed&sort=seconds&order=ascending")]
    lines = await lines_of(browser, "jobs.csv?state=failed&sort=seconds&order=ascending")
    assert [line["id"] for line in lines] == failed
    assert {line["state"] for line in lines} == {"failed"}
    took = [int(line["milliseconds"]) for line in lines]
    assert took == sorted(took)
    members = await rows_of(browser, "members?days=400&sort=charged")
    assert [line["key"] for line in await lines_of(browser, "members.csv?days=400&sort=charged")] == [
        row["key"] for row in members
    ]
    charged = [row["charged"] for row in members]
    assert charged == sorted(charged, reverse=True)
    chats = await lines_of(browser, "chats.csv?days=400")
    assert sum(int(line["jobs"]) for line in chats) == JOBS


async def test_a_file_has_no_formula(easel: MemoryWorld, site: Site) -> None:
    await easel.say("a lighthouse", sender=User(platform="memory", id="evil", name='=HYPERLINK("x")'))
    await easel.settled()
    browser = await site.signed_in()
    [line] = await lines_of(browser, "members.csv")
    assert (line["key"], line["name"], line["pictures"]) == ("memory:evil", '\'=HYPERLINK("x")', "1")


async def test_pages_and_files_of_nothing(site: Site) -> None:
    browser = await site.signed_in()
    for name in ("jobs", "members", "chats", "set-aside", "errors", "audit"):
        assert await (await browser.get(name)).json() == {"rows": [], "next": None}
        assert await lines_of(browser, f"{name}.csv") == []
    statistics = await (await browser.get("statistics?days=3")).json()
    assert [day["pictures"] for day in statistics["days"]] == [0, 0, 0]
    assert statistics["latencies"]["whole"] == {"p50": None, "p90": None, "p99": None}


async def test_unexpected_errors_are_listed(easel: MemoryWorld, site: Site) -> None:
    execute(
        easel.database_url,
        "INSERT INTO error_group (fingerprint, kind, place, event, sample, count, first, last, jobs) VALUES"
        " ('00', 'builtins.KeyError', 'bot.app:open', '=job failed', 'Traceback', 3,"
        " '2026-11-30 08:00:00.000000', '2026-11-30 09:00:00.000000', '[\"abc\"]')",
    )
    browser = await site.signed_in()
    [row] = await rows_of(browser, "errors")
    assert (row["kind"], row["count"], row["jobs"]) == ("builtins.KeyError", 3, ["abc"])
    [line] = await lines_of(browser, "errors.csv")
    assert (line["event"], line["jobs"]) == ("'=job failed", "abc")


async def test_a_file_that_breaks_off_does_not_look_whole(
    easel: MemoryWorld, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, parts = easel.app.administration.audit, iter(range(9))

    async def read_once(**given: Any) -> Any:
        if next(parts):
            raise StoreFailed(detail="gone")
        return replace(await read(**given), next="more")

    monkeypatch.setattr(easel.app.administration, "audit", read_once)
    browser = await site.signed_in()
    with pytest.raises(aiohttp.ClientPayloadError):
        await browser.get("audit.csv")
    refused = await browser.get("audit")
    assert refused.status == 503
    assert "database does not answer" in (await refused.json())["refusal"]


async def test_what_nobody_expected_is_said_and_logged(
    easel: MemoryWorld, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(easel.app.administration, "overview", fail)
    answer = await (await site.signed_in()).get("now")
    assert answer.status == 500
    assert "unexpected" in (await answer.json())["refusal"]
    assert answer.headers["Cache-Control"] == "no-store"


async def test_what_is_misspelled_is_refused_with_a_sentence(site: Site) -> None:
    browser = await site.signed_in()
    for path, said in (
        ("jobs?state=lost", "state is one of waiting"),
        ("jobs?sort=prompt", "sort is one of created"),
        ("jobs?after=nonsense", "begin with its first page"),
        ("jobs.csv?since=yesterday", "since is a day"),
        ("members?days=0", "days is a number"),
        ("job", "id is missing"),
        ("job?id=nothing", "There is no job"),
        ("member?key=memory:nobody", "Nothing is known"),
    ):
        answer = await browser.get(path)
        assert answer.status in (400, 404)
        assert said in (await answer.json())["refusal"]


# ---------------------------------------------------------------- one job, one member, changes


async def test_a_job_is_shown_with_all_that_happened(easel: MemoryWorld, site: Site) -> None:
    await easel.say("a lighthouse --size 3:2")
    [post] = await easel.settled()
    browser = await site.signed_in()
    [row] = await rows_of(browser, "jobs")
    found = await (await browser.get(f"job?id={row['id']}")).json()
    job = found["job"]
    assert (job["prompt"], job["state"], job["charged"], job["user"]["key"]) == ("a lighthouse", "done", 1, AMBER.key)
    assert job["options"]["size"] == "3:2"
    assert {"accepted", "settled"} <= {step["name"] for step in found["steps"]}
    assert [entry["kind"] for entry in found["ledger"]] == ["reserve", "settle"]
    assert [each["message_id"] for each in found["messages"]] == [post.id]
    assert "attachment" not in json.dumps(found)
    assert all(handle not in json.dumps(found) for handle in easel.platform.files)


async def test_changes_are_made_once_and_audited(easel: MemoryWorld, site: Site) -> None:
    browser = await site.signed_in()
    grant = {"member": AMBER.key, "credits": 7, "entry": "one"}
    for _ in range(2):  # no answer came to the first, as far as the page knows
        assert (await browser.post("changes/grant", grant)).status == 200
    assert (await easel.balance(AMBER.key)).available == 57
    assert (await browser.post("changes/set", {"member": AMBER.key, "credits": 3, "entry": "two"})).status == 200
    assert (await easel.balance(AMBER.key)).available == 3
    assert (await browser.post("changes/ban", {"member": AMBER.key})).status == 200
    assert (await browser.post("changes/unban", {"member": AMBER.key})).status == 200
    assert (await browser.post("changes/pause-bot", {"words": "back at noon"})).status == 200
    now = await (await browser.get("now")).json()
    assert (now["pause"]["words"], now["pause"]["who"]) == ("back at noon", BOSS)
    assert (await browser.post("changes/resume-bot")).status == 200
    rows = await rows_of(browser, "audit")
    assert [row["action"] for row in rows] == ["resume-bot", "pause-bot", "unban", "ban", "set", "grant"]
    assert {row["who"] for row in rows} == {BOSS}
    about_amber = await rows_of(browser, f"audit?target={AMBER.key}")
    assert [row["action"] for row in about_amber] == ["unban", "ban", "set", "grant"]


async def test_a_change_that_cannot_be_is_refused_and_not_audited(site: Site) -> None:
    browser = await site.signed_in()
    for name, body in (
        ("grant", {"member": "amber", "credits": 1, "entry": "x"}),
        ("grant", {"member": AMBER.key, "credits": -1, "entry": "x"}),
        ("grant", {"member": AMBER.key, "credits": 10**9 + 1, "entry": "x"}),
        ("grant", {"member": AMBER.key, "credits": "7", "entry": "x"}),
        ("grant", {"member": AMBER.key, "credits": 7}),
        ("set", {"member": AMBER.key, "credits": 7, "entry": "x" * 501}),
        ("ban", {}),
        ("pause-provider", {"provider": "nobody"}),
        ("pause-bot", {"words": "x" * 1001}),
        ("cancel", {"job": "nothing"}),
        ("delete-set-aside", {"row": "nothing"}),
    ):
        answer = await browser.post(f"changes/{name}", body)
        assert answer.status in (400, 422), name
        assert (await answer.json())["refusal"]
    assert (await browser.post("changes/explode")).status == 404
    assert await rows_of(browser, "audit") == []


# ---------------------------------------------------------------- many jobs


@pytest.mark.sqlite
@pytest.mark.parametrize("count", [JOBS, pytest.param(100_000, marks=pytest.mark.thorough)])
async def test_no_page_looks_through_all_jobs(easel: MemoryWorld, site: Site, count: int) -> None:
    fill_jobs(easel.database_url, count, datetime.now(UTC))
    execute(easel.database_url, "ANALYZE")
    browser = await site.signed_in()
    seen: list[tuple[str, Any]] = []
    async with AsyncExitStack() as stack:
        stack.enter_context(watch_statements(lambda sql, parameters: seen.append((sql, parameters))))
        other = await stack.enter_async_context(admin_site(easel.app.store, easel.clock, easel.app.administration))
        browser.address, browser.http = other.address, other.http
        for path in PAGES:
            seen.clear()
            assert (await browser.get(path)).status == 200
            assert plans(easel.database_url, seen) == [], path


def plans(database_url: str, statements: list[tuple[str, Any]]) -> list[str]:
    """The steps that read the whole table of jobs, in the plans of these statements."""
    with connected(database_url) as connection:
        return [
            step
            for sql, parameters in statements
            if sql.lstrip().upper().startswith(("SELECT", "WITH"))
            for *_, step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
            if step.startswith("SCAN job") and "USING" not in step
        ]
