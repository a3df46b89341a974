"""Unexpected exceptions, grouped by where they come from: the class, and the innermost frames of our own code.

Pure. Two exceptions with the same frames are one group, whatever their line numbers and values. What is kept of an
exception holds no value: its text may be a prompt, or name a secret.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from traceback import FrameSummary, StackSummary, walk_tb
from types import TracebackType
from typing import cast

OUR_PACKAGES = ("bot", "adapters")
MAX_FRAMES = 5  # of ours that tell a group from others: deep enough for a shared helper, whoever calls it from afar
MAX_SAMPLE_FRAMES = 30  # of a traceback that is kept, the innermost; an endless recursion has a thousand
MAX_CAUSES = 5  # of an exception that are shown with it
MAX_EVENT_CHARS = 200
MAX_JOBS = 10  # whose ids a group keeps, the latest
CODE_ERRORS = (AttributeError, NameError, NotImplementedError, RecursionError)
"""Exceptions whose texts are about code, and name no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """Exceptions of one origin."""

    fingerprint: str
    """Sixteen hexadecimal digits; the same in every process, and after a restart."""
    kind: str
    """The exception's class with its module, such as `builtins.KeyError`."""
    place: str
    """The innermost frame of ours: `module:function`; of an exception without one, the logger's name."""
    event: str
    """What the log said of the latest, at most MAX_EVENT_CHARS."""
    sample: str
    """The latest traceback, without values."""
    count: int
    """How many there were, > 0."""
    first: datetime
    """Aware time of the first."""
    last: datetime
    """Aware time of the latest."""
    jobs: tuple[str, ...] = ()
    """Ids of the latest jobs that met it, newest first; at most MAX_JOBS. They may be forgotten meanwhile."""


def group_of(error: BaseException, *, event: str, logger: str, job: str | None, at: datetime) -> ErrorGroup:
    """The group of one exception, as its only member. `event`, `logger`: of the line that logs it."""
    error = _innermost(error)
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    frames = our_frames(error.__traceback__)
    origin = frames[-MAX_FRAMES:] or [logger, event]
    digest = hashlib.sha256("\n".join([kind, *origin]).encode(errors="replace"))
    return ErrorGroup(
        fingerprint=digest.hexdigest()[:16],
        kind=kind,
        place=frames[-1] if frames else logger,
        event=event[:MAX_EVENT_CHARS],
        sample=describe_exception(error),
        count=1,
        first=at,
        last=at,
        jobs=() if job is None else (job,),
    )


def merge_groups(older: ErrorGroup, newer: ErrorGroup) -> ErrorGroup:
    """Both as one; they have the same fingerprint. Words and sample are those of `newer`."""
    return ErrorGroup(
        fingerprint=newer.fingerprint,
        kind=newer.kind,
        place=newer.place,
        event=newer.event,
        sample=newer.sample,
        count=older.count + newer.count,
        first=min(older.first, newer.first),
        last=max(older.last, newer.last),
        jobs=tuple(dict.fromkeys((*newer.jobs, *older.jobs)))[:MAX_JOBS],
    )


def our_frames(traceback: TracebackType | None) -> list[str]:
    """`module:function` of the frames of our own code, outermost first, without direct repetitions."""
    names: list[str] = []
    for frame, _ in walk_tb(traceback):
        module = str(frame.f_globals.get("__name__", ""))
        name = f"{module}:{frame.f_code.co_qualname}"
        if module.partition(".")[0] in OUR_PACKAGES and names[-1:] != [name]:
            names.append(name)
    return names


def describe_exception(error: BaseException) -> str:
    """A traceback with its causes, outermost last, as Python writes it; without the texts of exceptions that may hold
    a value, and without the code."""
    return "\n\n".join(reversed([_describe_one(each, why) for each, why in _with_causes(error)]))


def _innermost(error: BaseException) -> BaseException:
    """Of a group of exceptions the first one that is none."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error


def _with_causes(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """An exception and those behind it, each with what joins it to the one before."""
    why, known = "", set[int]()
    while id(error) not in known and len(known) < MAX_CAUSES:
        known.add(id(error))
        yield error, why
        if error.__cause__ is not None:
            error, why = error.__cause__, "This was the direct cause of the following:"
        elif error.__context__ is not None and not error.__suppress_context__:
            error, why = error.__context__, "While it was handled, the following happened:"


def _describe_one(error: BaseException, why: str) -> str:
    summary = StackSummary.extract(walk_tb(error.__traceback__), lookup_lines=False)
    shown = summary[-MAX_SAMPLE_FRAMES:]
    left_out = len(summary) - len(shown)
    lines = ["Traceback (most recent call last):"] if shown else []
    lines += [f"  … {left_out} more"] if left_out else []
    lines += [_describe_frame(frame) for frame in shown]
    text = f": {error}" if isinstance(error, CODE_ERRORS) and str(error) else ""
    lines.append(f"{type(error).__module__}.{type(error).__qualname__}{text}"[:MAX_EVENT_CHARS])
    return "\n".join([*lines, "", why] if why else lines)


def _describe_frame(frame: FrameSummary) -> str:
    """Without the line's text, which would have to be read from the disk."""
    return f'  File "{_short_path(frame.filename)}", line {frame.lineno}, in {frame.name}'


def _short_path(filename: str) -> str:
    """A file within its package: folders of a machine's users stay unknown."""
    parts = filename.replace("\\", "/").split("/")
    for name in ("site-packages", *OUR_PACKAGES):
        if name in parts:
            at = len(parts) - 1 - parts[::-1].index(name)
            return "/".join(parts[at + (name == "site-packages") :])
    return "/".join(parts[-2:])
