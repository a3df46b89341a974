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
from adapters.telegram.api import call_api
from adapters.telegram.encode import MAX_CAPTION_CHARS, MAX_TEXT_CHARS, encode_buttons, encode_media, encode_text
from adapters.telegram.errors import NO_CAPTION, NO_TEXT, NOT_MODIFIED, CallRejected, GroupMigrated, OutcomeUnknown
from adapters.telegram.ids import ChatAddress
from adapters.telegram.state import TelegramState
from bot.chat import Action, Card, Chat, MessageRef
from bot.errors import ChatFailed, ChatUnreachable, StoreFailed
from bot.painting import Image

log = structlog.get_logger()
T = TypeVar("T")

NO_LINK_PREVIEW = LinkPreviewOptions(is_disabled=True)
MAX_REMEMBERED = 20_000  # messages of which it is known what they show
Media = InputMediaPhoto | InputMediaDocument
OnMigration = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTarget:
    """What an edit names: a message in a chat, or an inline message."""

    chat: int | None = None
    message: int | None = None
    inline: str | None = None

    @property
    def kwargs(self) -> dict[str, Any]:
        if self.inline is not None:
            return {"inline_message_id": self.inline}
        return {"chat_id": self.chat, "message_id": self.message}

    def __str__(self) -> str:
        return self.inline or f"{self.chat}/{self.message}"


