"""Text files that a member sends in place of a long prompt, such as `message.txt`: which they are, and what they say.

Pure. Bytes are fetched elsewhere.
"""

import codecs
import re

from bot.chat import Attachment
from bot.errors import TextFileUnreadable
from bot.intake.parser import OPTIONS_MAX_CHARS, UNSPECIFIC_MEDIA_TYPES

_MEDIA_TYPES = ("text/plain", "text/markdown")
_SUFFIXES = (".txt", ".md")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # which no text has, and any program or picture does
MAX_CHAR_BYTES = 4  # of a character in UTF-8, and in UTF-16


def is_text_file(attachment: Attachment) -> bool:
    """Whether it is plain text by its media type, or by its name where the type is unspecific."""
    media_type = attachment.media_type.partition(";")[0].strip().lower()
    if media_type in UNSPECIFIC_MEDIA_TYPES:
        return (attachment.filename or "").lower().endswith(_SUFFIXES)
    return media_type in _MEDIA_TYPES


def max_bytes(max_prompt_chars: int) -> int:
    """Size above which a file holds more than any prompt with its options, bytes."""
    return MAX_CHAR_BYTES * (max_prompt_chars + OPTIONS_MAX_CHARS)


def decode_text_file(data: bytes, name: str) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte order mark. Raises TextFileUnreadable."""
    mark, encoding = next(((mark, encoding) for mark, encoding in _BOMS if data.startswith(mark)), (b"", "utf-8"))
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as wrong:
        raise TextFileUnreadable(name=name) from wrong
    if _NO_TEXT.search(text):
        raise TextFileUnreadable(name=name)
    return text.strip()
