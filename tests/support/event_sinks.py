"""A reception that takes everything in and answers nothing, for tests that look at some of what it is told."""

from bot.chat import Answer, Balance, Chat, Message, MessageRef, Press, User
from bot.painting import Abilities


class Quiet:
    """Implements `bot.ports.Reception`."""

    abilities = Abilities()

    async def receive(self, message: Message) -> bool:
        return True

    async def press(self, press: Press) -> Answer:
        return Answer()

    async def deleted(self, ref: MessageRef) -> None: ...
    async def moved(self, old: Chat, new: Chat) -> None: ...

    async def turned_away(self, user: User, chat: Chat) -> str | None: ...
    async def barred(self, user: User) -> str | None: ...

    async def credit(self, user: User, credits: int, *, entry: str) -> Balance:
        return await self.balance(user)

    async def balance(self, user: User) -> Balance:
        return Balance(left=50, held=0, daily=50)
