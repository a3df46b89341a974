"""What is kept about a member, and what is left when it is forgotten: the numbers of the ledger, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from bot.chat import Action
from bot.housekeeping import Housekeeping
from bot.sandbox import Sandbox
from bot.texts import LOCALES, say
from tests.clocks import FakeClock
from tests.flow.platform import AMBER, JADE
from tests.flow.scenes import LONG, ask, books, click, until
from tests.flow.stores import books_agree
from tests.flow.world import World, png, world

SECRET = "lavender-elephant"


def database(folder: Path) -> bytes:
    """Every byte of the database, with what is not written back yet."""
    return b"".join(file.read_bytes() for file in sorted(folder.glob("easel.db*")))


async def vacuumed(easel: World, folder: Path) -> bytes:
    """The file without the pages of deleted rows, which SQLite overwrites in its own time."""
    await easel.app.close()
    engine = create_engine(f"sqlite:///{folder / 'easel.db'}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM")
    engine.dispose()
    return database(folder)


@pytest.mark.parametrize("locale", LOCALES)
async def test_privacy_tells_what_is_kept(tmp_path: Path, locale: str) -> None:
    async with Sandbox(pace=0) as sandbox:
        async with world(tmp_path, sandbox) as easel:
            said = (await ask(easel, "/privacy", sender=replace(AMBER, locale=locale))).text
            assert said == say(locale, "answer-privacy", kept=say(locale, "privacy-kept"))
        async with world(tmp_path, sandbox, privacy={"retention_days": 30}) as easel:
            said = (await ask(easel, "/privacy", sender=replace(AMBER, locale=locale))).text
            assert said == say(locale, "answer-privacy", kept=say(locale, "privacy-kept-days", days=30))


async def test_forget_leaves_the_credits_and_nothing_that_was_said(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say(f"a {SECRET}", easel.platform.upload(png()))
        await easel.say(f"a {SECRET} [[400]]")
        await easel.say("", easel.platform.upload(png()))  # waits for words
        await easel.say("a dog", sender=JADE)
        await easel.settled(4)
        said = (await ask(easel, "/forget")).text
        assert said == say("en", "answer-forgotten", count=2)
        assert await books(easel) == (49, 0)
        assert (await ask(easel, "/history")).text == say("en", "answer-history-empty")
        assert "a dog" in (await ask(easel, "/history", sender=JADE)).text
        assert easel.platform.forgotten
        assert books_agree(f"sqlite:///{tmp_path / 'easel.db'}")
        await easel.say("make it night")  # the picture that waited is gone too
        await easel.settled()
        assert sandbox.requests[-1].references == ()
        assert SECRET.encode() not in await vacuumed(easel, tmp_path)


async def test_forget_stops_what_runs_first(tmp_path: Path) -> None:
    async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say(f"a {SECRET}")
        await until(lambda: sandbox.running == 1)
        await ask(easel, "/forget")
        assert await books(easel) == (50, 0)
        assert await easel.app.store.open_of(AMBER.key) == []
        await easel.settled(2)
        assert SECRET.encode() not in await vacuumed(easel, tmp_path)


async def test_buttons_of_forgotten_pictures_say_that_they_are_over(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        await ask(easel, "/forget")
        assert (await click(easel, post, Action.RETRY)).text == say("en", "refusal-already-finished")
        assert len(sandbox.requests) == 1


async def test_old_jobs_are_forgotten_by_the_running_process(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("a cat")
        await easel.settled()
        store = easel.app.store

        later = FakeClock(datetime.now(UTC) + timedelta(days=31))
        assert await Housekeeping(store, later, retention_days=None).tidy() == 0
        assert await Housekeeping(store, later, retention_days=40).tidy() == 0
        assert await Housekeeping(store, later, retention_days=30).tidy() == 1
        assert await store.history(AMBER.key) == []
        assert await books(easel) == (49, 0)
        assert books_agree(f"sqlite:///{tmp_path / 'easel.db'}")
