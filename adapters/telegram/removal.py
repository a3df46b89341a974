"""Takes messages of the bot back: deletes them, or empties those that Telegram lets nobody delete any more.

A picture cannot become a text, so a plain grey one takes its place. Budgets are the core's.
"""

import struct
import zlib
from collections.abc import Sequence

import structlog
import telegram

from adapters.telegram.api import call_api
from adapters.telegram.delivery import PictureDelivery
from adapters.telegram.edit_target import EditTarget
from adapters.telegram.encode import MAX_CAPTION_CHARS, encode_media, encode_text
from adapters.telegram.errors import NO_TEXT, NOT_MODIFIED, CallRejected, GroupMigrated, OutcomeUnknown
from adapters.telegram.ids import PLATFORM
from adapters.telegram.sender import Sender
from bot.chat import Card, Chat, MessageRef
from bot.errors import ChatFailed, ChatUnreachable, MessageGone, StoreFailed
from bot.painting import Image
from bot.ports import AdapterStorage

log = structlog.get_logger()

BLANK_SIZE = 320, 180  # pixels
BLANK_KEY = f"{PLATFORM}:blank"  # of the file id of a blank picture that Telegram stores


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _blank() -> Image:
    """A plain grey PNG."""
    width, height = BLANK_SIZE
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits of grey
    rows = (b"\0" + b"\x60" * width) * height
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*each) for each in chunks)
    return Image(data=data, media_type="image/png", width=width, height=height)


BLANK = _blank()


class MessageRemover:
    """Removes messages, and the records of what was posted with them."""

    def __init__(self, bot: telegram.Bot, sender: Sender, delivery: PictureDelivery, storage: AdapterStorage) -> None:
        self._bot = bot
        self._sender = sender
        self._delivery = delivery
        self._storage = storage

    async def remove(self, chat: Chat, message_ids: Sequence[str], card: Card, *, key: str) -> None:
        """As `bot.ports.MessageRemoval.remove`; files stay at Telegram while somebody refers to them."""
        try:
            for message_id in message_ids:
                await self._remove_message(MessageRef(chat=chat, message_id=message_id), card)
            for upload in await self._delivery.stored_uploads(key):
                await self._remove_message(upload, card)
            await self._delivery.posted.forget(key)
        except OutcomeUnknown as unknown:
            raise ChatUnreachable(detail=unknown.detail) from unknown
        except CallRejected as rejected:
            raise ChatFailed(detail=rejected.description) from rejected
        except StoreFailed as failed:
            raise ChatUnreachable(detail=f"what was posted not looked up: {failed.detail}") from failed

    async def _remove_message(self, ref: MessageRef, card: Card) -> None:
        target = self._sender.edit_target(ref)
        if target is None:
            return  # a migrated group has left it behind
        try:
            if target.inline is not None or not await self._delete(target):
                await self._empty(target, card)
        except (MessageGone, GroupMigrated):
            log.info("message is gone already", message=str(target))

    async def _delete(self, target: EditTarget) -> bool:
        """False: Telegram lets bots delete only what is younger than two days. Raises as `call_api`."""
        assert target.chat is not None  # only inline messages have none
        assert target.message is not None
        chat, message = target.chat, target.message
        try:
            await call_api(lambda: self._bot.delete_message(chat, message))
        except CallRejected as rejected:
            log.info("message can only be emptied", message=str(target), detail=rejected.description)
            return False
        return True

    async def _empty(self, target: EditTarget, card: Card) -> None:
        """Edits a message so that it shows the card and no picture."""
        try:
            await self._sender.edit_text(target, card)
        except CallRejected as rejected:
            if NOT_MODIFIED in rejected.description:
                return
            if NO_TEXT not in rejected.description:
                raise
            await self._replace_picture(target, card)

    async def _replace_picture(self, target: EditTarget, card: Card) -> None:
        """As a photo; as a document where it belongs to an album of documents."""
        file_id = None if target.inline is None else await self._stored_blank(card)
        caption, _ = encode_text(card, MAX_CAPTION_CHARS)
        for as_file in (False, True) if target.inline is None else (False,):
            shown = Card(text=card.text, locale=card.locale, as_file=as_file)
            media = encode_media(BLANK, 1, caption=caption, card=shown, file_id=file_id)
            try:
                await self._sender.edit_media(target, shown, media)
            except CallRejected as rejected:
                if NOT_MODIFIED in rejected.description:
                    return
                if as_file or target.inline is not None:
                    raise
            else:
                return

    async def _stored_blank(self, card: Card) -> str:
        """The file id of a blank picture, uploaded to the storage chat once."""
        file_id = await self._storage.get_value(BLANK_KEY)
        if file_id is None:
            posted = await self._delivery.upload_to_storage_chat(Card(text="", locale=card.locale), BLANK)
            file_id = posted.attachment.ref
            await self._storage.set_value(BLANK_KEY, file_id)
        return file_id
