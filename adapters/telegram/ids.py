"""Telegram's identifiers as the core's chat ids and back, and links to messages. Pure text both ways.

A chat's id is Telegram's own, with a prefix where the bot is no member: `guest/-100…` is a chat that mentioned the bot
(guest mode), `inline/123` any chat in which user 123 used inline mode; messages there are known by an inline id. The
`thread_id` of a chat says how to write to it: `t…` in a topic, `d…` in a topic of a channel's direct messages,
`q…` by answering that guest query, `i…` by editing that inline message.
"""

from dataclasses import dataclass

from bot.chat import Chat, MessageRef

PLATFORM = "telegram"
GUEST_PREFIX, INLINE_PREFIX = "guest", "inline"
SUPERGROUP_PREFIX = "-100"  # first characters of the ids of supergroups and channels; links have the id without it


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatAddress:
    """The parameters by which a chat is written to."""

    chat: int | None
    """`chat_id`; None where only inline messages can be edited."""
    topic: int | None = None
    """`message_thread_id` of a forum topic."""
    channel_topic: int | None = None
    """`direct_messages_topic_id` of a channel's direct messages."""
    query: str | None = None
    """`guest_query_id`, not answered yet."""
    inline: str | None = None
    """`inline_message_id` of the message that is shown already."""


def make_chat(chat_id: int, *, direct: bool, topic: int | None = None, channel_topic: int | None = None) -> Chat:
    """A chat that the bot is a member of."""
    thread = f"t{topic}" if topic is not None else f"d{channel_topic}" if channel_topic is not None else None
    return Chat(platform=PLATFORM, id=str(chat_id), kind="direct" if direct else "group", thread_id=thread)


def make_guest_chat(chat_id: int, *, direct: bool, query: str) -> Chat:
    """A chat that the bot is no member of. Its Telegram id may equal that of a chat that the bot is a member of."""
    kind = "direct" if direct else "group"
    return Chat(platform=PLATFORM, id=f"{GUEST_PREFIX}/{chat_id}", kind=kind, thread_id=f"q{query}")


def make_inline_chat(user: int, message: str) -> Chat:
    """The unknown chat into which a user has sent an inline message."""
    return Chat(platform=PLATFORM, id=f"{INLINE_PREFIX}/{user}", kind="direct", thread_id=f"i{message}")


def chat_address(where: Chat) -> ChatAddress:
    """How to write to a chat, parsed from its id and thread id."""
    thread = where.thread_id or ""
    kind, value = thread[:1], thread[1:]
    return ChatAddress(
        chat=None if is_inline(where) else int(where.id),
        topic=int(value) if kind == "t" else None,
        channel_topic=int(value) if kind == "d" else None,
        query=value if kind == "q" else None,
        inline=value if kind == "i" else None,
    )


def is_inline(where: Chat) -> bool:
    """Whether messages of the chat are known by an inline id alone."""
    return where.id.partition("/")[0] in (GUEST_PREFIX, INLINE_PREFIX)


def message_link(ref: MessageRef) -> str | None:
    """The URL of a message; None outside of supergroups and channels: Telegram has links for those only."""
    if not ref.chat.id.startswith(SUPERGROUP_PREFIX):
        return None
    address = chat_address(ref.chat)
    thread = f"{address.topic}/" if address.topic is not None else ""
    return f"https://t.me/c/{ref.chat.id.removeprefix(SUPERGROUP_PREFIX)}/{thread}{ref.message_id}"
