"""What the socket, the file routes and the chat port share, and what each change means for the open pages.

No frame is parsed and no request answered here.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.playground import people
from adapters.playground.balances import Balances
from adapters.playground.decode import decode_message
from adapters.playground.encode import encode_message
from adapters.playground.entries import Entry
from adapters.playground.inbox import Inbox
from adapters.playground.offload import off_loop
from adapters.playground.pages import Pages
from adapters.playground.previews import Previews
from adapters.playground.protocol import MessageFrame, WireCommand, WireMessage
from adapters.playground.room import Room
from bot.chat import DeletedMessage, MessageRef
from bot.errors import MessageGone
from bot.ports import EventSink

Commands = Callable[[str], Sequence[WireCommand]]
Phrases = Callable[[str], Mapping[str, str]]


@dataclass(slots=True, kw_only=True)
class House:
    """`commands` and `texts` by locale, read once when the playground opens, away from the loop."""

    room: Room
    pages: Pages
    previews: Previews
    inbox: Inbox
    balances: Balances
    reception: EventSink
    commands: Mapping[str, Sequence[WireCommand]]
    texts: Mapping[str, Mapping[str, str]]

    def wire(self, entry: Entry) -> WireMessage:
        return encode_message(entry, self.previews.of(entry.id))

    def show(self, entry: Entry) -> None:
        """A message is new or changed."""
        frame: MessageFrame = {"type": "message", "message": self.wire(entry)}
        self.pages.tell(("message", str(entry.id)), frame)

    def touch(self, chat: str) -> None:
        """Something happened in a chat that may have cost or returned credits."""
        self.balances.touch(people.writers(chat))

    async def hear(self, message: int, sender: str) -> None:
        """Has a member's message, which stands in the room, taken in by the bot, in its turn."""
        await self.inbox.put(sender, self._taking_in(message))

    async def erase(self, chat: str, message: int) -> None:
        """Deletes a message, whoever wrote it. One deleted already is deleted again for the pages alone."""
        found = await self.room.delete(chat, message)
        self.previews.show(message, None)
        self.pages.tell(("message", str(message)), {"type": "deleted", "chat": chat, "id": str(message)})
        if found is None or found.sender != people.EASEL:
            return
        ref = MessageRef(chat=people.chat(chat), message_id=str(message))

        async def tell() -> None:
            await self.reception.message_deleted(ref)
            self.touch(chat)

        await self.inbox.put(f"deleted {chat}", tell)

    def _taking_in(self, message: int) -> Callable[[], Awaitable[None]]:
        async def take_in() -> None:
            try:
                entry = await self.room.entry(message, whole=True)
            except MessageGone:
                return
            replied = await self._replied(entry)
            if await self.reception.receive_message(await off_loop(len(entry.text), decode_message, entry, replied)):
                await self.room.told(message)
            self.touch(entry.chat)

        return take_in

    async def _replied(self, entry: Entry) -> Entry | DeletedMessage | None:
        if entry.quote is None:
            return None
        try:
            return await self.room.entry(entry.quote.id)
        except MessageGone:
            return DeletedMessage(id=str(entry.quote.id))
