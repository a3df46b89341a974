"""The event loop that tests run on: asyncio's own, which also tells when every task on it is blocked."""

import asyncio
import selectors
import socket
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, TypeVar, TypeVarTuple
from weakref import WeakSet

from typing_extensions import Unpack, override

T = TypeVar("T")
Args = TypeVarTuple("Args")

# Of one loop after the other: to start some takes as long as a small test.
_threads = ThreadPoolExecutor(thread_name_prefix="test loop")


class _Selector(selectors.DefaultSelector):
    """Resolves the futures in `idle_waiters` when the loop would sleep now: nothing is ready, no socket has news."""

    def __init__(self) -> None:
        super().__init__()
        self.idle_waiters: list[asyncio.Future[None]] = []

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not self.idle_waiters or (timeout is not None and timeout <= 0):  # zero: callbacks are ready
            return super().select(timeout)
        events = super().select(0)
        if not events:
            waiters, self.idle_waiters = self.idle_waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)
        return events


class TestLoop(asyncio.SelectorEventLoop):
    """What `tests/conftest.py` gives to pytest-asyncio."""

    __test__ = False  # no test class, whatever its name

    def __init__(self) -> None:
        self._observed = _Selector()
        super().__init__(self._observed)
        self._work: set[Future[Any]] = set()
        self._accepted: WeakSet[asyncio.Transport] = WeakSet()

    @override
    def close(self) -> None:
        """Ends connections that came in while their server was closing: nobody has them any more, and the garbage
        collector would complain about them in whichever test runs by then."""
        if not self.is_closed():
            for transport in self._accepted:
                if not transport.is_closing():
                    transport.abort()
            self.run_until_complete(asyncio.sleep(0))  # until the sockets are closed
        super().close()

    # Private in asyncio; the one place that every accepted connection passes.
    def _make_socket_transport(
        self,
        sock: socket.socket,
        protocol: asyncio.BaseProtocol,
        waiter: asyncio.Future[None] | None = None,
        *,
        extra: dict[str, Any] | None = None,
        server: asyncio.Server | None = None,
    ) -> asyncio.Transport:
        make: Callable[..., asyncio.Transport] = getattr(super(), "_make_socket_transport")  # noqa: B009 - untyped
        transport = make(sock, protocol, waiter, extra=extra, server=server)
        if server is not None:
            self._accepted.add(transport)
        return transport

    @override
    def run_in_executor(  # type: ignore[reportIncompatibleMethodOverride]  # typeshed's is not generic in the arguments
        self, executor: Executor | None, func: Callable[[Unpack[Args]], T], *args: *Args
    ) -> asyncio.Future[T]:
        if executor is not None:
            return super().run_in_executor(executor, func, *args)
        work = _threads.submit(func, *args)
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        return asyncio.wrap_future(work, loop=self)

    @override
    async def shutdown_default_executor(self) -> None:
        """Waits for the work of this loop; the threads stay for the next one."""
        await asyncio.gather(*map(asyncio.wrap_future, self._work.copy()), return_exceptions=True)

    async def wait_until_idle(self) -> None:
        waiter = self.create_future()
        self._observed.idle_waiters.append(waiter)
        await waiter


async def wait_all_tasks_blocked() -> None:
    """Returns once every other task waits for something: a future, a timer, a socket without news, a thread.

    As `anyio.wait_all_tasks_blocked`, which reads private attributes of tasks and sleeps a tenth of a second between
    two looks. Threads, processes and real timers are not waited for.
    """
    loop = asyncio.get_running_loop()
    assert isinstance(loop, TestLoop), "only on the loop of the tests"
    await loop.wait_until_idle()
