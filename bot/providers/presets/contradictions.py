"""What an operator sets of a provider that cannot be, or would have no effect: found before anything starts. Pure.

Each finding is a setting and why it is wrong; where it stands among the settings, the caller knows.
"""

from collections.abc import Iterator, Mapping, Sequence

from bot.providers.presets.shape import Preset
from bot.providers.presets.wire_fields import OWN_HEADERS
from bot.providers.presets.wires import ImagesWire, Wire


def find_contradictions(preset: Preset, wire: Wire, given: Mapping[str, object]) -> list[tuple[str, str]]:
    """Settings that contradict each other or the dialect. `preset`, `wire`: with what the operator set in their place;
    `given`: the settings of the provider by name, None: not set."""
    return [*_tokens(wire, given), *_headers(preset, wire, given), *_counts(given), *_switched(wire, given)]


def _tokens(wire: Wire, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    if given.get("token_price") is not None and not isinstance(wire, ImagesWire):
        yield "token_price", "only the dialect images counts tokens; set wire.credits_path"


def _headers(preset: Preset, wire: Wire, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Headers that would be sent with two values."""
    names = [each.lower() for each in wire.headers]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield "wire.headers", f"names {name} twice"
    if preset.auth_header.lower() in OWN_HEADERS:
        yield "auth_header", f"Easel sends the header {preset.auth_header} itself"
    elif given.get("api_key") is not None and preset.auth_header.lower() in names:
        yield "wire.headers", f"{preset.auth_header} carries the api_key; set auth_header, or no api_key"


def _counts(given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    counts = given.get("counts")
    if isinstance(counts, Sequence) and counts and 1 not in counts:
        yield "counts", "must have 1, which is what members ask for who name no number"


def _switched(wire: Wire, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What is turned on or off against the name of its field."""
    for setting, key in (("safety_identifier", "safety_field"), ("markup", "markup_field")):
        name = str(getattr(wire, key))
        if given.get(setting) is False and name:
            yield setting, f"wire.{key} names a field for it; leave one of them out"
        if given.get(setting) is True and not name:
            yield setting, f"wire.{key} is empty; leave one of them out"
