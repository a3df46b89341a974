"""Spans of a job, from the message that asked for it to its end; in whichever process, they are one trace.

Costs nothing until something exports them, and imports nothing for it: `otel` does. The ids of a job's trace and of its
outermost span follow from the job's id, so that a process that goes on with a job goes on with its trace. Attributes
hold names and numbers of ours: no prompt, no key, no address of a file.
"""

import hashlib
import random
from asyncio import CancelledError
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from time import time_ns
from typing import Literal

from bot.observability.job_context import current_job

Attribute = str | int | float | bool
Kind = Literal["internal", "server", "client"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedSpan:
    """A span as it is exported. Times are nanoseconds since 1970."""

    name: str
    kind: Kind = "internal"
    trace_id: int
    """128 bits."""
    span_id: int
    """64 bits."""
    parent_id: int | None
    """None: it is the outermost one."""
    start_ns: int
    end_ns: int
    attributes: dict[str, Attribute]
    failure: str | None = None
    """Name of the class of what went wrong; None: nothing did."""


Export = Callable[[FinishedSpan], None]


class _State:
    """Where spans go in this process."""

    export: Export | None = None
    propagates: bool = False


def export_to(export: Export | None, *, propagates: bool = False) -> None:
    """Has finished spans exported from now on; None: no more. `propagates`: whether upstreams are told the trace."""
    _State.export, _State.propagates = export, propagates


@lru_cache(maxsize=2048)
def trace_id_of(job_id: str) -> int:
    """The trace of a job, the same in every process."""
    return int.from_bytes(hashlib.sha256(f"easel trace {job_id}".encode()).digest()[:16])


@lru_cache(maxsize=2048)
def root_span_of(job_id: str) -> int:
    """The outermost span of a job, the same in every process."""
    return int.from_bytes(hashlib.sha256(f"easel span {job_id}".encode()).digest()[:8])


def trace_id_in_log(job_id: str) -> str | None:
    """The trace of a job as tools show it; None while nothing is exported."""
    return None if _State.export is None else f"{trace_id_of(job_id):032x}"


@dataclass(slots=True)
class _Request:
    """A message or a press that may become a job; its spans wait until it has."""

    span_id: int
    job_id: str | None = None
    """What it has become; None: nothing yet."""
    candidate: str | None = None
    """The job that is about to be accepted for it."""
    waiting: list["Span"] = field(default_factory=list["Span"])


_request: ContextVar[_Request | None] = ContextVar("traced_request", default=None)
_parent: ContextVar["Span | None"] = ContextVar("traced_parent", default=None)


@dataclass(slots=True, kw_only=True)
class Span:
    """A span that has begun."""

    name: str
    kind: Kind
    job_id: str | None
    """None: of a request that is no job yet."""
    request: _Request | None = None
    parent_id: int | None = None
    """None: the job's outermost span."""
    span_id: int = field(default_factory=lambda: random.getrandbits(64) or 1)
    start_ns: int = field(default_factory=time_ns)
    end_ns: int = 0
    attributes: dict[str, Attribute] = field(default_factory=dict[str, Attribute])
    failure: str | None = None

    def note(self, **attributes: Attribute | None) -> None:
        """Adds what is known by now; None is left out."""
        self.attributes |= {name: value for name, value in attributes.items() if value is not None}

    def end(self, failure: BaseException | str | None = None) -> None:
        """Exports it, or keeps it for the job that its request may become. No-op for one that has ended."""
        if self.end_ns:
            return
        self.end_ns = time_ns()
        self.failure = failure if isinstance(failure, str | None) else _name_of(failure)
        if self.request is not None and self.request.job_id is None:
            self.request.waiting.append(self)
        else:
            _export(self)

    @property
    def traceparent(self) -> str | None:
        """The header by which an upstream joins the trace; None unless it is to be told."""
        if not _State.propagates or self.job_id is None:
            return None
        return f"00-{trace_id_of(self.job_id):032x}-{self.span_id:016x}-01"


class _NoSpan(Span):
    """What a span is while none is exported, or where no job is known."""

    def note(self, **attributes: Attribute | None) -> None:
        pass

    def end(self, failure: BaseException | str | None = None) -> None:
        pass


NO_SPAN: Span = _NoSpan(name="", kind="internal", job_id=None)


class _Nothing:
    """The block that no span is of."""

    def __enter__(self) -> Span:
        return NO_SPAN

    def __exit__(self, *_: object) -> None:
        pass


_NOTHING = _Nothing()


def _name_of(failure: BaseException) -> str:
    return "cancelled" if isinstance(failure, CancelledError) else type(failure).__name__


def _export(span: Span) -> None:
    if _State.export is None:
        return
    job_id = span.request.job_id if span.request is not None else span.job_id
    assert job_id is not None  # only those of jobs get here
    parent = root_span_of(job_id) if span.parent_id is None else span.parent_id
    _State.export(
        FinishedSpan(
            name=span.name,
            kind=span.kind,
            trace_id=trace_id_of(job_id),
            span_id=span.span_id,
            parent_id=parent,
            start_ns=span.start_ns,
            end_ns=span.end_ns,
            attributes={"easel.job": job_id, **span.attributes},
            failure=span.failure,
        )
    )


# ---------------------------------------------------------------- for whoever does the work


def open_span(name: str, *, kind: Kind = "internal", **attributes: Attribute | None) -> Span:
    """Begins a span of the job that the work under way is about; whoever begins it ends it."""
    if _State.export is None:
        return NO_SPAN
    job_id, request, parent = current_job(), _request.get(), _parent.get()
    if request is not None and job_id in (None, request.candidate, request.job_id):
        begun = Span(name=name, kind=kind, job_id=request.job_id, request=request, parent_id=request.span_id)
    elif job_id is not None:
        parent_id = None if parent is None else parent.span_id
        begun = Span(name=name, kind=kind, job_id=job_id, parent_id=parent_id)
    else:
        return NO_SPAN
    begun.note(**attributes)
    return begun


def span(name: str, *, kind: Kind = "internal", **attributes: Attribute | None) -> AbstractContextManager[Span]:
    """A span as long as the block; an exception that leaves it is its failure."""
    return _NOTHING if _State.export is None else _span(name, kind=kind, **attributes)


@contextmanager
def _span(name: str, *, kind: Kind, **attributes: Attribute | None) -> Generator[Span]:
    opened = open_span(name, kind=kind, **attributes)
    try:
        yield opened
    except BaseException as failed:
        opened.end(failed)
        raise
    opened.end()


def enclose(outer: Span | None) -> None:
    """Spans of the current task are within `outer` from now on; None: within the job alone."""
    _parent.set(None if outer is NO_SPAN else outer)


def end_enclosing(outcome: str) -> None:
    """Ends the span that encloses those of the current task; no-op where none does. `outcome`: `done`, or what went
    wrong."""
    if (outer := _parent.get()) is not None:
        _parent.set(None)
        outer.note(outcome=outcome)
        outer.end(None if outcome == "done" else outcome)


def leave_request() -> None:
    """The current task goes on with a job for itself, whatever request has started it."""
    if _State.export is not None:
        _request.set(None)
        _parent.set(None)


def receiving(name: str, **attributes: Attribute | None) -> AbstractContextManager[object]:
    """The block handles a message or a press. Its spans are exported if it becomes a job (`request_accepted`)."""
    return _NOTHING if _State.export is None else _receiving(name, **attributes)


@contextmanager
def _receiving(name: str, **attributes: Attribute | None) -> Generator[None]:
    received = Span(name=name, kind="server", job_id=None)
    received.note(**attributes)
    request = _Request(span_id=received.span_id)
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)
        if request.job_id is not None:
            received.job_id = request.job_id
            received.end()


