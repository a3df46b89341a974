"""Telegram Stars: invoices, answerPreCheckoutQuery, refunds, the list of transactions."""

import re
from typing import cast

from tests.servers.telegram import encode, payments
from tests.servers.telegram.entities import Content
from tests.servers.telegram.errors import TOO_OLD, Json, bad
from tests.servers.telegram.methods import sending
from tests.servers.telegram.methods.call import Call, Handler
from tests.servers.telegram.methods.targets import send_target
from tests.servers.telegram.word_lists import words

PRE_CHECKOUT_TIMEOUT_S = 10.0  # in which a pre-checkout query must be answered
MONTH = 2_592_000  # seconds, the only period of a subscription
MOST_STARS, MOST_STARS_A_MONTH = 25_000, 10_000
NOT_FOR_STARS = words("need_name need_phone_number need_email need_shipping_address is_flexible max_tip_amount")


def _invoice(call: Call) -> Json:
    """The invoice of a call, by the rules of XTR. Raises ApiError."""
    if not re.fullmatch(r"[A-Z]{3}", call.string("currency") or ""):
        raise bad("CURRENCY_INVALID")
    if call.string("currency") != "XTR" or call.string("provider_token"):
        raise bad("PAYMENT_PROVIDER_INVALID")  # this bot has no provider: it sells for Stars
    for name, most in (("title", 32), ("description", 255)):
        if not 1 <= len(call.string(name) or "") <= most:
            raise bad(f"INVOICE_{name.upper()}_INVALID")
    if not 1 <= len((call.string("payload") or "").encode()) <= 128:
        raise bad("INVOICE_PAYLOAD_INVALID")
    prices = [cast("Json", one) for one in call.array("prices") or []]
    if len(prices) != 1:
        raise bad("STARS_INVOICE_INVALID" if prices else "there must be at least one price")
    amount = prices[0].get("amount")
    if not isinstance(amount, int) or not 1 <= amount <= MOST_STARS:
        raise bad("CURRENCY_TOTAL_AMOUNT_INVALID")
    if any(call.params.get(name) for name in NOT_FOR_STARS):
        raise bad("STARS_INVOICE_INVALID")
    return {
        "title": call.string("title"),
        "description": call.string("description"),
        "start_parameter": call.string("start_parameter") or "",
        "currency": "XTR",
        "total_amount": amount,
    }


def send_invoice(call: Call) -> Json:
    invoice = _invoice(call)
    where = send_target(call, "text messages")
    keyboard = call.keyboard(where.chat, inline_only=True)
    if keyboard is not None and not keyboard["inline_keyboard"][0][0].get("pay"):
        raise bad("the first button of an invoice must be a Pay button")
    usual = {"inline_keyboard": [[{"text": f"Pay ⭐️{invoice['total_amount']}", "pay": True}]]}
    call.charge(where.chat)
    message = sending.post(call, where, Content(invoice=invoice, markup=keyboard or usual))
    message.payload = call.string("payload")
    return encode.message(message)


def create_link(call: Call) -> str:
    invoice = _invoice(call)
    period = call.integer("subscription_period")
    if period is not None and period != MONTH:
        raise bad("SUBSCRIPTION_PERIOD_INVALID")
    if period is not None and invoice["total_amount"] > MOST_STARS_A_MONTH:
        raise bad("CURRENCY_TOTAL_AMOUNT_INVALID")
    link = f"https://t.me/$invoice{call.core.world.number():06d}"
    call.core.queries.invoices[link] = {**invoice, "payload": call.string("payload"), "period": period}
    return link


def answer_pre_checkout(call: Call) -> bool:
    core = call.core
    payment = core.queries.payments.get(call.string("pre_checkout_query_id") or "")
    late = payment is not None and (core.now() - payment.at).total_seconds() > PRE_CHECKOUT_TIMEOUT_S
    if payment is None or payment.ok is not None or late:
        raise bad(TOO_OLD)
    if not call.flag("ok") and not call.string("error_message"):
        raise bad("error message isn't specified")
    payment.ok = call.flag("ok")
    payment.error = call.string("error_message")
    if payment.ok:
        payments.settle(core, payment)
    return True


def refund(call: Call) -> bool:
    core = call.core
    charge = call.string("telegram_payment_charge_id")
    if charge is None:
        raise bad("CHARGE_ID_EMPTY")
    mine = [one for one in core.queries.payments.values() if one.charge_id == charge]
    if not mine or mine[0].user.id != call.integer("user_id"):
        raise bad("CHARGE_ID_INVALID")
    if mine[0].refunded:
        raise bad("CHARGE_ALREADY_REFUNDED")
    payments.refund(core, mine[0])
    return True


def transactions(call: Call) -> Json:
    offset, limit = call.integer("offset") or 0, call.integer("limit")
    end = offset + (100 if limit is None else limit)
    return {"transactions": call.core.queries.transactions[offset:end]}


def balance(call: Call) -> Json:
    listed = call.core.queries.transactions
    return {"amount": sum(one["amount"] if "source" in one else -one["amount"] for one in listed)}


METHODS: dict[str, Handler] = {
    "sendInvoice": send_invoice,
    "createInvoiceLink": create_link,
    "answerPreCheckoutQuery": answer_pre_checkout,
    "refundStarPayment": refund,
    "getStarTransactions": transactions,
    "getMyStarBalance": balance,
}
