"""What the developer portal says of the bot, and the link that invites it: for the operator, before anything runs."""

from dataclasses import dataclass

from adapters.discord.call_gate import CallGate
from adapters.discord.errors import CallRejected
from adapters.discord.rest import Json, RestClient
from bot.errors import ChatFailed, SettingsWrong
from bot.runtime.clock import SystemClock
from bot.settings import Discord as DiscordSettings

# View Channel, Send Messages, Embed Links, Attach Files, Read Message History, Send Messages in Threads
PERMISSIONS = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 38
MESSAGE_CONTENT_FLAGS = 1 << 18 | 1 << 19  # of an application that may read messages: verified, or below 10,000 users
USER_INSTALL = "1"  # among `integration_types_config`


@dataclass(frozen=True, slots=True, kw_only=True)
class BotDiagnostics:
    """Findings about the bot, for the operator."""

    name: str
    """The bot's name."""
    invite: str
    """The URL by which an admin of a guild adds the bot."""
    notes: tuple[str, ...]
    """What may be meant so, one line each."""
    problems: tuple[str, ...]
    """What has to be mended, one line each."""


async def diagnose(settings: DiscordSettings) -> BotDiagnostics:
    """Asks Discord about the bot; changes nothing.

    Raises SettingsWrong when the token is not accepted, ChatFailed when Discord does not answer.
    """
    assert settings.token is not None  # checked by the caller
    clock = SystemClock()
    rest = RestClient(settings.api_base, settings.token, clock=clock, gate=CallGate(clock.monotonic))
    try:
        application = await rest.call("GET", "/applications/@me")
    except CallRejected as rejection:
        if rejection.status == 401:
            raise SettingsWrong(["discord.token: Discord does not accept it"]) from rejection
        raise ChatFailed(detail=f"Discord answers {rejection}") from rejection
    finally:
        await rest.close()
    if "id" not in application:
        raise ChatFailed(detail="Discord's answer names no application: is discord.api_base right?")
    return describe_application(application, message_content=settings.message_content)


def describe_application(application: Json, *, message_content: bool) -> BotDiagnostics:
    """`message_content`: the operator wants the bot to read messages that do not mention it."""
    problems: list[str] = []
    if message_content and not int(application.get("flags") or 0) & MESSAGE_CONTENT_FLAGS:
        problems.append("discord.message_content: switch the intent on in the developer portal (Bot, Message Content)")
    installs: Json = application.get("integration_types_config") or {}
    notes = () if USER_INSTALL in installs else ("not installable by users (Installation, User Install)",)
    bot: Json = application.get("bot") or {}
    name = str(bot.get("username") or application.get("name"))
    invite = invite_url(str(application["id"]))
    return BotDiagnostics(name=name, invite=invite, notes=notes, problems=tuple(problems))


def invite_url(application_id: str) -> str:
    scopes = "bot+applications.commands"
    return f"https://discord.com/oauth2/authorize?client_id={application_id}&scope={scopes}&permissions={PERMISSIONS}"
