"""Transactions on one database, each from its first statement to its commit in a worker thread, on a plain connection:
one hop a transaction, where an async driver takes several a statement. Knows none of the tables.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import StoreFailed
from bot.store.engine import THREADS, WRITES, is_sqlite, make_engine, translated
from bot.store.prepared import cursor

T = TypeVar("T")

TOGETHER = 32  # works that are committed at once: some 30 ms, so that nobody waits long for the others


class Database:
    """Transactions on one database. Once begun they end by themselves, even if the caller is cancelled."""

    def __init__(self, url: URL) -> None:
        self._engine = make_engine(url)
        self._writing = self._engine.execution_options(**WRITES)
        self._threads = ThreadPoolExecutor(THREADS if is_sqlite(url) else 2 * THREADS, thread_name_prefix="store")
        self._writer = Writer(self._writing) if is_sqlite(url) else None
        self._closed = False

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Runs `work`, in a thread, in a transaction that only reads.

        Raises StoreFailed, and whatever `work` raises.
        """
        return await self._in_thread(self._engine.connect, work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Runs `work`, in a thread, in a transaction: committed when it returns, rolled back when it raises. It may be
        run again when the database failed, so it changes nothing but that.

        Raises StoreFailed, and whatever `work` raises.
        """
        if self._writer is None:
            return await self._in_thread(self._writing.begin, work)
        self._look_open()
        return await self._writer.write(work)

    async def close(self) -> None:
        """Lets transactions under way end, then closes every connection. Later ones raise StoreFailed."""
        self._closed = True
        await asyncio.to_thread(self._dispose)

    def _dispose(self) -> None:
        self._threads.shutdown()
        with translated():
            if self._writer is not None:
                self._writer.close()
            self._engine.dispose()

    def _look_open(self) -> None:
        if self._closed:
            raise StoreFailed(detail="the database is closed")

    async def _in_thread(
        self, opened: Callable[[], AbstractContextManager[Connection]], work: Callable[[Connection], T]
    ) -> T:
        def run() -> T:
            with translated(), opened() as connection:
                return work(connection)

        self._look_open()
        under_way = asyncio.get_running_loop().run_in_executor(self._threads, run)
        try:
            return await asyncio.shield(under_way)
        except asyncio.CancelledError:
            await asyncio.wait((under_way,))  # whoever cancelled the caller may look at what it wrote
            raise


@dataclass(slots=True, eq=False)
class _Order:
    """A transaction that was asked for, and what came of it."""

    work: Callable[[Connection], Any]
    answer: asyncio.Future[Any]
    value: Any = None
    failure: Exception | None = None
    told: bool = False


class Writer:
    """All that is written to a SQLite file, in one thread with a fair queue: the file has one write lock, and waits for
    it by polling.

    What has queued up while one commit was on its way to the disk goes with the next: each in a savepoint of its own,
    in order, and nobody is answered before all of it is durable.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store writer")
        self._waiting: deque[_Order] = deque()
        self._held: Connection | None = None  # taking it out of a pool each time costs as much as a statement

    async def write(self, work: Callable[[Connection], T]) -> T:
        """What `work` comes to, once it is committed. Raises StoreFailed, or what it raised, when it is not."""
        loop = asyncio.get_running_loop()
        order = _Order(work, loop.create_future())
        self._waiting.append(order)
        self._thread.submit(self._drain)
        try:
            return await order.answer
        except asyncio.CancelledError:
            if not order.told:  # the caller is cancelled, not the transaction: whoever did it may look at what it wrote
                order.answer = loop.create_future()
                await asyncio.wait((order.answer,))
            raise

    def close(self) -> None:
        """Waits for what is under way."""
        self._thread.shutdown()
        if self._held is not None:
            self._held.close()

    def _drain(self) -> None:
        """Called once for each order; most find that theirs went with another."""
        orders = [self._waiting.popleft() for _ in range(min(len(self._waiting), TOGETHER))]
        if not orders:
            return
        if len(orders) > 1 and self._together(orders):
            _answer(orders)
            return
        for order in orders:
            self._alone(order)
            _answer([order])  # the next one may wait half a minute for the file

    @contextmanager
    def _begun(self) -> Generator[Connection]:
        held = self._held = self._held or self._engine.connect()
        try:
            with held.begin():
                yield held
        except BaseException:
            self._held = None
            held.close()  # the pool rolls back whatever was left open
            raise

    def _alone(self, order: _Order) -> None:
        order.failure = None
        try:
            with translated(), self._begun() as connection:
                order.value = order.work(connection)
        except Exception as failed:
            order.failure = failed

    def _together(self, orders: Sequence[_Order]) -> bool:
        """False: the database failed, nothing is kept, and each has to try by itself."""
        try:
            with self._begun() as connection, cursor(connection) as say:
                for order in orders:
                    say.execute("SAVEPOINT work")
                    try:
                        order.value = order.work(connection)
                    except SQLAlchemyError:
                        raise
                    except Exception as failed:
                        order.failure = failed
                        say.execute("ROLLBACK TO work")
                    say.execute("RELEASE work")
        except Exception:
            return False
        return True


def _answer(orders: Sequence[_Order]) -> None:
    """From the writer's thread."""
    orders[0].answer.get_loop().call_soon_threadsafe(_tell, orders)


def _tell(orders: Sequence[_Order]) -> None:
    for order in orders:
        order.told = True
        if order.answer.cancelled():
            continue
        if order.failure is None:
            order.answer.set_result(order.value)
        else:
            order.answer.set_exception(order.failure)
            order.answer.exception()  # seen, also where the caller is not there any more to meet it
