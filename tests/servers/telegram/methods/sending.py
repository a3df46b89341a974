"""Shared by all send methods: captions, files, and the message that is posted."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.servers.telegram import text as texts
from tests.servers.telegram.entities import Content, Media, MediaKind, Message, Upload
from tests.servers.telegram.errors import Json, bad
from tests.servers.telegram.methods.call import Call
from tests.servers.telegram.methods.targets import SendTarget

RIGHTS: dict[MediaKind, str] = {
    "photo": "photos",
    "document": "documents",
    "animation": "animations",
    "video": "videos",
    "voice": "voice notes",
    "audio": "audios",
    "sticker": "stickers",
}
ATTACHED = "attach://"
EFFECTS_ONLY_PRIVATE = "message effects can be used only in private chats"


def caption(given: Json) -> tuple[str, tuple[Json, ...]]:
    """Of a call's parameters or an InputMedia."""
    text, entities = texts.parse_text(
        str(given.get("caption") or ""), given.get("parse_mode"), given.get("caption_entities")
    )
    texts.check_caption(text)
    return text, entities


def media(call: Call, kind: MediaKind, name: str, given: Json | None = None) -> Media:
    """The file of a parameter, or of an InputMedia: uploaded, or sent before. Raises ApiError."""
    fields = call.params if given is None else given
    value = fields.get(name)
    upload = call.files.get(name) if given is None else None
    if isinstance(value, str) and value.startswith(ATTACHED):
        upload = call.files.get(value.removeprefix(ATTACHED))
        if upload is None:
            raise bad("can't parse InputMedia: media not found" if given else f"there is no {kind} in the request")
    if upload is None and call.core.switches.local and isinstance(value, str) and value.startswith("file://"):
        upload = _on_disk(value)
    if upload is not None:
        return _stored_upload(call, kind, upload, fields)
    if not value:
        raise bad("can't parse InputMedia: media not found" if given else f"there is no {kind} in the request")
    if "." in str(value):
        raise bad("failed to get HTTP URL content")  # this Telegram fetches nothing from the web
    return call.core.files.media(str(value), kind)


def _stored_upload(call: Call, kind: MediaKind, upload: Upload, fields: Json) -> Media:
    if kind == "photo":
        return call.core.files.photo(upload.content)
    return call.core.files.file(
        kind,
        replace(upload, content_type=None),  # Telegram goes by the name, not by what the sender says
        width=_number(fields, "width"),
        height=_number(fields, "height"),
        duration=_number(fields, "duration"),
        thumbnail=_thumbnail(call, fields),
    )


def _thumbnail(call: Call, fields: Json) -> bytes | None:
    value = str(fields.get("thumbnail") or "")
    upload = call.files.get(value.removeprefix(ATTACHED)) if value.startswith(ATTACHED) else call.files.get("thumbnail")
    return None if upload is None else upload.content


def _number(fields: Json, name: str) -> int:
    value = fields.get(name)
    return value if isinstance(value, int) else 0


def _on_disk(address: str) -> Upload:
    path = Path(unquote(urlsplit(address).path))
    if not path.is_file():
        raise bad("invalid file HTTP URL specified: Unsupported URL protocol")
    data = path.read_bytes()
    return Upload(filename=path.name, data=data, size=len(data))


def post(call: Call, place: SendTarget, content: Content, *, media_group_id: str | None = None) -> Message:
    """The message enters the chat; the flood windows were charged before."""
    if call.string("message_effect_id") and place.chat.kind != "private":
        raise bad(EFFECTS_ONLY_PRIVATE)
    return call.core.world.post(
        place.chat,
        None if place.chat.kind == "channel" else call.core.bot,
        content,
        topic=place.topic,
        reply_to=place.reply_to,
        external=place.external,
        quote=place.quote,
        media_group_id=media_group_id,
        silent=call.flag("disable_notification"),
        protected=call.flag("protect_content"),
        effect_id=call.string("message_effect_id"),
    )
