"""Whether an exception is a failure of the machine: out of descriptors, memory, threads or disk space, or with a
database that only reads for a while. Pure.

Such a failure says nothing about what was being done: the same work succeeds once the machine has room again.
"""

import errno
from collections.abc import Iterator

EXHAUSTED = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOBUFS,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
    }
)
# What libraries say without an errno: SQLite and its driver, Python's threads, PostgreSQL's server.
PHRASES = (
    "too many open files",
    "no space left on device",
    "disk is full",
    "disk full",
    "diskfull: ",  # psycopg's name of the error, whatever the language of the server
    "readonlysqltransaction: ",  # the same: a server that was demoted, or not promoted yet
    "disk i/o error",
    "unable to open database file",
    "out of memory",
    "can't start new thread",
)
_WITH_PHRASES = (OSError, RuntimeError)


def is_machine_failure(error: BaseException) -> bool:
    """Whether an exception, or one that led to it, is a failure of the machine."""
    return any(isinstance(each, MemoryError) or _is_exhausted(each) for each in _causes(error))


def names_machine_failure(text: str) -> bool:
    """Whether an error's text tells of a failure of the machine."""
    lowered = text.lower()
    return any(phrase in lowered for phrase in PHRASES)


def _is_exhausted(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in EXHAUSTED:
        return True
    return isinstance(error, _WITH_PHRASES) and names_machine_failure(str(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, then what it was raised from or while handling, each once."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
