"""An end to the wait for PostgreSQL: past it the connection is shut down under whoever waits, whose statement fails.

A server that was stopped, or whose way was lost, answers nothing and ends nothing, while each packet may be
acknowledged. To cancel the statement would be to ask that server once more, and to wait for it.
"""

import asyncio
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger()


@contextmanager
def answer_within(seconds: float, connection: Any) -> Generator[None]:
    """What is executed on a connection of psycopg fails `seconds` after the begin of the block."""
    timer = asyncio.get_running_loop().call_later(seconds, _shut_down, connection, seconds)
    try:
        yield
    finally:
        timer.cancel()


def driver_connection(connection: AsyncConnection) -> Any:
    """The connection of psycopg under one of SQLAlchemy's."""
    assert connection.sync_connection is not None  # it was opened
    return connection.sync_connection.connection.driver_connection


def _shut_down(connection: Any, seconds: float) -> None:
    if connection.closed:
        return
    log.warning("PostgreSQL does not answer", within_s=seconds)
    with socket.socket(fileno=os.dup(connection.fileno())) as way, suppress(OSError):  # gone already
        way.shutdown(socket.SHUT_RDWR)
