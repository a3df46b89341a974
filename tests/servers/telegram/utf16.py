"""Offsets as Telegram counts them: in UTF-16 code units. Pure."""


def length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def boundaries(text: str) -> set[int]:
    """The offsets at which a character begins, and the end."""
    at, found = 0, {0}
    for character in text:
        at += 2 if ord(character) > 0xFFFF else 1
        found.add(at)
    return found


def cut(text: str, offset: int, size: int) -> str:
    """The part of a text that an entity covers."""
    raw = text.encode("utf-16-le")
    return raw[offset * 2 : (offset + size) * 2].decode("utf-16-le", errors="replace")
