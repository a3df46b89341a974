"""The parts that websocket sessions, HTTP routes and the chat port share, and what a change means for connected pages.

No frame is parsed and no request answered here.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from adapters.playground import users
from adapters.playground.balances import Balances
from adapters.playground.connections import Connections
from adapters.playground.database import ChatDatabase
from adapters.playground.decode import decode_message
from adapters.playground.encode import encode_message
from adapters.playground.offload import run_offloaded
from adapters.playground.previews import Previews
from adapters.playground.protocol import MessageFrame, WireCommand, WireMessage
from adapters.playground.records import StoredMessage
from adapters.playground.thumbnails import Thumbnails
from adapters.playground.work_queues import WorkQueues
from bot.chat import DeletedMessage, MessageRef
from bot.errors import MessageGone
from bot.ports import EventSink

GetCommands = Callable[[str], Sequence[WireCommand]]  # the commands in a locale
GetTexts = Callable[[str], Mapping[str, str]]  # the page's texts by id in a locale


@dataclass(slots=True, kw_only=True)
class Backend:
    """Everything behind the page from `PlaygroundAdapter.start` until its `close`."""

    database: ChatDatabase
    connections: Connections
    previews: Previews
    thumbnails: Thumbnails
    work_queues: WorkQueues
    """Events on their way to `events`, one queue for each user."""
    balances: Balances
    events: EventSink
    commands: Mapping[str, Sequence[WireCommand]]
    """By locale; read once, away from the event loop."""
    texts: Mapping[str, Mapping[str, str]]
    """By locale and id; read once, away from the event loop."""
    is_demo: bool
    """Whether pictures are stand-ins, which the page says."""

    def encode_message(self, stored: StoredMessage) -> WireMessage:
        """The message with its current preview."""
        return encode_message(stored, self.previews.preview_of(stored.id))

    def broadcast_message(self, stored: StoredMessage) -> None:
        """Sends a new or changed message to every page."""
        frame: MessageFrame = {"type": "message", "message": self.encode_message(stored)}
        self.connections.broadcast(("message", str(stored.id)), frame)

    def update_balances(self, chat_id: str) -> None:
        """Refreshes the shown balances of a chat's users, after an event that may have cost or returned credits."""
        self.balances.request_update(users.users_in(chat_id))

    async def forward_to_core(self, message: int, sender: str) -> None:
        """Queues a user's stored message for the core, after the sender's earlier events."""
        await self.work_queues.add_work(sender, self._receive_work(message))

    async def delete_message(self, chat: str, message: int, *, keep: Collection[str] = ()) -> None:
        """Deletes a message, whoever wrote it, but for the files to `keep` (ids). One that was deleted before is
        deleted on the pages again."""
        found = await self.database.delete_message(chat, message, keep=keep)
        self.previews.set_preview(message, None)
        self.connections.broadcast(("message", str(message)), {"type": "deleted", "chat": chat, "id": str(message)})
        if found is None or found.sender != users.BOT_ID:
            return
        ref = MessageRef(chat=users.core_chat(chat), message_id=str(message))

        async def report_deletion() -> None:
            await self.events.message_deleted(ref)
            self.update_balances(chat)

        await self.work_queues.add_work(f"deleted {chat}", report_deletion)

    def _receive_work(self, message: int) -> Callable[[], Awaitable[None]]:
        async def receive_message() -> None:
            try:
                stored = await self.database.get_message(message, whole_text=True)
            except MessageGone:
                return
            replied = await self._find_replied(stored)
            decoded = await run_offloaded(len(stored.text), decode_message, stored, replied)
            if await self.events.receive_message(decoded):
                await self.database.mark_accepted(message)
            self.update_balances(stored.chat)

        return receive_message

    async def _find_replied(self, stored: StoredMessage) -> StoredMessage | DeletedMessage | None:
        if stored.quote is None:
            return None
        try:
            return await self.database.get_message(stored.quote.id)
        except MessageGone:
            return DeletedMessage(id=str(stored.quote.id))
