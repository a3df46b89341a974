"""Where an operator's mistake stands, in words: the file or the variable, and which entry of a list.

Turns the line of a mistake, which begins with its key, into one for a terminal. Reads nothing.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from bot.settings.types import PREFIX

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_LINE = re.compile(r"(?P<key>[a-z]\w*(?:\.\w+)*): (?P<words>.*)", re.DOTALL)
_ENTRY = re.compile(r"\b(?P<list>[a-z]\w*(?:\.[a-z]\w*)?)\.(?P<at>\d+)(?:\.|(?!\w))")


def for_operator(problem: str, *, file: Path, in_file: Collection[str], environ: Mapping[str, str]) -> str:
    """A mistake's line with where it stands in front: `easel.toml: limits.user_daly: unknown key`.

    `file`: the settings file; `in_file`: the keys at its top, none where it is not there.
    """
    found = _LINE.fullmatch(problem)
    if found is None:
        return problem
    line = _named_entries(problem)
    variable = _variable(found["key"], environ)
    if variable is not None:
        return f"{variable}: {line}"
    return f"{file}: {line}" if found["key"].partition(".")[0] in in_file else line


def _variable(key: str, environ: Mapping[str, str]) -> str | None:
    """The environment variable that a key, or the list or table around it, comes from."""
    given = {name.upper(): name for name in environ}
    parts = key.upper().split(".")
    names = (PREFIX + "__".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((given[name] for name in names if name in given), None)


def _named_entries(line: str) -> str:
    """`providers.0.name` as an operator counts: `the first [[providers]]: name`, and `its name` within the words."""
    key, _, words = line.partition(": ")
    head = _ENTRY.sub(lambda entry: f"the {_ordinal(int(entry['at']))} [[{entry['list']}]]: ", key).removesuffix(": ")
    return f"{head}: {_ENTRY.sub('', words)}"


def _ordinal(at: int) -> str:
    """`at`: counted from 0."""
    if at < len(ORDINALS):
        return ORDINALS[at]
    number = at + 1
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
