"""Transactions on PostgreSQL: how often the server is waited for, and what becomes of what it refuses later."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
from sqlalchemy import Connection, delete, insert, select

from bot.errors import StoreFailed
from bot.runtime.clock import SystemClock
from bot.store.database import Database
from bot.store.engine import parse_url, upsert, upsert_all
from bot.store.schema import key_value
from bot.store.store import Store
from tests.flow.store.stores import RULES, new_job
from tests.support.ways import Way

INSERT = insert(key_value)
KEYS = select(key_value.c.key).order_by(key_value.c.key)


@pytest.fixture
async def database(shared_url: str) -> AsyncGenerator[Database]:
    opened = Database(parse_url(shared_url), SystemClock())
    yield opened
    await opened.close()


def put(conn: Connection, key: str) -> None:
    conn.execute(INSERT, {"key": key, "value": "x"})


def keys(conn: Connection) -> list[str]:
    return list(conn.execute(KEYS).scalars())


async def test_the_server_is_waited_for_once_for_each_result_and_for_the_commit(shared_url: str) -> None:
    async with Way(shared_url) as way:
        store = await Store.open(way.url, clock=SystemClock())
        holders = store.job_holders(user_concurrent=9, notify=lambda _: None)

        async def accept() -> None:
            job, _ = await store.accept_job(
                new_job(), RULES, begun=True, holder="p", enqueue=lambda conn, job: holders.enqueue(conn, job, 0.0)[0]
            )
            await store.save_checkpoint(job, "accepted", {})

        async def turns(work: Callable[[], Awaitable[object]]) -> int:
            for _ in range(2):  # the second time prepares
                await work()
            begun = way.turns
            await work()
            return way.turns - begun

        assert await turns(lambda: store.adapter_store.set_value("a", "b")) == 1
        assert await turns(lambda: store.adapter_store.get_value("a")) == 1
        assert await turns(accept) == 3 + 1
        await store.close()


@pytest.mark.parametrize("reads", [False, True])
@pytest.mark.parametrize("count", [1, 3])
async def test_what_is_refused_late_undoes_all(database: Database, count: int, reads: bool) -> None:
    """`count`: of the statements, of which the first is refused."""
    await database.write(lambda conn: put(conn, "0"))

    def work(conn: Connection) -> None:
        for number in range(count):
            put(conn, str(number))
        if reads:
            keys(conn)

    with pytest.raises(StoreFailed, match="UniqueViolation"):
        await database.write(work)
    await database.write(lambda conn: put(conn, "a"))  # over the same connection
    assert await database.read(keys) == ["0", "a"]


@pytest.mark.parametrize("reads", [False, True])
async def test_what_its_caller_breaks_off_leaves_nothing(database: Database, reads: bool) -> None:
    def work(conn: Connection) -> None:
        put(conn, "a")
        if reads:
            assert keys(conn) == ["a"]
        put(conn, "b")
        raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            await database.write(work)
    assert await database.read(keys) == []


async def test_statements_are_executed_in_order_and_together(database: Database) -> None:
    def work(conn: Connection) -> list[str]:
        put(conn, "a")
        upsert_all(conn, key_value, [{"key": key, "value": "x"} for key in "bcd"], key="key")
        conn.execute(delete(key_value).where(key_value.c.key == "c"))
        found = keys(conn)
        upsert_all(conn, key_value, [{"key": "e", "value": "x"}], key="key")
        return found

    assert await database.write(work) == ["a", "b", "d"]
    assert await database.read(keys) == ["a", "b", "d", "e"]


async def test_rows_written_in_one_call_are_written_together(database: Database) -> None:
    rows = [{"key": key, "value": "x"} for key in "ab"] + [{"key": "c", "value": None}]
    with pytest.raises(StoreFailed):
        await database.write(lambda conn: upsert_all(conn, key_value, rows, key="key"))
    assert await database.read(keys) == []
    await database.write(lambda conn: upsert(conn, key_value, {"key": "a", "value": "y"}, key="key"))
    assert await database.read(keys) == ["a"]
