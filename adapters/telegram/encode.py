"""Cards and images encoded as Telegram's texts, keyboards and media. Pure; nothing here sends or chooses a method.

No parse mode anywhere: what users typed is plain text, and what Telegram would turn into a link or a mention is split
by a character without width. Entities count in UTF-16 units, limits in characters.
"""

import io
import re
from collections.abc import Sequence

from telegram import (
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaDocument,
    InputMediaPhoto,
    MessageEntity,
    User,
)

from bot.chat import Action, Button, Card
from bot.intake.commands import COMMANDS
from bot.painting import Image
from bot.texts import translate

MAX_TEXT_CHARS = 4096  # sendMessage
MAX_CAPTION_CHARS = 1024  # sendPhoto, sendDocument
MAX_PLACEHOLDER_CHARS = 64  # ForceReply
MAX_ALBUM_ITEMS = 10  # sendMediaGroup
MAX_COPY_CHARS = 256  # CopyTextButton
MENU_COLUMNS = 2
MAX_ROW_KEYS = 8  # buttons in a row: as many as Telegram takes
MAX_ROW_CHARS = 24  # of all labels in a row of buttons: what a phone shows of four below a picture
# Limits of sendPhoto: bytes, width plus height, and the longer edge over the shorter.
MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_PHOTO_EDGES_PX = 10_000
MAX_PHOTO_RATIO = 20
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}
PHOTO_MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp")  # of a GIF sent as a photo one still frame would be left

WORD_JOINER = "\u2060"  # invisible, without width
_OWN_LINK = re.compile(r"https://t\.me/(?:c/)?[\w/]+")
_COMMAND_SLASH = re.compile(r"(?<![\w/])/(?=\w)")
_KNOWN_COMMAND = re.compile(rf"/(?:{'|'.join(COMMANDS)})\b(?!/)")
_QUOTED = re.compile(r"[“„«「『].*[”“»」』]", re.DOTALL)
_ENTITY_MARK = re.compile(r"(?<=[@#$])(?=[\w])|(?<=\+)(?=\d)|(?<=:)(?=//)")
_DOMAIN_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_]{2})")


def escape_entities(text: str) -> str:
    """The text with word joiners, so that Telegram makes no mention, link or command of it. Easel's own stay clickable:
    links to messages, and commands outside of quotation marks (quoted is what users typed)."""
    quoted = _QUOTED.search(text)
    quotations = [quoted.span()] if quoted else []
    clickable = [match.span() for match in _OWN_LINK.finditer(text)]
    clickable += [
        match.span()
        for match in _KNOWN_COMMAND.finditer(text)
        if not any(start <= match.start() < end for start, end in quotations)
    ]
    parts: list[str] = []
    position = 0
    for start, end in sorted(clickable):
        if start >= position:
            parts += [_insert_joiners(text[position:start]), text[start:end]]
            position = end
    return "".join([*parts, _insert_joiners(text[position:])])


def encode_text(card: Card, limit: int) -> tuple[str, list[MessageEntity]]:
    """The card's text, at most `limit` characters, and the entity that mentions `card.mention`."""
    text = escape_entities(card.text.replace("\0", "")).strip() or WORD_JOINER
    if card.copyable:
        return _with_copyable(text, card.copyable.replace("\0", ""), limit)
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


def _with_copyable(text: str, words: str, limit: int) -> tuple[str, list[MessageEntity]]:
    """A text with words below it that one touch copies."""
    room = max(1, limit - len(text) - 1)
    shown = words if len(words) <= room else f"{words[: room - 1]}…"
    entity = MessageEntity(type=MessageEntity.PRE, offset=utf16_length(text) + 1, length=utf16_length(shown))
    return f"{text}\n{shown}", [entity]


def encode_buttons(buttons: Sequence[Button]) -> InlineKeyboardMarkup | None:
    """A row of buttons, or two where their labels would be cut short in one; of a menu rows of MENU_COLUMNS, of models
    a row for each. None removes them."""
    keys = [InlineKeyboardButton(each.label, callback_data=callback_data(each)) for each in buttons]
    rows = -(-len(keys) // MAX_ROW_KEYS)
    width = len(keys) if sum(len(each.label) for each in buttons) <= MAX_ROW_CHARS else -(-len(keys) // 2)
    width = min(width, -(-len(keys) // rows)) if rows else width
    if any(each.action is Action.BACK for each in buttons):
        width = MENU_COLUMNS
    if any(each.action is Action.MODEL for each in buttons):
        width = 1
    return InlineKeyboardMarkup([keys[at : at + width] for at in range(0, len(keys), width)]) if keys else None


def encode_markup(card: Card) -> InlineKeyboardMarkup | ForceReply | None:
    """The markup of a new message: its buttons, or what opens the reply of the user that it replies to. A message that
    opens a reply cannot be edited."""
    if card.buttons or card.question is None or card.question.may_change:
        return _with_copy_button(encode_buttons(card.buttons), card)
    placeholder = card.question.placeholder[:MAX_PLACEHOLDER_CHARS]
    return ForceReply(selective=True, input_field_placeholder=placeholder)


def _with_copy_button(keyboard: InlineKeyboardMarkup | None, card: Card) -> InlineKeyboardMarkup | None:
    """A button that copies the card's words, where Telegram takes as many."""
    if not 0 < len(card.copyable) <= MAX_COPY_CHARS:
        return keyboard
    copy = InlineKeyboardButton(translate(card.locale, "button-copy"), copy_text=CopyTextButton(card.copyable))
    return InlineKeyboardMarkup([[copy], *(keyboard.inline_keyboard if keyboard is not None else ())])


def callback_data(button: Button) -> str:
    """`easel:ACTION:JOB`, or `easel:ACTION:JOB:PICTURE`, at most 64 bytes."""
    return f"easel:{button.action.value}:{button.target}"


def shows_as_photo(image: Image, *, original: bool) -> bool:
    """Whether Telegram accepts an image as a photo; others are sent as documents, unchanged."""
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
    """An image for a message or an album; `file_id`: of a file that Telegram stores already."""
    media = file_id or _input_file(image, number)
    if shows_as_photo(image, original=card.as_file):
        return InputMediaPhoto(media, caption=caption, has_spoiler=card.spoiler or None)
    return InputMediaDocument(media, caption=caption, disable_content_type_detection=True)


def _input_file(image: Image, number: int) -> InputFile:
    """As a file object, which is sent in chunks: bytes would be joined to one request, and be in memory three times."""
    return InputFile(io.BytesIO(image.data), filename(image, number), attach=True, read_file_handle=False)


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, in which Telegram measures entities."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def truncate_lines(text: str, limit: int) -> str:
    """At most `limit` characters, cut at the end of a line where one ends in the second half."""
    if len(text) <= limit:
        return text
    head = text[: limit - 2]
    return (head[: head.rfind("\n")] if "\n" in head[limit // 2 :] else head) + "\n…"


def _insert_joiners(text: str) -> str:
    """Splits marks of mentions, hashtags, cashtags, phone numbers, URLs, commands and domains from what follows."""
    text = _ENTITY_MARK.sub(WORD_JOINER, text)
    text = _COMMAND_SLASH.sub(f"/{WORD_JOINER}", text)
    return _DOMAIN_DOT.sub(f".{WORD_JOINER}", text)
