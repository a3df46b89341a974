"""The bot's own account: getMe, logOut, its commands, descriptions and menu button."""

import json
import re
from typing import cast

from tests.servers.telegram import encode
from tests.servers.telegram.errors import Json, bad, too_many
from tests.servers.telegram.menus import scope_key
from tests.servers.telegram.methods.call import Call, Handler

COMMAND = re.compile(r"[a-z0-9_]{1,32}")
MOST_COMMANDS = 100
WORDS = {"Name": ("name", 64), "Description": ("description", 512), "ShortDescription": ("short_description", 120)}


def get_me(call: Call) -> Json:
    switches = call.core.switches
    return encode.user(call.core.bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": switches.can_read_all_group_messages,
        "supports_inline_queries": switches.supports_inline_queries,
        "supports_guest_queries": switches.supports_guest_queries,
        "can_connect_to_business": switches.can_connect_to_business,
        "has_main_web_app": switches.has_main_web_app,
        "has_topics_enabled": switches.has_topics_enabled,
        "allows_users_to_create_topics": switches.has_topics_enabled,
    }


def log_out(call: Call) -> bool:
    """From the cloud, to move to a server of one's own: nothing works here any more."""
    call.core.logged_out = not call.core.switches.local
    return True


def close(call: Call) -> bool:
    """Refused in the first ten minutes of the server's life, as documented."""
    left = call.core.opened + 600 - call.core.time()
    if left > 0:
        raise too_many(int(left) or 1)
    return True


def _key(call: Call) -> tuple[str, str]:
    language = call.string("language_code") or ""
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad("invalid language_code specified")
    return scope_key(call.object("scope")), language


def set_commands(call: Call) -> bool:
    commands = [cast("Json", one) for one in call.array("commands") or []]
    if len(commands) > MOST_COMMANDS:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for one in commands:
        if not COMMAND.fullmatch(str(one.get("command", "")).removeprefix("/")):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(one.get("description", ""))) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    _check_scope(call)
    call.core.command_lists[_key(call)] = commands
    return True


def _check_scope(call: Call) -> None:
    """A chat that the bot never met is none to it."""
    scope = call.object("scope") or {}
    if "chat_id" in scope:
        chat = call.core.world.find(scope["chat_id"])
        if chat is None or (chat.kind == "private" and not chat.opened):
            raise bad("chat not found")


def get_commands(call: Call) -> list[Json]:
    return call.core.command_lists.get(_key(call), [])


def delete_commands(call: Call) -> bool:
    call.core.command_lists.pop(_key(call), None)
    return True


def _sets(field: str, most: int) -> Handler:
    def put(call: Call) -> bool:
        words = call.string(field) or ""
        if len(words) > most:
            raise bad(f"{field.replace('_', ' ')} is too long")
        call.core.settings[field, call.string("language_code") or ""] = words
        return True

    return put


def _gets(field: str) -> Handler:
    def get(call: Call) -> Json:
        settings = call.core.settings
        language = call.string("language_code") or ""
        usual = call.core.bot.name if field == "name" else ""
        return {field: settings.get((field, language)) or settings.get((field, "")) or usual}

    return get


def set_menu_button(call: Call) -> bool:
    button = call.object("menu_button") or {"type": "default"}
    call.core.settings["menu_button", str(call.params.get("chat_id", ""))] = json.dumps(button)
    return True


def get_menu_button(call: Call) -> Json:
    stored = call.core.settings.get(("menu_button", str(call.params.get("chat_id", ""))))
    return {"type": "default"} if stored is None else json.loads(stored)


METHODS: dict[str, Handler] = {
    "getMe": get_me,
    "logOut": log_out,
    "close": close,
    "setMyCommands": set_commands,
    "getMyCommands": get_commands,
    "deleteMyCommands": delete_commands,
    "setChatMenuButton": set_menu_button,
    "getChatMenuButton": get_menu_button,
    **{f"setMy{name}": _sets(field, most) for name, (field, most) in WORDS.items()},
    **{f"getMy{name}": _gets(field) for name, (field, _) in WORDS.items()},
}
