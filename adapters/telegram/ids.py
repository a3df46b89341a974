"""Telegram's addresses as the core's: chats, threads, handles of files, links. Pure text both ways.

A chat's id is Telegram's own. Where the bot is no member it is told apart: `guest/-100…` is a chat that it was called
into by a mention, `inline/123` whatever chat member 123 used it in by its name; messages there are known by an inline
id. The `thread_id` of a chat says how it is written to: `t…` a topic, `d…` a topic of a channel's direct messages,
`q…` by answering that guest query, `i…` into that inline message.
"""

from dataclasses import dataclass

from bot.chat import Chat, MessageRef

PLATFORM = "telegram"
GUEST_PREFIX, INLINE_PREFIX = "guest", "inline"
SUPERGROUP_PREFIX = "-100"  # how the ids of supergroups and channels begin; links are made without it


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatAddress:
    """How a chat is written to. `chat`: its id; None where only inline messages can be changed.

    `topic` of a forum; `channel_topic` of a channel's direct messages; `query`: a guest's, not answered yet;
    `inline`: the message that stands there already.
    """

    chat: int | None
    topic: int | None = None
    channel_topic: int | None = None
    query: str | None = None
    inline: str | None = None


def make_chat(identity: int, *, direct: bool, topic: int | None = None, channel_topic: int | None = None) -> Chat:
    """A chat that the bot is in."""
    thread = f"t{topic}" if topic is not None else f"d{channel_topic}" if channel_topic is not None else None
    return Chat(platform=PLATFORM, id=str(identity), kind="direct" if direct else "group", thread_id=thread)


def make_guest_chat(identity: int, *, direct: bool, query: str) -> Chat:
    """A chat that the bot is not in. Its id may be that of another chat that it is in."""
    kind = "direct" if direct else "group"
    return Chat(platform=PLATFORM, id=f"{GUEST_PREFIX}/{identity}", kind=kind, thread_id=f"q{query}")


def make_inline_chat(user: int, message: str) -> Chat:
    """Wherever a member has put an inline message."""
    return Chat(platform=PLATFORM, id=f"{INLINE_PREFIX}/{user}", kind="direct", thread_id=f"i{message}")


def chat_address(where: Chat) -> ChatAddress:
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
    """Whether messages there are known by an inline id alone."""
    return where.id.partition("/")[0] in (GUEST_PREFIX, INLINE_PREFIX)


def message_link(ref: MessageRef) -> str | None:
    """Telegram links to messages of supergroups only."""
    if not ref.chat.id.startswith(SUPERGROUP_PREFIX):
        return None
    at = chat_address(ref.chat)
    thread = f"{at.topic}/" if at.topic is not None else ""
    return f"https://t.me/c/{ref.chat.id.removeprefix(SUPERGROUP_PREFIX)}/{thread}{ref.message_id}"
