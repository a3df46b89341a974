"""Counts what a JSON text consists of, before it is parsed: parsing holds the interpreter. Pure.

A text of megabytes is one value, however many commas stand in it; as many brackets are millions.
"""

MAX_VALUES = 20_000  # arrays, objects and commas of a frame; one with a thousand files has a thousand
PIECE_CHARS = 64 * 1024  # looked at in one call, which holds the interpreter for a millisecond


def exceeds_max_values(text: str) -> bool:
    """Whether the JSON consists of more than MAX_VALUES. For what is no JSON either answer may come."""
    values, is_within_text, rest = 0, False, ""
    for start in range(0, len(text), PIECE_CHARS):
        piece = (rest + text[start : start + PIECE_CHARS]).replace("\\\\", "")
        rest = "\\" if piece.endswith("\\") else ""  # it may escape what comes next
        parts = piece.removesuffix(rest).replace('\\"', "").split('"')
        for part in parts[is_within_text::2]:
            values += part.count("[") + part.count("{") + part.count(",")
        if values > MAX_VALUES:
            return True
        is_within_text ^= len(parts) % 2 == 0
    return False
