"""What the core asks of the outside, as Protocols with their promises.

Adapters and providers implement these; nothing here has a body.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from bot.chat import (
    Attachment,
    Balance,
    ButtonPress,
    ButtonReply,
    Card,
    Chat,
    ChatFeatures,
    Delivered,
    Lane,
    Message,
    MessageRef,
    Purchase,
    User,
)
from bot.errors import PlaceClosed
from bot.painting import Capabilities, Image, PaintEvent, PaintRequest


class ChatPort(Protocol):
    """One chat platform: the calls that every adapter makes. Every method raises only `ChatFailed` and its children,
    and `Refusal` from `fetch`. What only some platforms can do stands in the optional protocols below."""

    @property
    def platform(self) -> str:
        """The platform's name, the first part of every user's and chat's key."""
        ...

    def features(self, chat: Chat) -> ChatFeatures:
        """What the platform does by itself in that chat. Constant for a chat's lifetime, thread included."""
        ...

    def lane(self, chat: Chat, ref: MessageRef | None, *, image_count: int = 0) -> Lane:
        """The budgets that the next call about `ref` (None: a new message in `chat`) draws on, and the slots that it
        costs when it delivers `image_count` images."""
        ...

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        """Sends a new message. `key` is an idempotency key: where the platform supports one, or the first message can
        be found, a repeated key posts nothing new and returns the first message's ref. A `reply_to` that was deleted
        is ignored.

        Raises StillSearching while it looks for the first message.
        """
        ...

    async def edit(self, ref: MessageRef, card: Card) -> None:
        """Replaces text, buttons and preview. May be repeated.

        Raises MessageGone when the message was deleted.
        """
        ...

    async def deliver(
        self,
        chat: Chat,
        ref: MessageRef | None,
        card: Card,
        images: Sequence[Image],
        *,
        reply_to: str | None,
        key: str,
    ) -> Delivered:
        """Replaces the message by the finished images, or posts them when `ref` is None. May be repeated with the
        same effect wherever `ref` is given, or the message of an earlier call with this `key` can be found.

        Raises StillSearching while it looks for what an earlier call has posted.
        """
        ...

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        """Returns the bytes behind an attachment's handle, at most `limit` of them.

        Raises PictureTooLarge beyond the limit, PictureGone when the platform no longer has it.
        """
        ...


# ------------------------------------------------------------ optional: what a ChatPort may implement as well


@runtime_checkable
class RateLimitFeedback(Protocol):
    """A port whose platform tells in its responses when a rate-limit window ends."""

    def budget_resets(self, lane: Lane) -> Mapping[str, float]:
        """The monotonic time, in seconds, at which all slots of a budget are free again, by the budget's key. Budgets
        that the platform has not reported are missing."""
        ...


@runtime_checkable
class StoredFiles(Protocol):
    """A port that stores images beyond what the platform itself keeps."""

    async def delete_stored(self, attachments: Sequence[Attachment]) -> None:
        """Deletes the adapter's own copies of these images. May be repeated. Raises StoreFailed."""
        ...


@runtime_checkable
class MessageRemoval(Protocol):
    """A port that can take back what it has posted."""

    async def remove(
        self, chat: Chat, message_ids: Sequence[str], card: Card, *, key: str, keep: Sequence[Attachment]
    ) -> None:
        """Deletes messages of the bot; those that are gone already are none. One that the platform lets nobody delete
        any more becomes `card`, without pictures and buttons. `key`: as of `ChatPort.deliver`, whose records go too.
        `keep`: handles of pictures in the messages that `fetch` must find all the same. May be repeated.

        Raises ChatFailed.
        """
        ...


@runtime_checkable
class MessageLinks(Protocol):
    """A port whose messages have addresses."""

    def message_link(self, ref: MessageRef) -> str | None:
        """The URL that opens a message; None for a chat whose messages have none."""
        ...


@runtime_checkable
class RequestAcknowledgement(Protocol):
    """A port that can acknowledge a request without a message, for example by a reaction."""

    def acknowledge_request(self, chat: Chat, message_id: str) -> None:
        """Marks a user's message as accepted. Does not wait for the platform and raises nothing."""
        ...


@runtime_checkable
class ChatRoles(Protocol):
    """A port that knows who administers a chat."""

    async def is_administrator(self, chat: Chat, user: User) -> bool:
        """Whether a user is an administrator of a group or channel, as of a minute ago at most. False where the bot is
        not in it.

        Raises ChatFailed where the platform does not tell.
        """
        ...


