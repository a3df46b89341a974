"""The server's state: creates and finds the entities of entities.py; tests arrange it. No HTTP, no JSON."""

import io
import itertools
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    pass

from tests.servers.discord.entities import (
    EVERYTHING,
    NOTHING,
    Attachment,
    Channel,
    Guild,
    Kind,
    Member,
    Message,
    Permission,
    Role,
    Sticker,
    StickerFormat,
    Upload,
    User,
)

EPOCH_MS = 1_420_070_400_000  # 2015-01-01, where snowflakes begin


class World:
    """`now`: the wall clock that snowflakes and timestamps show. `announce`: called with what was added."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self._count = itertools.count()
        self.announce: Callable[[Guild | Channel], None] = lambda _: None
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.attachments: dict[int, Attachment] = {}
        self.stickers: dict[int, Sticker] = {}
        self.application_id = self.snowflake()
        self.bot = self.add_user("Easel", bot=True)
        self.owner = self.add_user("operator")

    def snowflake(self) -> int:
        """The next id; carries the time, as Discord's do."""
        return ((int(self.now().timestamp() * 1000) - EPOCH_MS) << 22) | (next(self._count) & 0x3FFFFF)

    def add_user(
        self,
        name: str,
        *,
        locale: str = "en-US",
        bot: bool = False,
        nitro: bool = False,
        dms_open: bool = True,
    ) -> User:
        user = User(id=self.snowflake(), name=name, locale=locale, bot=bot, nitro=nitro, dms_open=dms_open)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str = "Guild", *, tier: int = 0, locale: str = "en-US", bot_in: bool = True) -> Guild:
        owner = self.add_user(f"owner of {name}")
        guild = Guild(id=self.snowflake(), name=name, tier=tier, locale=locale, owner=owner, bot_in=bot_in)
        guild.roles.append(Role(id=guild.id, name="@everyone", permissions=EVERYTHING))
        guild.members[owner.id] = Member(user=owner)
        if bot_in:
            guild.members[self.bot.id] = Member(user=self.bot)
        self.guilds[guild.id] = guild
        self.announce(guild)
        return guild

    def add_role(self, guild: Guild, name: str, *, permissions: int = 0) -> Role:
        role = Role(id=self.snowflake(), name=name, permissions=permissions)
        guild.roles.append(role)
        return role

    def add_member(
        self,
        guild: Guild,
        user: User | str,
        *,
        roles: Iterable[Role] = (),
        nick: str | None = None,
        locale: str = "en-US",
    ) -> User:
        """Lets a user join; a name makes a new one."""
        user = self.add_user(user, locale=locale) if isinstance(user, str) else user
        guild.members[user.id] = Member(user=user, roles=list(roles), nick=nick)
        return user

    def add_channel(
        self,
        guild: Guild,
        name: str = "general",
        *,
        kind: Kind = Kind.TEXT,
        denied: Permission = NOTHING,
        external_apps: bool = True,
    ) -> Channel:
        """A text channel, the chat of a voice channel, or a forum."""
        return self._enter(
            Channel(
                id=self.snowflake(),
                kind=kind,
                name=name,
                guild=guild,
                denied=denied,
                external_apps=external_apps,
            )
        )

    def add_thread(
        self,
        parent: Channel,
        name: str = "thread",
        *,
        archived: bool = False,
        locked: bool = False,
        started_on: Message | None = None,
    ) -> Channel:
        """A public thread of a text channel, started on a message of it or on none, or a post of a forum."""
        return self._enter(
            Channel(
                id=self.snowflake() if started_on is None else started_on.id,
                kind=Kind.THREAD,
                name=name,
                guild=parent.guild,
                parent=parent,
                archived=archived,
                locked=locked,
            )
        )

    def open_dm(self, user: User) -> Channel:
        """The conversation of the bot with a user; always the same one."""
        for channel in self.channels.values():
            if channel.kind is Kind.DM and channel.recipients == [user]:
                return channel
        return self._enter(Channel(id=self.snowflake(), kind=Kind.DM, name="", recipients=[user]))

    def add_group_dm(self, *users: User) -> Channel:
        """A group of users; bots cannot join one."""
        return self._enter(Channel(id=self.snowflake(), kind=Kind.GROUP, name="", recipients=list(users)))

    def store(self, upload: Upload, *, ephemeral: bool = False) -> Attachment:
        width, height = measure(upload)
        attachment = Attachment(
            id=self.snowflake(),
            filename=upload.filename,
            data=upload.data,
            content_type=upload.media_type,
            width=width,
            height=height,
            description=upload.description,
            ephemeral=ephemeral,
            spoiler=upload.filename.startswith("SPOILER_"),
        )
        self.attachments[attachment.id] = attachment
        return attachment

    def add_sticker(self, data: bytes, *, kind: StickerFormat = StickerFormat.PNG, name: str = "Wave") -> Sticker:
        sticker = Sticker(id=self.snowflake(), name=name, format=kind, data=data)
        self.stickers[sticker.id] = sticker
        return sticker

    def add_message(self, message: Message) -> Message:
        self.messages[message.id] = message
        message.channel.messages.append(message)
        message.versions.append(message.content)
        return message

    def _enter(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        if channel.guild is not None:
            channel.guild.channels.append(channel)
        self.announce(channel)
        return channel


def measure(upload: Upload) -> tuple[int | None, int | None]:
    """Width and height of a picture that can be read, as Discord sends them."""
    if not (upload.media_type or "").startswith("image/"):
        return None, None
    try:
        with Image.open(io.BytesIO(upload.data)) as picture:
            return picture.size
    except OSError:  # Pillow's word for "not a picture"
        return None, None
