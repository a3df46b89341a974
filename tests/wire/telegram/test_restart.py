"""Restarts: `easel run` as a process of its own, killed in the middle of a job in Telegram and started again."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from adapters.telegram.albums import MAX_ALBUM_PARTS
from bot.sandbox import Sandbox
from bot.store.store import Store
from bot.texts import preload_locales, translate
from tests.flow.killable import main
from tests.servers.telegram import UNLIMITED, AlbumItem, Chat, Message, TelegramServer, User
from tests.support.chat_world import no_unfinished_jobs, reference_sizes
from tests.support.clocks import ShiftedClock
from tests.support.forked import ForkedProcess, forked
from tests.support.images import png
from tests.support.waiting import wait_until
from tests.wire.telegram.easel import TelegramWorld, done, telegram_world

LONG = 1000


@pytest.fixture(autouse=True, scope="module")
def words() -> None:
    """Read outside of the event loop, as the app does."""
    preload_locales()


class House:
    """The files and servers of a process that is killed and started again."""

    def __init__(self, folder: Path, server: TelegramServer, sandbox: Sandbox) -> None:
        self.folder, self.server, self.sandbox = folder, server, sandbox
        self.ada: User = server.add_user("Ada")
        self.private: Chat = server.private(self.ada, opened=True)
        self._config = folder / "easel.toml"
        self._config.write_text(
            f"""
            database_url = "sqlite:///{folder / "easel.db"}"
            drain_s = 0
            server.port = 0
            telegram = {{ token = {json.dumps(server.token)}, api_base = "{server.api_base}" }}
            fetch.allow_hosts = ["{sandbox.address.removeprefix("http://")}"]
            [[providers]]
            preset = "sandbox"
            base_url = "{sandbox.address}"
            api_key = "sandbox"
            max_references = {MAX_ALBUM_PARTS}
            """
        )

    @property
    def mine(self) -> list[Message]:
        return [one for one in self.private.visible_messages if one.sender is self.server.bot]

    @asynccontextmanager
    async def process(self, *, patient: bool = False) -> AsyncGenerator[ForkedProcess]:
        """Runs until the end of the block, where it is killed unless it has ended."""
        async with forked(partial(main, self._config, patient=patient)) as started:
            yield started

    async def standing(self, message: Message) -> None:
        """Waits until it is written down where a job's message stands: before that, a killed process does not know."""
        store = await Store.open(f"sqlite:///{self.folder / 'easel.db'}", clock=ShiftedClock(), migrate=False)

        async def known() -> bool:
            return any(job.status_id == str(message.id) for job in await store.unfinished_jobs())

        try:
            await wait_until(known)
        finally:
            await store.close()

    async def credits(self) -> tuple[int, int]:
        """Ada's: left and held, once no job is unfinished."""
        store = await Store.open(f"sqlite:///{self.folder / 'easel.db'}", clock=ShiftedClock(), migrate=False)
        try:
            await wait_until(lambda: no_unfinished_jobs(store))
            balance = await store.balance(f"telegram:{self.ada.id}", 50)
        finally:
            await store.close()
        return balance.available, balance.reserved


@asynccontextmanager
async def house(folder: Path, pace: float = 0.0) -> AsyncGenerator[House]:
    async with Sandbox(pace=pace) as sandbox, TelegramServer(limits=UNLIMITED) as server:
        yield House(folder, server, sandbox)


async def test_killed_while_the_upstream_works(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        place.server.say(place.ada, place.private, f"a cat [[quiet:{LONG}]]")
        async with place.process():
            await place.server.until(lambda: bool(place.mine) and bool(place.sandbox.requests))
            (status,) = place.mine
            await place.standing(status)
        async with place.process() as second:
            await place.server.until(lambda: status.text == translate("en", "failed-restarted"))
            second.terminate()
            assert await second.wait() == 0
        assert place.mine == [status]
        assert len(place.sandbox.requests) == 1
        assert await place.credits() == (50, 0)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_the_picture_is_sent(tmp_path: Path, when: str) -> None:
    async with house(tmp_path) as place:
        gate = place.server.faults.hold("editMessageMedia", when="before" if when == "before" else "after")
        place.server.say(place.ada, place.private, "a cat")
        async with place.process():
            await asyncio.wait_for(gate.arrived.wait(), 45)
        gate.open()
        async with place.process():
            await place.server.until(lambda: bool(place.mine) and done(place.mine[0]))
            assert await place.credits() == (49, 0)
        assert len(place.mine) == 1
        assert len(place.sandbox.requests) == 1


async def test_killed_before_an_album_is_whole(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        shots: list[bytes | AlbumItem] = [png(size=(100 + number, 50)) for number in range(MAX_ALBUM_PARTS)]
        early = list(range(MAX_ALBUM_PARTS - 1))
        sent = place.server.album(place.ada, place.private, shots, caption="blend", deliver=early)
        async with place.process(patient=True):
            await place.server.until(lambda: not place.server.pending)
        place.server.deliver(sent[-1])
        async with place.process(patient=True):
            await place.server.until(lambda: bool(place.mine) and done(place.mine[0]))
            assert await place.credits() == (49, 0)
        assert reference_sizes(place.sandbox) == [(100 + number, 50) for number in range(MAX_ALBUM_PARTS)]
        assert len(place.mine) == 1


async def test_what_was_said_while_nobody_listened_is_answered_once(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED) as place:
        async with place.easel():
            pass
        place.server.say(place.ada, place.private, "a fox")
        place.server.say(place.ada, place.private, "/quota")
        async with place.easel():
            await place.picture()
            await place.until(lambda: len(place.mine()) == 2)
        async with place.easel():
            place.server.say(place.ada, place.private, "/cancel")
            await place.until(lambda: len(place.mine()) == 3)
        assert len(place.sandbox.requests) == 1


async def test_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED) as place:
        async with place.easel():
            place.server.say(place.ada, place.private, "a fox")
            picture = await place.picture()
        async with place.easel():
            pressed = place.server.press(place.ada, picture, "Vary")
            await varied(place, picture)
            assert pressed.answered
            assert len(reference_sizes(place.sandbox)) == 1


async def varied(place: TelegramWorld, picture: Message) -> None:
    again = await place.picture(after=picture)
    assert again.reply_to is picture


@pytest.mark.timeout(180)  # two processes, ten chats; seconds on a quiet machine
@pytest.mark.parametrize("drain", [0, 30])
async def test_ended_in_the_middle_of_ten_jobs(tmp_path: Path, drain: int) -> None:
    """With time to drain all are finished; without, the next start takes them up. Nobody pays for nothing."""
    async with house(tmp_path, pace=1.0) as place:
        config = tmp_path / "easel.toml"
        text = config.read_text().replace("drain_s = 0", f"drain_s = {drain}\njobs.concurrency = 10")
        config.write_text("\n".join(line.strip() for line in text.splitlines()))
        members = [place.server.add_user(f"member {number}") for number in range(10)]
        chats = [place.server.private(each, opened=True) for each in members]

        def shown() -> list[Message]:
            return [one for chat in chats for one in chat.visible_messages if one.sender is place.server.bot]

        for member, chat in zip(members, chats, strict=True):
            place.server.say(member, chat, "a cat")
        async with place.process() as first:
            await place.server.until(lambda: len(place.sandbox.requests) >= 5)
            first.terminate()
            assert await first.wait() == 0
        async with place.process() as second:
            assert second.stdout is not None
            assert await second.stdout.readline()  # it runs
            await place.server.until(
                lambda: len(shown()) == 10 and not any("Cancel" in dict(one.buttons) for one in shown())
            )
            await place.credits()  # all is settled
            second.terminate()
            assert await second.wait() == 0
        store = await Store.open(f"sqlite:///{tmp_path / 'easel.db'}", clock=ShiftedClock(), migrate=False)
        try:
            balances = [await store.balance(f"telegram:{each.id}", 50) for each in members]
        finally:
            await store.close()
        pictures = [any(one.photo is not None for one in chat.visible_messages) for chat in chats]
        assert [(each.available, each.reserved) for each in balances] == [(50 - painted, 0) for painted in pictures]
        assert len(place.sandbox.requests) <= 10
