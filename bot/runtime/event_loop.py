"""The event loop of Easel: steps that somebody waits for go first, steps in the background get what is left of a turn.

Hundreds of paintings that begin or end together have thousands of steps ready at once, and a message that had just come
in shared each of the thirty turns until its answer with all of them. Whose steps are which, a context variable says: it
goes along into tasks, callbacks and libraries that know nothing of it. On another loop all are alike.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

SLICE_S = 0.0005  # of a turn, for the background: one or two steps
MAX_PAUSE_S = 0.005  # between two slices while others go first: the background goes on, with a tenth of the time

_in_background: ContextVar[bool] = ContextVar("in_background", default=False)


def enter_background() -> None:
    """Has the current task, and all that it starts from now on, run in the background."""
    _in_background.set(True)


def is_in_background() -> bool:
    """Whether the current task runs in the background."""
    return _in_background.get()


def foreground_context() -> Context:
    """An empty context, which is in the foreground and about no job: for a task that others, too, rely on, and that
    outlives whoever starts it."""
    return Context()


@contextmanager
def pause_background() -> Generator[None]:
    """Keeps the background waiting during the block, but for a slice every MAX_PAUSE_S: a busy loop leaves little of
    the interpreter to a thread that somebody waits for. No-op in the background."""
    loop = asyncio.get_running_loop()
    if _in_background.get() or not isinstance(loop, EventLoop):
        yield
        return
    loop.begin_pause()
    try:
        yield
    finally:
        loop.end_pause()


@dataclass(frozen=True, slots=True)
class _Step:
    """A callback that waits in the background."""

    handle: asyncio.Handle
    """What its caller can cancel."""
    context: Context
    callback: Callable[..., object]
    args: tuple[Any, ...]


class EventLoop(asyncio.SelectorEventLoop):
    """asyncio's own, with a second queue for the background."""

    def __init__(self) -> None:
        super().__init__()
        self._steps = deque[_Step]()
        self._pauses = 0
        self._next_slice: asyncio.Handle | None = None
        self._last_slice_s = 0.0
        self._is_busy = False  # something came into the foreground since the last look

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        context = copy_context() if context is None else context
        if not context.get(_in_background):
            self._is_busy = True
            return super().call_soon(callback, *args, context=context)
        handle = asyncio.Handle(callback, args, self, context)
        self._steps.append(_Step(handle, context, callback, args))
        if self._next_slice is None:
            self._schedule_slice()
        return handle

    def begin_pause(self) -> None:
        """The background waits, as of `pause_background`, until as many pauses have ended."""
        self._pauses += 1

    def end_pause(self) -> None:
        self._pauses -= 1
        if not self._pauses and isinstance(self._next_slice, asyncio.TimerHandle):
            self._next_slice.cancel()
            self._schedule_slice()

    def _schedule_slice(self) -> None:
        self._next_slice = super().call_soon(self._run_slice, context=_FOREGROUND)

    def _run_slice(self) -> None:
        now, due_s = self.time(), self._last_slice_s + MAX_PAUSE_S
        if self._pauses and now < due_s:
            self._next_slice = self.call_at(due_s, self._run_slice, context=_FOREGROUND)
        elif self._is_busy and now < due_s:
            self._is_busy = False
            self._schedule_slice()
        else:
            self._run_steps(now + SLICE_S)

    def _run_steps(self, until_s: float) -> None:
        try:
            while self._steps:
                self._run_step(self._steps.popleft())
                if self.time() >= until_s:
                    break
        finally:
            self._last_slice_s, self._next_slice = self.time(), None
            if self._steps:
                self._schedule_slice()

    def _run_step(self, step: _Step) -> None:
        """Runs a step as any loop does."""
        if step.handle.cancelled():
            return
        try:
            step.context.run(step.callback, *step.args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as failed:
            message = f"Exception in callback {step.callback!r}"
            self.call_exception_handler({"message": message, "exception": failed, "handle": step.handle})


_FOREGROUND = Context()


def run(main: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, on an EventLoop."""
    with asyncio.Runner(loop_factory=EventLoop) as runner:
        return runner.run(main)
