"""Credits for Telegram Stars: offered, paid, credited once whatever comes in between, and given back."""

from copy import deepcopy
from pathlib import Path

import pytest

from adapters.telegram import dispatcher
from bot.errors import AdminsOnly, BadArguments, UnknownCharge, UnknownCommand
from bot.intake.commands import COMMANDS
from bot.texts import LOCALES, translate, translate_error
from tests.servers.telegram import User
from tests.support.waiting import wait_until
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import Edge, FailingStorage, edge, pressed, wired, words
from tests.wire.telegram.purchases import PACKS, asked, has, invoiced, paid, shown

# ---------------------------------------------------------------- off by default


async def test_by_default_nothing_is_sold(place: TelegramWorld) -> None:
    async with place.easel():
        assert shown(await asked(place, "/buy")) == translate_error("en", UnknownCommand(command="/buy"))
        assert shown(await asked(place, "/start buy")) == translate("en", "answer-start")
        assert "pre_checkout_query" not in place.server.core.updates.allowed
        assert shown(await asked(place, "/admin refund stx1")) == translate_error("en", UnknownCharge(charge="stx1"))


# ---------------------------------------------------------------- the offer


@pytest.mark.forms(1)
@pytest.mark.parametrize("command", ["/buy", "/BUY", "/buy@easel_bot", "/start buy"])
async def test_packs_are_offered_in_private(place: TelegramWorld, command: str) -> None:
    async with place.easel(star_packs=PACKS):
        offer = await asked(place, command)
        assert shown(offer) == translate("en", "telegram-buy-which")
        assert [label for label, _ in offer.buttons] == [
            translate("en", "telegram-buy-pack", credits=each["credits"], stars=each["stars"]) for each in PACKS
        ]
        assert all(len((data or "").encode()) <= 64 for _, data in offer.buttons)


async def test_in_a_group_the_way_to_the_private_chat_is_shown(tmp_path: Path) -> None:
    async with edge(tmp_path) as world:
        place = world.place
        forum = place.server.add_group("Forum", members=[place.ada], forum=True)
        topic = place.server.add_topic(forum, "Art", by=place.ada)
        async with place.easel(star_packs=PACKS):
            request = place.server.say(place.ada, forum, "/buy@easel_bot", thread=topic)
            answer = await place.wait_for_reply(forum)
            assert answer.reply_to is request
            assert answer.topic is topic
            assert shown(answer) == translate("en", "telegram-buy-private")
            (key,) = answer.keys
            assert key["url"] == "https://t.me/easel_bot?start=buy"


async def test_words_that_only_begin_alike_are_a_wish(place: TelegramWorld) -> None:
    async with place.easel(star_packs=PACKS):
        request = place.server.say(place.ada, place.private, "/imagine /buy a hat")
        await place.wait_for_picture(after=request)
        assert shown(await asked(place, "/buyer")) == translate_error("en", UnknownCommand(command="/buyer"))


@pytest.mark.forms(2)
@pytest.mark.parametrize("locale", LOCALES)
async def test_an_invoice_in_the_members_language(place: TelegramWorld, locale: str) -> None:
    cy = place.server.add_user("Cy", language_code=locale)
    async with place.easel(star_packs=PACKS):
        invoice = await invoiced(place, 1, by=cy)
        body = invoice.content.invoice or {}
        assert body["title"] == translate(locale, "telegram-buy-title", credits=100)
        assert body["description"] == translate(locale, "telegram-buy-about", credits=100)
        assert (body["currency"], body["total_amount"]) == ("XTR", 200)
        assert 1 <= len((invoice.payload or "").encode()) <= 128


async def test_a_pack_that_is_gone_is_said(place: TelegramWorld) -> None:
    async with place.easel(star_packs=PACKS):
        offer = await asked(place, "/buy")
    async with place.easel(star_packs=PACKS[:1]):
        click = await pressed(place, offer, offer.buttons[1][0])
        assert words(click) == translate("en", "telegram-buy-wrong")
        assert place.server.calls("sendInvoice") == []


async def test_an_invoice_that_cannot_be_sent_is_said(place: TelegramWorld) -> None:
    async with place.easel(star_packs=PACKS):
        offer = await asked(place, "/buy")
        place.server.faults.drop("sendInvoice", when="before")
        assert words(await pressed(place, offer, offer.buttons[0][0])) == translate("en", "error-internal")


# ---------------------------------------------------------------- paying


async def test_what_is_paid_is_credited_and_receipted(place: TelegramWorld) -> None:
    async with place.easel(star_packs=PACKS):
        payment = await paid(place, await invoiced(place))
        assert payment.ok
        await has(place, 60)
        receipt = await place.wait_for_reply(after=place.private.visible_messages[-2])
        assert shown(receipt) == translate(
            "en", "telegram-buy-paid", credits=10, left=60, charge=payment.charge_id or ""
        )
        request = place.server.say(place.ada, place.private, "a red fox")
        await place.wait_for_picture(after=request)
        assert await place.available_credits() == 59


