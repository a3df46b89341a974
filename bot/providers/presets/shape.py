"""An upstream as data, before (`Preset`) and after (`Upstream`) the operator's overrides.

Values only: the presets and the merging of overrides are in the modules beside this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Literal
from urllib.parse import quote, urlencode, urlsplit

from pydantic import Field, SecretStr

from bot.painting import Capabilities
from bot.prices import Price
from bot.providers.presets.wires import Wire

Dialect = Literal["chat", "tasks", "images"]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPrice:
    """An upstream's price of tokens: (text in × `text` + image in × `image` + out × `output`) × `factor`, in its own
    credits."""

    text: Weight
    """Weight of a text token of the input."""

    image: Weight
    """Weight of an image token of the input."""

    output: Weight
    """Weight of a token of the output."""

    factor: Weight
    """The upstream's own credits for one unit of weight."""


def _no_changes() -> Mapping[str, object]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRule:
    """What the models of some families can do at an upstream: a row of a preset's table."""

    families: tuple[str, ...]
    """Names in lower case that a model's name contains in whole: `gpt-image-1.5` is a part of
    `openai/gpt-image-1.5-2025-12-16`. The longest one that it contains decides; the first one stands for the row."""

    capabilities: Capabilities
    """What the models can do, as far as the wire can carry it."""

    wire: Mapping[str, object] = field(default_factory=_no_changes)
    """Fields of the preset's wire, by name, that have another value for these models."""

    token_price: TokenPrice | None = None
    """What the upstream charges for their tokens; None: as the preset says."""

    streams: bool = True
    """Whether they can stream; otherwise no stream is requested, whatever the preset says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceQuery:
    """Where an upstream says what is left on an account."""

    path: str
    """Path that answers a GET."""

    left: tuple[tuple[str | int, ...], ...]
    """Paths in its answer of what is left; the least of them counts. None of them is there where nothing is limited."""

    answer: tuple[str | int, ...]
    """Path in its answer of what is always there."""

    unit: str
    """What it counts in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """An upstream before the operator's overrides."""

    dialect: Dialect
    """The protocol it speaks, and so the provider that reads `wire`."""

    wire: Wire
    """Its variant of the dialect."""

    base_url: str | None = None
    """Base address of its API; None: the operator must set one."""

    files_base_url: str | None = None
    """Base address of its upload service; None: `base_url` is."""

    auth_header: str = "Authorization"
    """Name of the header that carries the key."""

    auth_prefix: str = "Bearer "
    """Text before the key in that header."""

    model: str
    """Name of the model where the operator sets none, as the upstream spells it."""

    models: tuple[ModelRule, ...]
    """What its models can do, newest family first; not empty. A model that is in no row counts as one of the first."""

    stream: bool = True
    """Whether a streamed answer is requested."""

    price: Price = Price()
    """Our credits for one image."""

    token_price: TokenPrice | None = None
    """What the upstream charges for tokens; None: it charges otherwise, or reports its credits itself."""

    timeout_s: float = 600.0
    """Longest duration of a whole generation, seconds; > 0."""

    idle_timeout_s: float = 120.0
    """Longest silence, seconds; > 0: without a byte of the answer, or (dialect `tasks`) without an answered poll."""

    probe: str = "/models"
    """Path that answers a GET without painting, for `easel check`."""

    probe_proves: bool = False
    """Whether the upstream is known to answer `probe` with a success, so that a 404 proves the base address wrong."""

    lists_models: bool = False
    """Whether it answers `probe` with a list of all its models, so that a model that is not in it is gone."""

    balance: BalanceQuery | None = None
    """Where it says what is left; None: nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One model of a configured provider: a preset with the operator's overrides. Its `repr` hides the key."""

    name: str
    """The operator's name for the provider; its models share it, and no other provider has it."""

    preset: str | None = None
    """Name of the preset it was made from; None: only a dialect was named."""

    dialect: Dialect
    """The protocol it speaks, and so the provider that reads `wire`."""

    wire: Wire
    """Its variant of the dialect."""

    overrides: tuple[str, ...] = ()
    """What stands in the place of the preset's wire, for operators: `wire.size_field = "aspect_ratio"`."""

    base_url: str
    """Base address of its API, without a slash at the end."""

    files_base_url: str | None = None
    """Base address of its upload service, without a slash at the end; None: `base_url` is."""

    api_key: SecretStr | None = None
    """The operator's key; None: requests carry none."""

    auth_header: str = "Authorization"
    """Name of the header that carries the key."""

    auth_prefix: str = "Bearer "
    """Text before the key in that header."""

    model: str
    """Name of the model, as the upstream spells it; unique among the models of the provider."""

    label: str = ""
    """Name of the model among members; empty: `model` is. Models with the same one stand in for each other."""

    family: str
    """Family whose row of the preset's table says what the model can do."""

    is_known_model: bool
    """Whether the model is in the table, or the operator named its family; else it counts as one of the newest."""

    stream: bool
    """Whether a streamed answer is requested."""

    price: Price
    """Our credits for one image, by quality and tier."""

    token_price: TokenPrice | None = None
    """What the upstream charges for tokens; None: it charges otherwise, or reports its credits itself."""

    usage_rate: float | None = None
    """Our credits for one of the upstream's own, where users are charged by usage; None: charged by image."""

    timeout_s: float
    """Longest duration of a whole generation, seconds; > 0."""

    idle_timeout_s: float
    """Longest silence, seconds; > 0: without a byte of the answer, or (dialect `tasks`) without an answered poll."""

    probe: str = "/models"
    """Path that answers a GET without painting, for `easel check`."""

    probe_proves: bool = False
    """Whether the upstream is known to answer `probe` with a success, so that a 404 proves the base address wrong."""

    lists_models: bool = False
    """Whether it answers `probe` with a list of all its models, so that a model that is not in it is gone."""

    balance: BalanceQuery | None = None
    """Where it says what is left; None: nowhere."""

    capabilities: Capabilities
    """Sizes, qualities, counts, references and masks that the model supports, after the operator's overrides."""

    @property
    def title(self) -> str:
        """The model's name among members."""
        return self.label or self.model

    @property
    def key(self) -> str:
        """The key in clear text, for redaction; empty when there is none."""
        return self.api_key.get_secret_value() if self.api_key else ""

    @property
    def names_model_in_path(self) -> bool:
        """Whether a path of its requests has the model's name, so that an unknown path may be an unknown model."""
        return any("{model}" in path for path in self.wire.request_paths)

    def headers(self) -> dict[str, str]:
        """The headers of every request: the wire's own, and the one that carries the key, if there is a key."""
        return {**self.wire.headers, **({self.auth_header: self.auth_prefix + self.key} if self.key else {})}

    def url(self, path: str, *, base: str | None = None) -> str:
        """The address of a path, with the wire's query. `base`: another base address than `base_url`."""
        address = join_url(self.base_url if base is None else base, path)
        query = urlencode(self.wire.query)
        return address + (("&" if "?" in address else "?") + query if query else "")

    def endpoint(self, template: str, **names: str) -> str:
        """The path that a wire's template makes of the model's name, and of other names."""
        return template.format(model=quote(self.model, safe="/"), **names)


def join_url(base: str, path: str) -> str:
    """A path appended to a base address. Segments that end the base and begin the path are written once, so that it
    does not matter whether an operator writes `https://toapis.com` or `https://toapis.com/v1`."""
    path, mark, query = path.partition("?")
    base, segments = base.rstrip("/"), path.strip("/").split("/")
    base_path = "/" + urlsplit(base).path.strip("/")
    for count in range(len(segments), 0, -1):
        if base_path.endswith("/" + "/".join(segments[:count])):
            return "/".join((base, *segments[count:])) + mark + query
    return "/".join((base, *segments)) + mark + query
