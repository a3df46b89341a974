"""Two platforms, an upstream and a folder, in which processes of Easel are begun, killed and begun again."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.chat import Balance
from bot.job import Job
from bot.sandbox import Fault, Sandbox
from bot.sandbox.request_log import RecordedRequest
from bot.store.store import Store
from tests.kill.steps import BY_NAME, LONG, step_of
from tests.servers.discord import Channel, DiscordServer
from tests.servers.discord import Limits as DiscordLimits
from tests.servers.discord import Rate as DiscordRate
from tests.servers.telegram import UNLIMITED, Chat, TelegramServer
from tests.support import PROJECT
from tests.support.chat_world import all_jobs_settled
from tests.support.clocks import ShiftedClock
from tests.support.databases import migrated_sqlite
from tests.support.waiting import TIMEOUT_S, wait_until

Faults = Callable[[RecordedRequest], Fault | None]

EDGE = 640  # pixels of a picture's longer side
PREVIEW_EDGE = 512  # pixels, at most, of the sandbox's previews: what is larger was finished
PATIENCE = TIMEOUT_S
WIDE = DiscordLimits(overall=DiscordRate(slots=1000, period=1.0), other=DiscordRate(slots=1000, period=1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message of the bot. `id`: as the platform names it. `actions`: of its buttons. `pictures`: how many it shows
    that are finished: on Telegram a preview stays where it is when nothing more comes, under other words."""

    id: str
    text: str
    actions: tuple[str, ...]
    pictures: int


@dataclass(slots=True, kw_only=True)
class Seat:
    """A member alone with the bot in one chat of a platform."""

    user: str
    say: Callable[[str], None]
    standing: Callable[[], list[Shown]]


@dataclass(slots=True, kw_only=True)
class Process:
    """`said`: what it has told on stdout, by kind. `trouble`: its log."""

    child: asyncio.subprocess.Process
    log: Path
    stopped: set[str] = field(default_factory=set[str])

    async def read(self) -> bool:
        """Takes in one more line. False: there is none."""
        assert self.child.stdout is not None
        line = await self.child.stdout.readline()
        if line and "stopped" in (said := json.loads(line)):
            self.stopped.add(said["stopped"])
        return bool(line)

    def logged(self, words: str) -> bool:
        return words in self.log.read_text()

    async def kill(self) -> None:
        self.child.kill()
        await self.child.wait()

    async def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.child.terminate()
        return await asyncio.wait_for(self.child.wait(), PATIENCE)


class House:
    """`faults`: of the upstream; without them they follow the steps that prompts name, at their first request.
    `sleep`: how time passes there."""

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
            pace=0.2, edge=EDGE, previews=True, max_parallel=200, faults=faults or self._fault, sleep=sleep
        )
        self._faulty: set[str] = set()
        self._starts = 0

    @property
    def database_url(self) -> str:
        return migrated_sqlite(self.folder)

    def configure(self, *, timeout_s: float = LONG, **more: object) -> Path:
        """The settings of every process. `timeout_s`: of the upstream; `more`: JSON values of further keys."""
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
    async def process(self, *, stops: bool = False) -> AsyncGenerator[Process]:
        """Runs once both platforms are connected; killed at the end of the block unless it has ended."""
        self._starts += 1
        log = self.folder / f"log{self._starts}.jsonl"
        command = [sys.executable, "-m", "tests.kill.process", str(self.folder / "easel.toml")]
        with log.open("wb") as stderr:
            child = await asyncio.create_subprocess_exec(
                *command,
                *([] if stops else ["--goes-on"]),
                cwd=PROJECT,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
            )
        running = Process(child=child, log=log)
        try:
            assert await asyncio.wait_for(running.read(), PATIENCE), log.read_text()
            await self.discord.until(lambda: self.discord.gateway.connected, seconds=PATIENCE)
            await self.discord.until(lambda: bool(self.discord.commands.all()), seconds=PATIENCE)
            yield running
        finally:
            if child.returncode is None:
                child.kill()
            await child.communicate()

    def seat(self, platform: str) -> Seat:
        """Somebody new there."""
        if platform == "telegram":
            member = self.telegram.add_user("Ada")
            chat = self.telegram.private(member, opened=True)
            return Seat(
                user=f"telegram:{member.id}",
                say=lambda text: _ignored(self.telegram.say(member, chat, text)),
                standing=lambda: _of_telegram(self.telegram, chat),
            )
        world = self.discord.world
        ada = world.add_member(self.guild, "Ada")
        if platform == "discord message":
            channel = world.open_dm(ada)
            say = self.discord.say
            return Seat(
                user=f"discord:{ada.id}",
                say=lambda text: _ignored(say(ada, channel, text)),
                standing=lambda: _of_discord(self.discord, channel),
            )
        channel = world.add_channel(self.guild)
        slash = self.discord.slash
        return Seat(
            user=f"discord:{ada.id}",
            say=lambda text: _ignored(slash(ada, channel, "imagine", {"prompt": text})),
            standing=lambda: _of_discord(self.discord, channel),
        )

    @asynccontextmanager
    async def store(self) -> AsyncGenerator[Store]:
        """The books, also while a process runs."""
        store = await Store.open(self.database_url, clock=ShiftedClock(), migrate=False)
        try:
            yield store
        finally:
            await store.close()

    async def balance(self, store: Store, seat: Seat) -> Balance:
        return await store.balance(seat.user, 50)

    async def settled(self, store: Store) -> None:
        """Waits until every job has ended and been told of."""

        await wait_until(lambda: all_jobs_settled(store))

    def asked(self, prompt: str) -> int:
        return sum(each.prompt == prompt for each in self.sandbox.requests)

    def _fault(self, received: RecordedRequest) -> Fault | None:
        step = BY_NAME.get(step_of(received.prompt))
        if step is None or received.prompt in self._faulty:
            return None
        self._faulty.add(received.prompt)
        return step.fault


@asynccontextmanager
async def house(
    folder: Path,
    dialect: str,
    *,
    faults: Faults | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[House]:
    async with TelegramServer(limits=UNLIMITED) as telegram, DiscordServer(limits=WIDE) as discord:
        place = House(folder, dialect, telegram, discord, faults=faults, sleep=sleep)
        async with place.sandbox:
            place.configure()
            yield place


def jobs_of(store: Store, seat: Seat) -> Awaitable[list[Job]]:
    return store.history(seat.user)


def _of_telegram(server: TelegramServer, chat: Chat) -> list[Shown]:
    return [
        Shown(
            id=str(each.id),
            text=each.content.text,
            actions=tuple((data or "").split(":")[1] for _, data in each.buttons if data),
            pictures=int(each.media is not None and _finished(each.media.file.width, each.media.file.height)),
        )
        for each in chat.visible_messages
        if each.sender is server.bot
    ]


def _of_discord(server: DiscordServer, channel: Channel) -> list[Shown]:
    return [
        Shown(
            id=str(each.id),
            text=each.content,
            actions=tuple(one.split(":")[1] for one in each.custom_ids),
            pictures=sum(_finished(one.width or 0, one.height or 0) for one in each.attachments),
        )
        for each in channel.standing
        if each.author is server.world.bot and not each.loading
    ]


def _finished(width: int, height: int) -> bool:
    return max(width, height) > PREVIEW_EDGE


def _ignored(_: object) -> None:
    return None
