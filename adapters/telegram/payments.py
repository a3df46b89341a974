"""Credits for Telegram Stars: the offer, the invoice, the pre-checkout answer, the payment, the refund.

Credits change in the ledger alone, once for each charge; a purchase is saved before it is credited.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import asdict

import structlog
import telegram
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LabeledPrice

from adapters.telegram import ids
from adapters.telegram.api import call_with_retry
from adapters.telegram.decode import decode_user
from adapters.telegram.errors import CALL_FAILURES, CallRejected, GroupMigrated, OutcomeUnknown
from adapters.telegram.ids import PLATFORM
from adapters.telegram.sender import send_kwargs
from bot.chat import Message
from bot.errors import ChatFailed, ChatUnreachable, UnknownCharge
from bot.ports import AdapterStorage, EventSink
from bot.quota import Purchase
from bot.runtime.clock import Clock
from bot.settings import StarPack
from bot.store.stored_values import StoredReader
from bot.texts import negotiate_locale, translate

log = structlog.get_logger()

_PURCHASE = StoredReader[Purchase](Purchase)

STARS_CURRENCY = "XTR"  # Telegram's own currency: no payment provider, exactly one price
PACK_CHOICE = re.compile(r"easel-buy:([0-9]{1,2})")
# Credits, Stars, HMAC: an old invoice stays valid when the packs change. Digits of ASCII alone, as we write them.
INVOICE_PAYLOAD = re.compile(r"easel:([0-9]{1,7}):([0-9]{1,6}):([0-9a-f]{16})")
BUY_COMMAND = re.compile(r"/(?:buy|start\s+buy)\b", re.IGNORECASE)
ALREADY_REFUNDED = "already_refunded"


class StarCharges:
    """The payments that were received, by charge id, and their refunds."""

    def __init__(self, bot: telegram.Bot, storage: AdapterStorage, clock: Clock) -> None:
        self._bot = bot
        self._storage = storage
        self._clock = clock

    async def save(self, charge_id: str, purchase: Purchase) -> None:
        """Raises StoreFailed."""
        await self._storage.set_value(_charge_key(charge_id), json.dumps(asdict(purchase)))

    async def refund(self, charge_id: str) -> Purchase:
        """As `bot.ports.Shop.refund`."""
        document = await self._storage.get_value(_charge_key(charge_id))
        if document is None:
            raise UnknownCharge(charge=charge_id)
        try:
            purchase = _PURCHASE.read(json.loads(document))
        except ValueError:
            log.exception("purchase of before not understood", charge=charge_id)
            raise UnknownCharge(charge=charge_id) from None
        user_id = int(purchase.user_key.partition(":")[2])
        try:
            await call_with_retry(lambda: self._bot.refund_star_payment(user_id, charge_id), self._clock)
        except CallRejected as rejected:
            if ALREADY_REFUNDED not in rejected.description:
                raise ChatFailed(detail=rejected.description) from rejected
        except (GroupMigrated, OutcomeUnknown) as failed:
            raise ChatUnreachable(detail=str(failed)) from failed
        return purchase


class StarPayments:
    """`packs` as in `telegram.star_packs`."""

    def __init__(
        self,
        bot: telegram.Bot,
        packs: Sequence[StarPack],
        *,
        charges: StarCharges,
        events: EventSink,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._payload_key = hashlib.sha256(f"easel shop {bot.token}".encode()).digest()
        self._packs = packs
        self._events = events
        self._charges = charges
        self._clock = clock

    # ------------------------------------------------------------ buying

    def is_buy_command(self, message: Message) -> bool:
        """Whether a message is /buy, or the deep link to it. In groups it must name the bot."""
        if ids.is_inline(message.chat) or BUY_COMMAND.match(message.text) is None:
            return False
        return message.to_me or message.chat.kind == "direct"

    async def send_offer(self, message: Message) -> None:
        """Replies with one button for each pack; in a group, with a link to the private chat."""
        if (refusal := await self._events.command_refusal(message.sender, message.chat)) is not None:
            if refusal:
                await self._send_reply(message, refusal, [])
            return
        locale = negotiate_locale(message.sender.locale)
        if message.chat.kind != "direct":
            link = InlineKeyboardButton(translate(locale, "telegram-buy-open"), url=f"{self._bot.link}?start=buy")
            await self._send_reply(message, translate(locale, "telegram-buy-private"), [[link]])
            return
        rows = [
            [
                InlineKeyboardButton(
                    translate(locale, "telegram-buy-pack", credits=pack.credits, stars=pack.stars),
                    callback_data=f"easel-buy:{number}",
                )
            ]
            for number, pack in enumerate(self._packs)
        ]
        await self._send_reply(message, translate(locale, "telegram-buy-which"), rows)

    def is_pack_choice(self, query: telegram.CallbackQuery) -> bool:
        """Whether a pressed button is one of the offer's."""
        return PACK_CHOICE.fullmatch(query.data or "") is not None

    async def send_invoice(self, query: telegram.CallbackQuery) -> str:
        """Sends the invoice for the chosen pack into the same conversation. Returns the callback query's answer."""
        match = PACK_CHOICE.fullmatch(query.data or "")
        number = int(match[1]) if match else len(self._packs)
        locale = negotiate_locale(query.from_user.language_code)
        if query.message is None or number >= len(self._packs):  # the packs have changed since the offer
            return translate(locale, "telegram-buy-wrong")
        buyer, chat_id = decode_user(query.from_user), query.message.chat.id
        if (refusal := await self._events.command_refusal(buyer, ids.make_chat(chat_id, direct=True))) is not None:
            return refusal
        pack = self._packs[number]
        topic = query.message.message_thread_id if isinstance(query.message, telegram.Message) else None
        title = translate(locale, "telegram-buy-title", credits=pack.credits)
        try:
            await call_with_retry(
                lambda: self._bot.send_invoice(
                    chat_id,
                    message_thread_id=topic,
                    title=title,
                    description=translate(locale, "telegram-buy-about", credits=pack.credits),
                    payload=self._invoice_payload(pack.credits, pack.stars),
                    provider_token="",
                    currency=STARS_CURRENCY,
                    prices=[LabeledPrice(title, pack.stars)],
                ),
                self._clock,
            )
        except CALL_FAILURES as failed:
            log.warning("invoice not sent", chat=chat_id, detail=str(failed))
            return translate(locale, "error-internal")
        return ""

    async def answer_pre_checkout(self, query: telegram.PreCheckoutQuery) -> bool:
        """Approves or refuses a payment; Telegram waits ten seconds for it. Approved is only what an invoice with a
        valid HMAC states, and for users who may spend credits. Returns True: the update is handled."""
        is_valid = self._paid_credits(query.invoice_payload, query.currency, query.total_amount) is not None
        locale = negotiate_locale(query.from_user.language_code)
        refusal = (
            await self._events.purchase_refusal(decode_user(query.from_user))
            if is_valid
            else translate(locale, "telegram-buy-wrong")
        )
        ok = refusal is None
        try:
            await call_with_retry(
                lambda: self._bot.answer_pre_checkout_query(query.id, ok=ok, error_message=refusal), self._clock
            )
        except CALL_FAILURES as failed:  # without an answer Telegram takes no payment
            log.warning("payment not confirmed", detail=str(failed))
        return True

    async def credit_payment(self, message: telegram.Message) -> bool:
        """Credits a successful payment, once for each charge. Returns True: the update is handled.

        One whose invoice has no valid HMAC, or another price, is worth no credits; it is saved, so that it can be
        refunded. Raises StoreFailed: then the update must be handled again.
        """
        payment, payer = message.successful_payment, message.from_user
        assert payment is not None  # callers pass only messages with a payment
        charge = payment.telegram_payment_charge_id
        credits = self._paid_credits(payment.invoice_payload, payment.currency, payment.total_amount)
        if payer is None or credits is None:
            log.error("payment for nothing of ours", charge=charge)
            if payer is not None:
                await self._charges.save(charge, Purchase(user_key=decode_user(payer).key, credits=0))
            return True
        user = decode_user(payer)
        purchase = Purchase(user_key=user.key, credits=credits)
        await self._charges.save(charge, purchase)
        balance = await self._events.credit_purchase(user, purchase.credits, entry=f"stars:{charge}")
        locale = negotiate_locale(user.locale)
        receipt = translate(
            locale, "telegram-buy-paid", credits=purchase.credits, left=balance.available, charge=charge
        )
        try:
            await call_with_retry(lambda: self._bot.send_message(message.chat.id, receipt), self._clock)
        except CALL_FAILURES as failed:
            log.warning("receipt not sent", detail=str(failed))
        return True

    # ------------------------------------------------------------ within

    def _paid_credits(self, payload: str, currency: str, amount: int) -> int | None:
        """The credits of an invoice of ours that costs so much; None for any other."""
        match = INVOICE_PAYLOAD.fullmatch(payload)
        if match is None:
            return None
        credits, stars = int(match[1]), int(match[2])
        is_ours = hmac.compare_digest(payload, self._invoice_payload(credits, stars))
        return credits if is_ours and (currency, amount) == (STARS_CURRENCY, stars) else None

    def _invoice_payload(self, credits: int, stars: int) -> str:
        """Credits and price of an invoice, with an HMAC that only the holder of the token can make."""
        terms = f"easel:{credits}:{stars}"
        return f"{terms}:{hmac.new(self._payload_key, terms.encode(), hashlib.sha256).hexdigest()[:16]}"

    async def _send_reply(self, message: Message, text: str, rows: list[list[InlineKeyboardButton]]) -> None:
        target = send_kwargs(ids.chat_address(message.chat), message.id)
        keyboard = InlineKeyboardMarkup(rows) if rows else None
        try:
            await call_with_retry(
                lambda: self._bot.send_message(text=text, reply_markup=keyboard, **target), self._clock
            )
        except CALL_FAILURES as failed:
            log.warning("offer not shown", chat=message.chat.key, detail=str(failed))


def _charge_key(charge_id: str) -> str:
    return f"{PLATFORM}:charge:{charge_id}"
