"""The modals that ask for a prompt: behind "Edit image" of the message menu, the button Edit, and that of a question.

What the modal is about stands in its custom id, so that it is understood after a restart as well.
"""

import json
import re
from dataclasses import dataclass
from typing import Literal

import discord

from adapters.discord.ids import PLATFORM
from adapters.discord.media import ReceivedFile
from bot.store.stored_values import StoredReader
from bot.texts import translate

MAX_UPLOADS = 5  # further images that may be put into a modal
MAX_PROMPT_CHARS = 4000  # characters of a text input
MAX_TITLE_CHARS = 45  # characters of a modal's title, and of a label
MAX_PLACEHOLDER_CHARS = 100
MODAL_TIMEOUT_S = 900.0  # discord.py remembers a modal so long; it is understood without being remembered
MENU_MODAL_ID = re.compile(r"easel-menu:(?P<channel>\d+):(?P<message>\d+)")
_FileRow = tuple[
    str, int | None, str, str | None, bool, Literal["file", "sticker", "gif"]
]  # id, size, media type, name, spoiler, kind
RESULT_MODAL_ID = re.compile(r"easel-edit:(?P<channel>\d+):(?P<message>\d+)")
ANSWER_MODAL_ID = re.compile(r"easel-answer:(?P<channel>\d+):(?P<message>\d+)")


class PromptModal(discord.ui.Modal):
    """A modal with a prompt and further images."""

    def __init__(
        self, *, kind: str, channel_id: int, message_id: int, locale: str, max_prompt: int, needs_words: bool = True
    ) -> None:
        """`kind`: `menu`, `edit` or `answer`. `max_prompt`: characters that the core takes. `needs_words`: whether the
        prompt must not be empty."""
        answers = kind == "answer"
        super().__init__(
            title=translate(locale, "discord-answer-title" if answers else "discord-form-title")[:MAX_TITLE_CHARS],
            custom_id=f"easel-{kind}:{channel_id}:{message_id}",
            timeout=MODAL_TIMEOUT_S,
        )
        prompt: discord.ui.TextInput[PromptModal] = discord.ui.TextInput(
            custom_id="prompt",
            style=discord.TextStyle.paragraph,
            required=needs_words,
            max_length=min(max_prompt, MAX_PROMPT_CHARS),
            placeholder=translate(locale, "question-example" if answers else "discord-form-example")[
                :MAX_PLACEHOLDER_CHARS
            ],
        )
        pictures: discord.ui.FileUpload[PromptModal] = discord.ui.FileUpload(
            custom_id="pictures", required=False, min_values=0, max_values=MAX_UPLOADS
        )
        prompt_label, pictures_label = (
            translate(locale, "discord-answer-prompt" if answers else "discord-form-prompt"),
            translate(locale, "discord-form-pictures"),
        )
        self.add_item(discord.ui.Label(text=prompt_label[:MAX_TITLE_CHARS], component=prompt))
        self.add_item(discord.ui.Label(text=pictures_label[:MAX_TITLE_CHARS], component=pictures))


def menu_target_key(message_id: int | str) -> str:
    """Where what a message shows is stored while its modal is open."""
    return f"{PLATFORM}:menu:{message_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuTarget:
    """What the message shows on which a menu was opened."""

    files: tuple[ReceivedFile, ...] = ()
    links: tuple[str, ...] = ()
    """Addresses that may be pictures' and that Discord has not unfolded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredTarget:
    files: list[_FileRow]
    links: list[str]


_TARGET = StoredReader[_StoredTarget](_StoredTarget)


def dump_target(target: MenuTarget) -> bytes:
    """What a modal needs to know of its message later; without the URLs of files, which would not live."""
    rows = [[file.id, file.size, file.media_type, file.filename, file.spoiler, file.kind] for file in target.files]
    return json.dumps({"files": rows, "links": target.links}).encode()


def load_target(dumped: bytes) -> MenuTarget:
    """What `dump_target` wrote; files with empty URLs. Raises ValueError for anything else."""
    stored = _TARGET.read(json.loads(dumped))
    files = [
        ReceivedFile(
            id=file_id, url="", size=size, media_type=media_type, filename=filename, spoiler=spoiler, kind=kind
        )
        for file_id, size, media_type, filename, spoiler, kind in stored.files
    ]
    return MenuTarget(files=tuple(files), links=tuple(stored.links))
