"""Interactions of Discord as JSON, with what discord.py takes for granted put in, as message_shapes.py does. Pure."""

from collections.abc import Mapping
from typing import Any, cast

from adapters.discord.message_shapes import AUTHOR_DEFAULTS, Json, MeaningUnreadable, complete_message, with_defaults

FILE_LIMIT = 10 * 1024 * 1024  # bytes of one file, where Discord does not tell
ALL_PERMISSIONS = str(1 << 3)  # those of an administrator: what is not forbidden is tried
# The fields that discord.py reads, with their types and with what stands for a value that is missing or of another
# type.
_FIELDS: Mapping[str, tuple[type, Any]] = {
    "version": (int, 1),
    "locale": (str, "en-US"),
    "attachment_size_limit": (int, FILE_LIMIT),
    "authorizing_integration_owners": (dict, {}),
    "app_permissions": (str, ALL_PERMISSIONS),
    "entitlements": (list, []),
    "channel": (dict, {}),
}
_MEMBER_DEFAULTS: Json = {"roles": [], "joined_at": None, "flags": 0, "permissions": "0"}


class UserUnknown(Exception):
    """Nobody knows who has started an interaction."""


def complete_interaction(interaction: Mapping[str, Any]) -> Json:
    """The interaction with a value of the right type in each field that discord.py reads of it, also of the messages
    within.

    Raises UserUnknown, MeaningUnreadable.
    """
    completed = dict(interaction)
    for name, (kind, default) in _FIELDS.items():
        if not isinstance(completed.get(name), kind):
            completed[name] = default
    completed |= _complete_user(completed)
    if isinstance(message := completed.get("message"), dict):
        completed["message"] = complete_message(cast("Json", message))
    if isinstance(data := completed.get("data"), dict):
        completed["data"] = _complete_resolved(cast("Json", data))
    return completed


def _complete_user(interaction: Json) -> Json:
    """`member` in a guild, `user` elsewhere."""
    member = interaction.get("member")
    if isinstance(member, dict):
        whole = with_defaults(cast("Json", member), _MEMBER_DEFAULTS)
        return {"member": {**whole, "user": with_defaults(whole.get("user"), AUTHOR_DEFAULTS)}}
    if not isinstance(interaction.get("user"), dict):
        raise UserUnknown
    return {"user": with_defaults(interaction["user"], AUTHOR_DEFAULTS)}


def _complete_resolved(data: Json) -> Json:
    """A menu's message that cannot be read stays: its user is notified when it is looked at."""
    resolved: Any = data.get("resolved")
    messages: Any = cast("Json", resolved).get("messages") if isinstance(resolved, dict) else None
    if not isinstance(messages, dict):
        return data
    completed: Json = {}
    for message_id, message in cast("Json", messages).items():
        try:
            is_message = isinstance(message, dict)
            completed[message_id] = complete_message(cast("Json", message)) if is_message else message
        except MeaningUnreadable:
            completed[message_id] = message
    return {**data, "resolved": {**cast("Json", resolved), "messages": completed}}
