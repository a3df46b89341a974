"""Credits for Telegram Stars: the offer, the invoice, the check before the payment, the receipt, the refund.

Credits change in the ledger alone, once for each charge; a purchase is written down before it is credited.
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
from adapters.telegram.errors import CallRejected, GroupMigrated, OutcomeUnknown
from adapters.telegram.ids import PLATFORM
from adapters.telegram.sender import send_kwargs
from bot.chat import Message, Purchase
from bot.clock import Clock
from bot.errors import ChatFailed, ChatUnreachable, UnknownCharge
from bot.ports import AdapterStorage, EventSink
from bot.settings import StarPack
from bot.texts import choose, say

log = structlog.get_logger()

STARS_CURRENCY = "XTR"  # Telegram's own currency: no payment provider, exactly one price
PACK_CHOICE = re.compile(r"easel-buy:(\d{1,2})")
INVOICE_PAYLOAD = re.compile(r"easel:(\d{1,7}):(\d{1,6}):([0-9a-f]{16})")  # so that an old invoice keeps its promise
BUY_COMMAND = re.compile(r"/(?:buy|start\s+buy)\b", re.IGNORECASE)
ALREADY_REFUNDED = "already_refunded"


class StarPayments:
    """`packs` as the operator set them."""

    def __init__(
        self,
        bot: telegram.Bot,
        packs: Sequence[StarPack],
        *,
        events: EventSink,
        memory: AdapterStorage,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._payload_key = hashlib.sha256(f"easel shop {bot.token}".encode()).digest()
        self._packs = packs
        self._events = events
        self._memory = memory
        self._clock = clock

    # ------------------------------------------------------------ buying

    def is_buy_command(self, message: Message) -> bool:
        """Whether a member asks for the offer. Elsewhere than in private it needs the bot's name, and the bot."""
        if ids.is_inline(message.chat) or BUY_COMMAND.match(message.text) is None:
            return False
        return message.to_me or message.chat.kind == "direct"

    async def send_offer(self, message: Message) -> None:
        """What can be bought, one button each; in a group, the way to where it can be."""
        if (refused := await self._events.command_refusal(message.sender, message.chat)) is not None:
            if refused:
                await self._send_reply(message, refused, [])
            return
        locale = choose(message.sender.locale)
        if message.chat.kind != "direct":
            way = InlineKeyboardButton(say(locale, "telegram-buy-open"), url=f"{self._bot.link}?start=buy")
            await self._send_reply(message, say(locale, "telegram-buy-private"), [[way]])
            return
        rows = [
            [
                InlineKeyboardButton(
                    say(locale, "telegram-buy-pack", credits=pack.credits, stars=pack.stars),
                    callback_data=f"easel-buy:{number}",
                )
            ]
            for number, pack in enumerate(self._packs)
        ]
        await self._send_reply(message, say(locale, "telegram-buy-which"), rows)

    def is_pack_choice(self, query: telegram.CallbackQuery) -> bool:
        return PACK_CHOICE.fullmatch(query.data or "") is not None

    async def send_invoice(self, query: telegram.CallbackQuery) -> str:
        """The invoice for the pack that was chosen, into the same conversation; returns what the click is answered."""
        match = PACK_CHOICE.fullmatch(query.data or "")
        number = int(match[1]) if match else len(self._packs)
        locale = choose(query.from_user.language_code)
        if query.message is None or number >= len(self._packs):  # packs have changed since
            return say(locale, "telegram-buy-wrong")
        buyer, where = decode_user(query.from_user), query.message.chat.id
        if (refused := await self._events.command_refusal(buyer, ids.make_chat(where, direct=True))) is not None:
            return refused
        pack = self._packs[number]
        topic = query.message.message_thread_id if isinstance(query.message, telegram.Message) else None
        title = say(locale, "telegram-buy-title", credits=pack.credits)
        try:
            await call_with_retry(
                lambda: self._bot.send_invoice(
                    where,
                    message_thread_id=topic,
                    title=title,
                    description=say(locale, "telegram-buy-about", credits=pack.credits),
                    payload=self._invoice_payload(pack.credits, pack.stars),
                    provider_token="",
                    currency=STARS_CURRENCY,
                    prices=[LabeledPrice(title, pack.stars)],
                ),
                self._clock,
            )
        except (CallRejected, ChatFailed, GroupMigrated, OutcomeUnknown) as failed:
            log.warning("invoice not sent", chat=where, detail=str(failed))
            return say(locale, "error-internal")
        return ""

    async def answer_pre_checkout(self, query: telegram.PreCheckoutQuery) -> bool:
        """Telegram waits ten seconds for a yes. Only what an invoice of ours promises is sold, and to nobody who may
        not spend it."""
        match = INVOICE_PAYLOAD.fullmatch(query.invoice_payload)
        fits = (
            match is not None
            and hmac.compare_digest(query.invoice_payload, self._invoice_payload(int(match[1]), int(match[2])))
            and (query.currency, query.total_amount) == (STARS_CURRENCY, int(match[2]))
        )
        locale = choose(query.from_user.language_code)
        why = (
            await self._events.purchase_refusal(decode_user(query.from_user))
            if fits
            else say(locale, "telegram-buy-wrong")
        )
        ok = why is None
        try:
            await call_with_retry(
                lambda: self._bot.answer_pre_checkout_query(query.id, ok=ok, error_message=why), self._clock
            )
        except (CallRejected, ChatFailed, GroupMigrated, OutcomeUnknown) as failed:  # nothing is paid without an answer
            log.warning("payment not confirmed", detail=str(failed))
        return True

    async def credit_payment(self, message: telegram.Message) -> bool:
        """The stars are here: the credits are due, once, whatever comes in between.

        Raises StoreFailed: then the update comes again.
        """
        payment, payer = message.successful_payment, message.from_user
        assert payment is not None  # who hands it over has looked
        match = INVOICE_PAYLOAD.fullmatch(payment.invoice_payload)
        if match is None or payer is None:
            log.error("payment for nothing of ours", charge=payment.telegram_payment_charge_id)
            return True
        charge, user = payment.telegram_payment_charge_id, decode_user(payer)
        sold = Purchase(user_key=user.key, credits=int(match[1]))
        await self._memory.set_value(_charge_key(charge), json.dumps(asdict(sold)))
        balance = await self._events.credit_purchase(user, sold.credits, entry=f"stars:{charge}")
        locale = choose(user.locale)
        said = say(locale, "telegram-buy-paid", credits=sold.credits, left=balance.available, charge=charge)
        try:
            await call_with_retry(lambda: self._bot.send_message(message.chat.id, said), self._clock)
        except (CallRejected, ChatFailed, GroupMigrated, OutcomeUnknown) as failed:
            log.warning("receipt not said", detail=str(failed))
        return True

    # ------------------------------------------------------------ giving back

    async def refund(self, charge: str) -> Purchase:
        """As `bot.ports.Shop`."""
        kept = await self._memory.get_value(_charge_key(charge))
        if kept is None:
            raise UnknownCharge(charge=charge)
        sold = Purchase(**json.loads(kept))
        user = int(sold.user_key.partition(":")[2])
        try:
            await call_with_retry(lambda: self._bot.refund_star_payment(user, charge), self._clock)
        except CallRejected as refused:
            if ALREADY_REFUNDED not in refused.description:
                raise ChatFailed(detail=refused.description) from refused
        except (GroupMigrated, OutcomeUnknown) as failed:
            raise ChatUnreachable(detail=str(failed)) from failed
        return sold

    # ------------------------------------------------------------ within

    def _invoice_payload(self, credits: int, stars: int) -> str:
        """What an invoice promises at which price, with a seal that nobody else can make."""
        promise = f"easel:{credits}:{stars}"
        return f"{promise}:{hmac.new(self._payload_key, promise.encode(), hashlib.sha256).hexdigest()[:16]}"

    async def _send_reply(self, message: Message, text: str, rows: list[list[InlineKeyboardButton]]) -> None:
        where = send_kwargs(ids.chat_address(message.chat), message.id)
        keys = InlineKeyboardMarkup(rows) if rows else None
        try:
            await call_with_retry(lambda: self._bot.send_message(text=text, reply_markup=keys, **where), self._clock)
        except (CallRejected, ChatFailed, GroupMigrated, OutcomeUnknown) as failed:
            log.warning("offer not shown", chat=message.chat.key, detail=str(failed))


def _charge_key(charge: str) -> str:
    return f"{PLATFORM}:charge:{charge}"
