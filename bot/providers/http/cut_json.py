"""Makes JSON that breaks off in the middle a document of what is whole in it. Pure; one pass, whatever the text.

A value is whole when its end has come: the second quotation mark of a text, the bracket that closes a list. What
follows the last whole value is left out.
"""

import re
from collections.abc import Container, Sequence
from itertools import islice

from bot.providers.http.json_safe import MAX_DEPTH, MAX_VALUES

_TOKEN = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+"(\s*+:)?'  # a text; with a colon the name of a field
    r'|(")'  # one that does not end
    r"|[{}\[\],]",
    re.DOTALL,
)
_MAX_TOKENS = 4 * MAX_VALUES  # that are looked at; a document with more is not parsed
_CLOSERS = {"{": "}", "[": "]"}
_CUT_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*+(\\(?:u[0-9a-fA-F]{0,3})?)$")  # half of `\n` or `\u00e9`
_TAIL_CHARS = 64  # of a text in which half an escape is looked for


def close_cut_json(text: str, *, open_texts: Container[str | None] = ()) -> str | None:
    """JSON of the whole values in a text that begins as an object or a list, and breaks off; None: there are none.
    `open_texts`: names of fields whose text counts as far as it came.

    What follows a place that is no JSON, or is nested deeper than MAX_DEPTH, is left out.
    """
    opened: list[str] = []  # closers of what is open
    end, depth = 0, 0  # behind the last whole value, and how much is open there
    name: str | None = None  # of the field whose value comes next
    for token in islice(_TOKEN.finditer(text), _MAX_TOKENS):
        mark = text[token.start()]
        if token[1]:
            name = token[0][: -len(token[1])].strip('"')
            continue
        if token[2]:
            if name in open_texts:
                return text[: token.start()] + _closed_text(text[token.start() :]) + "".join(reversed(opened))
            break
        if not _fits(mark, name, opened):
            break
        if mark in _CLOSERS:
            opened.append(_CLOSERS[mark])
        else:
            if mark in "}]":
                opened.pop()
            end, depth = token.start() if mark == "," else token.end(), len(opened)
        name = None
    return text[:end] + "".join(reversed(opened[:depth])) if end else None


def _fits(mark: str, name: str | None, opened: Sequence[str]) -> bool:
    """Whether a token that begins with `mark` may stand behind a field's name (None: behind none) inside `opened`."""
    if mark in _CLOSERS:
        return len(opened) < MAX_DEPTH
    if mark == '"':
        return name is not None or opened[-1:] != ["}"]  # else a name whose colon has not come
    return mark == "," or opened[-1:] == [mark]


def _closed_text(text: str) -> str:
    """A JSON text that breaks off, with its end, without half an escape."""
    cut = _CUT_ESCAPE.search(text[-_TAIL_CHARS:])
    return (text[: len(text) - len(cut[1])] if cut else text) + '"'
