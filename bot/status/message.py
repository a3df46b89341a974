"""One status message, from its first post to its final state: values that `bot.status.messages` keeps.

Holds no logic and makes no call.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.chat import Attachment, Button, Card, Chat, Delivered, MessageRef, User
from bot.observability.job_context import current_job
from bot.painting import Image
from bot.status.state import Status

LoadImages = Callable[[], Awaitable[Sequence[Image]]]


async def no_images() -> Sequence[Image]:
    """Loads the images of a final state that has none."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Messages of a job to be removed, as `MessageRemoval.remove` takes them."""

    job_id: str
    message_ids: tuple[str, ...]
    """At least one."""
    keep: tuple[Attachment, ...] = ()
    """Handles of pictures that must still be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalState:
    """How a message ends."""

    card: Card
    """Its last content."""

    load_images: LoadImages = no_images
    """Loads the finished images, called only when the call is about to be made."""

    image_count: int = 0
    """Number of images that `load_images` returns; >= 0."""

    is_album: bool = False
    """Whether the images stand together in one message, where the platform can do so without buttons only."""

    buttons_only: bool = False
    """Whether nothing but the buttons of the message changes; only where the platform can."""

    removal: Removal | None = None
    """What is removed instead, where the platform can; the card is for what it lets nobody delete."""


@dataclass(slots=True, kw_only=True)
class StatusMessage:
    """One message, from its first post to its final state. Only `StatusMessages` changes it."""

    key: str
    """Key in `StatusMessages` and in the pacer: the job's id, or that of a reply."""

    post_key: str = ""
    """Idempotency key of its post (`ChatPort.post`); empty: `key`."""

    chat: Chat
    """Where it stands."""

    reply_to: str | None
    """Id of the message that it replies to."""

    locale: str
    """One of `bot.texts.LOCALES`."""

    status: Status
    """The latest state of the job."""

    buttons: tuple[Button, ...] = ()
    """Buttons while the job runs."""

    ref: MessageRef | None = None
    """Its address; None until it is posted."""

    on_wire: asyncio.Event | None = None
    """Set once its post is on the wire, or is not made at once; None for one that needs none, or is a reply."""

    on_posted: Callable[[MessageRef], Awaitable[None]] | None = None
    """Called with the address after the first post, before anything else is shown there."""

    on_gone: Callable[[], None] | None = None
    """Called when, while the job runs, the message was deleted or the chat is closed to the bot."""

    preview: Image | None = None
    """The latest unfinished picture."""

    shown_status: Status | None = None
    """The status on display; None until it is posted."""

    has_unshown: bool = False
    """Whether the status has changed noticeably since it was shown."""

    shown_at: float = 0.0
    """Monotonic time of the last edit, seconds."""

    is_mute: bool = False
    """Whether the chat takes no text of the bot: nothing is shown before the finished images."""

    private_to: User | None = None
    """Whose private chat gets a reply that the chat does not take; None: nobody's."""

    tries: int = 0
    """Consecutive calls that the platform did not answer."""

    final_state: FinalState | None = None
    """How it ends; None while the job runs."""

    is_elsewhere: bool = False
    """Whether another process makes its calls: nothing is sent from here until it has let go."""

    call: asyncio.Task[None] | None = None
    """The call under way."""

    job_id: str | None = field(default_factory=current_job)
    """The job that it is about, for the log; None: none."""

    is_reply: bool = False
    """Whether it is a reply of `send_reply` and no job's."""

    outcome: asyncio.Future[Delivered | None] = field(default_factory=asyncio.Future[Delivered | None])
    """Result of the final state; see `StatusMessages.show_final`."""
