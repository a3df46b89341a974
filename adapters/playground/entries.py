"""Messages and files as values, and how a row of the database becomes one. Pure."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.playground.protocol import WireButton


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file to keep. `width` and `height` in pixels, None for what is no picture."""

    name: str
    media_type: str
    data: bytes = field(repr=False)
    width: int | None = None
    height: int | None = None
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    id: str
    name: str
    media_type: str
    size: int
    width: int | None
    height: int | None
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a message answers, as shown inside it."""

    id: int
    sender: str
    text: str
    file: str | None
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A message. `text` may be cut for showing, with an ellipsis as the last character."""

    id: int
    chat: str
    sender: str
    locale: str | None
    text: str
    files: tuple[StoredFile, ...]
    buttons: tuple[WireButton, ...]
    quote: Quote | None
    at: str
    edited: bool
    deleted: bool
    delivery: str | None


def read_file(row: sqlite3.Row) -> StoredFile:
    names = ("id", "name", "media_type", "size", "width", "height", "alt")
    return StoredFile(**{name: row[name] for name in names})


def read_entry(row: sqlite3.Row, files: Sequence[StoredFile], length: int) -> Entry:
    return Entry(
        id=row["id"],
        chat=row["chat"],
        sender=row["sender"],
        locale=row["locale"],
        text=row["text"] if row["letters"] <= length else row["text"][:-1] + "…",
        files=tuple(files),
        buttons=tuple(json.loads(row["buttons"])),
        quote=_quote(row),
        at=row["at"],
        edited=bool(row["edited"]),
        deleted=bool(row["deleted"]),
        delivery=row["delivery"],
    )


def _quote(row: sqlite3.Row) -> Quote | None:
    if row["reply_to"] is None:
        return None
    gone = bool(row["quoted_deleted"])
    return Quote(
        id=row["reply_to"],
        sender=row["quoted_sender"],
        text=" ".join(row["quoted_text"].split()),
        file=row["quoted_file"],
        gone=gone,
    )
