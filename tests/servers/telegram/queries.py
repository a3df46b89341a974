"""Records of queries that the bot must answer: button presses, inline queries, guest queries, payments.

Made by user_actions.py; answered by methods/.
"""

from dataclasses import dataclass, field
from datetime import datetime

from tests.servers.telegram.entities import Message, User
from tests.servers.telegram.errors import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a button press: a notification over the chat, or an alert."""

    text: str
    show_alert: bool
    url: str | None


@dataclass(slots=True, kw_only=True, eq=False)
class CallbackQuery:
    """A button somebody pressed. `answer`: None while the client spins."""

    id: str
    user: User
    message: Message
    data: str
    at: datetime
    answer: Answer | None = None

    @property
    def answered(self) -> bool:
        return self.answer is not None


@dataclass(slots=True, kw_only=True, eq=False)
class InlineQuery:
    """What somebody types after the bot's name. `results`: as the bot answered; None before."""

    id: str
    user: User
    query: str
    at: datetime
    results: list[Json] | None = None
    cache_time: int = 300
    personal: bool = False
    button: Json | None = None

    @property
    def answered(self) -> bool:
        return self.results is not None


@dataclass(slots=True, kw_only=True, eq=False)
class GuestQuery:
    """A call for the bot in a chat it is not in. `answer`: the message it sent in answer."""

    id: str
    user: User
    message: Message
    at: datetime
    answer: Message | None = None

    @property
    def answered(self) -> bool:
        return self.answer is not None


@dataclass(slots=True, kw_only=True, eq=False)
class Payment:
    """A payment in Stars. `ok`: what the bot answered before it, None when it has not. `charge_id`: once paid."""

    id: str
    user: User
    invoice: Json
    payload: str
    amount: int
    at: datetime
    ok: bool | None = None
    error: str | None = None
    charge_id: str | None = None
    refunded: bool = False

    @property
    def paid(self) -> bool:
        return self.charge_id is not None


@dataclass(slots=True, kw_only=True)
class PendingQueries:
    """All queries by their ids; invoice links by their address; Star transactions in order."""

    pressed: dict[str, CallbackQuery] = field(default_factory=dict[str, CallbackQuery])
    inline: dict[str, InlineQuery] = field(default_factory=dict[str, InlineQuery])
    guests: dict[str, GuestQuery] = field(default_factory=dict[str, GuestQuery])
    payments: dict[str, Payment] = field(default_factory=dict[str, Payment])
    invoices: dict[str, Json] = field(default_factory=dict[str, Json])
    transactions: list[Json] = field(default_factory=list[Json])
