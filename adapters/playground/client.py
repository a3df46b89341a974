"""The playground as a chat platform: the ChatPort over a local database, and the lifecycle of all parts behind it.

What pages send is session.py's, what is stored is database.py's.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web

from adapters.playground import same_origin, users
from adapters.playground.backend import Backend, GetCommands, GetTexts
from adapters.playground.balances import Balances
from adapters.playground.connections import BACKLOG, Connections
from adapters.playground.database import ChatDatabase
from adapters.playground.decode import decode_file
from adapters.playground.encode import encode_buttons, encode_images, encode_text
from adapters.playground.previews import Previews
from adapters.playground.protocol import WireCommand
from adapters.playground.records import StoredMessage
from adapters.playground.routes import PageRoutes
from adapters.playground.thumbnails import Thumbnails
from adapters.playground.work_queues import WorkQueues
from bot.chat import Attachment, Budget, Card, Chat, ChatFeatures, Delivered, Lane, MessageRef, User
from bot.errors import ChatGone, ChatUnreachable, MessageGone, SettingsWrong
from bot.painting import Image
from bot.pictures.processing import ImageProcessor
from bot.ports import EventSink
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor
from bot.texts import LOCALES, messages_with_prefix

BUDGET_SLOTS, BUDGET_PERIOD_S = 20, 5.0  # calls about one chat: enough to look alive, few enough to read
EDIT_GAP_S = 0.3  # between edits of one message; faster changes are not seen


def page_texts(locale: str) -> dict[str, str]:
    """The page's own texts by id."""
    return messages_with_prefix(locale, "page-")


