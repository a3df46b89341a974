"""Who may buy credits for Telegram Stars, and at what pace."""

import pytest

from bot.errors import Banned, TooFast
from bot.handlers.admission import REPLIES_PER_WINDOW
from bot.texts import translate, translate_error
from tests.servers.telegram import User
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import words
from tests.wire.telegram.purchases import PACKS, asked, invoiced, shown


@pytest.mark.parametrize("way", ["list", "command"])
async def test_nothing_is_sold_to_who_may_not_spend_it(place: TelegramWorld, bo: User, way: str) -> None:
    key = f"telegram:{bo.id}"
    if way == "list":
        place.settings |= {"access": {"blocked_users": [key]}}
    async with place.easel(star_packs=PACKS) as easel:
        if way == "command":
            await easel.app.store.administration.set_banned("shell:test", key, True)
        home = place.server.private(bo, opened=True)
        assert shown(await asked(place, "/buy", home, by=bo)) == translate_error("en", Banned())
        place.server.say(bo, home, "/buy")
        await place.wait_until_heard()
        assert len(place.bot_messages(home)) == 1  # said once


async def test_an_invoice_of_before_is_not_paid_by_who_was_banned_since(place: TelegramWorld, bo: User) -> None:
    async with place.easel(star_packs=PACKS) as easel:
        invoice = await invoiced(place, by=bo)
        await easel.app.store.administration.set_banned("shell:test", f"telegram:{bo.id}", True)
        payment = place.server.pay(bo, invoice)
        await place.until(lambda: payment.ok is not None)
        assert (payment.ok, payment.error, payment.paid) == (False, translate_error("en", Banned()), False)
        assert await place.available_credits(bo) == 50


@pytest.mark.usefixtures("minutes_of_the_machine")
async def test_a_flood_of_offers_in_a_group_is_answered_a_little(place: TelegramWorld) -> None:
    async with place.easel(star_packs=PACKS):
        for _ in range(100):
            place.server.say(place.ada, place.group, "/buy@easel_bot")
        await place.until(lambda: len(place.bot_messages(place.group)) > REPLIES_PER_WINDOW)
        await place.wait_until_heard()
        told = [shown(each) for each in place.bot_messages(place.group)]
        assert told.count(translate("en", "telegram-buy-private")) == REPLIES_PER_WINDOW
        assert len(told) == REPLIES_PER_WINDOW + 1  # and the one refusal


@pytest.mark.usefixtures("minutes_of_the_machine")
async def test_a_flood_of_clicks_sends_invoices_at_the_members_pace(place: TelegramWorld) -> None:
    place.settings |= {"limits": {"user_per_minute": 5}}
    async with place.easel(star_packs=PACKS):
        offer = await asked(place, "/buy")
        clicks = [place.server.press(place.ada, offer, offer.buttons[0][0]) for _ in range(20)]
        await place.until(lambda: all(each.answered for each in clicks))
        assert len(place.server.calls("sendInvoice")) == 4
        too_fast = [translate_error("en", TooFast(seconds=seconds)) for seconds in range(1, 601)]
        assert len([each for each in clicks if words(each) in too_fast]) == 1
