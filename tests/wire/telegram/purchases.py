"""Purchases on Telegram: packs, an invoice, its payment, and what a member has then."""

from typing import Any

from adapters.telegram.encode import WORD_JOINER
from tests.servers.telegram import Chat, Message, Payment, User
from tests.support.waiting import wait_until
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import pressed, words

PACKS: list[dict[str, Any]] = [{"credits": 10, "stars": 25}, {"credits": 100, "stars": 200}]


async def asked(place: TelegramWorld, text: str, chat: Chat | None = None, *, by: User | None = None) -> Message:
    """A member writes; what comes back."""
    request = place.server.say(by or place.ada, chat or place.private, text)
    return await place.wait_for_reply(chat, after=request)


def shown(message: Message) -> str:
    return message.text.replace(WORD_JOINER, "")


async def invoiced(place: TelegramWorld, number: int = 0, *, by: User | None = None) -> Message:
    """An invoice for one of the packs, in the buyer's private chat."""
    buyer = by or place.ada
    chat = place.server.private(buyer, opened=True)
    offer = await asked(place, "/buy", chat, by=buyer)
    assert words(await pressed(place, offer, offer.buttons[number][0], by=buyer)) == ""
    invoice = chat.last
    assert invoice.content.invoice is not None
    return invoice


async def paid(place: TelegramWorld, invoice: Message, *, by: User | None = None) -> Payment:
    """An invoice, paid; Easel has been told."""
    payment = place.server.pay(by or place.ada, invoice)
    await place.until(lambda: payment.paid)
    await place.wait_until_heard()
    return payment


async def has(place: TelegramWorld, credits: int, user: User | None = None) -> None:
    async def so() -> bool:
        return await place.available_credits(user) == credits

    await wait_until(so)
