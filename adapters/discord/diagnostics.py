"""What the developer portal says of the bot, and the link that invites it: for the operator, before anything runs."""

from dataclasses import dataclass

from adapters.discord.errors import Refused
from adapters.discord.rest import Json, Rest
from bot.errors import ChatFailed, SettingsWrong
from bot.settings import Discord as DiscordSettings

# View Channel, Send Messages, Embed Links, Attach Files, Read Message History, Send Messages in Threads
PERMISSIONS = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 38
CONTENT = 1 << 18 | 1 << 19  # flags of an application that may read messages: verified, or below 10,000 users
USER_INSTALL = "1"  # among `integration_types_config`


@dataclass(frozen=True, slots=True, kw_only=True)
class BotDiagnostics:
    """`name`: the bot's. `invite`: where an admin of a server adds it. `problems`: one line each."""

    name: str
    invite: str
    notes: tuple[str, ...]
    problems: tuple[str, ...]


async def look(settings: DiscordSettings) -> BotDiagnostics:
    """Asks Discord about the bot.

    Raises SettingsWrong when the token is not accepted, ChatFailed when Discord does not answer.
    """
    assert settings.token is not None  # who looks has asked for the token
    rest = Rest(settings.api_base, settings.token)
    try:
        application = await rest.call("GET", "/applications/@me")
    except Refused as refused:
        if refused.status == 401:
            raise SettingsWrong(["discord.token: Discord does not accept it"]) from refused
        raise ChatFailed(detail=f"Discord answers {refused}") from refused
    finally:
        await rest.close()
    if "id" not in application:
        raise ChatFailed(detail="Discord's answer names no application: is discord.api_base right?")
    return read(application, content=settings.message_content)


def read(application: Json, *, content: bool) -> BotDiagnostics:
    problems: list[str] = []
    if content and not int(application.get("flags") or 0) & CONTENT:
        problems.append("discord.message_content: switch the intent on in the developer portal (Bot, Message Content)")
    installs: Json = application.get("integration_types_config") or {}
    notes = () if USER_INSTALL in installs else ("not installable by users (Installation, User Install)",)
    bot: Json = application.get("bot") or {}
    name = str(bot.get("username") or application.get("name"))
    return BotDiagnostics(name=name, invite=invite(str(application["id"])), notes=notes, problems=tuple(problems))


def invite(application: str) -> str:
    scopes = "bot+applications.commands"
    return f"https://discord.com/oauth2/authorize?client_id={application}&scope={scopes}&permissions={PERMISSIONS}"
