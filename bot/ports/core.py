"""What adapters ask of the core, and the core of an upstream, as Protocols with their promises.

Nothing here has a body.
"""

from collections.abc import AsyncGenerator
from typing import Protocol

from bot.chat import Attachment, Chat, Message, MessageRef, User
from bot.intake.choices import RequestEstimate
from bot.intake.prices import PriceList
from bot.painting import Capabilities, PaintEvent, PaintRequest
from bot.ports.presses import ButtonPress, ButtonReply
from bot.prices import Price
from bot.quota import Balance


class Provider(Protocol):
    """One configured upstream with one model."""

    @property
    def name(self) -> str:
        """The name that settings, logs and metrics give it; the models of one provider share it."""
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
    def price(self) -> Price:
        """Credits for one image, by quality and tier."""
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

    async def estimate(self, message: Message) -> RequestEstimate:
        """What a message would be and cost if it were sent as it stands, and what could be chosen for it. Changes
        nothing and counts against nothing."""
        ...

    async def check_file(self, user: User, file: Attachment, data: bytes) -> str | None:
        """Why no request of the user could use a file, in their language; None: one could, or nobody knows yet. Costs
        what it takes to decode it."""
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

    def chats_changed_hands(self) -> None:
        """Other processes may have handled some chats of the platform until now, or will from now on: what is kept of
        chats in memory is read anew."""
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

    @property
    def prices(self) -> PriceList:
        """What it costs."""
        ...
