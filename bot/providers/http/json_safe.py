"""Parses upstreams' JSON into values that are safe to compare, store and show. Pure.

What the values mean is decided elsewhere. Python's parser accepts more than others, and some of it breaks later code:
nesting until the stack overflows, lone surrogates, infinite numbers.
"""

import json
import math
import re

MAX_DEPTH = 64  # levels of nesting; no real answer has a dozen

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")  # a surrogate, alone or in a pair


def parse_json(text: str) -> object:
    """The document. A lone surrogate, which UTF-8 cannot encode, becomes a question mark.

    Raises ValueError for text that is no JSON, or nested deeper than MAX_DEPTH.
    """
    try:
        document: object = json.loads(text)
        if _SURROGATE_ESCAPE.search(text):
            document = json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError as exc:
        raise ValueError("too deep") from exc
    if _exceeds_max_depth(document):
        raise ValueError("too deep")
    return document


def parse_json_documents(text: str) -> list[object]:
    """The JSON documents in `text`: one, or one a line. Text and lines that are no JSON are skipped."""
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


def _exceeds_max_depth(document: object) -> bool:
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _children(each)]
        if not level:
            return False
    return True


def _children(value: object) -> list[object]:
    """The values inside an array or object; empty for anything else."""
    if isinstance(value, dict):
        return list(value.values())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType] - JSON


def finite_number(value: object) -> float | None:
    """A finite number as a float; None for anything else, also for integers beyond the range of float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
