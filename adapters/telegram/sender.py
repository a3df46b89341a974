"""How a card gets into a chat: as a message, an edit, an answer to a guest's query, a change of an inline message.

Sends one thing at a time and knows no budgets; several pictures are delivery.py's.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import structlog
import telegram
from telegram import (
    InlineQueryResultArticle,
    InputMediaDocument,
    InputMediaPhoto,
    InputTextMessageContent,
    LinkPreviewOptions,
    ReplyParameters,
)

from adapters.telegram import ids
from adapters.telegram.calls import call
from adapters.telegram.encode import CAPTION, TEXT, encode_buttons, encode_media, encode_text
from adapters.telegram.errors import NO_CAPTION, NO_TEXT, NOT_MODIFIED, Moved, Refused, Unclear
from adapters.telegram.ids import Place
from adapters.telegram.state import TelegramState
from bot.chat import Action, Card, Chat, MessageRef
from bot.errors import ChatFailed, ChatUnreachable, StoreFailed
from bot.painting import Image

log = structlog.get_logger()
T = TypeVar("T")

QUIET_LINKS = LinkPreviewOptions(is_disabled=True)
REMEMBERED = 20_000  # messages of which it is known what they show
Media = InputMediaPhoto | InputMediaDocument
Migrated = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an edit names: a message in a chat, or an inline message."""

    chat: int | None = None
    message: int | None = None
    inline: str | None = None

    @property
    def call(self) -> dict[str, Any]:
        if self.inline is not None:
            return {"inline_message_id": self.inline}
        return {"chat_id": self.chat, "message_id": self.message}

    def __str__(self) -> str:
        return self.inline or f"{self.chat}/{self.message}"


