"""Rate limits that several processes share, as rows of PostgreSQL. On SQLite, where one process serves, nobody asks.

Knows nothing of what the rows say. One statement locks all rows of a transaction in the order of their keys, so that no
two transactions wait for each other.
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from sqlalchemy import Connection, select, text

from bot.ports import BudgetRow, ChangedBudgetRow, LockedBudgets
from bot.store import schema
from bot.store.database import Database
from bot.store.engine import upsert

T = TypeVar("T")

# In RETURNING: each row's time is taken once it is locked, and the transaction's commit does not wait for the disk,
# since whoever is behind it waits for the lock. A crash of the database loses half a second of what was used.
_LOCK = text("""
    INSERT INTO budget (key, uses, free_at)
    SELECT each.key, '{}', now() FROM unnest(CAST(:keys AS text[])) WITH ORDINALITY AS each (key, place)
    ORDER BY each.place
    ON CONFLICT (key) DO UPDATE SET key = excluded.key
    RETURNING key, CAST(uses AS text), CAST(extract(epoch FROM clock_timestamp()) AS float8),
        (SELECT coalesce(array_agg(id), '{}') FROM process), (SELECT set_config('synchronous_commit', 'off', true))
""")
_SAVE = text("""
    UPDATE budget SET uses = CAST(changed.uses AS json), free_at = to_timestamp(changed.free_at)
    FROM unnest(CAST(:keys AS text[]), CAST(:uses AS text[]), CAST(:free_at AS float8[]))
        AS changed (key, uses, free_at)
    WHERE budget.key = changed.key
""")
_LEAVE = text("""
    UPDATE budget SET uses = CAST(CAST(uses AS jsonb) - CAST(:process AS text) AS json)
    RETURNING key, CAST(uses AS text)
""")
_DELETE_EMPTY = text("DELETE FROM budget WHERE CAST(uses AS text) = '{}'")
_DELETE_FREE = text("""
    DELETE FROM budget WHERE key IN (SELECT key FROM budget WHERE free_at < now() FOR UPDATE SKIP LOCKED)
""")
_NOW = text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8)")
_TAKE_TURNS = text("LOCK TABLE budget_process IN SHARE ROW EXCLUSIVE MODE")


class BudgetStore:
    """Implements `bot.ports.BudgetStorage` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def update_budgets(
        self,
        keys: Collection[str],
        change: Callable[[LockedBudgets], tuple[Mapping[str, ChangedBudgetRow], T]],
    ) -> T:
        def work(conn: Connection) -> T:
            locked = conn.execute(_LOCK, {"keys": sorted(keys)}).all()
            rows = {row[0]: json.loads(row[1]) for row in locked}
            now = max(float(row[2]) for row in locked)
            changed, result = change(LockedBudgets(rows=rows, now=now, members=frozenset(locked[0][3])))
            values = {
                "keys": list(changed),
                "uses": [json.dumps(each.row) for each in changed.values()],
                "free_at": [each.free_at for each in changed.values()],
            }
            conn.execute(_SAVE, values)
            return result

        return await self._database.write(work)

    async def leave_budgets(self, process: str) -> tuple[dict[str, BudgetRow], float]:
        def work(conn: Connection) -> tuple[dict[str, BudgetRow], float]:
            left = conn.execute(_LEAVE, {"process": process}).all()
            rows: dict[str, BudgetRow] = {key: json.loads(uses) for key, uses in left}
            conn.execute(_DELETE_EMPTY)
            return rows, float(conn.execute(_NOW).scalar_one())

        return await self._database.write(work)

    async def delete_free_budgets(self) -> None:
        await self._database.write(lambda conn: conn.execute(_DELETE_FREE))

    async def register_budget_process(self, process: str, *, shares: bool) -> dict[str, bool]:
        table = schema.budget_process

        def work(conn: Connection) -> dict[str, bool]:
            conn.execute(_TAKE_TURNS)
            upsert(conn, table, {"id": process, "shares": shares}, key="id")
            return {row.id: row.shares for row in conn.execute(select(table).where(table.c.id != process))}

        return await self._database.write(work)
