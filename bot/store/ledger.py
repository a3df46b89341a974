"""The ledger: every change of a balance is an entry here, and no balance changes without one.

Works inside the transaction it is handed. Accounts are locked user first, then group. The rules: `bot.quota`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, literal, or_, select, update

from bot import quota
from bot.chat import Chat
from bot.errors import Banned, ChatOutOfCredits, OutOfCredits
from bot.job import NewJob
from bot.quota import Account, QuotaRules
from bot.store.engine import field_values, insert_once, insert_or_lock, lock, require_columns
from bot.store.raw_rows import read_raw_rows
from bot.store.schema import IS_UNFINISHED, account, job, ledger
from bot.strikes import refuse_until

SELECT_RESERVATION = select(ledger).where(ledger.c.job == bindparam("job_id"), ledger.c.kind == "reserve")
UPDATE_ACCOUNT = update(account).where(account.c.id == bindparam("account_id"))
INSERT_ENTRY = insert(ledger)
OF_MEMBERS = ("banned", "paused_until")  # columns of an account that say nothing of credits
# On PostgreSQL: one way to the database and back instead of two.
OWNER_VALUES = {
    name: bindparam(f"account_{name}", type_=account.c[name].type)
    for name in Account.__dataclass_fields__
    if name != "id"
}
UPDATE_OWNER = update(account).where(account.c.id == bindparam("account_id")).values(OWNER_VALUES)
INSERT_ENTRY_OF_OWNER = insert(ledger).add_cte(UPDATE_OWNER.cte("owner"))

# ---------------------------------------------------------------- accounts


def chat_account(chat: Chat, rules: QuotaRules) -> str | None:
    """The account id of a group with a limit of its own; None where only users have limits."""
    return group_account(chat) if chat.kind == "group" and rules.chat_daily is not None else None


def group_account(chat: Chat) -> str:
    return f"chat:{chat.key}"


def get_account(conn: Connection, account_id: str) -> Account:
    """Reads an account without locking it; an empty one when it has no row yet."""
    row = (conn.execute(select(account).where(account.c.id == account_id))).mappings().first()
    return _account(row) if row else Account(id=account_id)


def lock_account(conn: Connection, account_id: str) -> tuple[Account, bool]:
    """Locks an account until the transaction ends, and creates it where it is missing; also whether it is banned."""
    row = _lock_row(conn, account_id)
    return _account(row), row["banned"]


def lock_owner(conn: Connection, account_id: str) -> None:
    """As `lock_account`, without a look at it."""
    lock(conn, account, _empty_row(account_id), key="id")


def _lock_row(conn: Connection, account_id: str) -> RowMapping:
    return insert_or_lock(conn, account, _empty_row(account_id), key="id")


def _empty_row(account_id: str) -> dict[str, Any]:
    return {**field_values(Account(id=account_id)), "banned": False}


def set_banned(conn: Connection, account_id: str, banned: bool) -> None:
    lock_account(conn, account_id)
    conn.execute(update(account).where(account.c.id == account_id).values(banned=banned))


def is_banned(conn: Connection, account_id: str) -> bool:
    return bool(conn.execute(select(account.c.banned).where(account.c.id == account_id)).scalar_one_or_none())


def _account(row: RowMapping) -> Account:
    return Account(**{name: row[name] for name in Account.__dataclass_fields__})


def store_account(conn: Connection, changed: Account) -> None:
    """Writes the values of an account that exists."""
    values = field_values(changed)
    require_columns(account, values)
    conn.execute(UPDATE_ACCOUNT, {"account_id": changed.id, **values})


def _store_entry(conn: Connection, entry: Mapping[str, Any], owner: Account) -> None:
    """Writes a new entry, and the values that its account has with it."""
    require_columns(ledger, entry)
    if conn.dialect.name != "postgresql":
        store_account(conn, owner)
        conn.execute(INSERT_ENTRY, entry)
        return
    values = field_values(owner)
    require_columns(account, values)
    conn.execute(INSERT_ENTRY_OF_OWNER, {**entry, **{f"account_{name}": value for name, value in values.items()}})


def allowance_on_day(conn: Connection, account_id: str, allowance: int, newcomer: int | None, now: datetime) -> int:
    """The daily allowance, credits: at most `newcomer` (None: no such limit) on the day of an account's first entry."""
    if newcomer is None or newcomer >= allowance:
        return allowance
    query = select(ledger.c.at).where(ledger.c.account == account_id).order_by(ledger.c.at).limit(1)
    first = conn.execute(query).scalar_one_or_none()
    return newcomer if first is None or quota.today(first) >= quota.today(now) else allowance


