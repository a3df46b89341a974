"""What the operator chose: TOML and environment become one frozen value. Only here the environment is read.

Nothing is opened or connected here, and what a preset means stands in bot.providers.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from bot.errors import SettingsWrong

DEFAULT_FILE = Path("easel.toml")
PREFIX = "EASEL_"
NOT_OURS = ("EASEL_SPECS",)  # read by the tests
PRESETS = (
    "acedata",
    "evolink",
    "toapis",
    "openai-hk",
    "openai",
    "azure",
    "openrouter",
    "relay",
    "sandbox",
)
DIALECTS = ("chat", "tasks", "images")


def _stripped(value: object) -> object:
    """Tokens are pasted, and secrets mounted as files end in a line break."""
    return value.strip() if isinstance(value, str) else value


def _secret(value: object) -> object:
    """An empty one is a placeholder that nobody filled in."""
    return _stripped(value) or None


def _matching(pattern: str, meant: str) -> AfterValidator:
    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(f"must be {meant}")
        return value

    return AfterValidator(check)


def _one_of(names: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"unknown; there are {', '.join(names)}{_hint(value, names)}")
        return value

    return AfterValidator(check)


Secret = Annotated[SecretStr | None, BeforeValidator(_secret)]
HttpUrl = Annotated[str, BeforeValidator(_stripped), _matching(r"https?://[^\s/]+\S*", "an http(s) address")]
HttpsUrl = Annotated[str, BeforeValidator(_stripped), _matching(r"https://[^\s/]+\S*", "an https address")]
SocketUrl = Annotated[str, BeforeValidator(_stripped), _matching(r"wss?://[^\s/]+\S*", "a ws(s) address")]
DatabaseUrl = Annotated[
    str,
    BeforeValidator(_stripped),
    _matching(r"sqlite:///\S.*|postgres(ql)?://\S+", "sqlite:///FILE.db or postgresql://USER:PASSWORD@HOST/NAME"),
]
UserKey = Annotated[str, _matching(r"[a-z]+:\S+", "platform:id, such as telegram:123")]
HostPort = Annotated[str, _matching(r"(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}", "host:port")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Discord(_Table):
    token: Secret = None
    api_base: HttpUrl = "https://discord.com/api/v10"
    gateway_url: SocketUrl | None = None
    message_content: bool = False
    spoiler_channels: tuple[str, ...] = ()
    shard_count: PositiveInt | None = None
    shard_ids: tuple[NonNegativeInt, ...] | None = None

    @model_validator(mode="after")
    def _shards_exist(self) -> Self:
        if self.shard_ids and (self.shard_count is None or max(self.shard_ids) >= self.shard_count):
            raise ValueError("shard_ids need a shard_count that is greater than each of them")
        return self


class StarPack(_Table):
    """Credits for sale, in Telegram Stars."""

    credits: Annotated[int, Field(ge=1, le=1_000_000)]
    stars: Annotated[int, Field(ge=1, le=100_000)]


class Telegram(_Table):
    """`local`: `api_base` is a Bot API server of the operator's own on this machine, started with --local.
    `storage_chat`: where pictures for inline and guest messages are uploaded once."""

    token: Secret = None
    api_base: HttpUrl = "https://api.telegram.org"
    mode: Literal["polling", "webhook"] = "polling"
    local: bool = False
    storage_chat: int | None = None
    star_packs: tuple[StarPack, ...] = Field(default=(), max_length=10)


class Server(_Table):
    enabled: bool = True
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: HttpsUrl | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches the server."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class Provider(_Table):
    """One upstream, in the order of trying. What stays None is what the preset says."""

    name: str = Field(default="", max_length=60)
    preset: Annotated[str, _one_of(PRESETS)] | None = None
    dialect: Annotated[str, _one_of(DIALECTS)] | None = None
    base_url: HttpUrl | None = None
    files_base_url: HttpUrl | None = None
    api_key: Secret = None
    api_version: str | None = Field(default=None, pattern=r"^[0-9A-Za-z.-]+$")
    model: str | None = Field(default=None, min_length=1)
    stream: bool | None = None
    max_concurrency: PositiveInt | None = None
    price: NonNegativeInt | None = None
    usage_rate: PositiveFloat | None = None
    timeout_s: PositiveFloat | None = None
    idle_timeout_s: PositiveFloat | None = None
    sizes: tuple[str, ...] | None = None
    tiers: tuple[Annotated[str, _matching(r"\d{1,2}[kK]", "a tier such as 2K")], ...] | None = None
    qualities: tuple[str, ...] | None = None
    max_n: PositiveInt | None = None
    max_references: NonNegativeInt | None = None

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
        return self


class Fetch(_Table):
    allow_hosts: tuple[HostPort, ...] = ()


class Limits(_Table):
    """Credits a day; jobs at a time; requests a minute. `roles`: credits a day by a role's id, or by a tier
    (`discord:booster`). `new_user_daily`: the most on anybody's first day."""

    user_daily: NonNegativeInt = 50
    chat_daily: NonNegativeInt | None = None
    user_concurrent: PositiveInt = 2
    user_waiting: NonNegativeInt = 5
    roles: dict[str, NonNegativeInt] = Field(default_factory=dict)
    new_user_daily: NonNegativeInt | None = None
    user_per_minute: PositiveInt | None = 60
    chat_per_minute: PositiveInt | None = None


