"""Who administers a chat: asked of Telegram for presses of buttons, and remembered for a minute.

Nobody is an administrator because a lookup failed: the failure is raised.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog
import telegram
from cachetools import LRUCache

from adapters.telegram import ids
from adapters.telegram.api import call_api
from adapters.telegram.errors import CallRejected, GroupMigrated, OutcomeUnknown
from bot.chat import Chat, User
from bot.errors import ChatFailed, ChatGone, ChatUnreachable
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock

log = structlog.get_logger()

TTL_S = 60.0  # that a list of administrators is good for
FRESH_S = 5.0  # for which nothing is asked again: not for somebody who is not in the list, nor after a failure
MAX_CHATS = 1000  # remembered; the least recently asked about is dropped first


@dataclass(frozen=True, slots=True)
class _Lookup:
    """What a lookup brought."""

    at: float
    """When it was made, the clock's monotonic seconds."""
    users: frozenset[str] = frozenset()
    """Ids of the administrators; none where the bot is not in the chat."""
    moderators: frozenset[str] = frozenset()
    """Those of them who may delete others' messages."""
    failure: ChatFailed | None = None
    """Why Telegram did not tell."""


class ChatAdministrators:
    """`current_chat`: the chat with the id that it has now."""

    def __init__(self, bot: telegram.Bot, clock: Clock, current_chat: Callable[[Chat], Chat]) -> None:
        self._bot = bot
        self._clock = clock
        self._current_chat = current_chat
        self._known: LRUCache[int, _Lookup] = LRUCache(MAX_CHATS)
        self._running: dict[int, asyncio.Task[_Lookup]] = {}  # lookups, by chat: one for a crowd of presses
        self._lookups = BackgroundTasks()

    async def is_administrator(self, chat: Chat, user: User) -> bool:
        """As `bot.ports.ChatRoles.is_administrator`."""
        return user.id in (await self._find(chat, user)).users

    async def is_moderator(self, chat: Chat, user: User) -> bool:
        """As `bot.ports.ChatRoles.is_moderator`."""
        return user.id in (await self._find(chat, user)).moderators

    async def _find(self, chat: Chat, user: User) -> _Lookup:
        """Who administers a chat, good enough to tell about a user. Raises ChatFailed."""
        if ids.is_inline(chat) or chat.kind != "group":
            return _Lookup(at=self._clock.monotonic())
        chat_id = int(self._current_chat(chat).id)
        found = self._known.get(chat_id)
        age = TTL_S if found is None else self._clock.monotonic() - found.at
        if found is None or age >= TTL_S or (age >= FRESH_S and user.id not in found.users):
            found = await self._look_up_once(chat_id)
        if found.failure is not None:
            raise ChatFailed(detail=found.failure.detail)
        return found

    async def close(self) -> None:
        """Ends lookups under way."""
        await self._lookups.cancel()

    async def _look_up_once(self, chat_id: int) -> _Lookup:
        if (task := self._running.get(chat_id)) is None:
            task = self._running[chat_id] = self._lookups.spawn(self._look_up(chat_id), f"telegram admins {chat_id}")
            task.add_done_callback(lambda _: self._running.pop(chat_id))
        return await asyncio.shield(task)

    async def _look_up(self, chat_id: int) -> _Lookup:
        try:
            members = await call_api(lambda: self._bot.get_chat_administrators(chat_id))
            users, failure = frozenset(str(each.user.id) for each in members), None
            moderators = frozenset(str(each.user.id) for each in members if _may_delete(each))
        except ChatGone:  # the bot is not in it: nobody is known to be one
            users, moderators, failure = frozenset[str](), frozenset[str](), None
        except (ChatFailed, CallRejected, GroupMigrated, OutcomeUnknown) as failed:
            log.warning("administrators not looked up", chat=chat_id, detail=str(failed))
            users, moderators, failure = frozenset[str](), frozenset[str](), ChatUnreachable(detail=str(failed))
        found = self._known[chat_id] = _Lookup(self._clock.monotonic(), users, moderators, failure)
        return found


def _may_delete(member: telegram.ChatMember) -> bool:
    """Whether an administrator may delete what others have written: the creator may."""
    return isinstance(member, telegram.ChatMemberOwner) or (
        isinstance(member, telegram.ChatMemberAdministrator) and member.can_delete_messages
    )
