"""Discord's addresses as the core's: chats, handles of attachments, links. Pure text both ways.

A chat's id is `guild/channel` (`@me` without a guild), as in Discord's own links; a thread is a channel of its own.
The `thread_id` of a chat names the interaction by which alone, or at first, the bot answers there.
"""

from dataclasses import dataclass

from bot.chat import Chat, MessageRef

PLATFORM = "discord"
HOME = "@me"
LINKS = "https://discord.com/channels"


def chat(
    guild: int | None, channel: int, *, direct: bool, ticket: str | None = None, parent: int | None = None
) -> Chat:
    """`direct`: the conversation of one member with the bot. `ticket`: the id of the interaction to answer by.
    `parent`: the channel that a thread hangs on."""
    home = HOME if guild is None else guild
    return Chat(
        platform=PLATFORM,
        id=f"{home}/{channel}",
        kind="direct" if direct else "group",
        thread_id=ticket,
        parent_id=None if parent is None else f"{home}/{parent}",
    )


def channel_of(where: Chat) -> str:
    return where.id.partition("/")[2]


def guild_of(where: Chat) -> int | None:
    guild = where.id.partition("/")[0]
    return int(guild) if guild.isdecimal() else None


def link(ref: MessageRef) -> str:
    return f"{LINKS}/{ref.chat.id}/{ref.message_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InMessage:
    """A picture of a message that can be read again by its id. `item`: an attachment's id, or `e0` for the picture
    of the first embed."""

    channel: str
    message: str
    item: str

    def __str__(self) -> str:
        return f"m/{self.channel}/{self.message}/{self.item}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A picture that Discord does not show again: its bytes are kept."""

    id: str

    def __str__(self) -> str:
        return f"k/{self.id}"

    @property
    def key(self) -> str:
        """Where the bytes lie."""
        return f"discord:upload:{self.id}"


def read_ref(ref: str) -> InMessage | Kept | None:
    """The handle behind an attachment's `ref`; None for one of another making."""
    match ref.split("/"):
        case ["m", channel, message, item]:
            return InMessage(channel=channel, message=message, item=item)
        case ["k", identity]:
            return Kept(id=identity)
        case _:
            return None
