"""Cards and pictures as Discord's JSON. Pure; nothing here sends or decides a route."""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from adapters.discord.ids import LINKS
from adapters.discord.rest import Json, Upload
from bot.chat import Action, Button, Card
from bot.painting import Image

TEXT = 2000  # characters of a message
LONG_TEXT = 4096  # characters of an embed's description
ALT = 1024  # characters of an attachment's description
FILES = 10  # in one message
NOBODY: Json = {"parse": []}
ROW, BUTTON = 1, 2
PRIMARY, SECONDARY, DANGER = 1, 2, 4
STYLES = {Action.CANCEL: DANGER, Action.RETRY: SECONDARY, Action.VARY: SECONDARY, Action.EDIT: PRIMARY}
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}

_OURS = re.compile(rf"({re.escape(LINKS)}/(?:\d+|@me)/\d+/\d+)")
_MARKS = re.compile(r"[\\*_~|`\[\]<]")
_AT_LINE = re.compile(r"^(\s*)([-+#>])", re.MULTILINE)
_NUMBERED = re.compile(r"^(\s*\d+)\.", re.MULTILINE)
_INVITE = re.compile(r"(discord)(\.gg|app\.com|\.com)(?=/)", re.IGNORECASE)
_ALL = re.compile(r"@(everyone|here)")


def plain(text: str) -> str:
    """Text that shows as it is: nothing formats, mentions, or turns into a link. Links to messages stay links."""
    parts = _OURS.split(text)
    parts[::2] = [_escaped(part) for part in parts[::2]]
    return "".join(parts)


def encode_card(card: Card) -> Json:
    """A whole message without its files. What is longer than a message goes into an embed."""
    text = plain(card.text.replace("\0", ""))
    body: Json = {
        "content": text,
        "embeds": [],
        "components": encode_buttons(card.buttons),
        "allowed_mentions": NOBODY,
    }
    if len(text) > TEXT:
        body |= {"content": "", "embeds": [{"description": cut(text, LONG_TEXT)}]}
    return body


def encode_buttons(buttons: Sequence[Button]) -> list[Json]:
    row = [
        {"type": BUTTON, "style": STYLES[each.action], "label": each.label[:80], "custom_id": custom_id(each)}
        for each in buttons
    ]
    return [{"type": ROW, "components": row}] if row else []


def custom_id(button: Button) -> str:
    return f"easel:{button.action.value}:{button.job_id}"


def encode_images(card: Card, images: Sequence[Image], *, spoiler: bool) -> list[Upload]:
    """The pictures of a delivery. Discord hides a file whose name begins with SPOILER_."""
    prefix = "SPOILER_" if spoiler else ""
    return [
        Upload(
            filename=f"{prefix}easel-{number}.{SUFFIXES.get(image.media_type, 'bin')}",
            data=image.data,
            description=" ".join(card.alt_text.split())[:ALT],
        )
        for number, image in enumerate(images[:FILES], start=1)
    ]


def encode_attachments(files: Sequence[Upload]) -> list[dict[str, Any]]:
    """The complete list: whatever else the message holds goes."""
    return [
        {"id": number, "filename": each.filename} | ({"description": each.description} if each.description else {})
        for number, each in enumerate(files)
    ]


def nonce(key: str) -> str:
    """At most 25 characters, the same for the same occasion."""
    return sha256(key.encode()).hexdigest()[:24]


def cut(text: str, limit: int) -> str:
    """The lines that fit."""
    if len(text) <= limit:
        return text
    head = text[: limit - 2]
    return (head[: head.rfind("\n")] if "\n" in head[limit // 2 :] else head.rstrip("\\")) + "\n…"


def _escaped(text: str) -> str:
    text = _MARKS.sub(r"\\\g<0>", text)
    text = _AT_LINE.sub(r"\1\\\2", text)
    text = _NUMBERED.sub(r"\1\\.", text)
    text = _INVITE.sub(r"\1\\\2", text.replace("://", "\\://"))
    return _ALL.sub("@\u200b\\1", text)
