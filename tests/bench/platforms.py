"""The platforms of the benchmark: Telegram, Discord by mention, Discord by slash command; protocol servers on loopback.

The servers record timestamps of the bot's calls. They keep no bytes and scale a photo once: neither is
measured.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol, cast

from tests.bench.jobs import MeasuredJob, now
from tests.servers import discord as discord_server
from tests.servers import telegram as telegram_server
from tests.servers.discord.core import Request as DiscordCall
from tests.servers.telegram.core import Request as TelegramCall
from tests.servers.telegram.files import FileStorage


class BenchPlatform(Protocol):
    """A platform server with one bot."""

    easel_settings: Mapping[str, Any]
    """Settings with which Easel connects to it."""

    baseline_config: Mapping[str, Any]
    """The same for a baseline script, passed as JSON."""

    baseline_script: str
    """Module name of the baseline in `tests.bench.baselines`."""

    @property
    def refused_calls(self) -> int:
        """Number of calls answered with 429."""
        ...

    def open_chat(self, name: str) -> Any:
        """Adds a user with a chat of their own; the value is what `send_prompt` takes."""
        ...

    def add_group(self, size: int) -> list[Any]:
        """Adds `size` users in one group; each value is what `send_prompt` takes."""
        ...

    def send_prompt(self, target: Any, job: MeasuredJob, photos: list[bytes] | None = None) -> None:
        """Sends the job's prompt as the user of `target`."""
        ...


class CallListener(list[Any]):
    """A request log that passes each call to a callback and keeps nothing."""

    def __init__(self, callback: Callable[[Any], None]) -> None:
        super().__init__()
        self._callback = callback

    def append(self, call: Any, /) -> None:
        self._callback(call)


def cached_files() -> FileStorage:
    """Telegram's file store, which scales each distinct photo once."""
    files = FileStorage()
    files.photo = cache(files.photo)
    return files


# ---------------------------------------------------------------- Telegram


@dataclass(slots=True, kw_only=True)
class TelegramBench:
    server: telegram_server.TelegramServer
    easel_settings: Mapping[str, Any]
    baseline_config: Mapping[str, Any]
    jobs: dict[tuple[int, int], MeasuredJob]
    baseline_script: str = "telegram_bot"

    @property
    def refused_calls(self) -> int:
        return len(self.server.refusals)

    def open_chat(self, name: str) -> Any:
        user = self.server.add_user(name)
        return user, self.server.private(user, opened=True)

    def add_group(self, size: int) -> list[Any]:
        members = [self.server.add_user(f"member {number}") for number in range(size)]
        group = self.server.add_group("Painters", members=members)
        group.privacy = False
        return [(member, group) for member in members]

    def send_prompt(self, target: Any, job: MeasuredJob, photos: list[bytes] | None = None) -> None:
        user, chat = target
        job.requested_at = now()
        if photos:
            items = [
                telegram_server.AlbumItem(data=each, kind="document", filename=f"{n}.jpg")
                for n, each in enumerate(photos)
            ]
            asked = self.server.album(user, chat, items, caption=job.prompt)[0]
        else:
            text = job.prompt if chat.kind == "private" else f"/imagine@{self.server.bot.username} {job.prompt}"
            asked = self.server.say(user, chat, text)
        self.jobs[chat.id, asked.id] = job

    def record_call(self, call: TelegramCall) -> None:
        """Records a call of the bot that shows a status or the picture."""
        if call.status != 200 or not call.method.startswith(("send", "edit")):
            return
        params = call.params
        chat, target = int(params.get("chat_id", 0)), params.get("reply_parameters", {}).get("message_id")
        if target is None and "message_id" in params:
            message = self.server.core.world.chats[chat].messages[int(params["message_id"])]
            target = message.reply_to.id if message.reply_to is not None else None
        job = self.jobs.get((chat, int(target))) if target is not None else None
        if job is not None:
            job.record_message(str(params.get("text", "")), picture=bool(call.files))


