"""Pauses by administrators, of providers and of the whole bot: one value each, which holds over restarts.

Works inside the transaction it is given.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

import structlog
from sqlalchemy import Connection, delete, select

from bot.ports.admin_views import BotPause
from bot.store.engine import to_json, upsert
from bot.store.readable_rows import read_rows
from bot.store.schema import key_value

log = structlog.get_logger()

BOT_KEY = "pause:bot"
PROVIDER_PREFIX = "pause:provider:"  # of a key, before the provider's name
PREFIX = "pause:"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPauses:
    """What is paused."""

    bot: BotPause | None = None
    providers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Who paused each, by its name."""


def load_pauses(conn: Connection) -> StoredPauses:
    """All pauses; one that cannot be read holds nevertheless."""
    query = select(key_value.c.key).where(key_value.c.key.startswith(PREFIX, autoescape=True))
    bot, providers = None, dict[str, str]()
    for key in read_rows(conn, query, lambda row: str(row["key"])):
        facts = _facts(conn, key)
        if key == BOT_KEY:
            bot = _bot_pause(facts)
        else:
            providers[key.removeprefix(PROVIDER_PREFIX)] = str(facts.get("who", ""))
    return StoredPauses(bot=bot, providers=providers)


def _facts(conn: Connection, key: str) -> dict[str, Any]:
    value = select(key_value.c.value).where(key_value.c.key == key)
    found = next(iter(read_rows(conn, value, lambda row: json.loads(row["value"]))), None)
    if not isinstance(found, dict):
        log.warning("pause not understood, and holds", key=key)
        return {}
    return found  # type: ignore[reportUnknownVariableType]  # JSON


def _bot_pause(facts: Mapping[str, Any]) -> BotPause:
    try:
        at = datetime.fromisoformat(str(facts.get("at")))
    except ValueError:
        at = None
    words = facts.get("words")
    return BotPause(words=words if isinstance(words, str) and words else None, who=str(facts.get("who", "")), at=at)


def save_bot_pause(conn: Connection, pause: BotPause) -> None:
    at = None if pause.at is None else pause.at.isoformat()
    value = to_json({"words": pause.words, "who": pause.who, "at": at})
    upsert(conn, key_value, {"key": BOT_KEY, "value": value}, key="key")


def save_provider_pause(conn: Connection, name: str, who: str, now: datetime) -> None:
    value = to_json({"who": who, "at": now.isoformat()})
    upsert(conn, key_value, {"key": PROVIDER_PREFIX + name, "value": value}, key="key")


def end_pause(conn: Connection, provider: str | None) -> bool:
    """Ends the pause of a provider; None: that of the bot. False: there was none."""
    key = BOT_KEY if provider is None else PROVIDER_PREFIX + provider
    return conn.execute(delete(key_value).where(key_value.c.key == key).returning(key_value.c.key)).first() is not None
