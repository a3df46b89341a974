"""Cards, pictures and stored messages as the wire's words. Pure; nothing here stores or sends."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from adapters.playground import people
from adapters.playground.entries import Entry, NewFile, StoredFile
from adapters.playground.protocol import (
    FILE_BYTES,
    FILES,
    TEXT,
    HelloFrame,
    WireButton,
    WireChat,
    WireCommand,
    WireMessage,
    WireQuote,
    WireUpload,
)
from bot.chat import Button, Card
from bot.painting import Image
from bot.texts import LOCALES

ALT = 300  # characters of the card's text that describe a picture to those who do not see it
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}


def encode_hello(locale: str, commands: Sequence[WireCommand], texts: Mapping[str, str]) -> HelloFrame:
    return {
        "type": "hello",
        "members": [{"id": each.id, "name": each.name, "color": each.color} for each in people.MEMBERS],
        "chats": [_encode_place(place) for place in people.PLACES],
        "commands": list(commands),
        "texts": dict(texts),
        "locale": locale,
        "locales": list(LOCALES),
        "limits": {"files": FILES, "file_bytes": FILE_BYTES, "text": TEXT},
    }


def encode_message(entry: Entry, preview: str | None) -> WireMessage:
    """A stored message; `preview` is the id of the unfinished picture that it shows now."""
    return {
        "id": str(entry.id),
        "chat": entry.chat,
        "sender": entry.sender,
        "text": entry.text,
        "files": [{**encode_upload(file), "alt": file.alt} for file in entry.files],
        "preview": None if preview is None else {"url": f"/previews/{quote(preview)}"},
        "buttons": list(entry.buttons),
        "reply_to": _encode_quote(entry),
        "at": entry.at,
        "edited": entry.edited,
    }


def encode_upload(file: StoredFile) -> WireUpload:
    return {
        "id": file.id,
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "width": file.width,
        "height": file.height,
    }


def encode_text(card: Card) -> str:
    return well_formed(card.text)


def encode_buttons(buttons: Sequence[Button]) -> list[WireButton]:
    return [{"action": each.action.value, "job": each.job_id, "label": well_formed(each.label)} for each in buttons]


def encode_images(card: Card, images: Sequence[Image]) -> list[NewFile]:
    """The pictures of a delivery, described by the card's first line."""
    first = next(iter(encode_text(card).strip().splitlines()), "")
    alt = first if len(first) <= ALT else first[: ALT - 1] + "…"
    return [
        NewFile(
            name=f"easel-{number}.{_SUFFIXES.get(image.media_type, 'bin')}",
            media_type=image.media_type,
            data=image.data,
            width=image.width,
            height=image.height,
            alt=alt,
        )
        for number, image in enumerate(images, start=1)
    ]


def well_formed(text: str) -> str:
    """Text that UTF-8 and SQLite can carry: no NUL; half a surrogate pair becomes a question mark."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _encode_place(place: people.Place) -> WireChat:
    if place.member is None:
        return {"id": place.id, "kind": place.kind}
    return {"id": place.id, "kind": place.kind, "member": place.member}


def _encode_quote(entry: Entry) -> WireQuote | None:
    quote_ = entry.quote
    if quote_ is None:
        return None
    return {
        "id": str(quote_.id),
        "sender": quote_.sender,
        "text": quote_.text,
        "file": quote_.file,
        "gone": quote_.gone,
    }
