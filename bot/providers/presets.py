"""What differs between upstreams, as data: a new relay needs a preset here, not code elsewhere.

No I/O; the settings' overrides are merged here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from pydantic import SecretStr

from bot.errors import SettingsWrong
from bot.painting import Abilities


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatWire:
    """How an upstream of the dialect `chat` is spoken to.

    `path` follows the base address. `auth_header` carries `auth_prefix` and the key. `modalities` and `extra`
    go into the request as they are. A size is sent in the field `size_field` (names from the outside in)
    where there is one, else in words: `prompt_size_suffix` with `{size}`; a quality as
    `prompt_quality_suffix` with `{quality}`.
    """

    path: str = "/chat/completions"
    auth_header: str = "Authorization"
    auth_prefix: str = "Bearer "
    modalities: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    size_field: tuple[str, ...] = ()
    prompt_size_suffix: str = ""
    prompt_quality_suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """An upstream before the operator's overrides. `dialect` says who reads `wire`.

    `base_url` None: must be set. `price` in credits an image; `timeout_s` for a whole painting,
    `idle_timeout_s` without a sign of life, in seconds.
    """

    dialect: str
    wire: ChatWire
    base_url: str | None = None
    model: str
    stream: bool = True
    price: int = 1
    timeout_s: float = 600.0
    idle_timeout_s: float = 120.0
    abilities: Abilities = field(default_factory=Abilities)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One configured upstream: a preset with the operator's overrides. The key hides itself from `repr`."""

    name: str
    dialect: str
    wire: ChatWire
    base_url: str
    files_base_url: str | None = None
    api_key: SecretStr | None = None
    model: str
    stream: bool
    price: int
    timeout_s: float
    idle_timeout_s: float
    abilities: Abilities


_GPT_4O_IMAGE = Abilities(
    sizes=("1:1", "2:3", "3:2", "1024x1024", "1024x1536", "1536x1024"),
    qualities=("low", "medium", "high"),
    max_references=5,
)
_IN_WORDS = ChatWire(prompt_size_suffix="\n\nImage size: {size}", prompt_quality_suffix="\n\nImage quality: {quality}")

PRESETS: Mapping[str, Preset] = {
    # https://api.acedata.cloud/openai is also the base address that its page gives for OpenAI's own SDK
    "acedata": Preset(
        dialect="chat",
        wire=_IN_WORDS,
        base_url="https://api.acedata.cloud/openai",
        model="gpt-4o-image",
        abilities=_GPT_4O_IMAGE,
    ),
    "openrouter": Preset(
        dialect="chat",
        wire=ChatWire(modalities=("image", "text"), size_field=("image_config", "aspect_ratio")),
        base_url="https://openrouter.ai/api/v1",
        model="google/gemini-2.5-flash-image",
        abilities=Abilities(sizes=("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")),
    ),
    "sandbox": Preset(dialect="chat", wire=_IN_WORDS, model="gpt-4o-image", abilities=_GPT_4O_IMAGE),
    "relay": Preset(dialect="chat", wire=_IN_WORDS, model="gpt-4o-image", abilities=_GPT_4O_IMAGE),
}

# What stands in for a preset when the operator names only a dialect and an address.
DIALECTS: Mapping[str, Preset] = {"chat": PRESETS["relay"]}


def resolve(
    *,
    name: str,
    preset: str | None = None,
    dialect: str | None = None,
    base_url: str | None = None,
    files_base_url: str | None = None,
    api_key: SecretStr | None = None,
    model: str | None = None,
    stream: bool | None = None,
    max_concurrency: int | None = None,
    price: int | None = None,
    timeout_s: float | None = None,
    idle_timeout_s: float | None = None,
) -> Upstream:
    """The preset (or the dialect's own, without one) with everything that is not None in its place.

    `max_concurrency` belongs to whoever asks the provider, not to the provider.
    Raises SettingsWrong: an unknown preset or dialect, no base address, or a key that no header can carry.
    """
    base = _choose(name, preset, dialect)
    overrides = {
        "base_url": base_url,
        "model": model,
        "stream": stream,
        "price": price,
        "timeout_s": timeout_s,
        "idle_timeout_s": idle_timeout_s,
    }
    base = replace(base, **{key: value for key, value in overrides.items() if value is not None})
    if base.base_url is None:
        raise SettingsWrong([f"providers.{name}.base_url: this preset has none of its own; set it"])
    if api_key is not None and not _fits_header(api_key.get_secret_value()):
        raise SettingsWrong([f"providers.{name}.api_key: holds blanks or characters that no key has"])
    return Upstream(
        name=name,
        dialect=base.dialect,
        wire=base.wire,
        base_url=base.base_url.rstrip("/"),
        files_base_url=files_base_url,
        api_key=api_key,
        model=base.model,
        stream=base.stream,
        price=base.price,
        timeout_s=base.timeout_s,
        idle_timeout_s=base.idle_timeout_s,
        abilities=base.abilities,
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
    found = PRESETS[preset]
    spoken = DIALECTS[dialect or found.dialect]
    return found if spoken.dialect == found.dialect else replace(spoken, base_url=found.base_url, model=found.model)


def _fits_header(key: str) -> bool:
    return key.isascii() and key.isprintable() and " " not in key
