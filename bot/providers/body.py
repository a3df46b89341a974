"""A request's body from what was chosen, the wire's names for it, and the operator's further fields. Pure.

No option is left out here: what a wire cannot carry is not offered (`presets.carriage`).
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import cast

from bot.intake.sizes import resolve_request_size
from bot.painting import Capabilities, PaintRequest
from bot.providers.presets.wires import Option, RequestWire


def sent_options(request: PaintRequest, capabilities: Capabilities, wire: RequestWire) -> Mapping[Option, str | int]:
    """What was chosen beside the number of images, and the wire's defaults, in the upstream's spelling; the size as it
    takes it."""
    options = request.options
    size = resolve_request_size(request, capabilities)
    values: Mapping[Option, str | int | None] = {
        "size": size.size,
        "tier": size.tier,
        "quality": options.quality,
        "background": options.background,
        "format": options.format,
        "compression": options.compression,
    }
    chosen: dict[Option, str | int] = {
        option: _spelled(value, wire) for option, value in values.items() if value is not None
    }
    has_size = "size" in chosen or "tier" in chosen
    left: dict[Option, str | int] = {
        option: value for option, value in wire.defaults.items() if not (has_size and option in ("size", "tier"))
    }
    return left | chosen


def _spelled(value: str | int, wire: RequestWire) -> str | int:
    return wire.spellings.get(value, value) if isinstance(value, str) else value


def option_fields(sent: Mapping[Option, str | int], wire: RequestWire) -> Mapping[str, str | int]:
    """The options by the names of their fields, of those that have one."""
    return {field: value for option, value in sent.items() if (field := wire.option_field(option))}


def safety_fields(request: PaintRequest, wire: RequestWire) -> Mapping[str, str]:
    """The field that tells the user apart from others, where the wire has one."""
    named = request.safety_identifier
    return {wire.safety_field: named} if wire.safety_field and named else {}


def build_body(wire: RequestWire, fields: Mapping[str, object], *, has_references: bool) -> dict[str, object]:
    """The body as a JSON object. `fields`: what Easel sends, by names with dots; those without a name are left out.
    It stands before every further field of the operator's."""
    body = deepcopy(dict(wire.extra))
    if has_references:
        _merge(body, wire.extra_edits)
    for name, value in fields.items():
        if name:
            _set_nested(body, name, value)
    return body


def form_fields(body: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a form for a JSON object, as OpenAI's own client writes them: `table[name]`, `list[]`, true, 1."""
    for name, value in body.items():
        yield from _form_values(f"{prefix}[{name}]" if prefix else name, value)


def _form_values(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        yield from form_fields(cast("Mapping[str, object]", value), name)
    elif isinstance(value, list | tuple):
        for each in cast("list[object]", value):
            yield from _form_values(f"{name}[]", each)
    elif value is not None:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


def _set_nested(body: dict[str, object], name: str, value: object) -> None:
    """Sets a field whose name has dots between tables, beside what the tables hold already."""
    *outer, last = name.split(".")
    for each in outer:
        inner = body.get(each)
        body[each] = inner = cast("dict[str, object]", inner) if isinstance(inner, dict) else {}
        body = inner
    body[last] = value


def _merge(body: dict[str, object], added: Mapping[str, object]) -> None:
    """Adds to a table, and to the tables in it, what is there or not."""
    for name, value in added.items():
        inner = body.get(name)
        if isinstance(inner, dict) and isinstance(value, Mapping):
            _merge(cast("dict[str, object]", inner), cast("Mapping[str, object]", value))
        else:
            body[name] = deepcopy(value)
