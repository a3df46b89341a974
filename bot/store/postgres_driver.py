"""PostgreSQL by psycopg, as SQLAlchemy's dialect: a transaction waits for the server only where it reads something.

Its other statements are sent together with the next one that returns rows, or with the COMMIT, in psycopg's pipeline
mode; one that is alone commits by itself. What the server refuses of them is raised there. When each was waited for,
an acceptance took half as long again (`python -m tests.bench M`).
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy.dialects.postgresql.psycopg import (
    AsyncAdapt_psycopg_connection,
    AsyncAdapt_psycopg_cursor,
    PGDialectAsync_psycopg,
    PsycopgAdaptDBAPI,
)
from sqlalchemy.engine import URL
from sqlalchemy.util import await_only
from typing_extensions import override

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class PipelineConnection(AsyncAdapt_psycopg_connection):
    """A connection in autocommit mode, on which transactions are begun by `begin`."""

    __slots__ = ("_context", "_driver", "_has_begun", "_pending", "_pipeline")

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self._driver = connection  # of psycopg
        self._has_begun = False
        self._pending: list[tuple[str, Parameters]] = []
        self._context: Any = None
        self._pipeline: psycopg.AsyncPipeline | None = None

    @override
    def cursor(self, name: str | None = None, /) -> "PipelineCursor":
        made = PipelineCursor(self)
        made.is_last = False
        return made

    def begin(self) -> None:
        """Begins a transaction: on the server with its first statement."""
        self._has_begun = True

    def defer(self, operation: str, parameters: Parameters) -> bool:
        """Has a statement that returns nothing sent with what follows. False: no transaction has begun."""
        if self._has_begun:
            self._pending.append((operation, parameters))
        return self._has_begun

    async def send(self) -> psycopg.AsyncPipeline | None:
        """Sends what is pending, after the BEGIN. The pipeline, to which the next statement belongs; None outside of
        transactions."""
        if not self._has_begun:
            return None
        if self._pipeline is None:
            self._context = self._driver.pipeline()
            self._pipeline = await self._context.__aenter__()
            await self._driver.execute("BEGIN", prepare=False)
        pending, self._pending = self._pending, []
        for operation, parameters in pending:
            await self._execute(operation, parameters)
        return self._pipeline

    @override
    def commit(self) -> None:
        if not self._has_begun:
            super().commit()
            return
        try:
            await_only(self._commit())
        except Exception as error:
            self._handle_exception(error)

    @override
    def rollback(self) -> None:
        self._has_begun = False
        self._pending.clear()
        if self._pipeline is not None:
            with suppress(psycopg.Error):  # of a statement that nobody waits for any more
                await_only(self._leave_pipeline())
        super().rollback()

    async def _commit(self) -> None:
        if self._pipeline is None and len(self._pending) < 2:
            self._has_begun = False
            while self._pending:
                await self._execute(*self._pending.pop())
            return
        await self.send()
        await self.end()

    async def end(self) -> None:
        """Commits what was sent, and waits for it."""
        self._has_begun = False
        await self._driver.execute("COMMIT", prepare=False)
        await self._leave_pipeline()

    async def _execute(self, operation: str, parameters: Parameters) -> None:
        if isinstance(parameters, Mapping):
            await self._driver.execute(operation, parameters)
        else:
            await self._driver.cursor().executemany(operation, parameters)

    async def _leave_pipeline(self) -> None:
        """Waits for all that was sent. Raises the first error of it."""
        context, self._context, self._pipeline = self._context, None, None
        await context.__aexit__(None, None, None)


class PipelineCursor(AsyncAdapt_psycopg_cursor):
    """Executes what returns rows, and waits for them."""

    __slots__ = ("is_last",)

    @override
    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        connection: Any = self._adapt_connection
        cursor: Any = self._cursor
        if (pipeline := await connection.send()) is None:
            return await super()._execute_async(operation, parameters)
        await cursor.execute(operation, parameters)
        await (connection.end() if self.is_last else pipeline.sync())
        if cursor.pgresult and cursor.pgresult.status == ExecStatus.TUPLES_OK:
            self._rows.extend(await cursor.fetchall())
        return cursor


class PipelineDBAPI(PsycopgAdaptDBAPI):
    """Psycopg, connecting to such connections."""

    @override
    def connect(self, *args: Any, **options: Any) -> Any:
        connecting: Any = psycopg.AsyncConnection.connect(*args, **options)
        return await_only(PipelineConnection.create(self, connecting))


class PipelineDialect(PGDialectAsync_psycopg):
    """The dialect; its engines have the isolation level AUTOCOMMIT."""

    supports_statement_cache = True

    @classmethod
    @override
    def get_async_dialect_cls(cls, url: URL) -> Any:
        return cls

    @classmethod
    @override
    def import_dbapi(cls) -> Any:
        return PipelineDBAPI(psycopg, ExecStatus)

    @override
    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        if not (returns_nothing(context) and cursor._adapt_connection.defer(statement, parameters)):
            cursor.is_last = context is not None and context.execution_options.get("easel_last", False)
            cursor.execute(statement, parameters)

    @override
    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        if not cursor._adapt_connection.defer(statement, parameters[0] if len(parameters) == 1 else parameters):
            cursor.executemany(statement, parameters)


def returns_nothing(context: Any) -> bool:
    """Whether SQLAlchemy's context of an execution is one of an INSERT, UPDATE or DELETE without RETURNING."""
    if context is None or not (context.isinsert or context.isupdate or context.isdelete):
        return False
    columns = context.result_column_struct
    return columns is not None and not columns[0]
