"""The vocabulary of chatting: users, chats, messages in, cards out.

Frozen values only. Identity is (platform, id); ids are strings. Platform file addresses never stand here: an
attachment is a handle that its own adapter can turn into bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from bot.painting import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A member of a platform. `locale` as the platform says it (en-US, zh-hans), None where it does not.

    `tiers`: what the platform knows of a member's standing (`discord:role:123`, `discord:booster`), for the
    operator's `limits.roles`.
    """

    platform: str
    id: str
    name: str
    locale: str | None = None
    tiers: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """`platform:id`, the form used in settings, on the command line and in the ledger."""
        return f"{self.platform}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A place to talk. `thread_id` is part of the address, not of the identity. The id of a place in another one is a
    path; `within`: the id of the chat that a chat of its own was opened in, where its path does not say so."""

    platform: str
    id: str
    kind: Literal["direct", "group"]
    thread_id: str | None = None
    parent_id: str | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.id}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Its own, and those of all that it lies in, the innermost first."""
        ids = [self.id] if self.parent_id is None else [self.id, self.parent_id]
        while "/" in ids[-1]:
            ids.append(ids[-1].rpartition("/")[0])
        return tuple(f"{self.platform}:{each}" for each in ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A handle; the adapter fetches the bytes later. `size` in bytes where the platform tells. `spoiler`: it is
    shown only to who asks to see it."""

    ref: str
    media_type: str
    size: int | None = None
    filename: str | None = None
    spoiler: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedMessage:
    """A message that was replied to and has been deleted since."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something a member wrote. The adapter has stripped the mention of the bot and set `to_me`.

    `id` is unique within the chat. `from_me`: the bot wrote it (only ever true for a replied-to message).

    `command`: chosen from the platform's menu; `text` is then the prompt as it is, and no slash is looked for.
    `choices`: options filled into a form, by their names (size, quality, n). `mask`: the picture that marks where
    to change something. `room`: how many pictures an answer can show there; None where there is no such limit.
    """

    id: str
    chat: Chat
    sender: User
    text: str
    attachments: tuple[Attachment, ...] = ()
    reply_to: "Message | DeletedMessage | None" = None
    to_me: bool = False
    from_me: bool = False
    command: str | None = None
    choices: Mapping[str, str] = field(default_factory=dict[str, str])
    mask: Attachment | None = None
    max_images: int | None = None

    @property
    def event(self) -> str:
        """What makes acceptance idempotent: the same message never becomes two jobs."""
        return f"message:{self.chat.key}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRef:
    """What posting returns and editing takes."""

    chat: Chat
    message_id: str


class Action(StrEnum):
    """The buttons of a card."""

    CANCEL = "cancel"
    RETRY = "retry"
    VARY = "vary"
    EDIT = "edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """`job` and `action` are all that a click brings back, so buttons work after a restart."""

    action: Action
    job: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPress:
    """A click. `id` is the platform's own id of the click. `formless`: nothing opens by itself for the words that
    Edit asks for, so in a private chat the clicker's next ones are meant."""

    id: str
    message: MessageRef
    sender: User
    action: Action
    job: str
    no_form: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a message of the bot shows. Plain text: the adapter sees to it that nothing in it pings or formats.

    `locale`: one of ours, for words that only the platform's limits call for. Of delivered pictures: `alt`
    describes them to those who do not see them; `spoiler` hides them until somebody asks; `original`: they are
    wanted byte for byte, on platforms that re-encode what they show. `calls`: who is to be notified by it.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    preview: Image | None = None
    locale: str = "en"
    alt: str = ""
    spoiler: bool = False
    original: bool = False
    mention: User | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A limit of the platform: `slots` calls in any `period` seconds, shared by all that name the same `key`.

    A slot is taken from the start of a call until `period` after its end: a platform counts calls as they reach it,
    which is somewhere in between. Where its answer tells when its window ends, the slot is free then
    (`bot.ports.RateLimitFeedback`). `shared`: other chats draw on it as well (a limit of the bot, not of one chat), so
    a chat's 429 does not pause it.
    """

    key: str
    slots: int
    period_s: float
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """How fast a chat may be written to: every budget must have `cost` slots, for a call that the platform counts
    as several; `gap` seconds between progress edits of one message."""

    budgets: tuple[Budget, ...]
    edit_gap_s: float = 1.0
    cost: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFeatures:
    """What a platform does by itself in a chat, as far as it changes what the core does there."""

    shows_pending_reply: bool = False
    """The platform already shows that a reply is under way (a placeholder such as "thinking"), so a request that is
    answered by nothing would leave it standing for ever."""
    silent_edits: bool = False
    """An edit notifies nobody but a new message does, so the end of a long job is announced by a new message that
    mentions its owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Where the pictures ended up; `attachments` are their handles, in order."""

    ref: MessageRef
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonReply:
    """What a click gets: a short sentence for the clicker alone (may be empty). `compose`: the adapter opens its
    way of replying to the clicked message (a form, a quoted reply)."""

    text: str = ""
    open_reply: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A purchase of credits. `user` as `platform:id`."""

    user_key: str
    credits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Credits. `left` may be spent now, `held` is reserved by unfinished jobs, `daily` comes back each day."""

    available: int
    reserved: int
    daily: int
