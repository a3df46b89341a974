"""No damaged row takes a list, a file or a page of the administration down: what can be read is shown.

Tables and columns are those of the schema; each column is damaged in a row of its own, beside one that is sound.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Table

from bot.observability.error_groups import ErrorGroup
from bot.sandbox import Sandbox
from bot.store import schema
from tests.flow.admin.site import BOSS, Browser, admin_site
from tests.flow.store.test_unreadable_rows import DAMAGES
from tests.flow.store.test_unreadable_values import DEEP
from tests.flow.world import MemoryWorld, world
from tests.support.databases import execute
from tests.support.platform import AMBER, JADE

TABLES = (
    schema.account,
    schema.ledger,
    schema.strike,
    schema.job,
    schema.outcome,
    schema.checkpoint,
    schema.key_value,
    schema.audit_entry,
    schema.quarantine,
    schema.error_group,
    schema.admin_session,
)
"""Those that the page reads."""
SOUND_COPY = "damaged-sound"
UNDER_WAY = (
    "UPDATE job SET state = 'running', finished = NULL, charged = NULL WHERE id LIKE 'damaged-%' AND state = 'done'"
)
LISTS = ("jobs", "members", "chats", "set-aside", "errors", "audit")
FURTHER = {
    "no message": """'{"key": "failure-of-nothing", "facts": {}}'""",
    "lists": "'[[' || rowid || ']]'",
    "a missing state": "'running'",
    "nested": "replace(hex(zeroblob(30000)), '00', '[') || rowid",
    "too great": "9223372036854775807",
}


def damaged_id(table: Table, column: Column[Any]) -> str:
    return f"damaged-{table.name}-{column.name}"


def unique_columns(table: Table) -> set[str]:
    return {"job": {"id", "event"}, "ledger": {"job"}, "checkpoint": {"name"}}.get(
        table.name, {column.name for column in table.primary_key}
    )


def add_damaged_rows(file: str, value: str) -> None:
    """Of each table a copy of its first row for each column, in which a value is put into it, past every constraint."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        for table in TABLES:
            first = db.execute(f'SELECT * FROM "{table.name}" ORDER BY rowid').fetchone()  # noqa: S608 - names of the schema
            assert first is not None, table.name
            for column in table.columns:
                found = dict(zip(table.columns.keys(), first, strict=True))
                prefix = "pause:provider:" if table is schema.key_value else ""
                found |= dict.fromkeys(unique_columns(table), prefix + damaged_id(table, column))
                marks = ", ".join("?" * len(found))
                added = db.execute(f'INSERT INTO "{table.name}" VALUES ({marks})', [*found.values()])  # noqa: S608 - as above
                db.execute(f'UPDATE "{table.name}" SET "{column.name}" = {value} WHERE rowid = ?', (added.lastrowid,))  # noqa: S608 - as above
        db.execute(
            "UPDATE job SET id = ?, usage = NULL WHERE id = ?", (SOUND_COPY, damaged_id(schema.job, schema.job.c.usage))
        )
        db.commit()


async def scene(easel: MemoryWorld) -> str:
    """A sound row of each table. Returns the job's id."""
    await easel.say("a lighthouse")
    await easel.settled()
    [job] = await job_ids(easel)
    administration = easel.app.administration
    await administration.grant_credits(BOSS, AMBER.key, 3, entry="e1")
    await administration.pause_bot(BOSS, "a while")
    now = easel.clock.now()
    group = ErrorGroup(
        fingerprint="f1", kind="ValueError", place="a:b", event="odd", sample="s", count=1, first=now, last=now, jobs=()
    )
    await easel.app.store.error_groups.add_errors([group])
    moment = f"{now:%Y-%m-%d %H:%M:%S}.000000"
    execute(
        easel.database_url,
        f"INSERT INTO quarantine VALUES ('q1', 'notice', 'k', 'r', '{{}}', '{moment}')",  # noqa: S608 - a test's own words
        f"INSERT INTO strike VALUES ('{job}', '{AMBER.key}', '{moment}')",  # noqa: S608 - as above
    )
    return job


async def job_ids(easel: MemoryWorld) -> list[str]:
    return [row.id for row in (await easel.app.administration.jobs()).rows]


def pages(job: str) -> Iterator[str]:
    yield from ("now", "statistics", f"job?id={job}", f"member?key={AMBER.key}", "session")
    for name in LISTS:
        yield from (name, f"{name}.csv")
    for order in ("created", "finished", "seconds", "charged", "pictures"):
        yield from (f"jobs?sort={order}", f"jobs?sort={order}&order=ascending")
    for order in ("jobs", "charged", "failed"):
        yield from (f"members?sort={order}", f"chats?sort={order}")
    for column in schema.job.columns:
        yield f"job?id={damaged_id(schema.job, column)}"
    for column in schema.account.columns:
        yield f"member?key={damaged_id(schema.account, column)}"


