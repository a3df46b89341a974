"""Makes upstreams of presets: one for each model of a provider, with the operator's settings in the preset's place.

No I/O. The settings are merged here and nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pydantic import SecretStr

from bot.errors import SettingsWrong
from bot.intake.prices import offered_tiers, price_range, unknown_keys
from bot.painting import Capabilities, Model, Options
from bot.prices import Price, parse_price
from bot.providers.presets.abilities import (
    Abilities,
    find_rule,
    fit_to_wire,
    override,
    unsupported_settings,
    with_defaults,
)
from bot.providers.presets.chat import CHAT
from bot.providers.presets.contradictions import find_contradictions
from bot.providers.presets.images import IMAGE_RELAY, IMAGE_SANDBOX, IMAGES
from bot.providers.presets.overrides import (
    WireSettings,
    check_value,
    configure_wire,
    describe_overrides,
    describe_values,
)
from bot.providers.presets.shape import ModelRule, Preset, TokenPrice, Upstream
from bot.providers.presets.tasks import TASK_RELAY, TASK_SANDBOX, TASKS
from bot.providers.presets.wires import ImagesWire, Wire
from bot.providers.requirements import merge_capabilities

PRESETS: Mapping[str, Preset] = {**CHAT, **TASKS, **IMAGES}

# The preset of an upstream for which the operator names only a dialect and an address.
DIALECTS: Mapping[str, Preset] = {"chat": PRESETS["relay"], "tasks": TASK_RELAY, "images": IMAGE_RELAY}

# A preset in a dialect other than its own, where more than the address differs from DIALECTS.
VARIANTS: Mapping[tuple[str, str], Preset] = {
    ("sandbox", "tasks"): TASK_SANDBOX,
    ("sandbox", "images"): IMAGE_SANDBOX,
}


SAFETY_FIELD = "safety_identifier"  # OpenAI's name, for upstreams whose preset has none
MARKUP_FIELD = "markup"  # the same
WIRE_TABLES = ("wire", "extra", "extra_edits")  # settings of a provider that those of a model are added to


def resolve_providers(providers: Sequence[Mapping[str, Any]]) -> list[tuple[Upstream, ...]]:
    """The upstreams of each provider of the settings.

    Raises SettingsWrong with every mistake of all of them.
    """
    resolved: list[tuple[Upstream, ...]] = []
    problems: list[str] = []
    for at, provider in enumerate(providers):
        try:
            resolved.append(resolve_upstreams(key=f"providers.{at}", **provider))
        except SettingsWrong as wrong:
            problems += wrong.problems
    if problems:
        raise SettingsWrong(problems)
    return resolved


def resolve_upstreams(
    *, key: str | None = None, models: Sequence[Mapping[str, Any]] = (), **provider: Any
) -> tuple[Upstream, ...]:
    """The upstreams of a provider: one for each of `models`, in order, or the one of its only model.

    `key`: of the provider among the settings; None: its name. Each of `models` has a `name` and whatever of `provider`
    it has otherwise; None leaves a value to the provider, and there to the preset; what it has of `wire`, `extra` and
    `extra_edits` is added to the provider's.

    Raises SettingsWrong with every mistake.
    """
    key = key or f"providers.{provider['name']}"
    if not models:
        return (resolve_upstream(key=key, **provider),)
    made: list[Upstream] = []
    problems: dict[str, None] = {}  # one of the provider itself would come with each model
    for at, model in enumerate(models):
        tables: dict[str, Mapping[str, Any]] = {name: model.get(name) or {} for name in WIRE_TABLES}
        of_wire = WireSettings(key=f"{key}.models.{at}", **tables)
        own = {name: value for name, value in model.items() if value is not None and name not in WIRE_TABLES}
        settings = {**provider, **own, "name": provider["name"], "model": own["name"]}
        keys = dict.fromkeys(own, of_wire.key)
        is_only = len(models) == 1
        try:
            made.append(resolve_upstream(key=key, keys=keys, is_only_model=is_only, model_wire=of_wire, **settings))
        except SettingsWrong as wrong:
            problems |= dict.fromkeys(wrong.problems)
    if problems:
        raise SettingsWrong(list(problems))
    sharing = [each for each, model in zip(made, models, strict=True) if model.get("price") is None]
    _check_shared_price(f"{key}.price", sharing)
    return tuple(made)


def resolve_upstream(
    *,
    name: str,
    key: str | None = None,
    keys: Mapping[str, str] = MappingProxyType({}),
    preset: str | None = None,
    dialect: str | None = None,
    base_url: str | None = None,
    files_base_url: str | None = None,
    api_key: SecretStr | None = None,
    api_version: str | None = None,
    model: str | None = None,
    label: str | None = None,
    family: str | None = None,
    is_only_model: bool = True,
    model_wire: WireSettings | None = None,
    stream: bool | None = None,
    max_concurrency: int | None = None,
    price: object = None,
    usage_rate: float | None = None,
    timeout_s: float | None = None,
    idle_timeout_s: float | None = None,
    wire: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    extra_edits: Mapping[str, Any] | None = None,
    auth_header: str | None = None,
    auth_prefix: str | None = None,
    probe: str | None = None,
    probe_proves: bool | None = None,
    lists_models: bool | None = None,
    token_price: Mapping[str, Any] | None = None,
    safety_identifier: bool | None = None,
    markup: bool | None = None,
    **abilities: Any,
) -> Upstream:
    """One model of a preset (or of a dialect, without one), overridden by every argument that is not None.

    `api_version` goes into the query of every address (Azure). `family` names the row of the preset's table that says
    what the model can do, where its own name does not. `abilities`: as of `Abilities`; `sizes` replace the preset's
    list and its rules. `price`: as `bot.prices.parse_price` takes it. A `base_url` without a `files_base_url` holds for
    both. `max_concurrency` is accepted, so that all settings of a provider can be passed, and ignored: it belongs to
    the caller of the provider. `wire`, `extra`, `extra_edits`: as of WireSettings, and `model_wire` those that are set
    for the model. `token_price`: the fields of a TokenPrice. `safety_identifier`: whether users are distinguished at
    the upstream, in the wire's field for it, else in SAFETY_FIELD; `markup`: the same of marks as a layer and
    MARKUP_FIELD. `key`: of the provider among the settings, None: its name; `keys`: of the table that a setting stands
    in, where it is another.

    Raises SettingsWrong: an unknown preset, dialect or family, no base address, a key that no header can carry,
    abilities that the wire cannot carry, a price of what it does not offer, or what the wire has no place for.
    """
    key = key or f"providers.{name}"
    base = _choose(key, preset, dialect)
    set_here = {
        "auth_header": auth_header,
        "auth_prefix": auth_prefix,
        "probe": probe,
        "probe_proves": probe_proves,
        "lists_models": lists_models,
        "token_price": token_price,
    }
    overrides = {
        "base_url": base_url,
        "files_base_url": files_base_url,
        "model": model,
        "stream": stream,
        "price": None if price is None else _price(f"{keys.get('price', key)}.price", price),
        "timeout_s": timeout_s,
        "idle_timeout_s": idle_timeout_s,
        **set_here,
        "token_price": token_price
        and check_value(TokenPrice, token_price, f"{keys.get('token_price', key)}.token_price"),
    }
    if base_url is not None:  # another address holds for uploads too: users' images and the key go nowhere else
        base = replace(base, files_base_url=None)
    base = replace(base, **{key: value for key, value in overrides.items() if value is not None})
    if base.base_url is None:
        raise SettingsWrong([f"{key}.base_url: this preset has none of its own; set it"])
    if api_key is not None and not _fits_header(api_key.get_secret_value()):
        raise SettingsWrong([f"{key}.api_key: holds blanks or characters that no key has"])
    rule, family_name, is_known = _find_rule(base, family, f"{keys.get('family', key)}.family")
    own_wire = replace(_with_api_version(key, base.wire, api_version, wire), **rule.wire)
    of_provider = WireSettings(key=key, wire=wire or {}, extra=extra or {}, extra_edits=extra_edits or {})
    wire_settings = tuple(filter(None, (of_provider, model_wire)))
    own_wire = _with_field(own_wire, "safety_field", SAFETY_FIELD, safety_identifier, wire_settings)
    own_wire = _with_field(own_wire, "markup_field", MARKUP_FIELD, markup, wire_settings)
    configured = configure_wire(own_wire, *wire_settings)
    set_anywhere = {
        **set_here,
        "api_key": api_key,
        "counts": abilities.get("counts"),
        "safety_identifier": safety_identifier,
        "markup": markup,
    }
    if found := find_contradictions(base, configured, set_anywhere):
        raise SettingsWrong([f"{keys.get(setting, key)}.{setting}: {why}" for setting, why in found])
    given = Abilities(**abilities)
    if wrong := unsupported_settings(given, configured):
        raise SettingsWrong(
            [
                f"{keys.get(each, key)}.{each}: requests for {base.model} have no field for it; leave it out"
                for each in wrong
            ]
        )
    capabilities = with_defaults(override(fit_to_wire(rule.capabilities, configured), given), configured)
    is_own_price = is_only_model or "price" in keys
    if is_own_price and (unknown := unknown_keys(base.price, capabilities)):
        raise SettingsWrong([_unknown_keys(f"{keys.get('price', key)}.price", unknown, capabilities)])
    names = ((base.model,) if label else ()) + ((name,) if is_only_model else ())
    possible = price_range(base.price, Options(), capabilities)
    offered = Model(name=label or base.model, price=possible, aliases=names)
    return Upstream(
        name=name,
        preset=preset,
        dialect=base.dialect,
        wire=configured,
        overrides=(
            *describe_values({**set_here, "safety_identifier": safety_identifier, "markup": markup}),
            *describe_overrides(own_wire, configured),
        ),
        base_url=base.base_url.rstrip("/"),
        files_base_url=base.files_base_url.rstrip("/") if base.files_base_url else None,
        api_key=api_key,
        auth_header=base.auth_header,
        auth_prefix=base.auth_prefix,
        model=base.model,
        label=label or "",
        family=family_name,
        is_known_model=is_known,
        stream=base.stream and rule.streams,
        price=base.price,
        token_price=base.token_price if token_price else rule.token_price or base.token_price,
        usage_rate=usage_rate,
        timeout_s=base.timeout_s,
        idle_timeout_s=base.idle_timeout_s,
        probe=base.probe,
        probe_proves=base.probe_proves,
        lists_models=base.lists_models,
        balance=base.balance,
        capabilities=replace(capabilities, models=(offered,)),
    )


def _choose(key: str, preset: str | None, dialect: str | None) -> Preset:
    if preset is not None and preset not in PRESETS:
        raise SettingsWrong([f"{key}.preset: {preset} is not one of {', '.join(PRESETS)}"])
    if dialect is not None and dialect not in DIALECTS:
        raise SettingsWrong([f"{key}.dialect: {dialect} is not one of {', '.join(DIALECTS)}"])
    if preset is None:
        if dialect is None:
            raise SettingsWrong([f"{key}: needs a preset, or a dialect and a base_url"])
        return DIALECTS[dialect]
    own = PRESETS[preset]
    variant = VARIANTS.get((preset, dialect or own.dialect)) or DIALECTS[dialect or own.dialect]
    return own if variant.dialect == own.dialect else replace(variant, base_url=own.base_url)


def _find_rule(preset: Preset, family: str | None, key: str) -> tuple[ModelRule, str, bool]:
    """The row of a preset's model, the family that stands for it, and whether the model is known."""
    found = find_rule(family or preset.model, preset.models)
    if found is not None:
        return *found, True
    if family is not None:
        families = ", ".join(each for rule in preset.models for each in rule.families)
        raise SettingsWrong([f"{key}: {family} is not one of {families}"])
    newest = preset.models[0]
    return newest, newest.families[0], False


