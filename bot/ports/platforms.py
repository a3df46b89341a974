"""What the core asks of a chat platform, as Protocols with their promises.

Adapters implement these; nothing here has a body.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from bot.chat import Attachment, Button, Card, Chat, ChatFeatures, Delivered, Lane, MessageRef, User
from bot.errors import PlaceClosed
from bot.painting import Image
from bot.quota import Purchase


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
class SharedChats(Protocol):
    """A port that knows things of a chat which another process may have received."""

    async def restore_chat(self, chat: Chat) -> None:
        """Reads what other processes know of a chat, before the first call about it here; costs nothing where this
        process is the only one. Raises nothing: without it, calls take another way."""
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
class ButtonRemoval(Protocol):
    """A port that can take buttons off its messages without asking anybody, however many they are."""

    async def remove_buttons(self, jobs: Sequence[str]) -> None:
        """Takes off the buttons of jobs that Easel has forgotten, but for *More…*, behind which they can be
        deleted. Raises ChatFailed."""
        ...


@runtime_checkable
class AlbumPosts(Protocol):
    """A port whose platform shows several images side by side only without buttons."""

    async def post_album(
        self, chat: Chat, card: Card, images: Sequence[Image], *, reply_to: str | None, key: str
    ) -> Delivered:
        """Posts 2 to 10 images side by side, with the card's text. `key`, `reply_to` as of `ChatPort.post`.

        Raises as `ChatPort.deliver`.
        """
        ...


@runtime_checkable
class ButtonReplacement(Protocol):
    """A port that can put other buttons below a message and leave the rest of it as it is."""

    async def replace_buttons(self, ref: MessageRef, buttons: Sequence[Button]) -> None:
        """Puts the buttons below a message of the bot, instead of those that it has. May be repeated.

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
class PreparedPosts(Protocol):
    """A port that notes each post before it makes it (`PostIntents`), and can do so before the post is due."""

    def prepare_post(
        self, chat: Chat, buttons: Sequence[Button], *, reply_to: str | None, key: str
    ) -> Mapping[str, Any] | None:
        """What it notes of a new message with these buttons, whose `post` follows at once: the caller saves it in the
        transaction that brings the post about, so that the post waits for none of its own. None: nothing. `reply_to`,
        `key`: as of `ChatPort.post`."""
        ...


@runtime_checkable
class PostRecovery(Protocol):
    """A port that finds, by what was noted of it before (`PostIntents`), a post of a process that has gone."""

    async def recover_posts(self, job_id: str) -> None:
        """Reads what another process has noted of the posts of a job, so that a post with the same key finds the
        message that may be there. A database that is away is logged."""
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

    async def is_moderator(self, chat: Chat, user: User) -> bool:
        """As `is_administrator`, of those who may delete what others have written."""
        ...


@runtime_checkable
class DeliveryPermissions(Protocol):
    """A port that knows whether a chat takes pictures of the bot."""

    async def delivery_refusal(self, chat: Chat) -> PlaceClosed | None:
        """Why no picture can be delivered in the chat now; None: one can, or nobody knows. Takes a few seconds at most,
        and raises nothing."""
        ...


@runtime_checkable
class DirectMessages(Protocol):
    """A port whose bot can write to a user first."""

    async def open_direct_chat(self, user_id: str) -> Chat:
        """The private chat with a user, as their key names them after the colon; on some platforms it is opened by
        that. Whether the bot may write there is not known. May be repeated.

        Raises ChatFailed.
        """
        ...


@runtime_checkable
class PrivateChats(Protocol):
    """A port whose users may have a private chat with the bot, for what a group does not take."""

    def private_chat(self, user: User) -> Chat:
        """The private chat with a user. Whether the bot may write there is not known."""
        ...


@runtime_checkable
class BalanceDisplay(Protocol):
    """A port that shows users their credits all the time."""

    def balance_changed(self, user: User) -> None:
        """Refreshes the balance shown to the user."""
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
