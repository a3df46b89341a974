"""Administration in a database: what is read on a bounded connection, and changes with their entries in the audit log.

Each change is one transaction. Every method raises StoreFailed when the database fails.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, delete

from bot import quota
from bot.ports import Transaction
from bot.ports.admin_figures import DayFigures, FailureCount, Latencies, UsageRow, UsageSort
from bot.ports.admin_views import AuditRow, BotPause, JobFilter, JobRow, JobSort, MemberDetails, Page, SetAsideRow
from bot.quota import Account, Balance, QuotaRules
from bot.runtime.clock import Clock
from bot.store import ledger, strikes
from bot.store.administration import audit_log, figures, job_lists, members, pauses, set_aside_rows
from bot.store.administration.job_history import JobHistory, load_history
from bot.store.administration.overview import StoredOverview, load_overview
from bot.store.administration.pauses import StoredPauses
from bot.store.bounded_reads import BoundedReads
from bot.store.database import Database
from bot.store.schema import quarantine

T = TypeVar("T")
Tell = Callable[[Transaction], None]
"""Tells other processes, within a transaction."""


class AdminStore:
    """What administrators read and change."""

    def __init__(self, database: Database, reads: BoundedReads, clock: Clock) -> None:
        self._database = database
        self._reads = reads
        self._clock = clock

    # ------------------------------------------------------------ reading

    async def overview(self, *, most_running: int, most_waiting: int) -> StoredOverview:
        """As of `load_overview`."""
        midnight = datetime.combine(quota.today(self._clock.now()), time(), tzinfo=UTC)
        return await self._read(
            partial(load_overview, midnight=midnight, most_running=most_running, most_waiting=most_waiting)
        )

    async def daily(self, days: int) -> tuple[DayFigures, ...]:
        """As of the port."""
        return await self._read(partial(figures.daily, days=days, today=quota.today(self._clock.now())))

    async def failures(self, since: datetime) -> tuple[FailureCount, ...]:
        """As of the port."""
        return await self._read(partial(figures.failures, since=since))

    async def latencies(self, since: datetime) -> Latencies:
        """As of the port."""
        return await self._read(partial(figures.latencies, since=since))

    async def jobs(
        self, where: JobFilter, *, sort: JobSort, descending: bool, after: str | None, limit: int
    ) -> Page[JobRow]:
        """As of the port."""
        return await self._read(
            partial(job_lists.list_jobs, where=where, sort=sort, descending=descending, after=after, limit=limit)
        )

    async def job(self, job_id: str) -> JobHistory | None:
        """What is stored of a job."""
        return await self._read(partial(load_history, job_id=job_id))

    async def members(self, since: datetime, sort: UsageSort, after: str | None, limit: int) -> Page[UsageRow]:
        """As of the port."""
        return await self._read(lambda conn: members.list_usage(conn, "user_key", since, sort, after, limit))

    async def chats(self, since: datetime, sort: UsageSort, after: str | None, limit: int) -> Page[UsageRow]:
        """As of the port."""
        return await self._read(lambda conn: members.list_usage(conn, "chat_key", since, sort, after, limit))

    async def member(self, user_key: str, rules: QuotaRules) -> MemberDetails | None:
        """As of the port."""
        now = self._clock.now()
        return await self._read(lambda conn: members.load_member(conn, user_key, rules, now))

    async def similar_members(self, text: str, limit: int) -> Sequence[str]:
        """Keys of members that contain a text, at most `limit`."""
        return await self._read(lambda conn: members.similar_keys(conn, text, limit))

    async def similar_jobs(self, text: str, limit: int) -> Sequence[str]:
        """Ids of jobs that begin as a text does, at most `limit`."""
        return await self._read(lambda conn: job_lists.similar_ids(conn, text, limit))

    async def set_aside(self, after: str | None, limit: int) -> Page[SetAsideRow]:
        """As of the port."""
        return await self._read(lambda conn: set_aside_rows.list_rows(conn, after, limit))

    async def audit(self, target: str | None, after: str | None, limit: int) -> Page[AuditRow]:
        """As of the port."""
        return await self._read(lambda conn: audit_log.list_entries(conn, target, after, limit))

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await self._reads.read(work)

    async def pauses(self) -> StoredPauses:
        """What is paused; read as jobs read."""
        return await self._database.read(pauses.load_pauses)

    # ------------------------------------------------------------ credits

    async def grant(self, who: str, entry: str, user_key: str, credits: int, allowance: int) -> Balance:
        """Adds credits that do not expire. The same `entry` again changes nothing.

        Raises ValueError for credits outside 0 to `quota.MAX_CREDITS`.
        """
        return await self._change_credits(who, "grant", ledger.grant, entry, user_key, credits, allowance)

    async def set_available(self, who: str, entry: str, user_key: str, credits: int, allowance: int) -> Balance:
        """Makes exactly `credits` available now. As `grant`."""
        return await self._change_credits(who, "set", ledger.set_available, entry, user_key, credits, allowance)

    async def claw_back(self, who: str, entry: str, user_key: str, credits: int, allowance: int) -> Balance:
        """Takes credits back whose price was refunded, as far as they are there. As `grant`."""
        return await self._change_credits(who, "refund", ledger.claw_back, entry, user_key, credits, allowance)

    async def _change_credits(
        self,
        who: str,
        action: str,
        change: Callable[[Connection, str, str, int, int, datetime], Account],
        entry: str,
        user_key: str,
        credits: int,
        allowance: int,
    ) -> Balance:
        now = self._clock.now()

        def work(conn: Connection) -> Balance:
            account = change(conn, entry, user_key, credits, allowance, now)
            details = {"credits": credits, "left": account.available}
            audit_log.add_entry(conn, who, action, user_key, now, details, entry_id=f"{action}:{entry}")
            return Balance(available=account.available, reserved=account.reserved, daily=account.allowance)

        return await self._database.write(work)

    # ------------------------------------------------------------ members, pauses, rows

    async def set_banned(self, who: str, user_key: str, banned: bool) -> None:
        """Refuses the user's jobs from now on, or no more; running ones go on."""

        def work(conn: Connection, now: datetime) -> None:
            ledger.set_banned(conn, user_key, banned)
            audit_log.add_entry(conn, who, "ban" if banned else "unban", user_key, now)

        await self._write(work)

    async def lift_pause(self, who: str, user_key: str) -> None:
        """Ends a member's pause, and forgets their strikes. No-op for others, but for the entry."""

        def work(conn: Connection, now: datetime) -> None:
            strikes.lift_pause(conn, user_key)
            audit_log.add_entry(conn, who, "unpause", user_key, now)

        await self._write(work)

    async def pause_provider(self, who: str, name: str, tell: Tell) -> None:
        """`tell`: as of `Tell`."""

        def work(conn: Connection, now: datetime) -> None:
            pauses.save_provider_pause(conn, name, who, now)
            audit_log.add_entry(conn, who, "pause-provider", name, now)
            tell(conn)

        await self._write(work)

    async def pause_bot(self, who: str, words: str | None, tell: Tell) -> None:
        """As `pause_provider`."""

        def work(conn: Connection, now: datetime) -> None:
            pauses.save_bot_pause(conn, BotPause(words=words, who=who, at=now))
            audit_log.add_entry(conn, who, "pause-bot", "", now, {} if words is None else {"words": words})
            tell(conn)

        await self._write(work)

    async def resume(self, who: str, provider: str | None, tell: Tell) -> bool:
        """Ends the pause of a provider; None: that of the bot. False: there was none."""

        def work(conn: Connection, now: datetime) -> bool:
            if not pauses.end_pause(conn, provider):
                return False
            action = "resume-bot" if provider is None else "resume-provider"
            audit_log.add_entry(conn, who, action, provider or "", now)
            tell(conn)
            return True

        return await self._write(work)

    async def delete_set_aside(self, who: str, row_id: str) -> bool:
        """Deletes a row of the quarantine. False: there is none."""

        def work(conn: Connection, now: datetime) -> bool:
            gone = delete(quarantine).where(quarantine.c.id == row_id).returning(quarantine.c.source, quarantine.c.key)
            row = conn.execute(gone).first()
            if row is None:
                return False
            audit_log.add_entry(conn, who, "delete-set-aside", row_id, now, {"table": row.source, "key": row.key})
            return True

        return await self._write(work)

    async def add_audit_entry(self, who: str, action: str, target: str, details: Mapping[str, Any]) -> None:
        """Notes a change that is no transaction of this database: a cancel, a reload of settings."""
        await self._write(lambda conn, now: audit_log.add_entry(conn, who, action, target, now, details))

    async def _write(self, work: Callable[[Connection, datetime], T]) -> T:
        now = self._clock.now()
        return await self._database.write(lambda conn: work(conn, now))