def may_become(job_id: str) -> None:
    """What is being received becomes that job if it is accepted."""
    if (request := _request.get()) is not None:
        request.candidate = job_id


def request_accepted(job_id: str) -> None:
    """What is being received has become that job."""
    request = _request.get()
    if request is not None and request.job_id is None:
        request.job_id = job_id
        waiting, request.waiting = request.waiting, []
        for each in waiting:
            _export(each)


def record(name: str, start: datetime, end: datetime, **attributes: Attribute | None) -> None:
    """A span that is over, of the job that the work under way is about."""
    made = open_span(name)
    if made is not NO_SPAN:
        made.note(**attributes)
        made.start_ns, made.end_ns = _ns(start), max(_ns(start), _ns(end))
        _export(made)


def job_ended(job_id: str, created: datetime, **attributes: Attribute | None) -> None:
    """The job has ended: exports its outermost span, from its acceptance until now."""
    if _State.export is None:
        return
    known = {name: value for name, value in attributes.items() if value is not None}
    start_ns = _ns(created)
    _State.export(
        FinishedSpan(
            name="job",
            trace_id=trace_id_of(job_id),
            span_id=root_span_of(job_id),
            parent_id=None,
            start_ns=start_ns,
            end_ns=max(start_ns, time_ns()),
            attributes={"easel.job": job_id, **known},
        )
    )


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
