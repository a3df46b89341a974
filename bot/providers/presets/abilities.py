"""What a model can do: its row of the table, as far as the wire carries it, and what the operator sets in its place.

Pure. Nothing that a wire has no field for is ever offered, and setting it is a mistake that names its key.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.intake.sizes import resolve_size
from bot.painting import Capabilities, Options
from bot.providers.presets.shape import ModelRule
from bot.providers.presets.wires import Option, Wire

# Setting -> what a wire calls the option.
_OPTIONS: Mapping[str, Option] = {
    "sizes": "size",
    "tiers": "tier",
    "qualities": "quality",
    "backgrounds": "background",
    "formats": "format",
    "compression": "compression",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What the operator says of a model, in place of its row. None: as the row says."""

    sizes: Sequence[str] | None = None
    """Sizes it lists, in its own spelling; rules for pixels hold no longer."""

    tiers: Sequence[str] | None = None
    """Resolution tiers that it takes in a field of their own."""

    qualities: Sequence[str] | None = None
    """Values of its quality option."""

    backgrounds: Sequence[str] | None = None
    """Values of its background option."""

    formats: Sequence[str] | None = None
    """File formats that it can be asked for."""

    counts: Sequence[int] | None = None
    """Numbers of images that one request may ask for, each > 0."""

    max_n: int | None = None
    """Most images of one request, > 0."""

    max_references: int | None = None
    """Most reference images of one request, >= 0."""

    max_prompt_chars: int | None = None
    """Longest prompt, characters; > 0."""

    masks: bool | None = None
    """Whether it takes a mask itself; where not, it is shown a marked copy of the picture."""


def find_rule(model: str, rules: Sequence[ModelRule]) -> tuple[ModelRule, str] | None:
    """The row of a model and the family by which it was found: the longest that its name contains as whole words.
    None: it is in no row."""
    name = re.sub(r"[_\s]+", "-", model.casefold())
    found = [(len(each), each, rule) for rule in rules for each in rule.families if _contains(name, each)]
    if not found:
        return None
    _, family, rule = max(found, key=lambda each: each[0])
    return rule, family


def _contains(name: str, family: str) -> bool:
    """Whether a family stands in a name, and is not the beginning or end of another word or number."""
    return re.search(rf"(?<![a-z0-9]){re.escape(family)}(?![0-9])", name) is not None


def fit_to_wire(capabilities: Capabilities, wire: Wire) -> Capabilities:
    """The capabilities without those that the wire cannot carry."""
    without: Mapping[Option, Mapping[str, Any]] = {
        "size": {"sizes": (), "size_rules": ()},
        "tier": {"tiers": ()},
        "quality": {"qualities": ()},
        "background": {"backgrounds": ()},
        "format": {"formats": ()},
        "compression": {"supports_compression": False},
    }
    changes = {
        name: none for option, lack in without.items() if not wire.carries(option) for name, none in lack.items()
    }
    if not wire.carries_several:
        changes |= {"counts": (), "max_n": 1}
    if wire.max_references is not None:
        changes["max_references"] = min(wire.max_references, capabilities.max_references)
    if not wire.carries_masks:
        changes["supports_masks"] = False
    changes["supports_markup"] = bool(wire.markup_field) and wire.max_references != 0
    return replace(capabilities, **changes)


def unsupported_settings(abilities: Abilities, wire: Wire) -> list[str]:
    """Names of the settings that ask for what the wire cannot carry."""
    wrong = [name for name, option in _OPTIONS.items() if getattr(abilities, name, None) and not wire.carries(option)]
    if not wire.carries_several:
        wrong += ["counts"] if max(abilities.counts or (), default=1) > 1 else []
        wrong += ["max_n"] if (abilities.max_n or 1) > 1 else []
    if wire.max_references is not None and (abilities.max_references or 0) > wire.max_references:
        wrong.append("max_references")
    if abilities.masks and not wire.carries_masks:
        wrong.append("masks")
    return wrong


def override(capabilities: Capabilities, abilities: Abilities) -> Capabilities:
    """The capabilities with what the operator set in their place."""
    changes: dict[str, Any] = {}
    for name in ("qualities", "backgrounds", "formats"):
        if (words := getattr(abilities, name)) is not None:
            changes[name] = tuple(words)
    for name in ("max_references", "max_prompt_chars"):
        if (limit := getattr(abilities, name)) is not None:
            changes[name] = limit
    if abilities.sizes is not None:
        changes |= {"sizes": tuple(abilities.sizes), "size_rules": ()}
    if abilities.tiers is not None:
        changes["tiers"] = tuple(tier.upper() for tier in abilities.tiers)
    if abilities.masks is not None:
        changes["supports_masks"] = abilities.masks
    return replace(_with_counts(capabilities, abilities), **changes)


def with_defaults(capabilities: Capabilities, wire: Wire) -> Capabilities:
    """The capabilities with what the wire sends of options that nobody chose, as far as it is one of them."""
    spelled = {upstreams: own for own, upstreams in wire.spellings.items()}
    sent = {option: spelled.get(str(value), str(value)) for option, value in wire.defaults.items()}
    quality, size, tier = sent.get("quality"), sent.get("size"), sent.get("tier")
    has_size = bool(size or tier) and resolve_size(size, tier, capabilities) is not None
    unchosen = Options(
        quality=quality if quality in capabilities.qualities else None,
        size=size if has_size else None,
        tier=tier if has_size else None,
    )
    return replace(capabilities, unchosen=unchosen)


def _with_counts(capabilities: Capabilities, abilities: Abilities) -> Capabilities:
    """The capabilities with the numbers of images that the operator set: those listed, up to the most."""
    counts = capabilities.counts if abilities.counts is None else tuple(sorted(set(abilities.counts)))
    most = abilities.max_n
    if most is None:
        return replace(capabilities, counts=counts)
    is_beyond_list = abilities.counts is None and most > max(counts, default=most)
    return replace(capabilities, max_n=most, counts=() if is_beyond_list else tuple(n for n in counts if n <= most))
