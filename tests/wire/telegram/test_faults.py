"""Telegram in trouble, as a table: what happens to a call, at each step of a job; the picture comes, and is paid once.

For each: what the member sees, what is charged, what the operator reads.
"""

import io
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from telegram import InputFile
from telegram.error import NetworkError

from adapters.telegram.api import make_bot
from bot.job import State
from bot.settings import Telegram
from bot.texts import translate
from tests.servers.telegram import UNLIMITED, Message, TelegramServer
from tests.servers.telegram.faults import When
from tests.support.images import png
from tests.wire.telegram.easel import TelegramWorld, done, telegram_world

ODD = b'{"ok":true,"result":{}}'
HALF = b'{"ok":true,"result":{"message_id":'


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """`plan` makes the next call of a method fail. `tells`: what the operator reads of it."""

    name: str
    plan: Callable[[TelegramServer, str], None]
    tells: str | None = "chat did not answer"

    def __str__(self) -> str:
        return self.name


def dropped(when: When) -> Callable[[TelegramServer, str], None]:
    return lambda server, method: server.faults.drop(method, when=when)


TROUBLES = [
    Trouble(name="slow", plan=lambda server, method: server.faults.delay(method, 0.7), tells=None),
    Trouble(name="500", plan=lambda server, method: server.faults.fail(method, status=500)),
    Trouble(name="502 three times", plan=lambda server, method: server.faults.fail(method, status=502, times=3)),
    Trouble(name="garbage", plan=lambda server, method: server.faults.garble(method, body=b"<html>")),
    Trouble(name="half an answer", plan=lambda server, method: server.faults.garble(method, body=HALF)),
    Trouble(name="an answer about nothing", plan=lambda server, method: server.faults.garble(method, body=ODD)),
    Trouble(name="reset before", plan=dropped("before")),
    Trouble(name="reset after", plan=dropped("after")),
    Trouble(name="429", plan=lambda server, method: server.faults.limit(method, retry_after=3), tells="chat is busy"),
]


@pytest.mark.forms(9)
@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
@pytest.mark.parametrize("method", ["sendMessage", "editMessageText", "editMessageMedia"])
async def test_one_picture_paid_once(tmp_path: Path, method: str, trouble: Trouble) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED, pace=0.5) as place:
        with capture_logs() as logs:
            async with place.easel() as easel:
                trouble.plan(place.server, method)
                place.server.say(place.ada, place.private, "a fox")
                picture = await place.wait_for_picture()
                balance = await easel.app.store.balance(f"telegram:{place.ada.id}", 50)
        assert (balance.available, balance.reserved) == (49, 0)
        assert picture.photo is not None
        assert sum(one.photo is not None for one in place.bot_messages()) == 1
        assert len(place.bot_messages()) == 1  # a status message that nobody told us of is found
        heard = [each["event"] for each in logs if each["log_level"] in ("warning", "error")]
        assert "call failed" not in heard  # no bug of ours
        assert trouble.tells is None or trouble.tells in {each["event"] for each in logs}


@pytest.mark.parametrize("broken", [False, True])
async def test_a_picture_is_let_go_of_once_it_was_sent(broken: bool) -> None:
    async with TelegramServer(limits=UNLIMITED) as server:
        chat = server.private(server.add_user("Ada"), opened=True)
        bot = make_bot(Telegram(token=SecretStr(server.token), api_base=server.api_base))
        async with bot:
            if broken:
                server.faults.drop("sendPhoto")
            handle = io.BytesIO(png())
            photo = InputFile(handle, "easel-1.png", attach=True, read_file_handle=False)
            with pytest.raises(NetworkError) if broken else nullcontext():
                await bot.send_photo(chat.id, photo)
    assert handle.closed


