"""An upstream's own words, made fit to be shown to a member or logged: one line, short, harmless.

Pure. What they mean is decided elsewhere.
"""

import json
from collections.abc import Iterable
from unicodedata import category

MAX_QUOTE_CHARS = 200  # characters; longer words of an upstream are of no use to a member

MIN_SECRET_PROMPT_CHARS = 16  # a shorter prompt is no secret, and hiding it would garble every quote

# control, invisible, private, surrogate, line breaks
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def redactions(key: str, prompt: str) -> list[str]:
    """What no quote of an upstream's answer may contain: the key, and the prompt unless it is short."""
    return [key, prompt] if len(prompt) >= MIN_SECRET_PROMPT_CHARS else [key]


def quote(text: str, *, redact: Iterable[str] = (), limit: int = MAX_QUOTE_CHARS) -> str:
    """`text` on one line without control characters, at most `limit` characters, an ellipsis included.

    `redact`: what must not appear (keys, prompts), nor as JSON spells it in an answer that repeats the request; each is
    replaced before anything is cut.
    """
    for secret in redact:
        for spelled in _spellings(secret) if secret else ():
            text = text.replace(spelled, "…")
    short = text[: limit * 8]  # enough even when most of it is blank; a page of HTML is not walked to its end
    seen = "".join(" " if category(char) in _INVISIBLE_CATEGORIES else char for char in short)
    line = " ".join(seen.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _spellings(secret: str) -> tuple[str, ...]:
    return secret, *(json.dumps(secret, ensure_ascii=escaped)[1:-1] for escaped in (False, True))
