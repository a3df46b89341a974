"""No stored row stops a start: whatever stands in a column, other jobs go on, new ones run, and credits come back once.

Tables and columns are those of the schema, so that new ones are covered as soon as they are there. Each column is
damaged in a row of its own, of a user of its own; all of them in one start, or (-m soak) each in turn.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Table

from adapters import doctor
from bot.chat import User
from bot.job import Job
from bot.observability.metrics import ROWS_SET_ASIDE
from bot.runtime.clock import SystemClock
from bot.sandbox import Sandbox
from bot.store import schema
from bot.store.store import Store
from bot.texts import translate
from tests.flow.scenes import LONG, books
from tests.flow.store.victims import accepted, under_way
from tests.flow.world import MemoryWorld, settings, world
from tests.support.platform import AMBER, JADE, Platform
from tests.support.waiting import wait_until

JOB_TABLES = (schema.account, schema.ledger, schema.job, schema.checkpoint, schema.result)

DAMAGES: Mapping[str, str] = {
    "blob": "x'ff00ff'",
    "words": "'garbage ' || rowid",
    "no UTF-8": "CAST(x'ff' || CAST('é' || rowid AS BLOB) AS TEXT)",
    "array": "'[1, ' || rowid || ']'",
    "object": "'{\"key\": ' || rowid || '}'",
    "below zero": "-1000000 - rowid",
    "half": "0.5 + rowid",
    "the future": "'9999-12-31 23:59:59.999999'",
}
"""SQL for the value that replaces a sound one; another one in each row, since some columns are unique."""
FEW = ("blob", "words", "no UTF-8")
"""Those of every run; the others come with the soak."""


@dataclass(frozen=True, slots=True)
class Victim:
    """A row with a damaged column, and whose it is."""

    column: Column[Any]
    user: User
    job: Job | None

    def __str__(self) -> str:
        return f"{self.column.table}.{self.column.name}"


def columns() -> Iterator[Column[Any]]:
    for table in schema.metadata.sorted_tables:
        yield from table.columns


def independent_row(table: Table, number: int) -> dict[str, Any]:
    """A row of a table that no job needs."""
    texts = {"adapter": "telegram", "scope": f"discord:{number}", "value": '["2026-03-14T12:00:00+00:00", []]'}
    row: dict[str, Any] = {}
    for column in table.columns:
        kind = str(column.type).upper()
        if isinstance(column.type, JSON):
            row[column.name] = json.dumps({"update_id": number})
        elif "DATE" in kind or "TIMESTAMP" in kind:
            row[column.name] = "2099-01-01 00:00:00.000000"
        elif "INT" in kind:
            row[column.name] = number
        elif "BLOB" in kind:
            row[column.name] = b"data"
        else:
            row[column.name] = texts.get(column.name, f"pending-requests:memory:{number}")
    return row


def damage(db: sqlite3.Connection, victim: Victim, value: str) -> None:
    """Puts a value into a column of the victim's row, past every constraint."""
    table, name = victim.column.table.name, victim.column.name
    owner = {
        "account": ("id", victim.user.key),
        "ledger": ("kind = 'reserve' AND job", victim.job and victim.job.id),
        "job": ("id", victim.job and victim.job.id),
        "checkpoint": ("job", victim.job and victim.job.id),
        "result": ("job", victim.job and victim.job.id),
    }.get(table)
    where, key = owner or ("rowid", int(victim.user.id.removeprefix("v")))
    assert db.execute(f'UPDATE "{table}" SET "{name}" = {value} WHERE {where} = ?', (key,)).rowcount == 1  # noqa: S608 - a test's own words


async def scene(folder: Path, sandbox: Sandbox, chosen: list[Column[Any]], value: str) -> list[Victim]:
    """A database with an honest job, and a victim for each chosen column."""
    url = settings(folder, sandbox).database_url
    store = await Store.open(url, clock=SystemClock())
    victims: list[Victim] = []
    try:
        await accepted(store, AMBER)
        for number, column in enumerate(chosen, start=1):
            user = User(platform="memory", id=f"v{number}", name="Victim")
            job = await under_way(store, user) if column.table in JOB_TABLES else None
            victims.append(Victim(column, user, job))
    finally:
        await store.close()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        for number, victim in enumerate(victims, start=1):
            table = victim.column.table
            row = {"rowid": number, **independent_row(table, number)} if victim.job is None else {}
            if table is schema.result and victim.job is not None:
                row = {
                    "job": victim.job.id,
                    "position": 0,
                    "media_type": "image/png",
                    "width": 1,
                    "height": 1,
                    "data": b"",
                }
            if row:
                names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
                db.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', [*row.values()])  # noqa: S608 - as above
            damage(db, victim, value)
        db.commit()
    return victims


def painted(easel: MemoryWorld) -> int:
    return sum(bool(post.images) for post in easel.platform.posts)


async def all_ended(easel: MemoryWorld) -> bool:
    return not await easel.app.store.unfinished_jobs()


