"""The commands in Telegram's menus, for each scope and language; told to Telegram only where they have changed.

What the commands do is the core's.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog
import telegram
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
)

from adapters.telegram.api import call_api
from adapters.telegram.errors import CallRejected, GroupMigrated
from adapters.telegram.ids import PLATFORM
from bot.errors import ChatFailed, ChatGone, StoreFailed
from bot.ports import AdapterStorage
from bot.texts import LOCALES, say

log = structlog.get_logger()

PRIVATE_COMMANDS = ("imagine", "edit", "quota", "history", "cancel", "help", "privacy", "forget", "start")
GROUP_COMMANDS = ("imagine", "edit", "quota", "history", "cancel", "help", "privacy")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandMenu:
    """What one scope offers in one language; `language` empty: to all who speak none of ours."""

    scope: BotCommandScope
    language: str
    names: tuple[str, ...]

    @property
    def commands(self) -> list[BotCommand]:
        return [BotCommand(name, say(self.language or "en", f"hint-{name}")) for name in self.names]


def command_menus(admins: Sequence[str], *, payments: bool) -> Iterator[CommandMenu]:
    """Private chats, groups, and the private chats of this platform's admins."""
    private = (*PRIVATE_COMMANDS, "buy") if payments else PRIVATE_COMMANDS
    scopes: list[tuple[BotCommandScope, tuple[str, ...]]] = [
        (BotCommandScopeDefault(), private),
        (BotCommandScopeAllGroupChats(), GROUP_COMMANDS),
    ]
    for admin in admins:
        platform, _, identity = admin.partition(":")
        if platform == PLATFORM and identity.isdecimal():
            scopes.append((BotCommandScopeChat(int(identity)), (*private, "admin")))
    for scope, names in scopes:
        for language in ("", *(each for each in LOCALES if each != "en")):
            yield CommandMenu(scope=scope, language=language, names=names)


async def sync_command_menus(
    bot: telegram.Bot, memory: AdapterStorage, admins: Sequence[str], *, payments: bool
) -> int:
    """Writes the menus that differ from what Telegram was last told, and takes away those of before that are no more
    wanted (a former admin's); returns how many.

    Raises ChatFailed, Unclear when Telegram is away; what was written by then is remembered.
    """
    key = f"{PLATFORM}:commands:{bot.id}"
    known = await _load_digests(memory, key)
    told = dict(known)
    wanted = {_menu_key(menu): menu for menu in command_menus(admins, payments=payments)}
    written = 0
    try:
        for name, menu in wanted.items():
            mark = _menu_digest(menu)
            if told.get(name) != mark and await _set_menu(bot, menu):
                told[name] = mark
                written += 1
        for name in [each for each in told if each not in wanted]:
            await _delete_menu(bot, name)
            del told[name]
            written += 1
    finally:
        if told != known:
            await _save_digests(memory, key, told)
    return written


async def _set_menu(bot: telegram.Bot, menu: CommandMenu) -> bool:
    """False: an admin who never wrote to the bot has no menu yet."""
    try:
        await call_api(
            lambda: bot.set_my_commands(menu.commands, scope=menu.scope, language_code=menu.language or None)
        )
    except (CallRejected, GroupMigrated, ChatGone) as failed:
        if not isinstance(menu.scope, BotCommandScopeChat):
            raise ChatFailed(detail=str(failed)) from failed
        log.info("admin has no chat with the bot yet", detail=str(failed))
        return False
    return True


async def _delete_menu(bot: telegram.Bot, name: str) -> None:
    scope, language = json.loads(name)
    try:
        await call_api(
            lambda: bot.delete_my_commands(
                scope=BotCommandScope.de_json(dict(scope), bot), language_code=language or None
            )
        )
    except (CallRejected, GroupMigrated, ChatGone) as failed:
        log.info("menu is gone already", detail=str(failed))


def _menu_key(menu: CommandMenu) -> str:
    return json.dumps([menu.scope.to_dict(), menu.language], sort_keys=True)


def _menu_digest(menu: CommandMenu) -> str:
    listed = [each.to_dict() for each in menu.commands]
    return hashlib.sha256(json.dumps(listed, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


async def _load_digests(memory: AdapterStorage, key: str) -> dict[str, str]:
    """What Telegram was told: marks of menus by their names. A database that is away has them all told again."""
    try:
        told = await memory.get_value(key)
    except StoreFailed as failed:
        log.warning("commands not read", detail=failed.detail)
        return {}
    return {} if told is None else json.loads(told)


async def _save_digests(memory: AdapterStorage, key: str, told: dict[str, str]) -> None:
    try:
        await memory.set_value(key, json.dumps(told))
    except StoreFailed as failed:
        log.warning("commands not kept", detail=failed.detail)