@runtime_checkable
class DeliveryPermissions(Protocol):
    """A port that knows whether a chat takes pictures of the bot."""

    async def delivery_refusal(self, chat: Chat) -> PlaceClosed | None:
        """Why no picture can be delivered in the chat now; None: one can, or nobody knows. Takes a few seconds at most,
        and raises nothing."""
        ...


@runtime_checkable
class PrivateChats(Protocol):
    """A port whose users may have a private chat with the bot, where they can be told what a group does not take."""

    def private_chat(self, user: User) -> Chat:
        """The private chat with a user. Whether the bot may write there is not known."""
        ...


@runtime_checkable
class BalanceDisplay(Protocol):
    """A port that shows users their credits all the time."""

    def balance_changed(self, user: User) -> None:
        """Refreshes the balance shown to the user."""
        ...


class Provider(Protocol):
    """One configured upstream with one model."""

    @property
    def name(self) -> str:
        """The name that settings, logs and metrics give it; unique among the configured providers."""
        ...

    @property
    def model(self) -> str:
        """The upstream's name of the model."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """The requests that it can serve."""
        ...

    @property
    def price(self) -> int:
        """Credits per image, >= 0."""
        ...

    @property
    def resumable(self) -> bool:
        """Whether `resume` can continue a task by the id in `Accepted`, also in another process."""
        ...

    def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        """Sends one request to the upstream and yields what it reports. `Accepted` comes before anything that relies
        on the upstream having begun, and so may have cost money.

        Raises PaintFailed. Closing the iterator closes the upstream connection.
        """
        ...

    def resume(self, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        """Continues a task that was accepted before, by asking the upstream about it; submits nothing.

        `request` is the one that was sent, but for its images, which may be left out. The events are those of
        `paint`, from `Accepted` on. Raises PaintFailed; a provider that is not `resumable` raises Lost.
        """
        ...


class EventSink(Protocol):
    """The core's side of an adapter: where it hands its events to. Methods raise nothing but what they name: failures
    become messages to the user."""

    async def receive_message(self, message: Message) -> bool:
        """Handles an incoming message. True once its job is durably accepted or its answer sent; False when Easel
        stops before that: where the platform can, it is handed over again after the next start. Messages of one user
        in one chat are handled in order; one that the machine has no room for is tried again until it has."""
        ...

    def expect_album(self, user: User, chat: Chat) -> None:
        """Several pictures without words of their own are coming in from the user, and will be one message in a moment:
        what the user has asked for in the chat just now waits for them."""
        ...

    def ignores(self, user: User, chat: Chat) -> bool:
        """Whether nothing that the user writes in the chat now would be answered: they are over their pace, and were
        told. Costs a look in memory, so that an adapter can spare itself everything else."""
        ...

    async def press_button(self, press: ButtonPress) -> ButtonReply:
        """Handles the press of a job's button and returns what the user is shown for it."""
        ...

    async def message_deleted(self, ref: MessageRef) -> None:
        """Cancels the job of a deleted message of the bot, if it is unfinished."""
        ...

    async def chat_closed(self, chat: Chat) -> None:
        """Cancels the unfinished jobs in a chat that the bot was removed from, and in every chat inside of it."""
        ...

    async def chat_moved(self, old: Chat, new: Chat) -> None:
        """Moves jobs and credits to the chat's new identity. May be repeated.

        Raises StoreFailed.
        """
        ...

    async def command_refusal(self, user: User, chat: Chat) -> str | None:
        """Whether an adapter may answer a command of its own, which the core does not know. None: it may. Else why
        not, in the user's language; empty where the user was notified just now and nothing is to be sent."""
        ...

    async def purchase_refusal(self, user: User) -> str | None:
        """Why nothing is sold to a user, in their language; None: they may buy."""
        ...

    async def balance(self, user: User) -> Balance:
        """The user's credits as of now."""
        ...

    async def credit_purchase(self, user: User, credits: int, *, entry: str) -> Balance:
        """Adds credits that the user has paid for; they do not expire. `entry` is an idempotency key. Returns the new
        balance.

        Raises StoreFailed.
        """
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What users can ask for, for platforms that offer it in menus."""
        ...


@runtime_checkable
class Shop(Protocol):
    """A platform that sells credits."""

    async def refund(self, charge: str) -> Purchase:
        """Pays a purchase back, no-op when that was done before. Returns the purchase, whose credits the caller claws
        back. `charge`: the platform's id of the payment.

        Raises UnknownCharge, ChatFailed.
        """
        ...


class AdapterStorage(Protocol):
    """Small texts and blobs that an adapter keeps over a restart. Every method raises StoreFailed."""

    async def set_value(self, key: str, value: str) -> None:
        """Keeps a small text under a key, for good."""
        ...

    async def get_value(self, key: str) -> str | None: ...

    async def cache_blob(self, key: str, data: bytes) -> None:
        """Keeps bytes under a key for about a month, such as an upload that the platform will not show again."""
        ...

    async def cached_blob(self, key: str) -> bytes | None: ...

    async def delete_key(self, key: str) -> None:
        """Deletes the value and the blob under a key."""
        ...

    async def set_aside(self, table: str, key: Sequence[str | int], reason: str) -> None:
        """Takes a row out that its adapter can make nothing of, and keeps it for the operator. `table`: where it
        stands, such as `key_value`; `key`: its primary key."""
        ...


class UpdateInbox(Protocol):
    """Updates that a platform may forget before Easel has handled them. Every method raises StoreFailed.

    `adapter`: whose updates they are, such as `telegram`.
    """

    async def save_updates(self, adapter: str, updates: Mapping[int, Mapping[str, Any]]) -> None:
        """Keeps updates (JSON objects by their numbers) until they are handled; all of them or none."""
        ...

    async def delete_updates(self, adapter: str, numbers: Collection[int]) -> None:
        """Deletes handled updates; no-op for those that were not kept."""
        ...

    async def saved_updates(self, adapter: str) -> dict[int, dict[str, Any]]:
        """The updates not handled yet, rising by number."""
        ...

    async def set_aside_update(self, adapter: str, number: int | None, body: object, reason: str) -> None:
        """Keeps an update that nobody can read, or whose handling breaks, as it came, for the operator, and deletes it
        where it waits to be handled. No-op for one that is kept already. `number`: None where it has none; `body`: its
        JSON; None: what was saved of it."""
        ...


class MovedRefs(Protocol):
    """Chats and messages that are found under another id. Every method raises StoreFailed."""

    async def save_moved_ref(self, adapter: str, old: str, new: str) -> None:
        """Notes a move; the newest 1000 of an adapter are kept."""
        ...

    async def moved_refs(self, adapter: str) -> dict[str, str]:
        """New ids by old ones, oldest move first."""
        ...


class PostIntents(Protocol):
    """Posts about to be made, for platforms that neither recognise a repeated post nor list what was posted. Every
    method raises StoreFailed."""

    async def save_post_intent(self, adapter: str, key: str, fields: Mapping[str, Any]) -> None:
        """Notes a post before it is made. `key`: as of `ChatPort.post`, a job's id alone or before a colon; `fields`: a
        JSON object of the adapter's, which replaces an earlier one. Kept for two days."""
        ...

    async def post_intents(self, adapter: str) -> dict[str, dict[str, Any]]:
        """The fields by key, oldest first, for jobs that have not ended or whose end may not be shown yet."""
        ...

    async def job_messages(self, platform: str, ids: Collection[str]) -> set[tuple[str, str]]:
        """The messages with these ids that jobs of a platform know: their own, and their requests of the last day. Keys
        of chats, and ids."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """An interaction token as the database keeps it; what its fields mean is the adapter's business."""

    id: str
    """Unique in its scope."""
    expires: datetime
    """Aware moment from which on the token is of no use: it is not loaded any more, and deleted."""
    fields: Mapping[str, Any] = field(repr=False)
    """JSON object. Holds the token itself, a secret."""


class InteractionTokenStorage(Protocol):
    """Interaction tokens, one row each. Every method raises StoreFailed.

    `scope`: whose they are, such as `discord`, or `discord:0,1` for the shards of one process.
    """

    async def save_tokens(self, scope: str, tokens: Sequence[StoredToken]) -> None:
        """Keeps tokens, each instead of one with the same id, and deletes those of the scope that have expired."""
        ...

    async def delete_tokens(self, scope: str, ids: Collection[str]) -> None: ...

    async def load_tokens(self, scope: str) -> list[StoredToken]:
        """The tokens that have not expired, by expiry."""
        ...


class PendingNotices(Protocol):
    """Users who are still to be shown a notice. Every method raises StoreFailed."""

    async def add_pending_notice(self, scope: str, user_id: str) -> None:
        """No-op when the user has one already."""
        ...

    async def delete_pending_notice(self, scope: str, user_id: str) -> None: ...

    async def pending_notices(self, scope: str) -> set[str]:
        """The ids of the users who are still to be shown a notice."""
        ...
