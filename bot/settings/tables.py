"""The settings tables: every key with its type, range and default, as frozen values. Nothing is read here.

Those of providers and of chat platforms stand beside this module.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.settings.platforms import Discord, Telegram
from bot.settings.providers import Provider
from bot.settings.types import (
    OPENAI_URL,
    PREFIX,
    DatabaseUrl,
    Duration,
    HostPort,
    HttpsUrl,
    HttpUrl,
    PostgresUrl,
    Secret,
    SecretFile,
    SecretUrl,
    Table,
    UserKey,
)


class Server(Table):
    """The HTTP server: health, metrics, webhooks, callbacks, the page."""

    enabled: bool = True
    """Whether the HTTP server runs."""

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address to listen on."""

    port: int = Field(default=8080, ge=0, le=65535)
    """Port to listen on, 0 to 65535; 0: any free one."""

    public_url: HttpsUrl | None = None
    """HTTPS address under which the world reaches the server, for webhooks, callbacks and its pages."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches the server."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class Fetch(Table):
    """Downloads of results from upstreams."""

    allow_hosts: tuple[HostPort, ...] = ()
    """`host:port` entries exempt from the private-address guard."""


class Limits(Table):
    """Credits a day, jobs at a time, requests a minute."""

    user_daily: NonNegativeInt = 50
    """Credits that a user gets each day (UTC), >= 0."""

    chat_daily: NonNegativeInt | None = None
    """Credits that a group gets each day (UTC), >= 0; None: no limit."""

    user_concurrent: PositiveInt = 2
    """Most running jobs of one user, > 0."""

    user_waiting: NonNegativeInt = 5
    """Most waiting jobs of one user, >= 0."""

    roles: dict[str, NonNegativeInt] = Field(default_factory=dict)
    """Credits a day by a role's id or by a membership (`discord:booster`), >= 0."""

    new_user_daily: NonNegativeInt | None = None
    """Most credits on a user's first day, >= 0; None: no such limit."""

    user_strikes: NonNegativeInt = 5
    """Refusals by moderation (an upstream's, or your own) within a day after which a user is paused, >= 0; 0: never."""

    strike_pause_hours: Annotated[float, Field(gt=0, le=24 * 365)] = 24.0
    """How long such a pause is, hours; > 0, up to 8760."""

    user_per_minute: PositiveInt | None = 60
    """Most requests of one user in any minute, > 0; None: no limit."""

    chat_per_minute: PositiveInt | None = None
    """Most requests in one group in any minute, > 0; None: no limit."""


class Pictures(Table):
    """Decoding of users' and upstreams' pictures."""

    max_megapixels: Annotated[int, Field(ge=1, le=1000)] = 50
    """Largest picture that is opened, millions of pixels, 1 to 1000."""

    memory_mb: Annotated[int, Field(ge=64, le=64_000)] = 300
    """Memory that decoding takes at once, of all pictures together, millions of bytes, 64 to 64,000. Formats whose
    decoders need much a pixel (WebP, AVIF, HEIC) have a lower cap because of it."""


class Access(Table):
    """Who may ask, where, and with which words."""

    allowed_users: tuple[UserKey, ...] = ()
    """`platform:id` of users; with any entry here or in `allowed_chats`, all others are refused."""

    allowed_chats: tuple[UserKey, ...] = ()
    """`platform:id` of chats in which everybody is allowed."""

    blocked_users: tuple[UserKey, ...] = ()
    """`platform:id` of users whose requests are refused."""

    blocked_chats: tuple[UserKey, ...] = ()
    """`platform:id` of chats in which all requests are refused."""

    blocked_words: tuple[str, ...] = ()
    """Words that are not painted, in any case and width."""

    file: Path | None = None
    """TOML file with the same five lists, read again when it changes."""


class Moderation(Table):
    """The check of prompts and pictures before anything is reserved."""

    enabled: bool = False
    """Whether prompts and reference pictures are checked."""

    base_url: HttpUrl = OPENAI_URL
    """Base address; `/moderations` is appended."""

    api_key: Secret = None
    """Key, sent as a bearer token."""

    api_key_file: SecretFile = None
    """File that holds the key."""

    model: str = Field(default="omni-moderation-latest", min_length=1)
    """The endpoint's name of the model."""

    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Further headers of its requests."""

    headers_file: dict[str, Path] = Field(default_factory=dict)
    """Files that hold values of further headers, by the names of these."""

    pictures: bool = True
    """Whether reference pictures are checked, too; false for a model that reads text alone."""

    categories: tuple[str, ...] = ()
    """Categories that refuse; empty: all that the endpoint flags."""

    thresholds: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    """Scores, 0 to 1, from which on a category refuses, in the place of the endpoint's own judgement."""

    when_unavailable: Literal["refuse", "allow"] = "refuse"
    """What follows where the endpoint does not answer: nothing is painted, or all is."""

    timeout_s: PositiveFloat = 10.0
    """Longest time of one answer, further tries included, seconds; > 0."""

    max_concurrency: PositiveInt = 8
    """Most requests at a time, > 0."""


class Privacy(Table):
    """How long data is kept."""

    retention_days: PositiveInt | None = None
    """Days after which ended jobs are deleted with their prompts, > 0; None: only by /forget."""


