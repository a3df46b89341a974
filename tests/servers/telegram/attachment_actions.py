"""Messages with files from users: photos, documents, stickers, albums. Each becomes an update if the bot can see it."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from PIL import Image

from tests.servers.telegram import text as texts
from tests.servers.telegram.entities import Chat, Content, Media, MediaKind, Message, Topic, Upload, User
from tests.servers.telegram.text_actions import TextActions

StickerKind = Literal["static", "animated", "video"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumItem:
    """One file of an album. `data` None: only `size` bytes of nothing."""

    data: bytes | None
    kind: Literal["photo", "document", "video"] = "photo"
    filename: str = "picture.png"
    mime_type: str | None = None
    size: int = 0
    caption: str = ""
    spoiler: bool = False


class AttachmentActions(TextActions):
    """Mixin of TelegramServer."""

    def photo(
        self,
        sender: User,
        chat: Chat,
        data: bytes,
        *,
        caption: str = "",
        spoiler: bool = False,
        reply_to: Message | None = None,
        thread: Topic | None = None,
    ) -> Message:
        """A picture, as clients send it: made anew by Telegram, in several sizes."""
        media = self.core.files.photo(data)
        return self._file(sender, chat, media, caption, reply_to, thread, spoiler=spoiler)

    def document(
        self,
        sender: User,
        chat: Chat,
        data: bytes | None = None,
        *,
        size: int | None = None,
        filename: str = "picture.png",
        mime_type: str | None = None,
        caption: str = "",
        reply_to: Message | None = None,
        thread: Topic | None = None,
    ) -> Message:
        """A file as it is. Without `data`, `size` bytes of nothing."""
        media = self._stored("document", data, filename, mime_type, size=size)
        return self._file(sender, chat, media, caption, reply_to, thread)

    def sticker(
        self,
        sender: User,
        chat: Chat,
        data: bytes,
        *,
        kind: StickerKind = "static",
        thumbnail: bytes | None = None,
        reply_to: Message | None = None,
        thread: Topic | None = None,
    ) -> Message:
        """`kind`: WebP, gzipped Lottie, or WebM."""
        names = {
            "static": ("sticker.webp", "image/webp"),
            "animated": ("sticker.tgs", "application/x-tgsticker"),
            "video": ("sticker.webm", "video/webm"),
        }
        filename, mime = names[kind]
        width, height = _measured(data) if kind == "static" else (512, 512)
        media = self._stored(
            "sticker", data, filename, mime, width=width, height=height, thumbnail=thumbnail, sticker=kind
        )
        return self._file(sender, chat, media, "", reply_to, thread)

    def animation(
        self,
        sender: User,
        chat: Chat,
        data: bytes,
        *,
        thumbnail: bytes | None = None,
        caption: str = "",
        width: int = 320,
        height: int = 240,
        reply_to: Message | None = None,
        thread: Topic | None = None,
    ) -> Message:
        """A GIF: Telegram makes MP4 of it, and names it a document too."""
        media = self._stored(
            "animation",
            data,
            "animation.mp4",
            "video/mp4",
            width=width,
            height=height,
            duration=2,
            thumbnail=thumbnail,
        )
        return self._file(sender, chat, media, caption, reply_to, thread)

    def video(
        self,
        sender: User,
        chat: Chat,
        data: bytes,
        *,
        thumbnail: bytes | None = None,
        caption: str = "",
        reply_to: Message | None = None,
        thread: Topic | None = None,
    ) -> Message:
        media = self._stored(
            "video", data, "video.mp4", "video/mp4", width=640, height=360, duration=5, thumbnail=thumbnail
        )
        return self._file(sender, chat, media, caption, reply_to, thread)

    def voice(
        self,
        sender: User,
        chat: Chat,
        data: bytes,
        *,
        caption: str = "",
        reply_to: Message | None = None,
        thread: Topic | None = None,
    ) -> Message:
        media = self._stored("voice", data, "voice.oga", "audio/ogg", duration=3)
        return self._file(sender, chat, media, caption, reply_to, thread)

    def album(
        self,
        sender: User,
        chat: Chat,
        items: Sequence[bytes | AlbumItem],
        *,
        caption: str = "",
        caption_on: int = 0,
        deliver: Sequence[int] | None = None,
        reply_to: Message | None = None,
        thread: Topic | None = None,
    ) -> list[Message]:
        """One message for each item, with one media_group_id and nothing that tells how many there are.

        `deliver`: which items reach the bot now, in which order; by default all, in theirs. Those left out can
        follow with `deliver` of the server.
        """
        group = str(13_000_000_000_000_000 + self.core.world.number())
        messages: list[Message] = []
        for number, item in enumerate(items):
            one = item if isinstance(item, AlbumItem) else AlbumItem(data=item)
            words = one.caption or (caption if number == caption_on else "")
            content = self._caption(self._album_media(one), words, spoiler=one.spoiler)
            messages.append(self._post(sender, chat, content, reply_to, thread=thread, media_group_id=group))
        for number in range(len(messages)) if deliver is None else deliver:
            self.deliver(messages[number])
        return messages

    def forward_album(
        self, sender: User, chat: Chat, messages: Sequence[Message], *, deliver: Sequence[int] | None = None
    ) -> list[Message]:
        """Forwards messages with files at once: they are an album again. `deliver`: as of `album`."""
        group = str(13_000_000_000_000_000 + self.core.world.number())
        sent: list[Message] = []
        for one in messages:
            content = replace(one.content, markup=None)
            forwarded = one.forwarded or one
            sent.append(self._post(sender, chat, content, None, media_group_id=group, forwarded=forwarded))
        for number in range(len(sent)) if deliver is None else deliver:
            self.deliver(sent[number])
        return sent

    # ------------------------------------------------------------ inside

    def _album_media(self, item: AlbumItem) -> Media:
        if item.kind == "photo":
            assert item.data is not None, "a photo has bytes"
            return self.core.files.photo(item.data)
        return self._stored(item.kind, item.data, item.filename, item.mime_type, size=item.size)

    def _stored(
        self,
        kind: MediaKind,
        data: bytes | None,
        filename: str,
        mime_type: str | None,
        *,
        size: int | None = None,
        width: int = 0,
        height: int = 0,
        duration: int = 0,
        thumbnail: bytes | None = None,
        sticker: StickerKind = "static",
    ) -> Media:
        count = len(data) if data is not None else size or 0
        return self.core.files.file(
            kind,
            Upload(filename=filename, data=data, size=count, content_type=mime_type),
            width=width,
            height=height,
            duration=duration,
            thumbnail=thumbnail,
            sticker=sticker,
        )

    def _caption(self, media: Media, caption: str, *, spoiler: bool = False) -> Content:
        return Content(text=caption, entities=texts.detect_entities(caption), media=media, spoiler=spoiler)

    def _file(
        self,
        sender: User,
        chat: Chat,
        media: Media,
        caption: str,
        reply_to: Message | None,
        thread: Topic | None,
        *,
        spoiler: bool = False,
    ) -> Message:
        return self._write(sender, chat, self._caption(media, caption, spoiler=spoiler), reply_to, thread=thread)


def _measured(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.size
