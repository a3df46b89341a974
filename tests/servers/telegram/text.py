"""Parsing of texts and captions: markup or entities, length limits, entities that Telegram detects by itself.

Pure; raises Telegram's errors.
"""

import re
from collections.abc import Iterable, Sequence

from tests.servers.telegram import markup, utf16
from tests.servers.telegram.errors import Json, bad, unparsed
from tests.servers.telegram.word_lists import words

TEXT_LIMIT, CAPTION_LIMIT = 4096, 1024  # code points, after parsing
SOURCE_LIMIT = 1 << 15  # bytes, with the markup
ENTITY_TYPES = frozenset(
    words(
        "mention hashtag cashtag bot_command url email phone_number bold italic underline strikethrough spoiler",
        "blockquote expandable_blockquote code pre text_link text_mention custom_emoji date_time",
    )
)
FOUND = (
    ("bot_command", re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("url", re.compile(r"\bhttps?://[^\s<>\"]+[^\s<>\".,!?;:)]")),
    ("mention", re.compile(r"(?<![\w@/])@[A-Za-z][A-Za-z0-9_]{2,31}\b")),
    ("hashtag", re.compile(r"(?<![\w#])#[^\W\d]\w*")),
)


def parse_text(text: str, mode: str | None, entities: Sequence[Json] | None) -> tuple[str, tuple[Json, ...]]:
    """The text as Telegram keeps it: parsed, trimmed, with the entities it finds. Raises ApiError."""
    if len(text.encode()) > SOURCE_LIMIT:
        raise bad("text is too long")
    if mode:
        text, marked = markup.parse(text, mode)
    else:
        marked = _checked(text, entities or ())
    text, kept = _trimmed(text, marked)
    return text, (*kept, *_more(text, kept))


def detect_entities(text: str) -> tuple[Json, ...]:
    """The commands, mentions, links and hashtags of a text."""
    return tuple(_more(text, ()))


def check_text(text: str, *, edit: bool = False) -> None:
    if not text:
        raise bad("message text is empty")
    if len(text) > TEXT_LIMIT:
        raise bad("MESSAGE_TOO_LONG" if edit else "message is too long")


def check_caption(text: str) -> None:
    if len(text) > CAPTION_LIMIT:
        raise bad("message caption is too long")


def _checked(text: str, entities: Iterable[Json]) -> list[Json]:
    kept: list[Json] = []
    for entity in entities:
        try:
            offset, count = int(entity["offset"]), int(entity["length"])
        except (KeyError, TypeError, ValueError):
            raise unparsed('Can\'t find field "offset" or "length" of the entity') from None
        if wrong := _wrong(text, offset, count):
            raise bad(wrong)
        if count and entity.get("type") in ENTITY_TYPES:
            kept.append(entity)
    return sorted(kept, key=lambda one: (one["offset"], -one["length"]))


def _wrong(text: str, offset: int, count: int) -> str | None:
    """What Telegram says of an entity that does not lie in the text as it must."""
    edges, size, end = utf16.boundaries(text), utf16.length(text), offset + count
    if offset < 0:
        return f"receive an entity with incorrect offset {offset}"
    if count < 0:
        return f"receive an entity with incorrect length {count}"
    if offset > size:
        return f"entity begins after the end of the text at UTF-16 offset {offset}"
    if end > size:
        return f"entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {end}"
    if offset not in edges:
        return f"entity begins in a middle of a UTF-16 symbol at byte offset {_byte(text, offset)}"
    if end not in edges:
        at = _byte(text, end)
        return f"entity beginning at UTF-16 offset {offset} ends in a middle of a UTF-16 symbol at byte offset {at}"
    return None


def _byte(text: str, offset: int) -> int:
    """Where the character ends that an offset cuts in two, in bytes."""
    return len(utf16.cut(text, 0, offset + 1).encode())


def _trimmed(text: str, entities: Sequence[Json]) -> tuple[str, list[Json]]:
    """Without white space at both ends; entities move and shrink with it."""
    lead = len(text) - len(text.lstrip())
    text = text.strip()
    size = utf16.length(text)
    kept: list[Json] = []
    for entity in entities:
        begin = max(entity["offset"] - lead, 0)
        end = min(entity["offset"] + entity["length"] - lead, size)
        if begin < end:
            kept.append({**entity, "offset": begin, "length": end - begin})
    return text, kept


def _more(text: str, taken: Sequence[Json]) -> Iterable[Json]:
    """What Telegram finds by itself where nothing stands yet."""
    spans = [(one["offset"], one["offset"] + one["length"]) for one in taken]
    for kind, pattern in FOUND:
        for match in pattern.finditer(text):
            begin = utf16.length(text[: match.start()])
            end = begin + utf16.length(match[0])
            if all(end <= left or right <= begin for left, right in spans):
                spans.append((begin, end))
                yield {"type": kind, "offset": begin, "length": end - begin}
