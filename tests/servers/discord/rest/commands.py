"""Routes about the bot's registered commands."""

from tests.servers.discord.errors import Json, missing_access
from tests.servers.discord.rest.call import Call, Routes


def all_global(call: Call) -> list[Json]:
    _own(call)
    return call.core.commands.all()


def put_global(call: Call) -> list[Json]:
    _own(call)
    return call.core.commands.put(call.payload or [], None)


def all_of_guild(call: Call) -> list[Json]:
    return call.core.commands.all(_guild(call))


def put_of_guild(call: Call) -> list[Json]:
    return call.core.commands.put(call.payload or [], _guild(call))


def _own(call: Call) -> None:
    if call.number("application_id") != call.core.world.application_id:
        raise missing_access()


def _guild(call: Call) -> int:
    _own(call)
    guild = call.core.world.guilds.get(call.number("guild_id"))
    if guild is None:
        raise missing_access()
    return guild.id


GLOBAL = "/applications/{application_id}/commands"
GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
ROUTES: Routes = {
    ("GET", GLOBAL): all_global,
    ("PUT", GLOBAL): put_global,
    ("GET", GUILD): all_of_guild,
    ("PUT", GUILD): put_of_guild,
}
