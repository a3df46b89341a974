"""The fixed users and chats of the playground, and the core's values for them. Pure."""

from dataclasses import dataclass
from typing import Literal

from bot.chat import Chat, User

PLATFORM = "playground"
BOT_ID = "easel"
GROUP_ID = "studio"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageUser:
    """Someone the person at the page can act as."""

    id: str
    name: str
    color: str
    """CSS colour, dark enough for white letters (contrast 4.5 to 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageChat:
    """A chat of the page."""

    id: str
    kind: Literal["group", "direct"]
    user_id: str | None = None
    """Whose private chat with the bot it is; None for a group."""


USERS = (
    PageUser(id="amber", name="Amber", color="#955300"),
    PageUser(id="jade", name="Jade", color="#00704a"),
    PageUser(id="violet", name="Violet", color="#6b46c1"),
)
CHATS = (
    PageChat(id=GROUP_ID, kind="group"),
    *(PageChat(id=f"direct-{user.id}", kind="direct", user_id=user.id) for user in USERS),
)
_NAMES = {user.id: user.name for user in USERS} | {BOT_ID: "Easel"}
_CHATS = {chat.id: chat for chat in CHATS}


def find_user(user_id: str) -> PageUser:
    """The user with this id; the first one for an unknown id."""
    return next((user for user in USERS if user.id == user_id), USERS[0])


def find_chat(chat_id: str) -> PageChat | None:
    """The chat with this id; None: there is none."""
    return _CHATS.get(chat_id)


def may_write(user_id: str, chat_id: str) -> bool:
    """Whether the chat exists and the user is in it."""
    chat = find_chat(chat_id)
    return chat is not None and chat.user_id in (None, user_id)


def users_in(chat_id: str) -> tuple[str, ...]:
    """Ids of the users who can write in a chat; none for an unknown one."""
    return tuple(user.id for user in USERS if may_write(user.id, chat_id))


def core_user(user_id: str, locale: str | None = None) -> User:
    """The core's value for a user or the bot."""
    return User(platform=PLATFORM, id=user_id, name=_NAMES[user_id], locale=locale)


def core_chat(chat_id: str) -> Chat:
    """The core's value for an existing chat."""
    return Chat(platform=PLATFORM, id=chat_id, kind=_CHATS[chat_id].kind)