class Jobs(Table):
    """Running jobs."""

    concurrency: NonNegativeInt = 500
    """Jobs running at once over all users, >= 0; fewer where the process has not so many descriptors. What an
    upstream takes at once is learned, or its `max_concurrency`. 0: this process paints nothing; others on the same
    PostgreSQL do (`easel worker`)."""

    time_s: PositiveFloat | None = None
    """Longest time of one job over all providers, seconds, > 0, without the wait for its turn; None: twice the longest
    `timeout_s`."""

    wait_s: PositiveFloat = 3600.0
    """Longest wait of one job for its turn at the providers, all together, seconds; > 0."""


class Processes(Table):
    """Several processes on one PostgreSQL. One on SQLite needs none of it."""

    heartbeat_s: Annotated[float, Field(ge=0.1, le=60)] = 1.0
    """Seconds between two signs of life of a process, 0.1 to 60."""

    lost_after_s: Annotated[float, Field(ge=0.5, le=600)] = 5.0
    """Seconds without one after which the others give a process up, 0.5 to 600; at least three times `heartbeat_s`."""

    @model_validator(mode="after")
    def _several_heartbeats(self) -> Self:
        if self.lost_after_s < 3 * self.heartbeat_s:
            raise ValueError("lost_after_s must be at least three times heartbeat_s")
        return self


class Playground(Table):
    """The local page."""

    enabled: bool = False
    """Whether `easel run` serves the local page, too."""

    path: Path = Path("playground.db")
    """SQLite file in which the page keeps its messages."""


class AdminPage(Table):
    """The page for administrators."""

    enabled: bool = False
    """Whether the HTTP server has `/admin`, for the users in `admins`."""


class Backup(Table):
    """Copies of the SQLite file, made while Easel runs."""

    every: Duration = None
    """Time between two copies, seconds, >= 1, or as `30m`, `6h`, `1d`; None: none is made."""

    keep: PositiveInt = 7
    """Copies that are kept, the newest, > 0."""

    folder: Path | None = None
    """Folder of the copies; None: `backups` beside the database."""


class Notifications(Table):
    """What administrators are told of by themselves."""

    webhook: SecretUrl = None
    """Address that a JSON object is posted to, as of Slack, Discord or Mattermost; a secret, as theirs are."""

    webhook_file: SecretFile = None
    """File that holds the address."""

    admins: bool = False
    """Whether `admins` are written to in private, each on their own platform."""


class Otel(Table):
    """Traces of jobs, for a collector of OpenTelemetry."""

    endpoint: HttpUrl | None = None
    """Address of the collector's OTLP/HTTP receiver, such as `http://127.0.0.1:4318`; None: nothing is traced."""

    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Headers of each request to it, such as a hosted collector's key."""

    headers_file: dict[str, Path] = Field(default_factory=dict)
    """Files that hold values of further headers, by the names of these."""

    service_name: str = Field(default="easel", min_length=1)
    """`service.name` of the spans."""

    propagate: bool = False
    """Whether upstreams get a `traceparent` header, by which one that traces as well joins the trace."""


class Log(Table):
    """The log, on standard error."""

    format: Literal["console", "json"] = "console"
    """Lines for people (`console`) or machines (`json`)."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is logged."""


class Settings(BaseSettings):
    """Everything; deploy/SETTINGS.md says what each key means."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,  # compose files hand down variables that nobody set
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    discord: Discord = Discord()
    """The Discord adapter."""

    telegram: Telegram = Telegram()
    """The Telegram adapter."""

    database_url: DatabaseUrl = Field(default="sqlite:///easel.db", repr=False)  # may hold a password
    """`sqlite:///FILE.db` or `postgresql://…`; may hold a password."""

    database_url_file: SecretFile = None
    """File that holds `database_url`."""

    database_listen_url: PostgresUrl | None = Field(default=None, repr=False)  # may hold a password
    """PostgreSQL past a pooler, where `database_url` leads to pgbouncer in transaction mode, which loses what is
    published to a process that listens; None: `database_url`."""

    database_listen_url_file: SecretFile = None
    """File that holds `database_listen_url`."""

    processes: Processes = Processes()
    """Several processes on one PostgreSQL."""

    server: Server = Server()
    """The HTTP server."""

    providers: tuple[Provider, ...] = ()
    """Upstreams, in the order of trying."""

    providers_order: Literal["listed", "cheapest"] = "listed"
    """Which of the upstreams that can paint a request is tried first: the one that is listed first, or the one where
    this very request costs least (of equals, the one that is listed first)."""

    fetch: Fetch = Fetch()
    """Downloads of results."""

    limits: Limits = Limits()
    """Credits and pace."""

    pictures: Pictures = Pictures()
    """Decoding of pictures."""

    access: Access = Access()
    """Who may ask, and with which words."""

    moderation: Moderation = Moderation()
    """The check before anything is reserved."""

    privacy: Privacy = Privacy()
    """How long data is kept."""

    jobs: Jobs = Jobs()
    """Running jobs."""

    playground: Playground = Playground()
    """The local page."""

    admins: tuple[UserKey, ...] = ()
    """`platform:id` of users who may give `/admin` commands."""

    admin_page: AdminPage = AdminPage()
    """The page for administrators."""

    locale: Literal["en", "zh", "ru"] = "en"
    """Language where a user has none of ours."""

    backup: Backup = Backup()
    """Copies of the database."""

    notifications: Notifications = Notifications()
    """What administrators are told of."""

    otel: Otel = Otel()
    """Traces."""

    log: Log = Log()
    """The log."""

    drain_s: float = Field(default=120, ge=0, allow_inf_nan=False)
    """Longest wait for running jobs at a stop, seconds; >= 0. A painting in chat completions, which a restart cannot
    resume, takes up to about two minutes."""

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
