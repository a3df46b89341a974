"""What administrators were told of, and when: a row for each condition and subject, shared by all processes.

Whoever's transaction finds a notice due claims it, so that of several processes one tells, also after a restart. The
rules are `bot.alerting.conditions`'s, and come as parameters.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, select, update

from bot.store.database import Database
from bot.store.engine import insert_or_lock
from bot.store.schema import notice


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNotice:
    """A condition that administrators were told of, and not yet that it is over."""

    condition: str
    subject: str
    detail: str
    since: datetime
    told: datetime


class Notices:
    """The notices in a database. Every method raises StoreFailed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def report(
        self,
        condition: str,
        subject: str,
        detail: str,
        *,
        reporter: str,
        now: datetime,
        stale_after: timedelta,
        is_due: Callable[[datetime | None, datetime], bool],
        is_state: bool,
        told_before: datetime | None = None,
    ) -> datetime | None:
        """Notes that a process sees a condition. Returns since when, where it is to be told now, by the caller; else
        None. `is_due(told, now)`: whether one that was told then may be told again. `is_state`: whether its end is
        told. `told_before`: when the caller has told it while the database was away."""

        def work(conn: Connection) -> datetime | None:
            new = {"condition": condition, "subject": subject, "detail": detail, "since": now, "is_open": False}
            row = insert_or_lock(conn, notice, {**new, "told": None, "reporters": {}}, key="condition,subject")
            others = _fresh(row["reporters"], now, stale_after)
            told = max(filter(None, (row["told"], told_before)), default=None)
            since = row["since"] if row["is_open"] or others or told_before else now
            due = is_due(told, now)
            changes = {
                "detail": detail,
                "since": since,
                "told": now if due else told,
                "is_open": is_state and (due or row["is_open"] or told_before is not None),
                "reporters": {**others, reporter: now.isoformat()} if is_state else {},
            }
            conn.execute(update(notice).where(_is(condition, subject)).values(changes))
            return since if due else None

        return await self._database.write(work, can_wait=True)

    async def resolve(
        self,
        condition: str,
        subject: str,
        *,
        reporter: str,
        now: datetime,
        stale_after: timedelta,
        members: Collection[str] | None = None,
    ) -> datetime | None:
        """Notes that a process does not see a condition any more. `members`: the processes that there are, if that is
        known: what others have seen does not count any more. Returns since when it was there, where its end is to
        be told now, by the caller; None: others see it, or nobody was told of it."""

        def work(conn: Connection) -> datetime | None:
            row = conn.execute(select(notice).where(_is(condition, subject)).with_for_update()).mappings().first()
            if row is None or not row["is_open"]:
                return None
            told = {key: at for key, at in row["reporters"].items() if members is None or key in members}
            others = _fresh({key: at for key, at in told.items() if key != reporter}, now, stale_after)
            is_over = not others
            changes = {"reporters": others, "is_open": not is_over}
            conn.execute(update(notice).where(_is(condition, subject)).values(changes))
            return row["since"] if is_over else None

        return await self._database.write(work, can_wait=True)

    async def put_back(self, condition: str, subject: str, *, is_over: bool) -> None:
        """What was claimed could not be told: whoever sees it next tells it."""
        changes = {"is_open": True} if is_over else {"told": None, "is_open": False}
        change = update(notice).where(_is(condition, subject)).values(changes)
        await self._database.write(lambda conn: conn.execute(change), can_wait=True)

    async def list_open(self) -> list[OpenNotice]:
        """The conditions whose end was not told yet, oldest first."""
        shown = (notice.c.condition, notice.c.subject, notice.c.detail, notice.c.since, notice.c.told)
        query = select(*shown).where(notice.c.is_open, notice.c.told.is_not(None)).order_by(notice.c.since)

        def work(conn: Connection) -> list[OpenNotice]:
            return [OpenNotice(**row) for row in conn.execute(query).mappings()]

        return await self._database.read(work)


def _is(condition: str, subject: str) -> ColumnElement[bool]:
    return and_(notice.c.condition == condition, notice.c.subject == subject)


def _fresh(reporters: dict[str, str], now: datetime, stale_after: timedelta) -> dict[str, str]:
    """The processes that have seen it lately, and when."""
    return {key: at for key, at in reporters.items() if abs(now - datetime.fromisoformat(at)) < stale_after}
