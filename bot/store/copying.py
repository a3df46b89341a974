"""Copies every table of one database into another, of either engine, and compares both row by row before it commits.

The source is only read. The target changes in one transaction, so that an end at any point leaves it as it was.
Blocking, with plain sync connections: call it in a worker thread.
"""

import json
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import URL, Connection, NullPool, create_engine, delete, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import CopyFailed, SettingsWrong
from bot.store import schema
from bot.store.backup import exclusive_access
from bot.store.copied_rows import MARK, OWN_KEYS, CopiedRows, copy_rows, sum_rows
from bot.store.copy_repairs import keep_unreadable
from bot.store.engine import (
    WRITES,
    configure_sqlite,
    connect_args,
    describe_error,
    is_sqlite,
    parse_url,
    to_json,
    upsert,
    url_problem,
)
from bot.store.migrate import REVISION, location, missing_sqlite_file, prepare_database, revisions, sqlite_path
from bot.store.process_rows import lock_out
from bot.store.quarantine import SetAside, find_unreadable

SOURCE, TARGET = "SOURCE", "TARGET"  # what an operator's mistake names, in the place of a key
COPY_LOCK = 0x434F_5059  # "COPY": one copy at a time reads or fills a PostgreSQL


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyReport:
    """What was copied."""

    rows: dict[str, int]
    """Rows by table."""
    replaced: int
    """Rows of an earlier copy that were replaced; 0 for a target that was empty."""
    set_aside: tuple[SetAside, ...]
    """Rows of the source that cannot be read: the target keeps them in its quarantine."""
    unsound: tuple[SetAside, ...]
    """Rows that are alike in both, and that `easel run` sets aside at its start."""
    accounts: int
    available: int
    """Credits that all accounts have available together, as of the day on which each was last used."""
    reserved: int
    """Credits that are reserved for unfinished jobs."""
    image_bytes: int
    """Bytes of the finished images that are not delivered yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRules:
    """What the operator's settings and the moment say of a copy."""

    allowance: int
    """Credits a day, for accounts that are computed anew because their rows cannot be read."""
    lost_after_s: float
    """Seconds without a heartbeat after which a process is no more, > 0."""
    now: datetime


def copy_database(source: str, target: str, rules: CopyRules, tell: Callable[[str], None]) -> CopyReport:
    """Makes the target, a new database or an earlier copy, alike to the source.

    `tell` gets lines about the progress. Raises SettingsWrong, which names SOURCE or TARGET, when one of them cannot be
    used, is in use or has rows of its own; CopyFailed when the copy broke off or is not alike. Then the target is as it
    was.
    """
    with ExitStack() as stack:
        with _naming(SOURCE):
            source_url = _usable_source(source)
            stack.enter_context(exclusive_access(source_url))
            prepare_database(source_url, migrate=False)
        with _naming(TARGET):
            target_url = parse_url(target)
            _refuse_same_file(source_url, target_url)
            stack.enter_context(exclusive_access(target_url))
            prepare_database(target_url, migrate=True)
        tell(f"from {location(source_url)} to {location(target_url)}")
        try:
            with _reading(source_url) as source_conn, _writing(target_url) as target_conn:
                report = _copy(source_conn, target_conn, location(source_url), rules, tell)
            _analyze(target_url)
        except SQLAlchemyError as error:
            raise CopyFailed(detail=f"the copy broke off ({describe_error(error)}); the target is as it was") from error
    return report


def _copy(
    source: Connection, target: Connection, origin: str, rules: CopyRules, tell: Callable[[str], None]
) -> CopyReport:
    with _naming(SOURCE):
        _claim(source, rules)
    with _naming(TARGET):
        _claim(target, rules)
        replaced = _clear(target)
    if replaced:
        tell(f"an earlier copy of {replaced:,} rows is replaced")
    copied = CopiedRows()
    for table in schema.lasting_tables():
        copy_rows(source, target, table, copied, tell)
    tell("comparing")
    for table in schema.lasting_tables():
        expected, found = copied.sums[table.name], sum_rows(target, table)
        if expected != found:
            differ = f"{expected.rows:,} rows were read and {found.rows:,} written"
            why = differ if expected.rows != found.rows else "not every value arrived as it was"
            raise CopyFailed(detail=f"{table.name} is not alike ({why}); the target is as it was")
    set_aside = keep_unreadable(target, copied.unreadable, rules.allowance, rules.now)
    unsound = find_unreadable(target)
    upsert(target, schema.key_value, {"key": MARK, "value": _mark(target, origin, rules.now)}, key="key")
    account = schema.account.c
    totals = select(
        func.count(),
        func.coalesce(func.sum(account.daily + account.granted), 0),
        func.coalesce(func.sum(account.reserved), 0),
    )
    accounts, available, reserved = target.execute(totals).one()
    return CopyReport(
        rows={name: each.rows for name, each in copied.sums.items()},
        replaced=replaced,
        set_aside=tuple(set_aside),
        unsound=tuple(unsound),
        accounts=accounts,
        available=int(available),
        reserved=int(reserved),
        image_bytes=copied.sums[schema.result.name].blob_bytes,
    )


