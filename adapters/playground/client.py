"""The playground as a chat platform: ChatPort over the room, and the life of everything behind the page.

What pages send is visit.py's, what is stored is room.py's.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web

from adapters.playground import guard, people
from adapters.playground.balances import Balances
from adapters.playground.decode import decode_file
from adapters.playground.encode import encode_buttons, encode_images, encode_text
from adapters.playground.entries import Entry
from adapters.playground.house import Commands, House, Phrases
from adapters.playground.inbox import Inbox
from adapters.playground.pages import BACKLOG, Pages
from adapters.playground.previews import Previews
from adapters.playground.protocol import WireCommand
from adapters.playground.room import Room
from adapters.playground.web import Web
from bot.chat import Attachment, Budget, Card, Chat, ChatFeatures, Delivered, Lane, MessageRef, User
from bot.clock import Clock
from bot.errors import ChatGone, ChatUnreachable, MessageGone, SettingsWrong
from bot.painting import Image
from bot.ports import EventSink
from bot.texts import LOCALES, phrases

SLOTS, PERIOD = 20, 5.0  # calls about one chat in so many seconds: enough to look alive, few enough to read
GAP = 0.3  # seconds between edits of one message; faster changes are not seen


def page_texts(locale: str) -> dict[str, str]:
    """The page's own words."""
    return phrases(locale, "page-")


class PlaygroundAdapter:
    """A group chat in a page on this computer.

    Wiring: construct, mount `routes()` on the server, `start(reception)`, and at the end `close()` before the
    server stops. Raises SettingsWrong when `host`, on which the server listens, is reached from elsewhere:
    whoever reaches the page is every member at once. `backlog`: frames that may wait for a slow page.
    """

    platform = people.PLATFORM

    def __init__(
        self,
        *,
        path: Path,
        host: str,
        clock: Clock,
        commands: Commands,
        texts: Phrases = page_texts,
        backlog: int = BACKLOG,
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        if not guard.is_loopback(host):
            raise SettingsWrong([f"server.host: the playground runs on 127.0.0.1 only, not on {host}"])
        self._room = Room(path, clock, new_id)
        self._commands = commands
        self._texts = texts
        self._web = Web(backlog)
        self._house: House | None = None

    def routes(self) -> list[web.RouteDef]:
        """The page's addresses; they answer 503 until `start` and after `close`."""
        return self._web.routes()

    async def start(self, reception: EventSink) -> None:
        """Opens the room, lets pages in, and hands over what came in before a restart but was not taken in.

        Raises ChatUnreachable when the file cannot be used.
        """
        await self._room.open()
        commands, texts = await asyncio.to_thread(self._words)
        pages = Pages()
        house = House(
            room=self._room,
            pages=pages,
            previews=Previews(),
            inbox=Inbox(),
            balances=Balances(pages, reception),
            reception=reception,
            commands=commands,
            texts=texts,
        )
        self._house = house
        for message in await self._room.untold():
            await house.hear(message, (await self._room.entry(message)).sender)
        self._web.house = house

    async def stop_receiving(self) -> None:
        """Hands over what pages have sent."""
        if self._house is not None:
            await self._house.inbox.close()

    async def close(self) -> None:
        """Lets pages go, hands over what they still sent, and closes the room."""
        await self._web.close()
        house, self._house = self._house, None
        if house is not None:
            await house.inbox.close()
            await house.balances.close()
        await self._room.close()

    async def problem(self) -> str | None:
        """Why the playground does not work right now; None when it does."""
        return None if self._house is not None else "closed"

    # ------------------------------------------------------------ ChatPort

    def features(self, chat: Chat) -> ChatFeatures:
        """None: the page shows what has changed."""
        return ChatFeatures()

    def lane(self, chat: Chat, ref: MessageRef | None, *, image_count: int = 0) -> Lane:
        return Lane(budgets=(Budget(key=f"playground:{chat.id}", slots=SLOTS, period_s=PERIOD),), edit_gap_s=GAP)

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        entry = await self._post(chat, card, reply_to, key)
        self._shown(entry, card)
        return MessageRef(chat=chat, message_id=str(entry.id))

    async def edit(self, ref: MessageRef, card: Card) -> None:
        entry = await self._room.edit(_id(ref), text=encode_text(card), buttons=encode_buttons(card.buttons))
        self._shown(entry, card)

    async def deliver(
        self,
        chat: Chat,
        ref: MessageRef | None,
        card: Card,
        images: Sequence[Image],
        *,
        reply_to: str | None,
        key: str,
    ) -> Delivered:
        message = _id(ref) if ref is not None else (await self._post(chat, card, reply_to, key)).id
        entry = await self._room.fill(
            message,
            text=encode_text(card),
            buttons=encode_buttons(card.buttons),
            files=encode_images(card, images),
            key=key,
        )
        self._shown(entry, card)
        return Delivered(
            ref=MessageRef(chat=chat, message_id=str(entry.id)),
            attachments=tuple(decode_file(file) for file in entry.files),
        )

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        _, data = await self._room.file(attachment.ref, limit=limit)
        return data

    def message_link(self, ref: MessageRef) -> str | None:
        return f"#{ref.message_id}"  # the page makes it lead there

    def balance_changed(self, user: User) -> None:
        if self._house is not None:
            self._house.balances.touch([user.id])

    # ------------------------------------------------------------ within

    async def _post(self, chat: Chat, card: Card, reply_to: str | None, key: str) -> Entry:
        if people.place(chat.id) is None:
            raise ChatGone(detail=f"no chat {chat.id} in the playground")
        return await self._room.post(
            chat=chat.id,
            text=encode_text(card),
            buttons=encode_buttons(card.buttons),
            reply_to=int(reply_to) if reply_to is not None and reply_to.isdecimal() else None,
            key=key,
        )

    def _shown(self, entry: Entry, card: Card) -> None:
        """Tells the open pages what stands in the room now."""
        house = self._house
        if house is None:
            raise ChatUnreachable(detail="the playground is closed")
        if entry.deleted:
            return
        house.previews.show(entry.id, card.preview)
        house.show(entry)
        house.touch(entry.chat)

    def _words(self) -> tuple[dict[str, list[WireCommand]], dict[str, dict[str, str]]]:
        return (
            {locale: list(self._commands(locale)) for locale in LOCALES},
            {locale: dict(self._texts(locale)) for locale in LOCALES},
        )


def _id(ref: MessageRef) -> int:
    if not ref.message_id.isdecimal():
        raise MessageGone(detail=f"no message {ref.message_id[:20]}")
    return int(ref.message_id)
