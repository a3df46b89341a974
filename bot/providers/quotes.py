"""An upstream's own words, made fit to be shown to a member or logged: one line, short, harmless.

Pure. What they mean is decided elsewhere.
"""

from collections.abc import Iterable
from unicodedata import category

QUOTE_LIMIT = 200  # characters; longer words of an upstream are of no use to a member

_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})  # control, invisible, private, surrogate, line breaks


def quote(text: str, *, hide: Iterable[str] = (), limit: int = QUOTE_LIMIT) -> str:
    """`text` on one line without control characters, at most `limit` characters, an ellipsis included.

    `hide`: what must not appear (keys); each is replaced before anything is cut.
    """
    for secret in hide:
        if secret:
            text = text.replace(secret, "…")
    short = text[: limit * 8]  # enough even when most of it is blank; a page of HTML is not walked to its end
    seen = "".join(" " if category(char) in _UNSEEN else char for char in short)
    line = " ".join(seen.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
