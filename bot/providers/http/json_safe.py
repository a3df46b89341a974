"""Parses upstreams' JSON into values that are safe to compare, store and show. Pure.

What the values mean is decided elsewhere. Python's parser accepts more than others, and some of it breaks later code:
nesting until the stack overflows, lone surrogates, infinite numbers.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import cast

MAX_DEPTH = 64  # levels of nesting; no real answer has a dozen

MAX_VALUES = 200_000  # arrays, objects and commas of one document; an answer with many images has some hundreds
_SEAM = re.compile(r"\}\s*\{")  # between two documents; one inside of a string is no JSON then, and is skipped
MAX_LINES = 10_000  # of a text that may have a document on each line


def parse_json(text: str) -> object:
    """The document. A lone surrogate, which UTF-8 cannot encode, becomes a question mark.

    Raises ValueError for text that is no JSON, nested deeper than MAX_DEPTH, or with more than MAX_VALUES: parsing
    holds the interpreter, and a value costs a hundred times its size in memory.
    """
    if sum(map(text.count, "[{,")) > MAX_VALUES:
        raise ValueError("too many values")
    try:
        document: object = json.loads(text)
    except RecursionError as exc:
        raise ValueError("too deep") from exc
    if _exceeds_max_depth(document):
        raise ValueError("too deep")
    return _without_surrogates(document) if "\\u" in text else document


def parse_json_documents(text: str) -> list[object]:
    """The JSON documents in `text`: one, one a line, or one after another. Text and lines that are no JSON are skipped.
    One may be wrapped over lines wherever its sender pleased."""
    text = text.strip().removeprefix("data:")
    for whole in (text, text.replace("\n", "")) if "\n" in text else (text,):
        try:
            return [parse_json(whole)]
        except ValueError:
            continue
    documents: list[object] = []
    if text.startswith("{") and "\n" not in text and _SEAM.search(text):
        text = _SEAM.sub("}\n{", text)
    for line in text.splitlines() if 0 < text.count("\n") < MAX_LINES else ():
        try:
            documents.append(parse_json(line.removeprefix("data:")))
        except ValueError:
            continue
    return documents


def value_at(document: object, path: Sequence[str | int]) -> object:
    """The value at a path inside a document: names of fields, positions in lists; None when the path leads nowhere.

    A text on the way is read as the JSON that it may hold.
    """
    for step in path:
        if isinstance(document, str):
            document = next(iter(parse_json_documents(document)), None)
        if isinstance(step, str):
            document = cast("Mapping[str, object]", document).get(step) if isinstance(document, Mapping) else None
        else:
            items = cast("list[object]", document) if isinstance(document, list) else []
            document = next(iter(items[step : step + 1 or None]), None)
    return document


def _exceeds_max_depth(document: object) -> bool:
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _children(each)]
        if not level:
            return False
    return True


def _without_surrogates(value: object) -> object:
    """The document, at most MAX_DEPTH deep, with a question mark for each lone surrogate."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        return {str(_without_surrogates(name)): _without_surrogates(each) for name, each in pairs}
    return [_without_surrogates(each) for each in cast("list[object]", value)] if isinstance(value, list) else value


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