@asynccontextmanager
async def telegram(limits: telegram_server.Limits | None = None) -> AsyncGenerator[TelegramBench]:
    """Serves Telegram. `limits`: flood control in force; none by default."""
    async with telegram_server.TelegramServer(limits=limits or telegram_server.UNLIMITED) as server:
        api: dict[str, Any] = {"token": server.token, "api_base": server.api_base}
        platform = TelegramBench(server=server, easel_settings={"telegram": api}, baseline_config=api, jobs={})
        server.core.files = cached_files()
        server.core.requests = server.requests = CallListener(platform.record_call)
        yield platform
        server.violations.clear()  # of baselines: what they do wrong is not what is measured


# ---------------------------------------------------------------- Discord


@dataclass(slots=True, kw_only=True)
class DiscordBench:
    """Discord; with `slash` the users run the command instead of mentioning the bot."""

    server: discord_server.DiscordServer
    guild: discord_server.Guild
    easel_settings: Mapping[str, Any]
    baseline_config: Mapping[str, Any]
    slash: bool
    jobs: dict[str, MeasuredJob]
    on_callback: Callable[[str], None] | None = None
    baseline_script: str = "discord_bot"

    @property
    def refused_calls(self) -> int:
        return len(self.server.refused)

    def open_chat(self, name: str) -> Any:
        return self.server.world.add_member(self.guild, name), self.server.world.add_channel(self.guild, name)

    def add_group(self, size: int) -> list[Any]:
        channel = self.server.world.add_channel(self.guild, "painters")
        return [(self.server.world.add_member(self.guild, f"member {n}"), channel) for n in range(size)]

    def send_prompt(self, target: Any, job: MeasuredJob, photos: list[bytes] | None = None) -> None:
        user, channel = target
        files = [discord_server.Upload(filename=f"{n}.jpg", data=photo) for n, photo in enumerate(photos or ())]
        job.requested_at = now()
        if self.slash:
            self.jobs[self.server.slash(user, channel, "imagine", {"prompt": job.prompt}).token] = job
            return
        text = f"<@{self.server.world.bot.id}> {job.prompt}"
        self.jobs[str(self.server.say(user, channel, text, files=files).id)] = job

    def record_call(self, call: DiscordCall) -> None:
        """Records a call of the bot that shows a status or the picture."""
        if not 200 <= call.status < 300:
            return
        if call.route.endswith("/callback"):
            if self.on_callback is not None:
                self.on_callback(call.params["interaction_token"])
            return
        given: Any = call.payload
        payload = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        job = self._job(call, payload)
        if job is not None and (call.files or payload.get("content")):
            job.record_message(str(payload.get("content", "")), picture=bool(call.files))

    def _job(self, call: DiscordCall, payload: Mapping[str, Any]) -> MeasuredJob | None:
        if (token := call.params.get("webhook_token")) is not None:
            return self.jobs.get(token)
        if "message_id" not in call.params:
            return self.jobs.get(str(payload.get("message_reference", {}).get("message_id")))
        message = self.server.world.messages.get(int(call.params["message_id"]))
        if message is None or message.reference is None:
            return None
        return self.jobs.get(str(message.reference.message.id))


@asynccontextmanager
async def discord(*, slash: bool, limits: discord_server.Limits | None = None) -> AsyncGenerator[DiscordBench]:
    """Serves Discord. `limits`: rate limits in force; Discord's own by default."""
    async with discord_server.DiscordServer(limits=limits) as server:
        api: dict[str, Any] = {"token": server.token, "api_base": server.api_base, "gateway_url": server.gateway_url}
        platform = DiscordBench(
            server=server,
            guild=server.world.add_guild(),
            easel_settings={"discord": api},
            baseline_config=api,
            slash=slash,
            jobs={},
        )
        store, same = server.world.store, cache(bytes)

        def keep(upload: discord_server.Upload, **given: Any) -> discord_server.Attachment:
            return store(replace(upload, data=same(upload.data)), **given)

        server.world.store = keep
        server.core.requests = server.requests = CallListener(platform.record_call)
        yield platform
        server.violations.clear()


OpenPlatform = Callable[[], Any]

PLATFORMS: Mapping[str, OpenPlatform] = {
    "telegram": telegram,
    "discord mention": lambda: discord(slash=False),
    "discord slash": lambda: discord(slash=True),
}
