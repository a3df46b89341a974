"""The bots on their platforms for `easel check`: tokens, switches, webhook, storage chat, permissions in known chats.

Asks and changes nothing; what each platform says is read by its own diagnostics.
"""

from collections.abc import Sequence

from adapters.discord import chat_rights as discord_rights
from adapters.discord import diagnostics as discord_diagnostics
from adapters.doctor.findings import Finding, finding
from adapters.telegram import diagnostics as telegram_diagnostics
from bot.chat import Chat
from bot.errors import EaselError, SettingsWrong
from bot.settings import Settings

TOKEN_HINTS = {
    "discord": "take a new token: Developer Portal, Bot, Reset Token (deploy/DISCORD.md)",
    "telegram": "take the token from BotFather, /token (deploy/TELEGRAM.md)",
}


async def check_discord(settings: Settings) -> list[Finding]:
    """The bot, its intents, and how it is invited."""

    async def diagnose() -> str:
        report = await discord_diagnostics.diagnose(settings.discord)
        if report.problems:
            raise SettingsWrong(list(report.problems))
        return "; ".join([f"is {report.name}", *report.notes, f"invite it with {report.invite}"])

    return [_hinted("discord", await finding("discord", diagnose()))]


async def check_discord_chats(settings: Settings, chats: Sequence[Chat]) -> list[Finding]:
    """The permissions in the channels of the newest jobs."""
    if not chats:
        return []
    try:
        report = await discord_rights.read_rights(settings.discord, chats)
    except EaselError:
        return []  # the line of the bot says so
    hint = "let the bot's role have them in that channel (deploy/DISCORD.md)"
    return _describe_chats("discord channels", report.checked, report.missing, report.gone, hint)


async def check_telegram(settings: Settings, chats: Sequence[Chat]) -> list[Finding]:
    """The bot, its switches and modes, its webhook, and its rights in the groups of the newest jobs."""
    try:
        report = await telegram_diagnostics.diagnose(
            settings.telegram, public_url=settings.server.public_url, chats=[each.id for each in chats]
        )
    except SettingsWrong as error:
        return [_hinted("telegram", Finding(subject="telegram", is_ok=False, message="; ".join(error.problems)))]
    except EaselError as error:
        hint = "is telegram.api_base right, and may this machine open connections to it?"
        message = error.detail or type(error).__name__
        return [Finding(subject="telegram", is_ok=False, message=message, hint=hint)]
    found = [
        Finding(subject="telegram", is_ok=not report.problems, message="; ".join(report.problems or (report.summary,))),
        Finding(subject="telegram inline mode", is_ok=True, message=report.inline),
        Finding(subject="telegram guest mode", is_ok=True, message=report.guest),
        Finding(
            subject="telegram channels",
            is_ok=not report.deaf_channels,
            message="; ".join(report.deaf_channels or (report.channels,)),
            hint="make the bot an administrator who may post there" * bool(report.deaf_channels),
        ),
    ]
    if report.webhook is not None:
        found.append(
            Finding(
                subject="telegram webhook",
                is_ok=report.webhook.is_ok,
                message=report.webhook.message,
                hint=report.webhook.hint,
            )
        )
    hint = "give the bot the right to send messages, photos and files there"
    lacking, gone = report.missing_rights, report.gone_chats
    return found + _describe_chats("telegram groups", report.known_groups, lacking, gone, hint)


def _describe_chats(
    subject: str, checked: int, missing: Sequence[str], gone: Sequence[str], hint: str
) -> list[Finding]:
    """One line for all that are well, one for those that the bot is no longer in, and one for each with a fault."""
    if not checked:
        return []
    found = [Finding(subject=subject, is_ok=False, message=each, hint=hint) for each in missing]
    well = checked - len(missing) - len(gone)
    if well:
        words = f"pictures can be posted in {well} of the {checked} with the newest jobs" if checked > 1 else "may post"
        found.append(Finding(subject=subject, is_ok=True, message=words))
    if gone:
        message = f"the bot is no longer in {', '.join(gone)}"
        found.append(Finding(subject=subject, is_ok=True, message=message))
    return found


def _hinted(platform: str, found: Finding) -> Finding:
    """A token that is not accepted, with where the next one comes from."""
    if found.is_ok or "does not accept" not in found.message:
        return found
    return Finding(subject=found.subject, is_ok=False, message=found.message, hint=TOKEN_HINTS[platform])
