"""The server's state: creates and finds the entities of entities.py. No HTTP, no JSON."""

import itertools
from collections.abc import Callable
from datetime import datetime
from typing import TypedDict, Unpack

from tests.servers.telegram.entities import Chat, Content, Message, Status, Topic, User

SUPERGROUPS = -1_000_000_000_000  # where the ids of supergroups and channels begin, downwards


class Fields(TypedDict, total=False):
    """What a message may have beside its place, sender and content."""

    topic: Topic | None
    reply_to: Message | None
    external: Message | None
    quote: str | None
    media_group_id: str | None
    via_bot: User | None
    inline_id: str | None
    silent: bool
    protected: bool
    effect_id: str | None
    payload: str | None
    guest_query_id: str | None
    guest_caller: User | None
    forwarded: Message | None
    sender_chat: Chat | None


class World:
    """`now`: the wall clock of dates."""

    def __init__(self, now: Callable[[], datetime], bot: User) -> None:
        self.now = now
        self.bot = bot
        self.users: dict[int, User] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.inline: dict[str, Message] = {}
        self._numbers = itertools.count(1)
        self._users = itertools.count(5_000_001)
        self._shared = itertools.count(101)  # private chats and small groups count messages together
        self._own: dict[int, itertools.count[int]] = {}

    def number(self) -> int:
        """A number that was never given out."""
        return next(self._numbers)

    def add_user(self, name: str, username: str | None, language_code: str | None, *, bot: bool) -> User:
        user = User(id=next(self._users), name=name, username=username, language_code=language_code, bot=bot)
        self.users[user.id] = user
        return user

    def private(self, user: User) -> Chat:
        """The conversation of the bot with a user; always the same one."""
        if user.id not in self.chats:
            self.chats[user.id] = Chat(id=user.id, kind="private", user=user, username=user.username)
        return self.chats[user.id]

    def enter(self, chat: Chat) -> Chat:
        self.chats[chat.id] = chat
        return chat

    def chat_id(self, *, large: bool) -> int:
        return SUPERGROUPS - 1_000_000_000 - self.number() if large else -4_000_000 - self.number()

    def find(self, key: int | str) -> Chat | None:
        """A chat by its id, or by "@username"."""
        if isinstance(key, int):
            user = self.users.get(key)
            return self.private(user) if user is not None and key not in self.chats else self.chats.get(key)
        name = key.removeprefix("@").lower()
        found = (chat for chat in self.chats.values() if (chat.username or "").lower() == name)
        return next((chat for chat in found if chat.kind != "private"), None)

    def message_id(self, chat: Chat) -> int:
        if chat.kind in ("private", "group"):
            return next(self._shared)
        return next(self._own.setdefault(chat.id, itertools.count(2)))

    def post(self, chat: Chat, sender: User | None, content: Content, **more: Unpack[Fields]) -> Message:
        """A message enters a chat."""
        message = Message(
            id=self.message_id(chat), chat=chat, sender=sender, date=self.now(), history=[content], **more
        )
        chat.messages[message.id] = message
        if message.inline_id is not None:
            self.inline[message.inline_id] = message
        if sender is not None and sender.bot:
            chat.last_bot = sender
        elif sender is not None and chat.kind == "private":
            chat.opened = True
        return message

    def status(self, chat: Chat, user: User) -> Status:
        return chat.bot_status if user is self.bot else chat.members.get(user.id, "left")