# ---------------------------------------------------------------- comparing accounts with entries and jobs


def settled_credits(conn: Connection, job_id: str) -> int:
    """What a job was charged when it was settled; 0 before that."""
    query = select(ledger.c.credits).where(ledger.c.job == job_id, ledger.c.kind == "settle")
    return conn.execute(query).scalar_one_or_none() or 0


def reserved_by_jobs(conn: Connection, account_id: str) -> int:
    """Credits of an account that are reserved for jobs under way."""
    mine = or_(ledger.c.account == account_id, ledger.c.chat_account == account_id)
    query = select(func.coalesce(func.sum(ledger.c.credits), 0)).where(
        ledger.c.job == job.c.id, ledger.c.kind == "reserve", mine, IS_UNFINISHED
    )
    return int(conn.execute(query).scalar_one())


def replay(conn: Connection, account_id: str, allowance: int, now: datetime) -> Account:
    """An account computed anew from its readable entries and the jobs under way. `allowance`: its credits a day, of
    which today's entries are taken."""
    rows = read_raw_rows(conn, ledger, "account = :account OR chat_account = :account", account=account_id)
    entries = [row.values for row in rows if not row.problems]
    settled = {entry["job"] for entry in entries if entry["kind"] == "settle"}
    under_way = _jobs_under_way(conn, [entry["job"] for entry in entries if entry["job"] not in settled])
    computed = Account(id=account_id, daily=allowance, allowance=allowance, day=quota.today(now))
    for entry in sorted(entries, key=lambda entry: (entry["at"], entry["kind"])):
        if entry["kind"] == "reserve" and entry["job"] not in under_way:
            continue  # released, or counted by its settlement
        computed = _apply_entry(computed, entry, "" if entry["account"] == account_id else "chat_")
    return computed


def _apply_entry(account: Account, entry: Mapping[str, Any], prefix: str) -> Account:
    """The account after an entry. `prefix`: of its columns, `chat_` for a group's account. What was reserved and is
    settled counts as one change, with what was charged."""
    is_today, credits = entry[f"{prefix}day"] == account.day, entry["credits"]
    from_granted = entry[f"{prefix}from_granted"]
    from_daily = credits - from_granted
    if entry["kind"] == "grant":
        return replace(account, granted=account.granted + credits)
    if entry["kind"] == "set":
        return replace(
            account, granted=from_granted, daily=min(account.allowance, from_daily) if is_today else account.daily
        )
    return replace(
        account,
        granted=max(0, account.granted - from_granted),
        daily=max(0, account.daily - from_daily) if is_today else account.daily,
        reserved=account.reserved + (credits if entry["kind"] == "reserve" else 0),
    )


def _jobs_under_way(conn: Connection, ids: Sequence[str]) -> set[str]:
    """Those of the ids whose jobs are under way."""
    return {each for each in ids if conn.execute(select(literal(1)).where(job.c.id == each, IS_UNFINISHED)).first()}


# ---------------------------------------------------------------- entries


def lock_unless_refused(conn: Connection, user_key: str, now: datetime) -> Account:
    """Locks the account of a user who may spend credits.

    Raises Banned, Paused.
    """
    return check_refused(_lock_row(conn, user_key), now)


def check_refused(row: RowMapping, now: datetime) -> Account:
    """The account in a row, of a user who may spend credits.

    Raises Banned, Paused.
    """
    if row["banned"]:
        raise Banned
    if row["paused_until"] is not None and row["paused_until"] > now:
        raise refuse_until(row["paused_until"], now)
    return _account(row)


