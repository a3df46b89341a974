"""Values that either engine lets into a row and Easel cannot read: a start sets the row aside, and nobody else notices.

PostgreSQL checks types itself: what is left are moments beyond Python's calendar, JSON of another shape or depth, and
what a constraint that somebody dropped has let in. What only SQLite takes stands in `test_unreadable_rows`.
"""

from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Connection, text

from bot.chat import User
from bot.runtime.clock import SystemClock
from bot.sandbox import Sandbox
from bot.store import schema
from bot.store.store import Store
from tests.flow.scenes import books
from tests.flow.store.victims import accepted, under_way
from tests.flow.world import MemoryWorld, world
from tests.support.databases import connected
from tests.support.platform import AMBER, JADE, Platform
from tests.support.waiting import wait_until

DEEP = "[" * 5000 + "]" * 5000  # more than the parser of Python takes, less than that of PostgreSQL
SURROGATE = '{"platform": "memory", "id": "v7", "name": "\\ud800", "locale": null, "roles": []}'
DAMAGES = (
    ("job", "sender = '[]'"),
    ("job", "chat = '\"x\"'"),
    ("job", 'options = \'{"n": "many"}\''),
    ("job", "reference_images = '{}'"),
    ("job", "mask = '7'"),
    ("job", f"usage = '{DEEP}'"),
    ("job", f"sender = '{SURROGATE}'"),
    ("job", "created = '294000-01-01 00:00:00'"),
    ("job", "started = 'infinity'"),
    ("job", "state = 'thinking'"),
    ("job", "cost = -1"),
    ("job", "attempt = -1"),
    ("job", "finished = created"),
    ("job", "state = 'done', charged = 0, finished = '294000-01-01 00:00:00'"),  # the latest, for the median duration
    ("ledger", "at = '-infinity'"),
    ("ledger", "day = '5874897-12-31'"),
    ("ledger", "credits = -1"),
    ("ledger", "from_granted = 9"),
    ("ledger", "kind = 'gift'"),
    ("checkpoint", f"value = '{DEEP}'"),
    ("checkpoint", "at = '294000-01-01 00:00:00'"),
    ("account", "day = 'infinity', reserved = 0"),
    ("account", "reserved = -1"),
    ("account", "daily = 1000000"),
)
"""A table, and what is written over the victim's row."""


def drop_checks(conn: Connection) -> None:
    """From now on the tables take what their constraints forbid."""
    if conn.dialect.name == "sqlite":
        conn.execute(text("PRAGMA ignore_check_constraints = ON"))
        return
    for table in schema.metadata.sorted_tables:
        for check in table.constraints:
            if isinstance(check, CheckConstraint):
                conn.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {check.name}"))


async def damaged(database_url: str) -> list[User]:
    """A database with an honest job, and a victim for each damage; returns these."""
    victims = [User(platform="memory", id=f"v{number}", name="Victim") for number in range(1, len(DAMAGES) + 1)]
    store = await Store.open(database_url, clock=SystemClock())
    await accepted(store, AMBER)
    jobs = [await under_way(store, user) for user in victims]
    await store.close()
    with connected(database_url) as conn:
        drop_checks(conn)
        for job, (table, change) in zip(jobs, DAMAGES, strict=True):
            row = {
                "account": f"id = '{job.user.key}'",
                "ledger": f"kind = 'reserve' AND job = '{job.id}'",
                "job": f"id = '{job.id}'",
                "checkpoint": f"job = '{job.id}'",
            }
            changed = conn.exec_driver_sql(f"UPDATE {table} SET {change} WHERE {row[table]}")  # noqa: S608 - a test's own words
            assert changed.rowcount == 1
        conn.commit()
    return victims


async def nothing_unfinished(easel: MemoryWorld) -> bool:
    return not await easel.app.store.unfinished_jobs()


def painted(platform: Platform) -> int:
    return sum(bool(post.images) for post in platform.posts)


@pytest.mark.forms(1)
async def test_no_value_that_an_engine_takes_stops_a_start_or_others(database_url: str, tmp_path: Path) -> None:
    victims = await damaged(database_url)
    platform = Platform()
    async with Sandbox(pace=0) as sandbox:
        for start in range(2):
            async with world(tmp_path, sandbox, platform, database_url=database_url) as easel:
                await easel.say(f"a new one {start}", sender=JADE)
                await wait_until(lambda: nothing_unfinished(easel))
                await platform.until(lambda count=2 + start: painted(platform) == count)
                assert await books(easel) == (49, 0)
                for victim, damage in zip(victims, DAMAGES, strict=True):
                    assert (damage, await books(easel, victim)) == (damage, (57, 0))
                assert {"job", "account"} <= {row.table for row in await easel.app.store.quarantine.list_rows()}
        assert len(sandbox.requests) == 3  # nobody's painting was asked for again
