"""Limits of a message: lengths, counts, sizes, components. Pure checks that raise ApiError.

From the docs: "Create Message", "Edit Message", "Uploading Files", "Component Reference".
"""

from collections.abc import Mapping

from tests.servers.discord.entities import Flag, Upload, walk
from tests.servers.discord.errors import ApiError, Json, invalid_form, too_large

CONTENT = 2000  # characters
FILES = 10
ROW, BUTTON, TEXT_DISPLAY = 1, 2, 10
LINK, PREMIUM = 5, 6  # styles of buttons without a custom_id
V2_ONLY = frozenset({9, 10, 11, 12, 13, 14, 17})


def check_message(payload: Json, files: Mapping[int, Upload], *, flags: int, file_limit: int) -> None:
    """What holds for a new message and for an edit. `flags`: those the message will have. `file_limit`: bytes
    a file."""
    content = payload.get("content") or ""
    if len(content) > CONTENT:
        raise invalid_form("content", "BASE_TYPE_MAX_LENGTH", f"Must be {CONTENT} or fewer in length.")
    if any(len(upload.data) > file_limit for upload in files.values()):
        raise too_large()
    _check_mentions(payload.get("allowed_mentions") or {})
    components: list[Json] = payload.get("components") or []
    _check_ids(components)
    if flags & Flag.COMPONENTS_V2:
        _check_v2(payload, components)
    else:
        _check_classic(components)


def check_count(attachments: int) -> None:
    if attachments > FILES:
        raise invalid_form("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {FILES} or fewer in length.")


def check_not_empty(payload: Json, files: Mapping[int, Upload]) -> None:
    if not (payload.get("content") or payload.get("embeds") or payload.get("components") or files):
        raise ApiError(400, 50006, "Cannot send an empty message")


def _check_mentions(allowed: Json) -> None:
    for kind in ("users", "roles"):
        if kind in (allowed.get("parse") or []) and allowed.get(kind):
            raise invalid_form(
                "allowed_mentions",
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )


def _check_ids(components: list[Json]) -> None:
    seen: set[str] = set()
    for node in walk(components):
        custom_id = node.get("custom_id")
        if node.get("type") == BUTTON and node.get("style") not in (LINK, PREMIUM) and not custom_id:
            raise invalid_form("components", "BASE_TYPE_REQUIRED", "A custom id is required")
        if custom_id is None:
            continue
        if not 1 <= len(custom_id) <= 100:
            raise invalid_form("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        if custom_id in seen:
            raise invalid_form(
                "components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
            )
        seen.add(custom_id)


def _check_classic(components: list[Json]) -> None:
    if len(components) > 5:
        raise invalid_form("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    for row in components:
        if row.get("type") != ROW or any(node.get("type") in V2_ONLY for node in walk([row])):
            raise invalid_form("components", "UNION_TYPE_CHOICES", "Value of field type must be one of (1,).")
        buttons: list[Json] = row.get("components") or []
        if not 1 <= len(buttons) <= 5:
            raise invalid_form("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
        for button in buttons:
            if button.get("type") == BUTTON and not (button.get("label") or button.get("emoji")):
                raise invalid_form("components", "BUTTON_COMPONENT_INVALID", "A button needs a label or emoji")


def _check_v2(payload: Json, components: list[Json]) -> None:
    for name in ("content", "embeds", "poll", "sticker_ids"):
        if payload.get(name):
            raise invalid_form(
                name,
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
            )
    nodes = list(walk(components))
    if len(nodes) > 40:
        raise invalid_form("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "The maximum is 40.")
    if sum(len(node.get("content") or "") for node in nodes if node.get("type") == TEXT_DISPLAY) > 4000:
        raise invalid_form("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", "The maximum is 4000.")
