"""The settings tables of chat platforms: `discord` and `telegram`. Nothing is read here."""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from bot.settings.types import (
    Channels,
    HttpUrl,
    Secret,
    SecretFile,
    ShardIds,
    SocketUrl,
    Table,
)


class Discord(Table):
    """The Discord adapter."""

    token: Secret = None
    """Bot token; with it the Discord adapter runs."""

    token_file: SecretFile = None
    """File that holds the token."""

    api_base: HttpUrl = "https://discord.com/api/v10"
    """Base address of the REST API: a proxy or a test server."""

    gateway_url: SocketUrl | None = None
    """Address of the gateway; None: what `api_base` names."""

    message_content: bool = False
    """Whether the privileged intent is switched on in the portal and is to be used."""

    spoiler_channels: tuple[str, ...] = ()
    """Ids of channels or servers whose pictures arrive hidden."""

    shard_count: PositiveInt | None = None
    """Number of shards over all processes, > 0; None: what Discord recommends."""

    shard_ids: ShardIds = None
    """Shards that this process runs, each from 0 to `shard_count` - 1; None, as by `auto`: its share of all, which is
    all of them where there is one process."""

    @model_validator(mode="after")
    def _shards_exist(self) -> Self:
        if self.shard_ids and (self.shard_count is None or max(self.shard_ids) >= self.shard_count):
            raise ValueError("shard_ids need a shard_count that is greater than each of them")
        return self


class StarPack(Table):
    """Credits for sale, in Telegram Stars."""

    credits: Annotated[int, Field(ge=1, le=1_000_000)]
    """Credits in the pack, 1 to 1,000,000."""

    stars: Annotated[int, Field(ge=1, le=100_000)]
    """Price in Telegram Stars, 1 to 100,000."""


class Telegram(Table):
    """The Telegram adapter."""

    token: Secret = None
    """Bot token; with it the Telegram adapter runs."""

    token_file: SecretFile = None
    """File that holds the token."""

    api_base: HttpUrl = "https://api.telegram.org"
    """Base address of the Bot API; methods stand at `{api_base}/bot{token}/…`."""

    mode: Literal["polling", "webhook"] = "polling"
    """How updates arrive; `webhook` needs `server.public_url`."""

    local: bool = False
    """Whether `api_base` is a Bot API server of the operator's own on this machine, started with --local."""

    storage_chat: int | None = None
    """Id of the chat where pictures for inline and guest messages are uploaded once; with it those modes run."""

    channels: Channels = False
    """Channels in which posts that name the bot, and commands, are requests of the channel itself: true for all where
    the bot is an administrator, or a list of their ids."""

    star_packs: tuple[StarPack, ...] = Field(default=(), max_length=10)
    """Packs of credits for sale, at most ten."""
