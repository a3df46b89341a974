"""User actions other than messages: button presses, reactions, inline queries, guest queries, payments.

Each becomes an update for the bot, and a record in queries.py where the bot must answer.
"""

from typing import Literal

from tests.servers.telegram import encode, inline
from tests.servers.telegram import text as texts
from tests.servers.telegram.core import Core
from tests.servers.telegram.entities import Chat, Content, Message, User
from tests.servers.telegram.errors import Json
from tests.servers.telegram.queries import CallbackQuery, GuestQuery, InlineQuery, Payment

InlineChat = Literal["sender", "private", "group", "supergroup", "channel"]


class UserActions:
    """Mixin of TelegramServer. What a client would not offer raises AssertionError."""

    core: Core

    def press(self, user: User, message: Message, button: str, *, accessible: bool = True) -> CallbackQuery:
        """Presses a button of a message, found by its text or its callback_data. `accessible` False: Telegram tells
        the bot only the message's id (InaccessibleMessage)."""
        assert not message.deleted or not accessible, "the message is deleted"
        called = [key for key in message.keys if "callback_data" in key]
        found = [key for key in called if button in (key["callback_data"], key["text"])]
        assert found, f"no button {button!r} among {message.buttons}"
        return self.press_with_data(user, message, str(found[0]["callback_data"]), accessible=accessible)

    def press_with_data(self, user: User, message: Message, data: str, *, accessible: bool = True) -> CallbackQuery:
        """Sends any callback_data, as a forged or an old client does."""
        core = self.core
        pressed = CallbackQuery(id=self._id(), user=user, message=message, data=data, at=core.now())
        core.queries.pressed[pressed.id] = pressed
        self.deliver_press(pressed, accessible=accessible)
        return pressed

    def deliver_press(self, pressed: CallbackQuery, *, accessible: bool = True) -> None:
        """Tells the bot of a press (once more), in an update with a number of its own."""
        core, message = self.core, pressed.message
        payload: Json = {
            "id": pressed.id,
            "from": encode.user(pressed.user),
            "chat_instance": str(abs(message.chat.id) * 31),
            "data": pressed.data,
        }
        if message.inline_id is not None:
            payload["inline_message_id"] = message.inline_id
        else:
            payload["message"] = encode.message(message) if accessible else encode.inaccessible(message)
        core.add_update("callback_query", payload, lane=message.chat.id)

    def react(self, user: User, message: Message, emoji: str | None) -> None:
        """Sets a reaction, or removes it (None). The bot gets an update if it is an administrator."""
        core = self.core
        old = message.reactions.get(user.id, [])
        new = [] if emoji is None else [emoji]
        message.reactions[user.id] = new
        if message.chat.kind == "private" or message.chat.bot_status == "administrator":
            payload: Json = {
                "chat": encode.chat(message.chat),
                "message_id": message.id,
                "user": encode.user(user),
                "date": encode.seconds(core.now()),
                "old_reaction": [{"type": "emoji", "emoji": one} for one in old],
                "new_reaction": [{"type": "emoji", "emoji": one} for one in new],
            }
            core.add_update("message_reaction", payload, lane=message.chat.id)

    # ------------------------------------------------------------ inline and guest mode

    def inline_query(self, user: User, query: str, chat_type: InlineChat | None = "sender") -> InlineQuery:
        """Types the bot's name and a text, in any chat."""
        core = self.core
        assert core.switches.supports_inline_queries, "inline mode is switched off"
        asked = InlineQuery(id=self._id(), user=user, query=query, at=core.now())
        core.queries.inline[asked.id] = asked
        payload: Json = {"id": asked.id, "from": encode.user(user), "query": query, "offset": ""}
        payload |= {} if chat_type is None else {"chat_type": chat_type}
        core.add_update("inline_query", payload, lane=user.id)
        return asked

    def choose_result(
        self,
        user: User,
        query: InlineQuery,
        result_id: str,
        *,
        chat: Chat | None = None,
        reply_to: Message | None = None,
        message_first: bool = False,
    ) -> Message:
        """Sends one of the bot's results, by default to a chat the bot is not in. The bot gets an inline_message_id
        only if the result has a keyboard. In a `chat` that the bot is in it sees the message, too, before the report of
        the choice (`message_first`) or after it."""
        core = self.core
        results = {str(one["id"]): one for one in query.results or []}
        assert result_id in results, f"no result {result_id!r} among {list(results)}"
        content = inline.content(core, results[result_id])
        inline_id = inline.new_id(core) if content.markup is not None else None
        where = chat or self._unknown_chat(user)
        message = core.world.post(where, user, content, reply_to=reply_to, via_bot=core.bot, inline_id=inline_id)
        if chat is not None and message_first:
            core.add_message_update(message)
        if core.switches.inline_feedback:
            payload: Json = {"result_id": result_id, "from": encode.user(user), "query": query.query}
            payload |= {} if inline_id is None else {"inline_message_id": inline_id}
            core.add_update("chosen_inline_result", payload, lane=user.id)
        if chat is not None and not message_first:
            core.add_message_update(message)
        return message

    def guest_message(self, user: User, chat: Chat, text: str, *, reply_to: Message | None = None) -> GuestQuery:
        """Mentions the bot in a chat it is not in; the bot sees this message, and the one that it replies to."""
        core = self.core
        assert core.switches.supports_guest_queries, "guest mode is switched off"
        assert not chat.bot_in, "the bot is in that chat"
        number = self._id()
        content = Content(text=text, entities=texts.detect_entities(text))
        message = core.world.post(chat, user, content, reply_to=reply_to, guest_query_id=number)
        asked = GuestQuery(id=number, user=user, message=message, at=core.now())
        core.queries.guests[number] = asked
        core.add_update("guest_message", encode.message(message), lane=chat.id)
        return asked

    # ------------------------------------------------------------ Stars

    def pay(self, user: User, invoice: Message | str) -> Payment:
        """Pays an invoice message, or an invoice link: the bot gets a pre_checkout_query, and the payment when it
        approves within 10 s."""
        core = self.core
        if isinstance(invoice, str):
            link = core.queries.invoices[invoice]
            body, payload = link, str(link["payload"])
        else:
            assert invoice.content.invoice is not None, "no invoice"
            body, payload = invoice.content.invoice, invoice.payload or ""
        amount = int(body["total_amount"])
        payment = Payment(id=self._id(), user=user, invoice=body, payload=payload, amount=amount, at=core.now())
        core.queries.payments[payment.id] = payment
        query: Json = {
            "id": payment.id,
            "from": encode.user(user),
            "currency": "XTR",
            "total_amount": amount,
            "invoice_payload": payload,
        }
        core.add_update("pre_checkout_query", query, lane=user.id)
        return payment

    # ------------------------------------------------------------ inside

    def _id(self) -> str:
        return str(21_474_836_470_000_000 + self.core.world.number())

    def _unknown_chat(self, user: User) -> Chat:
        """A new chat that the bot is not in."""
        number = self.core.world.chat_id(large=True)
        return Chat(id=number, kind="supergroup", title="Elsewhere", bot_status="left", members={user.id: "member"})