async def test_a_telegram_that_hangs_holds_up_no_other_chat(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED) as place, place.easel():
        gate = place.server.faults.hold("editMessageMedia")
        place.server.say(place.ada, place.private, "a fox")
        await gate.arrived.wait()
        place.server.say(place.ada, place.group, "/imagine@easel_bot a dog")
        await place.until(lambda: any(done(one) for one in place.bot_messages(place.group)))
        gate.open()
        await place.wait_for_picture()
        assert await place.available_credits() == 48


# ---------------------------------------------------------------- what lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A place that is closed to the bot while it paints. `close` closes; `shows`: what the member sees in the end;
    None: nothing, since nothing can be shown. `painted`: there is a way left for the picture, which is paid."""

    name: str
    group: bool = True
    close: Callable[[TelegramWorld, Message], None]
    shows: str | None = None
    painted: bool = False

    def __str__(self) -> str:
        return self.name


def kicked(place: TelegramWorld, _: Message) -> None:
    place.server.kick(place.group)


def silenced(place: TelegramWorld, _: Message) -> None:
    place.server.restrict(place.group, "text messages")


def photoless(place: TelegramWorld, _: Message) -> None:
    place.server.restrict(place.group, "photos", "documents")


def deleted(place: TelegramWorld, message: Message) -> None:
    place.server.delete(message)


def blocked(place: TelegramWorld, _: Message) -> None:
    place.server.block(place.ada)


def deactivated(place: TelegramWorld, _: Message) -> None:
    place.server.deactivate(place.ada)


CLOSED = [
    Closed(name="kicked", close=kicked),
    Closed(name="silenced", close=silenced, painted=True),  # what stands there may still be changed
    Closed(name="no photos", close=photoless, shows="failed-undelivered"),
    # bots are not told of deletions: when the picture comes first, it stands anew
    Closed(name="deleted in a group", close=deleted, painted=True),
    Closed(name="deleted in private", group=False, close=deleted, painted=True),
    Closed(name="blocked", group=False, close=blocked),
    Closed(name="the account is gone", group=False, close=deactivated),
]


@pytest.mark.forms(2)
@pytest.mark.parametrize("closed", CLOSED, ids=str)
async def test_a_place_that_closes_costs_nothing(tmp_path: Path, closed: Closed) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED) as place, place.gallery() as upstream:
        chat = place.group if closed.group else place.private
        with capture_logs() as logs:
            async with place.easel() as easel:
                place.server.say(place.ada, chat, "/imagine@easel_bot a fox")
                status = await place.wait_for_reply(chat)
                await upstream.fetched.wait()
                closed.close(place, status)
                upstream.open.set()
                await place.wait_until_settled()
                [job] = await easel.app.store.history(f"telegram:{place.ada.id}")
                balance = await easel.app.store.balance(f"telegram:{place.ada.id}", 50)
        pictures = [one for one in place.bot_messages(chat) if one.photo is not None]
        heard = {each["event"] for each in logs}
        assert "call failed" not in heard
        assert (balance.available, balance.reserved, job.charged) == (50 - len(pictures), 0, len(pictures))
        assert len(pictures) <= closed.painted
        # what shows first that the place is closed, a line of progress or the picture, is for the clock to say
        if job.state is State.FAILED:
            assert "pictures could not be delivered" in heard
            assert closed.shows is None or status.text == translate("en", closed.shows)
        else:
            assert job.state is (State.DONE if pictures else State.CANCELLED)


async def test_updates_told_twice_and_out_of_order_are_one_job_each(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED) as place, place.easel():
        gate = place.server.faults.hold("getUpdates")
        for prompt in ("a fox", "a dog", "a cat"):
            place.server.say(place.ada, place.private, prompt)
        for update in reversed(place.server.pending):
            place.server.redeliver(update)
        gate.open()
        await place.until(lambda: len([one for one in place.bot_messages() if one.photo is not None]) == 3)
        await place.wait_until_settled()
        assert sorted(one.prompt.strip() for one in place.sandbox.requests) == ["a cat", "a dog", "a fox"]
        assert await place.available_credits() == 47
