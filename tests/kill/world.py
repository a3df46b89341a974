"""The world of the kill tests: two platform servers, an upstream and a folder, which outlive the processes of Easel."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bot.chat import Balance
from bot.sandbox import Fault, Sandbox
from bot.sandbox.request_log import RecordedRequest
from bot.store.store import Store
from tests.kill.blocking_process import main
from tests.kill.kill_points import KILL_POINTS_BY_NAME, LONG_S, kill_point_name
from tests.servers.discord import Channel, DiscordServer
from tests.servers.discord import Limits as DiscordLimits
from tests.servers.discord import Rate as DiscordRate
from tests.servers.telegram import UNLIMITED, Chat, TelegramServer
from tests.support.chat_world import all_jobs_settled
from tests.support.clocks import ShiftedClock
from tests.support.databases import migrated_sqlite
from tests.support.forked import ForkedProcess, forked
from tests.support.waiting import TIMEOUT_S, wait_until

Faults = Callable[[RecordedRequest], Fault | None]

IMAGE_EDGE_PX = 640  # the longer side of a finished picture
PREVIEW_EDGE_PX = 512  # the longer side of the sandbox's previews, at most: what is larger is a finished picture
PROCESS_TIMEOUT_S = TIMEOUT_S
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


@dataclass(slots=True, kw_only=True)
class EaselProcess:
    """A running child process."""

    child: ForkedProcess
    log: Path
    """The file that takes its stderr: JSON lines."""
    blocked_prompts: set[str] = field(default_factory=set[str])
    """Prompts of the jobs that have reported, on stdout, that they wait at their kill point."""

    async def read_line(self) -> bool:
        """Reads one more line of stdout. False: end of file."""
        line = await self.child.stdout.readline()
        if line and "blocked" in (report := json.loads(line)):
            self.blocked_prompts.add(report["blocked"])
        return bool(line)

    def logged(self, event: str) -> bool:
        return event in self.log.read_text()

    async def kill(self) -> None:
        self.child.kill()
        await self.child.wait()

    async def stop(self) -> int:
        """Sends SIGTERM and returns the exit code."""
        self.child.terminate()
        return await asyncio.wait_for(self.child.wait(), PROCESS_TIMEOUT_S)


class KillWorld:
    """The servers, and the settings of every process that runs against them.

    `faults`: of the upstream; by default the first request of a prompt meets the fault of the kill point it names.
    `sleep`: the upstream's, in seconds.
    """

    def __init__(
        self,
        folder: Path,
        dialect: str,
        telegram: TelegramServer,
        discord: DiscordServer,
        *,
        faults: Faults | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.folder = folder
        self.telegram, self.discord = telegram, discord
        self.guild = discord.world.add_guild()
        self.dialect = dialect
        self.sandbox = Sandbox(
            pace=0.2, edge=IMAGE_EDGE_PX, previews=True, max_parallel=200, faults=faults or self._fault, sleep=sleep
        )
        self._faulted_prompts: set[str] = set()
        self._starts = 0

    @property
    def database_url(self) -> str:
        return migrated_sqlite(self.folder)

    def configure(self, *, timeout_s: float = LONG_S, **more: object) -> Path:
        """Writes the settings of every process. `timeout_s`: of the provider; `more`: JSON values of further keys."""
        file = self.folder / "easel.toml"
        extra = "\n".join(f"{name.replace('__', '.')} = {json.dumps(value)}" for name, value in more.items())
        file.write_text(
            f"""
            database_url = "{self.database_url}"
            {extra if "drain_s" in more else "drain_s = 0" + chr(10) + extra}
            server.port = 0
            jobs.concurrency = 500
            telegram = {{ token = {json.dumps(self.telegram.token)}, api_base = "{self.telegram.api_base}" }}
            fetch.allow_hosts = ["{self.sandbox.address.removeprefix("http://")}"]
            [discord]
            token = "{self.discord.token}"
            api_base = "{self.discord.api_base}"
            gateway_url = "{self.discord.gateway_url}"
            [[providers]]
            preset = "sandbox"
            dialect = "{self.dialect}"
            base_url = "{self.sandbox.address}"
            api_key = "sandbox"
            max_concurrency = 500
            timeout_s = {timeout_s}
            """
        )
        return file

    @asynccontextmanager
    async def process(self, *, blocking: bool = False) -> AsyncGenerator[EaselProcess]:
        """Starts a process and yields it once both platforms are connected; kills it at the end unless it has exited.

        `blocking`: each job waits for ever at the kill point that its prompt names.
        """
        self._starts += 1
        log = self.folder / f"log{self._starts}.jsonl"
        start = partial(main, self.folder / "easel.toml", blocking=blocking)
        async with forked(start, stderr=log) as child:
            running = EaselProcess(child=child, log=log)
            assert await asyncio.wait_for(running.read_line(), PROCESS_TIMEOUT_S), log.read_text()
            await self.discord.until(lambda: self.discord.gateway.connected, seconds=PROCESS_TIMEOUT_S)
            await self.discord.until(lambda: bool(self.discord.commands.all()), seconds=PROCESS_TIMEOUT_S)
            yield running

    def add_user(self, platform: str) -> PrivateUser:
        """A new user. `platform`: one of `kill_points.PLATFORMS`."""
        if platform == "telegram":
            user = self.telegram.add_user("Ada")
            chat = self.telegram.private(user, opened=True)
            return PrivateUser(
                key=f"telegram:{user.id}",
                say=lambda text: _discard(self.telegram.say(user, chat, text)),
                messages=lambda: _telegram_messages(self.telegram, chat),
            )
        world = self.discord.world
        ada = world.add_member(self.guild, "Ada")
        if platform == "discord message":
            channel = world.open_dm(ada)
            say = self.discord.say
            return PrivateUser(
                key=f"discord:{ada.id}",
                say=lambda text: _discard(say(ada, channel, text)),
                messages=lambda: _discord_messages(self.discord, channel),
            )
        channel = world.add_channel(self.guild)
        slash = self.discord.slash
        return PrivateUser(
            key=f"discord:{ada.id}",
            say=lambda text: _discard(slash(ada, channel, "imagine", {"prompt": text})),
            messages=lambda: _discord_messages(self.discord, channel),
        )

    @asynccontextmanager
    async def store(self) -> AsyncGenerator[Store]:
        """The store on the database of the processes, also while one runs."""
        store = await Store.open(self.database_url, clock=ShiftedClock(), migrate=False)
        try:
            yield store
        finally:
            await store.close()

    async def balance(self, store: Store, user: PrivateUser) -> Balance:
        return await store.balance(user.key, 50)

    async def wait_until_settled(self, store: Store) -> None:
        """Waits until every job has ended and its message shows the end."""
        await wait_until(lambda: all_jobs_settled(store))

    def request_count(self, prompt: str) -> int:
        """How many requests of that prompt the upstream has received."""
        return sum(each.prompt == prompt for each in self.sandbox.requests)

    def _fault(self, received: RecordedRequest) -> Fault | None:
        kill_point = KILL_POINTS_BY_NAME.get(kill_point_name(received.prompt))
        if kill_point is None or received.prompt in self._faulted_prompts:
            return None
        self._faulted_prompts.add(received.prompt)
        return kill_point.fault


@asynccontextmanager
async def kill_world(
    folder: Path,
    dialect: str,
    *,
    faults: Faults | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[KillWorld]:
    async with TelegramServer(limits=UNLIMITED) as telegram, DiscordServer(limits=WIDE_DISCORD_LIMITS) as discord:
        world = KillWorld(folder, dialect, telegram, discord, faults=faults, sleep=sleep)
        async with world.sandbox:
            world.configure()
            yield world


def _telegram_messages(server: TelegramServer, chat: Chat) -> list[BotMessage]:
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


def _discord_messages(server: DiscordServer, channel: Channel) -> list[BotMessage]:
    return [
        BotMessage(
            id=str(each.id),
            text=each.content,
            actions=tuple(one.split(":")[1] for one in each.custom_ids),
            pictures=sum(_is_finished(one.width or 0, one.height or 0) for one in each.attachments),
        )
        for each in channel.standing
        if each.author is server.world.bot and not each.loading
    ]


def _is_finished(width: int, height: int) -> bool:
    return max(width, height) > PREVIEW_EDGE_PX


def _discard(_: object) -> None:
    return None
