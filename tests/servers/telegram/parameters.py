"""The parameters of a call, parsed from query, form, multipart or JSON into typed values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import BodyPartReader, web

from tests.servers.telegram.entities import Upload
from tests.servers.telegram.errors import ApiError, Json, bad
from tests.servers.telegram.word_lists import words

INTEGERS = frozenset(
    words(
        "actor_chat_id cache_time direct_messages_topic_id duration height icon_color limit max_connections",
        "max_tip_amount message_id message_thread_id offset photo_height photo_size photo_width start_timestamp",
        "subscription_period timeout until_date user_id video_start_timestamp width",
    )
)
BOOLEANS = frozenset(
    words(
        "allow_paid_broadcast disable_content_type_detection disable_notification drop_pending_updates for_channels",
        "has_spoiler is_big is_flexible is_personal need_email need_name need_phone_number need_shipping_address ok",
        "protect_content revoke_messages send_email_to_provider send_phone_number_to_provider show_alert",
        "show_caption_above_media supports_streaming",
    )
)
JSONS: Mapping[str, str] = {
    "allowed_updates": "allowed updates",
    "button": "inline query results button",
    "caption_entities": "caption entities",
    "commands": "bot commands",
    "entities": "message entities",
    "link_preview_options": "link preview options",
    "media": "InputMedia",
    "menu_button": "menu button",
    "message_ids": "message identifiers",
    "prices": "labeled price",
    "reaction": "reaction types",
    "reply_markup": "reply keyboard markup",
    "reply_parameters": "reply parameters",
    "result": "inline query result",
    "results": "inline query results",
    "rights": "administrator rights",
    "scope": "BotCommandScope",
    "suggested_post_parameters": "suggested post parameters",
    "suggested_tip_amounts": "suggested tip amounts",
}
CHATS = frozenset({"chat_id", "from_chat_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParameters:
    """`params`: decoded, but files. `files`: by the name of their part. `fault`: why a parameter cannot be read."""

    params: Json = field(default_factory=dict[str, Any])
    files: dict[str, Upload] = field(default_factory=dict[str, Upload])
    fault: ApiError | None = None


async def parse_request(request: web.Request) -> CallParameters:
    raw: Json = dict(request.query)
    files: dict[str, Upload] = {}
    if request.content_type.startswith("multipart/"):
        fields, files = await _multipart(request)
        raw |= fields
    elif request.content_type == "application/json" and request.can_read_body:
        try:
            raw |= cast("Json", await request.json())
        except (ValueError, TypeError):
            return CallParameters(params=raw, fault=bad("can't parse JSON object"))
    elif request.method == "POST":
        raw |= dict(await request.post())
    params: Json = {}
    fault: ApiError | None = None
    for name, value in raw.items():
        try:
            params[name] = _decode_value(name, value)
        except ApiError as error:
            params[name] = value
            fault = fault or error
    return CallParameters(params=params, files=files, fault=fault)


async def _multipart(request: web.Request) -> tuple[Json, dict[str, Upload]]:
    fields: Json = {}
    files: dict[str, Upload] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader), "a nested multipart"
        name = part.name or ""
        if part.filename is None:
            fields[name] = await part.text()
            continue
        data = bytes(await part.read())
        kind = part.headers.get("Content-Type")
        files[name] = Upload(filename=part.filename, data=data, size=len(data), content_type=kind)
    return fields, files


def _decode_value(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name in INTEGERS:
        return _integer(name, value)
    if name in CHATS:
        return int(value) if value.lstrip("-").isdecimal() else value
    if name in BOOLEANS:
        return value.lower() in ("true", "1", "yes")
    if name in JSONS:
        try:
            return json.loads(value)
        except ValueError:
            raise bad(f"can't parse {JSONS[name]} JSON object") from None
    return value


def _integer(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise bad(f"invalid {name} specified") from None
