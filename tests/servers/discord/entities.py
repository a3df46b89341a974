"""Entities of the server: users, guilds, channels, messages, files, and the numbers of their kinds.

Mutable on purpose: it is the state of somebody else's server. No HTTP and no JSON here.
"""

import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Literal

from tests.servers.discord.errors import Json

if TYPE_CHECKING:
    from tests.servers.discord.interactions import Interaction

MIB = 1024 * 1024
TIER_LIMITS = {0: 10 * MIB, 1: 10 * MIB, 2: 50 * MIB, 3: 100 * MIB}  # bytes a file, by the guild's boosts
NITRO_LIMIT = 500 * MIB


class Kind(IntEnum):
    """Channel types."""

    TEXT = 0
    DM = 1
    VOICE = 2
    GROUP = 3
    THREAD = 11
    FORUM = 15


class Permission(IntFlag):
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    SEND_MESSAGES_IN_THREADS = 1 << 38


class Flag(IntFlag):
    """Message flags."""

    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    COMPONENTS_V2 = 1 << 15


NOTHING = Permission(0)
EVERYTHING = sum(Permission) & ~Permission.MANAGE_MESSAGES  # what ordinary members may do


@dataclass(slots=True, kw_only=True, eq=False)
class User:
    """`dms_open`: takes messages from the bot. `nitro`: uploads up to 500 MiB. `skus`: what was bought of the bot."""

    id: int
    name: str
    locale: str = "en-US"
    bot: bool = False
    nitro: bool = False
    dms_open: bool = True
    skus: list[int] = field(default_factory=list[int])


@dataclass(slots=True, kw_only=True, eq=False)
class Role:
    id: int
    name: str
    permissions: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    user: User
    roles: list[Role] = field(default_factory=list[Role])
    nick: str | None = None
    boosts: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Guild:
    """`bot_in`: the bot is a member; otherwise its commands come here only by user installation. `blocked_words`: in
    lower case, of AutoMod's rules."""

    id: int
    name: str
    tier: int
    locale: str
    owner: User
    bot_in: bool
    roles: list[Role] = field(default_factory=list[Role])
    members: dict[int, Member] = field(default_factory=dict[int, Member])
    channels: list["Channel"] = field(default_factory=list["Channel"])
    blocked_words: tuple[str, ...] = ()

    @property
    def file_limit(self) -> int:
        return TIER_LIMITS[self.tier]

    def permissions_of(self, user: User) -> int:
        """What a member may do, by everybody's role and their own; the owner may do everything."""
        if user is self.owner:
            return 2**50 - 1
        everyone, *_ = self.roles
        return everyone.permissions | sum({role.permissions for role in self.members[user.id].roles})


@dataclass(slots=True, kw_only=True, eq=False)
class Channel:
    """`denied`: what the bot may not do here. `external_apps`: members may use apps they installed themselves
    without the answers turning ephemeral."""

    id: int
    kind: Kind
    name: str
    guild: Guild | None = None
    parent: "Channel | None" = None
    recipients: list[User] = field(default_factory=list[User])
    denied: Permission = NOTHING
    external_apps: bool = True
    archived: bool = False
    locked: bool = False
    messages: list["Message"] = field(default_factory=list["Message"])

    def allows(self, permission: Permission) -> bool:
        """Whether the bot may; a thread denies what its parent denies."""
        return not permission & self.all_denied

    @property
    def all_denied(self) -> Permission:
        return self.denied if self.parent is None else self.denied | self.parent.denied

    @property
    def bot_in(self) -> bool:
        """Whether the bot gets events and may use the channel's REST routes."""
        if self.guild is not None:
            return self.guild.bot_in and self.allows(Permission.VIEW_CHANNEL)
        return self.kind is Kind.DM

    @property
    def file_limit(self) -> int:
        return TIER_LIMITS[0] if self.guild is None else self.guild.file_limit

    @property
    def last(self) -> "Message":
        """The newest message that still stands."""
        return self.standing[-1]

    @property
    def standing(self) -> list["Message"]:
        return [message for message in self.messages if not message.deleted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file on its way in."""

    filename: str
    data: bytes
    content_type: str | None = None
    description: str | None = None

    @property
    def media_type(self) -> str | None:
        return self.content_type or mimetypes.guess_type(self.filename)[0]


@dataclass(slots=True, kw_only=True, eq=False)
class Attachment:
    id: int
    filename: str
    data: bytes
    content_type: str | None
    width: int | None
    height: int | None
    description: str | None = None
    spoiler: bool = False
    ephemeral: bool = False


class StickerFormat(IntEnum):
    """Sticker format types."""

    PNG = 1
    APNG = 2
    LOTTIE = 3
    GIF = 4


@dataclass(slots=True, kw_only=True, eq=False)
class Sticker:
    """`data`: what the CDN serves for it."""

    id: int
    name: str
    format: StickerFormat
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reply or a forward. `shown`: whether `referenced_message` is there at all."""

    message: "Message"
    kind: Literal["reply", "forward"]
    shown: bool = True


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """`pinged`: who was rung for it, over all edits. `unguarded`: how many of the bot's writes to it named no
    allowed_mentions. `versions`: the text after each write."""

    id: int
    channel: Channel
    author: User
    created: datetime
    content: str = ""
    kind: int = 0
    edited: datetime | None = None
    flags: int = 0
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    embeds: list[Json] = field(default_factory=list[Json])
    stickers: list[Sticker] = field(default_factory=list[Sticker])
    components: list[Json] = field(default_factory=list[Json])
    mentions: list[User] = field(default_factory=list[User])
    reference: Reference | None = None
    interaction: "Interaction | None" = None
    nonce: str | None = None
    reactions: dict[str, list[User]] = field(default_factory=dict[str, list[User]])
    deleted: bool = False
    pinged: list[str] = field(default_factory=list[str])
    unguarded: int = 0
    versions: list[str] = field(default_factory=list[str])

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & Flag.EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Shown as "… is thinking"."""
        return bool(self.flags & Flag.LOADING)

    @property
    def custom_ids(self) -> list[str]:
        """Of the message's buttons and menus, in order."""
        return [str(node["custom_id"]) for node in walk(self.components) if "custom_id" in node]


def walk(components: Iterable[Json]) -> Iterable[Json]:
    """Every component, parents first."""
    for node in components:
        yield node
        yield from walk(node.get("components") or [])
        yield from walk([part for key in ("component", "accessory") if (part := node.get(key))])