async def test_an_old_invoice_keeps_its_promise(place: TelegramWorld) -> None:
    async with place.easel(star_packs=PACKS):
        invoice = await invoiced(place)
    async with place.easel(star_packs=[{"credits": 5, "stars": 99}]):
        await paid(place, invoice)
        await has(place, 60)


@pytest.mark.forms(3)
@pytest.mark.parametrize(
    "payload",
    [
        "",
        "x",
        "easel:10:25",
        "easel:1000:25:{seal}",
        "easel:10:1:{seal}",
        "easel:10:25:0000000000000000",
        "easel:١٠:25:{seal}",
        "easel:10:２５:{seal}",
        "easel:10:25:{seal}é",
    ],
)
async def test_a_payload_that_is_not_ours_is_refused_before_anything_is_paid(
    place: TelegramWorld, payload: str
) -> None:
    async with place.easel(star_packs=PACKS):
        invoice = await invoiced(place)
        invoice.payload = payload.format(seal=(invoice.payload or "").rpartition(":")[2])
        payment = place.server.pay(place.ada, invoice)
        await place.until(lambda: payment.ok is not None)
        assert payment.ok is False
        assert payment.error == translate("en", "telegram-buy-wrong")
        assert await place.available_credits() == 50


@pytest.mark.forms(1)
@pytest.mark.parametrize("amount", [1, 24, 26])
async def test_another_price_is_refused_before_anything_is_paid(place: TelegramWorld, amount: int) -> None:
    async with place.easel(star_packs=PACKS):
        invoice = await invoiced(place)
        assert invoice.content.invoice is not None
        invoice.content.invoice["total_amount"] = amount
        payment = place.server.pay(place.ada, invoice)
        await place.until(lambda: payment.ok is not None)
        assert payment.ok is False


async def test_a_check_that_does_not_get_through_is_made_again_in_time(world: Edge, place: TelegramWorld) -> None:
    world.time.skips = 1.0
    async with place.easel(star_packs=PACKS):
        invoice = await invoiced(place)
        place.server.faults.limit("answerPreCheckoutQuery", retry_after=2)
        place.server.faults.fail("answerPreCheckoutQuery")
        await paid(place, invoice)
        await has(place, 60)


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("payload", "amount"),
    [
        ("easel:9999999:25:{seal}", 25),
        ("easel:10:25:0000000000000000", 25),
        ("easel:١٠:25:{seal}", 25),
        ("{whole}", 24),
    ],
)
async def test_a_payment_that_passed_no_check_is_worth_nothing_and_can_be_refunded(
    place: TelegramWorld, payload: str, amount: int
) -> None:
    """As if another program of the same bot had answered the check."""
    async with place.easel(star_packs=PACKS):
        invoice = await invoiced(place)
        await paid(place, invoice)
        await has(place, 60)
        service = deepcopy(place.server.updates[-1].payload)
        told = service["successful_payment"]
        whole = str(told["invoice_payload"])
        told["invoice_payload"] = payload.format(seal=whole.rpartition(":")[2], whole=whole)
        told["total_amount"] = amount
        told["telegram_payment_charge_id"] = "forged"
        place.server.core.updates.add("message", service, place.private.id)
        await place.wait_until_heard()
        await asked(place, "/quota")
        assert await place.available_credits() == 60
        unknown = translate_error("en", UnknownCharge(charge="forged"))
        assert shown(await asked(place, "/admin refund forged")) != unknown  # so that the Stars can go back


@pytest.mark.forms(3)
@pytest.mark.parametrize("command", ["refund", "ban", "unban", "grant telegram:1", "set telegram:1", "grant"])
@pytest.mark.parametrize("digit", ["9", "٣"])
async def test_endless_digits_get_an_answer(place: TelegramWorld, command: str, digit: str) -> None:
    async with place.easel(star_packs=PACKS):
        number = digit * (4050 - len(command))
        last = f"telegram:{number}" if command in ("ban", "unban") else number
        answer = shown(await asked(place, f"/admin {command} {last}"))
        words = (
            UnknownCharge(charge=number[:100]) if command == "refund" else BadArguments(usage=COMMANDS["admin"].usage)
        )
        assert answer[:60] == translate_error("en", words)[:60]


# ---------------------------------------------------------------- once


async def test_the_same_payment_told_again_is_credited_once(place: TelegramWorld) -> None:
    async with place.easel(star_packs=PACKS):
        await paid(place, await invoiced(place))
        await has(place, 60)
        update = place.server.updates[-1]
        assert "successful_payment" in update.payload
        place.server.redeliver(update)
        await place.wait_until_heard()
        await asked(place, "/quota")
        assert await place.available_credits() == 60
    place.server.redeliver(update)
    async with place.easel(star_packs=PACKS):
        await place.wait_until_heard()
        await asked(place, "/quota")
        assert await place.available_credits() == 60


