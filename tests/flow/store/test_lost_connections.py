"""Connections to PostgreSQL that end, or fall silent: what was under way is done over others, or fails in time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Connection, text

from bot.errors import StoreFailed
from bot.runtime.clock import SystemClock
from bot.store.database import Database
from bot.store.engine import parse_url, upsert
from bot.store.schema import key_value
from tests.support.clusters import member
from tests.support.databases import execute
from tests.support.waiting import wait_until
from tests.support.ways import Way

END_ALL = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE pid <> pg_backend_pid() AND datname = current_database()"""
ANSWER_S = 0.5  # of a server on this machine
PUT = text("INSERT INTO key_value (key, value) VALUES (:key, 'x')")
COUNT = text("SELECT count(*) FROM key_value")


def count(conn: Connection) -> int:
    return conn.execute(COUNT).scalar_one()


def put(conn: Connection, key: str) -> None:
    conn.execute(PUT, {"key": key})


def row(number: int) -> dict[str, str]:
    return {"key": str(number), "value": "x"}


@asynccontextmanager
async def database(url: str, answer_within_s: float = 60.0) -> AsyncGenerator[Database]:
    opened = Database(parse_url(url), SystemClock(), answer_within_s=answer_within_s)
    yield opened
    await opened.close()


async def test_what_meets_a_connection_that_has_gone_is_done_over_another(shared_url: str) -> None:
    async with database(shared_url) as opened:
        await asyncio.gather(*(opened.read(count) for _ in range(5)))
        await asyncio.to_thread(execute, shared_url, END_ALL)
        await asyncio.gather(*(opened.write(lambda conn, key=key: put(conn, key)) for key in "abc"))
        await asyncio.to_thread(execute, shared_url, END_ALL)
        assert await asyncio.gather(*(opened.read(count) for _ in range(5))) == [3] * 5


async def test_a_write_that_goes_with_its_commit_meets_no_connection_that_has_gone(shared_url: str) -> None:
    async with database(shared_url) as opened:
        for number in range(3):
            await opened.write(lambda conn, number=number: upsert(conn, key_value, row(number), key="key"))
            await asyncio.to_thread(execute, shared_url, END_ALL.replace("(pid)", "(pid, 60000)"))  # until they have
        assert await opened.read(count) == 3


async def test_a_transaction_whose_connection_goes_in_its_middle_is_begun_again(shared_url: str) -> None:
    async with database(shared_url) as opened:
        ended: list[bool] = []

        def work(conn: Connection) -> None:
            put(conn, "a")
            if not ended:
                ended.append(True)
                execute(shared_url, END_ALL)
            put(conn, "b")

        await opened.write(work)
        assert await opened.read(count) == 2


async def test_a_commit_that_nobody_has_answered_is_not_repeated(shared_url: str) -> None:
    async with database(shared_url) as opened:
        runs: list[bool] = []

        def work(conn: Connection) -> None:
            runs.append(True)
            put(conn, "a")
            execute(shared_url, END_ALL)

        with pytest.raises(StoreFailed):
            await opened.write(work)
        assert len(runs) == 1
        assert await opened.read(count) == 0


async def test_a_way_that_falls_silent_is_left_for_another_one(shared_url: str) -> None:
    async with Way(shared_url) as way, database(way.url, ANSWER_S) as opened:
        await asyncio.gather(*(opened.read(count) for _ in range(3)))
        way.lose()
        assert await opened.read(count) == 0
        way.lose()
        await opened.write(lambda conn: put(conn, "a"))
        assert await opened.read(count) == 1


async def test_a_member_whose_ways_fall_silent_is_heard_and_hears_again(shared_url: str) -> None:
    async with Way(shared_url) as way, member(way.url, lost_after_s=2.0) as lost, member(shared_url) as other:
        gaps, heard = list[str](), list[object]()
        lost.bus.on_gap(lambda: gaps.append("gap"))
        lost.bus.subscribe("words", heard.append)
        way.lose()
        await wait_until(lambda: bool(gaps))
        await other.bus.publish("words", "hello")
        await wait_until(lambda: heard == ["hello"])
        await wait_until(lambda: lost.problem() is None)
