"""Statements that are built once and then handed to the driver as they are: what every job runs a dozen of.

SQLAlchemy writes each for its database and knows how values go in and come out. Running one its own way takes several
times as long as SQLite needs for it.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Select, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.sql.compiler import SQLCompiler

Row = Mapping[Any, Any]  # by the names of columns; by themselves, too, where SQLAlchemy gives it
Statement = Select[*tuple[Any, ...]] | Insert | Update | Delete
Processor = Callable[[Any], Any]


@dataclass(slots=True, kw_only=True)
class _Written:
    """A statement in one database's words. `fixed`: values that it names itself; `inputs`, `outputs`: by name and in
    order, how a value is written and read (None: as it is)."""

    text: str
    positional: bool
    fixed: Row
    inputs: tuple[tuple[str, Processor | None], ...]
    outputs: tuple[tuple[str, Processor | None], ...] | None = None  # known once the driver has named its types

    def sent(self, values: Row) -> Any:
        """Values as the driver takes them. Raises StatementError for one that is missing, or of the wrong kind."""
        given = {**self.fixed, **values}
        try:
            written = [given[name] if write is None else write(given[name]) for name, write in self.inputs]
        except Exception as error:
            raise StatementError(
                f"{type(error).__name__}: {error}", self.text, None, error, hide_parameters=True
            ) from error
        return written if self.positional else dict(zip((name for name, _ in self.inputs), written, strict=True))


class Prepared:
    """A statement of SQLAlchemy's. An INSERT or UPDATE writes the columns that its values name."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._written: dict[tuple[str, tuple[str, ...]], _Written] = {}

    def run(self, conn: Connection, values: Row) -> list[Row]:
        """The rows it gives, if it gives any. Raises SQLAlchemyError."""
        dialect = conn.dialect
        key = dialect.name, tuple(values)
        written = self._written.get(key)
        if written is None:
            written = self._written[key] = _write(self._statement, dialect, values)
        sent = written.sent(values)
        with cursor(conn) as asked:
            asked.execute(written.text, sent)
            if not asked.description:
                return []
            if written.outputs is None:
                written.outputs = _read(self._statement, dialect, asked.description)
            return [
                {
                    name: value if read is None else read(value)
                    for (name, read), value in zip(written.outputs, row, strict=True)
                }
                for row in asked.fetchall()
            ]


@contextmanager
def cursor(conn: Connection) -> Generator[DBAPICursor]:
    """The driver's own, its errors turned into SQLAlchemy's."""
    driver: Any = conn.dialect.loaded_dbapi
    opened = conn.connection.cursor()
    try:
        yield opened
    except driver.Error as error:
        raise DBAPIError.instance(None, None, error, driver.Error, hide_parameters=True) from error
    finally:
        opened.close()


def _write(statement: Statement, dialect: Dialect, values: Row) -> _Written:
    compiled = statement.compile(dialect=dialect, column_keys=list(values))
    assert isinstance(compiled, SQLCompiler)
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    return _Written(
        text=compiled.string,
        positional=compiled.positional,
        fixed={name: bind.value for name, bind in binds.items() if not bind.required},
        inputs=tuple(
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or binds
        ),
    )


def _read(
    statement: Statement, dialect: Dialect, description: Sequence[Any]
) -> tuple[tuple[str, Processor | None], ...]:
    """`description`: the driver's, of what it gives; each entry has its name and its type for that column."""
    return tuple(
        (str(name), column.type.dialect_impl(dialect).result_processor(dialect, given[1]))
        for (name, column), given in zip(statement.exported_columns.items(), description, strict=True)
    )