async def test_a_process_that_ends_before_the_credits_are_booked_books_them_at_the_next_start(
    place: TelegramWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "SHUTDOWN_WAIT_S", 0.1)
    async with place.easel(star_packs=PACKS):
        invoice = await invoiced(place)
    async with wired(place, slow=True, star_packs=PACKS):
        await paid(place, invoice)
        assert await place.available_credits() == 50
    for _ in range(2):
        async with place.easel(star_packs=PACKS):
            await has(place, 60)
            await asked(place, "/quota")
    receipts = [each for each in place.bot_messages() if "Thank you" in each.text]
    assert len(receipts) == 1


async def test_a_receipt_that_was_not_said_is_said_by_the_next_start_and_credits_nothing_more(
    place: TelegramWorld,
) -> None:
    async with place.easel(star_packs=PACKS):
        invoice = await invoiced(place)
        place.server.faults.limit("sendMessage", retry_after=600)
        await paid(place, invoice)
        await has(place, 60)
    assert not [each for each in place.bot_messages() if "Thank you" in each.text]
    async with place.easel(star_packs=PACKS):
        await place.until(lambda: [each for each in place.bot_messages() if "Thank you" in each.text])
        assert await place.available_credits() == 60


async def test_a_database_that_is_away_costs_nobody_the_credits(world: Edge, place: TelegramWorld) -> None:
    world.time.skips = 1.0
    async with wired(place, star_packs=PACKS) as easel:
        invoice = await invoiced(place)
        easel.storage.away = True
        payment = place.server.pay(place.ada, invoice)
        await place.until(lambda: payment.paid)
        await wait_until(lambda: has_failed(easel.storage))
        assert await place.available_credits() == 50
        easel.storage.away = False
        await has(place, 60)
        await place.wait_until_heard()


async def has_failed(storage: FailingStorage) -> bool:
    """Whether somebody has asked while it was away."""
    return storage.failed_calls > 0


# ---------------------------------------------------------------- giving back


async def bought(place: TelegramWorld, user: User) -> str:
    """A purchase of ten credits; its charge."""
    payment = await paid(place, await invoiced(place, by=user), by=user)
    await has(place, 60, user)
    return payment.charge_id or ""


async def test_a_refund_gives_stars_and_takes_credits_once(place: TelegramWorld, bo: User) -> None:
    async with place.easel(star_packs=PACKS):
        charge = await bought(place, bo)
        said = translate("en", "answer-refunded", user=f"telegram:{bo.id}", credits=10, left=50)
        for _ in range(2):
            assert shown(await asked(place, f"/admin refund {charge}")) == said
        assert [each for each in place.server.transactions if "receiver" in each] != []
        assert len(place.server.transactions) == 2
        assert await place.available_credits(bo) == 50


async def test_what_was_spent_of_it_stays_spent(place: TelegramWorld, bo: User) -> None:
    async with place.easel(star_packs=PACKS):
        charge = await bought(place, bo)
        await asked(place, f"/admin set telegram:{bo.id} 4")
        said = shown(await asked(place, f"/admin refund {charge}"))
        assert said == translate("en", "answer-refunded", user=f"telegram:{bo.id}", credits=10, left=0)
        assert await place.available_credits(bo) == 0
        assert len(place.server.transactions) == 2


async def test_a_refund_cut_short_after_the_stars_takes_the_credits_when_asked_again(
    place: TelegramWorld, bo: User
) -> None:
    async with place.easel(star_packs=PACKS):
        charge = await bought(place, bo)
        place.server.faults.drop("refundStarPayment", when="after")
        await asked(place, f"/admin refund {charge}")
        assert await place.available_credits(bo) == 60
        await asked(place, f"/admin refund {charge}")
        assert await place.available_credits(bo) == 50
        assert len(place.server.transactions) == 2


async def test_a_refund_told_again_by_telegram_takes_nothing_more(place: TelegramWorld, bo: User) -> None:
    async with place.easel(star_packs=PACKS):
        charge = await bought(place, bo)
        await asked(place, f"/admin refund {charge}")
    for update in [each for each in place.server.updates if "refunded_payment" in each.payload]:
        place.server.redeliver(update)
    async with place.easel(star_packs=PACKS):
        await place.wait_until_heard()
        await asked(place, "/quota")
        assert await place.available_credits(bo) == 50


async def test_an_unknown_charge_and_an_unknown_asker_are_told_so(place: TelegramWorld, bo: User) -> None:
    async with place.easel(star_packs=PACKS):
        charge = await bought(place, bo)
        assert shown(await asked(place, "/admin refund nosuch")) == translate_error(
            "en", UnknownCharge(charge="nosuch")
        )
        private = place.server.private(bo)
        assert shown(await asked(place, f"/admin refund {charge}", private, by=bo)) == translate_error(
            "en", AdminsOnly()
        )
        assert await place.available_credits(bo) == 60
