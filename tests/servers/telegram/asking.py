"""What people ask of the bot without writing: press buttons, query it inline, call it as a guest, pay."""

from typing import Literal

from tests.servers.telegram import encode, inline
from tests.servers.telegram import text as texts
from tests.servers.telegram.core import Core
from tests.servers.telegram.entities import Chat, Content, Message, User
from tests.servers.telegram.errors import Json
from tests.servers.telegram.queries import GuestQuery, InlineQuery, Payment, Pressed

InlineChat = Literal["sender", "private", "group", "supergroup", "channel"]


class Asking:
    """The hands of those who ask. What a client would not offer raises AssertionError."""

    core: Core

    def press(self, user: User, message: Message, button: str, *, accessible: bool = True) -> Pressed:
        """A button of a message of the bot, by its text or its callback_data. `accessible` False: Telegram
        tells the bot no more of the message than its number."""
        assert not message.deleted or not accessible, "the message is deleted"
        called = [key for key in message.keys if "callback_data" in key]
        found = [key for key in called if button in (key["callback_data"], key["text"])]
        assert found, f"no button {button!r} among {message.buttons}"
        return self.call_back(user, message, str(found[0]["callback_data"]), accessible=accessible)

    def call_back(self, user: User, message: Message, data: str, *, accessible: bool = True) -> Pressed:
        """Any callback_data, as a forged or an old client sends it."""
        core = self.core
        pressed = Pressed(id=self._id(), user=user, message=message, data=data, at=core.now())
        core.books.pressed[pressed.id] = pressed
        payload: Json = {
            "id": pressed.id,
            "from": encode.user(user),
            "chat_instance": str(abs(message.chat.id) * 31),
            "data": data,
        }
        if message.inline_id is not None:
            payload["inline_message_id"] = message.inline_id
        else:
            payload["message"] = encode.message(message) if accessible else encode.inaccessible(message)
        core.tell("callback_query", payload, lane=message.chat.id)
        return pressed

    def react(self, user: User, message: Message, emoji: str | None) -> None:
        """Somebody reacts, or takes it back. The bot is told as an administrator, if it asked for it by name."""
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
            core.tell("message_reaction", payload, lane=message.chat.id)

    # ------------------------------------------------------------ inline and guest mode

    def inline_query(self, user: User, query: str, chat_type: InlineChat | None = "sender") -> InlineQuery:
        """Somebody types the bot's name and a text, anywhere."""
        core = self.core
        assert core.switches.supports_inline_queries, "inline mode is switched off"
        asked = InlineQuery(id=self._id(), user=user, query=query, at=core.now())
        core.books.inline[asked.id] = asked
        payload: Json = {"id": asked.id, "from": encode.user(user), "query": query, "offset": ""}
        payload |= {} if chat_type is None else {"chat_type": chat_type}
        core.tell("inline_query", payload, lane=user.id)
        return asked

    def choose(self, user: User, query: InlineQuery, result_id: str, *, chat: Chat | None = None) -> Message:
        """One of the bot's results is sent, by default to a chat the bot is not in. The bot gets an
        inline_message_id only if the result has a keyboard."""
        core = self.core
        results = {str(one["id"]): one for one in query.results or []}
        assert result_id in results, f"no result {result_id!r} among {list(results)}"
        content = inline.content(core, results[result_id])
        inline_id = inline.new_id(core) if content.markup is not None else None
        where = chat or self._elsewhere(user)
        message = core.world.post(where, user, content, via_bot=core.bot, inline_id=inline_id)
        if core.switches.inline_feedback:
            payload: Json = {"result_id": result_id, "from": encode.user(user), "query": query.query}
            payload |= {} if inline_id is None else {"inline_message_id": inline_id}
            core.tell("chosen_inline_result", payload, lane=user.id)
        if chat is not None:
            core.tell_message(message)
        return message

    def guest_message(self, user: User, chat: Chat, text: str, *, reply_to: Message | None = None) -> GuestQuery:
        """The bot's name is written in a chat it is not in; it sees this message, and the one it answers."""
        core = self.core
        assert core.switches.supports_guest_queries, "guest mode is switched off"
        assert not chat.bot_in, "the bot is in that chat"
        number = self._id()
        content = Content(text=text, entities=texts.found(text))
        message = core.world.post(chat, user, content, reply_to=reply_to, guest_query_id=number)
        asked = GuestQuery(id=number, user=user, message=message, at=core.now())
        core.books.guests[number] = asked
        core.tell("guest_message", encode.message(message), lane=chat.id)
        return asked

    # ------------------------------------------------------------ Stars

    def pay(self, user: User, invoice: Message | str) -> Payment:
        """An invoice message, or the link of one: the bot is asked, and paid when it says yes within 10 s."""
        core = self.core
        if isinstance(invoice, str):
            link = core.books.invoices[invoice]
            body, payload = link, str(link["payload"])
        else:
            assert invoice.content.invoice is not None, "no invoice"
            body, payload = invoice.content.invoice, invoice.payload or ""
        amount = int(body["total_amount"])
        payment = Payment(id=self._id(), user=user, invoice=body, payload=payload, amount=amount, at=core.now())
        core.books.payments[payment.id] = payment
        query: Json = {
            "id": payment.id,
            "from": encode.user(user),
            "currency": "XTR",
            "total_amount": amount,
            "invoice_payload": payload,
        }
        core.tell("pre_checkout_query", query, lane=user.id)
        return payment

    # ------------------------------------------------------------ inside

    def _id(self) -> str:
        return str(21_474_836_470_000_000 + self.core.world.number())

    def _elsewhere(self, user: User) -> Chat:
        """A chat that the bot knows nothing of."""
        number = self.core.world.chat_id(large=True)
        return Chat(id=number, kind="supergroup", title="Elsewhere", bot_status="left", members={user.id: "member"})
