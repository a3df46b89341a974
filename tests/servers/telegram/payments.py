"""Effects of a decided Stars payment: the service message, and the bot's transaction record. No HTTP."""

from tests.servers.telegram import encode
from tests.servers.telegram.core import Core
from tests.servers.telegram.entities import Content
from tests.servers.telegram.errors import Json
from tests.servers.telegram.queries import Payment

MONTH = 2_592_000  # seconds


def settle(core: Core, payment: Payment) -> None:
    """The Stars change hands; the bot gets an update."""
    payment.charge_id = f"stx{core.world.number():06d}Y8gAAKhTU1"
    paid: Json = _core(payment) | {"provider_payment_charge_id": f"{payment.user.id}_{core.world.number()}"}
    if payment.invoice.get("period"):
        expires = encode.seconds(core.now()) + MONTH
        paid |= {"subscription_expiration_date": expires, "is_recurring": True, "is_first_recurring": True}
    _record(core, payment, "source", payment.charge_id)
    _add_payment_message(core, payment, {"successful_payment": paid})


def refund(core: Core, payment: Payment) -> None:
    """The Stars go back; the bot gets an update."""
    payment.refunded = True
    _record(core, payment, "receiver", str(payment.charge_id))
    _add_payment_message(core, payment, {"refunded_payment": _core(payment)})


def _core(payment: Payment) -> Json:
    return {
        "currency": "XTR",
        "total_amount": payment.amount,
        "invoice_payload": payment.payload,
        "telegram_payment_charge_id": payment.charge_id,
    }


def _record(core: Core, payment: Payment, side: str, number: str) -> None:
    partner: Json = {
        "type": "user",
        "transaction_type": "invoice_payment",
        "user": encode.user(payment.user),
        "invoice_payload": payment.payload,
    }
    entry: Json = {"id": number, "amount": payment.amount, "date": encode.seconds(core.now()), side: partner}
    core.queries.transactions.append(entry)


def _add_payment_message(core: Core, payment: Payment, service: Json) -> None:
    chat = core.world.private(payment.user)
    core.add_message_update(core.world.post(chat, payment.user, Content(service=service)))
