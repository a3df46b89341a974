"""What members say in several messages in Telegram: in private, in groups with privacy mode on and off, and by webhook
as by polling."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from tests.servers.telegram import UNLIMITED, AlbumItem, Chat, Message, TelegramServer, User
from tests.support.talks import EDGE_PX, TALKS, QuietClock, Talk, hold_talks
from tests.wire.telegram.easel import TelegramWorld, telegram_world
from tests.wire.telegram.edges import wired


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Implements `tests.support.talks.Speaker`. `address`: what stands before her words where the bot is not alone."""

    server: TelegramServer
    user: User
    chat: Chat
    address: str = ""

    @property
    def user_key(self) -> str:
        return f"telegram:{self.user.id}"

    def show(self, shots: Sequence[bytes], words: str, *, as_files: bool = False) -> Message:
        caption = f"{self.address} {words}".strip()
        if len(shots) > 1:
            items: list[bytes | AlbumItem] = list(shots)
            return self.server.album(self.user, self.chat, items, caption=caption)[0]
        send = self.server.document if as_files else self.server.photo
        return send(self.user, self.chat, shots[0], caption=caption)

    def say(self, words: str, *, reply_to: Message | None = None) -> None:
        to_bot = reply_to is not None and reply_to.sender is self.server.bot
        address = "" if to_bot else self.address or ("" if words else "/imagine")
        self.server.say(self.user, self.chat, f"{address} {words}".strip(), reply_to=reply_to)

    def asked(self) -> list[tuple[Message, str]]:
        mine = [one for one in self.chat.visible_messages if one.sender is self.server.bot and one.media is None]
        mine = [one for one in mine if one.reply_to is not None and one.reply_to.sender is self.user]
        return [(one, one.text) for one in mine if not one.buttons]


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("where", "mode"),
    [
        ("private", "polling"),
        ("commands", "polling"),
        ("mentions", "polling"),
        ("commands", "webhook"),
        pytest.param("private", "webhook", marks=pytest.mark.soak),
        pytest.param("mentions", "webhook", marks=pytest.mark.soak),
    ],
)
@pytest.mark.thorough
async def test_what_is_said_in_several_messages(
    tmp_path: Path, where: Literal["private", "commands", "mentions"], mode: str
) -> None:
    """`commands`: in privacy mode, in which the bot does not hear those parts of an album that have no caption. By
    webhook its parts come one by one, too slowly for the clock of this test."""
    clock = QuietClock()
    async with telegram_world(tmp_path, clock=clock, edge=EDGE_PX, limits=UNLIMITED, http_webhooks=True) as place:
        group = place.server.add_group("Talkers", privacy=where == "commands")

        def join(name: str) -> Member:
            user = place.server.add_user(name)
            if where == "private":
                return Member(server=place.server, user=user, chat=place.server.private(user, opened=True))
            address = "/imagine@easel_bot" if where == "commands" else "@easel_bot"
            return Member(server=place.server, user=user, chat=group, address=address)

        start: Callable[[], AbstractAsyncContextManager[object]] = partial(start_easel, place, mode)

        def asks_anew(talk: Talk) -> bool:
            return where != "private" or talk.steps.startswith("bare")

        has_albums = where != "commands" and mode == "polling"
        talks = [each for each in TALKS if has_albums or "album" not in each.steps]
        await hold_talks(start, join, clock, place, talks=talks, asks_anew=asks_anew)


def start_easel(place: TelegramWorld, mode: str) -> AbstractAsyncContextManager[object]:
    return wired(place, mode="webhook") if mode == "webhook" else place.easel()
