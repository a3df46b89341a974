"""Tests of what was answered, each at once: who a token is, whether a key is accepted, which models there are.

Changes nothing anywhere, and paints nothing.
"""

from adapters.discord import diagnostics as discord_diagnostics
from adapters.setup.answers import BotAnswers, ProviderAnswers
from adapters.telegram import diagnostics as telegram_diagnostics
from bot.errors import SettingsWrong
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import Upstream, resolve_providers
from bot.providers.probe import list_models, probe_upstream
from bot.settings import Discord, Provider, Telegram
from bot.settings.secret_files import read_secret_file


async def ask_telegram(bot: BotAnswers) -> str:
    """The bot's name. Raises SettingsWrong, ChatFailed."""
    values = {"token": _secret("telegram.token_file", bot)} | _base(bot)
    return (await telegram_diagnostics.diagnose(Telegram.model_validate(values))).summary


async def ask_discord(bot: BotAnswers) -> str:
    """The bot's name and the link that invites it. Raises SettingsWrong, ChatFailed."""
    values = {"token": _secret("discord.token_file", bot)} | _base(bot)
    report = await discord_diagnostics.diagnose(Discord.model_validate(values))
    return f"is {report.name}; invite it with {report.invite}"


async def ask_provider(provider: ProviderAnswers) -> str:
    """That it answers and accepts the key. Raises SettingsWrong."""
    async with UpstreamClient() as client:
        said = [await probe_upstream(each, client) for each in upstreams_of(provider)]
    return said[0]


async def models_of(provider: ProviderAnswers) -> set[str]:
    """The models that it lists; empty where it lists none."""
    async with UpstreamClient() as client:
        return await list_models(upstreams_of(provider)[0], client)


def upstreams_of(provider: ProviderAnswers) -> tuple[Upstream, ...]:
    """Raises SettingsWrong."""
    key = provider.api_key
    if provider.api_key_file is not None:
        key = read_secret_file("providers.0.api_key_file", provider.api_key_file)
    values = {
        "preset": provider.preset,
        "base_url": provider.base_url,
        "api_key": key,
        "models": list(provider.models),
    }
    [upstreams] = resolve_providers([Provider.model_validate(values).model_dump()])
    return upstreams


def _secret(key: str, bot: BotAnswers) -> str:
    if bot.token_file is not None:
        return read_secret_file(key, bot.token_file)
    if bot.token is None:
        raise SettingsWrong([f"{key.removesuffix('_file')}: is not set"])
    return bot.token


def _base(bot: BotAnswers) -> dict[str, str]:
    return {} if bot.api_base is None else {"api_base": bot.api_base}
