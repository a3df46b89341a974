"""Values of the chat side: users, chats, incoming messages and button presses, cards to show.

Frozen values only. An identity is (platform, id), and ids are strings. No file address of a platform stands here: an
attachment is a handle that its own adapter turns into bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from bot.painting import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account on a platform."""

    platform: str
    """Name of the adapter's platform, such as `telegram`; lower case."""

    id: str
    """The platform's id of the user; unique within the platform. Empty: the author of a message that was replied to,
    where the platform does not tell who wrote it."""

    name: str
    """Display name, as the platform gives it."""

    locale: str | None = None
    """Language tag as the platform gives it (`en-US`, `zh-hans`); None where it gives none."""

    roles: tuple[str, ...] = ()
    """Roles and memberships that the platform knows (`discord:role:123`, `discord:booster`, `discord:sku:9`); the keys
    that the operator's `limits.roles` may name."""

    is_chat: bool = False
    """Whether it is a chat that posts as itself: a group for an administrator who stays anonymous, or a channel. Its
    administrators act for it, and `id` is the chat's own."""

    @property
    def key(self) -> str:
        """`platform:id`: the form used in settings, on the command line and in the ledger."""
        return f"{self.platform}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A place where messages are exchanged: a private chat, a group, a channel."""

    platform: str
    """Name of the adapter's platform, such as `telegram`; lower case."""

    id: str
    """The platform's id of the chat. The id of a chat inside another one is a path (`server/channel`)."""

    kind: Literal["direct", "group"]
    """`direct`: one user and the bot. `group`: everything else."""

    thread_id: str | None = None
    """Thread or topic that messages are addressed to; part of the address, not of the identity (`key`)."""

    is_topic: bool = field(default=True, compare=False)
    """Whether `thread_id` is a place of its own where people talk; False where it only names a way to reply."""

    parent_id: str | None = field(default=None, compare=False)
    """Id of the chat that this one was opened in, where the path in `id` does not say so (a thread that is a chat of
    its own); else None."""

    @property
    def key(self) -> str:
        """`platform:id`: the form used in settings and in the ledger."""
        return f"{self.platform}:{self.id}"

    @property
    def scope_keys(self) -> tuple[str, ...]:
        """Keys of this chat and of every chat that contains it, the innermost first."""
        ids = [self.id] if self.parent_id is None else [self.id, self.parent_id]
        while "/" in ids[-1]:
            ids.append(ids[-1].rpartition("/")[0])
        return tuple(f"{self.platform}:{each}" for each in ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A handle of a file in a chat; `ChatPort.fetch` of the same platform turns it into bytes."""

    ref: str
    """The adapter's own handle; opaque to everybody else."""

    media_type: str
    """Media type as the platform gives it (`image/png`); not verified."""

    size: int | None = None
    """Size in bytes, as the platform gives it; None where it gives none."""

    filename: str | None = None
    """File name, as the platform gives it; None where it gives none."""

    spoiler: bool = False
    """Whether the platform hides it until a reader asks to see it."""

    kind: Literal["file", "sticker", "gif"] = "file"
    """`sticker`: of the platform's stickers. `gif`: from its GIF picker, whatever its media type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedMessage:
    """The target of a reply, deleted since."""

    id: str
    """The platform's id of the message; unique within its chat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message from a user, or one that was replied to. The adapter has removed the mention of the bot from `text`."""

    id: str
    """The platform's id of the message; unique within its chat."""

    chat: Chat
    """Where it was written."""

    sender: User
    """Who wrote it."""

    text: str
    """Plain text or caption, without the mention of the bot. With `command`: its prompt or arguments, as they are."""

    attachments: tuple[Attachment, ...] = ()
    """Files, in the order of the message."""

    about: tuple[Attachment, ...] = ()
    """Files of what its place is about, such as the message that a thread was started on, where `text` refers to them.
    They count where there are no others."""

    links: tuple[str, ...] = ()
    """Addresses that words of `text` link to without showing them, in order."""

    reply_to: "Message | DeletedMessage | None" = None
    """The message that this one replies to, one hop only; None for no reply."""

    sender_moderates: bool = False
    """Whether the platform says with the message that its sender may delete others' messages in its chat."""

    to_me: bool = False
    """Whether it names the bot: a mention, a command of its own, a reply to one of its messages. May be False in a
    private chat, where every message is meant for the bot."""

    from_me: bool = False
    """Whether the bot wrote it; only ever true of a `reply_to`."""

    command: str | None = None
    """Command chosen from the platform's menu, without a slash; `text` is then not searched for one."""

    options: Mapping[str, str] = field(default_factory=dict[str, str])
    """Options filled into the platform's form, as typed, by name (`size`, `quality`, `n`)."""

    mask: Attachment | None = None
    """Image that marks the part of the first attachment to change, where the platform has a field for it."""

    job_id: str | None = None
    """Id of the job whose buttons it carries; only of a `reply_to`. Comes from outside: there may be no such job."""

    job_picture: int | None = None
    """Number of that job's one picture that its buttons are about, from 1; None: of all. From outside, as `job_id`."""

    max_images: int | None = None
    """How many images an answer to this message can show, >= 1; None: no such limit."""

    sent_at: datetime | None = None
    """When it was written, by the platform's clock; aware. None: unknown."""

    edited_at: datetime | None = None
    """When its sender changed it last, by the platform's clock; aware. None: it stands as it was written."""

    forwarded: bool = False
    """Whether its content was written elsewhere, and its sender passed it on."""

    forward_may_follow: bool = False
    """Whether it may be the comment on a forward: the platform sends the comment first and what is forwarded in
    messages of their own, and the bot hears these there."""

    room: int | None = None
    """Characters, as the platform counts them, that were left below its limit, where the text is so long that the
    client may have cut it and sends the rest in a further message; None: nothing was cut off."""

    @property
    def event_key(self) -> str:
        """Idempotency key of acceptance: the same message never becomes two jobs."""
        return f"message:{self.chat.key}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRef:
    """The address of a message of the bot: what posting returns and editing takes."""

    chat: Chat
    """Where the message stands."""

    message_id: str
    """The platform's id of the message; unique within its chat."""


class Action(StrEnum):
    """What a button of a card does."""

    CANCEL = "cancel"
    RETRY = "retry"
    VARY = "vary"
    EDIT = "edit"
    DELETE = "delete"
    MODEL = "model"
    REGION = "region"
    REFRAME = "reframe"
    ZOOM_15 = "zoom-15"
    ZOOM_2 = "zoom-2"
    PAN_LEFT = "pan-left"
    PAN_RIGHT = "pan-right"
    PAN_UP = "pan-up"
    PAN_DOWN = "pan-down"
    SHAPE_1_1 = "shape-1-1"
    SHAPE_3_2 = "shape-3-2"
    SHAPE_2_3 = "shape-2-3"
    SHAPE_16_9 = "shape-16-9"
    SHAPE_9_16 = "shape-9-16"
    CUTOUT = "cutout"
    UPSCALE_2K = "upscale-2k"
    UPSCALE_4K = "upscale-4k"
    UNDO = "undo"
    ORIGINAL = "original"
    COMPARE = "compare"
    TREE = "tree"
    STEP = "step"
    DETAILS = "details"
    MORE = "more"
    BACK = "back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button of a card. A press brings back all of it but the label, so buttons work after a restart."""

    action: Action
    """What a press does."""

    job_id: str
    """Id of the job that it does so to; with MODEL the key of the model that is kept (`bot.intake.models`)."""

    label: str
    """Words on the button, in the card's language."""

    picture: int | None = None
    """Number of the one picture of the job's result that it is about, from 1; None: of all, or of whichever the
    platform lets a user choose."""

    @property
    def target(self) -> str:
        """`JOB`, or `JOB:PICTURE`: what a press brings back beside the action (`bot.ports.presses.read_target`)."""
        return self.job_id if self.picture is None else f"{self.job_id}:{self.picture}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a message asks its reader for: words that reply to it are the answer. Where a platform has a form for
    answers, or opens the reply by itself, it does so."""

    placeholder: str
    """Example of an answer, to be shown until one is typed; in the card's language."""

    needs_words: bool = True
    """Whether pictures alone are no answer."""

    may_change: bool = False
    """Whether the message will be edited while it waits, so that it must be one that can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The content of a message of the bot. Plain text: the adapter keeps it from pinging, formatting or linking."""

    text: str
    """What it says, in plain text."""

    buttons: tuple[Button, ...] = ()
    """Buttons below the text, from left to right."""

    preview: Image | None = None
    """An unfinished picture to show while the job runs."""

    locale: str = "en"
    """One of `bot.texts.LOCALES`, for notes that only a platform's limits call for."""

    alt_text: str = ""
    """Description of the delivered pictures for users who cannot see them."""

    source: Attachment | None = None
    """Picture that the delivered ones were made from, for platforms that can show both; None: there is none."""

    spoiler: bool = False
    """Delivered pictures are hidden until a reader asks to see them."""

    as_file: bool = False
    """Pictures are delivered as files, byte for byte, where the platform would re-encode what it shows."""

    question: Question | None = None
    """What it asks for; None: it asks nothing."""

    mention: User | None = None
    """User whom the message mentions, and thereby notifies."""

    copyable: str = ""
    """Words below the text that a reader can copy as they are; empty: none."""

    plain_text: str = ""
    """`text` without words of users or upstreams, for chats that refuse those (`bot.status.softening`); empty: there is
    no such text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A rate limit of a platform: `slots` calls in any `period_s` seconds, shared by all lanes that name its `key`.

    A slot is taken from the start of a call until `period_s` after its end: a platform counts a call when it arrives,
    which is somewhere in between. Where the platform's answer tells when its window ends, the slot is free then
    (`bot.ports.RateLimitFeedback`).
    """

    key: str
    """Identity of the limit, unique over all platforms."""

    slots: int
    """Calls that fit into one period; > 0."""

    period_s: float
    """Length of the period, seconds; > 0."""

    shared: bool = False
    """Whether other chats draw on it as well (a limit of the bot, not of one chat): a 429 pauses it only when it is
    everybody's (`bot.errors.ChatBusy.everywhere`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The budgets that a call draws on. It may start when each of them has `slots_per_call` slots."""

    budgets: tuple[Budget, ...]
    """Every limit that the call counts against; empty: none."""

    edit_gap_s: float = 1.0
    """Shortest time between two progress edits of one message, seconds; >= 0."""

    slots_per_call: int = 1
    """Slots that the call takes of each budget, >= 1; more for a call that the platform counts as several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFeatures:
    """What a platform does by itself in a chat, as far as it changes what the core does there."""

    shows_pending_reply: bool = False
    """The platform already shows a placeholder such as "thinking", which a request without an answer would leave."""

    silent_edits: bool = False
    """An edit notifies nobody but a new message does, so the end of a long job is announced by a new message that
    mentions its owner."""

    opens_pages: bool = False
    """Members can open Easel's own pages, such as the one where they paint a region by hand."""

    fixed_questions: bool = False
    """A question (`Card.question`) opens the reader's reply only if its message is never edited."""

    compares_pictures: bool = False
    """Two pictures can be shown in one place, with a line between them to be drawn from side to side
    (`bot.ports.presses.ButtonReply.comparison`)."""

    shows_linked_pictures: bool = False
    """A link to a message (`bot.ports.MessageLinks`) shows the picture that stands there."""

    one_message: bool = False
    """The bot is no member there and has one message, which everything takes the place of."""

    private_replies: bool = False
    """Whoever presses a button can be shown a card that nobody else sees (`bot.ports.presses.ButtonReply.card`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Where delivered pictures stand."""

    ref: MessageRef
    """The message that holds them; of several the first."""

    attachments: tuple[Attachment, ...]
    """Handles of the pictures, in the order of delivery."""

    further_ids: tuple[str, ...] = ()
    """Ids of the other messages that hold some, in the same chat."""
