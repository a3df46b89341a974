"""The two forms that ask for a prompt: behind "Edit image" of the message menu, and behind the button Edit.

What was asked about stands in the form's custom id, so that it is understood after a restart as well.
"""

import json
import re

import discord

from adapters.discord.decode import Given
from bot.texts import say

PICTURES = 5  # further ones that may be put into a form
TIMEOUT = 900.0  # seconds that discord.py remembers a form; it is understood without being remembered
MENU = re.compile(r"easel-menu:(?P<channel>\d+):(?P<message>\d+)")
RESULT = re.compile(r"easel-edit:(?P<channel>\d+):(?P<message>\d+)")


class EditForm(discord.ui.Modal):
    """`kind`: menu or edit."""

    def __init__(self, *, kind: str, channel: int, message: int, locale: str, longest: int) -> None:
        super().__init__(
            title=say(locale, "discord-form-title")[:45],
            custom_id=f"easel-{kind}:{channel}:{message}",
            timeout=TIMEOUT,
        )
        prompt: discord.ui.TextInput[EditForm] = discord.ui.TextInput(
            custom_id="prompt",
            style=discord.TextStyle.paragraph,
            max_length=min(longest, 4000),
            placeholder=say(locale, "discord-form-example")[:100],
        )
        pictures: discord.ui.FileUpload[EditForm] = discord.ui.FileUpload(
            custom_id="pictures", required=False, min_values=0, max_values=PICTURES
        )
        self.add_item(discord.ui.Label(text=say(locale, "discord-form-prompt")[:45], component=prompt))
        self.add_item(discord.ui.Label(text=say(locale, "discord-form-pictures")[:45], component=pictures))


def menu_key(message: int | str) -> str:
    """Where the pictures of a message are noted while its form is open."""
    return f"discord:menu:{message}"


def dump_given(given: list[Given]) -> bytes:
    """What a form needs to know of them later; no link, which would not live."""
    return json.dumps([[each.id, each.size, each.media_type, each.filename, each.spoiler] for each in given]).encode()


def load_given(dumped: bytes) -> list[Given]:
    return [
        Given(id=identity, url="", size=size, media_type=media_type, filename=filename, spoiler=spoiler)
        for identity, size, media_type, filename, spoiler in json.loads(dumped)
    ]
