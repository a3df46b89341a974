"""Validation of `reply_markup`. Knows no message; raises Telegram's errors."""

from typing import Any, cast

from tests.servers.telegram.entities import Chat
from tests.servers.telegram.errors import Json, bad
from tests.servers.telegram.word_lists import words

MAX_CALLBACK_DATA_BYTES = 64  # bytes of callback_data
MAX_PLACEHOLDER_CHARS = 64  # characters of input_field_placeholder
MAX_BUTTONS = 100  # buttons of a keyboard
STYLES = (None, "danger", "success", "primary")
ACTIONS = frozenset(
    words(
        "url callback_data web_app login_url switch_inline_query switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat copy_text callback_game pay",
    )
)
OTHER = ("keyboard", "remove_keyboard", "force_reply")
BUTTON = "can't parse inline keyboard button"


def validate_markup(given: Json, chat: Chat | None, *, inline_only: bool = False) -> Json | None:
    """The keyboard as it is kept; None for an empty inline keyboard. Raises ApiError."""
    if "inline_keyboard" not in given:
        if inline_only:
            raise bad("inline keyboard expected")
        _check_other(given, chat)
        return given
    rows = given["inline_keyboard"]
    if not isinstance(rows, list):
        raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    buttons: list[Any] = []
    for row in cast("list[Any]", rows):
        if not isinstance(row, list):
            raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
        buttons += row
    for button in buttons:
        _check(button, chat)
    if len(buttons) > MAX_BUTTONS:
        raise bad("reply markup is too long")
    return {"inline_keyboard": [row for row in cast("list[Any]", rows) if row]} if buttons else None


def _check_other(given: Json, chat: Chat | None) -> None:
    """A reply keyboard, or a forced reply."""
    if not any(name in given for name in OTHER):
        raise bad("can't parse reply keyboard markup JSON object")
    if chat is not None and chat.kind == "channel":
        raise bad("inline keyboard expected")
    if len(str(given.get("input_field_placeholder", ""))) > MAX_PLACEHOLDER_CHARS:
        raise bad("input field placeholder is too long")


def _check(button: Any, chat: Chat | None) -> None:
    if not isinstance(button, dict):
        raise bad(f"{BUTTON}: InlineKeyboardButton must be an Object")
    one = cast("Json", button)
    if not one.get("text"):
        raise bad(f'{BUTTON}: Field "text" must be of type String')
    if one.get("style") not in STYLES:
        raise bad(f"{BUTTON}: invalid button style specified")
    actions = [name for name in ACTIONS if name in one]
    if not actions:
        raise bad(f"{BUTTON}: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad(f"{BUTTON}: exactly one action must be specified")
    if "callback_data" in one and not 1 <= len(str(one["callback_data"]).encode()) <= MAX_CALLBACK_DATA_BYTES:
        raise bad("BUTTON_DATA_INVALID")
    if "url" in one and not str(one["url"]).startswith(("http://", "https://", "tg://")):
        raise bad(f"inline keyboard button URL '{one['url']}' is invalid: Wrong HTTP URL")
    if "web_app" in one:
        _check_web_app(cast("Json", one["web_app"]), chat)


def _check_web_app(app: Json, chat: Chat | None) -> None:
    address = str(app.get("url", ""))
    if not address.startswith("https://"):
        raise bad(f"inline keyboard button Web App URL '{address}' is invalid: Only HTTPS links are allowed")
    if chat is None or chat.kind != "private":
        raise bad("BUTTON_TYPE_INVALID")
