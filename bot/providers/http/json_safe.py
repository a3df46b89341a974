"""The JSON of upstreams as values that the rest can compare, store and show without further care. Pure.

What the values mean is read elsewhere. Python takes more for JSON than others do, and some of it breaks what follows:
arrays within arrays until the stack ends, halves of characters, numbers without end.
"""

import json
import math
import re

MAX_DEPTH = 64  # arrays and objects within one another; no answer that says something has a dozen

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")  # half a character, alone or with its other half behind it


def parse_json(text: str) -> object:
    """The document. Half a character without its other half, which no encoding can write, becomes a question mark.

    Raises ValueError for what is no JSON, or deeper than DEEPEST.
    """
    try:
        document: object = json.loads(text)
        if _SURROGATE_ESCAPE.search(text):
            document = json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError as exc:
        raise ValueError("too deep") from exc
    if _is_deep(document):
        raise ValueError("too deep")
    return document


def parse_json_documents(text: str) -> list[object]:
    """The JSON documents in `text`: one, or one a line. Text that is no JSON gives none."""
    try:
        return [parse_json(text)]
    except ValueError:
        documents: list[object] = []
    for line in text.splitlines() if "\n" in text else ():
        try:
            documents.append(parse_json(line.removeprefix("data:")))
        except ValueError:
            continue
    return documents


def _is_deep(document: object) -> bool:
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _children(each)]
        if not level:
            return False
    return True


def _children(value: object) -> list[object]:
    """What an array or object holds."""
    if isinstance(value, dict):
        return list(value.values())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType] - JSON


def finite_number(value: object) -> float | None:
    """A finite number; None for all else, also for integers that no float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
