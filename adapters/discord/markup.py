"""Discord's markup in what users write, as words: mentions, emoji, commands, moments. Pure.

From "Message Formatting" of Discord's documents. Whose names are known is for the caller.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

MentionKind = Literal["user", "role", "channel"]
NameOf = Callable[[MentionKind, int], str | None]

_KINDS: dict[str, MentionKind] = {"@": "user", "@!": "user", "@&": "role", "#": "channel"}
_MENTION = re.compile(r"<(@[!&]?|#)(\d{1,20})>")
_CUSTOM_EMOJI = re.compile(r"<a?(:\w+:)\d+>")
_COMMAND = re.compile(r"</([^:<>]{1,100}):\d{1,20}>")
_MOMENT = re.compile(r"<t:(-?\d{1,12})(?::[A-Za-z])?>")


def read_markup(text: str, name_of: NameOf) -> str:
    """The text as users read it. `name_of` gets the kind and the id of what is mentioned: its name with the sign before
    it, empty for what is to be left out, None for what is not known and stays."""

    def mention_text(match: re.Match[str]) -> str:
        name = name_of(_KINDS[match[1]], int(match[2]))
        return match[0] if name is None else name

    text = _COMMAND.sub(r"/\1", _CUSTOM_EMOJI.sub(r"\1", text))
    return _MENTION.sub(mention_text, _MOMENT.sub(_moment_text, text)).strip()


def _moment_text(match: re.Match[str]) -> str:
    try:
        return f"{datetime.fromtimestamp(int(match[1]), UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError):  # beyond the years that there are
        return match[0]
