"""Cards and images as Discord's JSON. Pure; nothing here sends or decides a route."""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from adapters.discord.ids import MESSAGE_LINK_BASE
from adapters.discord.rest import Json, Upload
from bot.chat import Action, Button, Card
from bot.painting import Image
from bot.texts import translate

MAX_CONTENT_CHARS = 2000  # characters of a message
MAX_EMBED_CHARS = 4096  # characters of an embed's description
FENCE_CHARS = len("\n```\n\n```")  # around words to copy
MAX_ALT_CHARS = 1024  # characters of an attachment's description
MAX_ROW_BUTTONS = 5
MAX_LABEL_CHARS = 80  # characters of a button's label
MAX_FILES = 10  # in one message
NONCE_CHARS = 24  # Discord takes 25
NO_MENTIONS: Json = {"parse": []}
ROW_COMPONENT, BUTTON_COMPONENT = 1, 2
PRIMARY, SECONDARY, DANGER, LINK = 1, 2, 4, 5
BUTTON_STYLES = {Action.CANCEL: DANGER, Action.EDIT: PRIMARY, Action.DELETE: DANGER}  # of others: SECONDARY
ANSWER_WITH_WORDS, ANSWER_WITH_ANYTHING = "easel-answer:words", "easel-answer:any"  # ids of the buttons of questions
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}
SPOILER_PREFIX = "SPOILER_"  # Discord hides a file whose name begins so

_MESSAGE_LINK = re.compile(rf"({re.escape(MESSAGE_LINK_BASE)}/(?:\d+|@me)/\d+/\d+)")
_MARKDOWN_CHARS = re.compile(r"[\\*_~|`\[\]<]")
_LINE_MARK = re.compile(r"^(\s*)([-+#>])", re.MULTILINE)  # list item, heading, quote
_NUMBERED_ITEM = re.compile(r"^(\s*\d+)\.", re.MULTILINE)
_INVITE = re.compile(r"(discord)(\.gg|app\.com|\.com)(?=/)", re.IGNORECASE)
_MASS_MENTION = re.compile(r"@(everyone|here)")


def encode_text(text: str) -> str:
    """Text that shows as it is: nothing formats, mentions, or turns into a link. Links to messages stay links."""
    parts = _MESSAGE_LINK.split(text)
    parts[::2] = [_escape_markdown(part) for part in parts[::2]]
    return "".join(parts)


def encode_card(card: Card, *, allow_embed: bool = True) -> Json:
    """A whole message without its files. A text that is longer than a message goes into an embed, or is cut where
    none is allowed."""
    text = encode_text(card.text.replace("\0", ""))
    text += encode_copyable(card.copyable, max(1, MAX_EMBED_CHARS - len(text) - FENCE_CHARS))
    body: Json = {
        "content": text,
        "embeds": [],
        "components": [*encode_question(card), *encode_buttons(card.buttons)],
        "allowed_mentions": NO_MENTIONS,
    }
    if len(text) > MAX_CONTENT_CHARS and not allow_embed:
        body["content"] = truncate_lines(text, MAX_CONTENT_CHARS)
    elif len(text) > MAX_CONTENT_CHARS:
        body |= {"content": "", "embeds": [{"description": truncate_lines(text, MAX_EMBED_CHARS)}]}
    return body


def encode_copyable(words: str, limit: int) -> str:
    """A block of code below a text, which Discord has a button to copy of; nothing for no words. `limit`: characters of
    the words."""
    if not words:
        return ""
    shown = words.replace("\0", "").replace("```", "`\u200b`\u200b`")
    return f"\n```\n{shown if len(shown) <= limit else shown[: limit - 1] + '…'}\n```"


def encode_buttons(buttons: Sequence[Button]) -> list[Json]:
    """Rows of up to five buttons; no row without buttons."""
    encoded = [
        {
            "type": BUTTON_COMPONENT,
            "style": BUTTON_STYLES.get(button.action, SECONDARY),
            "label": button.label[:MAX_LABEL_CHARS],
            "custom_id": custom_id(button),
        }
        for button in buttons
    ]
    rows = [encoded[at : at + MAX_ROW_BUTTONS] for at in range(0, len(encoded), MAX_ROW_BUTTONS)]
    return [{"type": ROW_COMPONENT, "components": row} for row in rows]


def encode_link(label: str, url: str) -> list[Json]:
    """A button that opens an address; Discord takes 512 characters of it, and tells nobody of a click."""
    button = {"type": BUTTON_COMPONENT, "style": LINK, "label": label[:MAX_LABEL_CHARS], "url": url}
    return [{"type": ROW_COMPONENT, "components": [button]}]


def encode_question(card: Card) -> list[Json]:
    """A button that opens the form for an answer (`decode.ANSWER_ID`); no row without a question."""
    if card.question is None:
        return []
    button = {
        "type": BUTTON_COMPONENT,
        "style": PRIMARY,
        "label": translate(card.locale, "button-answer")[:MAX_LABEL_CHARS],
        "custom_id": ANSWER_WITH_WORDS if card.question.needs_words else ANSWER_WITH_ANYTHING,
    }
    return [{"type": ROW_COMPONENT, "components": [button]}]


def custom_id(button: Button) -> str:
    """What a click on the button brings back (`decode.BUTTON_ID`)."""
    return f"easel:{button.action.value}:{button.target}"


def encode_images(card: Card, images: Sequence[Image], *, spoiler: bool) -> list[Upload]:
    """The first MAX_FILES images as files, described by the card's `alt_text`."""
    prefix = SPOILER_PREFIX if spoiler else ""
    return [
        Upload(
            filename=f"{prefix}easel-{number}.{SUFFIXES.get(image.media_type, 'bin')}",
            data=image.data,
            description=" ".join(card.alt_text.split())[:MAX_ALT_CHARS],
        )
        for number, image in enumerate(images[:MAX_FILES], start=1)
    ]


def encode_attachments(files: Sequence[Upload]) -> list[dict[str, Any]]:
    """The message's complete list of attachments: an edit removes whatever else it holds."""
    return [
        {"id": number, "filename": file.filename} | ({"description": file.description} if file.description else {})
        for number, file in enumerate(files)
    ]


def message_nonce(key: str) -> str:
    """Discord's idempotency key of a message: at most 25 characters, the same for the same `key`."""
    return sha256(key.encode()).hexdigest()[:NONCE_CHARS]


def truncate_lines(text: str, limit: int) -> str:
    """The first lines of a text, at most `limit` characters with the mark of truncation."""
    if len(text) <= limit:
        return text
    head = text[: limit - 2]
    return (head[: head.rfind("\n")] if "\n" in head[limit // 2 :] else head.rstrip("\\")) + "\n…"


def _escape_markdown(text: str) -> str:
    text = _MARKDOWN_CHARS.sub(r"\\\g<0>", text)
    text = _LINE_MARK.sub(r"\1\\\2", text)
    text = _NUMBERED_ITEM.sub(r"\1\\.", text)
    text = _INVITE.sub(r"\1\\\2", text.replace("://", "\\://"))
    return _MASS_MENTION.sub("@\u200b\\1", text)
