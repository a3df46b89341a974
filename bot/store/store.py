"""The one database: jobs, what they have done, and the credits they cost.

Transactions are short, and all or nothing. `Store` is what the rest of Easel uses; tables (`schema`), rows (`job_rows`)
and credits (`ledger`) are modules beside it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any, Self

from sqlalchemy import Connection, text

from bot import quota
from bot.chat import Chat, Delivered
from bot.errors import Stale
from bot.job import TRANSITIONS, Failure, Job, NewJob, State
from bot.painting import Image
from bot.quota import Account, Balance, QuotaRules
from bot.runtime.clock import Clock
from bot.store import job_queries, job_rows, job_statistics, ledger, outcomes, result_rows, schema
from bot.store.acceptance import accept
from bot.store.adapter_store import AdapterStore
from bot.store.admin_sessions import AdminSessions
from bot.store.administration.admin_store import AdminStore
from bot.store.amendments import Amendments
from bot.store.bounded_reads import BoundedReads
from bot.store.budget_store import BudgetStore
from bot.store.database import Database
from bot.store.deletions import Deletions
from bot.store.engine import is_sqlite, parse_url, upsert
from bot.store.error_groups import ErrorGroups
from bot.store.job_holders import JobHolders, Notify
from bot.store.migrate import prepare_database
from bot.store.notices import Notices
from bot.store.quarantine import Quarantine
from bot.store.strikes import Strikes, add_strike
from bot.strikes import StrikeRules, is_strike, with_pause

JOBS_LOOKED_AT = 2_000  # the newest, for the chats that are in use
HEALTH_KEY = "health"  # of the row that is written to see whether the database takes writes
# The facts of an attempt that are columns of its job.
JOB_COLUMNS = ("provider", "model", "price", "spent", "upstream_id", "usage", "trace")


class Store:
    """An open database. Every method raises StoreFailed when the database fails.

    A job value is a claim on its `attempt`: methods that write for a Job raise Stale once a newer attempt
    holds it or it has ended. Rows are locked in one order: job, user's account, group's account.
    """

    def __init__(self, database: Database, clock: Clock, reads: BoundedReads) -> None:
        """`reads`: of the same database, closed with it."""
        self._database = database
        self._clock = clock
        self.admin_sessions = AdminSessions(database)
        """Who is signed in to the admin page."""
        self._reads = reads
        self.administration = AdminStore(database, reads, clock)
        """What administrators read and change."""
        self.adapter_store = AdapterStore(database, clock)
        """What chat adapters keep, in the same database."""
        self.amendments = Amendments(database, clock)
        """What changes the request of a job."""
        self.budgets = None if database.is_sqlite else BudgetStore(database)
        """Rate limits that several processes share; None on SQLite, where there is one process."""
        self.deletions = Deletions(database, clock)
        """What takes jobs and what belongs to them out."""
        self.error_groups = ErrorGroups(database)
        """Unexpected exceptions, by where they come from."""
        self.notices = Notices(database)
        """What administrators were told of."""
        self.quarantine = Quarantine(database, clock)
        """The rows that could not be read."""
        self.strikes = Strikes(database, clock)
        """Members whom moderation has refused too often."""

    @classmethod
    async def open(cls, database_url: str, *, clock: Clock, migrate: bool | None = None) -> Self:
        """Opens `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://…`.

        `migrate`: bring the tables up to date first; by default on SQLite only, since on PostgreSQL other
        processes may be at work. Raises SettingsWrong.
        """
        url = parse_url(database_url)
        await asyncio.to_thread(prepare_database, url, migrate=is_sqlite(url) if migrate is None else migrate)
        database = await asyncio.to_thread(Database, url, clock)  # a file's address is made absolute
        return cls(database, clock, await asyncio.to_thread(BoundedReads, url))

    def job_holders(self, *, user_concurrent: int, notify: Notify) -> JobHolders:
        """Which process holds a job, where several share this database. As of JobHolders."""
        return JobHolders(self._database, self._clock, user_concurrent=user_concurrent, notify=notify)

    async def close(self) -> None:
        """Lets transactions under way end, then closes all connections."""
        await self._reads.close()
        await self._database.close()

    def problem(self) -> str | None:
        """Why nothing is written right now, as far as that is this process's doing; None otherwise."""
        return self._database.problem()

    async def ping(self) -> None:
        """Checks that the database answers."""

        def work(conn: Connection) -> None:
            conn.execute(text("SELECT 1"))

        await self._database.read(work)

    async def check_writable(self) -> None:
        """Writes a row, as every job does. Raises StoreFailed when the database is full, locked or read-only."""
        await self.adapter_store.set_value(HEALTH_KEY, self._clock.now().isoformat())

    async def latest_groups(self, platform: str, limit: int) -> list[Chat]:
        """The groups with the newest jobs of a platform, newest first; at most `limit`, without unreadable ones."""

        def work(conn: Connection) -> list[Chat]:
            return job_rows.readable_chats(conn, job_queries.select_newest_chats(platform, JOBS_LOOKED_AT))

        groups = {chat.key: chat for chat in await self._database.read(work) if chat.kind == "group"}
        return list(groups.values())[:limit]

    # ------------------------------------------------------------ a job from acceptance to its end

    async def accept_job(
        self,
        new: NewJob,
        rules: QuotaRules,
        *,
        begun: bool = False,
        first_post: Mapping[str, Any] | None = None,
        holder: str | None = None,
        shown_by: str | None = None,
        enqueue: Callable[[Connection, Job], Job] | None = None,
    ) -> tuple[Job, bool]:
        """Reserves the credits (unless `new.is_reserved` is False: then it makes sure that they are there) and stores
        the job, in one transaction. False: the event had become that job before, or that job of the same button is
        unfinished.

        `begun`: its first attempt begins in the same transaction, as by `begin_attempt`. `first_post`: what its adapter
        notes of its first post, as of `PreparedPosts.prepare_post`. `holder`, `shown_by`: as of `Job`. `enqueue`:
        called in the transaction, the user's account locked, as of `Dispatch.enqueue`.
        Raises Banned, Paused, TooManyWaiting, OutOfCredits, ChatOutOfCredits; then nothing is stored.
        """

        def work(conn: Connection) -> tuple[Job, bool]:
            return accept(
                conn, new, rules, self._clock.now(), begun=begun, first_post=first_post, holder=holder,
                shown_by=shown_by, enqueue=enqueue,
            )  # fmt: skip

        return await self._database.write(work)

    async def begin_attempt(self, job_id: str, *, holder: str | None = None) -> Job:
        """Starts a new attempt, which makes every older value of the job stale. `holder`: the process that holds it;
        None: there is only one.

        Raises Stale when the job has ended or does not exist, or another process holds it.
        """

        def work(conn: Connection) -> Job:
            is_held = None if holder is None else schema.job.c.holder == holder
            begun = job_rows.begin_attempt(conn, job_id, self._clock.now(), is_held=is_held)
            if begun is None:
                raise Stale
            return begun

        return await self._database.write(work, can_wait=True)

    async def reserve_credits(self, job: Job, rules: QuotaRules) -> None:
        """Reserves the credits of a job that was accepted without (`is_reserved` False). May be repeated.

        Raises Stale, OutOfCredits, ChatOutOfCredits, Banned, Paused; then nothing is reserved.
        """

        def work(conn: Connection) -> None:
            if not job_rows.update_held_job(conn, job, {"is_reserved": True}):
                raise Stale
            ledger.change_reservation(conn, job, job.cost, rules, self._clock.now())

        await self._database.write(work)

    async def save_checkpoint(self, job: Job, name: str, value: Any, facts: Mapping[str, Any] | None = None) -> None:
        """Saves a checkpoint: a finished step and its JSON value, which replaces that of an earlier one of the name.

        `facts`: values of the job's own columns, of those in JOB_COLUMNS, written with it. Raises Stale.
        """

        def work(conn: Connection) -> None:
            if not job_rows.commit_checkpoint(conn, job, name, value, self._clock.now(), facts or {}):
                raise Stale

        await self._database.write(work, can_wait=True)

    async def set_status_message(self, job_id: str, message_id: str) -> None:
        """Stores the id of the status message. Not fenced by the attempt: a posted message is there."""

        def work(conn: Connection) -> None:
            job_rows.update_job(conn, job_id, {"status_id": message_id})

        await self._database.write(work, put_off=True)

    async def save_results(self, job: Job, images: Sequence[Image], facts: Mapping[str, Any]) -> None:
        """Saves the finished images and the checkpoint `generated` with `facts` (JSON values).

        The facts named in JOB_COLUMNS are also written to the job itself. Raises Stale.
        """

        def work(conn: Connection) -> None:
            if not job_rows.update_held_job(conn, job, {name: facts[name] for name in JOB_COLUMNS if name in facts}):
                raise Stale
            result_rows.insert_results(conn, job.id, images)
            self._upsert_checkpoint(conn, job.id, "generated", dict(facts))

        await self._database.write(work, can_wait=True)

    async def load_results(self, job: Job) -> list[Image]:
        """The images stored and not yet delivered, in order."""
        return await self._database.read(lambda conn: result_rows.load_results(conn, job.id))

    async def settle_job(
        self,
        job: Job,
        state: State,
        *,
        charged: int,
        failure: Failure | None = None,
        delivered: Delivered | None = None,
        trace: str | None = None,
        strikes: StrikeRules | None = None,
    ) -> bool:
        """Ends a job and settles its reservation: `charged` credits are spent, the others return. False: it had ended.

        A refusal by moderation counts by the rules of `strikes`; the failure of the one that pauses its member
        announces that. Deletes the stored images. Without `delivered` the
        notification of its end is pending from here on.

        Raises Stale when a newer attempt holds it, ValueError for an end that
        its state does not allow or a charge above what was reserved.
        """

        def work(conn: Connection) -> bool:
            stored = job_rows.lock_job(conn, job.id)
            if stored is None:
                raise Stale
            current = stored.state
            if not TRANSITIONS[current]:
                return False
            if stored.attempt != job.attempt:
                raise Stale
            if state not in TRANSITIONS[current] or TRANSITIONS[state]:
                raise ValueError(f"{current} cannot end as {state}")
            now = self._clock.now()
            if not ledger.settle(conn, job.id, charged, now):
                return False
            told = failure
            if strikes is not None and failure is not None and is_strike(failure):
                until = add_strike(conn, job.id, strikes, now)
                told = failure if until is None else with_pause(failure, until, now)
            end = job_rows.end_values(state, charged=charged, failure=told, delivered=delivered, trace=trace, now=now)
            outcomes.end_job(conn, stored.values, end)
            result_rows.delete_results(conn, job.id)
            return True

        return await self._database.write(work, can_wait=True)

    async def mark_notified(self, job_id: str) -> None:
        """Notes that the message of an ended job says how it ended: its notification is no longer pending."""
        await self._database.write(lambda conn: job_rows.update_job(conn, job_id, {"notification_pending": False}))

    # ------------------------------------------------------------ reading jobs

    async def get_job(self, job_id: str) -> Job | None:
        return await self._database.read(lambda conn: job_rows.load_job(conn, job_queries.select_by_id(job_id)))

    async def unfinished_jobs(self) -> list[Job]:
        """All unfinished jobs, oldest first: what an earlier process may have left behind."""
        return await self._database.read(lambda conn: job_rows.load_jobs(conn, job_queries.select_unfinished()))

    async def pending_notifications(self) -> list[Job]:
        """Ended jobs whose message may not say so yet, oldest first."""
        return await self._database.read(
            lambda conn: job_rows.load_jobs(conn, job_queries.select_pending_notifications())
        )

    async def job_by_event(self, event: str) -> Job | None:
        """The job that an event became."""
        return await self._database.read(lambda conn: job_rows.load_job(conn, job_queries.select_by_event(event)))

    async def job_by_message(self, chat: Chat, message_id: str) -> Job | None:
        """The job whose status message or delivered message it is."""

        def work(conn: Connection) -> Job | None:
            found = job_rows.load_job(conn, job_queries.select_by_message(chat, message_id))
            return found or job_rows.load_job(conn, job_queries.select_by_further_message(chat, message_id))

        return await self._database.read(work)

    async def branch_of(self, job_id: str, most: int) -> dict[str, Job]:
        """A job and those that it descends from, by their ids, the nearest first; at most `most`."""
        return await self._database.read(lambda conn: job_rows.load_branch(conn, job_id, most))

    async def has_result_below(self, job_id: str, user_key: str) -> bool:
        """Whether a user has a result that descends from a job's."""
        query = job_queries.select_finished_below(job_id, user_key).limit(1)
        return await self._database.read(lambda conn: conn.execute(query).first() is not None)

    async def add_copy(self, job: Job, message_id: str) -> bool:
        """Notes a message that shows pictures of an ended job once more, which goes when its result is taken away.
        False: that was done meanwhile, or the job is not known any more."""
        return await self._database.write(lambda conn: job_rows.add_copy(conn, job.id, message_id))

    async def unfinished_jobs_of(self, user_key: str) -> list[Job]:
        """A user's unfinished jobs, oldest first."""
        return await self._database.read(lambda conn: job_rows.load_jobs(conn, job_queries.select_unfinished(user_key)))

    async def history(self, user_key: str, limit: int = 20, chat: Chat | None = None) -> list[Job]:
        """A user's latest jobs, newest first; with `chat` only those of that chat."""
        return await self._database.read(
            lambda conn: job_rows.load_jobs(conn, job_queries.select_latest(user_key, limit, chat))
        )

    async def median_duration_s(self, provider: str | None = None, limit: int = 20) -> float | None:
        """Median duration of the latest `limit` jobs, seconds, of one provider or of all; None if too few."""
        return await self._database.read(lambda conn: job_statistics.median_duration_s(conn, provider, limit))

    async def stats(self) -> dict[str, int]:
        """Today (UTC): jobs by each state's name, `charged` credits, `spent` upstream, `users` who sent one."""
        midnight = datetime.combine(quota.today(self._clock.now()), time(), tzinfo=UTC)
        return await self._database.read(lambda conn: job_statistics.stats(conn, midnight))

    # ------------------------------------------------------------ credits

    async def balance(self, user_key: str, allowance: int, newcomer: int | None = None) -> Balance:
        """A user's credits as of now. `allowance`: credits a day; `newcomer`: the most on their first day."""
        now = self._clock.now()

        def work(conn: Connection) -> Balance:
            given = ledger.allowance_on_day(conn, user_key, allowance, newcomer, now)
            return _balance(quota.refreshed(ledger.get_account(conn, user_key), quota.today(now), given))

        return await self._database.read(work)

    async def grant(self, entry: str, user_key: str, credits: int, allowance: int) -> Balance:
        """Adds credits that do not expire. The same `entry` again changes nothing.

        Raises ValueError for credits outside 0 to `quota.MAX_CREDITS`.
        """
        now = self._clock.now()
        return _balance(
            await self._database.write(lambda conn: ledger.grant(conn, entry, user_key, credits, allowance, now))
        )

    async def move_chat(self, old: Chat, new: Chat) -> None:
        """Gives a chat another identity: its jobs and its credits go along. May be repeated."""

        def work(conn: Connection) -> None:
            job_rows.move_chat(conn, old, new)
            outcomes.move_chat(conn, old.key, new.key)
            ledger.move_account(conn, ledger.group_account(old), ledger.group_account(new))

        await self._database.write(work)

    async def is_banned(self, user_key: str) -> bool:
        return await self._database.read(lambda conn: ledger.is_banned(conn, user_key))

    # ------------------------------------------------------------ inside a transaction

    def _upsert_checkpoint(self, conn: Connection, job_id: str, name: str, value: Any) -> None:
        values = {"job": job_id, "name": name, "value": value, "at": self._clock.now()}
        upsert(conn, schema.checkpoint, values, key="job,name")


def _balance(account: Account) -> Balance:
    return Balance(available=account.available, reserved=account.reserved, daily=account.allowance)
