"""Messages between processes by PostgreSQL's LISTEN and NOTIFY, heard on one connection of this process's own.

What is published while that connection is away is lost: whoever subscribes learns of each gap once it is over.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from psycopg import AsyncConnection, Error, sql
from sqlalchemy.engine import URL

from bot.errors import StoreFailed
from bot.observability.metrics import BUS_GAPS
from bot.ports import Transaction
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor, TaskInterrupted
from bot.store.answer_limit import answer_within
from bot.store.control import ControlDatabase
from bot.store.engine import connect_args
from bot.store.notifications import CHANNEL, Notification, notify, read_notification

log = structlog.get_logger()

LISTEN = sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL))
FIRST_PAUSE_S = 0.2  # before listening anew; a server that restarts is away for longer
MAX_PAUSE_S = 2.0


class NotifyBus:
    """Implements `Bus`."""

    def __init__(self, database: ControlDatabase, listen_url: URL, clock: Clock, *, check_every_s: float) -> None:
        """`listen_url`: of PostgreSQL itself, past any pooler. `check_every_s`: after so many seconds without a message
        the server is asked whether it is still there."""
        self._database = database
        self._listen_url = listen_url
        self._check_every_s = check_every_s
        self._sender = uuid4().hex
        self._handlers: defaultdict[str, list[Callable[[Any], None]]] = defaultdict(list)
        self._gap_handlers: list[Callable[[], None]] = []
        self._supervisor = Supervisor(clock)
        self._connection: AsyncConnection | None = None
        """That of the start, for the first run of the task."""

    # ------------------------------------------------------------ as of the port

    async def publish(self, topic: str, payload: Any = None) -> None:
        await self._database.run(partial(self.notify, topic=topic, payload=payload))

    def notify(self, conn: Transaction, topic: str, payload: Any = None) -> None:
        notify(conn, Notification(topic=topic, payload=payload, sender=self._sender))

    def subscribe(self, topic: str, handler: Callable[[Any], None]) -> None:
        self._handlers[topic].append(handler)

    def on_gap(self, handler: Callable[[], None]) -> None:
        self._gap_handlers.append(handler)

    # ------------------------------------------------------------ its life

    def problem(self) -> str | None:
        """Why nothing is heard right now; None while all is well."""
        return self._supervisor.problem()

    async def start(self) -> None:
        """Listens from its return on. Raises StoreFailed."""
        try:
            self._connection = await self._connect()
        except (Error, OSError, TimeoutError) as error:
            raise StoreFailed(detail=_describe(error)) from error
        self._task = self._supervisor.keep_running(
            "bus", self._listen, first_pause_s=FIRST_PAUSE_S, max_pause_s=MAX_PAUSE_S
        )

    async def stop(self) -> None:
        """Closes the connection."""
        await self._supervisor.stop()

    async def _connect(self) -> AsyncConnection:
        _, address = self._listen_url.get_dialect()().create_connect_args(self._listen_url)
        options: dict[str, Any] = {**address, **connect_args(self._listen_url)}
        connection = await AsyncConnection.connect(**options, autocommit=True)
        try:
            await connection.execute(LISTEN)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _listen(self) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is None:
                connection = await self._connect()
                self._task.mark_healthy()
                self._tell_gap()
            while True:
                async for each in connection.notifies(timeout=self._check_every_s):
                    self._receive(each.payload)
                with answer_within(
                    self._check_every_s, connection
                ):  # one that went away without a word is noticed here
                    await connection.execute("SELECT 1")
        except (Error, OSError, TimeoutError) as error:
            raise TaskInterrupted(_describe(error)) from error
        finally:
            if connection is not None:
                await connection.close()

    def _receive(self, message: str) -> None:
        try:
            notification = read_notification(message)
        except ValueError:
            log.warning("a message on the bus that nobody can read", size=len(message))
            return
        if notification.sender == self._sender:
            return
        for handler in self._handlers.get(notification.topic, ()):
            try:
                handler(notification.payload)
            except Exception:
                log.exception("a message on the bus was not handled", topic=notification.topic)

    def _tell_gap(self) -> None:
        BUS_GAPS.inc()
        log.warning("messages between processes may have been missed")
        for handler in self._gap_handlers:
            try:
                handler()
            except Exception:
                log.exception("a gap on the bus was not handled")


def _describe(error: Exception) -> str:
    """In one line; a later one may hold values."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
