"""Reads rows whatever stands in them: each value is decoded by itself, and what cannot be is named and not raised.

SQLite stores any value in any column, and a failing disk or a foreign program leaves some there. PostgreSQL checks
types itself, but takes moments that Python has not, and JSON nested too deeply. Decides nothing about a row.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
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

from bot.store.schema import UtcDateTime

MAX_SHOWN_CHARS = 500  # of one value in the description of a row


@dataclass(slots=True, kw_only=True)
class RawRow:
    """One row."""

    table: Table
    """The table that it stands in."""
    address: Mapping[str, Any]
    """Values of `rowid` on SQLite, of the primary key on PostgreSQL: finds the row again."""
    values: dict[str, Any]
    """The readable values by column; without the bytes of blobs."""
    problems: dict[str, str] = field(default_factory=dict[str, str])
    """Why a value is unreadable, by column; empty for a sound row."""
    shown: dict[str, str] = field(default_factory=dict[str, str])
    """Every value as text, shortened, by column."""

    @property
    def key(self) -> str:
        """The primary key as text."""
        return " ".join(self.shown[column.name] for column in self.table.primary_key)


def read_raw_rows(conn: Connection, table: Table, where: str = "1 = 1", **parameters: Any) -> list[RawRow]:
    """The rows for which the SQL condition `where` holds."""
    return list((_sqlite_rows if conn.dialect.name == "sqlite" else _postgres_rows)(conn, table, where, parameters))


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


def _postgres_rows(conn: Connection, table: Table, where: str, parameters: Mapping[str, Any]) -> Iterator[RawRow]:
    names = ", ".join(_as_loadable(column) for column in table.columns)
    query = text(f'SELECT {names} FROM "{table.name}" WHERE {where}')  # noqa: S608 - names of the schema
    for values in conn.execute(query, parameters).all():
        found = dict(zip(table.columns, values, strict=True))
        row = RawRow(table=table, address={each.name: found[each] for each in table.primary_key}, values={})
        for column, value in found.items():
            kind = "blob" if isinstance(column.type, LargeBinary) else _KINDS[type(value)]
            _add_value(row, column, kind, value.encode() if isinstance(value, str) else value)
        yield row


def _as_loadable(column: Column[Any]) -> str:
    """An SQL expression for a column of PostgreSQL whose every value the driver can load."""
    name = f'"{column.name}"'
    match column.type:
        case LargeBinary():
            return f"length({name})"
        case Date() | UtcDateTime():
            return f"to_json({name}) #>> '{{}}'"  # ISO 8601, however the session writes dates
        case JSON():
            return f"CAST({name} AS TEXT)"
        case _:
            return name


def _sqlite_rows(conn: Connection, table: Table, where: str, parameters: Mapping[str, Any]) -> Iterator[RawRow]:
    parts = ["rowid"]
    for column in table.columns:
        name = f'"{column.name}"'
        value = (
            f"length({name})"
            if isinstance(column.type, LargeBinary)
            else f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"  # the driver decodes text
        )
        parts += [f"typeof({name})", value]
    query = text(f'SELECT {", ".join(parts)} FROM "{table.name}" WHERE {where}')  # noqa: S608 - names of the schema
    for rowid, *cells in conn.execute(query, parameters).all():
        row = RawRow(table=table, address={"rowid": rowid}, values={})
        for column, kind, value in zip(table.columns, cells[::2], cells[1::2], strict=True):
            _add_value(row, column, kind, value)
        yield row


def _add_value(row: RawRow, column: Column[Any], kind: str, value: Any) -> None:
    """`kind`: the storage class as SQLite names it. `value`: text as its bytes."""
    row.shown[column.name] = _describe(column, kind, value)
    try:
        row.values[column.name] = _decode(column, kind, value)
    except (ValueError, TypeError, RecursionError) as unreadable:
        row.problems[column.name] = f"{type(unreadable).__name__}: {unreadable}"[:MAX_SHOWN_CHARS]


def _describe(column: Column[Any], kind: str, value: Any) -> str:
    if isinstance(column.type, LargeBinary):
        return f"{value} bytes of {kind}"
    shown = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return shown[:MAX_SHOWN_CHARS]


def _decode(column: Column[Any], kind: str, value: Any) -> Any:
    """Raises ValueError or TypeError for a value that the column's type cannot have."""
    if kind == "null":
        if not column.nullable:
            raise ValueError("nothing, where there must be something")
        return None
    for types, stored, decode in _DECODERS:
        if isinstance(column.type, types):
            if kind not in stored:
                raise TypeError(f"{kind} instead of {' or '.join(stored)}")
            return decode(value)
    if kind != "text":
        raise TypeError(f"{kind} instead of text")
    return bytes(value).decode()


def _moment(value: bytes) -> datetime:
    moment = datetime.fromisoformat(value.decode())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _truth(value: int) -> bool:
    if value not in (0, 1):
        raise ValueError(f"{value} instead of 0 or 1")
    return bool(value)


_DECODERS: tuple[tuple[type[Any], tuple[str, ...], Callable[[Any], Any]], ...] = (
    (Boolean, ("integer",), _truth),
    (Integer, ("integer",), int),
    (Float, ("real", "integer"), float),
    (UtcDateTime, ("text",), _moment),
    (Date, ("text",), lambda value: date.fromisoformat(value.decode())),
    (JSON, ("text",), json.loads),
    (LargeBinary, ("blob",), lambda _: None),
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
    stored = next((stored for types, stored, _ in _DECODERS if isinstance(column.type, types)), ("text",))
    kinds = ", ".join(f"'{kind}'" for kind in (*stored, *(("null",) if column.nullable else ())))
    fits = f"typeof({name}) IN ({kinds})"
    if isinstance(column.type, Boolean):
        fits += f" AND {name} IN (0, 1)"
    if isinstance(column.type, Date | UtcDateTime):
        fits += f" AND ({name} IS NULL OR date({name}) IS NOT NULL)"
    if isinstance(column.type, JSON):
        fits += f" AND ({name} IS NULL OR json_valid({name}))"
    return fits