def _price(key: str, value: object) -> Price:
    try:
        return parse_price(value)
    except ValueError as wrong:
        raise SettingsWrong([f"{key}: {wrong}"]) from None


def _check_shared_price(key: str, sharing: Sequence[Upstream]) -> None:
    """A provider's own price may name what only some of its models offer. Raises SettingsWrong where none does."""
    if not sharing:
        return
    unknown = [unknown_keys(each.price, each.capabilities) for each in sharing]
    if nowhere := [name for name in unknown[0] if all(name in each for each in unknown)]:
        able = merge_capabilities([each.capabilities for each in sharing])
        raise SettingsWrong([_unknown_keys(key, nowhere, able)])


def _unknown_keys(key: str, unknown: Sequence[str], capabilities: Capabilities) -> str:
    offered = ", ".join((*capabilities.qualities, *offered_tiers(capabilities))) or "neither qualities nor tiers"
    return f"{key}: {', '.join(unknown)} is nothing that it paints; it has {offered}"


def _with_api_version(key: str, wire: Wire, api_version: str | None, given: Mapping[str, Any] | None) -> Wire:
    if api_version is None:
        return wire
    if not isinstance(wire, ImagesWire):
        raise SettingsWrong([f"{key}.api_version: only the dialect images has one"])
    if "api-version" in (given or {}).get("query", {}):
        raise SettingsWrong([f"{key}.api_version: wire.query has one as well; leave one of them out"])
    return replace(wire, query={**wire.query, "api-version": api_version})


def _with_field(wire: Wire, key: str, usual: str, sends: bool | None, settings: Sequence[WireSettings]) -> Wire:
    """The wire with a field that an operator turns on, by its `usual` name, or off. `sends`: the setting; None: as the
    preset has it, unless the operator sends the field otherwise."""
    name = str(getattr(wire, key))
    if sends is None:
        further = {field for each in settings for field in (*each.extra, *each.extra_edits)}
        sent = "" if name in further else name
    else:
        sent = (name or usual) if sends else ""
    changes: dict[str, Any] = {key: sent}
    return replace(wire, **changes)


def _fits_header(key: str) -> bool:
    return key.isascii() and key.isprintable() and " " not in key
