"""The commands in Telegram's menus, for each scope and language; told to Telegram only where they have changed."""

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

from adapters.telegram.calls import call
from adapters.telegram.places import PLATFORM
from adapters.telegram.trouble import Moved, Refused
from bot.errors import ChatFailed, StoreFailed
from bot.ports import Memory
from bot.texts import LOCALES, say

log = structlog.get_logger()

PRIVATE = ("imagine", "edit", "quota", "history", "cancel", "help", "start")
GROUP = ("imagine", "edit", "quota", "history", "cancel", "help")


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What one scope offers in one language; `language` empty: to all who speak none of ours."""

    scope: BotCommandScope
    language: str
    names: tuple[str, ...]

    @property
    def commands(self) -> list[BotCommand]:
        return [BotCommand(name, say(self.language or "en", f"hint-{name}")) for name in self.names]


def menus(admins: Sequence[str], *, shop: bool) -> Iterator[Menu]:
    """Private chats, groups, and the private chats of this platform's admins."""
    private = (*PRIVATE, "buy") if shop else PRIVATE
    scopes: list[tuple[BotCommandScope, tuple[str, ...]]] = [
        (BotCommandScopeDefault(), private),
        (BotCommandScopeAllGroupChats(), GROUP),
    ]
    for admin in admins:
        platform, _, identity = admin.partition(":")
        if platform == PLATFORM and identity.isdecimal():
            scopes.append((BotCommandScopeChat(int(identity)), (*private, "admin")))
    for scope, names in scopes:
        for language in ("", *(each for each in LOCALES if each != "en")):
            yield Menu(scope=scope, language=language, names=names)


async def tell_telegram(bot: telegram.Bot, memory: Memory, admins: Sequence[str], *, shop: bool) -> int:
    """Writes the menus that differ from what Telegram was last told; returns how many.

    Raises ChatFailed, Unclear when Telegram is away. An admin who never wrote to the bot has no menu yet.
    """
    key = f"{PLATFORM}:commands:{bot.id}"
    told = await _recall(memory, key)
    known: dict[str, str] = {} if told is None else json.loads(told)
    wanted: dict[str, str] = {}
    written = 0
    for menu in menus(admins, shop=shop):
        name = f"{json.dumps(menu.scope.to_dict(), sort_keys=True)} {menu.language}"
        listed = [each.to_dict() for each in menu.commands]
        mark = hashlib.sha256(json.dumps(listed, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        if known.get(name) != mark:
            try:
                await call(_writing(bot, menu))
            except (Refused, Moved, ChatFailed) as failed:
                if not isinstance(menu.scope, BotCommandScopeChat):
                    raise ChatFailed(detail=str(failed)) from failed
                log.info("admin has no chat with the bot yet", detail=str(failed))
                continue
            written += 1
        wanted[name] = mark
    if wanted != known:
        try:
            await memory.remember(key, json.dumps(wanted))
        except StoreFailed as failed:
            log.warning("commands not kept", detail=failed.detail)
    return written


def _writing(bot: telegram.Bot, menu: Menu):
    return lambda: bot.set_my_commands(menu.commands, scope=menu.scope, language_code=menu.language or None)


async def _recall(memory: Memory, key: str) -> str | None:
    try:
        return await memory.recall(key)
    except StoreFailed as failed:
        log.warning("commands not read", detail=failed.detail)
        return None