class Sender:
    """`migrated(old, new)` is told of a group that became a supergroup."""

    def __init__(self, bot: telegram.Bot, state: TelegramState, on_migration: OnMigration) -> None:
        self._bot = bot
        self._state = state
        self._on_migration = on_migration
        self._shown_media: OrderedDict[str, Image | None] = OrderedDict()  # message -> the preview that it shows
        self._guest_answers: OrderedDict[str, str] = OrderedDict()  # a guest's query -> the message that answers it

    # ------------------------------------------------------------ cards

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None) -> MessageRef:
        """A new message; in an inline message, what it says from now on.

        Raises ChatFailed. A post without an answer is not made again while a job runs: it may stand there, and its
        picture will come as a message of its own.
        """
        at = ids.chat_address(chat)
        try:
            if at.inline is not None:
                await self._apply_card(EditTarget(inline=at.inline), card)
                return MessageRef(chat=chat, message_id=at.inline)
            if at.query is not None:
                return await self._answer_guest_query(chat, at.query, card)
            message = await self.send_following_moves(at, lambda home: self._send_text(home, card, reply_to))
        except OutcomeUnknown as unclear:
            running = any(button.action is Action.CANCEL for button in card.buttons)
            raise (ChatFailed if running else ChatUnreachable)(detail=f"no answer: {unclear.detail}") from unclear
        except CallRejected as refused:
            raise ChatFailed(detail=refused.description) from refused
        return MessageRef(chat=self.current_chat(chat), message_id=str(message.message_id))

    async def edit(self, ref: MessageRef, card: Card) -> None:
        """Raises ChatFailed."""
        try:
            await self.edit_or_repost(
                ref, lambda target: self._apply_card(target, card), lambda: self._repost(ref, card)
            )
        except OutcomeUnknown as unclear:
            raise ChatUnreachable(detail=unclear.detail) from unclear
        except CallRejected as refused:
            raise ChatFailed(detail=refused.description) from refused

    async def edit_media(self, target: EditTarget, card: Card, media: Media) -> telegram.Message | None:
        """A message becomes a picture. None: an inline one, of which Telegram tells nothing.

        Raises ChatFailed, Moved, Unclear, Refused.
        """
        buttons = encode_buttons(card.buttons)
        shown = await call_api(lambda: self._bot.edit_message_media(media, reply_markup=buttons, **target.kwargs))
        self._remember_media(str(target), None)
        return shown if isinstance(shown, telegram.Message) else None

    # ------------------------------------------------------------ where messages stand

    def current_chat(self, chat: Chat) -> Chat:
        """The chat by its present identity."""
        moved = self._state.moved_to(chat.id)
        return chat if moved is None else replace(chat, id=moved)

    async def send_following_moves(self, at: ChatAddress, send: Callable[[ChatAddress], Awaitable[T]]) -> T:
        """Sends into a chat, wherever it has gone."""
        home = self._current_address(at)
        try:
            return await send(home)
        except GroupMigrated as moved:
            assert home.chat is not None  # inline messages do not move
            await self._record_migration(home.chat, moved.new_chat_id)
            return await send(replace(home, chat=moved.new_chat_id))

    async def edit_or_repost(
        self, ref: MessageRef, change: Callable[[EditTarget], Awaitable[T]], anew: Callable[[], Awaitable[T]]
    ) -> T:
        """Changes a message where it stands; `anew` where it was left behind by a group that moved."""
        target = self._edit_target(ref)
        if target is None:
            return await anew()
        try:
            return await change(target)
        except GroupMigrated as moved:
            assert target.chat is not None
            await self._record_migration(target.chat, moved.new_chat_id)
            return await anew()

    def _edit_target(self, ref: MessageRef) -> EditTarget | None:
        """None: the message was left behind, and nothing stands for it yet."""
        if ids.is_inline(ref.chat):
            return EditTarget(inline=ref.message_id)
        home = self._current_address(ids.chat_address(ref.chat))
        if (moved := self._state.moved_to(f"{home.chat}/{ref.message_id}")) is not None:
            return EditTarget(chat=home.chat, message=int(moved))
        return EditTarget(chat=home.chat, message=int(ref.message_id)) if str(home.chat) == ref.chat.id else None

    async def record_repost(self, ref: MessageRef, message: telegram.Message) -> None:
        """A message was posted anew in the supergroup."""
        await self._save_move(f"{message.chat.id}/{ref.message_id}", str(message.message_id))

    def _current_address(self, at: ChatAddress) -> ChatAddress:
        moved = self._state.moved_to(str(at.chat))
        return at if moved is None else replace(at, chat=int(moved))

    async def _record_migration(self, old: int, new: int) -> None:
        await self._save_move(str(old), str(new))
        await self._on_migration(old, new)

    async def _save_move(self, old: str, new: str) -> None:
        try:
            await self._state.save_move(old, new)
        except StoreFailed as failed:
            log.warning("move not kept", old=old, detail=failed.detail)

    # ------------------------------------------------------------ within

    async def _repost(self, ref: MessageRef, card: Card) -> None:
        """The message of a job goes on in the supergroup."""
        message = await self.send_following_moves(
            ids.chat_address(ref.chat), lambda home: self._send_text(home, card, None)
        )
        await self.record_repost(ref, message)

    async def _send_text(self, home: ChatAddress, card: Card, reply_to: str | None) -> telegram.Message:
        text, entities = encode_text(card, MAX_TEXT_CHARS)
        buttons = encode_buttons(card.buttons)
        return await call_api(
            lambda: self._bot.send_message(
                text=text,
                entities=entities or None,
                reply_markup=buttons,
                link_preview_options=NO_LINK_PREVIEW,
                **send_kwargs(home, reply_to),
            )
        )

    async def _answer_guest_query(self, chat: Chat, query: str, card: Card) -> MessageRef:
        """The first words in a chat that the bot was called into. Said again, they change what stands there."""
        if (known := self._guest_answers.get(query)) is not None:
            await self._apply_card(EditTarget(inline=known), card)
            return MessageRef(chat=chat, message_id=known)
        text, _ = encode_text(card, MAX_TEXT_CHARS)
        article = InlineQueryResultArticle(
            id="easel",
            title="Easel",
            input_message_content=InputTextMessageContent(text, link_preview_options=NO_LINK_PREVIEW),
            reply_markup=encode_buttons(card.buttons),
        )
        sent = await call_api(lambda: self._bot.answer_guest_query(query, article))
        _keep(self._guest_answers, query, sent.inline_message_id)
        return MessageRef(chat=chat, message_id=sent.inline_message_id)

    async def _apply_card(self, target: EditTarget, card: Card) -> None:
        key = str(target)
        try:
            if card.preview is not None and target.inline is None and self._shown_media.get(key) is not card.preview:
                await self._edit_preview(target, card, card.preview)
                return
            await self._edit_text_or_caption(target, card, key)
        except CallRejected as refused:
            if NOT_MODIFIED not in refused.description:
                raise

    async def _edit_text_or_caption(self, target: EditTarget, card: Card, key: str) -> None:
        """Other words, where a message has them: as its text, or under its picture. What it is may have changed without
        this process knowing it."""
        pictured = key in self._shown_media
        try:
            await (self._edit_caption if pictured else self._edit_text)(target, card)
        except CallRejected as refused:
            if (NO_CAPTION if pictured else NO_TEXT) not in refused.description:
                raise
            await (self._edit_text if pictured else self._edit_caption)(target, card)
            if pictured:
                del self._shown_media[key]
            else:
                self._remember_media(key, None)

    async def _edit_text(self, target: EditTarget, card: Card) -> None:
        text, entities = encode_text(card, MAX_TEXT_CHARS)
        buttons = encode_buttons(card.buttons)
        await call_api(
            lambda: self._bot.edit_message_text(
                text,
                entities=entities or None,
                reply_markup=buttons,
                link_preview_options=NO_LINK_PREVIEW,
                **target.kwargs,
            )
        )

    async def _edit_caption(self, target: EditTarget, card: Card) -> None:
        text, entities = encode_text(card, MAX_CAPTION_CHARS)
        buttons = encode_buttons(card.buttons)
        await call_api(
            lambda: self._bot.edit_message_caption(
                caption=text, caption_entities=entities or None, reply_markup=buttons, **target.kwargs
            )
        )

    async def _edit_preview(self, target: EditTarget, card: Card, preview: Image) -> None:
        caption, _ = encode_text(card, MAX_CAPTION_CHARS)
        await self.edit_media(target, card, encode_media(preview, 0, caption=caption, card=card))
        self._remember_media(str(target), preview)

    def _remember_media(self, key: str, preview: Image | None) -> None:
        _keep(self._shown_media, key, preview)


def _keep(known: OrderedDict[str, T], key: str, value: T) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > MAX_REMEMBERED:
        known.popitem(last=False)


def send_kwargs(home: ChatAddress, reply_to: str | None) -> dict[str, Any]:
    """Where a new message goes. A request that was deleted is no reason not to answer it."""
    reply = ReplyParameters(int(reply_to), allow_sending_without_reply=True) if reply_to is not None else None
    return {
        "chat_id": home.chat,
        "message_thread_id": home.topic,
        "direct_messages_topic_id": home.channel_topic,
        "reply_parameters": reply,
    }
