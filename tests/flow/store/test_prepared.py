"""Statements as they go to the drivers, on each database."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import Connection, bindparam, insert, select

from bot.errors import StoreFailed
from bot.store.database import Database
from bot.store.engine import parsed
from bot.store.prepared import Prepared, Row
from bot.store.schema import account, key_value

REMEMBER = Prepared(insert(key_value))
NAMED = Prepared(
    select(key_value).where((key_value.c.key == bindparam("name")) | (key_value.c.value == bindparam("name")))
)
OURS = Prepared(select(key_value.c.value).where(key_value.c.key == bindparam("name"), key_value.c.value != "100 %"))


@pytest.fixture
async def database(database_url: str, store: object) -> AsyncGenerator[Database]:
    """With its tables, which `store` has made."""
    opened = await asyncio.to_thread(Database, parsed(database_url))
    yield opened
    await opened.close()


async def run(database: Database, statement: Prepared, **values: object) -> list[Row]:
    def work(conn: Connection) -> list[Row]:
        return statement.run(conn, values)

    return await database.write(work)


async def test_rows_come_back_by_the_names_of_their_columns(database: Database) -> None:
    assert await run(database, REMEMBER, key="a", value="b") == []
    assert await run(database, REMEMBER, key="c", value="a") == []
    found = await run(database, NAMED, name="a")  # one value in two places
    assert sorted(found, key=lambda row: row["key"]) == [{"key": "a", "value": "b"}, {"key": "c", "value": "a"}]
    assert await run(database, OURS, name="a") == [{"value": "b"}]  # beside a value of the statement's own
    assert await run(database, OURS, name="nobody") == []


async def test_what_the_driver_refuses_fails_and_quotes_no_value(database: Database) -> None:
    await run(database, REMEMBER, key="a", value="a fox in the snow")
    with pytest.raises(StoreFailed) as failed:
        await run(database, REMEMBER, key="a", value="a fox in the snow")
    assert "fox" not in str(failed.value.detail)
    assert await run(database, OURS, name="a") == [{"value": "a fox in the snow"}]  # and the database goes on


async def test_a_value_that_is_missing_fails(database: Database) -> None:
    with pytest.raises(StoreFailed):
        await run(database, REMEMBER, key="a")
    with pytest.raises(StoreFailed):
        await run(database, OURS)


async def test_a_column_that_there_is_not_fails(database: Database) -> None:
    with pytest.raises(StoreFailed):
        await run(database, Prepared(insert(account)), id="a", colour="red")
