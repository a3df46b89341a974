"""The signal that a call is on the wire: its sender gives it, whoever has made the call listens.

A context variable takes it past libraries that know nothing of it, into all tasks that a call is divided into. Without
a listener it is lost.
"""

from collections.abc import Callable
from contextvars import ContextVar

_listener: ContextVar[Callable[[], object] | None] = ContextVar("on_wire", default=None)


def listen_on_wire(callback: Callable[[], object]) -> None:
    """Has `callback` called once calls of the current task are on the wire, for each of them."""
    _listener.set(callback)


def signal_on_wire() -> None:
    """Called by a sender when it has written the whole of a call."""
    if (callback := _listener.get()) is not None:
        callback()
