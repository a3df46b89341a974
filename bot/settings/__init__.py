"""The operator's settings as one frozen value: `tables` and `providers` define all keys, `loading` reads them."""

from bot.settings.loading import DEFAULT_FILE, in_operators_words, keys, load, nothing_configured, variables
from bot.settings.providers import Provider, ProviderModel
from bot.settings.tables import (
    Access,
    Discord,
    Fetch,
    Jobs,
    Limits,
    Log,
    Moderation,
    Pictures,
    Playground,
    Privacy,
    Processes,
    Server,
    Settings,
    StarPack,
    Telegram,
)
from bot.settings.types import DIALECTS, MODERATION_CATEGORIES, PREFIX, PRESETS

__all__ = [
    "DEFAULT_FILE",
    "DIALECTS",
    "MODERATION_CATEGORIES",
    "PREFIX",
    "PRESETS",
    "Access",
    "Discord",
    "Fetch",
    "Jobs",
    "Limits",
    "Log",
    "Moderation",
    "Pictures",
    "Playground",
    "Privacy",
    "Processes",
    "Provider",
    "ProviderModel",
    "Server",
    "Settings",
    "StarPack",
    "Telegram",
    "in_operators_words",
    "keys",
    "load",
    "nothing_configured",
    "variables",
]
