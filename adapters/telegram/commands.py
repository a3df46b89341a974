"""The command menus for each scope and language; sent to Telegram only where they have changed.

What the commands do is the core's.
"""

import hashlib
import json
import re
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
from adapters.telegram.errors import CallRejected, GroupMigrated, OutcomeUnknown
from adapters.telegram.ids import PLATFORM
from bot.errors import ChatBusy, ChatFailed, ChatGone, StoreFailed
from bot.intake.commands import Menu, in_menu
from bot.ports import AdapterStorage
from bot.runtime.clock import Clock
from bot.store.stored_values import StoredReader
from bot.texts import LOCALES, translate

log = structlog.get_logger()

_DIGESTS = StoredReader[dict[str, str]](dict[str, str])

USER_ID = re.compile(r"[1-9][0-9]{0,18}")  # of Telegram: below 2**52 by its documentation
MENU_RETRY_S, MENU_RETRY_MAX_S = 60.0, 3600.0  # before the menus are sent again; doubles


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandMenu:
    """The commands of one scope in one language."""

    scope: BotCommandScope
    language: str
    """ISO 639-1 code; empty: for all users whose language has no menu of its own."""
    names: tuple[str, ...]
    """In the menu's order."""

    @property
    def commands(self) -> list[BotCommand]:
        return [BotCommand(name, translate(self.language or "en", f"hint-{name}")) for name in self.names]


def command_menus(admins: Sequence[str], *, payments: bool, has_models: bool = False) -> Iterator[CommandMenu]:
    """The menus of private chats, of groups, and of the private chats of this platform's admins."""
    private = in_menu(Menu.DIRECT, has_models=has_models) + (("buy",) if payments else ())
    scopes: list[tuple[BotCommandScope, tuple[str, ...]]] = [
        (BotCommandScopeDefault(), private),
        (BotCommandScopeAllGroupChats(), in_menu(Menu.GROUP, has_models=has_models)),
    ]
    for admin in admins:
        platform, _, identity = admin.partition(":")
        if platform == PLATFORM and USER_ID.fullmatch(identity):
            scopes.append((BotCommandScopeChat(int(identity)), (*private, "admin")))
    for scope, names in scopes:
        for language in ("", *(each for each in LOCALES if each != "en")):
            yield CommandMenu(scope=scope, language=language, names=names)


async def sync_command_menus_with_retry(
    bot: telegram.Bot,
    storage: AdapterStorage,
    admins: Sequence[str],
    *,
    payments: bool,
    has_models: bool = False,
    clock: Clock,
) -> None:
    """As `sync_command_menus`, repeated until Telegram has accepted all menus."""
    retry_s = MENU_RETRY_S
    while True:
        try:
            if changed := await sync_command_menus(bot, storage, admins, payments=payments, has_models=has_models):
                log.info("commands written", menus=changed)
        except (ChatFailed, OutcomeUnknown) as failed:
            log.warning("commands not written", detail=str(failed))
            busy_s = failed.retry_after if isinstance(failed, ChatBusy) else 0.0
            await clock.sleep(max(retry_s, busy_s))
            retry_s = min(retry_s * 2, MENU_RETRY_MAX_S)
        else:
            return


async def sync_command_menus(
    bot: telegram.Bot, storage: AdapterStorage, admins: Sequence[str], *, payments: bool, has_models: bool = False
) -> int:
    """Sets the menus that differ from those last sent, and deletes earlier ones that are no longer wanted (a former
    admin's). Returns how many were changed.

    Raises ChatFailed, OutcomeUnknown when Telegram is away; what was sent by then is remembered.
    """
    storage_key = digests_key(bot.id)
    saved = await _load_digests(storage, storage_key)
    sent = dict(saved)
    wanted = {menu_key(menu): menu for menu in command_menus(admins, payments=payments, has_models=has_models)}
    changed = 0
    try:
        for key, menu in wanted.items():
            digest = menu_digest(menu)
            if sent.get(key) != digest and await _set_menu(bot, menu):
                sent[key] = digest
                changed += 1
        for key in [each for each in sent if each not in wanted]:
            await _delete_menu(bot, key)
            del sent[key]
            changed += 1
    finally:
        if sent != saved:
            await _save_digests(storage, storage_key, sent)
    return changed


def digests_key(bot_id: int) -> str:
    """The key under which the digests of the menus that Telegram was sent are stored."""
    return f"{PLATFORM}:commands:{bot_id}"


async def _set_menu(bot: telegram.Bot, menu: CommandMenu) -> bool:
    """False: an admin who never wrote to the bot can have no menu yet."""
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


async def _delete_menu(bot: telegram.Bot, menu_key: str) -> None:
    scope, language = json.loads(menu_key)
    try:
        await call_api(
            lambda: bot.delete_my_commands(
                scope=BotCommandScope.de_json(dict(scope), bot), language_code=language or None
            )
        )
    except (CallRejected, GroupMigrated, ChatGone) as failed:
        log.info("menu is gone already", detail=str(failed))


def menu_key(menu: CommandMenu) -> str:
    return json.dumps([menu.scope.to_dict(), menu.language], sort_keys=True)


def menu_digest(menu: CommandMenu) -> str:
    commands = [each.to_dict() for each in menu.commands]
    return hashlib.sha256(json.dumps(commands, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


async def _load_digests(storage: AdapterStorage, key: str) -> dict[str, str]:
    """Digests of the menus that Telegram was sent, by menu key. When the database is away, all menus are sent again."""
    try:
        document = await storage.get_value(key)
    except StoreFailed as failed:
        log.warning("digests of the command menus not loaded", detail=failed.detail)
        return {}
    try:
        return {} if document is None else _DIGESTS.read(json.loads(document))
    except ValueError:
        log.warning("commands not understood", key=key)
        return {}


async def _save_digests(storage: AdapterStorage, key: str, digests: dict[str, str]) -> None:
    try:
        await storage.set_value(key, json.dumps(digests))
    except StoreFailed as failed:
        log.warning("digests of the command menus not saved", detail=failed.detail)
