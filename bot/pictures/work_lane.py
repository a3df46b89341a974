"""Runs image work in threads, in the order of its fair queue. Bound to no event loop: the queue outlives each of them.

Knows nothing of images; whoever submits work awaits its future.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Any, Generic, TypeVar

from bot.pictures.price import Price
from bot.pictures.work_queue import FairWorkQueue

T = TypeVar("T")


class WorkLane(Generic[T]):
    """Threads that share one queue."""

    def __init__(self, name: str, queue: FairWorkQueue, *, threads: int) -> None:
        """`threads`: as many as the queue has slots."""
        self._queue = queue
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._ids = count()
        self._waiting: dict[int, tuple[Future[T], Callable[[], T]]] = {}

    def submit(self, owner: str, price: Price, run: Callable[[], T]) -> Future[T]:
        """Queues `run`. Cancelling the future before it runs takes it out of the queue."""
        future: Future[T] = Future()
        with self._lock:
            piece = next(self._ids)
            self._waiting[piece] = (future, run)
            self._queue.enqueue(piece, owner, seconds=price.seconds, memory_bytes=price.memory_bytes)
        future.add_done_callback(partial(self._forget_cancelled, piece))
        self._start_waiting()
        return future

    def close(self) -> None:
        """Waits for what runs; what waits is cancelled."""
        with self._lock:
            waiting = [future for future, _ in self._waiting.values()]
        for future in waiting:
            future.cancel()
        self._executor.shutdown()

    def _start_waiting(self) -> None:
        with self._lock:
            started = [(*self._waiting.pop(piece), piece) for piece in iter(self._queue.start_next, None)]
        for future, run, piece in started:
            self._executor.submit(self._run, future, run, piece)

    def _run(self, future: Future[T], run: Callable[[], T], piece: int) -> None:
        try:
            if future.set_running_or_notify_cancel():
                future.set_result(run())
        except BaseException as exc:
            future.set_exception(exc)
        finally:
            self._remove(piece)

    def _forget_cancelled(self, piece: int, future: Future[Any]) -> None:
        with self._lock:
            waited = self._waiting.pop(piece, None) is not None
        if waited:
            self._remove(piece)

    def _remove(self, piece: int) -> None:
        with self._lock:
            self._queue.remove(piece)
        self._start_waiting()
