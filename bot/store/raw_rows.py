"""Reads rows whatever stands in them: each value is decoded by itself, and what cannot be is named and not raised.

SQLite stores any value in any column, and a failing disk or a foreign program leaves some there. PostgreSQL checks
types itself, but takes moments that Python has not, and JSON nested too deeply. Decides nothing about a row.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Float,
    Integer,
    LargeBinary,
    Table,
    and_,
    delete,
    text,
    update,
)

from bot.store.column_types import UtcDateTime

MAX_SHOWN_CHARS = 500  # of one value in the description of a row


@dataclass(slots=True, kw_only=True)
class RawRow:
    """One row."""

    table: Table
    """The table that it stands in."""
    address: Mapping[str, Any]
    """Values of `rowid` on SQLite, of the primary key on PostgreSQL: finds the row again."""
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    """The readable values by column; without the bytes of blobs, unless they were asked for."""
    problems: dict[str, str] = field(default_factory=dict[str, str])
    """Why a value is unreadable, by column; empty for a sound row."""
    cells: dict[str, tuple[str, Any]] = field(default_factory=dict[str, tuple[str, Any]])
    """Storage class, as SQLite names it, and value as it was read, by column; text as its bytes."""

    @property
    def shown(self) -> dict[str, str]:
        """Every value as text, shortened, by column."""
        return {name: _describe(self.table.c[name], *cell) for name, cell in self.cells.items()}

    @property
    def key(self) -> str:
        """The primary key as text."""
        return " ".join(_describe(column, *self.cells[column.name]) for column in self.table.primary_key)


def read_raw_rows(conn: Connection, table: Table, where: str = "1 = 1", **parameters: Any) -> list[RawRow]:
    """The rows for which the SQL condition `where` holds."""
    query = text(f'SELECT {", ".join(_expressions(conn, table))} FROM "{table.name}" WHERE {where}')  # noqa: S608 - names of the schema
    return [_raw_row(conn, table, cells) for cells in conn.execute(query, parameters).all()]


def stream_raw_rows(conn: Connection, table: Table, *, batch: int) -> Iterator[RawRow]:
    """All rows, with the bytes of blobs; a broken constraint is a problem, by its name. `batch`: rows that are read at
    once, > 0."""
    checks = [each for each in table.constraints if isinstance(each, CheckConstraint)]
    cases = " ".join(f"WHEN NOT ({each.sqltext}) THEN '{each.name}'" for each in checks)
    parts = [*_expressions(conn, table, with_blobs=True), f"CASE {cases} END" if cases else "NULL"]
    query = text(f'SELECT {", ".join(parts)} FROM "{table.name}"')  # noqa: S608 - names of the schema
    for *cells, broken in conn.execute(query, execution_options={"yield_per": batch}):
        row = _raw_row(conn, table, cells)
        if broken is not None and not row.problems:
            row.problems[broken] = "a constraint that it breaks"
        yield row


def misfit_condition(conn: Connection, table: Table) -> str:
    """An SQL condition that holds for rows with a value that its column cannot have, or against a constraint. Text that
    is no UTF-8 and JSON that is nested too deeply are not found by it."""
    fits = _fits_sqlite if conn.dialect.name == "sqlite" else _fits_postgres
    sound = [fits(column) for column in table.columns]
    sound += [str(each.sqltext) for each in table.constraints if isinstance(each, CheckConstraint)]
    return " OR ".join(f"NOT ({each})" for each in sound)


def delete_row(conn: Connection, row: RawRow) -> None:
    conn.execute(delete(row.table).where(at(row)), dict(row.address))


def replace_row(conn: Connection, row: RawRow, values: Mapping[str, Any]) -> None:
    """Writes the values over those of the row."""
    conn.execute(update(row.table).where(at(row)).values(dict(values)))


def at(row: RawRow) -> Any:
    """The condition that finds the row."""
    if "rowid" in row.address:
        return text(f"{row.table.name}.rowid = :rowid").bindparams(rowid=row.address["rowid"])
    return and_(*(row.table.c[name] == value for name, value in row.address.items()))


# ---------------------------------------------------------------- reading


def _expressions(conn: Connection, table: Table, *, with_blobs: bool = False) -> list[str]:
    """What is selected of a table for `_raw_row`."""
    if conn.dialect.name == "sqlite":
        return ["rowid", *(part for each in table.columns for part in _sqlite_cell(each, with_blobs))]
    return [_as_loadable(each, with_blobs) for each in table.columns]


def _as_loadable(column: Column[Any], with_blobs: bool) -> str:
    """An SQL expression for a column of PostgreSQL whose every value the driver can load."""
    name = f'"{column.name}"'
    match column.type:
        case LargeBinary():
            return name if with_blobs else f"length({name})"
        case Date() | UtcDateTime():
            return f"to_json({name}) #>> '{{}}'"  # ISO 8601, however the session writes dates
        case JSON():
            return f"CAST({name} AS TEXT)"
        case _:
            return name


def _sqlite_cell(column: Column[Any], with_blobs: bool) -> tuple[str, str]:
    """SQL expressions for a column of SQLite: its storage class and its value."""
    name = f'"{column.name}"'
    if isinstance(column.type, LargeBinary) and not with_blobs:
        return f"typeof({name})", f"length({name})"
    as_bytes = f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"  # the driver decodes text
    return f"typeof({name})", as_bytes


def _raw_row(conn: Connection, table: Table, selected: Sequence[Any]) -> RawRow:
    """The row of what `_expressions` selected."""
    if conn.dialect.name == "sqlite":
        rowid, *parts = selected
        row = RawRow(table=table, address={"rowid": rowid})
        cells = zip(parts[::2], parts[1::2], strict=True)
    else:
        found = dict(zip(table.columns, selected, strict=True))
        row = RawRow(table=table, address={each.name: found[each] for each in table.primary_key})
        cells = (_postgres_cell(column, value) for column, value in found.items())
    for column, (kind, value) in zip(table.columns, cells, strict=True):
        row.cells[column.name] = (kind, value)
        try:
            row.values[column.name] = _decode(column, kind, value)
        except (ValueError, TypeError, RecursionError) as unreadable:
            row.problems[column.name] = f"{type(unreadable).__name__}: {unreadable}"[:MAX_SHOWN_CHARS]
    return row


def _postgres_cell(column: Column[Any], value: Any) -> tuple[str, Any]:
    """The storage class and the value as SQLite has them."""
    if isinstance(column.type, LargeBinary):
        return ("null" if value is None else "blob"), value
    return _KINDS[type(value)], value.encode() if isinstance(value, str) else value


def _describe(column: Column[Any], kind: str, value: Any) -> str:
    if isinstance(column.type, LargeBinary):
        size = len(value) if isinstance(value, bytes) else value
        return f"{size} bytes of {kind}"
    shown = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return shown[:MAX_SHOWN_CHARS]


def _decode(column: Column[Any], kind: str, value: Any) -> Any:
    """Raises ValueError or TypeError for a value that the column's type cannot have."""
    if kind == "null":
        if not column.nullable:
            raise ValueError("nothing, where there must be something")
        return None
    stored, decode = _decoder(type(column.type))
    if kind not in stored:
        raise TypeError(f"{kind} instead of {' or '.join(stored)}")
    return decode(value)


