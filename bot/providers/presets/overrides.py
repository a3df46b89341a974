"""What operators set in the place of a preset's wire: checked against the wire's own fields, then merged. Pure.

The names, types and ranges are those of the dataclasses in `wires`; none is written twice.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from bot.errors import SettingsWrong
from bot.providers.presets.shape import Dialect
from bot.providers.presets.wires import ChatWire, ImagesWire, TasksWire, Wire

W = TypeVar("W")

# Tables that are added to; all others replace what they override.
MERGED = frozenset({"query", "headers", "defaults", "spellings", "states", "fields", "extra", "extra_edits"})

WIRES: Mapping[Dialect, type[Wire]] = {"chat": ChatWire, "tasks": TasksWire, "images": ImagesWire}


@dataclass(frozen=True, slots=True, kw_only=True)
class WireSettings:
    """What one table of the settings says about a wire: that of a provider, or of one of its models."""

    key: str
    """Where the table stands among the settings."""

    wire: Mapping[str, object] = field(default_factory=dict[str, object])
    """Fields of the wire, by name."""

    extra: Mapping[str, object] = field(default_factory=dict[str, object])
    """Further fields of every request to paint."""

    extra_edits: Mapping[str, object] = field(default_factory=dict[str, object])
    """Further fields of requests with references only."""

    @property
    def tables(self) -> Sequence[tuple[str, Mapping[str, object]]]:
        """What it sets of a wire, with the key of each."""
        further = {"extra": self.extra, "extra_edits": self.extra_edits}
        return [
            (f"{self.key}.wire", self.wire),
            *((self.key, {name: table}) for name, table in further.items() if table),
        ]

    def has_further(self, table: str, path: str) -> bool:
        """Whether it sets a further field, by the name of its table and its own with dots."""
        given = self.extra if table == "extra" else self.extra_edits
        return path in _leaves(given)


def configure_wire(wire: Wire, *settings: WireSettings) -> Wire:
    """A wire with what an operator set in its place: for a provider, then for one of its models.

    Raises SettingsWrong: one line for each mistake.
    """
    problems: list[str] = []
    for where, given in (table for each in settings for table in each.tables):
        try:
            wire = override_wire(wire, given, where)
        except SettingsWrong as wrong:
            problems += wrong.problems
    if problems:
        raise SettingsWrong(problems)
    if any(given for each in settings for _, given in each.tables):
        check_wire(wire, settings)
    return wire


def describe_values(given: Mapping[str, object]) -> tuple[str, ...]:
    """What is set of a preset beside its wire, as in the settings; None: it is not."""
    return tuple(f"{name} = {_as_setting(value)}" for name, value in given.items() if value is not None)


def describe_overrides(before: Wire, after: Wire) -> tuple[str, ...]:
    """What stands in the place of a preset's wire, as in the settings: `wire.size_field = "aspect_ratio"`. Of headers
    and further fields only the names: their values may be secret."""
    if type(before) is not type(after):
        return ()
    return tuple(
        line
        for each in fields(after)
        if getattr(after, each.name) != getattr(before, each.name)
        for line in _describe(each.name, getattr(after, each.name), getattr(before, each.name))
    )


def _describe(name: str, value: Any, known: Any) -> Iterator[str]:
    if name in ("extra", "extra_edits"):
        yield f"{name}: {', '.join(_leaves(value))}"
    elif name == "headers":
        yield f"wire.headers: {', '.join(value)}"
    elif is_dataclass(value) and is_dataclass(known):
        for each in fields(value):
            if getattr(value, each.name) != getattr(known, each.name):
                yield from _describe(f"{name}.{each.name}", getattr(value, each.name), getattr(known, each.name))
    elif isinstance(value, Mapping) and isinstance(known, Mapping):
        known = cast("Mapping[str, object]", known)
        value = cast("Mapping[str, object]", value)
        yield f"wire.{name} = {_as_setting({word: value[word] for word in value if value[word] != known.get(word)})}"
    else:
        yield f"wire.{name} = {_as_setting(cast('object', value))}"


def _as_setting(value: object) -> str:
    """A value as it is written in the settings."""
    if value is None:
        return "false"
    return TypeAdapter[object](type(value)).dump_json(value).decode()


def override_wire(wire: W, given: Mapping[str, object], key: str) -> W:
    """The wire with what an operator set in its place. `key`: where that stands in the settings.

    Raises SettingsWrong: one line for each key that the wire does not have, or whose value does not fit.
    """
    problems: list[str] = []
    changes = dict(_checked_fields(type(wire), wire, given, key, problems))
    if problems:
        raise SettingsWrong(problems)
    return replace(cast("Any", wire), **changes)


def check_value(kind: type[W], value: object, key: str) -> W:
    """A value that came from TOML or JSON, as a value of a type; no text counts as a number, no number as a boolean.

    Raises SettingsWrong: one line for each part that does not fit.
    """
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise SettingsWrong([f"{key}: may hold only texts, finite numbers, booleans, lists and tables"]) from None
    try:
        return _adapter(kind).validate_json(text, strict=True)
    except ValidationError as error:
        raise SettingsWrong(list(_explain(error, key))) from None


@cache
def _adapter(kind: type[W]) -> TypeAdapter[W]:
    return TypeAdapter(kind)


@cache
def _hints(kind: type[object]) -> Mapping[str, Any]:
    return MappingProxyType(get_type_hints(kind, include_extras=True))


def check_wire(wire: Wire, settings: Sequence[WireSettings]) -> None:
    """Checks what no field shows alone: that no further field has a name that Easel sends itself, that no two fields
    have the same, and that polls name their task. `settings`: what the wire was made of, the last of which counts.

    Raises SettingsWrong.
    """
    sent = wire.sent_fields()
    problems = [
        f"{_key_of_further(settings, table, path)}.{table}.{path}: Easel sends this field itself"
        + (f"; its name is {_key_of(settings, sent[name])}.wire.{sent[name]}" if sent[name] != name else "")
        for table in ("extra", "extra_edits")
        for path in _leaves(cast("Mapping[str, object]", getattr(wire, table)))
        for name in sent
        if _overlaps(path, name)
    ]
    problems += _repeated_names(wire, settings)
    defaults, task = _key_of(settings, "defaults"), _key_of(settings, "task")
    problems += [
        f"{defaults}.wire.defaults.{option}: the wire has no field for it; set {defaults}.wire.{option}_field"
        for option in wire.defaults
        if not wire.carries(option)
    ]
    if isinstance(wire, TasksWire) and "{id}" not in wire.task and "{id}" not in json.dumps(dict(wire.poll_body)):
        problems.append(f"{task}.wire.task: must have the placeholder {{id}}, or poll_body must")
    if not isinstance(wire, ChatWire) and "{url}" not in json.dumps(wire.reference_item):
        item = _key_of(settings, "reference_item")
        problems.append(f"{item}.wire.reference_item: must have the placeholder {{url}}")
    if problems:
        raise SettingsWrong(problems)


def _key_of(settings: Sequence[WireSettings], name: str) -> str:
    """Where a field of the wire was set last; the first place where it was not set."""
    return next((each.key for each in reversed(settings) if name in each.wire), settings[0].key)


def _key_of_further(settings: Sequence[WireSettings], table: str, path: str) -> str:
    """Where a further field was set last."""
    return next((each.key for each in reversed(settings) if each.has_further(table, path)), settings[0].key)


def _repeated_names(wire: Wire, settings: Sequence[WireSettings]) -> Iterator[str]:
    """One line for each field whose name is that of another, or of a table around it."""
    named = [(name, name) for name in wire.FIXED_FIELDS]
    named += [(each.name, str(getattr(wire, each.name))) for each in fields(wire) if each.name.endswith("_field")]
    for at, (field_, name) in enumerate(named):
        for other, taken in named[:at]:
            if name and taken and _overlaps(name, taken):
                yield f"{_key_of(settings, field_)}.wire.{field_}: {name} is the name of {other} already"


def _overlaps(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}.") or other.startswith(f"{path}.")


def _leaves(table: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    """The dotted names of a table's values that are no tables themselves."""
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(cast("Mapping[str, object]", value), f"{prefix}{name}.")
        else:
            yield prefix + name


