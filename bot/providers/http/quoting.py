"""An upstream's own words, made fit to be shown to a member or logged: one line, short, harmless.

Pure. What they mean is decided elsewhere.
"""

import json
from collections.abc import Iterable
from unicodedata import category

QUOTE_LIMIT = 200  # characters; longer words of an upstream are of no use to a member

_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})  # control, invisible, private, surrogate, line breaks


def quote(text: str, *, hide: Iterable[str] = (), limit: int = QUOTE_LIMIT) -> str:
    """`text` on one line without control characters, at most `limit` characters, an ellipsis included.

    `hide`: what must not appear (keys, prompts), nor as JSON spells it in an answer that repeats the request; each is
    replaced before anything is cut.
    """
    for secret in hide:
        for spelled in _spellings(secret) if secret else ():
            text = text.replace(spelled, "…")
    short = text[: limit * 8]  # enough even when most of it is blank; a page of HTML is not walked to its end
    seen = "".join(" " if category(char) in _UNSEEN else char for char in short)
    line = " ".join(seen.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _spellings(secret: str) -> tuple[str, ...]:
    return secret, *(json.dumps(secret, ensure_ascii=escaped)[1:-1] for escaped in (False, True))