class Access(_Table):
    """Who may ask, and with which words. `file`: TOML with the same keys, read again when it changes."""

    allowed_users: tuple[UserKey, ...] = ()
    allowed_chats: tuple[UserKey, ...] = ()
    blocked_users: tuple[UserKey, ...] = ()
    blocked_chats: tuple[UserKey, ...] = ()
    blocked_words: tuple[str, ...] = ()
    file: Path | None = None


class Privacy(_Table):
    """`retention_days`: that ended jobs are kept, with their prompts; None: until their owner says /forget."""

    retention_days: PositiveInt | None = None


class Jobs(_Table):
    """`concurrency`: jobs running at once over all users. `time_s`: seconds for one job over all providers."""

    concurrency: PositiveInt = 8
    time_s: PositiveFloat | None = None


class Playground(_Table):
    """The local page, served by `easel run` too when enabled. `path`: where it keeps its messages."""

    enabled: bool = False
    path: Path = Path("playground.db")


class Log(_Table):
    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(BaseSettings):
    """Everything; see the README for what each key means."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,  # compose files hand down variables that nobody set
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    discord: Discord = Discord()
    telegram: Telegram = Telegram()
    database_url: DatabaseUrl = Field(default="sqlite:///easel.db", repr=False)  # may hold a password
    server: Server = Server()
    providers: tuple[Provider, ...] = ()
    fetch: Fetch = Fetch()
    limits: Limits = Limits()
    access: Access = Access()
    privacy: Privacy = Privacy()
    jobs: Jobs = Jobs()
    playground: Playground = Playground()
    admins: tuple[UserKey, ...] = ()
    locale: Literal["en", "zh", "ru"] = "en"
    log: Log = Log()
    drain_s: float = Field(default=30, ge=0, allow_inf_nan=False)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, whose keys come in as arguments."""
        return env_settings, init_settings


def load(config: Path | None = None) -> Settings:
    """The settings of `config` (None: easel.toml where present) and the environment.

    Raises SettingsWrong with one line per mistake, each naming its key.
    """
    given = _read_file(config)
    problems = [
        f"{name}: unknown environment variable{_hint(name, variables())}" for name in sorted(_strange(os.environ))
    ]
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsWrong(problems + [_line(each) for each in error.errors(include_url=False)]) from None
    except SettingsError as error:
        field = re.search(r'field "(\w+)"', str(error))
        key = field[1] if field else "environment"
        raise SettingsWrong([*problems, f"{key}: {PREFIX}{key.upper()} must be JSON"]) from None
    if problems := problems + _contradictions(settings):
        raise SettingsWrong(problems)
    return settings


