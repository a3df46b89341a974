"""Calls and answers against a machine-readable description of the Bot API. Knows no method by itself.

The description is read from the folder that EASEL_SPECS names; without it nothing is validated.
"""

import functools
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from tests.servers.telegram.errors import Json

NAME = "telegram-bot-api.json"
CONSTANT = re.compile(r"(?:always|must be) [\"“]?([a-z_]+)[\"”]?\.?$")
ARRAY = "Array of "
PLAIN: Mapping[str, Callable[[Any], bool]] = {
    "Integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Boolean": lambda value: isinstance(value, bool),
    "True": lambda value: value is True,
    "String": lambda value: isinstance(value, str),
    "Float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "InputFile": lambda value: isinstance(value, str),
}


class Spec:
    """`document`: the description. Nothing that it does not name may be said, in either direction."""

    def __init__(self, document: Json) -> None:
        self._methods: dict[str, Json] = document["methods"]
        self._types: dict[str, Json] = document["types"]

    def call(self, method: str, params: Json) -> list[str]:
        """What is wrong with a call, its parameters decoded."""
        described = self._methods.get(method)
        if described is None:
            return ["no such method"]
        return self._fields(params, described.get("fields", []), "")

    def answer(self, method: str, result: Any) -> list[str]:
        """What is wrong with a result."""
        return self._any(result, self._methods[method]["returns"], "result")

    def value(self, type_: str, value: Any) -> list[str]:
        """What is wrong with a value of a named type."""
        return self._any(value, [type_], type_)

    def _any(self, value: Any, types: list[str], where: str) -> list[str]:
        """The complaints of the type that fits best; none when one fits."""
        options = [self._one(value, type_, where) for type_ in types]
        return min(options, key=len)

    def _one(self, value: Any, type_: str, where: str) -> list[str]:
        if type_.startswith(ARRAY):
            if not isinstance(value, list):
                return [f"{where}: not a list"]
            items = cast("list[Any]", value)
            inner = [type_.removeprefix(ARRAY)]
            return [wrong for n, item in enumerate(items) for wrong in self._any(item, inner, f"{where}[{n}]")]
        if type_ in PLAIN:
            return [] if PLAIN[type_](value) else [f"{where}: {value!r:.60} is no {type_}"]
        described = self._types[type_]
        if subtypes := described.get("subtypes"):
            return self._any(value, self._likely(value, subtypes), where)
        if not isinstance(value, dict):
            return [f"{where}: {value!r:.60} is no {type_}"]
        return self._fields(cast("Json", value), described.get("fields", []), where)

    def _likely(self, value: Any, subtypes: list[str]) -> list[str]:
        """Those whose constant field agrees with the value; all when none does."""
        fitting = [one for one in subtypes if not self._clashes(value, one)]
        return fitting or subtypes

    def _clashes(self, value: Any, type_: str) -> bool:
        for field in self._types[type_].get("fields", []):
            found = CONSTANT.search(field["description"])
            if found and field["name"] in ("type", "status", "source"):
                return not isinstance(value, dict) or cast("Json", value).get(field["name"]) != found[1]
        return False

    def _fields(self, given: Json, fields: list[Json], where: str) -> list[str]:
        known = {field["name"]: field for field in fields}
        wrong = [f"{where or 'parameters'}: unknown {name!r}" for name in given if name not in known]
        wrong += [
            f"{where or 'parameters'}: {name!r} is missing"
            for name, field in known.items()
            if field["required"] and name not in given
        ]
        for name, value in given.items():
            if name in known:
                wrong += self._any(value, known[name]["types"], f"{where}.{name}".lstrip("."))
        return wrong


@functools.cache
def load(folder: str) -> Spec | None:
    """The description in a folder, read once; None when there is none."""
    path = Path(folder) / NAME
    return Spec(json.loads(path.read_bytes())) if path.is_file() else None


def from_environment() -> Spec | None:
    folder = os.environ.get("EASEL_SPECS")
    return load(folder) if folder else None
