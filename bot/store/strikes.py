"""Strikes and pauses of members: a row for each job that moderation refused, and the end of a pause with the account.

Written in the transaction that ends the job, so that a job counts once, whatever process is killed; the rules are
`bot.strikes`'s.
"""

from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from bot.runtime.clock import Clock
from bot.store import ledger
from bot.store.database import Database
from bot.store.engine import insert_once
from bot.store.schema import account, job, strike
from bot.strikes import WINDOW, Pause, Standing, StrikeRules, refuse_until


class Strikes:
    """The members' pauses in a database. Every method raises StoreFailed when the database fails."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def pause_of(self, user_key: str) -> Pause | None:
        """The pause that a member is in; None: they are in none."""
        now = self._clock.now()

        def work(conn: Connection) -> Pause | None:
            query = select(account.c.paused_until).where(account.c.id == user_key)
            until = conn.execute(query).scalar_one_or_none()
            if until is None or until <= now:
                return None
            return Pause(user_key=user_key, until=until, strikes=_count(conn, user_key, now))

        return await self._database.read(work)

    async def check_pause(self, user_key: str) -> None:
        """Raises Paused for a member in a pause."""
        if (pause := await self.pause_of(user_key)) is not None:
            raise refuse_until(pause.until, self._clock.now())

    async def pauses(self, limit: int) -> tuple[int, list[Pause]]:
        """Refusals by moderation within the last day, of all members; and at most `limit` of those who are paused, the
        last one to be free again first."""
        now = self._clock.now()

        def work(conn: Connection) -> tuple[int, list[Pause]]:
            count = select(func.count()).select_from(strike).where(strike.c.at > now - WINDOW)
            paused = select(account.c.id, account.c.paused_until).where(account.c.paused_until > now)
            rows = conn.execute(paused.order_by(account.c.paused_until.desc(), account.c.id).limit(limit)).all()
            pauses = [Pause(user_key=key, until=until, strikes=_count(conn, key, now)) for key, until in rows]
            return int(conn.execute(count).scalar_one()), pauses

        return await self._database.read(work)

    async def standings(self, limit: int) -> list[Standing]:
        """At most `limit` of the members whom moderation has refused within the last day and who are in no pause, the
        most often refused first."""
        now = self._clock.now()

        def work(conn: Connection) -> list[Standing]:
            count = func.count().label("strikes")
            paused = select(account.c.id).where(account.c.paused_until > now)
            query = select(strike.c.user_key, count).where(strike.c.at > now - WINDOW, strike.c.user_key.not_in(paused))
            rows = conn.execute(
                query.group_by(strike.c.user_key).order_by(count.desc(), strike.c.user_key).limit(limit)
            )
            return [Standing(user_key=key, strikes=strikes) for key, strikes in rows]

        return await self._database.read(work)


# ---------------------------------------------------------------- inside a transaction


def add_strike(conn: Connection, job_id: str, rules: StrikeRules, now: datetime) -> datetime | None:
    """Counts a job that moderation refused, once. Returns the end of the pause that it brings about; None: of none."""
    user_key = conn.execute(select(job.c.user_key).where(job.c.id == job_id)).scalar_one()
    ledger.lock_account(conn, user_key)  # two strikes at once take turns here
    if not insert_once(conn, strike, {"job": job_id, "user_key": user_key, "at": now}, key="job"):
        return None
    until = rules.pause_until(_count(conn, user_key, now), now)
    if until is not None:
        conn.execute(update(account).where(account.c.id == user_key).values(paused_until=until))
    return until


def lift_pause(conn: Connection, user_key: str) -> None:
    """Ends a member's pause, and forgets their strikes. No-op for others."""
    conn.execute(update(account).where(account.c.id == user_key).values(paused_until=None))
    conn.execute(delete(strike).where(strike.c.user_key == user_key))


def delete_strikes(conn: Connection, *, now: datetime) -> None:
    """Deletes the strikes past WINDOW, and those of a clock that was ahead, whose pauses end: they would last until
    then."""
    ahead = select(strike.c.user_key).where(strike.c.at > now + WINDOW)
    conn.execute(update(account).where(account.c.id.in_(ahead)).values(paused_until=None))
    conn.execute(delete(strike).where((strike.c.at <= now - WINDOW) | (strike.c.at > now + WINDOW)))


def _count(conn: Connection, user_key: str, now: datetime) -> int:
    query = select(func.count()).where(strike.c.user_key == user_key, strike.c.at > now - WINDOW)
    return int(conn.execute(query).scalar_one())
