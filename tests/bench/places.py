"""Where members ask: Telegram, and Discord by mention or by slash, each a protocol server that notes what it sees.

Servers keep no bytes and make a picture small only once, since that is not what is measured here.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol, cast

from tests.bench.jobs import Job, now
from tests.servers import discord as discord_server
from tests.servers import telegram as telegram_server
from tests.servers.discord.core import Request as DiscordCall
from tests.servers.telegram.core import Request as TelegramCall
from tests.servers.telegram.files import Files


class Place(Protocol):
    """A platform with one bot. `settings`: what Easel is told of it; `given`: what a baseline is."""

    settings: Mapping[str, Any]
    given: Mapping[str, Any]
    script: str

    @property
    def refused(self) -> int:
        """Calls answered with 429."""
        ...

    def room(self, name: str) -> Any:
        """A chat of a member's own."""
        ...

    def crowd(self, size: int) -> list[Any]:
        """Members of one group, each with a hand in it."""
        ...

    def ask(self, room: Any, job: Job, photos: list[bytes] | None = None) -> None:
        """The member asks now."""
        ...


class Seen(list[Any]):
    """Takes what a server records, tells it on, and keeps nothing."""

    def __init__(self, tell: Callable[[Any], None]) -> None:
        super().__init__()
        self._tell = tell

    def append(self, call: Any, /) -> None:
        self._tell(call)


def album() -> Files:
    """Telegram's files, each different picture developed once."""
    files = Files()
    files.photo = cache(files.photo)
    return files


# ---------------------------------------------------------------- Telegram


@dataclass(slots=True, kw_only=True)
class Telegram:
    server: telegram_server.TelegramServer
    settings: Mapping[str, Any]
    given: Mapping[str, Any]
    jobs: dict[tuple[int, int], Job]
    script: str = "telegram_bot"

    @property
    def refused(self) -> int:
        return len(self.server.refusals)

    def room(self, name: str) -> Any:
        user = self.server.add_user(name)
        return user, self.server.private(user, opened=True)

    def crowd(self, size: int) -> list[Any]:
        members = [self.server.add_user(f"member {number}") for number in range(size)]
        group = self.server.add_group("Painters", members=members)
        group.privacy = False
        return [(member, group) for member in members]

    def ask(self, room: Any, job: Job, photos: list[bytes] | None = None) -> None:
        user, chat = room
        job.asked = now()
        if photos:
            items = [
                telegram_server.Item(data=each, kind="document", filename=f"{n}.jpg") for n, each in enumerate(photos)
            ]
            asked = self.server.album(user, chat, items, caption=job.prompt)[0]
        else:
            text = job.prompt if chat.kind == "private" else f"/imagine@{self.server.bot.username} {job.prompt}"
            asked = self.server.say(user, chat, text)
        self.jobs[chat.id, asked.id] = job

    def hear(self, call: TelegramCall) -> None:
        """A call of the bot: a status, or the picture."""
        if call.status != 200 or not call.method.startswith(("send", "edit")):
            return
        params = call.params
        chat, target = int(params.get("chat_id", 0)), params.get("reply_parameters", {}).get("message_id")
        if target is None and "message_id" in params:
            message = self.server.core.world.chats[chat].messages[int(params["message_id"])]
            target = message.reply_to.id if message.reply_to is not None else None
        job = self.jobs.get((chat, int(target))) if target is not None else None
        if job is not None:
            job.see(str(params.get("text", "")), picture=bool(call.files))


@asynccontextmanager
async def telegram(limits: telegram_server.Limits | None = None) -> AsyncGenerator[Telegram]:
    """`limits`: flood control in force; by default none."""
    async with telegram_server.TelegramServer(limits=limits or telegram_server.UNLIMITED) as server:
        api: dict[str, Any] = {"token": server.token, "api_base": server.api_base}
        place = Telegram(server=server, settings={"telegram": api}, given=api, jobs={})
        server.core.files = album()
        server.core.requests = server.requests = Seen(place.hear)
        yield place
        server.violations.clear()  # of baselines: what they do wrong is not what is measured


# ---------------------------------------------------------------- Discord


@dataclass(slots=True, kw_only=True)
class Discord:
    """`slash`: members use the command instead of a mention."""

    server: discord_server.DiscordServer
    guild: discord_server.Guild
    settings: Mapping[str, Any]
    given: Mapping[str, Any]
    slash: bool
    jobs: dict[str, Job]
    answered: Callable[[str], None] | None = None
    script: str = "discord_bot"

    @property
    def refused(self) -> int:
        return len(self.server.refused)

    def room(self, name: str) -> Any:
        return self.server.world.add_member(self.guild, name), self.server.world.add_channel(self.guild, name)

    def crowd(self, size: int) -> list[Any]:
        channel = self.server.world.add_channel(self.guild, "painters")
        return [(self.server.world.add_member(self.guild, f"member {n}"), channel) for n in range(size)]

    def ask(self, room: Any, job: Job, photos: list[bytes] | None = None) -> None:
        user, channel = room
        files = [discord_server.Upload(filename=f"{n}.jpg", data=photo) for n, photo in enumerate(photos or ())]
        job.asked = now()
        if self.slash:
            self.jobs[self.server.slash(user, channel, "imagine", {"prompt": job.prompt}).token] = job
            return
        text = f"<@{self.server.world.bot.id}> {job.prompt}"
        self.jobs[str(self.server.say(user, channel, text, files=files).id)] = job

    def hear(self, call: DiscordCall) -> None:
        """A call of the bot: a status, or the picture."""
        if not 200 <= call.status < 300:
            return
        if call.route.endswith("/callback"):
            if self.answered is not None:
                self.answered(call.params["interaction_token"])
            return
        given: Any = call.payload
        payload = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        job = self._job(call, payload)
        if job is not None and (call.files or payload.get("content")):
            job.see(str(payload.get("content", "")), picture=bool(call.files))

    def _job(self, call: DiscordCall, payload: Mapping[str, Any]) -> Job | None:
        if (token := call.params.get("webhook_token")) is not None:
            return self.jobs.get(token)
        if "message_id" not in call.params:
            return self.jobs.get(str(payload.get("message_reference", {}).get("message_id")))
        message = self.server.world.messages.get(int(call.params["message_id"]))
        if message is None or message.reference is None:
            return None
        return self.jobs.get(str(message.reference.message.id))


@asynccontextmanager
async def discord(*, slash: bool, limits: discord_server.Limits | None = None) -> AsyncGenerator[Discord]:
    """`limits`: as Discord's own by default."""
    async with discord_server.DiscordServer(limits=limits) as server:
        api: dict[str, Any] = {"token": server.token, "api_base": server.api_base, "gateway_url": server.gateway_url}
        place = Discord(
            server=server, guild=server.world.add_guild(), settings={"discord": api}, given=api, slash=slash, jobs={}
        )
        store, same = server.world.store, cache(bytes)

        def keep(upload: discord_server.Upload, **given: Any) -> discord_server.Attachment:
            return store(replace(upload, data=same(upload.data)), **given)

        server.world.store = keep
        server.core.requests = server.requests = Seen(place.hear)
        yield place
        server.violations.clear()


Door = Callable[[], Any]

DOORS: Mapping[str, Door] = {
    "telegram": telegram,
    "discord mention": lambda: discord(slash=False),
    "discord slash": lambda: discord(slash=True),
}
