"""Failures of the machine are told from all others, however deep they lie in a chain of exceptions."""

import errno
import sqlite3

import httpx
import pytest

from bot.errors import ChatUnreachable, StoreFailed
from bot.errors.machine import is_machine_failure, names_machine_failure


def chained(first: BaseException, *later: BaseException) -> BaseException:
    """The last exception, each raised from the one before."""
    at = first
    for each in later:
        each.__cause__, at = at, each
    return at


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, "Too many open files"),
        OSError(errno.ENFILE, "Too many open files in system"),
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        OSError("[Errno 24] Too many open files"),  # rebuilt by a library, without its errno
        RuntimeError("can't start new thread"),
        MemoryError(),
        chained(OSError(errno.EMFILE, "x"), httpx.ConnectError("x"), ChatUnreachable(detail="x")),
        chained(MemoryError(), ValueError("not read")),
    ],
)
def test_what_the_machine_has_no_room_for(error: BaseException) -> None:
    assert is_machine_failure(error)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ECONNREFUSED, "Connection refused"),
        ValueError("too many open files"),  # somebody's words about it
        RuntimeError("Event loop is closed"),
        chained(KeyError("x"), RuntimeError("x")),
        StoreFailed(detail="OperationalError: database is locked"),
    ],
)
def test_what_would_fail_on_any_machine(error: BaseException) -> None:
    assert not is_machine_failure(error)


def test_an_exception_raised_while_handling_one_of_the_machine() -> None:
    error = ValueError()
    error.__context__ = OSError(errno.EMFILE, "x")
    assert is_machine_failure(error)
    error.__suppress_context__ = True  # `raise … from None`: it has nothing to do with it
    assert not is_machine_failure(error)
    error.__cause__ = KeyError()
    assert not is_machine_failure(error)


def test_a_chain_that_bites_its_tail() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert not is_machine_failure(first)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (str(sqlite3.OperationalError("database or disk is full")), True),
        ("OperationalError: unable to open database file", True),
        ("DiskFull: could not extend file: No space left on device", True),
        ("ReadOnlySqlTransaction: cannot execute INSERT in a read-only transaction", True),
        ("OperationalError: database is locked", False),
    ],
)
def test_what_a_database_says_of_it(text: str, named: bool) -> None:
    assert names_machine_failure(text) is named