async def check(folder: Path, sandbox: Sandbox, victims: list[Victim]) -> None:
    """Starts twice: others go on, a new job runs, nothing is held, everybody has what they had."""
    platform = Platform()
    for start in range(2):
        async with world(folder, sandbox, platform) as easel:
            await easel.say(f"a new one {start}", sender=JADE)
            await wait_until(lambda: all_ended(easel))
            await easel.platform.until(lambda count=2 + start: painted(easel) == count)
            assert await books(easel) == (49, 0)
            for victim in victims:
                assert await books(easel, victim.user) == (57 if victim.job else 50, 0), (str(victim), start)
    assert len(sandbox.requests) == 3  # nobody's painting was asked for again


@pytest.mark.forms(1)
@pytest.mark.parametrize("kind", FEW)
async def test_no_value_in_any_column_stops_a_start_or_others(tmp_path: Path, kind: str) -> None:
    async with Sandbox(pace=0) as sandbox:
        await check(tmp_path, sandbox, await scene(tmp_path, sandbox, list(columns()), DAMAGES[kind]))


@pytest.mark.soak
@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("column", list(columns()), ids=lambda column: f"{column.table}.{column.name}")
async def test_each_value_in_each_column_in_turn(tmp_path: Path, column: Column[Any], kind: str) -> None:
    async with Sandbox(pace=0) as sandbox:
        await check(tmp_path, sandbox, await scene(tmp_path, sandbox, [column], DAMAGES[kind]))


# ---------------------------------------------------------------- one row, and what everybody sees of it


def change(folder: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / "easel.db")) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        assert db.execute(sql, values).rowcount == 1
        db.commit()


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    "damage",
    [
        "options = '{'",
        "state = 'thinking'",
        "sender = '[]'",
        "locale = x'00'",
        "cost = 9",
        "provider = 'p'",
        "chat_key = 'x'",
    ],
)
async def test_a_job_that_cannot_be_read_ends_in_words_and_is_shown_to_the_operator(
    tmp_path: Path, damage: str
) -> None:
    platform = Platform()
    before = ROWS_SET_ASIDE.labels("job")._value.get()  # type: ignore[reportPrivateUsage]  # no other way to read it
    async with Sandbox(pace=0) as sandbox:
        config = settings(tmp_path, sandbox)
        store = await Store.open(config.database_url, clock=SystemClock())
        job = await accepted(store, AMBER)
        await store.close()
        change(tmp_path, f"UPDATE job SET {damage} WHERE id = ?", job.id)  # noqa: S608 - as above
        [found] = [each for each in await doctor.run_checks(config) if each.subject == "unreadable row"]
        assert job.id in found.message
        for _ in range(2):
            async with world(tmp_path, sandbox, platform) as easel:
                if damage != "chat_key = 'x'":  # nobody knows where to tell it
                    await platform.until(lambda: bool(platform.posts))
                    assert [post.text for post in platform.posts] == [translate("en", "failed-unreadable")]
                assert await books(easel) == (50, 0)
                assert not await easel.app.store.unfinished_jobs()
                [row] = await easel.app.store.quarantine.list_rows()
                assert (row.table, row.key) == ("job", job.id)
        [found] = [each for each in await doctor.run_checks(config) if each.subject == "unreadable row"]
        assert job.id in found.message
        assert "set aside" in found.message
    assert ROWS_SET_ASIDE.labels("job")._value.get() == before + 1  # type: ignore[reportPrivateUsage]  # as above
    assert not sandbox.requests


async def test_what_was_set_aside_is_forgotten_with_its_user(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox:
        store = await Store.open(settings(tmp_path, sandbox).database_url, clock=SystemClock())
        job = await accepted(store, AMBER)
        await store.close()
        change(tmp_path, "UPDATE job SET options = '{' WHERE id = ?", job.id)
        async with world(tmp_path, sandbox) as easel:
            await easel.say("/forget")
            await easel.platform.until(lambda: len(easel.platform.posts) == 2)
            assert await easel.app.store.quarantine.list_rows() == []


async def test_a_row_that_breaks_while_easel_runs_ends_its_job_alone(tmp_path: Path) -> None:
    """As the attempt begins: not even a failure can be written for it in the usual way."""
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, limits={"user_concurrent": 1}) as easel:
        await easel.say(f"a cat [[quiet:{LONG:g}]]")
        await wait_until(lambda: len(sandbox.requests) == 1)
        await easel.say("a dog")
        await easel.platform.until(lambda: len(easel.platform.posts) == 2)
        [first, second] = await easel.app.store.unfinished_jobs()
        change(tmp_path, "UPDATE job SET options = '{' WHERE id = ?", second.id)
        await easel.app.jobs.cancel_job(first.id)
        words = translate("en", "failed-unreadable")
        await easel.platform.until(lambda: easel.platform.posts[1].text == words)
        assert await books(easel) == (50, 0)
        await easel.say("a fox", sender=JADE)
        await easel.platform.until(lambda: painted(easel) == 1)
