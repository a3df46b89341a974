"""Everything in a message of Discord that may be an image: attachments, embeds, stickers, media of components.

Pure. Reads discord.py's objects, and the JSON of REST for fresh URLs; both name the same file by the same item.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import discord

from adapters.discord.ids import MessageFileRef, StickerFileRef, StoredFileRef
from adapters.discord.rest import Json
from bot.chat import Attachment

SPOILER_FLAG = 1 << 3  # of an attachment
GIF_NAME = "GIF"  # the GIF picker's have none of their own
# Discord sends every sticker that stands still as a PNG, and others by their format ("Sticker Format Types").
STICKER_TYPES = {
    discord.StickerFormatType.png: "image/png",
    discord.StickerFormatType.apng: "image/apng",
    discord.StickerFormatType.lottie: "video/lottie+json",
    discord.StickerFormatType.gif: "image/gif",
}
_FileRef = MessageFileRef | StickerFileRef | StoredFileRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """A file as an event describes it."""

    id: str
    """The attachment's or sticker's id; `e0` for the image of a message's first embed, `c0` for the first of its
    components."""
    url: str
    """Signed, a secret; empty for a file that is known by its id only."""
    size: int | None
    """Bytes; None where Discord does not tell."""
    media_type: str
    """As Discord says it; empty where it does not."""
    filename: str | None
    spoiler: bool
    """Hidden until a user asks to see it."""
    kind: Literal["file", "sticker", "gif"] = "file"
    """As of `Attachment`."""

    def message_ref(self, channel_id: int, message_id: int) -> MessageFileRef | StickerFileRef:
        """The handle of a file that stands in a message."""
        if self.kind == "sticker":
            return StickerFileRef(id=self.id)
        return MessageFileRef(channel=str(channel_id), message=str(message_id), item=self.id)

    @property
    def stored_ref(self) -> StoredFileRef | StickerFileRef:
        """The handle of a file that is stored, unless Discord serves it by its id for ever."""
        return StickerFileRef(id=self.id) if self.kind == "sticker" else StoredFileRef(id=self.id)


class _Part(Protocol):
    """What a message and a forwarded message have in common."""

    content: str
    attachments: list[discord.Attachment]
    embeds: list[discord.Embed]
    stickers: list[discord.StickerItem]
    components: Any  # a list; the library's types differ between the two


def make_attachment(file: ReceivedFile, ref: _FileRef) -> Attachment:
    """The core's handle of a file."""
    return Attachment(
        ref=str(ref),
        media_type=file.media_type,
        size=file.size,
        filename=file.filename,
        spoiler=file.spoiler,
        kind=file.kind,
    )


def decode_file(attachment: discord.Attachment) -> ReceivedFile:
    return ReceivedFile(
        id=str(attachment.id),
        url=attachment.url,
        size=attachment.size,
        media_type=attachment.content_type or "",
        filename=attachment.filename,
        spoiler=attachment.is_spoiler() or bool(attachment.flags.value & SPOILER_FLAG),
    )


def decode_files(message: discord.Message) -> list[tuple[MessageFileRef | StickerFileRef, ReceivedFile]]:
    """All that may be images in a message, with what it forwards: attachments, media of components, images of embeds,
    stickers."""
    parts: list[_Part] = [message, *message.message_snapshots]
    files = [decode_file(attachment) for part in parts for attachment in part.attachments]
    files += _component_files((media for part in parts for media in _component_media(part.components)), files)
    files += decode_embeds(embed.to_dict() for part in parts for embed in part.embeds)
    files += [_decode_sticker(sticker) for part in parts for sticker in part.stickers]
    return [(file.message_ref(message.channel.id, message.id), file) for file in files]


def is_empty(message: discord.Message) -> bool:
    """Whether Discord shows nothing of a message, nor of what it forwards: its content is hidden from the bot."""
    parts: list[_Part] = [message, *message.message_snapshots]
    return not (any(part.content or part.embeds for part in parts) or decode_files(message))


def decode_embeds(embeds: Iterable[Mapping[str, Any]]) -> list[ReceivedFile]:
    """The images that embeds show, and those of the GIF picker."""
    files: list[ReceivedFile] = []
    for number, embed in enumerate(embeds):
        if embed.get("type") == "gifv":
            files.append(_embedded(number, "", media_type="video/mp4", filename=GIF_NAME, kind="gif"))
        elif (url := embed_image_url(embed)) is not None:
            files.append(_embedded(number, url))
    return files


