"""How a card and its images get into a chat: sizes that fit, previews, and what is left when an interaction is over.

Which token a call goes by is sender.py's; how JSON looks, encode.py's.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import structlog
from cachetools import LRUCache

from adapters.discord import encode, ids
from adapters.discord.errors import (
    AUTOMOD_CODES,
    MISSING_PERMISSIONS,
    REQUEST_TOO_LARGE,
    CallRejected,
    translate_rejection,
)
from adapters.discord.files import Files
from adapters.discord.ids import MessageFileRef, StoredFileRef
from adapters.discord.interaction_tokens import InteractionToken
from adapters.discord.rest import Json, Upload
from adapters.discord.sender import Sender, TokenUnusable
from adapters.discord.state import DiscordState
from bot.chat import Action, Attachment, Card, Chat, Delivered, MessageRef
from bot.errors import BadResult, ChatFailed, ChatGone, StoreFailed
from bot.painting import Image
from bot.pictures.processing import ImageProcessor
from bot.status.softening import MAX_STEP, soften_card
from bot.texts import translate

log = structlog.get_logger()

DEFAULT_FILE_LIMIT = 10 * 1024 * 1024  # bytes of one file, where neither an interaction nor the guild tells
MAX_SOFTENED = 10_000  # messages remembered whose words AutoMod has refused
MAX_SIZE_ATTEMPTS = 5  # a limit that was not the real one is halved so often: 10 MB becomes 0.6 MB


class _Moderated(Exception):
    """AutoMod does not let the words of a message through."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Delivery:
    """Posts, edits and deliveries."""

    def __init__(
        self,
        sender: Sender,
        files: Files,
        state: DiscordState,
        processor: ImageProcessor,
        *,
        guild_file_limit: Callable[[int], int | None],
        note_refused: Callable[[str], None],
        spoiler_channels: Collection[str],
    ) -> None:
        """`guild_file_limit`: bytes of one file in a guild; None for one that is not known. `note_refused` gets the id
        of a channel that has refused images. `spoiler_channels`: ids of
        channels and guilds where every image is hidden until a user asks to see it."""
        self._sender = sender
        self._files = files
        self._state = state
        self._processor = processor
        self._guild_file_limit = guild_file_limit
        self._note_refused = note_refused
        self._spoiler_channels = frozenset(spoiler_channels)
        self._previews: dict[str, Image] = {}  # shown now, by message id
        # How far AutoMod has made messages poorer in words, by idempotency key and by message id.
        self._softened: LRUCache[str, int] = LRUCache(MAX_SOFTENED)

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        """As `ChatPort.post`."""
        files = self._preview_files(None, card)
        message = await self._send(chat, None, card, files or [], reply_to=reply_to, key=key)
        return self._record_shown(chat, message, card)

    async def edit(self, ref: MessageRef, card: Card) -> None:
        """As `ChatPort.edit`."""
        files = self._preview_files(ref, card)
        message = await self._send(ref.chat, ref, card, files, reply_to=None, key=ref.message_id)
        self._record_shown(ref.chat, message, card)

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
        """As `ChatPort.deliver`. Where Discord finds a file too large after all, smaller ones are tried."""
        limit = self._file_limit(chat, ref)
        for _ in range(MAX_SIZE_ATTEMPTS):
            try:
                fitted = [
                    await self._processor.fit_to_limit(image, max_bytes=limit, owner=chat.key) for image in images
                ]
            except BadResult as failed:
                raise ChatFailed(detail=f"nothing fits {limit} bytes: {failed.detail}") from failed
            shown = card
            if any(changed for _, changed in fitted):
                note = translate(card.locale, "note-shrunk")
                plain = f"{card.plain_text}\n{note}" if card.plain_text else ""
                shown = replace(card, text=f"{card.text}\n{note}", plain_text=plain)
            small = [image for image, _ in fitted]
            files = encode.encode_images(card, small, spoiler=card.spoiler or self._is_spoiler_chat(chat))
            try:
                message = await self._send(chat, ref, shown, files, reply_to=reply_to, key=key, raise_too_large=True)
            except CallRejected:
                log.info("images refused as too large", chat=chat.key, limit=limit)
                limit = min(limit, max(len(image.data) for image in small)) // 2
            else:
                return await self._record_delivered(chat, message, card, small)
        raise ChatFailed(detail=f"no size is small enough for {chat.key}")

    async def remove(self, chat: Chat, message_ids: Sequence[str], *, keep: Sequence[Attachment]) -> None:
        """As `MessageRemoval.remove`; a bot may delete its messages whatever their age. Raises ChatFailed."""
        for attachment in keep:
            await self._files.keep(attachment)
        for message_id in message_ids:
            try:
                await self._sender.delete_message(MessageRef(chat=chat, message_id=message_id))
            except TokenUnusable as unusable:
                raise ChatGone(detail=f"interaction {unusable.token.id} is over") from unusable
            except CallRejected as rejection:
                raise translate_rejection(rejection) from rejection
            self._previews.pop(message_id, None)

    # ------------------------------------------------------------ within

    async def _send(
        self,
        chat: Chat,
        ref: MessageRef | None,
        card: Card,
        files: Sequence[Upload] | None,
        *,
        reply_to: str | None,
        key: str,
        raise_too_large: bool = False,
    ) -> Json:
        """Sends a card, with fewer words where AutoMod refuses it. As `_send_once`."""
        step = self._softened.get(key, 0)
        while True:
            shown = soften_card(card, step)
            uploads = files if files is None or step == 0 else [replace(each, description="") for each in files]
            try:
                message = await self._send_once(
                    chat, ref, shown, uploads, reply_to=reply_to, key=key, raise_too_large=raise_too_large
                )
            except _Moderated as moderated:
                if step == MAX_STEP:
                    raise ChatFailed(detail=moderated.detail) from moderated
                step += 1
                self._softened[key] = step
                log.info("automod refused a message", chat=chat.key, step=step)
            else:
                if step:
                    self._softened[str(message["id"])] = step  # what its edits are known by
                return message

    async def _send_once(
        self,
        chat: Chat,
        ref: MessageRef | None,
        card: Card,
        files: Sequence[Upload] | None,
        *,
        reply_to: str | None,
        key: str,
        raise_too_large: bool = False,
        allow_embed: bool = True,
    ) -> Json:
        """One call, and a direct message where the only token is unusable. `files` None: the message keeps those it
        has. A long text is cut where the bot may embed none.

        Raises ChatFailed, _Moderated; with `raise_too_large` CallRejected too, when a file is too large.
        """
        payload = encode.encode_card(card, allow_embed=allow_embed)
        if files is not None:
            payload["attachments"] = encode.encode_attachments(files)
        try:
            if ref is not None:
                return await self._sender.edit_message(ref, payload, files or ())
            return await self._sender.send_message(chat, payload, files or (), reply_to=reply_to, key=key)
        except TokenUnusable as unusable:
            return await self._send_elsewhere(unusable.token, ref, card, files or (), key)
        except CallRejected as rejection:
            if raise_too_large and (rejection.code == REQUEST_TOO_LARGE or rejection.status == 413):
                raise
            if rejection.code in AUTOMOD_CODES:
                raise _Moderated(detail=str(rejection)) from rejection
            if rejection.code == MISSING_PERMISSIONS and payload["embeds"]:
                return await self._send_once(
                    chat,
                    ref,
                    card,
                    files,
                    reply_to=reply_to,
                    key=key,
                    raise_too_large=raise_too_large,
                    allow_embed=False,
                )
            failed = translate_rejection(rejection)
            if isinstance(failed, ChatGone):
                log.warning("discord does not let the bot write there", chat=chat.key, detail=failed.detail)
                if files:
                    self._note_refused(ids.channel_id(chat))
            raise failed from rejection

    async def _send_elsewhere(
        self, token: InteractionToken, ref: MessageRef | None, card: Card, files: Sequence[Upload], key: str
    ) -> Json:
        """Sends a direct message to a user whose interaction is over; where that is not allowed either, a notice with
        their next command.

        Raises ChatGone.
        """
        if ref is not None and any(button.action is Action.CANCEL for button in card.buttons):
            return {"id": ref.message_id}  # the job still runs, and nobody could see its progress
        moved = Card(text=f"{card.text}\n{translate(card.locale, 'discord-moved')}", buttons=card.buttons)
        payload = encode.encode_card(moved) | {"attachments": encode.encode_attachments(files)}
        try:
            return await self._sender.send_direct(token.user, payload, files, key=key)
        except CallRejected as rejection:
            await self._state.add_pending_notice(token.user)
            raise ChatGone(detail=str(rejection)) from rejection

    def _preview_files(self, ref: MessageRef | None, card: Card) -> list[Upload] | None:
        """The preview to upload; None: the message shows it already."""
        if card.preview is None:
            return []
        if ref is not None and self._previews.get(ref.message_id) is card.preview:
            return None
        spoiler = ref is not None and self._is_spoiler_chat(ref.chat)
        return encode.encode_images(Card(text=""), [card.preview], spoiler=spoiler)

    def _record_shown(self, chat: Chat, message: Json, card: Card) -> MessageRef:
        """Remembers what a message shows, and that it is the bot's own. Returns where it stands."""
        message_id = str(message["id"])
        self._state.remember_own_message(message_id)
        if card.preview is None:
            self._previews.pop(message_id, None)
        else:
            self._previews[message_id] = card.preview
        return MessageRef(chat=_chat_of(message, chat), message_id=message_id)

    async def _record_delivered(self, chat: Chat, message: Json, card: Card, images: Sequence[Image]) -> Delivered:
        """The images' handles. The bytes are stored where the bot could not read the message again."""
        ref = self._record_shown(chat, message, card)
        token = self._state.tokens.for_message(ref.message_id)
        token_only = token is not None and token.token_only
        attachments: list[Attachment] = []
        for image, body in zip(images, message.get("attachments") or [], strict=False):
            file_id = str(body["id"])
            message_file = MessageFileRef(channel=ids.channel_id(ref.chat), message=ref.message_id, item=file_id)
            if token_only:
                try:
                    await self._files.store_bytes(file_id, image.data)
                except StoreFailed as failed:
                    log.warning("result not stored", chat=chat.key, detail=failed.detail)
            else:
                self._files.remember_url(str(message_file), str(body["url"]))
            attachments.append(
                Attachment(
                    ref=str(StoredFileRef(id=file_id) if token_only else message_file),
                    media_type=image.media_type,
                    size=len(image.data),
                    filename=str(body.get("filename", "")) or None,
                    spoiler=card.spoiler,
                )
            )
        return Delivered(ref=ref, attachments=tuple(attachments))

    def _file_limit(self, chat: Chat, ref: MessageRef | None) -> int:
        """Bytes that one file may have there."""
        if (token := self._sender.usable_token(chat, ref)) is not None:
            return token.file_limit
        guild_id = ids.guild_id(chat)
        limit = None if guild_id is None else self._guild_file_limit(guild_id)
        return DEFAULT_FILE_LIMIT if limit is None else limit

    def _is_spoiler_chat(self, chat: Chat) -> bool:
        return not self._spoiler_channels.isdisjoint(chat.id.split("/"))


def _chat_of(message: Json, chat: Chat) -> Chat:
    """The chat that a message stands in: the user's direct messages when it could not be sent to `chat`."""
    channel = str(message.get("channel_id") or ids.channel_id(chat))
    return chat if channel == ids.channel_id(chat) else ids.make_chat(None, int(channel), direct=True)