def reserve(conn: Connection, new: NewJob, user: Account, rules: QuotaRules, now: datetime) -> None:
    """Reserves a job's credits on the user's account (locked) and on the group's. Where they are reserved later
    (`is_reserved` False), they must be available all the same, and the entry is one of nothing.

    Raises OutOfCredits, ChatOutOfCredits.
    """
    credits = new.cost if new.is_reserved else 0
    allowance = allowance_on_day(conn, user.id, rules.daily_allowance(new.user), rules.new_user_daily, now)
    user, from_granted = _reserve_credits(user, allowance, new.cost, credits, now, OutOfCredits)
    entry = {"job": new.id, "kind": "reserve", "credits": credits, "at": now}
    entry |= {"account": user.id, "day": user.day, "from_granted": from_granted, "chat_from_granted": 0}
    group_id = chat_account(new.chat, rules)
    if group_id is not None and rules.chat_daily is not None:
        group, _ = lock_account(conn, group_id)
        group, chat_from_granted = _reserve_credits(group, rules.chat_daily, new.cost, credits, now, ChatOutOfCredits)
        entry |= {"chat_account": group.id, "chat_day": group.day, "chat_from_granted": chat_from_granted}
        store_account(conn, group)
    _store_entry(conn, entry, user)


def change_reservation(
    conn: Connection, reserved: NewJob, cost: int, rules: QuotaRules, now: datetime, *, is_reserved: bool = True
) -> None:
    """Reserves `cost` credits for an unfinished job (locked) in the place of what it has reserved, as if it were
    accepted now. `is_reserved`: as of `reserve`.

    Raises OutOfCredits, ChatOutOfCredits, Banned, Paused.
    """
    entry = dict(conn.execute(SELECT_RESERVATION, {"job_id": reserved.id}).mappings().one())
    user = _undo_reservation(lock_unless_refused(conn, reserved.user.key, now), entry, "")
    allowance = allowance_on_day(conn, user.id, rules.daily_allowance(reserved.user), rules.new_user_daily, now)
    credits = cost if is_reserved else 0
    user, from_granted = _reserve_credits(user, allowance, cost, credits, now, OutOfCredits)
    store_account(conn, user)
    changed = {"credits": credits, "day": user.day, "from_granted": from_granted}
    if (group_id := entry["chat_account"]) is not None:
        locked, _ = lock_account(conn, group_id)
        group = _undo_reservation(locked, entry, "chat_")
        limit = group.allowance if rules.chat_daily is None else rules.chat_daily
        group, chat_from_granted = _reserve_credits(group, limit, cost, credits, now, ChatOutOfCredits)
        store_account(conn, group)
        changed |= {"chat_day": group.day, "chat_from_granted": chat_from_granted}
    conn.execute(update(ledger).where(ledger.c.job == reserved.id, ledger.c.kind == "reserve").values(changed))


def _undo_reservation(locked: Account, entry: Mapping[str, Any], prefix: str) -> Account:
    """A locked account as if the reservation were released. `prefix`: of its columns, `chat_` for a group's."""
    return quota.settle(locked, entry["credits"], entry[f"{prefix}from_granted"], 0, entry[f"{prefix}day"])


def _reserve_credits(
    locked: Account,
    allowance: int,
    cost: int,
    credits: int,
    now: datetime,
    refusal: type[OutOfCredits | ChatOutOfCredits],
) -> tuple[Account, int]:
    """A locked account with `credits` reserved after the day's refill, to be stored; also how many came from `granted`.

    Raises `refusal` when fewer than `cost` are available.
    """
    refilled = quota.refreshed(locked, quota.today(now), allowance)
    if refilled.available < cost:
        raise refusal(left=refilled.available, cost=cost, refill=quota.hours_to_refill(now))
    return quota.reserve(refilled, credits)