# ---------------------------------------------------------------- checking


def _checked_fields(
    kind: type[object], current: object, given: Mapping[str, object], key: str, problems: list[str]
) -> Iterator[tuple[str, object]]:
    """The names and checked values of what is given. `current`: the value that is overridden; None: there is none."""
    hints = _hints(kind)
    names = tuple(each.name for each in fields(cast("Any", kind)))
    for name, value in given.items():
        if name not in names:
            problems.append(f"{key}.{name}: {_unknown(kind, name, names, key)}")
        elif (inner := _dataclass_of(hints[name])) and (isinstance(value, Mapping) or value is False):
            changes = cast("Mapping[str, object]", value) if value else None
            yield name, _checked_inner(inner, getattr(current, name, None), changes, f"{key}.{name}", problems)
        else:
            try:
                checked = check_value(hints[name], value, f"{key}.{name}")
            except SettingsWrong as wrong:
                problems += wrong.problems
                continue
            yield name, _merged(getattr(current, name, None), checked) if name in MERGED else checked


def _checked_inner(
    kind: type[object], current: object, given: Mapping[str, object] | None, key: str, problems: list[str]
) -> object:
    """A wire inside a wire: what is given stands in the place of what is there. None: there shall be none."""
    if given is None:
        return None
    known = len(problems)
    changes = dict(_checked_fields(kind, current, given, key, problems))
    if len(problems) > known:
        return None
    if current is not None:
        return replace(cast("Any", current), **changes)
    try:
        return kind(**changes)
    except TypeError:
        needed = [each.name for each in fields(cast("Any", kind)) if each.name == "path" and each.name not in changes]
        problems.append(f"{key}: needs {', '.join(needed)}")
        return None