@cache
def _decoder(column_type: type[Any]) -> tuple[tuple[str, ...], Callable[[Any], Any]]:
    """The storage classes of a column's values, and what decodes them."""
    found = ((stored, decode) for types, stored, decode in _DECODERS if issubclass(column_type, types))
    return next(found, (("text",), _text))


def _moment(value: bytes) -> datetime:
    moment = datetime.fromisoformat(value.decode())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(value: bytes) -> str:
    return value.decode()


def _truth(value: int) -> bool:
    if value not in (0, 1):
        raise ValueError(f"{value} instead of 0 or 1")
    return bool(value)


# SQLite keeps JSON that is a number as a number: its columns have the affinity NUMERIC.
_DECODERS: tuple[tuple[type[Any], tuple[str, ...], Callable[[Any], Any]], ...] = (
    (Boolean, ("integer",), _truth),
    (Integer, ("integer",), int),
    (Float, ("real", "integer"), float),
    (UtcDateTime, ("text",), _moment),
    (Date, ("text",), lambda value: date.fromisoformat(value.decode())),
    (JSON, ("text", "integer", "real"), lambda value: json.loads(value) if isinstance(value, bytes) else value),
    (LargeBinary, ("blob",), lambda value: value if isinstance(value, bytes) else None),
)


_KINDS: Mapping[type[Any], str] = {
    type(None): "null",
    bool: "integer",
    int: "integer",
    float: "real",
    str: "text",
}
"""Storage classes of SQLite by the types of the values that the driver of PostgreSQL makes."""


def _fits_postgres(column: Column[Any]) -> str:
    """An SQL condition that holds for what `_decode` takes, but for JSON that is nested too deeply."""
    if not isinstance(column.type, Date | UtcDateTime):
        return "TRUE"
    return f"\"{column.name}\" IS NULL OR \"{column.name}\" BETWEEN '0001-01-02' AND '9999-12-30'"


def _fits_sqlite(column: Column[Any]) -> str:
    """An SQL condition that holds for what `_decode` takes, but for text that is no UTF-8."""
    name = f'"{column.name}"'
    stored, _ = _decoder(type(column.type))
    kinds = ", ".join(f"'{kind}'" for kind in (*stored, *(("null",) if column.nullable else ())))
    fits = f"typeof({name}) IN ({kinds})"
    if isinstance(column.type, Boolean):
        fits += f" AND {name} IN (0, 1)"
    if isinstance(column.type, Date | UtcDateTime):
        fits += f" AND ({name} IS NULL OR date({name}) IS NOT NULL)"
    if isinstance(column.type, JSON):
        fits += f" AND ({name} IS NULL OR json_valid({name}))"
    return fits
