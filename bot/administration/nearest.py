"""The name that somebody may have meant who typed another one. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches

NOBODY = "none"  # what the texts take for it
MIN_LIKENESS = 0.5  # of 1, for a name to be offered at all


def nearest(typed: str, names: Iterable[str]) -> str:
    """The most alike of some names, in whatever case; NOBODY: none is alike."""
    by_key = {name.lower(): name for name in names}
    found = get_close_matches(typed.strip().lower(), by_key, n=1, cutoff=MIN_LIKENESS)
    return by_key[found[0]] if found else NOBODY
