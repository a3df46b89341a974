"""The write queue of a SQLite file: one asyncio task, one connection, and one commit for all that has queued up.

A file has one write lock, and SQLite waits for it by polling: writers that queue here instead are served in order, and
share the fsync that a durable commit costs. What a user waits for goes before the books of jobs that are under way:
hundreds of these may come at once, when others' paintings begin or end together. Knows none of the tables.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
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
PUT_OFF_S = 0.005  # by which a put-off write comes after what a user waits for, whose steps are some milliseconds apart
WAITING_SHARE = 4  # of those that can wait, in a full batch of others, and at least one in any: never left out


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
    has_ended: bool = False
    """Whether the reply was sent."""
    is_abandoned: bool = False
    """Whether its caller was cancelled, and wants no result any more."""

    def send_reply(self) -> None:
        self.has_ended = True
        if self.reply.done():
            return
        if self.error is None or self.is_abandoned:
            self.reply.set_result(self.result)
        else:
            self.reply.set_exception(self.error)

    def cancel(self) -> None:
        """The write never ends; its caller is cancelled."""
        self.has_ended = True
        self.reply.cancel()

    async def wait_for_end(self) -> None:
        """For a caller that was cancelled, and with it the future that it awaited."""
        if not self.has_ended:
            self.is_abandoned, self.reply = True, asyncio.get_running_loop().create_future()
            await asyncio.wait((self.reply,))


class WriteQueue:
    """Writes to one SQLite file, in order but for those that can wait; `engine` takes the write lock at BEGIN.

    What queues up until a transaction has begun goes into it: each write in a savepoint of its own, and nobody gets a
    reply before all of them are durable. When such a batch fails, each is tried by itself. A batch of writes that can
    wait ends early when another comes.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._queue: deque[WriteTask] = deque()
        self._waiting: deque[WriteTask] = deque()  # those that can wait
        self._put_off: list[WriteTask] = []
        self._supervisor = Supervisor(clock)
        self._worker = self._supervisor.add_worker("store write queue", self._process_queue)
        """Runs while something is queued."""
        self._connection: AsyncConnection | None = None
        """Kept between writes: a checkout from the pool costs as much as a statement."""
        self._thread: ThreadConnection | None = None
        """Of `_connection`."""

    async def execute(self, fn: Callable[[Connection], T], *, can_wait: bool = False, put_off: bool = False) -> T:
        """Queues a write and returns its result once it is committed. `can_wait`: those without go before it.
        `put_off`: it can wait, and is queued after PUT_OFF_S, with others that were put off until then.

        A caller that is cancelled leaves when the write has ended. Raises StoreFailed, and whatever `fn` raises.
        """
        task = WriteTask(fn, asyncio.get_running_loop().create_future(), can_wait or put_off)
        if put_off:
            self._put_off.append(task)
            if len(self._put_off) == 1:
                asyncio.get_running_loop().call_later(PUT_OFF_S, self._queue_put_off)
        else:
            (self._waiting if can_wait else self._queue).append(task)
            self._worker.start()
        try:
            return await task.reply  # without `asyncio.shield`, which takes two more turns of the loop
        except asyncio.CancelledError:
            await task.wait_for_end()
            raise

    def problem(self) -> str | None:
        """Why nothing is written right now; None while the queue works."""
        return self._supervisor.problem()

    async def close(self) -> None:
        """Waits for what is queued or was put off, then gives the connection back."""
        self._queue_put_off()
        await self._worker.finish()
        if self._connection is not None:
            await self._connection.close()

    def _queue_put_off(self) -> None:
        if self._put_off:
            self._waiting.extend(self._put_off)
            self._put_off.clear()
            self._worker.start()

    async def _process_queue(self) -> None:
        batch: list[WriteTask] = []
        try:
            while self._queue or self._waiting:
                batch = []
                await self._commit_next(batch)
        except Exception:  # of the queue itself; what became of the batch is not known, the rest is written next
            for task in batch:
                task.error = StoreFailed(detail="the write queue failed")
                task.send_reply()
            raise
        except BaseException:  # the loop is being torn down
            for task in (*self._queue, *self._waiting, *self._put_off, *batch):
                task.cancel()
            self._put_off.clear()
            self._queue.clear()
            self._waiting.clear()
            raise

    async def _commit_next(self, batch: list[WriteTask]) -> None:
        """Commits what is queued, and replies. `batch`: empty; gets what is taken off the queue."""
        try:
            with raise_store_failed():
                count = await self._commit(partial(self._run_next, batch))
        except Exception as error:
            if not batch:  # no transaction began
                self._take_batch(batch)
            if len(batch) == 1:
                batch[0].error = error
                batch[0].send_reply()
                return
            for task in batch:
                await self._commit_alone(task)
                task.send_reply()  # at once: the next one may wait half a minute for the file
        else:
            self._waiting.extendleft(reversed(batch[count:]))
            del batch[count:]
            for task in batch:
                task.send_reply()

    def _take_batch(self, batch: list[WriteTask]) -> None:
        """Moves the next writes into `batch`, those that cannot wait first. Also in the connection's thread: at no time
        is one of them in neither place."""
        room = MAX_BATCH - min(len(self._waiting), WAITING_SHARE)
        _move(self._queue, batch, room)
        share = math.ceil(WAITING_SHARE * len(batch) / MAX_BATCH)  # whoever comes alone waits for one of them
        _move(self._waiting, batch, share if batch else MAX_BATCH)

    def _run_next(self, batch: list[WriteTask], conn: Connection) -> int:
        """Runs what is queued by now, in order. Returns how many writes were run: of a batch that can wait, those until
        another one came. In the connection's thread, and as late as can be: until it has its turn of the interpreter,
        further ones queue up.

        Raises when the database fails, and what a write raises that is alone; any other is rolled back by itself.
        """
        self._take_batch(batch)
        if len(batch) == 1:
            batch[0].result = batch[0].fn(conn)
            return 1
        for count, task in enumerate(batch):
            if count and batch[0].can_wait and self._queue:
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


def _move(queue: deque[WriteTask], batch: list[WriteTask], most: int) -> None:
    for _ in range(min(len(queue), most)):
        batch.append(queue[0])
        queue.popleft()
