"""Payments in Stars to the test server, with the real python-telegram-bot."""

from typing import Any

import pytest
from telegram import Bot, LabeledPrice
from telegram.error import BadRequest

from tests.servers.telegram.scenes import Scene, invoice, keyboard, one_message, poll_updates


async def test_stars_are_paid_and_given_back_once(place: Scene, bot: Bot) -> None:
    server = place.server
    sent = await invoice(bot, place.chat)
    assert sent.invoice is not None
    assert (sent.invoice.total_amount, place.chat.last.buttons) == (50, [("Pay ⭐️50", None)])
    payment = server.pay(place.ada, place.chat.last)
    (update,) = await poll_updates(bot, place)
    assert update.pre_checkout_query is not None
    assert (update.pre_checkout_query.invoice_payload, payment.paid) == ("pack:10", False)
    await bot.answer_pre_checkout_query(payment.id, ok=True)
    message = await one_message(bot, place)
    assert message.successful_payment is not None
    charge = message.successful_payment.telegram_payment_charge_id
    assert payment.charge_id == charge
    with pytest.raises(BadRequest, match="Charge_id_invalid"):
        await bot.refund_star_payment(place.ada.id, "stx")
    await bot.refund_star_payment(place.ada.id, charge)
    assert (await one_message(bot, place)).refunded_payment is not None
    with pytest.raises(BadRequest, match="Charge_already_refunded"):
        await bot.refund_star_payment(place.ada.id, charge)
    listed = (await bot.get_star_transactions()).transactions
    assert [(one.amount, one.source is not None, one.receiver is not None) for one in listed] == [
        (50, True, False),
        (50, False, True),
    ]
    assert (await bot.get_my_star_balance()).amount == 0


async def test_a_payment_that_is_denied_or_answered_too_late_is_none(place: Scene, bot: Bot) -> None:
    link = await bot.create_invoice_link(
        "Month", "Pictures", "month", currency="XTR", prices=[LabeledPrice("Month", 99)], subscription_period=2_592_000
    )
    denied, late, paid = (place.server.pay(place.ada, link) for _ in range(3))
    await bot.answer_pre_checkout_query(denied.id, ok=False, error_message="Sold out")
    await bot.answer_pre_checkout_query(paid.id, ok=True)
    place.server.advance_clocks(11)
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_pre_checkout_query(late.id, ok=True)
    assert [one.paid for one in (denied, late, paid)] == [False, False, True]
    assert denied.error == "Sold out"
    message = (await poll_updates(bot, place))[-1].message
    assert message is not None
    assert message.successful_payment is not None
    assert message.successful_payment.is_recurring


@pytest.mark.forms(3)
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"prices": [LabeledPrice("a", 1), LabeledPrice("b", 1)]}, "Stars_invoice_invalid"),
        ({"prices": [LabeledPrice("a", 0)]}, "Currency_total_amount_invalid"),
        ({"payload": "п" * 65}, "Invoice_payload_invalid"),
        ({"provider_token": "284685063:TEST:x"}, "Payment_provider_invalid"),
        ({"currency": "EUR"}, "Payment_provider_invalid"),
        ({"need_email": True}, "Stars_invoice_invalid"),
        ({"title": "x" * 33}, "Invoice_title_invalid"),
        ({"reply_markup": keyboard()}, "first button of an invoice must be a Pay button"),
    ],
)
async def test_invoices_telegram_refuses(place: Scene, bot: Bot, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await invoice(bot, place.chat, **changed)
    assert words.lower() in refused.value.message.lower()
