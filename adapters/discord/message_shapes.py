"""Messages of Discord as JSON: what discord.py takes for granted is put in, and what it cannot read is left out. Pure.

Nothing that may be words or a picture is left out in silence: such a message is not readable. discord.py checks nothing
of what it parses, and one odd field of no use would hide a whole request.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

Json = dict[str, Any]  # Any: JSON of the gateway or of REST
IsReadable = Callable[[Json], bool]

_ABSENT: Any = object()
# The fields that discord.py reads of a message without a look, with their types and with what stands for a value that
# is missing or of another type; _ABSENT: nothing does.
_FIELDS: Mapping[str, tuple[type, Any]] = {
    "type": (int, 0),
    "content": (str, ""),
    "flags": (int, 0),
    "attachments": (list, []),
    "embeds": (list, []),
    "mentions": (list, []),
    "mention_roles": (list, []),
    "components": (list, []),
    "edited_timestamp": (str, None),
    "timestamp": (str, None),
    "guild_id": (str, _ABSENT),
    "webhook_id": (str, _ABSENT),
    "member": (dict, _ABSENT),
    "message_reference": (dict, _ABSENT),
    "message_snapshots": (list, _ABSENT),
    "sticker_items": (list, _ABSENT),
    "thread": (dict, _ABSENT),
}
_DEFAULTS: Json = {name: default for name, (_, default) in _FIELDS.items() if default is not _ABSENT}
AUTHOR_DEFAULTS: Json = {"username": "", "discriminator": "0", "avatar": None}
_ATTACHMENT_DEFAULTS: Json = {"filename": "", "size": 0, "proxy_url": ""}
PNG_STICKER, STICKER_FORMATS = 1, (1, 2, 3, 4)  # PNG, APNG, Lottie, GIF
_IDENTITY = ("id", "channel_id", "guild_id", "webhook_id", "author", "type")
_MEANING = frozenset({"content", "attachments", "sticker_items", "message_snapshots", "components"})
_EMBED_FIELDS = ("type", "url", "image", "thumbnail", "video")  # what Easel looks at


class MeaningUnreadable(Exception):
    """Words or pictures of a message cannot be read; the argument names the field."""


def is_partial_update(update: Mapping[str, Any]) -> bool:
    """Whether a MESSAGE_UPDATE brings only what has changed, and nothing that its author has written."""
    return "id" in update and ("content" not in update or not isinstance(update.get("author"), Mapping))


def complete_message(message: Mapping[str, Any]) -> Json:
    """The message with a value of the right type in each field that discord.py reads of it.

    Raises MeaningUnreadable.
    """
    completed = dict(message)
    for name, (kind, default) in _FIELDS.items():
        value = completed.get(name)
        if isinstance(value, kind) and not isinstance(value, bool):
            continue
        if value is not None and name in _MEANING:
            raise MeaningUnreadable(name)
        completed[name] = default
        if default is _ABSENT:
            del completed[name]
    for name, complete in _NESTED.items():
        if completed.get(name) is not None:
            completed[name] = complete(completed[name])
            if completed[name] is _ABSENT:
                del completed[name]
    if isinstance(replied := completed.get("referenced_message"), dict):
        place = {"channel_id": completed.get("channel_id"), "message_id": cast("Json", replied).get("id")}
        completed["message_reference"] = with_defaults(completed.get("message_reference", {}), place)
    return completed


def salvage_message(message: Json, is_readable: IsReadable) -> Json:
    """A completed message with those of its fields, and of the items in its lists, that can be read one by one.

    Raises MeaningUnreadable where words or pictures cannot.
    """
    kept = _DEFAULTS | {name: message[name] for name in _IDENTITY if name in message}
    if not is_readable(kept):
        raise MeaningUnreadable("author")
    for name, value in message.items():
        if name in _IDENTITY:
            continue
        if name == "referenced_message" and value is not None:
            kept[name] = salvage_message(value, is_readable)
        elif is_readable({**kept, name: value}):
            kept[name] = value
        elif name == "embeds":
            embeds = [_reduce_embed(each) for each in cast("list[Any]", value)]
            kept[name] = [each for each in embeds if is_readable({**kept, name: [each]})]
        elif name in _MEANING:
            raise MeaningUnreadable(name)
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            kept[name] = [each for each in items if is_readable({**kept, name: [each]})]
    return kept


def _reduce_embed(embed: Any) -> Any:
    if not isinstance(embed, dict):
        return embed
    fields = cast("Json", embed)
    return {name: fields[name] for name in _EMBED_FIELDS if isinstance(fields.get(name), str | dict)}


def with_defaults(body: Any, defaults: Json) -> Any:
    """`body` with a value in place of each that is missing or null; anything but an object as it is."""
    if not isinstance(body, dict):
        return body
    given = cast("Json", body)
    return defaults | {name: value for name, value in given.items() if value is not None}


def _complete_author(author: Any) -> Any:
    return with_defaults(author, AUTHOR_DEFAULTS)


def _complete_attachments(attachments: list[Any]) -> list[Any]:
    return [with_defaults(each, _ATTACHMENT_DEFAULTS) for each in attachments]


def _complete_stickers(stickers: list[Any]) -> list[Any]:
    """discord.py knows no file of a format that came after it; Discord has a PNG of most stickers."""
    return [
        {**cast("Json", each), "format_type": PNG_STICKER}
        if isinstance(each, dict) and cast("Json", each).get("format_type") not in STICKER_FORMATS
        else each
        for each in stickers
    ]


def _complete_snapshots(snapshots: list[Any]) -> list[Json]:
    """Raises MeaningUnreadable."""
    return [{"message": _complete_forwarded(each)} for each in snapshots]


def _complete_forwarded(snapshot: Any) -> Json:
    message = cast("Json", snapshot).get("message") if isinstance(snapshot, dict) else None
    if not isinstance(message, dict):
        raise MeaningUnreadable("message_snapshots")
    return complete_message(cast("Json", message))


def _complete_replied(message: Any) -> Any:
    """_ABSENT for what is no message: it is read by a call then. Raises MeaningUnreadable."""
    return complete_message(cast("Json", message)) if isinstance(message, dict) else _ABSENT


_NESTED: Mapping[str, Callable[[Any], Any]] = {
    "author": _complete_author,
    "attachments": _complete_attachments,
    "sticker_items": _complete_stickers,
    "message_snapshots": _complete_snapshots,
    "referenced_message": _complete_replied,
}
