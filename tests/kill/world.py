"""The world of the kill tests: two platform servers, an upstream and a folder, which outlive the processes of Easel."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import TypeVar, override

from bot.sandbox import Fault, Sandbox
from bot.sandbox.request_log import RecordedRequest
from tests.kill.kill_points import KILL_POINTS_BY_NAME, LONG_S, MODERATED_DIALECT, kill_point_name
from tests.servers.discord import Channel, DiscordServer, Guild
from tests.servers.discord import Limits as DiscordLimits
from tests.servers.discord import Rate as DiscordRate
from tests.servers.telegram import UNLIMITED, Chat, TelegramServer
from tests.servers.telegram import Limits as TelegramLimits
from tests.support.easel_process import EaselProcess, run_easel
from tests.support.waiting import TIMEOUT_S
from tests.support.world import World

Faults = Callable[[RecordedRequest], Fault | None]

IMAGE_EDGE_PX = 640  # the longer side of a finished picture
PREVIEW_EDGE_PX = 512  # the longer side of the sandbox's previews, at most: what is larger is a finished picture
MAX_JOBS = 500  # at once: none waits for another
THINKING = "thinking"  # in place of an action: Discord shows that the bot has not answered a command yet
WIDE_DISCORD_LIMITS = DiscordLimits(
    overall=DiscordRate(slots=1000, period=1.0), other=DiscordRate(slots=1000, period=1.0)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BotMessage:
    """A message of the bot, as the user sees it now."""

    id: str
    """The platform's message id."""
    text: str
    actions: tuple[str, ...]
    """The action of each button, such as `cancel`."""
    pictures: int
    """Number of finished pictures. Previews do not count: on Telegram one stays in the message of a failed job."""


@dataclass(slots=True, kw_only=True)
class PrivateUser:
    """A user alone with the bot in one chat of a platform."""

    key: str
    """`platform:id`, as in the ledger."""
    say: Callable[[str], None]
    """Sends a prompt: as a message, or as the slash command `/imagine`."""
    messages: Callable[[], list[BotMessage]]
    """The bot's messages in the chat, oldest first, deleted ones left out."""


def blocked_prompts(process: EaselProcess) -> set[str]:
    """Prompts of the jobs that have reported that they wait at their kill point."""
    return {report["blocked"] for report in process.reports if "blocked" in report}


@dataclass(slots=True, kw_only=True)
class KillWorld(World):
    """Both platforms' servers, which outlive the processes that run against them."""

    dialect: str
    telegram: TelegramServer
    discord: DiscordServer
    guild: Guild
    timeout_s: float = LONG_S
    """Of the provider."""

    @override
    def platform_settings(self) -> dict[str, Any]:
        return {
            "jobs": {"concurrency": MAX_JOBS},
            "telegram": {"token": self.telegram.token, "api_base": self.telegram.api_base},
            "discord": {
                "token": self.discord.token,
                "api_base": self.discord.api_base,
                "gateway_url": self.discord.gateway_url,
            },
            "providers": [
                self.provider(dialect=self.dialect, max_concurrency=MAX_JOBS, timeout_s=self.timeout_s),
            ],
            "moderation": {
                "enabled": self.dialect == MODERATED_DIALECT,
                "base_url": self.sandbox.address,
                "api_key": "sandbox",
            },
        }

    @asynccontextmanager
    async def process(self, run: Callable[[Path], None] = run_easel) -> AsyncGenerator[EaselProcess]:
        """Another process, once Discord is connected too."""
        async with super(KillWorld, self).process(run) as running:
            await self.discord.until(lambda: self.discord.gateway.connected, seconds=TIMEOUT_S)
            await self.discord.until(lambda: bool(self.discord.commands.all()), seconds=TIMEOUT_S)
            yield running

    def add_user(self, platform: str) -> PrivateUser:
        """A new user. `platform`: one of `kill_points.PLATFORMS`."""
        if platform == "telegram":
            user = self.telegram.add_user("Ada")
            chat = self.telegram.private(user, opened=True)
            return PrivateUser(
                key=f"telegram:{user.id}",
                say=lambda text: _discard(self.telegram.say(user, chat, text)),
                messages=lambda: telegram_messages(self.telegram, chat),
            )
        world = self.discord.world
        ada = world.add_member(self.guild, "Ada")
        if platform == "discord message":
            channel = world.open_dm(ada)
            say = self.discord.say
            return PrivateUser(
                key=f"discord:{ada.id}",
                say=lambda text: _discard(say(ada, channel, text)),
                messages=lambda: discord_messages(self.discord, channel),
            )
        channel = world.add_channel(self.guild)
        slash = self.discord.slash
        return PrivateUser(
            key=f"discord:{ada.id}",
            say=lambda text: _discard(slash(ada, channel, "imagine", {"prompt": text})),
            messages=lambda: discord_messages(self.discord, channel),
        )

    def request_count(self, prompt: str) -> int:
        """How many requests of that prompt the upstream has received."""
        return sum(each.prompt == prompt for each in self.sandbox.requests)


class FirstRequestFaults:
    """The first request of a prompt meets the fault of the kill point that it names."""

    def __init__(self) -> None:
        self._met: set[str] = set()

    def __call__(self, received: RecordedRequest) -> Fault | None:
        kill_point = KILL_POINTS_BY_NAME.get(kill_point_name(received.prompt))
        if kill_point is None or received.prompt in self._met:
            return None
        self._met.add(received.prompt)
        return kill_point.fault


KindOfWorld = TypeVar("KindOfWorld", bound=KillWorld, default=KillWorld)


@asynccontextmanager
async def kill_world(
    folder: Path,
    dialect: str,
    *,
    faults: Faults | None = None,
    pace: float = 0.2,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    kind: type[KindOfWorld] = KillWorld,
    telegram_limits: TelegramLimits = UNLIMITED,
) -> AsyncGenerator[KindOfWorld]:
    """`faults`: of the upstream; by default those of the kill points. `pace` and `sleep`: the upstream's, in parts of
    its usual eight seconds a picture, and in seconds."""
    async with (
        TelegramServer(limits=telegram_limits) as telegram,
        DiscordServer(limits=WIDE_DISCORD_LIMITS) as discord,
        Sandbox(
            pace=pace,
            edge=IMAGE_EDGE_PX,
            previews=True,
            max_parallel=200,
            faults=faults or FirstRequestFaults(),
            sleep=sleep,
        ) as sandbox,
    ):
        yield kind(
            folder=folder,
            sandbox=sandbox,
            dialect=dialect,
            telegram=telegram,
            discord=discord,
            guild=discord.world.add_guild(),
        )


def telegram_messages(server: TelegramServer, chat: Chat) -> list[BotMessage]:
    return [
        BotMessage(
            id=str(each.id),
            text=each.content.text,
            actions=tuple((data or "").split(":")[1] for _, data in each.buttons if data),
            pictures=int(each.media is not None and _is_finished(each.media.file.width, each.media.file.height)),
        )
        for each in chat.visible_messages
        if each.sender is server.bot
    ]


def discord_messages(server: DiscordServer, channel: Channel) -> list[BotMessage]:
    return [
        BotMessage(
            id=str(each.id),
            text=each.content,
            actions=(THINKING,) if each.loading else tuple(one.split(":")[1] for one in each.custom_ids),
            pictures=sum(_is_finished(one.width or 0, one.height or 0) for one in each.attachments),
        )
        for each in channel.standing
        if each.author is server.world.bot
    ]


def _is_finished(width: int, height: int) -> bool:
    return max(width, height) > PREVIEW_EDGE_PX


def _discard(_: object) -> None:
    return None
