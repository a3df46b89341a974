"""State shared by all parts of the server: entities, clocks, recorded calls. Decides nothing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.discord import encode
from tests.servers.discord.cdn import Cdn
from tests.servers.discord.commands import Commands
from tests.servers.discord.entities import Channel, Message, Upload, User
from tests.servers.discord.errors import Json
from tests.servers.discord.faults import Faults
from tests.servers.discord.gateway import Gateway, Intent, Session
from tests.servers.discord.interactions import Interactions
from tests.servers.discord.limits import Buckets, Limits
from tests.servers.discord.validate import Spec
from tests.servers.discord.visibility import Messages
from tests.servers.discord.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One REST call as it came in. `at`: by the server's `time`. `route`: the path template of Discord's
    documents. `status`: what it was answered, 0 when the connection was dropped."""

    at: float
    method: str
    route: str
    path: str
    params: Mapping[str, str]
    payload: Any
    files: Mapping[int, Upload]
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A 429. `scope`: user, shared, global; edge for a page of Discord's edge."""

    at: float
    method: str
    route: str
    scope: str


def utc() -> datetime:
    return datetime.now(UTC)


class Core:
    """`now`: the wall clock (snowflakes, tokens, links). `time`: monotonic seconds for windows of rate limits;
    by default the event loop's. `token`: the bot's. `allowed`: privileged intents switched on in the portal."""

    def __init__(
        self,
        *,
        token: str,
        allowed: Intent,
        limits: Limits,
        spec: Spec | None,
        now: Callable[[], datetime],
        time: Callable[[], float] | None,
        link_life: float,
        heartbeat_interval: float,
        shards: int,
    ) -> None:
        self._wall = now
        self._shift = timedelta()
        self._changed = asyncio.Event()
        self.time = time or (lambda: asyncio.get_running_loop().time())
        self.token = token
        self.allowed = allowed
        self.spec = spec
        self.shards = shards  # as recommended to who asks
        self.violations: list[str] = []
        self.requests: list[Request] = []
        self.refused: list[Refused] = []
        self.typings: list[Channel] = []
        self.world = World(self.now)
        self.cdn = Cdn(self.world, self.now, life=link_life)
        self.buckets = Buckets(limits, self.time)
        self.faults = Faults()
        self.commands = Commands(self.world)
        self.interactions = Interactions(self.world, self.now)
        self.messages = Messages(self.world, self.cdn)
        self.gateway = Gateway(
            token=token,
            allowed=allowed,
            welcome=self._welcome,
            members=self._members,
            noted=self.record_violation,
            changed=self.notify_changed,
            time=self.time,
            heartbeat_interval=heartbeat_interval,
        )

    def now(self) -> datetime:
        return self._wall() + self._shift

    def advance_clocks(self, seconds: float) -> None:
        """Moves the server's wall clock on: tokens age, links expire, messages grow old."""
        self._shift += timedelta(seconds=seconds)

    def record_violation(self, violation: str) -> None:
        self.violations.append(violation)

    def notify_changed(self) -> None:
        """Something happened: whoever waits looks again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        await self._changed.wait()

    @property
    def flags(self) -> int:
        """The application's: which privileged intents it may use (limited form, below 10,000 users)."""
        bits = {Intent.PRESENCES: 1 << 13, Intent.MEMBERS: 1 << 15, Intent.MESSAGE_CONTENT: 1 << 19}
        return sum(bit for intent, bit in bits.items() if intent & self.allowed)

    @property
    def reads_content(self) -> bool:
        """Whether REST shows the content of other people's messages."""
        return bool(self.allowed & Intent.MESSAGE_CONTENT)

    def seen(self, message: Message) -> Json:
        """A message as REST shows it to the bot."""
        return self.messages.seen(message, content=self.reads_content)

    def dispatch_message(self, event: str, message: Message) -> None:
        """MESSAGE_CREATE or MESSAGE_UPDATE, to those who may know of it."""
        self._dispatch_about_message(
            event, message, lambda session: self.messages.event(message, content=session.sees_content)
        )

    def dispatch_deletion(self, message: Message) -> None:
        guild = message.channel.guild
        body: Json = {"id": str(message.id), "channel_id": str(message.channel.id)}
        body |= {} if guild is None else {"guild_id": str(guild.id)}
        self._dispatch_about_message("MESSAGE_DELETE", message, lambda _: body)

    def dispatch_channel(self, event: str, place: Channel) -> None:
        """CHANNEL_CREATE, CHANNEL_UPDATE, CHANNEL_DELETE, THREAD_CREATE, THREAD_UPDATE."""
        if place.guild is not None and place.bot_in:
            body = encode.channel(place, self.world)
            body |= {"newly_created": True} if event == "THREAD_CREATE" else {}
            self.gateway.dispatch(event, lambda _: body, guild_id=place.guild.id, needs=Intent.GUILDS)

    def _dispatch_about_message(self, event: str, message: Message, build: Callable[[Session], Json]) -> None:
        channel = message.channel
        if channel.bot_in and not message.ephemeral:
            self.gateway.dispatch(
                event,
                build,
                guild_id=channel.guild.id if channel.guild else None,
                needs=Intent.GUILD_MESSAGES if channel.guild else Intent.DIRECT_MESSAGES,
            )

    def _welcome(self, session: Session) -> tuple[Json, Sequence[tuple[str, Json]]]:
        guilds = [
            guild
            for guild in self.world.guilds.values()
            if guild.bot_in and (guild.id >> 22) % session.shards == session.shard
        ]
        ready: Json = {
            "user": encode.user(self.world.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "resume_gateway_url": self.gateway.url,
            "application": {"id": str(self.world.application_id), "flags": self.flags},
        }
        shown = guilds if session.intents & Intent.GUILDS else []
        return ready, [("GUILD_CREATE", encode.guild(guild, self.world)) for guild in shown]

    def _members(self, asked: Json) -> Json:
        guild = self.world.guilds[int(asked["guild_id"])]
        wanted = asked.get("user_ids")
        ids = None if wanted is None else {int(one) for one in (wanted if isinstance(wanted, list) else [wanted])}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
        found = [member for member in guild.members.values() if ids is None or member.user.id in ids]
        body: Json = {
            "guild_id": str(guild.id),
            "members": [{**encode.member(one, self.now()), "user": encode.user(one.user)} for one in found],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
        }
        return body | ({"nonce": asked["nonce"]} if "nonce" in asked else {})

    def member_json(self, user: User, channel: Channel) -> Json:
        """`member` or `user`, whichever an interaction in this channel names."""
        guild = channel.guild
        if guild is None:
            return {"user": encode.user(user)}
        member = encode.member(guild.members[user.id], self.now())
        return {"member": {**member, "user": encode.user(user), "permissions": str(guild.permissions_of(user))}}
