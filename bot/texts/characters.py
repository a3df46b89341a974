"""Characters that no text holds, whoever wrote it: no client shows them, and some transports refuse them. Pure."""

import re

_CONTROL_CHARS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]+")
_LINE_BREAKS = re.compile("\r\n?")


def strip_control_chars(text: str) -> str:
    """The text without control characters and halves of surrogate pairs; line breaks and tabs stay."""
    return _CONTROL_CHARS.sub("", _LINE_BREAKS.sub("\n", text))
