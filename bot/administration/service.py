"""Implements `bot.ports.Administration`: what is stored, joined with what this process does at the moment.

Reads nothing of a request's picture, and says nothing to members: who cancels or pauses leaves that to the jobs.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from bot.administration.live import LiveParts, provider_states, running_job
from bot.administration.nearest import nearest
from bot.administration.said import said_messages, words_said
from bot.errors import UnknownCharge, UnknownProvider
from bot.jobs.pauses import Pauses
from bot.ports import ChatPort, Shop
from bot.ports.admin_figures import DayFigures, FailureCount, Latencies, UsageRow, UsageSort
from bot.ports.admin_views import (
    MAX_SHOWN_JOBS,
    AuditRow,
    JobDetails,
    JobFilter,
    JobRow,
    JobSort,
    MemberDetails,
    Overview,
    Page,
    SetAsideRow,
    WaitingJob,
)
from bot.ports.administration import MAX_DAYS, MAX_PAGE_ROWS, MAX_PAUSE_WORDS_CHARS, PAGE_ROWS
from bot.quota import Balance, CurrentRules, Purchase
from bot.runtime.clock import Clock
from bot.store.administration.admin_store import AdminStore
from bot.texts import shorten

MAX_QUEUE = 5_000  # waiting jobs whose positions are looked up
MAX_QUOTED_CHARS = 100  # of what an administrator typed, quoted back


class AdministrationService:
    """Administration of one process."""

    def __init__(
        self,
        *,
        store: AdminStore,
        live: LiveParts,
        pauses: Pauses,
        rules: CurrentRules,
        clock: Clock,
        ports: Mapping[str, ChatPort],
        shops: Mapping[str, Shop],
        cancel_job: Callable[[str], Awaitable[bool]],
    ) -> None:
        """`live`: what this process does at the moment. `cancel_job`: cancels a job wherever it is; whether it did."""
        self._store = store
        self._live = live
        self._pauses = pauses
        self._rules = rules
        self._clock = clock
        self._ports = ports
        self._shops = shops
        self._cancel_job = cancel_job

    # ------------------------------------------------------------ reading

    async def overview(self) -> Overview:
        stored = await self._store.overview(most_running=MAX_SHOWN_JOBS, most_waiting=MAX_QUEUE)
        now = self._clock.now()
        places = await self._live.dispatch.queue_positions([row.id for row in stored.waiting])
        waiting = [
            WaitingJob(
                id=row.id,
                position=places[row.id],
                user_key=row.user_key,
                user_name=row.user_name,
                chat_key=row.chat_key,
                seconds=max(0.0, (now - row.created).total_seconds()),
            )
            for row in stored.waiting
            if row.id in places
        ]
        return Overview(
            at=now,
            running=tuple(running_job(row, self._live.status_messages, now) for row in stored.running),
            waiting=tuple(sorted(waiting, key=lambda row: row.position)[:MAX_SHOWN_JOBS]),
            running_count=stored.running_count,
            waiting_count=stored.waiting_count,
            providers=provider_states(self._live.provider, self._clock.monotonic()),
            pause=self._pauses.bot,
            set_aside=stored.set_aside,
            today=stored.today,
        )

    async def daily(self, days: int) -> tuple[DayFigures, ...]:
        return await self._store.daily(min(max(1, days), MAX_DAYS))

    async def failures(self, since: datetime) -> tuple[FailureCount, ...]:
        return await self._store.failures(since)

    async def latencies(self, since: datetime) -> Latencies:
        return await self._store.latencies(since)

    async def jobs(
        self,
        where: JobFilter | None = None,
        *,
        sort: JobSort = "created",
        descending: bool = True,
        after: str | None = None,
        limit: int = PAGE_ROWS,
    ) -> Page[JobRow]:
        return await self._store.jobs(
            where or JobFilter(), sort=sort, descending=descending, after=after, limit=_limited(limit)
        )

    async def job(self, job_id: str) -> JobDetails | None:
        stored = await self._store.job(job_id)
        if stored is None:
            return None
        waits = [job_id] if stored.job.started is None else []
        places = await self._live.dispatch.queue_positions(waits)
        return JobDetails(
            job=stored.job,
            position=places.get(job_id),
            steps=stored.steps,
            said=words_said(stored.job, self._live.status_messages.status_of(job_id), self._clock.monotonic()),
            messages=said_messages(stored.job, self._ports.get(stored.job.chat.platform)),
            ledger=stored.ledger,
            ancestors=stored.ancestors,
            children=stored.children,
        )

    async def members(
        self, *, since: datetime, sort: UsageSort = "pictures", after: str | None = None, limit: int = PAGE_ROWS
    ) -> Page[UsageRow]:
        return await self._store.members(since, sort, after, _limited(limit))

    async def chats(
        self, *, since: datetime, sort: UsageSort = "pictures", after: str | None = None, limit: int = PAGE_ROWS
    ) -> Page[UsageRow]:
        return await self._store.chats(since, sort, after, _limited(limit))

    async def member(self, user_key: str) -> MemberDetails | None:
        return await self._store.member(user_key, self._rules.now)

    async def set_aside(self, *, after: str | None = None, limit: int = PAGE_ROWS) -> Page[SetAsideRow]:
        return await self._store.set_aside(after, _limited(limit))

    async def audit(
        self, *, target: str | None = None, after: str | None = None, limit: int = PAGE_ROWS
    ) -> Page[AuditRow]:
        return await self._store.audit(target, after, _limited(limit))

    # ------------------------------------------------------------ changing

    async def grant_credits(self, who: str, user_key: str, credits: int, *, entry: str) -> Balance:
        return await self._store.grant(who, entry, user_key, credits, self._rules.now.user_daily)

    async def set_credits(self, who: str, user_key: str, credits: int, *, entry: str) -> Balance:
        return await self._store.set_available(who, entry, user_key, credits, self._rules.now.user_daily)

    async def refund(self, who: str, platform: str, charge: str) -> tuple[Purchase, Balance]:
        """The money first: a refund that was cut short is taken up where it was when it is asked for again."""
        shop = self._shops.get(platform)
        if shop is None:
            raise UnknownCharge(charge=shorten(charge, MAX_QUOTED_CHARS))
        sold = await shop.refund(charge)
        entry = f"refund:{charge}"
        balance = await self._store.claw_back(who, entry, sold.user_key, sold.credits, self._rules.now.user_daily)
        return sold, balance

    async def ban(self, who: str, user_key: str) -> None:
        await self._store.set_banned(who, user_key, True)

    async def unban(self, who: str, user_key: str) -> None:
        await self._store.set_banned(who, user_key, False)

    async def unpause(self, who: str, user_key: str) -> None:
        await self._store.lift_pause(who, user_key)

    async def pause_provider(self, who: str, name: str) -> None:
        await self._store.pause_provider(who, self._configured(name), self._pauses.tell)
        await self._pauses.load()

    async def resume_provider(self, who: str, name: str) -> None:
        name = name if name in self._pauses.providers else self._configured(name)
        await self._store.resume(who, name, self._pauses.tell)
        await self._pauses.load()

    async def pause_bot(self, who: str, words: str | None = None) -> None:
        kept = shorten(words.strip(), MAX_PAUSE_WORDS_CHARS) if words else None
        await self._store.pause_bot(who, kept or None, self._pauses.tell)
        await self._pauses.load()

    async def resume_bot(self, who: str) -> None:
        await self._store.resume(who, None, self._pauses.tell)
        await self._pauses.load()

    async def cancel_job(self, who: str, job_id: str) -> bool:
        if await self._store.job(job_id) is None or not await self._cancel_job(job_id):
            return False
        await self._store.add_audit_entry(who, "cancel", job_id, {})
        return True

    async def delete_set_aside(self, who: str, row_id: str) -> bool:
        return await self._store.delete_set_aside(who, row_id)

    def _configured(self, typed: str) -> str:
        """The name of a configured provider, in whatever case it was typed. Raises UnknownProvider."""
        names = self._live.provider_names()
        found = next((name for name in names if name.lower() == typed.strip().lower()), None)
        if found is None:
            raise UnknownProvider(
                name=shorten(typed, MAX_QUOTED_CHARS), nearest=nearest(typed, names), all=", ".join(names)
            )
        return found


def _limited(rows: int) -> int:
    return min(max(1, rows), MAX_PAGE_ROWS)
