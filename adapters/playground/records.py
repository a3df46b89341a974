"""Stored messages and files as values, and their construction from rows of the database. Pure."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.playground.protocol import WireButton


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file to store."""

    name: str
    media_type: str
    data: bytes = field(repr=False)
    width: int | None = None
    """Pixels; None for a file that is no picture."""
    height: int | None = None
    """Pixels; None for a file that is no picture."""
    alt: str = ""
    """Text for those who do not see the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A stored file without its bytes."""

    id: str
    """32 hex digits."""
    name: str
    media_type: str
    size: int
    """Bytes."""
    width: int | None
    """Pixels; None for a file that is no picture."""
    height: int | None
    """Pixels; None for a file that is no picture."""
    alt: str
    """Text for those who do not see the picture; depends on the message that shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The replied-to message as shown inside a reply."""

    id: int
    sender: str
    text: str
    """Beginning of the text, on one line."""
    file: str | None
    """Id of its first file."""
    is_deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """One message of a chat."""

    id: int
    chat: str
    sender: str
    """A user's id or BOT_ID."""
    locale: str | None
    """The page's language when a user sent it; None for the bot."""
    text: str
    """May be cut to a length, with an ellipsis as its last character."""
    files: tuple[StoredFile, ...]
    buttons: tuple[WireButton, ...]
    quote: Quote | None
    source: str | None
    """Of a user's message: id of the one file of the message it replies to that it is about. Of the bot's: id of the
    picture that its own were made from. None: of no such file, or it is gone."""
    created_at: str
    """ISO 8601, UTC."""
    is_edited: bool
    is_deleted: bool
    delivery_key: str | None
    """Key of the delivery whose pictures the message shows."""


def read_file(row: sqlite3.Row) -> StoredFile:
    """The file of a row of `files` with its `alt`."""
    names = ("id", "name", "media_type", "size", "width", "height", "alt")
    return StoredFile(**{name: row[name] for name in names})


def read_message(row: sqlite3.Row, files: Sequence[StoredFile], max_characters: int) -> StoredMessage:
    """The message of a row of SELECT_MESSAGES, which has at most `max_characters` of its text."""
    return StoredMessage(
        id=row["id"],
        chat=row["chat"],
        sender=row["sender"],
        locale=row["locale"],
        text=row["text"] if row["characters"] <= max_characters else row["text"][:-1] + "…",
        files=tuple(files),
        buttons=tuple(json.loads(row["buttons"])),
        quote=_read_quote(row),
        source=row["source"],
        created_at=row["created_at"],
        is_edited=bool(row["edited"]),
        is_deleted=bool(row["deleted"]),
        delivery_key=row["delivery_key"],
    )


def _read_quote(row: sqlite3.Row) -> Quote | None:
    if row["reply_to"] is None:
        return None
    return Quote(
        id=row["reply_to"],
        sender=row["quoted_sender"],
        text=" ".join(row["quoted_text"].split()),
        file=row["quoted_file"],
        is_deleted=bool(row["quoted_deleted"]),
    )


def decode_stored_text(stored: bytes) -> str:
    """Whatever stands in the file: one text that is no UTF-8 must not hide the others."""
    return stored.decode("utf-8", "replace")
