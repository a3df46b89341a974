"""Quotes of an upstream's text that are fit to be shown to a user or logged: one line, short, redacted.

Pure. What the text means is decided elsewhere.
"""

import json
from collections.abc import Iterable
from unicodedata import category

MAX_QUOTE_CHARS = 200  # a longer text of an upstream does not help a user

MAX_SEARCHED_CHARS = 1_000_000  # of a text that are searched for secrets; of the rest nothing is quoted

MIN_SECRET_PROMPT_CHARS = 16  # a shorter prompt is no secret, and redacting it would garble every quote

# control, invisible, private, surrogate, line breaks
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def redactions(key: str, prompt: str) -> list[str]:
    """The strings that no quote of an upstream's answer may contain: the key, and the prompt unless it is short."""
    return [key, prompt] if len(prompt) >= MIN_SECRET_PROMPT_CHARS else [key]


def quote(text: str, *, redact: Iterable[str] = (), limit: int = MAX_QUOTE_CHARS) -> str:
    """`text` on one line without control characters, at most `limit` characters, an ellipsis included.

    `redact`: strings that must not appear (keys, prompts), also as JSON escapes them in an answer that repeats the
    request; each is replaced by an ellipsis before anything is cut.
    """
    spellings = [spelled for secret in redact if secret for spelled in _spellings(secret)]
    is_cut, text = len(text) > MAX_SEARCHED_CHARS, text[:MAX_SEARCHED_CHARS]
    for spelled in spellings:
        text = text.replace(spelled, "…")
    if is_cut:  # the last part may be the beginning of a secret
        text = text[: -max(map(len, spellings), default=1)]
    short = text[: limit * 8]  # enough even when most of it is blank; a long page of HTML is not scanned to its end
    seen = "".join(" " if category(char) in _INVISIBLE_CATEGORIES else char for char in short)
    line = " ".join(seen.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _spellings(secret: str) -> tuple[str, ...]:
    return secret, *(json.dumps(secret, ensure_ascii=escaped)[1:-1] for escaped in (False, True))
