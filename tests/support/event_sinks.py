"""An event sink that accepts everything and answers nothing, for tests that look at some of its events."""

from bot.chat import Attachment, Chat, Message, MessageRef, User
from bot.intake.choices import RequestEstimate
from bot.intake.prices import make_price_list
from bot.painting import Capabilities
from bot.ports import ButtonPress, ButtonReply
from bot.prices import PriceRange
from bot.quota import Balance


class Quiet:
    """Implements `bot.ports.EventSink`."""

    capabilities = Capabilities()
    prices = make_price_list(capabilities, lambda _: PriceRange(least=1, most=1))

    async def receive_message(self, message: Message) -> bool:
        return True

    def expect_album(self, user: User, chat: Chat) -> None: ...

    def ignores(self, user: User, chat: Chat) -> bool:
        return False

    async def press_button(self, press: ButtonPress) -> ButtonReply:
        return ButtonReply()

    async def estimate(self, message: Message) -> RequestEstimate:
        return RequestEstimate(paints=False, price=None, options=(), commands=())

    async def check_file(self, user: User, file: Attachment, data: bytes) -> str | None: ...

    async def message_deleted(self, ref: MessageRef) -> None: ...
    async def chat_closed(self, chat: Chat) -> None: ...
    async def chat_moved(self, old: Chat, new: Chat) -> None: ...
    def chats_changed_hands(self) -> None: ...

    async def command_refusal(self, user: User, chat: Chat) -> str | None: ...
    async def purchase_refusal(self, user: User) -> str | None: ...

    async def credit_purchase(self, user: User, credits: int, *, entry: str) -> Balance:
        return await self.balance(user)

    async def balance(self, user: User) -> Balance:
        return Balance(available=50, reserved=0, daily=50)