def keys() -> tuple[str, ...]:
    """Every key there is, dotted; those of a list's entries with `*` (`providers.*.name`)."""
    return tuple(_walk(Settings, ""))


def variables() -> tuple[str, ...]:
    """Every environment variable that is understood: tables and lists as a whole too."""
    plain = [key for key in keys() if "*" not in key]
    whole = [key.partition(".")[0] for key in keys()] + [key.partition(".*")[0] for key in keys() if "*" in key]
    return tuple(dict.fromkeys(PREFIX + key.upper().replace(".", "__") for key in plain + whole))


def _read_file(config: Path | None) -> dict[str, Any]:
    path = DEFAULT_FILE if config is None else config
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if config is None:
            return {}
        raise SettingsWrong([f"{path}: no such file"]) from None
    except OSError as error:
        raise SettingsWrong([f"{path}: cannot be read ({error.strerror})"]) from None
    except UnicodeDecodeError:
        raise SettingsWrong([f"{path}: is not UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsWrong([f"{path}: is not valid TOML: {error}"]) from None


def _contradictions(settings: Settings) -> list[str]:
    """What no table can see alone."""
    problems: list[str] = []
    if settings.telegram.mode == "webhook" and settings.server.public_url is None:
        problems.append("telegram.mode: webhook needs server.public_url")
    if settings.telegram.mode == "webhook" and not settings.server.enabled:
        problems.append("telegram.mode: webhook needs server.enabled")
    if settings.playground.enabled and not (settings.server.enabled and settings.server.is_loopback):
        problems.append("playground.enabled: needs the server, on a loopback server.host such as 127.0.0.1")
    names = [each.name for each in settings.providers]
    problems += [
        f"providers.{at}.name: there is another provider {name}" for at, name in enumerate(names) if name in names[:at]
    ]
    return problems


def _line(error: ErrorDetails) -> str:
    """One of pydantic's findings in our words; never the value, which may be a secret."""
    path = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        generic = ".".join("*" if isinstance(each, int) else each for each in error["loc"])
        return f"{path}: unknown key{_hint(generic, keys(), shown=path)}"
    if error["type"] == "value_error":
        return f"{path}: {error['ctx']['error']}" if "ctx" in error else f"{path}: {error['msg']}"
    return f"{path}: {error['msg'][:1].lower()}{error['msg'][1:]}"


def _hint(name: str, names: tuple[str, ...], shown: str | None = None) -> str:
    near = get_close_matches(name, names, n=1, cutoff=0.7)
    if not near:
        return ""
    meant = near[0]
    if shown is not None and "*" in meant:
        meant = meant.replace("*", next((part for part in shown.split(".") if part.isdigit()), "0"))
    return f"; did you mean {meant}?"


def _strange(environ: Mapping[str, str]) -> Iterator[str]:
    """Variables that were meant for us but are none of ours.

    Kubernetes sets EASEL_PORT and EASEL_SERVICE_HOST for a service called easel: what only shares our prefix
    is left alone, and a mistake must resemble a name of ours.
    """
    known = variables()
    single = [name for name in known if "__" not in name]
    flattened = [name.replace("__", "_") for name in known]
    for name in environ:
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper in known or upper in NOT_OURS:
            continue
        table, nested, _ = upper.removeprefix(PREFIX).partition("__")
        if nested:
            misspelt = table.lower() not in Settings.model_fields  # the model itself says the rest
        else:
            misspelt = upper in flattened or bool(get_close_matches(upper, single, n=1, cutoff=0.85))
        if misspelt:
            yield name


def _walk(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        entries = [each for each in get_args(inner) if isinstance(each, type) and issubclass(each, BaseModel)]
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _walk(inner, f"{prefix}{name}.")
        elif entries:
            yield from _walk(entries[0], f"{prefix}{name}.*.")
        else:
            yield prefix + name
