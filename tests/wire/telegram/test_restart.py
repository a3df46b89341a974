"""Restarts: `easel run` as a process of its own, killed in the middle of a job in Telegram and started again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.telegram.albums import MAX_ALBUM_PARTS
from bot.texts import translate
from tests.servers.telegram import UNLIMITED, AlbumItem, Message
from tests.support.clocks import ShiftedClock
from tests.support.images import png
from tests.support.world import reference_sizes
from tests.wire.telegram.album_process import run_waiting_for_albums
from tests.wire.telegram.easel import TelegramWorld, done, telegram_world

pytestmark = pytest.mark.usefixtures("preloaded_texts")

LONG = 1000


@asynccontextmanager
async def restarted_world(folder: Path, pace: float = 0.0) -> AsyncGenerator[TelegramWorld]:
    """A world whose processes are killed and started again; they have a clock of their own."""
    async with telegram_world(folder, pace=pace, clock=ShiftedClock(), limits=UNLIMITED) as place:
        place.settings["providers"] = [place.provider(max_references=MAX_ALBUM_PARTS)]
        yield place


async def settled_credits(place: TelegramWorld) -> tuple[int, int]:
    """Ada's: available and reserved, once no job is unfinished."""
    await place.wait_until_settled()
    balance = await place.balance(f"telegram:{place.ada.id}")
    return balance.available, balance.reserved


@pytest.mark.thorough
async def test_killed_while_the_upstream_works(tmp_path: Path) -> None:
    async with restarted_world(tmp_path) as place:
        place.server.say(place.ada, place.private, f"a cat [[quiet:{LONG}]]")
        async with place.process():
            await place.server.until(lambda: bool(place.bot_messages()) and bool(place.sandbox.requests))
            (status,) = place.bot_messages()
            await place.wait_for_status_id(status.id)
        async with place.process() as second:
            await place.server.until(lambda: status.text == translate("en", "failed-restarted"))
            assert await second.stop() == 0
        assert place.bot_messages() == [status]
        assert len(place.sandbox.requests) == 1
        assert await settled_credits(place) == (50, 0)


@pytest.mark.forms(1)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_the_picture_is_sent(tmp_path: Path, when: str) -> None:
    async with restarted_world(tmp_path) as place:
        gate = place.server.faults.hold("editMessageMedia", when="before" if when == "before" else "after")
        place.server.say(place.ada, place.private, "a cat")
        async with place.process():
            await asyncio.wait_for(gate.arrived.wait(), 45)
        gate.open()
        async with place.process():
            await place.server.until(lambda: bool(place.bot_messages()) and done(place.bot_messages()[0]))
            assert await settled_credits(place) == (49, 0)
        assert len(place.bot_messages()) == 1
        assert len(place.sandbox.requests) == 1


@pytest.mark.thorough
async def test_killed_before_an_album_is_whole(tmp_path: Path) -> None:
    async with restarted_world(tmp_path) as place:
        shots: list[bytes | AlbumItem] = [png(size=(100 + number, 50)) for number in range(MAX_ALBUM_PARTS)]
        early = list(range(MAX_ALBUM_PARTS - 1))
        sent = place.server.album(place.ada, place.private, shots, caption="blend", deliver=early)
        async with place.process(run_waiting_for_albums):
            await place.server.until(lambda: not place.server.pending)
        place.server.deliver(sent[-1])
        async with place.process(run_waiting_for_albums):
            await place.server.until(lambda: bool(place.bot_messages()) and done(place.bot_messages()[0]))
            assert await settled_credits(place) == (49, 0)
        assert reference_sizes(place.sandbox) == [(100 + number, 50) for number in range(MAX_ALBUM_PARTS)]
        assert len(place.bot_messages()) == 1


async def test_what_was_said_while_nobody_listened_is_answered_once(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED) as place:
        async with place.easel():
            pass
        place.server.say(place.ada, place.private, "a fox")
        place.server.say(place.ada, place.private, "/quota")
        async with place.easel():
            await place.wait_for_picture()
            await place.until(lambda: len(place.bot_messages()) == 2)
        async with place.easel():
            place.server.say(place.ada, place.private, "/cancel")
            await place.until(lambda: len(place.bot_messages()) == 3)
        assert len(place.sandbox.requests) == 1


@pytest.mark.thorough
async def test_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED) as place:
        async with place.easel():
            place.server.say(place.ada, place.private, "a fox")
            picture = await place.wait_for_picture()
        async with place.easel():
            pressed = place.server.press(place.ada, picture, "Vary")
            await varied(place, picture)
            assert pressed.answered
            assert len(reference_sizes(place.sandbox)) == 1


async def varied(place: TelegramWorld, picture: Message) -> None:
    again = await place.wait_for_picture(after=picture)
    assert again.reply_to is picture


@pytest.mark.forms(1)
@pytest.mark.timeout(180)  # two processes, ten chats; seconds on a quiet machine
@pytest.mark.parametrize("drain", [0, 30])
async def test_ended_in_the_middle_of_ten_jobs(tmp_path: Path, drain: int) -> None:
    """With time to drain all are finished; without, the next start takes them up. Nobody pays for nothing."""
    async with restarted_world(tmp_path, pace=1.0) as place:
        place.settings |= {"drain_s": drain, "jobs": {"concurrency": 10}}
        members = [place.server.add_user(f"member {number}") for number in range(10)]
        chats = [place.server.private(each, opened=True) for each in members]

        def shown() -> list[Message]:
            return [one for chat in chats for one in chat.visible_messages if one.sender is place.server.bot]

        for member, chat in zip(members, chats, strict=True):
            place.server.say(member, chat, "a cat")
        async with place.process() as first:
            await place.server.until(lambda: len(place.sandbox.requests) >= 5)
            assert await first.stop() == 0
        async with place.process() as second:
            await place.server.until(
                lambda: len(shown()) == 10 and not any("Cancel" in dict(one.buttons) for one in shown())
            )
            await place.wait_until_settled()
            assert await second.stop() == 0
        balances = [await place.balance(f"telegram:{each.id}") for each in members]
        pictures = [any(one.photo is not None for one in chat.visible_messages) for chat in chats]
        assert [(each.available, each.reserved) for each in balances] == [(50 - painted, 0) for painted in pictures]
        assert len(place.sandbox.requests) <= 10
