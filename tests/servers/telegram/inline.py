"""Inline results: their validation, and the message that a chosen one becomes. No HTTP."""

from tests.servers.telegram import text as texts
from tests.servers.telegram.core import Core
from tests.servers.telegram.entities import Content, MediaKind
from tests.servers.telegram.errors import Json, bad
from tests.servers.telegram.keyboards import validate_markup

ID_LIMIT = 64  # bytes
CACHED: dict[str, tuple[str, MediaKind]] = {
    "photo": ("photo_file_id", "photo"),
    "document": ("document_file_id", "document"),
    "mpeg4_gif": ("mpeg4_file_id", "animation"),
    "gif": ("gif_file_id", "animation"),
    "video": ("video_file_id", "video"),
    "voice": ("voice_file_id", "voice"),
    "audio": ("audio_file_id", "audio"),
    "sticker": ("sticker_file_id", "sticker"),
}
ADDRESSES = ("photo_url", "document_url", "mpeg4_url", "gif_url", "video_url", "voice_url", "audio_url")


def new_id(core: Core) -> str:
    """An inline_message_id."""
    return f"AgAAA{core.world.number():06d}BQAJ8ZkAAVJ"


def check(core: Core, result: Json) -> None:
    """Raises ApiError for what answerInlineQuery refuses."""
    if not 1 <= len(str(result.get("id", "")).encode()) <= ID_LIMIT:
        raise bad("RESULT_ID_INVALID")
    if result.get("reply_markup") is not None:
        validate_markup(result["reply_markup"], None, inline_only=True)
    content(core, result)


def content(core: Core, result: Json) -> Content:
    """What the message of a result shows. Raises ApiError."""
    kind = str(result.get("type"))
    keyboard = result.get("reply_markup")
    message: Json | None = result.get("input_message_content")
    if message is not None:
        if "message_text" not in message:
            raise bad("can't parse input message content")
        text, entities = texts.parse_text(
            str(message["message_text"]), message.get("parse_mode"), message.get("entities")
        )
        texts.check_text(text)
        return Content(text=text, entities=entities, markup=keyboard, preview=message.get("link_preview_options"))
    if kind == "article":
        raise bad("article must have input_message_content")
    text, entities = texts.parse_text(
        str(result.get("caption") or ""), result.get("parse_mode"), result.get("caption_entities")
    )
    texts.check_caption(text)
    if kind not in CACHED:
        raise bad(f"can't parse inline query result: unsupported type {kind}")
    field, media_kind = CACHED[kind]
    if field in result:
        media = core.files.media(str(result[field]), media_kind)
        return Content(text=text, entities=entities, media=media, markup=keyboard)
    if any(name in result for name in ADDRESSES):
        raise bad("WEBDOCUMENT_URL_INVALID")  # this Telegram fetches nothing from the web
    raise bad("PHOTO_INVALID" if kind == "photo" else "DOCUMENT_INVALID")
