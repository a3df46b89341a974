"""Differences between upstreams as data: a new relay needs a preset here, not code elsewhere.

No I/O. The settings' overrides are merged here and nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from bot.errors import SettingsWrong
from bot.intake.prices import offered_tiers, price_range, unknown_keys
from bot.painting import Capabilities, Model, Options
from bot.prices import Price, parse_price
from bot.providers.presets.chat import CHAT
from bot.providers.presets.images import IMAGE_RELAY, IMAGE_SANDBOX, IMAGES
from bot.providers.presets.overrides import check_value, configure_wire, describe_overrides
from bot.providers.presets.shape import Dialect, Preset, TokenPrice, Upstream, join_url
from bot.providers.presets.tasks import TASK_RELAY, TASK_SANDBOX, TASKS
from bot.providers.presets.wires import ChatWire, ImagesWire, Path, TaskState, TasksWire, UploadWire, Wire

__all__ = [
    "DIALECTS",
    "PRESETS",
    "ChatWire",
    "Dialect",
    "ImagesWire",
    "Path",
    "Preset",
    "TaskState",
    "TasksWire",
    "TokenPrice",
    "UploadWire",
    "Upstream",
    "Wire",
    "join_url",
    "resolve_upstream",
]

PRESETS: Mapping[str, Preset] = {**CHAT, **TASKS, **IMAGES}

# The preset of an upstream for which the operator names only a dialect and an address.
DIALECTS: Mapping[str, Preset] = {"chat": PRESETS["relay"], "tasks": TASK_RELAY, "images": IMAGE_RELAY}

# A preset in a dialect other than its own, where more than the address differs from DIALECTS.
VARIANTS: Mapping[tuple[str, str], Preset] = {
    ("sandbox", "tasks"): TASK_SANDBOX,
    ("sandbox", "images"): IMAGE_SANDBOX,
}


def resolve_upstream(
    *,
    name: str,
    preset: str | None = None,
    dialect: str | None = None,
    base_url: str | None = None,
    files_base_url: str | None = None,
    api_key: SecretStr | None = None,
    api_version: str | None = None,
    model: str | None = None,
    stream: bool | None = None,
    max_concurrency: int | None = None,
    price: object = None,
    usage_rate: float | None = None,
    timeout_s: float | None = None,
    idle_timeout_s: float | None = None,
    sizes: Sequence[str] | None = None,
    tiers: Sequence[str] | None = None,
    qualities: Sequence[str] | None = None,
    max_n: int | None = None,
    max_references: int | None = None,
    wire: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    extra_edits: Mapping[str, Any] | None = None,
    auth_header: str | None = None,
    auth_prefix: str | None = None,
    probe: str | None = None,
    probe_proves: bool | None = None,
    lists_models: bool | None = None,
    token_price: Mapping[str, Any] | None = None,
) -> Upstream:
    """The upstream of a preset (or of a dialect, without one), overridden by every argument that is not None.

    `api_version` goes into the query of every address (Azure). `sizes` replace the preset's list and its rules. A
    `base_url` without a `files_base_url` holds for both. `price`: as `bot.prices.parse_price` takes it.
    `max_concurrency` is accepted, so that all settings of a provider can be passed, and ignored: it belongs to the
    caller of the provider. `wire`, `extra`, `extra_edits`: as of `configure_wire`. `token_price`: the fields of a
    TokenPrice.

    Raises SettingsWrong: an unknown preset or dialect, no base address, a key that no header can carry, a price of
    what it does not offer, or what the wire has no place for.
    """
    base = _choose(name, preset, dialect)
    overrides = {
        "base_url": base_url,
        "files_base_url": files_base_url,
        "model": model,
        "stream": stream,
        "price": None if price is None else _price(name, price),
        "timeout_s": timeout_s,
        "idle_timeout_s": idle_timeout_s,
        "auth_header": auth_header,
        "auth_prefix": auth_prefix,
        "probe": probe,
        "probe_proves": probe_proves,
        "lists_models": lists_models,
        "token_price": token_price and check_value(TokenPrice, token_price, f"providers.{name}.token_price"),
    }
    if base_url is not None:  # another address holds for uploads too: users' images and the key go nowhere else
        base = replace(base, files_base_url=None)
    base = replace(base, **{key: value for key, value in overrides.items() if value is not None})
    if base.base_url is None:
        raise SettingsWrong([f"providers.{name}.base_url: this preset has none of its own; set it"])
    if api_key is not None and not _fits_header(api_key.get_secret_value()):
        raise SettingsWrong([f"providers.{name}.api_key: holds blanks or characters that no key has"])
    capabilities = base.capabilities
    if sizes is not None:
        capabilities = replace(capabilities, sizes=tuple(sizes), size_rules=())
    if tiers is not None:
        capabilities = replace(capabilities, tiers=tuple(tier.upper() for tier in tiers))
    if qualities is not None:
        capabilities = replace(capabilities, qualities=tuple(qualities))
    if max_n is not None:
        capabilities = replace(capabilities, max_n=max_n, counts=tuple(n for n in capabilities.counts if n <= max_n))
    if max_references is not None:
        capabilities = replace(capabilities, max_references=max_references)
    if unknown := unknown_keys(base.price, capabilities):
        raise SettingsWrong([_unknown_keys(name, unknown, capabilities)])
    possible = price_range(base.price, Options(), capabilities)
    own_wire = _with_api_version(name, base.wire, api_version)
    configured = configure_wire(own_wire, f"providers.{name}", fields=wire, extra=extra, extra_edits=extra_edits)
    models = (Model(name=base.model, price=possible, aliases=(name,)),)
    return Upstream(
        name=name,
        preset=preset,
        dialect=base.dialect,
        wire=configured,
        overrides=describe_overrides(own_wire, configured),
        base_url=base.base_url.rstrip("/"),
        files_base_url=base.files_base_url.rstrip("/") if base.files_base_url else None,
        api_key=api_key,
        auth_header=base.auth_header,
        auth_prefix=base.auth_prefix,
        model=base.model,
        stream=base.stream,
        price=base.price,
        token_price=base.token_price,
        usage_rate=usage_rate,
        timeout_s=base.timeout_s,
        idle_timeout_s=base.idle_timeout_s,
        probe=base.probe,
        probe_proves=base.probe_proves,
        lists_models=base.lists_models,
        capabilities=replace(capabilities, models=models),
    )


def _choose(name: str, preset: str | None, dialect: str | None) -> Preset:
    if preset is not None and preset not in PRESETS:
        raise SettingsWrong([f"providers.{name}.preset: {preset} is not one of {', '.join(PRESETS)}"])
    if dialect is not None and dialect not in DIALECTS:
        raise SettingsWrong([f"providers.{name}.dialect: {dialect} is not one of {', '.join(DIALECTS)}"])
    if preset is None:
        if dialect is None:
            raise SettingsWrong([f"providers.{name}: needs a preset, or a dialect and a base_url"])
        return DIALECTS[dialect]
    own = PRESETS[preset]
    variant = VARIANTS.get((preset, dialect or own.dialect)) or DIALECTS[dialect or own.dialect]
    return own if variant.dialect == own.dialect else replace(variant, base_url=own.base_url)


def _price(name: str, value: object) -> Price:
    try:
        return parse_price(value)
    except ValueError as wrong:
        raise SettingsWrong([f"providers.{name}.price: {wrong}"]) from None


def _unknown_keys(name: str, unknown: Sequence[str], capabilities: Capabilities) -> str:
    offered = ", ".join((*capabilities.qualities, *offered_tiers(capabilities))) or "neither qualities nor tiers"
    return f"providers.{name}.price: {', '.join(unknown)} is nothing that it paints; it has {offered}"


def _with_api_version(name: str, wire: Wire, api_version: str | None) -> Wire:
    if api_version is None:
        return wire
    if not isinstance(wire, ImagesWire):
        raise SettingsWrong([f"providers.{name}.api_version: only the dialect images has one"])
    return replace(wire, query={**wire.query, "api-version": api_version})


def _fits_header(key: str) -> bool:
    return key.isascii() and key.isprintable() and " " not in key
