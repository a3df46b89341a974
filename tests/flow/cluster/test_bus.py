"""Messages between processes: told at the commit, not to oneself, and who has missed some is told that."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.cluster.local import local_cluster
from bot.ports import MAX_PAYLOAD_BYTES
from bot.runtime.clock import SystemClock
from bot.store.database import Database
from bot.store.engine import parse_url
from tests.support.clusters import member
from tests.support.databases import execute
from tests.support.waiting import wait_until

END_ALL = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE pid <> pg_backend_pid() AND datname = current_database()"""


async def test_a_message_reaches_all_others_in_order(shared_url: str) -> None:
    async with member(shared_url) as first, member(shared_url) as second, member(shared_url) as third:
        heard: dict[str, list[Any]] = {"first": [], "second": [], "third": []}
        for name, each in (("first", first), ("second", second), ("third", third)):
            each.bus.subscribe("news", heard[name].append)
        await first.bus.publish("news", {"id": 1, "text": "a\x00\ud800ё猫"})
        await first.bus.publish("other topic", 2)
        await first.bus.publish("news")
        told = [{"id": 1, "text": "a\x00\ud800ё猫"}, None]
        await wait_until(lambda: heard["second"] == told and heard["third"] == told)
        assert heard["first"] == []


async def test_a_message_of_a_transaction_is_told_when_that_is_committed(shared_url: str) -> None:
    database = Database(parse_url(shared_url), SystemClock())
    async with member(shared_url) as first, member(shared_url) as second:
        heard: list[Any] = []
        second.bus.subscribe("news", heard.append)

        def fails(conn: Connection) -> None:
            first.bus.notify(conn, "news", "rolled back")
            raise KeyError

        with pytest.raises(KeyError):
            await database.write(fails)
        await database.write(lambda conn: first.bus.notify(conn, "news", "committed"))
        await wait_until(lambda: heard == ["committed"])
        with pytest.raises(ValueError, match="bytes"):
            await first.bus.publish("news", "x" * MAX_PAYLOAD_BYTES)
    await database.close()


async def test_a_handler_that_fails_and_a_strange_message_keep_nobody_from_hearing(shared_url: str) -> None:
    async with member(shared_url) as first, member(shared_url) as second:
        heard: list[Any] = []

        def fails(_: Any) -> None:
            raise KeyError

        second.bus.subscribe("news", fails)
        second.bus.subscribe("news", heard.append)
        for strange in ("", "{}", "[]", '{"topic": 1}\n', '{"topic": "news", "sender": ""}\nno JSON'):
            execute(shared_url, f"SELECT pg_notify('easel', '{strange}')")
        await first.bus.publish("news", 1)
        await wait_until(lambda: heard == [1])


async def test_a_lost_connection_is_replaced_and_the_gap_is_told(shared_url: str) -> None:
    async with member(shared_url) as first, member(shared_url) as second:
        heard: list[Any] = []
        gap = asyncio.Event()
        second.bus.subscribe("news", heard.append)
        second.bus.on_gap(gap.set)
        execute(shared_url, END_ALL)
        await gap.wait()
        await first.membership.wait_until_current()

        async def told() -> bool:
            await first.bus.publish("news", 1)
            return bool(heard)

        await wait_until(told)
        assert first.membership.is_current()
        assert second.membership.is_current()


async def test_where_there_is_one_process_nobody_is_told() -> None:
    bus = local_cluster().bus
    heard: list[Any] = []
    bus.subscribe("news", heard.append)
    bus.on_gap(heard.clear)
    await bus.publish("news", 1)
    assert heard == []
