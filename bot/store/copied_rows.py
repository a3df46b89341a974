"""Rows on their way from one database into another: read whatever is in them, written in batches, summed up to compare.

Holds one batch in memory, however large a table is. Works inside the transactions it is given.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import JSON, Connection, Float, Integer, LargeBinary, Table, Text, insert, select

from bot.errors import CopyFailed
from bot.store import schema
from bot.store.column_types import SafeText, safe_text
from bot.store.engine import to_json
from bot.store.migrate import OLDEST_CODE
from bot.store.raw_rows import RawRow, stream_raw_rows

MARK = "copied"  # key of the row that tells a copy from a database that has served
OWN_KEYS = (MARK, OLDEST_CODE)  # of rows about their database itself
BATCH_ROWS = 500  # that are inserted at once
BATCH_BYTES = 8 * 2**20  # of blobs, from which on a batch is full
BLOBS_AT_ONCE = 4  # rows with blobs that a driver reads at once; an image has up to some 20 MB
TOLD_EVERY = 100_000  # rows of one table between two lines about the progress
MAX_INTEGER = 2**31 - 1  # of a column of PostgreSQL that is no BIGINT; SQLite takes more
DIGEST_BYTES = 16
MAX_UNREADABLE = 10_000  # rows, which are held in memory; a database with more is damaged
MANY_FRAMES = 100  # levels of JSON that always can be written, and calls that a driver may need to do so


@dataclass(slots=True, kw_only=True)
class TableSum:
    """What two tables with the same rows have in common, in whatever order these are."""

    rows: int = 0
    digests: int = 0
    """Sum of the digests of all rows, modulo 2 ** 128."""
    blob_bytes: int = 0

    def add(self, row: RawRow) -> None:
        """Adds a row of readable values."""
        plain = {**row.values}
        digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for name in _columns(row.table, LargeBinary):
            digest.update(hashlib.blake2b(plain.pop(name)).digest())
        for name in _columns(row.table, JSON):
            plain[name] = _canonical_json(plain[name])
        digest.update(repr(plain).encode())  # in the order of the columns, which is the table's
        self.rows += 1
        self.digests = (self.digests + int.from_bytes(digest.digest())) % 2 ** (8 * DIGEST_BYTES)
        self.blob_bytes += _blob_bytes(row)


@dataclass(slots=True, kw_only=True)
class CopiedRows:
    """What came of copying."""

    sums: dict[str, TableSum] = field(default_factory=dict[str, TableSum])
    """Of the rows that were written, by table."""
    unreadable: list[RawRow] = field(default_factory=list[RawRow])
    """Rows that were not written: a value cannot be read, a constraint is broken, or the job that it is about is
    missing."""


def copy_rows(
    source: Connection, target: Connection, table: Table, copied: CopiedRows, tell: Callable[[str], None]
) -> None:
    """Copies a table; those that it refers to come before it. Raises SQLAlchemyError."""
    total = copied.sums[table.name] = TableSum()
    batch, size = list[RawRow](), 0
    for row in _stream(source, table):
        _normalize(row)
        if row.problems:
            _set_aside(row, copied)
            continue
        batch.append(row)
        size += _blob_bytes(row)
        if len(batch) == BATCH_ROWS or size >= BATCH_BYTES:
            before = total.rows
            _write(target, table, batch, copied)
            if total.rows // TOLD_EVERY > before // TOLD_EVERY:
                tell(f"{table.name}: {total.rows:,} rows so far")
            batch, size = [], 0
    _write(target, table, batch, copied)
    tell(f"{table.name}: {total.rows:,} rows")


def sum_rows(conn: Connection, table: Table) -> TableSum:
    """The sum of all rows of a table of readable ones."""
    total = TableSum()
    for row in _stream(conn, table):
        _normalize(row)
        if not row.problems:
            total.add(row)
    return total


def _stream(conn: Connection, table: Table) -> Iterator[RawRow]:
    rows = stream_raw_rows(conn, table, batch=BLOBS_AT_ONCE if _columns(table, LargeBinary) else BATCH_ROWS)
    return (row for row in rows if table is not schema.key_value or row.values.get("key") not in OWN_KEYS)


def _write(target: Connection, table: Table, batch: Sequence[RawRow], copied: CopiedRows) -> None:
    """Writes the rows whose jobs are there. What belongs to a job that is set aside goes with it."""
    total, written = copied.sums[table.name], batch
    gone = {row.values.get("id") for row in copied.unreadable if row.table is schema.job}
    for key in table.foreign_keys:  # which SQLite leaves unchecked for other programs
        referred = select(key.column).where(key.column.in_({row.values[key.parent.name] for row in batch}))
        there = set(target.scalars(referred))
        for row in [row for row in written if row.values[key.parent.name] not in there | gone]:
            row.problems[key.parent.name] = "of a row that is missing"
            _set_aside(row, copied)
        written = [row for row in written if row.values[key.parent.name] in there]
    if written:
        target.execute(insert(table), [row.values for row in written])
    for row in written:
        total.add(row)


def _set_aside(row: RawRow, copied: CopiedRows) -> None:
    """Notes a row that is not written, without its blobs. Raises CopyFailed when they are too many."""
    for name in _columns(row.table, LargeBinary):
        kind, value = row.cells[name]
        row.cells[name] = (kind, len(value) if isinstance(value, bytes) else value)
        row.values.pop(name, None)
    copied.unreadable.append(row)
    if len(copied.unreadable) > MAX_UNREADABLE:
        raise CopyFailed(detail=f"more than {MAX_UNREADABLE:,} rows of the source cannot be read; restore a backup")


def _normalize(row: RawRow) -> None:
    """Makes the values those that both engines keep, or says why there are none."""
    values = row.values
    for name in _columns(row.table, Text, SafeText):
        if (value := values.get(name)) is not None:
            values[name] = safe_text(value)
    for name in _columns(row.table, Float):
        if (value := values.get(name)) is not None:
            values[name] = None if math.isnan(value) else value + 0.0  # SQLite knows no NaN and no -0.0
    for name in _columns(row.table, Integer):
        if (value := values.get(name)) is not None and not -MAX_INTEGER <= value <= MAX_INTEGER:
            row.problems[name] = f"{value} is out of range"
    for name in _columns(row.table, JSON):
        if not _is_writable(*row.cells[name], values.get(name)):
            row.problems[name] = "nested too deeply"


@cache
def _columns(table: Table, *types: type[Any]) -> tuple[str, ...]:
    """Names of the columns of exactly these types."""
    return tuple(column.name for column in table.columns if type(column.type) in types)


def _is_writable(kind: str, text: Any, value: object, frames: int = MANY_FRAMES) -> bool:
    """Whether JSON that was read can also be written, so many calls further down."""
    if kind != "text" or text.count(b"[") + text.count(b"{") < MANY_FRAMES:
        return True
    try:
        return (frames == 0 and bool(to_json(value))) or _is_writable(kind, text, value, frames - 1)
    except RecursionError:
        return False


def _canonical_json(value: object) -> str:
    """JSON that is the same for values that either engine takes for the same: SQLite keeps a number as its own kind of
    number, and not how it was written."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return to_json(value)
    try:
        number = float(value)
    except OverflowError:
        return "null"
    return repr(number) if math.isfinite(number) else "null"


def _blob_bytes(row: RawRow) -> int:
    return sum(len(row.values[name]) for name in _columns(row.table, LargeBinary))