# ---------------------------------------------------------------- may it be read, may it be filled


@contextmanager
def _naming(role: str) -> Generator[None]:
    """Has an operator's mistake name the argument instead of the setting."""
    try:
        yield
    except SettingsWrong as wrong:
        raise SettingsWrong([f"{role}: {each.removeprefix('database_url: ')}" for each in wrong.problems]) from wrong


def _usable_source(source: str) -> URL:
    url = parse_url(source)
    if (missing := missing_sqlite_file(url)) is not None:
        raise url_problem(f"{missing} does not exist")
    return url


def _refuse_same_file(source: URL, target: URL) -> None:
    if is_sqlite(source) and is_sqlite(target) and sqlite_path(source).resolve() == sqlite_path(target).resolve():
        raise url_problem("is the database that is copied")


def _claim(conn: Connection, rules: CopyRules) -> None:
    """Makes sure that no Easel serves with a database of PostgreSQL, and none begins to before the copy has ended; a
    SQLite file has its lock. Raises SettingsWrong, also for tables of a newer version, with columns unknown here."""
    if revisions(conn) != [REVISION]:
        raise url_problem("has the tables of a newer Easel; copy it with that version")
    if conn.dialect.name == "sqlite":
        return
    if not conn.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": COPY_LOCK}):
        raise url_problem("is the database that is copied, or is just being copied by another easel db copy")
    if serving := lock_out(conn, rules.lost_after_s):
        raise url_problem(f"is in use by another Easel ({', '.join(serving)}); stop it first")


def _clear(target: Connection) -> int:
    """Empties an earlier copy; returns how many rows it had. Raises SettingsWrong for any other database with rows."""
    counts = _counts(target)
    if not any(counts.values()):
        return 0
    mark = target.scalar(select(schema.key_value.c.value).where(schema.key_value.c.key == MARK))
    if mark is None or json.loads(mark)["state"] != _state(target):
        used = ", ".join(f"{count:,} of {name}" for name, count in counts.items() if count)
        why = "has rows of its own" if mark is None else "has been used since it was copied"
        raise url_problem(f"{why} ({used}), which a copy would delete; name an empty database")
    for table in reversed(schema.lasting_tables()):
        others = [table.c.key.not_in(OWN_KEYS)] if table is schema.key_value else []
        target.execute(delete(table).where(*others))
    return sum(counts.values())


def _mark(target: Connection, origin: str, now: datetime) -> str:
    return to_json({"from": origin, "at": now.isoformat(), "state": _state(target)})


def _state(target: Connection) -> dict[str, int | str | None]:
    """What changes whenever an Easel serves with a database: the numbers of rows, but for the mark and what a look at
    the database writes, and the latest entry of the ledger."""
    ledger = schema.ledger.c
    latest = target.scalar(select(func.max(ledger.at)))
    return {**_counts(target), "credits": int(target.scalar(select(func.sum(ledger.credits))) or 0), "at": str(latest)}


def _counts(conn: Connection) -> dict[str, int]:
    """Numbers of rows by table; without those that belong to their database."""
    counts: dict[str, int] = {}
    for table in schema.lasting_tables():
        query = select(func.count()).select_from(table)
        if table is schema.key_value:
            query = query.where(table.c.key.not_in(OWN_KEYS))
        counts[table.name] = conn.scalar(query) or 0
    return counts


# ---------------------------------------------------------------- transactions


@contextmanager
def _reading(url: URL) -> Generator[Connection]:
    """A transaction that sees one moment of the source."""
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=connect_args(url))
    configure_sqlite(engine, read_only=True)
    options = {} if is_sqlite(url) else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        with engine.execution_options(**options).connect() as connection:
            yield connection
            connection.rollback()
    finally:
        engine.dispose()


@contextmanager
def _writing(url: URL) -> Generator[Connection]:
    """A transaction that is committed at the end, unless the block raises."""
    engine = create_engine(
        url, poolclass=NullPool, hide_parameters=True, connect_args=connect_args(url), json_serializer=to_json
    )
    configure_sqlite(engine)
    try:
        with engine.execution_options(**WRITES).begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _analyze(url: URL) -> None:
    """Tells the planner of PostgreSQL what there is now: for empty tables it chose other plans."""
    if is_sqlite(url):
        return
    with _writing(url) as connection:
        connection.execute(text("ANALYZE"))
