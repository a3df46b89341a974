"""What the bot may send in each group: read from Telegram, remembered, corrected by updates and by refused calls.

Sends no message. What allows everything is believed for RIGHTS_TTL_S; what forbids something is read again at each
look, since Telegram does not tell bots of a change of a group's default permissions.
"""

import asyncio
from dataclasses import dataclass, replace

import structlog
import telegram
from cachetools import LRUCache, TTLCache
from telegram.constants import ChatAction, ChatMemberStatus, ChatType

from adapters.telegram import ids
from adapters.telegram.api import call_api
from adapters.telegram.errors import CALL_FAILURES, TOPIC_CLOSED
from adapters.telegram.ids import ChatAddress
from bot.chat import Chat
from bot.errors import ChatGone, PicturesForbidden, PlaceClosed, StoreFailed, WritingForbidden
from bot.ports import Bus
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock, wait_for_future

log = structlog.get_logger()

MEMBERSHIP = "telegram rights"  # on the bus, with the id of a chat
RIGHTS_TTL_S = 60.0  # that rights are believed which allow everything
READ_WAIT_S = 3.0  # that a request waits for rights to be read; nobody is refused because Telegram is slow
MAX_CHATS = 10_000  # remembered
ADMINISTRATORS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)
MAX_TOPICS = 1_000  # remembered as closed


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRights:
    """What may be sent in one chat."""

    text: bool = True
    photos: bool = True
    documents: bool = True

    @property
    def everything(self) -> bool:
        return self.text and self.photos and self.documents

    @property
    def pictures(self) -> bool:
        """Whether a picture can be sent in some form."""
        return self.photos or self.documents


EVERYTHING, NOTHING = SendRights(), SendRights(text=False, photos=False, documents=False)


