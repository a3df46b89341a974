"""Statements that take their values beside them, on each engine."""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Insert, bindparam, insert, select

from bot.errors import StoreFailed
from bot.runtime.clock import SystemClock
from bot.store.database import Database
from bot.store.engine import connect_args, insert_once, insert_or_lock, parse_url, upsert
from bot.store.job_rows import update_held_job, update_job
from bot.store.schema import key_value
from bot.store.store import Store
from tests.flow.store.stores import RULES, new_job

INSERT = insert(key_value)
SELECT = select(key_value).where((key_value.c.key == bindparam("name")) | (key_value.c.value == bindparam("name")))


@pytest.fixture
async def database(database_url: str, store: object) -> AsyncGenerator[Database]:
    """With its tables, which `store` has made."""
    opened = await asyncio.to_thread(Database, parse_url(database_url), SystemClock())
    yield opened
    await opened.close()


async def execute(database: Database, statement: Insert, **values: object) -> None:
    def work(conn: Connection) -> None:
        conn.execute(statement, values)

    await database.write(work)


async def found(database: Database, name: str) -> list[dict[str, object]]:
    def work(conn: Connection) -> list[dict[str, object]]:
        return [dict(row) for row in conn.execute(SELECT, {"name": name}).mappings()]

    return await database.read(work)


async def test_rows_come_back_by_the_names_of_their_columns(database: Database) -> None:
    await execute(database, INSERT, key="a", value="b")
    await execute(database, INSERT, key="c", value="a")
    rows = await found(database, "a")  # one value in two places
    assert sorted(rows, key=lambda row: str(row["key"])) == [{"key": "a", "value": "b"}, {"key": "c", "value": "a"}]
    assert await found(database, "nobody") == []


async def test_what_the_driver_refuses_fails_and_quotes_no_value(database: Database) -> None:
    await execute(database, INSERT, key="a", value="a fox in the snow")
    with pytest.raises(StoreFailed) as failed:
        await execute(database, INSERT, key="a", value="a fox in the snow")
    assert "fox" not in str(failed.value.detail)
    assert "fox" not in repr(failed.value.__cause__)
    assert await found(database, "a") == [{"key": "a", "value": "a fox in the snow"}]  # and the database goes on


async def test_a_value_that_is_missing_fails(database: Database) -> None:
    with pytest.raises(StoreFailed):
        await execute(database, INSERT, key="a")
    with pytest.raises(StoreFailed):
        await database.read(lambda conn: conn.execute(SELECT).all())


async def test_inserts_say_what_they_met(database: Database) -> None:
    def work(conn: Connection) -> list[object]:
        first, second = {"key": "a", "value": "1"}, {"key": "a", "value": "2"}
        results: list[object] = [
            insert_once(conn, key_value, first, key="key"),
            insert_once(conn, key_value, second, key="key"),
            insert_or_lock(conn, key_value, second, key="key"),
            insert_or_lock(conn, key_value, {"key": "b", "value": "3"}, key="key"),
        ]
        upsert(conn, key_value, second, key="key")
        return results

    assert await database.write(work) == [
        True,
        False,
        {"key": "a", "value": "1"},
        {"key": "b", "value": "3"},
    ]
    assert await found(database, "a") == [{"key": "a", "value": "2"}]


@pytest.mark.parametrize("write", [insert_once, insert_or_lock, upsert])
async def test_an_unknown_column_is_refused_and_nothing_is_written(database: Database, write: Any) -> None:
    def work(conn: Connection) -> None:
        write(conn, key_value, {"key": "a", "value": "b", "colour": "red"}, key="key")

    with pytest.raises(ValueError, match="key_value has no column colour"):
        await database.write(work)
    assert await found(database, "a") == []


async def test_an_update_of_an_unknown_column_is_refused(database: Database, store: Store) -> None:
    job, _ = await store.accept_job(new_job(), RULES, begun=True)
    unknown = {"prompt": "", "colour": "red"}
    for update in (partial(update_job, job_id=job.id), partial(update_held_job, holder=job)):
        with pytest.raises(ValueError, match="job has no column colour"):
            await database.write(lambda conn, update=update: update(conn, values=unknown))
    assert (await store.get_job(job.id)) == job


def test_postgresql_answers_in_utc_and_keeps_the_operators_options() -> None:
    def options(url: str) -> str:
        return str(connect_args(parse_url(url))["options"])

    ours = "-c timezone=UTC -c idle_in_transaction_session_timeout=10000"
    assert options("postgresql://amber@localhost/easel") == ours
    url = "postgresql://amber@localhost/easel?options=-c%20statement_timeout%3D5s"
    assert options(url) == f"-c statement_timeout=5s {ours}"


async def test_a_connection_reads_no_file_of_time_zones(database: Database) -> None:
    def zone(conn: Connection) -> str:
        is_postgresql = conn.dialect.name == "postgresql"
        return str(conn.exec_driver_sql("SHOW timezone").scalar_one()) if is_postgresql else "UTC"

    assert await database.read(zone) == "UTC"
