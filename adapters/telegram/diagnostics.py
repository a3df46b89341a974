"""The bot's state at Telegram and its BotFather switches, for `easel check`; changes nothing.

Reads Telegram only: what the settings themselves must be stands in bot/settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import telegram
from telegram.constants import ChatType
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError

from adapters.telegram.api import call_untranslated, make_bot
from adapters.telegram.errors import describe_error
from adapters.telegram.permissions import ADMINISTRATORS, decode_rights
from adapters.telegram.webhook import webhook_path
from bot.errors import ChatFailed, SettingsWrong
from bot.settings import Telegram as TelegramSettings

STORAGE_CHAT_MISSING = "telegram.storage_chat is not set"
INLINE_FEEDBACK_HINT = "it needs BotFather's /setinlinefeedback at 100 %, which Telegram does not show"
POSTING_STATUSES = ("creator", "administrator", "member")
GONE_STATUSES = ("left", "kicked")
RECENT_FAILURE = timedelta(hours=1)  # of the last failed call of a webhook; Telegram never forgets it


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookState:
    """What Telegram says of the bot's webhook."""

    is_ok: bool
    message: str
    hint: str = ""


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
    webhook: WebhookState | None = None
    """None: updates are polled."""
    known_groups: int = 0
    """Number of groups whose rights were looked at."""
    missing_rights: tuple[str, ...] = ()
    """A line for each known group in which no picture can be posted."""
    gone_chats: tuple[str, ...] = ()
    """Known groups that the bot is no longer a member of."""


async def diagnose(
    settings: TelegramSettings, *, public_url: str | None = None, chats: Sequence[str] = ()
) -> BotDiagnostics:
    """Calls getMe, getWebhookInfo, getChat and getChatMember. `public_url`: where a webhook leads to; `chats`: ids of
    groups whose rights are looked at.

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
        members_of = [each for each in chats if each.lstrip("-").isdecimal()]  # and not as a guest, or inline
        rights = [await _missing_rights(bot, each) for each in members_of]
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
        webhook=describe_webhook(settings, hook, public_url, datetime.now(UTC)),
        known_groups=len(rights),
        missing_rights=tuple(f"{name}: {lacks}" for name, lacks in rights if lacks),
        gone_chats=tuple(name for name, lacks in rights if lacks is None),
    )


async def _missing_rights(bot: telegram.Bot, chat_id: str) -> tuple[str, str | None]:
    """A group by its name, and what the bot may not do there; None: it is no longer a member."""
    try:
        chat = await call_untranslated(lambda: bot.get_chat(int(chat_id)))
        member = await call_untranslated(lambda: bot.get_chat_member(int(chat_id), bot.id))
    except (BadRequest, Forbidden):
        return chat_id, None
    name = f"{chat.title or chat.type} ({chat_id})"
    if member.status in GONE_STATUSES:
        return name, None
    rights = decode_rights(chat, member)
    if rights.everything:
        return name, ""
    lacks = [
        what
        for what, has in (("messages", rights.text), ("photos", rights.photos), ("files", rights.documents))
        if not has
    ]
    return name, "" if rights.text and rights.pictures else f"the bot may not send {', '.join(lacks)}"


def describe_webhook(
    settings: TelegramSettings, hook: telegram.WebhookInfo, public_url: str | None, now: datetime
) -> WebhookState | None:
    """What Telegram says of the webhook that `public_url` leads to; None where updates are polled."""
    if settings.mode != "webhook" or public_url is None or settings.token is None:
        return None
    meant = public_url.rstrip("/") + webhook_path(settings.token.get_secret_value())
    if not hook.url:
        return WebhookState(is_ok=True, message="none is set; easel run sets it")
    if hook.url != meant:
        host = urlsplit(hook.url).hostname
        words = f"another one is set, at {host}"
        return WebhookState(
            is_ok=True, message=words, hint="easel run sets its own; does another program use this token?"
        )
    message = f"is set; {hook.pending_update_count} updates wait"
    failed_at = hook.last_error_date
    if failed_at is None or now - failed_at > RECENT_FAILURE:
        return WebhookState(is_ok=True, message=message)
    ago = max(0, round((now - failed_at).total_seconds() / 60))
    words = f"{message}; {ago} min ago Telegram was refused: {hook.last_error_message}"
    hint = "let the proxy pass POST /telegram/ on to Easel (deploy/README.md, Telegram's webhook)"
    return WebhookState(is_ok=not hook.pending_update_count, message=words, hint=hint)


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
