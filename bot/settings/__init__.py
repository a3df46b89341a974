"""The operator's settings as one frozen value: `tables` and `providers` define all keys, `loading` reads them."""

from bot.settings.loading import (
    DEFAULT_FILE,
    LoadedSettings,
    in_operators_words,
    keys,
    load,
    load_with_files,
    nothing_configured,
    variables,
)
from bot.settings.platforms import Discord, StarPack, Telegram
from bot.settings.providers import Provider, ProviderModel
from bot.settings.tables import (
    Access,
    Backup,
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
)
from bot.settings.types import DIALECTS, MODERATION_CATEGORIES, PREFIX, PRESETS

__all__ = [
    "DEFAULT_FILE",
    "DIALECTS",
    "MODERATION_CATEGORIES",
    "PREFIX",
    "PRESETS",
    "Access",
    "Backup",
    "Discord",
    "Fetch",
    "Jobs",
    "Limits",
    "LoadedSettings",
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
    "load_with_files",
    "nothing_configured",
    "variables",
]
