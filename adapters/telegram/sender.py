"""Cards sent into a chat: as a message, an edit, an answer to a guest query, or an edit of an inline message.

Makes one call at a time and knows no budgets; delivering several images is delivery.py's.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import structlog
import telegram
from cachetools import LRUCache
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
from adapters.telegram.edit_target import EditTarget
from adapters.telegram.encode import (
    MAX_CAPTION_CHARS,
    MAX_TEXT_CHARS,
    encode_buttons,
    encode_markup,
    encode_media,
    encode_text,
)
from adapters.telegram.errors import (
    CALL_FAILURES,
    NO_CAPTION,
    NO_TEXT,
    NOT_MODIFIED,
    ONLY_BUTTONS,
    TOPIC_CLOSED,
    CallRejected,
    GroupMigrated,
    OutcomeUnknown,
)
from adapters.telegram.ids import ChatAddress
from adapters.telegram.permissions import ChatPermissions
from adapters.telegram.state import TelegramState
from adapters.telegram.strays import StrayFinder
from bot.chat import Button, Card, Chat, MessageRef
from bot.errors import ChatFailed, ChatGone, ChatUnreachable, MessageGone, SendForbidden, StoreFailed
from bot.job import names_job
from bot.painting import Image
from bot.status.softening import MAX_STEP, soften_card

log = structlog.get_logger()
T = TypeVar("T")

NO_LINK_PREVIEW = LinkPreviewOptions(is_disabled=True)
MAX_REMEMBERED = 20_000  # messages whose media are known; a wrong guess costs one more call
Media = InputMediaPhoto | InputMediaDocument
OnMigration = Callable[[int, int], Awaitable[None]]


class Sender:
    """`on_migration(old, new)` is awaited when a call reveals that a group was migrated to a supergroup."""

    def __init__(
        self,
        bot: telegram.Bot,
        state: TelegramState,
        strays: StrayFinder,
        permissions: ChatPermissions,
        on_migration: OnMigration,
    ) -> None:
        self._bot = bot
        self._permissions = permissions
        self._state = state
        self._strays = strays
        self._on_migration = on_migration
        # Messages that show media, by EditTarget: the preview, or None for another image.
        self._shown_media: LRUCache[str, Image | None] = LRUCache(MAX_REMEMBERED)
        # How far messages were made poorer in words, by idempotency key and by EditTarget.
        self._softened: LRUCache[str, int] = LRUCache(MAX_REMEMBERED)
        # The inline message that answered a guest query, by the query's id.
        self._guest_answers: LRUCache[str, str] = LRUCache(MAX_REMEMBERED)

    # ------------------------------------------------------------ cards

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        """Sends a new message; for an inline message, which is shown already, edits it. The message of an earlier call
        with the same key, whose id was lost, is edited instead.

        Raises ChatFailed.
        """
        address = ids.chat_address(chat)
        try:
            if address.inline is not None:
                await self._apply_card(EditTarget(inline=address.inline), card)
                return MessageRef(chat=chat, message_id=address.inline)
            if address.query is not None:
                return await self._answer_guest_query(chat, address.query, card)
            if (found := await self.find_post(chat, key)) is not None:
                await self.edit(found, card)
                return found
            message = await self.soften(key, card, lambda card: self._post_text(chat, card, reply_to, key))
        except OutcomeUnknown as unknown:
            raise ChatUnreachable(detail=f"no answer: {unknown.detail}") from unknown
        except CallRejected as rejected:
            raise ChatFailed(detail=rejected.description) from rejected
        posted = MessageRef(chat=self.current_chat(chat), message_id=str(message.message_id))
        if (step := self._softened.get(key)) is not None:
            self._softened[f"{posted.chat.id}/{posted.message_id}"] = step  # what its edits are known by
        return posted

    async def _post_text(self, chat: Chat, card: Card, reply_to: str | None, key: str) -> telegram.Message:
        return await self.send_noted(
            chat, card, lambda current: self._send_text(current, card, reply_to), reply_to=reply_to, key=key
        )

    async def soften(self, key: str, card: Card, send: Callable[[Card], Awaitable[T]]) -> T:
        """Calls `send`, and again with fewer words while Telegram rejects what is sent: no picture is lost for its
        caption. `key`: by which it is remembered how few were accepted."""
        while True:
            step = self._softened.get(key, 0)
            try:
                return await send(soften_card(card, step))
            except CallRejected as rejected:
                if step == MAX_STEP:
                    raise
                log.info("telegram rejected a message, tried with fewer words", detail=rejected.description)
                self._softened[key] = step + 1

    async def edit(self, ref: MessageRef, card: Card) -> None:
        """As `ChatPort.edit`. Raises ChatFailed."""
        try:
            await self.edit_or_repost(
                ref,
                lambda target: self.soften(str(target), card, lambda card: self._apply_card(target, card)),
                lambda: self._repost(ref, card),
            )
        except OutcomeUnknown as unknown:
            raise ChatUnreachable(detail=unknown.detail) from unknown
        except CallRejected as rejected:
            raise ChatFailed(detail=rejected.description) from rejected

    async def replace_buttons(self, ref: MessageRef, buttons: Sequence[Button]) -> None:
        """As `bot.ports.ButtonReplacement.replace_buttons`; a message that a migrated group has left behind keeps
        those that it has. Raises ChatFailed."""
        if (target := self.edit_target(ref)) is None:
            return
        keyboard = encode_buttons(buttons)
        try:
            await call_api(lambda: self._bot.edit_message_reply_markup(reply_markup=keyboard, **target.kwargs))
        except OutcomeUnknown as unknown:
            raise ChatUnreachable(detail=unknown.detail) from unknown
        except GroupMigrated as migrated:
            raise MessageGone(detail=f"left behind by {migrated.new_chat_id}") from migrated
        except CallRejected as rejected:
            if NOT_MODIFIED not in rejected.description:
                raise ChatFailed(detail=rejected.description) from rejected

    async def edit_media(self, target: EditTarget, card: Card, media: Media) -> telegram.Message | None:
        """Replaces a message's content by an image. None for an inline message: Telegram returns no message then.

        Raises ChatFailed, GroupMigrated, OutcomeUnknown, CallRejected.
        """
        buttons = encode_buttons(card.buttons)
        edited = await call_api(lambda: self._bot.edit_message_media(media, reply_markup=buttons, **target.kwargs))
        self._shown_media[str(target)] = None
        return edited if isinstance(edited, telegram.Message) else None

    # ------------------------------------------------------------ posts whose id may be lost

    async def find_post(self, chat: Chat, key: str) -> MessageRef | None:
        """The message of an earlier call with the key, whose id was lost. Raises as `StrayFinder.find_post`."""
        current = self.current_chat(chat)
        found = await self._strays.find_post(key, int(current.id))
        return None if found is None else MessageRef(chat=current, message_id=str(found))

    def prepare_post(
        self, chat: Chat, buttons: Sequence[Button], *, reply_to: str | None, key: str
    ) -> Mapping[str, Any] | None:
        """As `PreparedPosts.prepare_post`; an inline message is shown already."""
        if ids.is_inline(chat):
            return None
        keyboard = encode_buttons(buttons)
        return self._strays.prepare_post(key, int(self.current_chat(chat).id), reply_to=reply_to, keyboard=keyboard)

    async def send_noted(
        self,
        chat: Chat,
        card: Card,
        send: Callable[[ChatAddress], Awaitable[telegram.Message]],
        *,
        reply_to: str | None,
        key: str,
    ) -> telegram.Message:
        """As `send_following_moves`; the message of a job is noted before it is sent."""
        address = ids.chat_address(chat)
        if not (card.buttons or names_job(key)):  # an answer to a command
            message = await self.send_following_moves(address, send)
            self._strays.note_message(message)
            return message
        keyboard = encode_buttons(card.buttons)
        await self._strays.note_post(key, int(self.current_chat(chat).id), reply_to=reply_to, keyboard=keyboard)
        try:
            message = await self.send_following_moves(address, send)
        except CALL_FAILURES as failed:
            self._strays.note_failed(key, failed)
            raise
        self._strays.note_sent(key, message)
        return message

    # ------------------------------------------------------------ moved chats and messages

    def current_chat(self, chat: Chat) -> Chat:
        """The chat with the id that it has now."""
        moved = self._state.moved_to(chat.id)
        return chat if moved is None else replace(chat, id=moved)

    async def send_following_moves(self, address: ChatAddress, send: Callable[[ChatAddress], Awaitable[T]]) -> T:
        """Sends into a chat, and once more into the supergroup when the call reveals that the chat was migrated."""
        current = self._current_address(address)
        try:
            return await send(current)
        except ChatGone as gone:
            if TOPIC_CLOSED in (gone.detail or ""):
                self._permissions.note_topic_closed(current)
            raise
        except GroupMigrated as migrated:
            assert current.chat is not None  # inline messages do not move
            await self._record_migration(current.chat, migrated.new_chat_id)
            return await send(replace(current, chat=migrated.new_chat_id))

    async def edit_or_repost(
        self, ref: MessageRef, edit: Callable[[EditTarget], Awaitable[T]], repost: Callable[[], Awaitable[T]]
    ) -> T:
        """Edits a message; calls `repost` where a migrated group has left it behind."""
        target = self.edit_target(ref)
        if target is None:
            return await repost()
        try:
            return await edit(target)
        except GroupMigrated as migrated:
            assert target.chat is not None
            await self._record_migration(target.chat, migrated.new_chat_id)
            return await repost()

    async def record_repost(self, ref: MessageRef, message: telegram.Message) -> None:
        """Notes the message in the supergroup that replaces one that was left behind."""
        await self._save_move(f"{message.chat.id}/{ref.message_id}", str(message.message_id))

    def edit_target(self, ref: MessageRef) -> EditTarget | None:
        """What an edit of a message names. None: the message was left behind, and no other replaces it yet."""
        if ids.is_inline(ref.chat):
            return EditTarget(inline=ref.message_id)
        current = self._current_address(ids.chat_address(ref.chat))
        if (moved := self._state.moved_to(f"{current.chat}/{ref.message_id}")) is not None:
            return EditTarget(chat=current.chat, message=int(moved))
        if str(current.chat) != ref.chat.id:
            return None
        return EditTarget(chat=current.chat, message=int(ref.message_id))

    def _current_address(self, address: ChatAddress) -> ChatAddress:
        moved = self._state.moved_to(str(address.chat))
        return address if moved is None else replace(address, chat=int(moved))

    async def _record_migration(self, old: int, new: int) -> None:
        await self._save_move(str(old), str(new))
        await self._on_migration(old, new)

    async def _save_move(self, old: str, new: str) -> None:
        try:
            await self._state.save_move(old, new)
        except StoreFailed as failed:
            log.warning("moved chat not saved", old=old, detail=failed.detail)

    # ------------------------------------------------------------ within

    async def _repost(self, ref: MessageRef, card: Card) -> None:
        """Sends the card as a new message in the supergroup."""
        message = await self.send_following_moves(
            ids.chat_address(ref.chat), lambda current: self._send_text(current, card, None)
        )
        await self.record_repost(ref, message)

    async def _send_text(self, address: ChatAddress, card: Card, reply_to: str | None) -> telegram.Message:
        text, entities = encode_text(card, MAX_TEXT_CHARS)
        markup = encode_markup(card)
        try:
            return await call_api(
                lambda: self._bot.send_message(
                    text=text,
                    entities=entities or None,
                    reply_markup=markup,
                    link_preview_options=NO_LINK_PREVIEW,
                    **send_kwargs(address, reply_to),
                )
            )
        except CallRejected as rejected:
            if card.question is None or ONLY_BUTTONS not in rejected.description.lower():
                raise
            return await self._send_text(address, replace(card, question=None), reply_to)

    async def _answer_guest_query(self, chat: Chat, query: str, card: Card) -> MessageRef:
        """The first message in a chat that mentioned the bot; for a query that was answered, an edit of the answer."""
        if (answer := self._guest_answers.get(query)) is not None:
            await self._apply_card(EditTarget(inline=answer), card)
            return MessageRef(chat=chat, message_id=answer)
        text, _ = encode_text(card, MAX_TEXT_CHARS)
        article = InlineQueryResultArticle(
            id="easel",
            title="Easel",
            input_message_content=InputTextMessageContent(text, link_preview_options=NO_LINK_PREVIEW),
            reply_markup=encode_buttons(card.buttons),
        )
        sent = await call_api(lambda: self._bot.answer_guest_query(query, article))
        self._guest_answers[query] = sent.inline_message_id
        return MessageRef(chat=chat, message_id=sent.inline_message_id)

    async def _apply_card(self, target: EditTarget, card: Card) -> None:
        """Edits a message so that it shows the card; a new preview replaces the media."""
        preview_is_new = card.preview is not None and self._shown_media.get(str(target)) is not card.preview
        try:
            if not (preview_is_new and await self._edit_preview(target, card)):
                await self._edit_text_or_caption(target, card)
        except CallRejected as rejected:
            if NOT_MODIFIED not in rejected.description:
                raise

    async def _edit_text_or_caption(self, target: EditTarget, card: Card) -> None:
        """Edits the text, or the caption of a message with media. Which of both it has may have changed without this
        process knowing: when Telegram says so, the other is edited."""
        key = str(target)
        has_media = key in self._shown_media
        try:
            await (self._edit_caption if has_media else self.edit_text)(target, card)
        except CallRejected as rejected:
            if (NO_CAPTION if has_media else NO_TEXT) not in rejected.description:
                raise
            await (self.edit_text if has_media else self._edit_caption)(target, card)
            if has_media:
                self._shown_media.pop(key, None)
            else:
                self._shown_media[key] = None

    async def edit_text(self, target: EditTarget, card: Card) -> None:
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

    async def _edit_preview(self, target: EditTarget, card: Card) -> bool:
        """False: there the card can have no preview: it is an inline message, or the chat takes no photos."""
        preview = card.preview
        if preview is None or target.chat is None or not self._permissions.known(target.chat).photos:
            return False
        caption, _ = encode_text(card, MAX_CAPTION_CHARS)
        try:
            await self.edit_media(target, card, encode_media(preview, 0, caption=caption, card=card))
        except SendForbidden as forbidden:
            log.info("chat takes no previews", chat=target.chat, detail=forbidden.detail)
            self._permissions.note_refused(target.chat, as_file=False)
            return False
        self._shown_media[str(target)] = preview
        return True


def send_kwargs(address: ChatAddress, reply_to: str | None) -> dict[str, Any]:
    """The chat and the replied message as parameters of the library's send methods. A deleted `reply_to` is ignored."""
    reply = ReplyParameters(int(reply_to), allow_sending_without_reply=True) if reply_to is not None else None
    return {
        "chat_id": address.chat,
        "message_thread_id": address.topic,
        "direct_messages_topic_id": address.channel_topic,
        "reply_parameters": reply,
    }
