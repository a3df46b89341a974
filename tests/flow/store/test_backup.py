"""Copies of the database while Easel runs, and the file that belongs to one process at a time."""

import asyncio
import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.cli import app
from bot.errors import SettingsWrong
from bot.sandbox import Sandbox
from bot.store.maintenance import back_up, exclusive_access
from tests.flow.scenes import books
from tests.flow.world import world
from tests.support.forked import easel_command, forked
from tests.support.waiting import wait_until


def config(folder: Path, sandbox: Sandbox) -> Path:
    file = folder / "easel.toml"
    file.write_text(
        f"""
        database_url = "sqlite:///{folder / "easel.db"}"
        drain_s = 0
        server.port = 0
        playground = {{ enabled = true, path = "{folder / "room.db"}" }}
        [[providers]]
        preset = "sandbox"
        base_url = "{sandbox.address}"
        api_key = "sandbox"
        """
    )
    return file


async def test_a_copy_made_while_jobs_run_is_whole_and_can_be_gone_on_with(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'easel.db'}"
    restored = tmp_path / "restored"
    restored.mkdir()
    async with Sandbox(pace=1) as sandbox:
        async with world(tmp_path, sandbox) as easel:
            await easel.say("a cat")
            await easel.say("a dog")
            await wait_until(lambda: sandbox.running == 2)
            assert await back_up(url, restored / "easel.db") > 0
            await easel.settled(2)
            assert await books(easel) == (48, 0)
        async with world(restored, sandbox, easel.platform) as again:  # where the copy stands, both were under way
            await again.settled(2)
            assert await books(again) == (50, 0)
            assert len(sandbox.requests) == 2  # nobody was asked a second time


async def test_a_copy_of_a_large_file_is_finished_while_somebody_writes_all_the_time(tmp_path: Path) -> None:
    file, done = tmp_path / "easel.db", threading.Event()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE something (number INTEGER, data BLOB)")
        connection.execute("INSERT INTO something VALUES (0, zeroblob(20000000))")
        connection.commit()

    def write() -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            while not done.is_set():
                connection.execute("UPDATE something SET number = number + 1")

    writing = asyncio.create_task(asyncio.to_thread(write))
    try:
        assert await back_up(f"sqlite:///{file}", tmp_path / "copy.db") > 20_000_000
    finally:
        done.set()
        await writing


async def test_a_backup_overwrites_nothing_and_leaves_no_half(tmp_path: Path) -> None:
    file = tmp_path / "easel.db"
    with pytest.raises(SettingsWrong, match="does not exist"):
        await back_up(f"sqlite:///{file}", tmp_path / "copy.db")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE something (id)")
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(SettingsWrong, match="overwrites nothing"):
        await back_up(f"sqlite:///{file}", tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"
    with pytest.raises(SettingsWrong, match="no backup made"):
        await back_up(f"sqlite:///{file}", tmp_path / "nowhere" / "copy.db")
    file.write_bytes(b"this is no database at all, however long it is looked at")
    with pytest.raises(SettingsWrong, match="no backup made"):
        await back_up(f"sqlite:///{file}", tmp_path / "other.db")
    assert sorted(await asyncio.to_thread(os.listdir, tmp_path)) == ["copy.db", "easel.db"]


async def test_postgresql_has_a_tool_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match="pg_dump"):
        await back_up("postgresql://easel@localhost/easel", tmp_path / "copy.db")


@pytest.mark.usefixtures("kept_logging")
async def test_the_command_says_how_large_the_copy_is(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox:
        file = config(tmp_path, sandbox)
        async with world(tmp_path, sandbox):
            pass
    copy = tmp_path / "copy.db"
    done = await asyncio.to_thread(CliRunner().invoke, app, ["db", "backup", str(copy), "--config", str(file)])
    assert done.exit_code == 0, done.output
    assert done.output == f"{copy}: {copy.stat().st_size} bytes\n"


async def test_a_second_easel_on_the_same_file_says_so_and_exits(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox:
        file = config(tmp_path, sandbox)
        async with exclusive_access(f"sqlite:///{tmp_path / 'easel.db'}"):
            errors = tmp_path / "errors"
            async with forked(easel_command, "run", "--config", str(file), stderr=errors) as second:
                assert await second.wait() == 2
    said = errors.read_text()
    assert said.splitlines()[-1].startswith(f"easel: {file}: database_url: ")
    assert "is in use by another Easel" in said


async def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "easel.db"
    file.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    before = file.read_bytes()
    async with Sandbox(pace=0) as sandbox:
        with pytest.raises(SettingsWrong, match="cannot be used"):
            async with world(tmp_path, sandbox):
                pass
    assert file.read_bytes() == before
