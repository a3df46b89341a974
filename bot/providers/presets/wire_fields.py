"""Forms of a wire's values, as presets and operators write them: names of fields, paths in answers, templates.

Values and their checks only; the wires themselves are in `wires`.
"""

import re
from collections.abc import Mapping
from string import Formatter
from types import MappingProxyType
from typing import Annotated, TypeVar, cast

from pydantic import AfterValidator, BeforeValidator

W = TypeVar("W")


def _dotted(value: object) -> object:
    """A list of names, from the outside in, as one name with dots."""
    names = _tuple(value)
    is_list = isinstance(names, tuple) and all(isinstance(each, str) for each in cast("tuple[object, ...]", names))
    return ".".join(cast("tuple[str, ...]", names)) if is_list else value


def _check_name(value: str) -> str:
    if value and not all(value.split(".")):
        raise ValueError("must be the name of a field, with dots between a table's name and the names inside it")
    return value


def _path(value: object) -> object:
    """A path written with dots as its steps; numbers are positions in lists."""
    if not isinstance(value, str):
        return _tuple(value)
    return tuple(int(step) if re.fullmatch(r"-?\d+", step) else step for step in value.split(".") if step)


def _several(value: object) -> object:
    """A single text as a list of one."""
    return (value,) if isinstance(value, str) else _tuple(value)


def _tuple(value: object) -> object:
    """A list of JSON as a tuple; anything else as it is."""
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value


def _template(*names: str, optional: tuple[str, ...] = ()) -> AfterValidator:
    """Checks a text with placeholders: each of `names` stands in it, unless it is empty, and no other."""

    def check(value: str) -> str:
        try:
            parsed = list(Formatter().parse(value))
        except ValueError:
            raise ValueError("has a brace without its other half; write a brace of the text twice") from None
        found = {name for _, name, _, _ in parsed if name is not None}
        plain = all(not spec and conversion is None for _, name, spec, conversion in parsed if name is not None)
        wanted = " and ".join(f"{{{name}}}" for name in names)
        if not plain or not found <= {*names, *optional}:
            allowed = " and ".join(f"{{{name}}}" for name in (*names, *optional))
            raise ValueError(f"may have no other placeholder than {allowed}")
        if value and not found >= set(names):
            raise ValueError(f"must have the placeholder {wanted}")
        return value

    return AfterValidator(check)


def _freeze(value: Mapping[str, object]) -> Mapping[str, object]:
    return MappingProxyType(dict(value))


def _lower(value: Mapping[str, object]) -> Mapping[str, object]:
    """A table of words without differences of case."""
    return MappingProxyType({word.strip().lower(): meaning for word, meaning in value.items()})


def _check_headers(value: Mapping[str, str]) -> Mapping[str, str]:
    for name, text in value.items():
        if re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) is None:
            raise ValueError("no header can have such a name")
        if name.lower() in OWN_HEADERS:
            raise ValueError(f"Easel sends the header {name} itself")
        if not (text.isascii() and text.isprintable()):
            raise ValueError(f"the header {name} has characters that no header can carry")
    return MappingProxyType(dict(value))


OWN_HEADERS = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding"}
)

FieldName = Annotated[str, BeforeValidator(_dotted), AfterValidator(_check_name)]
"""Name of a field of a request; dots lead into tables (`input.aspect_ratio`). Empty: there is no such field."""

Path = Annotated[tuple[str | int, ...], BeforeValidator(_path)]
"""Path of a value inside a JSON document, from the outside in: names of fields, positions in lists. A text on its way
is read as JSON. Settings may write it with dots: `data.images.0`."""

Paths = Annotated[tuple[Path, ...], BeforeValidator(_several)]
"""Paths that are tried in order; the first one that leads to something counts."""

ModelPath = Annotated[str, _template(optional=("model",))]
"""Path of an endpoint, behind the base address; `{model}` is the model's name."""

Table = Annotated[Mapping[str, object], AfterValidator(_freeze)]
"""A JSON object."""


def empty_table() -> Table:
    """What a field of a wire holds where nothing is said."""
    return MappingProxyType({})


Texts = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""Texts; a single one may stand for a list of one."""

Headers = Annotated[Mapping[str, str], AfterValidator(_check_headers)]
"""Names and values of headers."""

Words = Annotated[Mapping[str, W], AfterValidator(_lower)]
"""Meanings of words, in any case."""

SizeText = Annotated[str, _template("size")]
"""Text that carries the size as `{size}`."""

QualityText = Annotated[str, _template("quality")]
"""Text that carries the quality as `{quality}`."""

TaskPath = Annotated[str, _template(optional=("id", "model"))]
"""Path of a task, behind the base address; `{id}` is its id."""


def fill(template: object, placeholder: str, text: str) -> object:
    """A JSON value with a text in place of a placeholder, wherever that stands in it."""
    if isinstance(template, str):
        return template.replace(placeholder, text)
    if isinstance(template, Mapping):
        pairs = cast("Mapping[str, object]", template).items()
        return {name: fill(value, placeholder, text) for name, value in pairs}
    if isinstance(template, list | tuple):
        return [fill(each, placeholder, text) for each in cast("list[object]", template)]
    return template
