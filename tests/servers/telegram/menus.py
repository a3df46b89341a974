"""Which commands a user sees in a chat: scopes and languages, by the order of Telegram's documents
("Determining list of commands"). Pure."""

import json
from collections.abc import Iterator, Mapping

from tests.servers.telegram.entities import Chat, Status, User
from tests.servers.telegram.errors import Json, bad

SCOPES: dict[str, tuple[str, ...]] = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}
PRIVATE = ("chat", "all_private_chats", "default")
MEMBER = ("chat_member", "chat", "all_group_chats", "default")
ADMINISTRATOR = (
    "chat_member",
    "chat_administrators",
    "chat",
    "all_chat_administrators",
    "all_group_chats",
    "default",
)
Lists = Mapping[tuple[str, str], list[Json]]


def scope_key(scope: Json | None) -> str:
    """One text for one scope. Raises ApiError."""
    given = {"type": "default"} if scope is None else scope
    needs = SCOPES.get(str(given.get("type")))
    if needs is None:
        raise bad("can't parse BotCommandScope: Unsupported type specified")
    if any(name not in given for name in needs):
        raise bad("can't parse BotCommandScope: chat not found")
    return json.dumps({name: given[name] for name in ("type", *needs)})


def menu(lists: Lists, user: User, chat: Chat, status: Status) -> list[tuple[str, str]]:
    """(command, description) of the first list that fits; a list in the user's language goes first."""
    for scope in _scopes(user, chat, status):
        for language in (user.language_code or "", ""):
            if found := lists.get((scope_key(scope), language[:2])):
                return [(str(one["command"]), str(one["description"])) for one in found]
    return []


def _scopes(user: User, chat: Chat, status: Status) -> Iterator[Json]:
    administers = status in ("creator", "administrator")
    order = PRIVATE if chat.kind == "private" else ADMINISTRATOR if administers else MEMBER
    for name in order:
        fields = {"chat_id": chat.id, "user_id": user.id}
        yield {"type": name} | {field: fields[field] for field in SCOPES[name]}
