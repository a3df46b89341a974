"""Delivery of finished images into a chat: the first in place of the status message, the others as an album below it.

What Telegram or the chat does not accept as a photo is sent as a document, unchanged. Budgets are the core's; text
messages and moved chats, sender.py's.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import structlog
import telegram

from adapters.telegram import ids
from adapters.telegram.api import call_api
from adapters.telegram.decode import PHOTO_NAME
from adapters.telegram.edit_target import EditTarget
from adapters.telegram.encode import (
    MAX_ALBUM_ITEMS,
    MAX_CAPTION_CHARS,
    MAX_PHOTO_BYTES,
    encode_buttons,
    encode_media,
    encode_text,
    shows_as_photo,
)
from adapters.telegram.errors import CALL_FAILURES, PHOTO_REJECTED, CallRejected, OutcomeUnknown
from adapters.telegram.ids import ChatAddress
from adapters.telegram.permissions import ChatPermissions
from adapters.telegram.posted_pictures import PostedPicture, PostedPictures, album_key_of, posted_picture
from adapters.telegram.sender import Sender, send_kwargs
from adapters.telegram.strays import StrayFinder
from bot.chat import Card, Chat, Delivered, MessageRef
from bot.errors import BadResult, ChatFailed, ChatUnreachable, SendForbidden
from bot.painting import Image
from bot.pictures.processing import ImageProcessor
from bot.ports import AdapterStorage
from bot.texts import translate

log = structlog.get_logger()
T = TypeVar("T")


# The largest document: at api.telegram.org, and at a Bot API server of the operator's own.
CLOUD_UPLOAD_BYTES = 50 * 1000 * 1000
LOCAL_UPLOAD_BYTES = 2000 * 1000 * 1000


class PictureDelivery:
    """`storage_chat`: where images for inline messages are uploaded, since those can only refer to stored files."""

    def __init__(
        self,
        bot: telegram.Bot,
        sender: Sender,
        strays: StrayFinder,
        permissions: ChatPermissions,
        storage: AdapterStorage,
        processor: ImageProcessor,
        *,
        storage_chat: int | None,
        local: bool,
    ) -> None:
        self._bot = bot
        self._sender = sender
        self._strays = strays
        self._permissions = permissions
        self.posted = PostedPictures(storage)
        """Which messages hold the pictures."""
        self._processor = processor
        self._storage_chat = storage_chat
        self._max_upload_bytes = LOCAL_UPLOAD_BYTES if local else CLOUD_UPLOAD_BYTES

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
        if not ids.is_inline(chat):
            ref = await self._find_posted(chat, ref, key)
        limit = self._upload_limit(chat)
        try:
            fitted = [await self._processor.fit_to_limit(image, max_bytes=limit, owner=chat.key) for image in images]
        except BadResult as failed:
            raise ChatFailed(detail=f"nothing fits {limit} bytes: {failed.detail}") from failed
        if any(changed for _, changed in fitted):
            note = translate(card.locale, "note-shrunk")
            plain = f"{card.plain_text}\n{note}" if card.plain_text else ""
            card = replace(card, text=f"{card.text}\n{note}", plain_text=plain)
        sendable = [image for image, _ in fitted]
        try:
            if ids.is_inline(chat):
                return await self._deliver_inline(chat, ref, card, sendable[0], key)
            first = await self._sender.soften(
                key, card, lambda card: self._deliver_first(chat, ref, card, sendable[0], reply_to, key)
            )
            rest = await self._deliver_rest(first, card, sendable[1:], key)
        except OutcomeUnknown as unknown:
            raise ChatUnreachable(detail=unknown.detail) from unknown
        except CallRejected as rejected:
            raise ChatFailed(detail=rejected.description) from rejected
        posted = MessageRef(chat=self._sender.current_chat(chat), message_id=str(first.message_id))
        return Delivered(
            ref=posted,
            attachments=(posted_picture(first, card).attachment, *(each.attachment for each in rest)),
            further_ids=tuple(each.message_id for each in rest),
        )

    async def post_album(
        self, chat: Chat, card: Card, images: Sequence[Image], *, reply_to: str | None, key: str
    ) -> Delivered:
        """As `AlbumPosts.post_album`. Images that do not fit a photo make an album of documents."""
        limit = self._upload_limit(chat)
        try:
            fitted = [await self._processor.fit_to_limit(image, max_bytes=limit, owner=chat.key) for image in images]
            album_key = album_key_of(key, 1)
            await self._strays.find_albums(album_key_of(key), self._current_id(chat))
            messages = self._strays.found_album(album_key)
            if not messages:
                sendable = [image for image, _ in fitted]
                messages = await self._send_new_album(chat, card, sendable, reply_to=reply_to, key=album_key)
        except BadResult as failed:
            raise ChatFailed(detail=f"nothing fits {limit} bytes: {failed.detail}") from failed
        except OutcomeUnknown as unknown:
            raise ChatUnreachable(detail=unknown.detail) from unknown
        except CallRejected as rejected:
            raise ChatFailed(detail=rejected.description) from rejected
        posted = [posted_picture(each, card) for each in messages]
        return Delivered(
            ref=MessageRef(chat=self._sender.current_chat(chat), message_id=posted[0].message_id),
            attachments=tuple(each.attachment for each in posted),
            further_ids=tuple(each.message_id for each in posted[1:]),
        )

    async def _send_new_album(
        self, chat: Chat, card: Card, images: Sequence[Image], *, reply_to: str | None, key: str
    ) -> Sequence[telegram.Message]:
        """Raises as `_send_as_allowed`, and as `call_api`."""
        chat_id = self._current_id(chat)

        async def send_as(form: Card) -> Sequence[telegram.Message]:
            caption = encode_text(form, MAX_CAPTION_CHARS)[0]
            media = [
                encode_media(image, number, caption=caption if number == 1 else None, card=form)
                for number, image in enumerate(images, start=1)
            ]
            await self._strays.note_post(key, chat_id, reply_to=reply_to, album=len(images))
            try:
                messages = await self._sender.send_following_moves(
                    ids.chat_address(chat),
                    lambda current: call_api(
                        lambda: self._bot.send_media_group(media=media, **send_kwargs(current, reply_to))
                    ),
                )
            except CALL_FAILURES as failed:
                self._strays.note_failed(key, failed)
                raise
            for message in messages:
                self._strays.note_sent(key, message)
            return messages

        async def send_softened(form: Card) -> Sequence[telegram.Message]:
            return await self._sender.soften(key, form, send_as)

        return await self._send_as_allowed(chat_id, card, images, send_softened)

    def _upload_limit(self, chat: Chat) -> int:
        """Bytes of one image: as a document, or as a photo where the chat takes no documents."""
        if ids.is_inline(chat) or self._permissions.known(self._current_id(chat)).documents:
            return self._max_upload_bytes
        return MAX_PHOTO_BYTES

    def _current_id(self, chat: Chat) -> int:
        return int(self._sender.current_chat(chat).id)

    async def _find_posted(self, chat: Chat, ref: MessageRef | None, key: str) -> MessageRef | None:
        """The message that is to become the first image: `ref`, or one that an earlier call has posted and whose id was
        lost. Finds such albums as well. Raises StillSearching, ChatFailed."""
        if ref is None:
            ref = await self._sender.find_post(chat, key)
        await self._strays.find_albums(album_key_of(key), self._current_id(chat))
        return ref

    # ------------------------------------------------------------ the first image

    async def _deliver_first(
        self, chat: Chat, ref: MessageRef | None, card: Card, image: Image, reply_to: str | None, key: str
    ) -> telegram.Message:
        """Edits the status message into the image, or sends a new message when `ref` is None."""

        async def deliver_as(card: Card) -> telegram.Message:
            async def send(address: ChatAddress) -> telegram.Message:
                return await self._send_picture(address, card, image, 1, reply_to=reply_to)

            if ref is None:
                return await self._sender.send_noted(chat, card, send, reply_to=reply_to, key=key)
            status_message = ref
            return await self._sender.edit_or_repost(
                status_message,
                lambda target: self._edit_into_picture(target, card, image),
                lambda: self._repost(status_message, card, image),
            )

        return await self._send_as_allowed(self._current_id(chat), card, [image], deliver_as)

    async def _send_as_allowed(
        self, chat_id: int, card: Card, images: Sequence[Image], send: Callable[[Card], Awaitable[T]]
    ) -> T:
        """Calls `send` for photos or documents, as the card wants it; and for the other form where the chat does not
        take that one, or Telegram rejects an image as a photo. Raises SendForbidden where the chat takes neither."""
        rights = self._permissions.known(chat_id)
        photo, document = replace(card, as_file=False), replace(card, as_file=True)
        forms = [document]
        if all(shows_as_photo(image, original=False) for image in images):
            forms = [document, photo] if card.as_file else [photo, document]
        known = [form for form in forms if (rights.documents if form.as_file else rights.photos)]
        *first_choices, last = known or forms  # where nothing is allowed, Telegram has the last word
        for form in first_choices:
            try:
                return await self._send_form(chat_id, form, send)
            except SendForbidden as forbidden:
                log.info("sent in another form", chat=chat_id, detail=forbidden.detail)
            except CallRejected as rejected:
                if form.as_file or not any(part in rejected.description for part in PHOTO_REJECTED):
                    raise
                log.info("no photo for telegram, sent as a document", detail=rejected.description)
        return await self._send_form(chat_id, last, send)

    async def _send_form(self, chat_id: int, form: Card, send: Callable[[Card], Awaitable[T]]) -> T:
        try:
            return await send(form)
        except SendForbidden:
            self._permissions.note_refused(chat_id, as_file=form.as_file)
            raise

    async def _edit_into_picture(self, target: EditTarget, card: Card, image: Image) -> telegram.Message:
        media = encode_media(image, 1, caption=encode_text(card, MAX_CAPTION_CHARS)[0], card=card)
        message = await self._sender.edit_media(target, card, media)
        assert message is not None  # only inline messages come back without
        return message

    async def _repost(self, ref: MessageRef, card: Card, image: Image) -> telegram.Message:
        """Sends the image as a new message in the supergroup, which has left the status message behind."""
        message = await self._sender.send_following_moves(
            ids.chat_address(ref.chat), lambda address: self._send_picture(address, card, image, 1, reply_to=None)
        )
        await self._sender.record_repost(ref, message)
        return message

    async def _send_picture(
        self,
        address: ChatAddress,
        card: Card,
        image: Image,
        number: int,
        *,
        reply_to: str | None,
        with_text: bool = True,
    ) -> telegram.Message:
        """Sends an image as a new message; `with_text`: with the card's text and buttons."""
        media = encode_media(
            image, number, caption=encode_text(card, MAX_CAPTION_CHARS)[0] if with_text else None, card=card
        )
        buttons = encode_buttons(card.buttons) if with_text else None
        target = send_kwargs(address, reply_to)
        if isinstance(media, telegram.InputMediaPhoto):
            return await call_api(
                lambda: self._bot.send_photo(
                    photo=media.media,
                    caption=media.caption,
                    has_spoiler=media.has_spoiler,
                    reply_markup=buttons,
                    **target,
                )
            )
        return await call_api(
            lambda: self._bot.send_document(
                document=media.media,
                caption=media.caption,
                reply_markup=buttons,
                disable_content_type_detection=True,
                **target,
            )
        )

    # ------------------------------------------------------------ the other images

    async def _deliver_rest(
        self, first: telegram.Message, card: Card, images: Sequence[Image], key: str
    ) -> tuple[PostedPicture, ...]:
        """Posts the other images below the first; once, however often the delivery is repeated."""
        if not images:
            return ()
        if (posted := await self.posted.load("album", key)) is not None:
            return posted
        address = ChatAddress(
            chat=first.chat.id,
            topic=first.message_thread_id if first.is_topic_message else None,
            channel_topic=first.direct_messages_topic.topic_id if first.direct_messages_topic else None,
        )
        numbered = list(enumerate(images, start=2))
        pictures: dict[int, PostedPicture] = {}
        for photos in (True, False):  # documents make albums with documents only
            alike = [each for each in numbered if shows_as_photo(each[1], original=card.as_file) is photos]
            for start in range(0, len(alike), MAX_ALBUM_ITEMS):
                part = alike[start : start + MAX_ALBUM_ITEMS]
                album_key = album_key_of(key, part[0][0])
                send = partial(self._send_album, address, first, part=part, key=album_key)
                messages = await self._send_as_allowed(first.chat.id, card, [image for _, image in part], send)
                for (number, _), message in zip(part, messages, strict=True):
                    pictures[number] = posted_picture(message, card)
        posted = tuple(pictures[number] for number in sorted(pictures))
        await self.posted.save("album", key, posted)
        return posted

    async def _send_album(
        self,
        address: ChatAddress,
        first: telegram.Message,
        card: Card,
        part: Sequence[tuple[int, Image]],
        *,
        key: str,
    ) -> Sequence[telegram.Message]:
        """Sends some images as an album, unless an earlier call has."""
        if found := self._strays.found_album(key):
            return found
        reply_to = str(first.message_id)
        await self._strays.note_post(key, first.chat.id, reply_to=reply_to, album=len(part))
        try:
            messages = await self._post_album(address, card, part, reply_to)
        except CALL_FAILURES as failed:
            self._strays.note_failed(key, failed)
            raise
        for message in messages:
            self._strays.note_sent(key, message)
        return messages

    async def _post_album(
        self, address: ChatAddress, card: Card, part: Sequence[tuple[int, Image]], reply_to: str
    ) -> Sequence[telegram.Message]:
        if len(part) == 1:
            number, image = part[0]
            return [await self._send_picture(address, card, image, number, reply_to=reply_to, with_text=False)]
        media = [encode_media(image, number, caption=None, card=card) for number, image in part]
        return await call_api(lambda: self._bot.send_media_group(media=media, **send_kwargs(address, reply_to)))

    # ------------------------------------------------------------ inline messages

    async def _deliver_inline(
        self, chat: Chat, ref: MessageRef | None, card: Card, image: Image, key: str
    ) -> Delivered:
        """Uploads the image once into the storage chat, and edits the inline message by the file's id there."""
        if ref is None:  # the guest query is not answered yet: the answer gets the image next
            ref = await self._sender.post(chat, replace(card, text="…"), reply_to=None, key=key)
        if (stored := await self.posted.load("stored", key)) is None:
            stored = (await self.upload_to_storage_chat(card, image),)
            await self.posted.save("stored", key, stored)
        handle = stored[0].attachment
        sent_card = replace(card, as_file=handle.filename != PHOTO_NAME)
        media = encode_media(
            image, 1, caption=encode_text(card, MAX_CAPTION_CHARS)[0], card=sent_card, file_id=handle.ref
        )
        await self._sender.edit_media(EditTarget(inline=ref.message_id), card, media)
        return Delivered(ref=ref, attachments=(handle,))

    async def stored_uploads(self, key: str) -> list[MessageRef]:
        """The messages in the storage chat with the pictures of a job's inline message. Raises StoreFailed."""
        if self._storage_chat is None:
            return []
        chat = ids.make_chat(self._storage_chat, direct=False)
        posted = await self.posted.find("stored", key) or ()
        return [MessageRef(chat=chat, message_id=each.message_id) for each in posted]

    async def upload_to_storage_chat(self, card: Card, image: Image) -> PostedPicture:
        """Raises ChatFailed, and as `call_api`."""
        if self._storage_chat is None:
            raise ChatFailed(detail="telegram.storage_chat is not set")
        storage_chat = ChatAddress(chat=self._storage_chat)

        async def send(card: Card) -> telegram.Message:
            return await self._sender.send_following_moves(
                storage_chat,
                lambda address: self._send_picture(address, card, image, 1, reply_to=None, with_text=False),
            )

        return posted_picture(await self._send_as_allowed(self._storage_chat, card, [image], send), card)
