"""Groups of unexpected exceptions: a row each, at most MAX_GROUPS, of which those not seen for longest go first.

Counts of several processes add up. How exceptions are grouped is `bot.observability.error_groups`'s.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update

from bot.observability.error_groups import ErrorGroup, merge_groups
from bot.store.database import Database
from bot.store.engine import field_values, insert_once
from bot.store.readable_rows import read_rows
from bot.store.schema import error_group

MAX_GROUPS = 300  # a group a day for most of a year


class ErrorGroups:
    """The groups in a database. Every method raises StoreFailed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_errors(self, groups: Sequence[ErrorGroup]) -> list[ErrorGroup]:
        """Adds to the groups what there was of each since the last call. Returns those that are new."""
        ordered = sorted(groups, key=lambda group: group.fingerprint)  # two processes lock rows in one order

        def work(conn: Connection) -> list[ErrorGroup]:
            new = [group for group in ordered if _add(conn, group)]
            if new:
                newest = select(error_group.c.fingerprint).order_by(
                    error_group.c.last.desc(), error_group.c.fingerprint
                )
                kept = newest.limit(MAX_GROUPS).scalar_subquery()
                conn.execute(delete(error_group).where(error_group.c.fingerprint.not_in(kept)))
            return new

        return await self._database.write(work, can_wait=True, put_off=True)

    async def list_groups(self, *, limit: int = MAX_GROUPS, offset: int = 0) -> list[ErrorGroup]:
        """The groups, the one that was seen last first."""
        query = select(error_group).order_by(error_group.c.last.desc(), error_group.c.fingerprint)
        groups = await self._database.read(lambda conn: read_rows(conn, query, _read_group))
        return groups[offset : offset + limit]  # there are few, and a damaged one must not shift a page

    async def get_group(self, fingerprint: str) -> ErrorGroup | None:
        """One group; None: there is none, or none any more, or it cannot be read."""
        query = select(error_group).where(error_group.c.fingerprint == fingerprint)

        def work(conn: Connection) -> ErrorGroup | None:
            return next(iter(read_rows(conn, query, _read_group)), None)

        return await self._database.read(work)

    async def delete_group(self, fingerprint: str) -> bool:
        """Forgets a group: the next exception of it is a new one. False: there was none."""
        query = delete(error_group).where(error_group.c.fingerprint == fingerprint)
        found = query.returning(error_group.c.fingerprint)
        return await self._database.write(lambda conn: conn.execute(found).first() is not None)


def _add(conn: Connection, group: ErrorGroup) -> bool:
    """Whether the group is new."""
    values = {**field_values(group), "jobs": list(group.jobs)}
    if insert_once(conn, error_group, values, key="fingerprint"):
        return True
    is_this = error_group.c.fingerprint == group.fingerprint
    rows = read_rows(conn, select(error_group).where(is_this).with_for_update(), _read_group)
    merged = merge_groups(rows[0], group) if rows else group  # a damaged one begins anew
    changed = {**field_values(merged), "jobs": list(merged.jobs)}
    conn.execute(update(error_group).where(is_this).values(changed))
    return False


def _read_group(row: RowMapping) -> ErrorGroup:
    values: Mapping[str, Any] = {**row, "jobs": tuple(row["jobs"])}
    return ErrorGroup(**values)
