"""The write queue of a SQLite file: one asyncio task, one connection, and one commit for all that has queued up.

A file has one write lock, and SQLite waits for it by polling: writers that queue here instead are served in order, and
share the fsync that a durable commit costs. What a user waits for goes before the books of jobs that are under way:
hundreds of these may come at once, when others' paintings begin or end together. Knows none of the tables.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import StoreFailed
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor
from bot.store.engine import commit_after, execute_plain, raise_store_failed
from bot.store.sqlite_driver import ThreadConnection, thread_connection

T = TypeVar("T")

MAX_BATCH = 32  # tasks committed together: some 50 ms, so that nobody waits long for the others
WAITING_SHARE = 4  # of those that can wait, in a batch with one that cannot: some 5 ms, and they are never left out


@dataclass(slots=True, eq=False)
class WriteTask:
    """A queued write and the future that its caller awaits."""

    fn: Callable[[Connection], Any]
    """The unit of work."""
    reply: asyncio.Future[Any]
    """Set once the result is durable, or the write has failed."""
    can_wait: bool = False
    """Whether others go first."""
    result: Any = None
    """What `fn` returned; of no value before the commit."""
    error: Exception | None = None
    """What `fn` or the database raised."""

    def send_reply(self) -> None:
        if self.reply.done():
            return
        if self.error is None:
            self.reply.set_result(self.result)
        else:
            self.reply.set_exception(self.error)


class WriteQueue:
    """Writes to one SQLite file, in order but for those that can wait; `engine` takes the write lock at BEGIN.

    What queues up while a commit is on its way to the disk goes with the next one: each write in a savepoint of its
    own, and nobody gets a reply before all of them are durable. When such a batch fails, each is tried by itself. A
    batch of writes that can wait ends early when another comes.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._queue: deque[WriteTask] = deque()
        self._waiting: deque[WriteTask] = deque()  # those that can wait
        self._supervisor = Supervisor(clock)
        self._worker = self._supervisor.add_worker("store write queue", self._process_queue)
        """Runs while something is queued."""
        self._connection: AsyncConnection | None = None
        """Kept between writes: a checkout from the pool costs as much as a statement."""
        self._thread: ThreadConnection | None = None
        """Of `_connection`."""

    async def execute(self, fn: Callable[[Connection], T], *, can_wait: bool = False) -> T:
        """Queues a write and returns its result once it is committed. `can_wait`: those without go before it.

        A caller that is cancelled leaves when the write has ended. Raises StoreFailed, and whatever `fn` raises.
        """
        task = WriteTask(fn, asyncio.get_running_loop().create_future(), can_wait)
        (self._waiting if can_wait else self._queue).append(task)
        self._worker.start()
        try:
            return await asyncio.shield(task.reply)
        except asyncio.CancelledError:
            await asyncio.wait((task.reply,))
            raise

    def problem(self) -> str | None:
        """Why nothing is written right now; None while the queue works."""
        return self._supervisor.problem()

    async def close(self) -> None:
        """Waits for what is queued, then gives the connection back."""
        await self._worker.finish()
        if self._connection is not None:
            await self._connection.close()

    async def _process_queue(self) -> None:
        batch: list[WriteTask] = []
        try:
            while self._queue or self._waiting:
                batch = self._take_batch()
                if len(batch) > 1 and (count := await self._commit_together(batch)):
                    self._waiting.extendleft(reversed(batch[count:]))
                    for task in batch[:count]:
                        task.send_reply()
                    continue
                for task in batch:
                    await self._commit_alone(task)
                    task.send_reply()  # at once: the next one may wait half a minute for the file
        except Exception:  # of the queue itself; what became of the batch is not known, the rest is written next
            for task in batch:
                task.error = StoreFailed(detail="the write queue failed")
                task.send_reply()
            raise
        except BaseException:  # the loop is being torn down
            for task in (*batch, *self._queue, *self._waiting):
                task.reply.cancel()
            self._queue.clear()
            self._waiting.clear()
            raise

    def _take_batch(self) -> list[WriteTask]:
        """The next writes, those that cannot wait first."""
        room = MAX_BATCH - min(len(self._waiting), WAITING_SHARE)
        first = [self._queue.popleft() for _ in range(min(len(self._queue), room))]
        room = WAITING_SHARE if first else MAX_BATCH
        return first + [self._waiting.popleft() for _ in range(min(len(self._waiting), room))]

    async def _commit_together(self, batch: Sequence[WriteTask]) -> int:
        """Commits a batch; returns how many of it. 0: the database failed, nothing was written."""
        try:
            return await self._commit(partial(_run_in_savepoints, batch, lambda: bool(self._queue)))
        except Exception:
            return 0

    async def _commit_alone(self, task: WriteTask) -> None:
        task.error = None
        try:
            with raise_store_failed():
                task.result = await self._commit(task.fn)
        except Exception as error:
            task.error = error

    async def _commit(self, work: Callable[[Connection], T]) -> T:
        if self._thread is None:
            self._connection = self._connection or await self._engine.connect()
            self._thread = await thread_connection(self._connection)
        return await self._thread.run_in_thread(partial(commit_after, work))


def _run_in_savepoints(batch: Sequence[WriteTask], is_urgent: Callable[[], bool], conn: Connection) -> int:
    """Runs the writes in order; one that raises is rolled back by itself. Returns how many were run: of a batch that
    can wait, those until `is_urgent`, which tells whether another write has come. Raises when the database fails."""
    for count, task in enumerate(batch):
        if count and batch[0].can_wait and is_urgent():
            return count
        execute_plain(conn, "SAVEPOINT work")  # none is released, which saves a statement: COMMIT ends them all
        try:
            task.result = task.fn(conn)
        except SQLAlchemyError:
            raise
        except Exception as error:
            task.error = error
            execute_plain(conn, "ROLLBACK TO work")
    return len(batch)
