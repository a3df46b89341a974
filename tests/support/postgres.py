"""A throw-away PostgreSQL for tests: a cluster on a free port of 127.0.0.1, gone when the tests end.

Knows nothing of the bot. Uses the binaries on this machine and starts nothing it does not stop.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TypedDict

import psycopg
import pytest
from psycopg import sql

START_SECONDS = 30.0  # a slow machine's first start
SPEED = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "max_connections=100",
)  # lives minutes


class Cluster:
    """A running server that trusts whoever comes, and hands out fresh databases."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = count()

    def url(self, name: str) -> str:
        return f"postgresql://easel@127.0.0.1:{self._port}/{name}"

    def create(self, *, template: str = "template0") -> str:
        """Makes a database, as a copy of `template` (which nobody may be using); returns its name."""
        name = f"easel_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return name

    def template(self, fill: Callable[[str], None]) -> str:
        """Makes a database to copy from; `fill` gets its address."""
        name = self.create()
        fill(self.url(name))
        return name


@contextmanager
def cluster(*, durable: bool = False) -> Generator[Cluster]:
    """A fresh cluster. Skips the test when this machine has no PostgreSQL. `durable`: commits survive a power cut, as
    an operator's do; tests have no time for that."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="easel-postgres-"))  # short: a socket's path may have 107 bytes
    try:
        if user is not None:
            shutil.chown(folder, user)
        data, log = folder / "data", folder / "log"
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "easel", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True,
            capture_output=True,
            cwd="/",
            **_as(user),
        )
        port = _free_port()
        settings = [f"-c{each}" for each in (*(() if durable else SPEED), "listen_addresses=127.0.0.1", f"port={port}")]
        with log.open("wb") as output:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", folder, *settings],
                stdout=output,
                stderr=output,
                cwd="/",
                **_as(user),
            )
        try:
            _wait(server, port, log)
            yield Cluster(port)
        finally:
            server.send_signal(signal.SIGQUIT)  # immediate: its children end too, and nothing is written out any more
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in places if (each / "postgres").exists() and (each / "initdb").exists()), None)


def _user() -> str | None:
    """Whom to become: the server refuses to be root. None: nobody else."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Identity(TypedDict, total=False):
    """Whom a child process becomes, as `subprocess` takes it."""

    user: str
    group: int
    extra_groups: list[str | int]


def _as(user: str | None) -> Identity:
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(f"postgresql://easel@127.0.0.1:{port}/postgres", connect_timeout=5).close()
        except psycopg.OperationalError as exc:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')}") from exc
            time.sleep(0.05)
        else:
            return