class Sender:
    """`migrated(old, new)` is told of a group that became a supergroup."""

    def __init__(self, bot: telegram.Bot, notebook: TelegramState, migrated: Migrated) -> None:
        self._bot = bot
        self._notebook = notebook
        self._migrated = migrated
        self._pictured: OrderedDict[str, Image | None] = OrderedDict()  # message -> the preview that it shows
        self._answered: OrderedDict[str, str] = OrderedDict()  # a guest's query -> the message that answers it

    # ------------------------------------------------------------ cards

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None) -> MessageRef:
        """A new message; in an inline message, what it says from now on.

        Raises ChatFailed. A post without an answer is not made again while a job runs: it may stand there, and its
        picture will come as a message of its own.
        """
        at = ids.place(chat)
        try:
            if at.inline is not None:
                await self._change(Target(inline=at.inline), card)
                return MessageRef(chat=chat, message_id=at.inline)
            if at.query is not None:
                return await self._answer(chat, at.query, card)
            message = await self.at_home(at, lambda home: self._send_text(home, card, reply_to))
        except Unclear as unclear:
            running = any(button.action is Action.CANCEL for button in card.buttons)
            raise (ChatFailed if running else ChatUnreachable)(detail=f"no answer: {unclear.why}") from unclear
        except Refused as refused:
            raise ChatFailed(detail=refused.words) from refused
        return MessageRef(chat=self.now(chat), message_id=str(message.message_id))

    async def edit(self, ref: MessageRef, card: Card) -> None:
        """Raises ChatFailed."""
        try:
            await self.standing(ref, lambda target: self._change(target, card), lambda: self._anew(ref, card))
        except Unclear as unclear:
            raise ChatUnreachable(detail=unclear.why) from unclear
        except Refused as refused:
            raise ChatFailed(detail=refused.words) from refused

    async def show(self, target: Target, card: Card, media: Media) -> telegram.Message | None:
        """A message becomes a picture. None: an inline one, of which Telegram tells nothing.

        Raises ChatFailed, Moved, Unclear, Refused.
        """
        buttons = encode_buttons(card.buttons)
        shown = await call(lambda: self._bot.edit_message_media(media, reply_markup=buttons, **target.call))
        self._know(str(target), None)
        return shown if isinstance(shown, telegram.Message) else None

    # ------------------------------------------------------------ where messages stand

    def now(self, chat: Chat) -> Chat:
        """The chat by its present identity."""
        moved = self._notebook.moved(chat.id)
        return chat if moved is None else replace(chat, id=moved)

    async def at_home(self, at: Place, send: Callable[[Place], Awaitable[T]]) -> T:
        """Sends into a chat, wherever it has gone."""
        home = self._home(at)
        try:
            return await send(home)
        except Moved as moved:
            assert home.chat is not None  # inline messages do not move
            await self._has_moved(home.chat, moved.chat)
            return await send(replace(home, chat=moved.chat))

    async def standing(
        self, ref: MessageRef, change: Callable[[Target], Awaitable[T]], anew: Callable[[], Awaitable[T]]
    ) -> T:
        """Changes a message where it stands; `anew` where it was left behind by a group that moved."""
        target = self.target(ref)
        if target is None:
            return await anew()
        try:
            return await change(target)
        except Moved as moved:
            assert target.chat is not None
            await self._has_moved(target.chat, moved.chat)
            return await anew()

    def target(self, ref: MessageRef) -> Target | None:
        """None: the message was left behind, and nothing stands for it yet."""
        if ids.is_inline(ref.chat):
            return Target(inline=ref.message_id)
        home = self._home(ids.place(ref.chat))
        if (moved := self._notebook.moved(f"{home.chat}/{ref.message_id}")) is not None:
            return Target(chat=home.chat, message=int(moved))
        return Target(chat=home.chat, message=int(ref.message_id)) if str(home.chat) == ref.chat.id else None

    async def stands_for(self, ref: MessageRef, message: telegram.Message) -> None:
        """A message was posted anew in the supergroup."""
        await self._note(f"{message.chat.id}/{ref.message_id}", str(message.message_id))

    def _home(self, at: Place) -> Place:
        moved = self._notebook.moved(str(at.chat))
        return at if moved is None else replace(at, chat=int(moved))

    async def _has_moved(self, old: int, new: int) -> None:
        await self._note(str(old), str(new))
        await self._migrated(old, new)

    async def _note(self, old: str, new: str) -> None:
        try:
            await self._notebook.move(old, new)
        except StoreFailed as failed:
            log.warning("move not kept", old=old, detail=failed.detail)

    # ------------------------------------------------------------ within

    async def _anew(self, ref: MessageRef, card: Card) -> None:
        """The message of a job goes on in the supergroup."""
        message = await self.at_home(ids.place(ref.chat), lambda home: self._send_text(home, card, None))
        await self.stands_for(ref, message)

    async def _send_text(self, home: Place, card: Card, reply_to: str | None) -> telegram.Message:
        text, entities = encode_text(card, TEXT)
        buttons = encode_buttons(card.buttons)
        return await call(
            lambda: self._bot.send_message(
                text=text,
                entities=entities or None,
                reply_markup=buttons,
                link_preview_options=QUIET_LINKS,
                **addressed(home, reply_to),
            )
        )

    async def _answer(self, chat: Chat, query: str, card: Card) -> MessageRef:
        """The first words in a chat that the bot was called into. Said again, they change what stands there."""
        if (known := self._answered.get(query)) is not None:
            await self._change(Target(inline=known), card)
            return MessageRef(chat=chat, message_id=known)
        text, _ = encode_text(card, TEXT)
        article = InlineQueryResultArticle(
            id="easel",
            title="Easel",
            input_message_content=InputTextMessageContent(text, link_preview_options=QUIET_LINKS),
            reply_markup=encode_buttons(card.buttons),
        )
        sent = await call(lambda: self._bot.answer_guest_query(query, article))
        _keep(self._answered, query, sent.inline_message_id)
        return MessageRef(chat=chat, message_id=sent.inline_message_id)

    async def _change(self, target: Target, card: Card) -> None:
        key = str(target)
        try:
            if card.preview is not None and target.inline is None and self._pictured.get(key) is not card.preview:
                await self._preview(target, card, card.preview)
                return
            await self._reword(target, card, key)
        except Refused as refused:
            if NOT_MODIFIED not in refused.words:
                raise

    async def _reword(self, target: Target, card: Card, key: str) -> None:
        """Other words, where a message has them: as its text, or under its picture. What it is may have changed without
        this process knowing it."""
        pictured = key in self._pictured
        try:
            await (self._change_caption if pictured else self._change_text)(target, card)
        except Refused as refused:
            if (NO_CAPTION if pictured else NO_TEXT) not in refused.words:
                raise
            await (self._change_text if pictured else self._change_caption)(target, card)
            if pictured:
                del self._pictured[key]
            else:
                self._know(key, None)

    async def _change_text(self, target: Target, card: Card) -> None:
        text, entities = encode_text(card, TEXT)
        buttons = encode_buttons(card.buttons)
        await call(
            lambda: self._bot.edit_message_text(
                text,
                entities=entities or None,
                reply_markup=buttons,
                link_preview_options=QUIET_LINKS,
                **target.call,
            )
        )

    async def _change_caption(self, target: Target, card: Card) -> None:
        text, entities = encode_text(card, CAPTION)
        buttons = encode_buttons(card.buttons)
        await call(
            lambda: self._bot.edit_message_caption(
                caption=text, caption_entities=entities or None, reply_markup=buttons, **target.call
            )
        )

    async def _preview(self, target: Target, card: Card, preview: Image) -> None:
        caption, _ = encode_text(card, CAPTION)
        await self.show(target, card, encode_media(preview, 0, caption=caption, card=card))
        self._know(str(target), preview)

    def _know(self, key: str, preview: Image | None) -> None:
        _keep(self._pictured, key, preview)


def _keep(known: OrderedDict[str, T], key: str, value: T) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > REMEMBERED:
        known.popitem(last=False)


def addressed(home: Place, reply_to: str | None) -> dict[str, Any]:
    """Where a new message goes. A request that was deleted is no reason not to answer it."""
    reply = ReplyParameters(int(reply_to), allow_sending_without_reply=True) if reply_to is not None else None
    return {
        "chat_id": home.chat,
        "message_thread_id": home.topic,
        "direct_messages_topic_id": home.channel_topic,
        "reply_parameters": reply,
    }