ENGINES_DAMAGES = (
    "UPDATE audit_entry SET details = '[1]' WHERE action = 'ban'",
    f"UPDATE audit_entry SET details = '{DEEP}' WHERE action = 'unban'",  # noqa: S608 - a test's own words
    "UPDATE audit_entry SET at = '294000-01-01 00:00:00' WHERE action = 'unpause'",
    "UPDATE job SET created = '294000-01-01 00:00:00' WHERE user_key = 'memory:jade'",
    "UPDATE outcome SET finished = '294000-01-01 00:00:00' WHERE user_key = 'memory:jade'",
    "UPDATE ledger SET at = '294000-01-01 00:00:00' WHERE account = 'memory:jade'",
    "UPDATE checkpoint SET at = '294000-01-01 00:00:00' WHERE name = 'generated'",
    "UPDATE account SET day = '294000-01-01' WHERE id = 'memory:jade'",
    "INSERT INTO quarantine VALUES ('q2', 'notice', 'k', 'r', '{}', '294000-01-01 00:00:00')",
    f"UPDATE error_group SET jobs = '{DEEP}' WHERE fingerprint = 'f1'",  # noqa: S608 - as above
)
"""What either engine lets into a row."""


@pytest.mark.thorough
async def test_what_either_engine_keeps_takes_no_page_down(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox) as easel:
        job = await scene(easel)
        await easel.app.administration.resume_bot(BOSS)
        await easel.say("a lighthouse", sender=JADE)
        await easel.settled()
        await easel.app.administration.ban(BOSS, JADE.key)
        await easel.app.administration.unban(BOSS, JADE.key)
        await easel.app.administration.unpause(BOSS, JADE.key)
        async with admin_site(easel.app.store, easel.clock, easel.app.administration) as site:
            browser = await site.signed_in()
            execute(easel.database_url, *ENGINES_DAMAGES)
            for path in pages(job):
                assert "damaged" in path or (await browser.get(path)).status == 200, path
            assert (await browser.get(f"member?key={JADE.key}")).status == 200
            actions = [row["action"] for row in (await told(browser, "audit"))["rows"]]
            assert actions == ["resume-bot", "pause-bot", "grant"]
            assert job in [row["id"] for row in (await told(browser, "jobs"))["rows"]]


async def told(browser: Browser, path: str) -> Any:
    answer = await browser.get(path)
    assert answer.status == 200, (path, await answer.text())
    return await answer.json()


@pytest.mark.sqlite
@pytest.mark.forms(1)
@pytest.mark.parametrize("value", [*DAMAGES.values(), *FURTHER.values()], ids=[*DAMAGES, *FURTHER])
async def test_no_value_in_any_column_takes_a_page_down(tmp_path: Path, sandbox: Sandbox, value: str) -> None:
    async with world(tmp_path, sandbox) as easel:
        job = await scene(easel)
        async with admin_site(easel.app.store, easel.clock, easel.app.administration) as site:
            browser = await site.signed_in()
            add_damaged_rows(easel.database_url.removeprefix("sqlite:///"), value)
            failed: list[tuple[str, int]] = []
            for path in pages(job):
                status = (await browser.get(path)).status
                if status != 200 and not (status == 404 and "damaged" in path):
                    failed.append((path, status))
            assert not failed
            execute(easel.database_url, "PRAGMA ignore_check_constraints = ON", UNDER_WAY)
            assert SOUND_COPY in [row["id"] for row in (await told(browser, "now"))["running"]]
            for path in ("jobs", "jobs?sort=finished", "jobs.csv", f"member?key={AMBER.key}"):
                assert (await browser.get(path)).status == 200, path
            sound: Mapping[str, tuple[str, str]] = {
                "jobs": ("id", job),
                "members": ("key", AMBER.key),
                "set-aside": ("id", "q1"),
                "errors": ("fingerprint", "f1"),
                "audit": ("target", AMBER.key),
            }
            for name, (field, wanted) in sound.items():
                assert wanted in [row[field] for row in (await told(browser, name))["rows"]], name
                assert wanted in await (await browser.get(f"{name}.csv")).text() or name in ("audit",), name
            assert (await told(browser, f"job?id={job}"))["job"]["state"] == "done"
            assert (await told(browser, f"member?key={AMBER.key}"))["balance"]["available"] > 0
        await easel.app.administration.resume_bot(BOSS)