def _merged(before: object, added: object) -> object:
    """A table with what is added to it, or set in the place of what it has, also of tables in it; of anything else,
    what is added."""
    if not (isinstance(before, Mapping) and isinstance(added, Mapping)):
        return added
    known, new = cast("Mapping[str, object]", before), cast("Mapping[str, object]", added)
    return MappingProxyType({**known, **{name: _merged(known.get(name), value) for name, value in new.items()}})


def _dataclass_of(hint: object) -> type[object] | None:
    """The dataclass that a value may be, beside None."""
    kinds = get_args(hint) if isinstance(hint, UnionType) or get_origin(hint) is not None else (hint,)
    return next((each for each in kinds if isinstance(each, type) and is_dataclass(each)), None)


def _unknown(kind: type[object], name: str, names: tuple[str, ...], key: str) -> str:
    """Why a key is unknown: it belongs to another dialect, or is misspelt."""
    others = [dialect for dialect, wire in WIRES.items() if name in {each.name for each in fields(wire)}]
    if others and kind in WIRES.values():
        own = next(dialect for dialect, wire in WIRES.items() if wire is kind)
        verb = "has" if len(others) == 1 else "have"
        return f"unknown key; the dialect {own} has none, {' and '.join(others)} {verb}"
    near = get_close_matches(name, names, n=1)
    return f"unknown key; did you mean {key}.{near[0]}?" if near else "unknown key"


def _explain(error: ValidationError, key: str) -> Iterator[str]:
    """A line for each of pydantic's findings; never the value, which may be a secret."""
    for each in error.errors(include_url=False):
        where = ".".join([key, *(str(step) for step in each["loc"])])
        if each["type"] == "value_error" and "ctx" in each:
            yield f"{where}: {each['ctx']['error']}"
        else:
            reason = each["msg"].replace("valid tuple", "list").replace("valid array", "list")
            yield f"{where}: {reason[:1].lower()}{reason[1:]}"