class ChatPermissions:
    """The rights in all groups that were looked at lately."""

    def __init__(self, bot: telegram.Bot, clock: Clock, bus: Bus) -> None:
        """`bus`: where the process that a change is reported to tells the others."""
        self._bot = bot
        self._clock = clock
        self._bus = bus
        self._rights: LRUCache[int, SendRights] = LRUCache(MAX_CHATS)
        self._is_administrator: LRUCache[int, bool] = LRUCache(MAX_CHATS)
        self._fresh: TTLCache[int, None] = TTLCache(MAX_CHATS, RIGHTS_TTL_S, timer=clock.monotonic)
        self._closed_topics: LRUCache[tuple[int, int | None], None] = LRUCache(MAX_TOPICS)
        self._reads: dict[int, asyncio.Task[None]] = {}
        self._changed: set[int] = set()  # chats whose rights have changed while they were being read
        self._tasks = BackgroundTasks()
        bus.subscribe(MEMBERSHIP, self._hear_of_bot_member)
        bus.on_gap(self._forget_all)

    async def close(self) -> None:
        await self._tasks.cancel()

    def known(self, chat_id: int) -> SendRights:
        """The rights as far as they are known, without a call."""
        return self._rights.get(chat_id, EVERYTHING)

    async def delivery_refusal(self, chat: Chat) -> PlaceClosed | None:
        """As `bot.ports.DeliveryPermissions.delivery_refusal`."""
        if chat.kind == "direct" or ids.is_inline(chat):
            return None
        address = ids.chat_address(chat)
        assert address.chat is not None  # of all chats that are no inline messages
        rights = await self._read_rights(address.chat)
        if not rights.pictures:
            return PicturesForbidden() if rights.text else WritingForbidden()
        if await self._is_topic_closed(address):
            return WritingForbidden()
        return None

    async def is_administrator(self, chat_id: int) -> bool:
        """Whether the bot is an administrator of a group, so that it hears everything there. Read once; Telegram tells
        of changes. True also where Telegram does not say."""
        if chat_id not in self._is_administrator:
            await self._read_rights(chat_id)
        return self._is_administrator.get(chat_id, True)

    # ------------------------------------------------------------ what is heard

    def note_refused(self, chat_id: int, *, as_file: bool) -> None:
        """A picture was refused in that form."""
        known = self.known(chat_id)
        self._rights[chat_id] = replace(known, documents=False) if as_file else replace(known, photos=False)

    def note_topic_closed(self, address: ChatAddress) -> None:
        """A call was refused because its topic is closed."""
        if address.chat is not None:
            self._closed_topics[address.chat, address.topic] = None

    def note_message(self, message: telegram.Message) -> None:
        """A service message may tell that a topic was closed or opened again."""
        topic = message.message_thread_id if message.is_topic_message else None
        if message.forum_topic_closed or message.general_forum_topic_hidden:
            self._closed_topics[message.chat.id, topic] = None
        elif message.forum_topic_reopened or message.general_forum_topic_unhidden:
            self._closed_topics.pop((message.chat.id, topic), None)

    async def report_bot_member(self, chat_id: int) -> None:
        """The bot's own membership has changed: everything is read again, by the other processes, too."""
        self._forget(chat_id)
        try:
            await self._bus.publish(MEMBERSHIP, chat_id)
        except StoreFailed as failed:  # what they believe is refused or read again within RIGHTS_TTL_S
            log.warning("other processes not notified of the bot's rights", chat=chat_id, detail=failed.detail)

    def _hear_of_bot_member(self, payload: object) -> None:
        if isinstance(payload, int):
            self._forget(payload)

    def _forget_all(self) -> None:
        """Changes may have been missed."""
        for chat_id in {*self._rights, *self._is_administrator, *self._reads}:
            self._forget(chat_id)

    def _forget(self, chat_id: int) -> None:
        self._rights.pop(chat_id, None)
        self._is_administrator.pop(chat_id, None)
        self._fresh.pop(chat_id, None)
        if chat_id in self._reads:
            self._changed.add(chat_id)
        for key in [each for each in self._closed_topics if each[0] == chat_id]:
            del self._closed_topics[key]

    # ------------------------------------------------------------ what is asked

    async def _read_rights(self, chat_id: int) -> SendRights:
        """The rights, read where that is due. Requests that come meanwhile share one reading."""
        if chat_id in self._fresh and self.known(chat_id).everything:
            return EVERYTHING
        if (reading := self._reads.get(chat_id)) is None:
            reading = self._reads[chat_id] = self._tasks.spawn(self._read(chat_id), f"telegram rights {chat_id}")
            reading.add_done_callback(lambda _: self._reads.pop(chat_id, None))
        await wait_for_future(reading, READ_WAIT_S, self._clock)
        return self.known(chat_id)

    async def _read(self, chat_id: int) -> None:
        """Reads until nothing has changed meanwhile. Where Telegram does not tell, the rights stay as they are."""
        while True:
            self._changed.discard(chat_id)
            try:
                chat, member = await asyncio.gather(
                    call_api(lambda: self._bot.get_chat(chat_id)),
                    call_api(lambda: self._bot.get_chat_member(chat_id, self._bot.id)),
                )
            except CALL_FAILURES as failed:
                log.info("rights not read", chat=chat_id, detail=str(failed))
                return
            if chat_id not in self._changed:
                self._rights[chat_id] = decode_rights(chat, member)
                self._is_administrator[chat_id] = member.status in ADMINISTRATORS
                self._fresh[chat_id] = None
                return

    async def _is_topic_closed(self, address: ChatAddress) -> bool:
        """Whether a topic that was closed still is. A chat action, which is no message, is refused there as well."""
        chat_id = address.chat
        if chat_id is None or (chat_id, address.topic) not in self._closed_topics:
            return False
        try:
            await call_api(
                lambda: self._bot.send_chat_action(chat_id, ChatAction.TYPING, message_thread_id=address.topic)
            )
        except ChatGone as gone:
            return TOPIC_CLOSED in (gone.detail or "")
        except CALL_FAILURES:
            return False
        self._closed_topics.pop((chat_id, address.topic), None)
        return False


def decode_rights(chat: telegram.ChatFullInfo, member: telegram.ChatMember) -> SendRights:
    """The rights of `member` in a group or channel. A restricted one has those that both they and everybody have."""
    match member:
        case telegram.ChatMemberOwner():
            return EVERYTHING
        case telegram.ChatMemberAdministrator():
            return NOTHING if chat.type == ChatType.CHANNEL and member.can_post_messages is False else EVERYTHING
        case telegram.ChatMemberRestricted() if member.is_member:
            restricting: list[telegram.ChatPermissions | telegram.ChatMemberRestricted] = [member]
        case telegram.ChatMemberMember() if chat.type != ChatType.CHANNEL:
            restricting = []
        case _:
            return NOTHING
    if chat.permissions is not None:
        restricting.append(chat.permissions)
    return SendRights(
        text=all(each.can_send_messages is not False for each in restricting),
        photos=all(each.can_send_photos is not False for each in restricting),
        documents=all(each.can_send_documents is not False for each in restricting),
    )
