"""The bot's state at Telegram and its BotFather switches, for `easel check`; changes nothing.

Reads Telegram only: what the settings themselves must be stands in bot/settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import telegram
from telegram.constants import ChatType
from telegram.error import InvalidToken, TelegramError

from adapters.telegram.api import call_untranslated, make_bot
from adapters.telegram.errors import describe_error
from adapters.telegram.permissions import ADMINISTRATORS
from bot.errors import ChatFailed, SettingsWrong
from bot.settings import Telegram as TelegramSettings

STORAGE_CHAT_MISSING = "telegram.storage_chat is not set"
INLINE_FEEDBACK_HINT = "it needs BotFather's /setinlinefeedback at 100 %, which Telegram does not show"
POSTING_STATUSES = ("creator", "administrator", "member")


@dataclass(frozen=True, slots=True, kw_only=True)
class BotDiagnostics:
    """Findings about one bot, as text for the operator."""

    summary: str
    """The bot in one line."""
    inline: str
    """Whether inline mode is on, and why not."""
    guest: str
    """Whether guest mode is on, and why not."""
    channels: str
    """Which channels are heard, and what is missing there."""
    deaf_channels: tuple[str, ...]
    """One line for each channel of the settings in which nothing can be painted."""
    problems: tuple[str, ...]
    """One line each; empty when the bot can run."""


async def diagnose(settings: TelegramSettings) -> BotDiagnostics:
    """Calls getMe, getWebhookInfo, getChat and getChatMember.

    Raises SettingsWrong when the token is not accepted, ChatFailed when Telegram does not answer.
    """
    bot = make_bot(settings)
    try:
        await call_untranslated(bot.initialize)
        me = await call_untranslated(bot.get_me)
        hook = await call_untranslated(bot.get_webhook_info)
        problem = await _storage_problem(bot, settings.storage_chat)
        listed = () if isinstance(settings.channels, bool) else settings.channels
        channels = [await _describe_channel(bot, each) for each in listed]
    except InvalidToken:
        raise SettingsWrong(["telegram.token: Telegram does not accept it"]) from None
    except TelegramError as failed:
        raise ChatFailed(detail=f"Telegram does not answer ({describe_error(failed)})") from None
    finally:
        await _closed(bot)
    return BotDiagnostics(
        summary="; ".join([f"is @{me.username}", *_notes(me, hook, settings)]),
        inline=_describe_inline_mode(settings, me),
        guest=describe_mode(settings, bool(me.supports_guest_queries), "Bot Settings, Guest Mode"),
        channels=_describe_channels(settings, [each for each, works in channels if works]),
        deaf_channels=tuple(each for each, works in channels if not works),
        problems=() if problem is None else (problem,),
    )


def _describe_channels(settings: TelegramSettings, heard: Sequence[str]) -> str:
    if settings.channels is True:
        return "on, in every channel where the bot is an administrator; Telegram does not list these"
    return f"on in {', '.join(heard)}" if heard else "off: telegram.channels names none"


async def _describe_channel(bot: telegram.Bot, channel: int) -> tuple[str, bool]:
    """A channel by its name, and whether posts are heard and answered there; else what is missing."""
    try:
        chat = await call_untranslated(lambda: bot.get_chat(channel))
        member = await call_untranslated(lambda: bot.get_chat_member(channel, bot.id))
    except InvalidToken:
        raise
    except TelegramError as failed:
        return f"{channel}: not reached ({describe_error(failed)}); make the bot an administrator there", False
    name = f"{chat.title} ({channel})"
    if chat.type != ChatType.CHANNEL:
        return f"{name}: is a {chat.type} and no channel; groups need no such setting", False
    if member.status not in ADMINISTRATORS:
        return f"{name}: the bot is no administrator there", False
    if getattr(member, "can_post_messages", None) is False:
        return f"{name}: the bot may not post there", False
    return name, True


def _describe_inline_mode(settings: TelegramSettings, me: telegram.User) -> str:
    """As `describe_mode`; on, with a reminder of a switch that the Bot API does not show."""
    says = describe_mode(settings, bool(me.supports_inline_queries), "/setinline")
    return f"{says}; {INLINE_FEEDBACK_HINT}" if says == "on" else says


def describe_mode(settings: TelegramSettings, switched_on: bool, switch: str) -> str:
    """Whether a mode for chats that the bot is no member of is on; else what is missing."""
    missing = [] if switched_on else [f"BotFather's switch is off ({switch})"]
    missing += [STORAGE_CHAT_MISSING] if settings.storage_chat is None else []
    return "on" if not missing else f"off: {'; '.join(missing)}"


def _notes(me: telegram.User, hook: telegram.WebhookInfo, settings: TelegramSettings) -> list[str]:
    hears = (
        "everything"
        if me.can_read_all_group_messages
        else "commands and replies to itself, everything where it is an administrator"
    )
    notes = [f"in groups it hears {hears}"]
    if settings.mode == "polling" and hook.url:
        notes.append("a webhook is set, which easel run will take away")
    if hook.last_error_message and settings.mode == "webhook":
        notes.append(f"Telegram's last trouble with the webhook: {hook.last_error_message}")
    return notes


async def _storage_problem(bot: telegram.Bot, storage: int | None) -> str | None:
    """Why images cannot be uploaded to the storage chat; None when they can."""
    if storage is None:
        return None
    try:
        member = await call_untranslated(lambda: bot.get_chat_member(storage, bot.id))
    except InvalidToken:
        raise
    except TelegramError as failed:
        return f"telegram.storage_chat: not reached ({describe_error(failed)}); add the bot to it"
    if member.status not in POSTING_STATUSES or getattr(member, "can_post_messages", None) is False:
        return "telegram.storage_chat: the bot may not post there"
    return None


async def _closed(bot: telegram.Bot) -> None:
    await bot.shutdown()
