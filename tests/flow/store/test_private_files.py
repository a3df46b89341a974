"""Nobody but their owner reads the files: the database and its companions, copies, the playground's and its folder."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.playground.database import ChatDatabase
from bot.runtime.clock import SystemClock
from bot.store.maintenance import back_up, exclusive_access
from bot.store.private_files import create_private_folder
from bot.store.store import Store
from tests.support.databases import migrated_sqlite


@pytest.fixture(autouse=True)
def readable_by_default() -> Iterator[None]:
    """What most systems start programs with: others may read new files."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """The rights of each file in a folder, and of folders within."""
    return {each.name: f"{stat.S_IMODE(each.stat().st_mode):o}" for each in sorted(folder.iterdir())}


async def write_something(url: str) -> dict[str, str]:
    """The rights while the database is open and has been written to."""
    async with exclusive_access(url):
        store = await Store.open(url, clock=SystemClock())
        try:
            await store.grant("entry", "memory:ann", 1, 50)
            return modes(Path(url.removeprefix("sqlite:///")).parent)
        finally:
            await store.close()


@pytest.mark.forms(1)
@pytest.mark.parametrize("old", [False, True], ids=["new", "of before"])
async def test_the_database_and_its_companions(tmp_path: Path, old: bool) -> None:
    url = f"sqlite:///{tmp_path / 'easel.db'}"
    if old:
        file = Path(migrated_sqlite(tmp_path).removeprefix("sqlite:///"))
        for each in (file, file.with_name("easel.db.lock")):
            each.touch()
            each.chmod(0o644)
    seen = await write_something(url)
    assert seen == dict.fromkeys(("easel.db", "easel.db-shm", "easel.db-wal", "easel.db.lock"), "600")


async def test_a_copy(tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    await back_up(migrated_sqlite(tmp_path), tmp_path / "copies" / "copy.db")
    assert modes(tmp_path / "copies") == {"copy.db": "600"}


@pytest.mark.parametrize("old", [False, True], ids=["new", "of before"])
async def test_the_playgrounds_file_and_a_folder_made_for_it(tmp_path: Path, old: bool) -> None:
    path = tmp_path / "room" / "playground.db"
    if old:
        path.parent.mkdir(0o700)
        path.touch(0o644)
    database = ChatDatabase(path, SystemClock(), lambda: "0" * 32)
    await database.open()
    try:
        await database.add_user_message(
            sender="amber", locale="en", chat="studio", text="hello", files=[], reply_to=None, nonce="1"
        )
        assert set(modes(path.parent).values()) == {"600"}
        assert modes(tmp_path) == {"room": "700"}
    finally:
        await database.close()


def test_an_existing_folder_of_ours(tmp_path: Path) -> None:
    folder = tmp_path / ".easel"
    folder.mkdir(0o755)
    create_private_folder(folder)
    assert modes(tmp_path) == {".easel": "700"}
