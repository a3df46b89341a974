"""Cards and pictures as Telegram's texts, keyboards and media. Pure; nothing here sends or decides a route.

No parse mode anywhere: what members typed is text, and what Telegram would make a link or a mention of is parted by a
character without width. Entities count in UTF-16 units, limits in characters.
"""

import io
import re
from collections.abc import Sequence

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaDocument,
    InputMediaPhoto,
    MessageEntity,
    User,
)

from bot.chat import Button, Card
from bot.painting import Image

MAX_TEXT_CHARS = 4096  # characters of a message
MAX_CAPTION_CHARS = 1024  # characters under a picture
MAX_ALBUM_ITEMS = 10  # items
MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_PHOTO_EDGES_PX = 10_000  # width plus height
MAX_PHOTO_RATIO = 20
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}
PHOTO_MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp")  # others lose what they are

WORD_JOINER = "\u2060"  # shows nothing and takes no room
_OWN_LINK = re.compile(r"https://t\.me/(?:c/)?[\w/]+")
_COMMAND_SLASH = re.compile(r"(?<![\w/])/(?=\w)")
_KNOWN_COMMAND = re.compile(r"/(?:imagine|edit|quota|history|cancel|help|privacy|forget|start|admin|buy)\b(?!/)")
_QUOTED = re.compile(r"[“„«「『].*[”“»」』]", re.DOTALL)
_ENTITY_MARK = re.compile(r"(?<=[@#$])(?=[\w])|(?<=\+)(?=\d)|(?<=:)(?=//)")
_DOMAIN_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_]{2})")


def escape_entities(text: str) -> str:
    """Text that shows as it is: nothing becomes a mention, a link or a command. Our own stay what they are: links to
    messages, and commands outside of quotation marks."""
    quoted = _QUOTED.search(text)
    spans = [quoted.span()] if quoted else []
    kept = [match.span() for match in _OWN_LINK.finditer(text)]
    kept += [
        match.span()
        for match in _KNOWN_COMMAND.finditer(text)
        if not any(start <= match.start() < end for start, end in spans)
    ]
    parts: list[str] = []
    at = 0
    for start, end in sorted(kept):
        if start >= at:
            parts += [_insert_joiners(text[at:start]), text[start:end]]
            at = end
    return "".join([*parts, _insert_joiners(text[at:])])


def encode_text(card: Card, limit: int) -> tuple[str, list[MessageEntity]]:
    """What a message says, in at most `limit` characters, and the mention of whom it calls."""
    text = escape_entities(card.text.replace("\0", "")).strip() or WORD_JOINER
    if card.mention is None or not card.mention.id.isdecimal():
        return truncate_lines(text, limit), []
    name = " ".join(card.mention.name.replace("\0", "").split())[:64] or "…"
    entity = MessageEntity(
        type=MessageEntity.TEXT_MENTION,
        offset=0,
        length=utf16_length(name),
        user=User(id=int(card.mention.id), first_name=name, is_bot=False),
    )
    return truncate_lines(f"{name}, {text}", limit), [entity]


def encode_buttons(buttons: Sequence[Button]) -> InlineKeyboardMarkup | None:
    """None takes the buttons away."""
    row = [InlineKeyboardButton(each.label, callback_data=callback_data(each)) for each in buttons]
    return InlineKeyboardMarkup([row]) if row else None


def callback_data(button: Button) -> str:
    """At most 64 bytes."""
    return f"easel:{button.action.value}:{button.job_id}"


def shows_as_photo(image: Image, *, original: bool) -> bool:
    """Whether Telegram takes a picture as a photo; others go as documents, unchanged. Limits of sendPhoto."""
    return (
        not original
        and image.media_type in PHOTO_MEDIA_TYPES
        and len(image.data) <= MAX_PHOTO_BYTES
        and image.width + image.height <= MAX_PHOTO_EDGES_PX
        and max(image.width, image.height) <= MAX_PHOTO_RATIO * min(image.width, image.height)
    )


def filename(image: Image, number: int) -> str:
    return f"easel-{number}.{SUFFIXES.get(image.media_type, 'bin')}"


def encode_media(
    image: Image, number: int, *, caption: str | None, card: Card, file_id: str | None = None
) -> InputMediaPhoto | InputMediaDocument:
    """A picture for a message or an album; `file_id`: Telegram has it already."""
    media = file_id or _input_file(image, number)
    if shows_as_photo(image, original=card.as_file):
        return InputMediaPhoto(media, caption=caption, has_spoiler=card.spoiler or None)
    return InputMediaDocument(media, caption=caption, disable_content_type_detection=True)


def _input_file(image: Image, number: int) -> InputFile:
    """As a handle, which is sent piece by piece: bytes would be joined to one request, and stand in memory thrice."""
    return InputFile(io.BytesIO(image.data), filename(image, number), attach=True, read_file_handle=False)


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, by which Telegram measures entities."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def truncate_lines(text: str, limit: int) -> str:
    """The lines that fit."""
    if len(text) <= limit:
        return text
    head = text[: limit - 2]
    return (head[: head.rfind("\n")] if "\n" in head[limit // 2 :] else head) + "\n…"


def _insert_joiners(text: str) -> str:
    text = _ENTITY_MARK.sub(WORD_JOINER, text)
    text = _COMMAND_SLASH.sub(f"/{WORD_JOINER}", text)
    return _DOMAIN_DOT.sub(f".{WORD_JOINER}", text)
