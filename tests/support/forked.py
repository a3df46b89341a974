"""Processes forked from a server that has imported Easel already: importing takes 1.5 s of processor time a start.

One fork server for each process that runs tests. What concerns the interpreter's own start is tested with a real one.
"""

import asyncio
import fcntl
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from tests.support import PROJECT

PRELOADED = [
    "tests.support.bytecode",  # first
    "adapters.cli",
    "tests.support.easel_process",
    "tests.kill.blocking_process",
    # imported at run time only
    "adapters.playground.client",
    "bot.store.migration_runner",
]


class ForkedProcess:
    """A child as `asyncio.subprocess.Process` has it, as far as tests need it."""

    def __init__(self, process: ForkServerProcess, stdout: asyncio.StreamReader) -> None:
        self._process = process
        self._ended = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(process.sentinel, self._set_ended)
        self.stdout = stdout
        self.returncode: int | None = None
        """Exit code; the negative number of a signal; None while the process runs."""

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    def _set_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self.returncode = self._process.exitcode
        self._ended.set_result(self.returncode)


@asynccontextmanager
async def forked(
    target: Callable[..., object], *arguments: Any, stderr: Path | None = None
) -> AsyncGenerator[ForkedProcess]:
    """Runs a module's function in the project's folder, with the environment of the tests but for Easel's settings;
    killed at the end of the block unless it has ended. `stderr`: the file to write; None drops it."""
    await asyncio.to_thread(_start_server)
    reader, writer = _context().Pipe(duplex=False)
    process = _context().Process(target=_run, args=(writer, stderr, _environment(), target, arguments), daemon=True)
    with _unix_sockets():
        process.start()
    writer.close()
    loop, stdout = asyncio.get_running_loop(), asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(os.dup(reader.fileno()), "rb")
    )
    reader.close()
    child = ForkedProcess(process, stdout)
    try:
        yield child
    finally:
        child.kill()
        await child.wait()
        transport.close()
        process.close()


def easel_command(*words: str) -> None:
    """`easel WORD…`, as its console script."""
    from adapters.cli import main

    sys.argv = ["easel", *words]
    main()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("EASEL_", "COV_"))}


def _run(
    stdout: Connection,
    stderr: Path | None,
    environment: dict[str, str],
    target: Callable[..., object],
    arguments: tuple[Any, ...],
) -> None:
    os.dup2(stdout.fileno(), 1)
    stdout.close()
    errors = os.open(stderr or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(errors, 2)
    os.close(errors)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(PROJECT)
    target(*arguments)


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


@cache
def _start_server() -> None:
    """Returns once the server has imported: a start waits for that. One server compiles, if need be, for all."""
    process = _context().Process(target=_nothing)
    with Path(__file__).open() as lock, _unix_sockets():
        fcntl.flock(lock, fcntl.LOCK_EX)
        process.start()
        process.join()
    process.close()


@contextmanager
def _unix_sockets() -> Generator[None]:
    """The server listens on a Unix socket, which pytest-socket takes for a host that is not loopback."""
    guarded = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        (socket.SocketType.connect if self.family == socket.AF_UNIX else guarded)(self, address)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket.socket, "connect", connect)
        yield


def _nothing() -> None:
    pass
