"""Entities of the server: users, chats, topics, messages, files. Mutable on purpose: they are the server's state.

No HTTP and no JSON of messages here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from tests.servers.telegram.errors import Json

ChatKind = Literal["private", "group", "supergroup", "channel"]
MediaKind = Literal["photo", "document", "animation", "video", "voice", "audio", "sticker"]
Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]


@dataclass(slots=True, kw_only=True, eq=False)
class User:
    """`language_code`: of the client, None when it sends none."""

    id: int
    name: str
    username: str | None = None
    language_code: str | None = "en"
    bot: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Topic:
    """A topic of a forum or a private chat (`id` is the message_thread_id), or of a channel's direct messages."""

    id: int
    name: str
    user: User | None = None
    created: "Message | None" = None
    closed: bool = False
    deleted: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Chat:
    """`opened`: the user has written to the bot first (private chats). `blocked`: the user has blocked the bot.
    `privacy`: the bot sees only what is meant for it. `denied`: what the bot may not send here, in the words of
    Telegram's refusals ("text messages", "photos", "documents", …); `all_denied`: what nobody may but administrators.
    `last_bot`: which bot was the last to post. `withheld`: rights that administrators lack, by user."""

    id: int
    kind: ChatKind
    title: str = ""
    username: str | None = None
    user: User | None = None
    forum: bool = False
    direct_messages: bool = False
    privacy: bool = True
    opened: bool = False
    blocked: bool = False
    deactivated: bool = False
    bot_status: Status = "member"
    denied: set[str] = field(default_factory=set[str])
    all_denied: set[str] = field(default_factory=set[str])
    reactions: frozenset[str] | None = None
    members: dict[int, Status] = field(default_factory=dict[int, Status])
    withheld: dict[int, frozenset[str]] = field(default_factory=dict[int, frozenset[str]])
    topics: dict[int, Topic] = field(default_factory=dict[int, Topic])
    migrated_to: "Chat | None" = None
    last_bot: User | None = None
    messages: dict[int, "Message"] = field(default_factory=dict[int, "Message"])

    @property
    def visible_messages(self) -> list["Message"]:
        """The messages now in the chat, oldest first."""
        return [message for _, message in sorted(self.messages.items()) if not message.deleted]

    @property
    def last(self) -> "Message":
        """The newest message that stands."""
        return self.visible_messages[-1]

    def bot_may_send(self, what: str) -> bool:
        """Whether the bot may send it, in the words of a refusal."""
        if self.bot_status in ("administrator", "creator"):
            return True
        return what not in self.denied and what not in self.all_denied

    @property
    def bot_in(self) -> bool:
        """Whether the bot is there at all."""
        if self.kind == "private":
            return not self.blocked
        return self.bot_status not in ("left", "kicked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file on its way in. `data` None: nobody looks at the bytes, only `size` counts."""

    filename: str
    data: bytes | None
    size: int
    content_type: str | None = None

    @property
    def content(self) -> bytes:
        return bytes(self.size) if self.data is None else self.data


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """A file that Telegram keeps. `data` None: `size` bytes of nothing. Seconds for `duration`, pixels for the
    rest; `path`: where the download stands below /file/bot<token>/."""

    file_id: str
    unique_id: str
    kind: str
    size: int
    path: str
    data: bytes | None = None
    width: int = 0
    height: int = 0
    duration: int = 0
    filename: str | None = None
    mime_type: str | None = None

    @property
    def content(self) -> bytes:
        return bytes(self.size) if self.data is None else self.data


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Media:
    """What a message shows. `sizes`: of a photo, smallest first; of anything else the one file. `original`: the
    bytes as they were uploaded, before Telegram made its own of them."""

    kind: MediaKind
    sizes: tuple[Stored, ...]
    thumbnail: Stored | None = None
    original: bytes | None = None
    sticker: Literal["static", "animated", "video"] = "static"

    @property
    def file(self) -> Stored:
        return self.sizes[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One state of a message. `text` is the caption when there is `media`. `service`: the fields of a service
    message, or of an invoice."""

    text: str = ""
    entities: tuple[Json, ...] = ()
    media: Media | None = None
    spoiler: bool = False
    above: bool = False
    markup: Json | None = None
    preview: Json | None = None
    invoice: Json | None = None
    service: Json | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """`history`: every state, the present one last. `external`: a replied-to message of another chat or topic.
    `forwarded`: what this is a forward of. `sender_chat`: the chat in whose name its sender posts, who is not named.
    `reactions`: by user id. `inline_id`: by which the bot edits a message
    it sent inline."""

    id: int
    chat: Chat
    sender: User | None
    date: datetime
    history: list[Content]
    topic: Topic | None = None
    reply_to: "Message | None" = None
    external: "Message | None" = None
    quote: str | None = None
    media_group_id: str | None = None
    via_bot: User | None = None
    inline_id: str | None = None
    edited: datetime | None = None
    deleted: bool = False
    silent: bool = False
    protected: bool = False
    effect_id: str | None = None
    payload: str | None = None
    guest_query_id: str | None = None
    guest_caller: User | None = None
    forwarded: "Message | None" = None
    sender_chat: "Chat | None" = None
    reactions: dict[int, list[str]] = field(default_factory=dict[int, list[str]])

    @property
    def content(self) -> Content:
        return self.history[-1]

    @property
    def text(self) -> str:
        """The text of a text message; "" otherwise."""
        return "" if self.content.media is not None else self.content.text

    @property
    def caption(self) -> str:
        return self.content.text if self.content.media is not None else ""

    @property
    def entities(self) -> list[Json]:
        """Of the text or the caption, with UTF-16 offsets."""
        return list(self.content.entities)

    @property
    def media(self) -> Media | None:
        return self.content.media

    @property
    def photo(self) -> bytes | None:
        """The bytes of the largest size."""
        media = self.content.media
        return media.file.content if media is not None and media.kind == "photo" else None

    @property
    def document(self) -> Stored | None:
        media = self.content.media
        return media.file if media is not None and media.kind == "document" else None

    @property
    def spoiler(self) -> bool:
        return self.content.spoiler

    @property
    def buttons(self) -> list[tuple[str, str | None]]:
        """(text, callback_data) of the inline keyboard, in order; None for buttons that call nothing back."""
        return [(str(button["text"]), button.get("callback_data")) for button in self.keys]

    @property
    def keys(self) -> list[Json]:
        """The inline keyboard's buttons as they were sent."""
        return list(_keys(self.content.markup))

    @property
    def thread_id(self) -> int | None:
        return None if self.topic is None or self.chat.direct_messages else self.topic.id

    @property
    def edits(self) -> int:
        return len(self.history) - 1


def _keys(markup: Json | None) -> Iterator[Json]:
    rows: list[list[Json]] = (markup or {}).get("inline_keyboard", [])
    for row in rows:
        yield from row
