"""Discord's addresses as the core's: chats, handles of attachments, links. Pure text both ways.

A chat's id is `guild/channel` (`@me` without a guild), as in Discord's own links; a thread is a channel of its own.
The `thread_id` of a chat names the interaction by whose token alone, or at first, the bot replies there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.chat import Chat, MessageRef

PLATFORM = "discord"
NO_GUILD = "@me"  # stands for the guild in ids and links of direct messages
MESSAGE_LINK_BASE = "https://discord.com/channels"


def make_chat(
    guild_id: int | None, channel_id: int, *, direct: bool, token_id: str | None = None, parent_id: int | None = None
) -> Chat:
    """`direct`: a user's conversation with the bot. `token_id`: the interaction by whose token to reply. `parent_id`:
    the channel that a thread belongs to."""
    guild = NO_GUILD if guild_id is None else guild_id
    return Chat(
        platform=PLATFORM,
        id=f"{guild}/{channel_id}",
        kind="direct" if direct else "group",
        thread_id=token_id,
        is_topic=False,
        parent_id=None if parent_id is None else f"{guild}/{parent_id}",
    )


def make_guild(guild_id: int) -> Chat:
    """A guild as the chat that all its channels are inside of."""
    return Chat(platform=PLATFORM, id=str(guild_id), kind="group")


def channel_id(chat: Chat) -> str:
    """The channel's id, also that of a thread."""
    return chat.id.partition("/")[2]


def guild_id(chat: Chat) -> int | None:
    """The guild's id; None for direct messages."""
    guild = chat.id.partition("/")[0]
    return int(guild) if guild.isdecimal() else None


def shard_of(event: Mapping[str, Any], shard_count: int) -> int:
    """The shard that an event comes to. From "Gateway" of Discord's documents, "Sharding"."""
    guild = event.get("guild_id")
    return (int(guild) >> 22) % shard_count if isinstance(guild, str) and guild.isdecimal() else 0


def message_link(ref: MessageRef) -> str:
    """The URL that opens a message in Discord's clients."""
    return f"{MESSAGE_LINK_BASE}/{ref.chat.id}/{ref.message_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFileRef:
    """A file of a message that can be read again by the message's id."""

    channel: str
    """Channel id."""
    message: str
    """Message id."""
    item: str
    """The attachment's id; `e0` for the image of the first embed, `c0` for the first of the components."""

    def __str__(self) -> str:
        return f"m/{self.channel}/{self.message}/{self.item}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFileRef:
    """A file that Discord does not show again, so that its bytes are stored in the database."""

    id: str
    """The attachment's id."""

    def __str__(self) -> str:
        return f"k/{self.id}"

    @property
    def blob_key(self) -> str:
        """The key of the bytes in the adapter's storage."""
        return f"{PLATFORM}:upload:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StickerFileRef:
    """A sticker that stands still: Discord's CDN serves it by its id, without a signature."""

    id: str
    """The sticker's id."""

    def __str__(self) -> str:
        return f"s/{self.id}"


def parse_file_ref(ref: str) -> MessageFileRef | StoredFileRef | StickerFileRef | None:
    """The file that an attachment's `ref` stands for; None for a ref that this adapter did not make."""
    match ref.split("/"):
        case ["m", channel, message, item]:
            return MessageFileRef(channel=channel, message=message, item=item)
        case ["k", file_id]:
            return StoredFileRef(id=file_id)
        case ["s", sticker_id] if sticker_id.isdecimal():
            return StickerFileRef(id=sticker_id)
        case _:
            return None
