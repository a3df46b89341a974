"""Who used how much: members and chats by pictures, credits and failures; and everything about one member.

Reads alone, inside the transaction it is given.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, case, func, or_, select

from bot import quota
from bot.job import State
from bot.ports.admin_figures import UsageRow, UsageSort
from bot.ports.admin_views import MAX_MEMBER_ROWS, JobRow, LedgerRow, MemberDetails, Page
from bot.quota import QuotaRules
from bot.store import ledger
from bot.store.administration.job_lists import job_row
from bot.store.administration.pages import decode_position, encode_position, make_page
from bot.store.readable_rows import as_tuple, float_sum, read_rows
from bot.store.schema import account, job, outcome, strike
from bot.store.schema import ledger as entries
from bot.strikes import WINDOW


def list_usage(
    conn: Connection,
    of: Literal["user_key", "chat_key"],
    since: datetime,
    sort: UsageSort,
    after: str | None,
    limit: int,
) -> Page[UsageRow]:
    """As of `AdminReads.members` and `chats`. `of`: whose usage."""
    order = f"usage {of} {sort}"
    key: ColumnElement[str] = outcome.c[of]
    sums: dict[str, ColumnElement[Any]] = {
        "jobs": func.count(),
        "pictures": float_sum(outcome.c.pictures),
        "charged": float_sum(outcome.c.charged),
        "failed": func.sum(case((outcome.c.state == State.FAILED.value, 1), else_=0)),
    }
    query = (
        select(key.label("key"), *(each.label(name) for name, each in sums.items()))
        .where(outcome.c.finished >= since, key != "")
        .group_by(key)
        .order_by(sums[sort].desc(), key)
    )
    if (position := decode_position(order, after, (int, str))) is not None:
        most, last = position
        query = query.having(or_(sums[sort] < most, and_(sums[sort] == most, key > last)))
    found = read_rows(conn, query, _usage, most=limit + 1)
    names = names_of(conn, [row["key"] for row in found]) if of == "user_key" else {}
    rows = [
        UsageRow(
            key=row["key"],
            name=names.get(row["key"], ""),
            jobs=row["jobs"],
            pictures=row["pictures"],
            charged=row["charged"],
            failed=row["failed"],
        )
        for row in found
    ]
    return make_page(rows, limit, lambda row: encode_position(order, (getattr(row, sort), row.key)))


def _usage(row: RowMapping) -> dict[str, Any]:
    return {"key": row["key"], **{name: int(row[name]) for name in ("jobs", "pictures", "charged", "failed")}}


def names_of(conn: Connection, user_keys: Collection[str]) -> dict[str, str]:
    """Display names at the latest job, by `User.key`; those who are not known any more are missing."""
    latest = (
        select(job.c.user_key, func.max(job.c.created).label("created"))
        .where(job.c.user_key.in_(user_keys))
        .group_by(job.c.user_key)
        .subquery()
    )
    query = select(job.c.user_key, job.c.sender).join(
        latest, and_(job.c.user_key == latest.c.user_key, job.c.created == latest.c.created)
    )
    return dict(read_rows(conn, query, lambda row: (row["user_key"], str(row["sender"].get("name", "")))))


def load_member(conn: Connection, user_key: str, rules: QuotaRules, now: datetime) -> MemberDetails | None:
    """As of `AdminReads.member`. The balance is that of a user without a tier of their own."""
    rows = read_rows(conn, select(account).where(account.c.id == user_key), lambda row: row)
    jobs = latest_jobs(conn, user_key)
    if not rows and not jobs and not _is_known(conn, user_key):
        return None
    given = ledger.allowance_on_day(conn, user_key, rules.user_daily, rules.new_user_daily, now)
    held = ledger.get_account(conn, user_key) if rows else quota.Account(id=user_key)
    stored = quota.refreshed(held, quota.today(now), given)
    until = rows[0]["paused_until"] if rows else None
    counted = select(func.count()).where(strike.c.user_key == user_key, strike.c.at > now - WINDOW)
    return MemberDetails(
        user_key=user_key,
        name=names_of(conn, [user_key]).get(user_key, ""),
        balance=quota.Balance(available=stored.available, reserved=stored.reserved, daily=stored.allowance),
        is_banned=bool(rows) and rows[0]["banned"],
        strikes=int(conn.execute(counted).scalar_one()),
        paused_until=until if until is not None and until > now else None,
        today=_states_today(conn, user_key, now),
        jobs=tuple(jobs),
        ledger=tuple(_latest_entries(conn, user_key)),
    )


def _is_known(conn: Connection, user_key: str) -> bool:
    """Whether an account is there, be it damaged."""
    return conn.execute(select(func.count()).where(account.c.id == user_key)).scalar_one() > 0


def similar_keys(conn: Connection, text: str, limit: int) -> list[str]:
    """Keys of members that contain a text, in order."""
    query = select(account.c.id).where(account.c.id.contains(text, autoescape=True), ~account.c.id.startswith("chat:"))
    return read_rows(conn, query.order_by(account.c.id), lambda row: row["id"], most=limit)


def latest_jobs(conn: Connection, user_key: str) -> list[JobRow]:
    """A member's latest jobs, newest first."""
    columns = (job.c.id, job.c.created, job.c.finished, job.c.state, job.c.user_key, job.c.chat_key, job.c.provider)
    query = (
        select(*columns, job.c.charged, outcome.c.failure, outcome.c.pictures, outcome.c.whole_ms.label("milliseconds"))
        .outerjoin(outcome, outcome.c.job == job.c.id)
        .where(job.c.user_key == user_key)
        .order_by(job.c.created.desc(), job.c.id.desc())
    )
    return read_rows(conn, query, job_row, most=MAX_MEMBER_ROWS)


def _states_today(conn: Connection, user_key: str, now: datetime) -> dict[str, int]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    query = select(job.c.state, func.count()).where(job.c.user_key == user_key, job.c.created >= midnight)
    found = dict(read_rows(conn, query.group_by(job.c.state), as_tuple))
    return {state.value: found.get(state.value, 0) for state in State}


def _latest_entries(conn: Connection, user_key: str) -> list[LedgerRow]:
    query = select(entries).where(entries.c.account == user_key)
    return read_entries(conn, query.order_by(entries.c.at.desc(), entries.c.job.desc()), most=MAX_MEMBER_ROWS)


def read_entries(conn: Connection, query: Any, *, most: int | None = None) -> list[LedgerRow]:
    """The entries that a `select(ledger)` finds."""
    return read_rows(conn, query, _ledger_row, most=most)


def _ledger_row(row: RowMapping) -> LedgerRow:
    return LedgerRow(
        entry=row["job"],
        kind=row["kind"],
        account=row["account"],
        credits=row["credits"],
        from_granted=row["from_granted"],
        chat_account=row["chat_account"],
        at=row["at"],
    )