def find_images(message: Json) -> list[tuple[str, str]]:
    """Item and URL of every attachment, embedded image and image of components in a message as REST shows it, forwarded
    ones included."""
    snapshots: list[Json] = message.get("message_snapshots") or []
    parts: list[Json] = [message, *(snapshot["message"] for snapshot in snapshots if snapshot.get("message"))]
    attachments = [attachment for part in parts for attachment in _list(part, "attachments")]
    found = [(str(attachment["id"]), str(attachment["url"])) for attachment in attachments]
    media = [media for part in parts for media in _json_media(_list(part, "components"))]
    found += [(f"c{number}", url) for number, each in enumerate(media) if (url := each.get("proxy_url") or each["url"])]
    embeds = [embed for part in parts for embed in _list(part, "embeds")]
    for number, embed in enumerate(embeds):
        if (url := embed_image_url(embed)) is not None:
            found.append((f"e{number}", url))
    return found


def embed_image_url(embed: Mapping[str, Any]) -> str | None:
    """The URL of the image that an embed shows. A website's small thumbnail is none; that of an embed which a bot has
    made (`rich`) is."""
    image = _object(embed, "image") or (_object(embed, "thumbnail") if embed.get("type") in ("image", "rich") else {})
    return image.get("proxy_url") or image.get("url")


def embed_addresses(embed: Mapping[str, Any]) -> list[str]:
    """The addresses by which a user may have written the image that an embed shows; none where it shows none."""
    if embed.get("type") != "gifv" and embed_image_url(embed) is None:
        return []
    parts: list[Mapping[str, Any]] = [embed, _object(embed, "image"), _object(embed, "thumbnail")]
    return [str(part["url"]) for part in parts if part.get("url")]


# ------------------------------------------------------------ within


def _embedded(
    number: int,
    url: str,
    *,
    media_type: str = "",
    filename: str | None = None,
    kind: Literal["file", "gif"] = "file",
) -> ReceivedFile:
    return ReceivedFile(
        id=f"e{number}", url=url, size=None, media_type=media_type, filename=filename, spoiler=False, kind=kind
    )


def _decode_sticker(sticker: discord.StickerItem) -> ReceivedFile:
    return ReceivedFile(
        id=str(sticker.id),
        url="",
        size=None,
        media_type=STICKER_TYPES.get(sticker.format, ""),
        filename=sticker.name,
        spoiler=False,
        kind="sticker",
    )


def _component_files(
    media: Iterable[discord.UnfurledMediaItem], attached: Sequence[ReceivedFile]
) -> Iterator[ReceivedFile]:
    """The media that may be images and are not among the attachments already."""
    known = {file.id for file in attached}
    for number, each in enumerate(media):
        is_image = (each.content_type or "image/").startswith("image/")
        if is_image and (each.attachment_id is None or str(each.attachment_id) not in known):
            yield ReceivedFile(
                id=f"c{number}",
                url=each.proxy_url or each.url,
                size=None,
                media_type=each.content_type or "",
                filename=None,
                spoiler=False,
            )


def _component_media(nodes: Iterable[Any]) -> Iterator[discord.UnfurledMediaItem]:
    """What galleries, thumbnails and files among components show, in order; Any: the library's kinds of components."""
    for node in nodes:
        if isinstance(media := getattr(node, "media", None), discord.UnfurledMediaItem):
            yield media
        yield from _component_media(getattr(node, "items", ()))
        yield from _component_media(getattr(node, "children", ()))
        yield from _component_media([accessory] if (accessory := getattr(node, "accessory", None)) else ())


def _json_media(nodes: Iterable[Json]) -> Iterator[Json]:
    """As `_component_media`."""
    for node in nodes:
        if media := node.get("media") or node.get("file"):
            yield media
        yield from _json_media(_list(node, "items"))
        yield from _json_media(_list(node, "components"))
        yield from _json_media([accessory] if (accessory := node.get("accessory")) else ())


def _list(body: Json, key: str) -> list[Json]:
    return body.get(key) or []


def _object(body: Mapping[str, Any], key: str) -> Json:
    value = body.get(key)
    return value if isinstance(value, dict) else {}  # type: ignore[reportUnknownVariableType]  # JSON
