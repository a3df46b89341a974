"""A throw-away PostgreSQL for tests: a cluster on a free port of 127.0.0.1, gone when the tests end.

Knows nothing of the bot. Uses the binaries on this machine and starts nothing it does not stop; or a server that is
there, where EASEL_TEST_DATABASE_URL names one, in databases of its own. Processes that run tests side by side may share
a cluster: the first that needs it starts it, the last stops it.
"""

import fcntl
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from typing_extensions import override

PROGRAMS = ("postgres", "initdb", "pg_ctl")
START_SECONDS = "60"  # a slow machine's first start
SPEED = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "max_connections=300",
    "max_wal_size=256MB",
)  # lives minutes
MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps files in memory: a database is 300 of them
MEMORY_BYTES = 2_000_000_000  # free there, for a cluster whose databases are dropped after their tests


class Cluster:
    """A running server that trusts whoever comes, and hands out fresh databases."""

    def __init__(self, server: "Server") -> None:
        self._server = server

    def url(self, name: str) -> str:
        return f"{self._server['address']}/{name}"

    @property
    def pid(self) -> int:
        """Of the server's main process, on this machine."""
        return int(Path(self._server["folder"], "data", "postmaster.pid").read_text().split()[0])

    def create(self, *, template: str = "template0") -> str:
        """Makes a database, as a copy of `template` (which nobody may be using); returns its name."""
        name = f"easel_{uuid4().hex}"
        with psycopg.connect(self.url(self._server["database"]), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        with Path(self._server["folder"], "databases").open("a") as made:  # short lines are appended whole
            made.write(f"{name}\n")
        return name

    @contextmanager
    def database(self, *, template: str = "template0") -> Generator[str]:
        """The address of a database that is dropped at the end of the block."""
        name = self.create(template=template)
        yield self.url(name)
        with psycopg.connect(self.url(self._server["database"]), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def template(self, fill: Callable[[str], None]) -> str:
        """Makes a database to copy from; `fill` gets its address."""
        name = self.create()
        fill(self.url(name))
        return name


class SharedCluster(Cluster):
    """A cluster that processes share; what they must agree on lies in the server's folder."""

    def __init__(self, running: "Server") -> None:
        super().__init__(running)
        self._folder = Path(running["folder"])

    @override
    def template(self, fill: Callable[[str], None]) -> str:
        """The database that whoever came first has made to copy from."""
        with _locked(self._folder / "template.lock"):
            file = self._folder / "template"
            if not file.exists():
                file.write_text(super().template(fill))
            return file.read_text()


@contextmanager
def shared_cluster(folder: Path, *, in_memory: bool = False) -> Generator[SharedCluster]:
    """The cluster of all processes that name this folder; skips the test when this machine has no PostgreSQL.
    `in_memory`: as of `start_cluster`.

    Each user holds a shared lock, which ends with its process, however that ends; who gets the lock alone is the last.
    """
    folder.mkdir(exist_ok=True)
    state = folder / "server.json"
    with (folder / "users.lock").open("w") as users:
        with _locked(folder / "start.lock"):
            if not state.exists():
                state.write_text(json.dumps(_given_server(folder) or start_cluster(in_memory=in_memory)))
            fcntl.flock(users, fcntl.LOCK_SH)
        running: Server = json.loads(state.read_text())
        try:
            yield SharedCluster(running)
        finally:
            with _locked(folder / "start.lock"):
                fcntl.flock(users, fcntl.LOCK_UN)
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass  # somebody else still uses it
                else:
                    state.unlink()
                    (_drop_databases if running["is_given"] else stop_cluster)(running)


@contextmanager
def _locked(file: Path) -> Generator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def cluster(*, durable: bool = False) -> Generator[Cluster]:
    """A fresh cluster. Skips the test when this machine has no PostgreSQL. `durable`: commits survive a power cut, as
    an operator's do; tests have no time for that."""
    running = start_cluster(durable=durable)
    try:
        yield Cluster(running)
    finally:
        stop_cluster(running)


class Server(TypedDict):
    """A running server, as JSON."""

    address: str
    """Without the name of a database."""
    database: str
    """One that is there."""
    folder: str
    """Holds the cluster and the server's socket and log; of a given server, what its users must agree on."""
    is_given: bool
    """Whether it was there before, and stays."""
    options: str
    """Of its command line; empty for a given server."""


def _given_server(folder: Path) -> Server | None:
    """The server that EASEL_TEST_DATABASE_URL names; None without."""
    if not (url := os.environ.get("EASEL_TEST_DATABASE_URL")):
        return None
    parts = urlsplit(url)
    address = urlunsplit(("postgresql", parts.netloc, "", "", ""))
    return Server(
        address=address, database=parts.path.strip("/") or "postgres", folder=str(folder), is_given=True, options=""
    )


def _drop_databases(given: Server) -> None:
    """Drops what the tests made on a given server."""
    made = Path(given["folder"], "databases").read_text().split()
    with psycopg.connect(f"{given['address']}/{given['database']}", autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def start_cluster(*, durable: bool = False, in_memory: bool = False) -> Server:
    """Starts a server on a fresh cluster, which goes on until `stop_cluster`, also after the end of this process.
    `in_memory`: its files are, where there is room: to make and drop a database takes a fifth of the time."""
    if _binaries() is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql, or a server that EASEL_TEST_DATABASE_URL names")
    has_room = in_memory and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES
    parent = MEMORY if has_room else None
    folder = Path(tempfile.mkdtemp(prefix="easel-postgres-", dir=parent))  # short: a socket's path may have 107 bytes
    port = _free_port()
    settings = [*(() if durable else SPEED), "listen_addresses=127.0.0.1", f"port={port}"]
    options = " ".join(["-k", str(folder), *(f"-c{each}" for each in settings)])
    address = f"postgresql://easel@127.0.0.1:{port}"
    running = Server(address=address, database="postgres", folder=str(folder), is_given=False, options=options)
    if (user := _user()) is not None:
        shutil.chown(folder, user)
    try:
        _run(running, "initdb", "-U", "easel", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        resume_cluster(running)
    except subprocess.CalledProcessError as exc:
        log = "".join(
            each.read_text("utf-8", "replace") for each in (folder / "output", folder / "log") if each.exists()
        )
        shutil.rmtree(folder, ignore_errors=True)
        raise RuntimeError(f"PostgreSQL did not start: {log}") from exc
    return running


def resume_cluster(running: Server) -> None:
    """Starts a server that was interrupted, where it was."""
    log = Path(running["folder"]) / "log"
    _run(running, "pg_ctl", "start", "-w", "-t", START_SECONDS, "-l", log, "-o", running["options"])


def interrupt_cluster(running: Server) -> None:
    """Stops the server at once, as by a crash; what was committed stays."""
    _run(running, "pg_ctl", "stop", "-w", "-m", "immediate")


def stop_cluster(running: Server) -> None:
    """Stops it at once, without writing anything out, and deletes the cluster."""
    try:
        interrupt_cluster(running)
    finally:
        shutil.rmtree(running["folder"], ignore_errors=True)


def _run(server: Server, program: str, *arguments: str | Path) -> None:
    """Runs one of PostgreSQL's programs on the server's cluster. Raises CalledProcessError."""
    binaries, folder = _binaries(), Path(server["folder"])
    assert binaries is not None
    with (folder / "output").open("wb") as output:  # no pipe: a server that was started would hold it open
        subprocess.run(
            [binaries / program, "-D", folder / "data", *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            **_as(_user()),
        )


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in places if all((each / name).exists() for name in PROGRAMS)), None)


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
