"""Reads the rows of a query that can be read: a damaged one is left out and logged, and takes no other along.

For lists that people look at. Which rows are set aside is decided by `quarantine`, at a start. Works inside the
transaction it is given.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, TypeVar

import structlog
from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    Float,
    Integer,
    RowMapping,
    Select,
    Text,
    cast,
    func,
    literal_column,
)
from sqlalchemy.exc import DataError, DBAPIError

from bot.store.column_types import SafeText, UtcDateTime

T = TypeVar("T")
Query = Select[*tuple[Any, ...]]
log = structlog.get_logger()

UNREADABLE = (
    DBAPIError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
    OverflowError,
)  # what reading a row may raise
PART = 1_000  # rows that are read at once where one of them is damaged

_PYTHON_TYPES: tuple[tuple[Any, tuple[type, ...]], ...] = (
    (UtcDateTime, (datetime,)),
    (Date, (date,)),
    (Boolean, (bool,)),
    (Integer, (int,)),
    (Float, (float, int)),
    (JSON, (object,)),
    ((Text, SafeText), (str,)),
)
"""Of a column's values, by types of columns. SQLite keeps any value in any column, and hands it out as it is."""


def read_rows(conn: Connection, query: Query, make: Callable[[Any], T], *, most: int | None = None) -> list[T]:
    """What `make` makes of each row (a RowMapping) of the query that can be read, in its order.

    `query`: in an order of its own, without a limit. `most`: rows that are returned, >= 0; None: all. `make` raises one
    of UNREADABLE for a row that it makes no sense of. Raises DBAPIError where the statement itself fails.
    """
    types = [_python_types(column) for column in query.selected_columns]
    try:
        return [make(row) for row in _fetch(conn, query.limit(most), types)]
    except UNREADABLE as failed:
        if not is_of_row(failed):
            raise
    conn.execute(query.limit(0)).all()  # a statement that fails, whatever the rows, fails here
    found: list[T] = []
    offset = 0
    while most is None or len(found) < most:
        size = PART if most is None else min(PART, most - len(found))
        made, seen = _read_part(conn, query, make, types, offset, size)
        found += made
        offset += seen
        if seen < size:
            break
    return found


def as_tuple(row: RowMapping) -> tuple[Any, ...]:
    """The values of a row, in the order of its columns."""
    values: Iterable[Any] = row.values()
    return tuple(values)


def is_of_row(failed: BaseException) -> bool:
    """Whether an error is about the values of rows, rather than about the statement or the connection."""
    if not isinstance(failed, DBAPIError):
        return True
    if isinstance(failed, DataError):
        return getattr(failed.orig, "sqlstate", None) is None  # else PostgreSQL's own, about the statement
    return "decode" in str(failed.orig)  # SQLite: text that is no UTF-8


def float_sum(column: ColumnElement[Any]) -> ColumnElement[float]:
    """The sum of numbers, exact below 2^53: on SQLite, that of integers fails where a damaged one is too great."""
    return func.coalesce(func.sum(cast(column, Float)), literal_column("0.0"))


def _read_part(
    conn: Connection,
    query: Query,
    make: Callable[[Any], T],
    types: Sequence[tuple[type, ...]],
    offset: int,
    size: int,
) -> tuple[list[T], int]:
    """The readable ones of `size` rows, by halves; and how many rows there were."""
    try:
        rows = _fetch(conn, query.limit(size).offset(offset), types)
        return [make(row) for row in rows], len(rows)
    except UNREADABLE as failed:
        if not is_of_row(failed):
            raise
        if size == 1:
            _note(str(query.get_final_froms()[0]), type(failed).__name__)
            return [], 1
    half = size // 2
    first, seen = _read_part(conn, query, make, types, offset, half)
    if seen < half:
        return first, seen
    second, further = _read_part(conn, query, make, types, offset + half, size - half)
    return first + second, seen + further


@lru_cache(maxsize=100)
def _note(source: str, failure: str) -> None:
    """Once for each kind of damage: the page asks every few seconds."""
    log.warning("rows not read, and left out of a list", table=source[:100], failure=failure)


def _python_types(column: Any) -> tuple[type, ...]:
    found = (kinds for types, kinds in _PYTHON_TYPES if isinstance(column.type, types))
    return next(found, (object,))


def _fetch(conn: Connection, query: Query, types: Sequence[tuple[type, ...]]) -> Sequence[RowMapping]:
    """Raises TypeError for a value that its column cannot have."""
    rows = conn.execute(query).mappings().all()
    for row in rows:
        for value, kinds in zip(as_tuple(row), types, strict=True):
            if value is not None and not isinstance(value, kinds):
                raise TypeError(f"{type(value).__name__} instead of {kinds[0].__name__}")
    return rows