def settle(conn: Connection, job_id: str, charged: int, now: datetime) -> bool:
    """Ends a job's reservation, charging part of it. False: it was settled before, and nothing changes.

    Raises ValueError when more is charged than was reserved.
    """
    reservation = conn.execute(SELECT_RESERVATION, {"job_id": job_id}).mappings().one()
    if not 0 <= charged <= reservation["credits"]:
        raise ValueError(f"cannot charge {charged} of {reservation['credits']}")

    def granted_part(reserved_from_granted: int) -> int:
        return max(0, charged - (reservation["credits"] - reserved_from_granted))

    entry = {**reservation, "kind": "settle", "credits": charged, "at": now}
    entry |= {
        "from_granted": granted_part(reservation["from_granted"]),
        "chat_from_granted": granted_part(reservation["chat_from_granted"]),
    }
    if not insert_once(conn, ledger, entry, key="job,kind"):
        return False
    for prefix in ("", "chat_"):
        if (account_id := reservation[f"{prefix}account"]) is not None:
            owner, _ = lock_account(conn, account_id)
            day, from_granted = reservation[f"{prefix}day"], reservation[f"{prefix}from_granted"]
            store_account(conn, quota.settle(owner, reservation["credits"], from_granted, charged, day))
    return True


def grant(conn: Connection, entry_id: str, user_key: str, credits: int, allowance: int, now: datetime) -> Account:
    """Grants credits that do not expire, once per `entry_id`; returns the account afterwards.

    Raises ValueError for credits outside 0 to `quota.MAX_CREDITS`.
    """
    return _apply_change(conn, quota.grant, entry_id, user_key, credits, allowance, now)


def set_available(
    conn: Connection, entry_id: str, user_key: str, credits: int, allowance: int, now: datetime
) -> Account:
    """Makes exactly `credits` available, once per `entry_id`; returns the account afterwards.

    Raises ValueError for credits outside 0 to `quota.MAX_CREDITS`.
    """
    return _apply_change(conn, quota.set_available, entry_id, user_key, credits, allowance, now)


def claw_back(conn: Connection, entry_id: str, user_key: str, credits: int, allowance: int, now: datetime) -> Account:
    """Takes refunded credits back as far as they are still there, once per `entry_id`; returns the account afterwards.

    Its ledger entry is a `set` to what is left. Raises ValueError for credits outside 0 to `quota.MAX_CREDITS`.
    """
    return _apply_change(conn, quota.claw_back, entry_id, user_key, credits, allowance, now)


def move_account(conn: Connection, old: str, new: str) -> None:
    """Gives an account another id, with all its entries. An account that already exists under that id takes over what
    is reserved and granted, and keeps its own daily credits."""
    found, of_member = _lock_existing(conn, old)
    if found is None:
        return
    target, _ = lock_account(conn, new)
    latest = found if target.day < found.day else target  # whose daily credits count
    merged = replace(
        latest,
        id=new,
        reserved=found.reserved + target.reserved,
        granted=found.granted + target.granted,
        daily=min(latest.daily, latest.allowance),
    )
    store_account(conn, merged)
    conn.execute(update(account).where(account.c.id == new).values(of_member))
    conn.execute(update(ledger).where(ledger.c.account == old).values(account=new))
    conn.execute(update(ledger).where(ledger.c.chat_account == old).values(chat_account=new))
    conn.execute(delete(account).where(account.c.id == old))


def _lock_existing(conn: Connection, account_id: str) -> tuple[Account | None, dict[str, Any]]:
    """The account, locked, and its columns OF_MEMBERS; None when there is none."""
    query = select(account).where(account.c.id == account_id).with_for_update()
    row = conn.execute(query).mappings().first()
    return (_account(row), {name: row[name] for name in OF_MEMBERS}) if row else (None, {})


def _apply_change(
    conn: Connection,
    rule: Callable[[Account, int], Account],
    entry_id: str,
    user_key: str,
    credits: int,
    allowance: int,
    now: datetime,
) -> Account:
    user, _ = lock_account(conn, user_key)
    user = quota.refreshed(user, quota.today(now), allowance)
    changed = rule(user, credits)
    granted = rule is quota.grant
    entry = {
        "job": entry_id,
        "kind": "grant" if granted else "set",
        "account": user_key,
        "day": changed.day,
        "credits": credits if granted else changed.available,
        "at": now,
    }
    entry |= {"from_granted": credits if granted else changed.granted, "chat_from_granted": 0}
    if not insert_once(conn, ledger, entry, key="job,kind"):
        return user
    store_account(conn, changed)
    return changed
