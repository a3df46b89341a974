"""Shortens text for display: at most so many characters, and never a part of what a reader takes for one character.

Pure: knows neither languages nor platforms.
"""

from itertools import takewhile

import regex

ELLIPSIS = "…"
_CLUSTER = regex.compile(r"\X")  # a grapheme cluster (UAX #29): a letter with its accents, a family of emoji, a flag


def shorten(text: str, limit: int) -> str:
    """`text` in at most `limit` characters (> 0), an ellipsis for what was cut included.

    A single cluster longer than that is cut inside: stacked accents have no end.
    """
    if len(text) <= limit:
        return text
    ends = takewhile(lambda end: end < limit, (found.end() for found in _CLUSTER.finditer(text, 0, 2 * limit)))
    cut = max(ends, default=limit - 1)
    return text[:cut].rstrip() + ELLIPSIS
