"""The settings tables of providers and their models. Nothing is read here.

What a preset means stands in bot.providers.
"""

from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from bot.settings.types import DIALECTS, PRESETS, HttpUrl, PriceTable, Secret, SecretFile, Table, matching, one_of

Word = Annotated[str, matching(r"\S(.*\S)?", "a word, without blanks around it")]
Label = Annotated[
    str,
    matching(r"\S([^\n\r]{0,58}\S)?", "one line of at most 60 characters, without blanks around it"),
    matching(r"(?i)(?!auto$).*", "another word than auto, which stands for any model"),
]


class Abilities(Table):
    """What a model can do, in place of the preset's table. None leaves a value to it."""

    family: str | None = Field(default=None, min_length=1)
    """Name of a model whose abilities it has, where its own name does not say so: a deployment of Azure."""

    sizes: tuple[Word, ...] | None = None
    """Sizes it lists, in its own spelling."""

    tiers: tuple[Annotated[str, matching(r"\d{1,2}[kK]", "a tier such as 2K")], ...] | None = None
    """Resolution tiers it takes in a field of their own, such as `2K`."""

    qualities: tuple[Word, ...] | None = None
    """Values of its quality option."""

    backgrounds: tuple[Word, ...] | None = None
    """Values of its background option, such as `transparent`."""

    formats: tuple[Literal["png", "jpeg", "webp"], ...] | None = None
    """File formats that it can be asked for."""

    counts: tuple[PositiveInt, ...] | None = None
    """Numbers of images that one request may ask for, each > 0."""

    max_n: PositiveInt | None = None
    """Most images of one request, > 0."""

    max_references: NonNegativeInt | None = None
    """Most reference images of one request, >= 0."""

    max_prompt_chars: PositiveInt | None = None
    """Longest prompt, characters; > 0."""

    masks: bool | None = None
    """Whether it takes a mask itself; where not, it is shown a marked copy of the picture."""


class Wired(Abilities):
    """What can be set about the wire of a provider, and in addition of one of its models."""

    stream: bool | None = None
    """Whether answers are streamed."""

    token_price: dict[str, Any] | None = None
    """The upstream's own credits by its tokens: `text`, `image` and `output`, each a weight, and `factor`."""

    safety_identifier: bool | None = None
    """Whether requests tell the upstream's operator which user they are for, by a name that says nothing else of them:
    `safety_identifier`, or what the preset calls it. None: where the preset's upstream is known to take it."""

    markup: bool | None = None
    """Whether it takes marks drawn by hand as a layer over the picture, in the field `markup` or what the wire calls
    it; where not, it is shown the marked copy. None: where the preset's model is known to take them."""

    wire: dict[str, Any] = Field(default_factory=dict, repr=False)  # may hold a secret
    """Fields of the dialect's wire, by the names in deploy/wires.md; `headers_file`: files that hold values of its
    `headers`, by the names of these."""

    extra: dict[str, Any] = Field(default_factory=dict, repr=False)  # may hold a secret
    """Further fields of every request to paint, sent as they are."""

    extra_edits: dict[str, Any] = Field(default_factory=dict, repr=False)  # may hold a secret
    """Further fields of requests with references only."""


class ProviderModel(Wired):
    """One of several models of a provider. None leaves a value to the provider."""

    name: str = Field(min_length=1)
    """The upstream's name of the model."""

    label: Label | None = None
    """Its name among members, at most 60 characters; None: `name`. Models with the same label, also of different
    providers, are one choice and stand in for each other."""

    price: PriceTable | None = None
    """Credits an image, >= 0, as of a provider."""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, data: Any) -> Any:
        """A model may be given by its name alone."""
        return {"name": data} if isinstance(data, str) else data


class Provider(Wired):
    """One upstream. None leaves a value to the preset."""

    name: str = Field(default="", max_length=60)
    """Name in logs, metrics and history, at most 60 characters; empty: that of the preset."""

    preset: Annotated[str, one_of(PRESETS)] | None = None
    """One of PRESETS; fills in what is not set here."""

    dialect: Annotated[str, one_of(DIALECTS)] | None = None
    """One of DIALECTS: how requests and answers look."""

    base_url: HttpUrl | None = None
    """Base address of the API."""

    files_base_url: HttpUrl | None = None
    """Base address for uploads of reference images, where it is another."""

    api_key: Secret = None
    """Key of the API."""

    api_key_file: SecretFile = Field(default=None, exclude=True)
    """File that holds the key."""

    api_version: str | None = Field(default=None, pattern=r"^[0-9A-Za-z.-]+$")
    """`api-version` of Azure, letters, digits, dots and dashes."""

    model: str | None = Field(default=None, min_length=1)
    """The upstream's name of its only model."""

    label: Label | None = None
    """Name of its only model among members, at most 60 characters; None: `model`."""

    models: tuple[ProviderModel, ...] = ()
    """Its models, where members may choose among several, the preferred one first: names, or tables with what differs
    between them."""

    max_concurrency: PositiveInt | None = None
    """Most requests at a time, > 0; None: learned from its answers, up to `jobs.concurrency`."""

    price: PriceTable | None = None
    """Credits an image, >= 0: a number, or a table of credits by quality and factors by tier
    (`{ low = 1, high = 16, "4K" = 2.0 }`), with `default` for qualities that it does not name."""

    usage_rate: PositiveFloat | None = None
    """Credits for one of the upstream's own, > 0; charged instead of `price`, and never more than it."""

    timeout_s: PositiveFloat | None = None
    """Longest time of one request, seconds; > 0."""

    idle_timeout_s: PositiveFloat | None = None
    """Longest silence within one request, seconds; > 0."""

    auth_header: Annotated[str, matching(r"[A-Za-z0-9-]+", "the name of a header")] | None = None
    """Header that carries the key."""

    auth_prefix: Annotated[str, matching(r"[\x20-\x7e]*", "printable ASCII")] | None = None
    """Text before the key in that header, a blank at its end included."""

    probe: Annotated[str, matching(r"/\S*", "a path that begins with /")] | None = None
    """Path that `easel check` asks for."""

    probe_proves: bool | None = None
    """Whether the upstream has that path for certain, so that a 404 proves the address wrong."""

    lists_models: bool | None = None
    """Whether that path lists all models, so that one that is not in it is gone."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        """A provider without a name is called after its preset."""
        if not isinstance(data, dict):
            return data
        table = cast(dict[str, Any], data)
        return {**table, "name": table.get("name") or table.get("preset") or "provider"}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.preset is None and (self.dialect is None or self.base_url is None):
            raise ValueError("needs a preset, or a dialect and a base_url")
        if self.models and (self.model or self.label):
            raise ValueError("set model and label, or models, not both")
        return self
