"""What `easel init` has to know, whether it was asked for or came as flags. Values only; secrets show in no repr."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True, kw_only=True)
class ProviderAnswers:
    """The provider that paints."""

    preset: str
    """One of the presets."""
    api_key: str | None = field(default=None, repr=False)
    api_key_file: Path | None = None
    """File that holds the key, in its place."""
    base_url: str | None = None
    """None: the preset's own."""
    models: tuple[str, ...] = ()
    """Names of models, the preferred one first; none: the preset's first."""
    price: str | None = None
    """Credits an image as TOML: a number or a table; None: what is proposed."""


@dataclass(slots=True, kw_only=True)
class BotAnswers:
    """A bot on a platform."""

    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    """File that holds the token, in its place."""
    api_base: str | None = None
    """None: the platform's own."""

    @property
    def is_given(self) -> bool:
        return self.token is not None or self.token_file is not None


@dataclass(slots=True, kw_only=True)
class Answers:
    """Everything that goes into the file."""

    provider: ProviderAnswers
    telegram: BotAnswers = field(default_factory=BotAnswers)
    discord: BotAnswers = field(default_factory=BotAnswers)
    playground: bool = False
    admins: tuple[str, ...] = ()
    """`platform:id` of those who may give `/admin` commands."""
    port: int | None = None
    public_url: str | None = None
    database_url: str | None = None
    user_daily: int | None = None
    allow_hosts: tuple[str, ...] = ()
    """`host:port` of upstreams on private addresses."""
    locale: str | None = None
