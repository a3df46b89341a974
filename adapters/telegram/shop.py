"""Credits for Telegram Stars: the offer, the invoice, the check before the payment, the receipt, the refund.

Credits change in the ledger alone, once for each charge; a purchase is written down before it is credited.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict

import structlog
import telegram
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LabeledPrice

from adapters.telegram import places
from adapters.telegram.calls import insist
from adapters.telegram.decode import decode_user
from adapters.telegram.places import PLATFORM
from adapters.telegram.trouble import Moved, Refused, Unclear
from bot.chat import Message, Sold
from bot.errors import ChatFailed, ChatUnreachable, UnknownCharge
from bot.ports import Clock, Memory, Reception
from bot.settings import StarPack
from bot.texts import choose, say

log = structlog.get_logger()

STARS = "XTR"  # Telegram's own currency: no payment provider, exactly one price
CHOICE = re.compile(r"easel-buy:(\d{1,2})")
PAYLOAD = re.compile(r"easel:(\d+):(\d+)")  # credits and stars, so that an old invoice keeps its promise
ASKED = re.compile(r"/(?:buy|start\s+buy)\b", re.IGNORECASE)
TAKEN_BACK = "already_refunded"


class Shop:
    """`packs` as the operator set them; `username`: of the bot, once it is known."""

    def __init__(
        self, bot: telegram.Bot, packs: Sequence[StarPack], *, reception: Reception, memory: Memory, clock: Clock
    ) -> None:
        self._bot = bot
        self._packs = packs
        self._reception = reception
        self._memory = memory
        self._clock = clock

    # ------------------------------------------------------------ buying

    def is_meant(self, message: Message) -> bool:
        """Whether a member asks for the offer. Elsewhere than in private it needs the bot's name."""
        return ASKED.match(message.text) is not None and (message.to_me or message.chat.kind == "direct")

    async def offer(self, message: Message) -> None:
        """What can be bought, one button each; in a group, the way to where it can be."""
        locale = choose(message.sender.locale)
        if message.chat.kind != "direct":
            way = InlineKeyboardButton(say(locale, "telegram-buy-open"), url=f"{self._bot.link}?start=buy")
            await self._say(message, say(locale, "telegram-buy-private"), [[way]])
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
        await self._say(message, say(locale, "telegram-buy-which"), rows)

    def is_chosen(self, query: telegram.CallbackQuery) -> bool:
        return CHOICE.fullmatch(query.data or "") is not None

    async def invoice(self, query: telegram.CallbackQuery) -> None:
        """The invoice for the pack that was chosen, into the same conversation."""
        match = CHOICE.fullmatch(query.data or "")
        number = int(match[1]) if match else len(self._packs)
        if query.message is None or number >= len(self._packs):  # packs have changed since
            return
        chat, pack = query.message.chat.id, self._packs[number]
        locale = choose(query.from_user.language_code)
        title = say(locale, "telegram-buy-title", credits=pack.credits)
        try:
            await insist(
                lambda: self._bot.send_invoice(
                    chat,
                    title=title,
                    description=say(locale, "telegram-buy-about", credits=pack.credits),
                    payload=f"easel:{pack.credits}:{pack.stars}",
                    provider_token="",
                    currency=STARS,
                    prices=[LabeledPrice(title, pack.stars)],
                ),
                self._clock,
            )
        except (Refused, ChatFailed, Moved, Unclear) as failed:
            log.warning("invoice not sent", chat=chat, detail=str(failed))

    async def check(self, query: telegram.PreCheckoutQuery) -> bool:
        """Telegram waits ten seconds for a yes. Only what an invoice of ours promises is sold."""
        match = PAYLOAD.fullmatch(query.invoice_payload)
        fits = match is not None and query.currency == STARS and int(match[2]) == query.total_amount
        locale = choose(query.from_user.language_code)
        why = None if fits else say(locale, "telegram-buy-wrong")
        try:
            await insist(lambda: self._bot.answer_pre_checkout_query(query.id, ok=fits, error_message=why), self._clock)
        except (Refused, ChatFailed, Moved, Unclear) as failed:  # nothing is paid without an answer
            log.warning("payment not confirmed", detail=str(failed))
        return True

    async def paid(self, message: telegram.Message) -> bool:
        """The stars are here: the credits are due, once, whatever comes in between.

        Raises StoreFailed: then the update comes again.
        """
        payment, payer = message.successful_payment, message.from_user
        assert payment is not None  # who hands it over has looked
        match = PAYLOAD.fullmatch(payment.invoice_payload)
        if match is None or payer is None:
            log.error("payment for nothing of ours", charge=payment.telegram_payment_charge_id)
            return True
        charge, user = payment.telegram_payment_charge_id, decode_user(payer)
        sold = Sold(user=user.key, credits=int(match[1]))
        await self._memory.remember(_key(charge), json.dumps(asdict(sold)))
        balance = await self._reception.credit(user, sold.credits, entry=f"stars:{charge}")
        locale = choose(user.locale)
        said = say(locale, "telegram-buy-paid", credits=sold.credits, left=balance.left, charge=charge)
        try:
            await insist(lambda: self._bot.send_message(message.chat.id, said), self._clock)
        except (Refused, ChatFailed, Moved, Unclear) as failed:
            log.warning("receipt not said", detail=str(failed))
        return True

    # ------------------------------------------------------------ giving back

    async def refund(self, charge: str) -> Sold:
        """As `bot.ports.Shop`."""
        kept = await self._memory.recall(_key(charge))
        if kept is None:
            raise UnknownCharge(charge=charge)
        sold = Sold(**json.loads(kept))
        user = int(sold.user.partition(":")[2])
        try:
            await insist(lambda: self._bot.refund_star_payment(user, charge), self._clock)
        except Refused as refused:
            if TAKEN_BACK not in refused.words:
                raise ChatFailed(detail=refused.words) from refused
        except (Moved, Unclear) as failed:
            raise ChatUnreachable(detail=str(failed)) from failed
        return sold

    # ------------------------------------------------------------ within

    async def _say(self, message: Message, text: str, rows: list[list[InlineKeyboardButton]]) -> None:
        chat = places.place(message.chat).chat
        if chat is None:
            return
        try:
            await insist(
                lambda: self._bot.send_message(chat, text, reply_markup=InlineKeyboardMarkup(rows)), self._clock
            )
        except (Refused, ChatFailed, Moved, Unclear) as failed:
            log.warning("offer not shown", chat=chat, detail=str(failed))


def _key(charge: str) -> str:
    return f"{PLATFORM}:charge:{charge}"