class PlaygroundAdapter:
    """A group chat in a page on this computer.

    Raises SettingsWrong when `host`, on which the server listens, is reached from elsewhere: whoever reaches the page
    can act as every user.
    """

    platform = users.PLATFORM
    keeps_requests = False
    """A page waits for an answer."""

    def __init__(
        self,
        *,
        path: Path,
        host: str,
        clock: Clock,
        commands: GetCommands,
        texts: GetTexts = page_texts,
        is_demo: bool = False,
        processor: ImageProcessor | None = None,
        backlog: int = BACKLOG,
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        """`path`: of the SQLite file. `is_demo`: pictures are stand-ins, which the page says. `processor`: of the
        caller, who closes it. `backlog`: frames that may wait for a slow page. `new_id`: returns a new file id, 32 hex
        digits."""
        if not same_origin.is_loopback(host):
            raise SettingsWrong([f"server.host: the playground runs on 127.0.0.1 only, not on {host}"])
        self._database = ChatDatabase(path, clock, new_id)
        self._commands = commands
        self._texts = texts
        self._is_demo = is_demo
        self._processor = processor or ImageProcessor()
        self._routes = PageRoutes(backlog)
        self._backend: Backend | None = None
        self._supervisor = Supervisor(clock)

    def routes(self) -> list[web.RouteDef]:
        """The page's addresses; they answer 503 until `start` and after `close`."""
        return self._routes.routes()

    async def start(self, events: EventSink) -> None:
        """Opens the database, lets pages connect, and hands over messages that the core had not accepted before a
        restart.

        Raises ChatUnreachable when the file cannot be used.
        """
        await self._database.open()
        commands, texts = await asyncio.to_thread(self._load_texts)
        connections = Connections()
        backend = Backend(
            database=self._database,
            connections=connections,
            previews=Previews(),
            thumbnails=Thumbnails(self._database, self._processor),
            work_queues=WorkQueues(self._supervisor),
            balances=Balances(connections, events, self._supervisor),
            events=events,
            commands=commands,
            texts=texts,
            is_demo=self._is_demo,
        )
        self._backend = backend
        for message in await self._database.pending_messages():
            await backend.forward_to_core(message, (await self._database.get_message(message)).sender)
        self._routes.backend = backend

    async def start_sending(self, events: EventSink) -> None:
        """No-op: nobody but the process that serves the page can write there."""

    async def stop_receiving(self) -> None:
        """Hands over what pages have sent."""
        if self._backend is not None:
            await self._backend.work_queues.drain()

    async def close(self) -> None:
        """Disconnects pages, hands over what they still sent, and closes the database."""
        await self._routes.close()
        backend, self._backend = self._backend, None
        if backend is not None:
            await backend.work_queues.drain()
            await backend.balances.close()
            await backend.thumbnails.close()
        await self._database.close()

    async def problem(self) -> str | None:
        """Why the playground does not work right now; None when it does."""
        return "closed" if self._backend is None else self._supervisor.problem()

    # ------------------------------------------------------------ ChatPort

    def features(self, chat: Chat) -> ChatFeatures:
        """The page shows what has changed, opens others of Easel's within itself, and has a panel for a card that is
        its user's alone."""
        return ChatFeatures(opens_pages=True, private_replies=True, compares_pictures=True, shows_linked_pictures=True)

    def lane(self, chat: Chat, ref: MessageRef | None, *, image_count: int = 0) -> Lane:
        budget = Budget(key=f"playground:{chat.id}", slots=BUDGET_SLOTS, period_s=BUDGET_PERIOD_S)
        return Lane(budgets=(budget,), edit_gap_s=EDIT_GAP_S)

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        stored = await self._store_post(chat, card, reply_to, key)
        self._broadcast_card(stored, card)
        return MessageRef(chat=chat, message_id=str(stored.id))

    async def remove_buttons(self, jobs: Sequence[str]) -> None:
        for stored in await self._database.remove_buttons(frozenset(jobs)):
            if self._backend is not None:
                self._backend.broadcast_message(stored)

    async def edit(self, ref: MessageRef, card: Card) -> None:
        stored = await self._database.edit_message(
            _message_number(ref), text=encode_text(card), buttons=encode_buttons(card.buttons)
        )
        self._broadcast_card(stored, card)

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
        message = (await self._store_post(chat, card, reply_to, key)).id if ref is None else _message_number(ref)
        stored = await self._database.deliver_files(
            message,
            text=encode_text(card),
            buttons=encode_buttons(card.buttons),
            files=encode_images(card, images),
            key=key,
            source=None if card.source is None else card.source.ref,
        )
        self._broadcast_card(stored, card)
        return Delivered(
            ref=MessageRef(chat=chat, message_id=str(stored.id)),
            attachments=tuple(decode_file(file) for file in stored.files),
        )

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        _, data = await self._database.load_file(attachment.ref, limit=limit)
        return data

    async def remove(
        self, chat: Chat, message_ids: Sequence[str], card: Card, *, key: str, keep: Sequence[Attachment]
    ) -> None:
        if self._backend is None:
            raise ChatUnreachable(detail="the playground is closed")
        for message_id in message_ids:
            number = _message_number(MessageRef(chat=chat, message_id=message_id))
            await self._backend.delete_message(chat.id, number, keep=[each.ref for each in keep])

    def message_link(self, ref: MessageRef) -> str | None:
        return f"#{ref.message_id}"  # the page scrolls there

    def balance_changed(self, user: User) -> None:
        if self._backend is not None:
            self._backend.balances.request_update([user.id])

    # ------------------------------------------------------------ within

    async def _store_post(self, chat: Chat, card: Card, reply_to: str | None, key: str) -> StoredMessage:
        if users.find_chat(chat.id) is None:
            raise ChatGone(detail=f"no chat {chat.id} in the playground")
        return await self._database.post_message(
            chat=chat.id,
            text=encode_text(card),
            buttons=encode_buttons(card.buttons),
            reply_to=int(reply_to) if reply_to is not None and reply_to.isdecimal() else None,
            key=key,
        )

    def _broadcast_card(self, stored: StoredMessage, card: Card) -> None:
        """Shows the message with the card's preview on every connected page."""
        backend = self._backend
        if backend is None:
            raise ChatUnreachable(detail="the playground is closed")
        if stored.is_deleted:
            return
        backend.previews.set_preview(stored.id, card.preview)
        backend.broadcast_message(stored)
        backend.update_balances(stored.chat)

    def _load_texts(self) -> tuple[dict[str, list[WireCommand]], dict[str, dict[str, str]]]:
        """Commands and texts by locale."""
        return (
            {locale: list(self._commands(locale)) for locale in LOCALES},
            {locale: dict(self._texts(locale)) for locale in LOCALES},
        )


def _message_number(ref: MessageRef) -> int:
    """The id of a message in the database. Raises MessageGone for a ref that is none of ours."""
    if not ref.message_id.isdecimal():
        raise MessageGone(detail=f"no message {ref.message_id[:20]}")
    return int(ref.message_id)
