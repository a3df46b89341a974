"""Finished pictures on their way into a chat: the first in place, the others as an album below it.

What cannot be a photo goes as a document, unchanged. Budgets are the core's; texts and routes, sender.py's.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace

import structlog
import telegram

from adapters.telegram import ids
from adapters.telegram.calls import call
from adapters.telegram.decode import PHOTO_NAME, decode_attachments
from adapters.telegram.encode import ALBUM, CAPTION, encode_buttons, encode_media, encode_text, shows_as_photo
from adapters.telegram.errors import NO_PHOTO, Refused, Unclear
from adapters.telegram.ids import PLATFORM, Place
from adapters.telegram.sender import Sender, Target, addressed
from bot import pictures
from bot.chat import Attachment, Card, Chat, Delivered, MessageRef
from bot.errors import BadResult, ChatFailed, ChatUnreachable, StoreFailed
from bot.painting import Image
from bot.ports import AdapterStorage
from bot.texts import say

log = structlog.get_logger()

CLOUD_UPLOAD = 50 * 1000 * 1000  # bytes a document may have; a Bot API server of the operator's own takes 2 GB
LOCAL_UPLOAD = 2000 * 1000 * 1000


class Delivery:
    """`storage`: the chat where pictures for inline messages are uploaded, since those can only name files."""

    def __init__(
        self, bot: telegram.Bot, sender: Sender, memory: AdapterStorage, *, storage: int | None, local: bool
    ) -> None:
        self._bot = bot
        self._sender = sender
        self._memory = memory
        self._storage = storage
        self._most = LOCAL_UPLOAD if local else CLOUD_UPLOAD

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
        """As `ChatPort.deliver`."""
        try:
            fitted = [await pictures.fit(image, max_bytes=self._most) for image in images]
        except BadResult as failed:
            raise ChatFailed(detail=f"nothing fits {self._most} bytes: {failed.detail}") from failed
        if any(changed for _, changed in fitted):
            card = replace(card, text=f"{card.text}\n{say(card.locale, 'note-shrunk')}")
        shown = [image for image, _ in fitted]
        try:
            if ids.is_inline(chat):
                return await self._inline(chat, ref, card, shown[0], key)
            first = await self._first(chat, ref, card, shown[0], reply_to)
            rest = await self._rest(first, card, shown[1:], key)
        except Unclear as unclear:
            raise ChatUnreachable(detail=unclear.why) from unclear
        except Refused as refused:
            raise ChatFailed(detail=refused.words) from refused
        where = MessageRef(chat=self._sender.now(chat), message_id=str(first.message_id))
        return Delivered(ref=where, attachments=(*_handles(first, card), *rest))

    # ------------------------------------------------------------ the first one

    async def _first(
        self, chat: Chat, ref: MessageRef | None, card: Card, image: Image, reply_to: str | None
    ) -> telegram.Message:
        """Becomes what the status message shows, or a message of its own; as a document when Telegram will have it as
        no photo."""

        async def place(card: Card) -> telegram.Message:
            async def send(home: Place) -> telegram.Message:
                return await self._send(home, card, image, 1, reply_to=reply_to)

            async def anew() -> telegram.Message:
                assert ref is not None
                return await self._anew(ref, card, image)

            if ref is None:
                return await self._sender.at_home(ids.place(chat), send)
            return await self._sender.standing(ref, lambda target: self._edit(target, card, image), anew)

        return await self._as_it_can(card, place)

    @staticmethod
    async def _as_it_can(card: Card, send: Callable[[Card], Awaitable[telegram.Message]]) -> telegram.Message:
        try:
            return await send(card)
        except Refused as refused:
            if card.original or not any(part in refused.words for part in NO_PHOTO):
                raise
            log.info("no photo for telegram, sent as a document", detail=refused.words)
            return await send(replace(card, original=True))

    async def _edit(self, target: Target, card: Card, image: Image) -> telegram.Message:
        media = encode_media(image, 1, caption=encode_text(card, CAPTION)[0], card=card)
        message = await self._sender.show(target, card, media)
        assert message is not None  # only inline messages come back without
        return message

    async def _anew(self, ref: MessageRef, card: Card, image: Image) -> telegram.Message:
        """In the supergroup that has left the status message behind."""
        message = await self._sender.at_home(
            ids.place(ref.chat), lambda home: self._send(home, card, image, 1, reply_to=None)
        )
        await self._sender.stands_for(ref, message)
        return message

    async def _send(
        self, home: Place, card: Card, image: Image, number: int, *, reply_to: str | None, worded: bool = True
    ) -> telegram.Message:
        """A picture as a new message; `worded`: with the card's words and buttons."""
        media = encode_media(image, number, caption=encode_text(card, CAPTION)[0] if worded else None, card=card)
        buttons = encode_buttons(card.buttons) if worded else None
        where = addressed(home, reply_to)
        if isinstance(media, telegram.InputMediaPhoto):
            return await call(
                lambda: self._bot.send_photo(
                    photo=media.media,
                    caption=media.caption,
                    has_spoiler=media.has_spoiler,
                    reply_markup=buttons,
                    **where,
                )
            )
        return await call(
            lambda: self._bot.send_document(
                document=media.media,
                caption=media.caption,
                reply_markup=buttons,
                disable_content_type_detection=True,
                **where,
            )
        )

    # ------------------------------------------------------------ the others

    async def _rest(
        self, first: telegram.Message, card: Card, images: Sequence[Image], key: str
    ) -> tuple[Attachment, ...]:
        """The other pictures, below the first; posted once, however often a delivery is taken up again."""
        if not images:
            return ()
        kept = f"{PLATFORM}:album:{key}"
        if (before := await self._recall(kept)) is not None:
            return before
        home = Place(
            chat=first.chat.id,
            topic=first.message_thread_id if first.is_topic_message else None,
            channel_topic=first.direct_messages_topic.topic_id if first.direct_messages_topic else None,
        )
        numbered = list(enumerate(images, start=2))
        handles: dict[int, Attachment] = {}
        for photos in (True, False):  # documents make albums with documents only
            alike = [each for each in numbered if shows_as_photo(each[1], original=card.original) is photos]
            for start in range(0, len(alike), ALBUM):
                part = alike[start : start + ALBUM]
                for (number, _), message in zip(part, await self._album(home, first, card, part), strict=True):
                    handles[number] = _handles(message, card)[0]
        posted = tuple(handles[number] for number in sorted(handles))
        await self._remember(kept, posted)
        return posted

    async def _album(
        self, home: Place, first: telegram.Message, card: Card, part: Sequence[tuple[int, Image]]
    ) -> Sequence[telegram.Message]:
        reply_to = str(first.message_id)
        if len(part) == 1:
            number, image = part[0]
            return [await self._send(home, card, image, number, reply_to=reply_to, worded=False)]
        media = [encode_media(image, number, caption=None, card=card) for number, image in part]
        return await call(lambda: self._bot.send_media_group(media=media, **addressed(home, reply_to)))

    async def _recall(self, kept: str) -> tuple[Attachment, ...] | None:
        try:
            known = await self._memory.cached_blob(kept)
        except StoreFailed as failed:
            raise ChatUnreachable(detail=f"album not looked up: {failed.detail}") from failed
        return None if known is None else tuple(Attachment(**each) for each in json.loads(known))

    async def _remember(self, kept: str, posted: Sequence[Attachment]) -> None:
        try:
            await self._memory.cache_blob(kept, json.dumps([asdict(each) for each in posted]).encode())
        except StoreFailed as failed:
            log.warning("album not kept", detail=failed.detail)

    # ------------------------------------------------------------ inline messages

    async def _inline(self, chat: Chat, ref: MessageRef | None, card: Card, image: Image, key: str) -> Delivered:
        """Uploaded once into the storage chat, and put in by its id there."""
        if ref is None:  # its first words are its only ones so far
            ref = await self._sender.post(chat, replace(card, text="…"), reply_to=None)
        kept = f"{PLATFORM}:stored:{key}"
        if (stored := await self._recall(kept)) is None:
            stored = await self._store(card, image)
            await self._remember(kept, stored)
        (handle,) = stored
        as_it_went = replace(card, original=handle.filename != PHOTO_NAME)
        media = encode_media(image, 1, caption=encode_text(card, CAPTION)[0], card=as_it_went, file_id=handle.ref)
        await self._sender.show(Target(inline=ref.message_id), card, media)
        return Delivered(ref=ref, attachments=stored)

    async def _store(self, card: Card, image: Image) -> tuple[Attachment, ...]:
        if self._storage is None:
            raise ChatFailed(detail="telegram.storage_chat is not set")
        storage = Place(chat=self._storage)

        async def send(card: Card) -> telegram.Message:
            return await self._sender.at_home(
                storage, lambda home: self._send(home, card, image, 1, reply_to=None, worded=False)
            )

        return _handles(await self._as_it_can(card, send), card)


def _handles(message: telegram.Message, card: Card) -> tuple[Attachment, ...]:
    return tuple(replace(each, spoiler=card.spoiler) for each in decode_attachments(message))
