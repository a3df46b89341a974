"""The one database: jobs, what they have done, and the credits they cost.

Transactions are short, and all or nothing. `Store` is what the rest of Easel uses; the tables, the books and
the rows stand in the modules beside it.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, text

from bot import quota
from bot.chat import Attachment, Balance, Chat, Delivered
from bot.clock import Clock
from bot.errors import Stale, TooManyWaiting
from bot.job import TRANSITIONS, Failure, Job, NewJob, State, new_id
from bot.painting import Image
from bot.quota import Account, QuotaRules
from bot.store import backup, job_rows, ledger, schema
from bot.store.adapter_store import BLOB_DAYS, AdapterStore, delete_blobs, delete_tokens
from bot.store.database import Database
from bot.store.engine import insert_once, is_sqlite, parse_url, upsert
from bot.store.migrate import absent, prepare

__all__ = [
    "TRANSITIONS",
    "Failure",
    "Job",
    "NewJob",
    "State",
    "Store",
    "back_up",
    "exclusive_access",
    "missing_file",
    "new_id",
    "upgrade",
]

EVENTS_RETURN = timedelta(days=2)  # that an event may be told again: Telegram keeps its updates for one day
FACTS = ("provider", "model", "price", "spent", "upstream_id", "usage", "trace")  # of a painting: columns of the job


async def upgrade(database_url: str) -> None:
    """Brings the tables up to date; nothing happens when they are.

    Raises SettingsWrong.
    """
    await asyncio.to_thread(prepare, parse_url(database_url), migrate=True)


async def missing_file(database_url: str) -> str | None:
    """The SQLite file that opening the store would make, in a folder that is there; else None.

    Raises SettingsWrong.
    """
    return await asyncio.to_thread(absent, parse_url(database_url))


async def back_up(database_url: str, to: Path) -> int:
    """Copies the database, also while it is in use, to a file that must not exist; returns its size in bytes.

    Raises SettingsWrong.
    """
    return await asyncio.to_thread(backup.back_up, parse_url(database_url), to)


@asynccontextmanager
async def exclusive_access(database_url: str) -> AsyncGenerator[None]:
    """Keeps a SQLite file to this process for as long as it runs jobs on it.

    Raises SettingsWrong when another one does.
    """
    with ExitStack() as held:
        await asyncio.to_thread(held.enter_context, backup.exclusive_access(parse_url(database_url)))
        yield


class Store:
    """An open database. Every method raises StoreFailed when the database does not do its part.

    A job value is a claim on its `attempt`: methods that write for a Job raise Stale once a newer attempt
    holds it or it has ended. Rows are locked in one order: job, user's account, group's account.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.adapter_store = AdapterStore(database, clock)
        """What chat adapters keep, in the same database."""

    @classmethod
    async def open(cls, database_url: str, *, clock: Clock, migrate: bool | None = None) -> Self:
        """Opens `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://…`.

        `migrate`: bring the tables up to date first; by default on SQLite only, since on PostgreSQL other
        processes may be at work. Raises SettingsWrong.
        """
        url = parse_url(database_url)
        await asyncio.to_thread(prepare, url, migrate=is_sqlite(url) if migrate is None else migrate)
        return cls(await asyncio.to_thread(Database, url), clock)  # a file's address is made absolute

    async def close(self) -> None:
        """Lets transactions under way end, closes all connections. Without it a process on SQLite hangs."""
        await self._database.close()

    async def ping(self) -> None:
        """Asks the database for nothing."""

        def work(conn: Connection) -> None:
            conn.execute(text("SELECT 1"))

        await self._database.read(work)

    # ------------------------------------------------------------ the life of a job

    async def accept_job(self, new: NewJob, rules: QuotaRules, *, begun: bool = False) -> tuple[Job, bool]:
        """Reserves the credits and keeps the job, in one transaction. False: the event was that job before.

        `begun`: the job is begun in the same step, as by `begin`; the returned value holds it.
        Raises Banned, TooManyWaiting, OutOfCredits, ChatOutOfCredits; then nothing is kept.
        """

        def work(conn: Connection) -> tuple[Job, bool]:
            now = self._clock.now()
            fresh = insert_once(conn, schema.job, job_rows.row_of(new, now, begun=begun), key="event")
            if fresh is None:
                known = job_rows.one(conn, job_rows.by_event(new.event))
                assert known is not None
                return known, False
            user = ledger.lock_unless_banned(conn, new.user.key)
            if job_rows.count_unfinished(conn, user.id) > rules.unfinished:
                raise TooManyWaiting(limit=rules.user_waiting)
            ledger.reserve(conn, new, user, rules, now)
            return job_rows.job_of(fresh, {}), True

        return await self._database.write(work)

    async def begin_attempt(self, job_id: str) -> Job:
        """A new attempt holds the job from here on; it runs.

        Raises Stale when it has ended or never was.
        """

        def work(conn: Connection) -> Job:
            begun = job_rows.begin(conn, job_id, self._clock.now())
            if begun is None:
                raise Stale
            return begun

        return await self._database.write(work)

    async def save_checkpoint(self, job: Job, step: str, value: Any, facts: Mapping[str, Any] | None = None) -> None:
        """Remembers that a step is done, with a JSON value; a repeated step replaces what was remembered.

        `facts` (those named in FACTS) become the job's own.
        """

        def work(conn: Connection) -> None:
            if not job_rows.change_held(conn, job, facts or {}):
                raise Stale
            self._note(conn, job.id, step, value)

        await self._database.write(work)

    async def set_status_message(self, job_id: str, message_id: str) -> None:
        """The job's status stands in that message. Not fenced: a posted message is there, whoever did it."""

        def work(conn: Connection) -> None:
            job_rows.change(conn, job_id, {"status_id": message_id})

        await self._database.write(work)

    async def save_results(self, job: Job, images: Sequence[Image], facts: Mapping[str, Any]) -> None:
        """Puts the finished pictures down and notes the step `painted` with `facts` (JSON values).

        Of the facts, those named in FACTS become the job's own.
        """

        def work(conn: Connection) -> None:
            if not job_rows.change_held(conn, job, {name: facts[name] for name in FACTS if name in facts}):
                raise Stale
            job_rows.keep_results(conn, job.id, images)
            self._note(conn, job.id, "painted", dict(facts))

        await self._database.write(work)

    async def load_results(self, job: Job) -> list[Image]:
        """The pictures kept and not yet delivered, in order."""
        return await self._database.read(lambda conn: job_rows.results(conn, job.id))

    async def settle_job(
        self,
        job: Job,
        state: State,
        *,
        charged: int,
        failure: Failure | None = None,
        delivered: Delivered | None = None,
        trace: str | None = None,
    ) -> bool:
        """Ends a job and its reservation: `charged` credits are gone, the others back. False: it had ended.

        The kept pictures are dropped. Without `delivered` its notification is pending from here on.

        Raises Stale when a newer attempt holds it, ValueError for an end that
        its state does not allow or a charge above what was reserved.
        """

        def work(conn: Connection) -> bool:
            stored = job_rows.hold(conn, job.id)
            if stored is None:
                raise Stale
            stands, attempt = stored
            if not TRANSITIONS[stands]:
                return False
            if attempt != job.attempt:
                raise Stale
            if state not in TRANSITIONS[stands] or TRANSITIONS[state]:
                raise ValueError(f"{stands} cannot end as {state}")
            now = self._clock.now()
            if not ledger.settle(conn, job.id, charged, now):
                return False
            end = job_rows.ending(state, charged=charged, failure=failure, delivered=delivered, trace=trace, now=now)
            job_rows.change(conn, job.id, end)
            job_rows.drop_results(conn, job.id)
            return True

        return await self._database.write(work)

    async def mark_notified(self, job_id: str) -> None:
        """The message of an ended job says how it ended."""
        await self._database.write(lambda conn: job_rows.change(conn, job_id, {"notification_pending": False}))

    # ------------------------------------------------------------ reading jobs

    async def get_job(self, job_id: str) -> Job | None:
        return await self._database.read(lambda conn: job_rows.one(conn, job_rows.by_id(job_id)))

    async def unfinished_jobs(self) -> list[Job]:
        """What an earlier process may have left behind, oldest first."""
        return await self._database.read(lambda conn: job_rows.jobs(conn, job_rows.unfinished()))

    async def pending_notifications(self) -> list[Job]:
        """Ended jobs whose message may not say so yet, oldest first."""
        return await self._database.read(lambda conn: job_rows.jobs(conn, job_rows.pending_notifications()))

    async def job_by_message(self, chat: Chat, message_id: str) -> Job | None:
        """The job whose status or pictures stand in a message."""
        return await self._database.read(lambda conn: job_rows.one(conn, job_rows.by_message(chat, message_id)))

    async def unfinished_jobs_of(self, user_key: str) -> list[Job]:
        """A user's unfinished jobs, oldest first."""
        return await self._database.read(lambda conn: job_rows.jobs(conn, job_rows.unfinished(user_key)))

    async def history(self, user_key: str, limit: int = 20, chat: Chat | None = None) -> list[Job]:
        """A user's latest jobs, newest first; with `chat` only those asked for there."""
        return await self._database.read(lambda conn: job_rows.jobs(conn, job_rows.latest(user_key, limit, chat)))

    async def count_ended_children(self, job_id: str) -> int:
        """How many jobs that repeated or varied this one have ended."""
        return await self._database.read(lambda conn: job_rows.count_ended_children(conn, job_id))

    async def median_duration_s(self, provider: str | None = None, limit: int = 20) -> float | None:
        """How long the latest `limit` jobs of one provider, or all, took (median); None if too few."""
        return await self._database.read(lambda conn: job_rows.typical_seconds(conn, provider, limit))

    async def stats(self) -> dict[str, int]:
        """Today (UTC): jobs by each state's name, `charged` credits, `spent` upstream, `users` who asked."""
        midnight = datetime.combine(quota.today(self._clock.now()), time(), tzinfo=UTC)
        return await self._database.read(lambda conn: job_rows.stats(conn, midnight))

    # ------------------------------------------------------------ forgetting

    async def erase_user(self, user_key: str) -> tuple[int, tuple[Attachment, ...]]:
        """Empties a user's ended jobs of words, names, results and steps, and drops pictures that waited for words. The
        ledger stays. Returns how many jobs it was, and the handles of all their pictures."""
        return await self._database.write(lambda conn: job_rows.blank(conn, user_key))

    async def delete_expired(self, *, days: int | None) -> int:
        """Drops what nobody needs any more: blobs past BLOB_DAYS, emptied jobs whose events cannot come again, and
        with `days` ended jobs and blobs of before that many. The ledger stays. Returns how many jobs went."""
        now = self._clock.now()
        ended = None if days is None else now - timedelta(days=days)
        kept = now - timedelta(days=min(days or BLOB_DAYS, BLOB_DAYS))

        def work(conn: Connection) -> int:
            delete_blobs(conn, cached_before=kept)
            delete_tokens(conn, expired_at=now)
            return job_rows.drop_jobs(conn, ended_before=ended, blank_before=now - EVENTS_RETURN)

        return await self._database.write(work)

    # ------------------------------------------------------------ credits

    async def balance(self, user_key: str, allowance: int, newcomer: int | None = None) -> Balance:
        """A user's credits as of now, with a daily allowance, which is `newcomer` at most on their first day."""
        now = self._clock.now()

        def work(conn: Connection) -> Balance:
            given = ledger.first_day(conn, user_key, allowance, newcomer, now)
            return _balance(quota.refreshed(ledger.find(conn, user_key), quota.today(now), given))

        return await self._database.read(work)

    async def grant(self, entry: str, user_key: str, credits: int, allowance: int) -> Balance:
        """Adds credits that do not expire. The same `entry` again changes nothing.

        Raises ValueError for credits outside 0 to `quota.MOST`.
        """
        now = self._clock.now()
        return _balance(
            await self._database.write(lambda conn: ledger.grant(conn, entry, user_key, credits, allowance, now))
        )

    async def set_available(self, entry: str, user_key: str, credits: int, allowance: int) -> Balance:
        """Leaves exactly `credits` to spend now. The same `entry` again changes nothing.

        Raises ValueError for credits outside 0 to `quota.MOST`.
        """
        now = self._clock.now()
        return _balance(
            await self._database.write(
                lambda conn: ledger.set_available(conn, entry, user_key, credits, allowance, now)
            )
        )

    async def claw_back(self, entry: str, user_key: str, credits: int, allowance: int) -> Balance:
        """Takes credits back whose price was refunded, as far as they are there. The same `entry` again changes
        nothing."""
        now = self._clock.now()
        return _balance(
            await self._database.write(lambda conn: ledger.claw_back(conn, entry, user_key, credits, allowance, now))
        )

    async def move_chat(self, old: Chat, new: Chat) -> None:
        """A chat has another identity from now on: its jobs and its credits go along. May be told again."""

        def work(conn: Connection) -> None:
            job_rows.move_chat(conn, old, new)
            ledger.move(conn, ledger.group_account(old), ledger.group_account(new))

        await self._database.write(work)

    async def ban(self, user_key: str) -> None:
        """The user's jobs are refused from now on; running ones go on."""
        await self._database.write(lambda conn: ledger.ban(conn, user_key, True))

    async def unban(self, user_key: str) -> None:
        await self._database.write(lambda conn: ledger.ban(conn, user_key, False))

    async def is_banned(self, user_key: str) -> bool:
        return await self._database.read(lambda conn: ledger.is_banned(conn, user_key))

    # ------------------------------------------------------------ inside a transaction

    def _note(self, conn: Connection, job_id: str, name: str, value: Any) -> None:
        values = {"job": job_id, "name": name, "value": value, "at": self._clock.now()}
        upsert(conn, schema.checkpoint, values, key="job,name")


def _balance(account: Account) -> Balance:
    return Balance(available=account.available, reserved=account.reserved, daily=account.allowance)
