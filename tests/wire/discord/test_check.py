"""What `easel check` says of the channels that the bot knows: the permissions in each, computed from roles."""

from typing import Any

import discord
import pytest

from adapters import doctor
from adapters.discord.chat_rights import permissions_in
from adapters.discord.ids import make_chat
from bot.chat import Chat
from bot.settings import Settings
from bot.store.store import Store
from tests.flow.store.stores import RULES, new_job
from tests.servers.discord import Permission
from tests.wire.discord.easel import DiscordWorld


async def accept_in(world: DiscordWorld, *chats: Chat) -> None:
    store = await Store.open(world.database_url, clock=world.clock)
    try:
        for chat in chats:
            await store.accept_job(new_job(chat=chat), RULES)
    finally:
        await store.close()


async def told(world: DiscordWorld) -> list[tuple[bool, str]]:
    settings = Settings.model_validate(
        {
            "database_url": world.database_url,
            "discord": {"token": world.server.token, "api_base": world.server.api_base},
            "server": {"enabled": False},
        }
    )
    found = await doctor.run_checks(settings)
    return [(each.is_ok, each.message) for each in found if each.subject == "discord channels"]


async def test_channels_in_which_the_bot_lacks_permissions_are_named(world: DiscordWorld) -> None:
    guild = world.channel.guild
    assert guild is not None
    here = make_chat(guild.id, world.channel.id, direct=False)
    await accept_in(world, here, make_chat(guild.id, 12345, direct=False), make_chat(None, 99, direct=True))
    assert await told(world) == [
        (True, "pictures can be posted in 1 of the 2 with the newest jobs"),
        (True, f"the bot is no longer in {guild.id}/12345"),
    ]
    world.server.deny(world.channel, Permission.ATTACH_FILES)
    missing = f"{guild.name} #{world.channel.name} ({here.id}): the bot lacks Attach Files"
    assert (await told(world))[0] == (False, missing)


GUILD = {"id": "1", "owner_id": "5", "roles": [{"id": "1", "permissions": "1024"}, {"id": "2", "permissions": "2048"}]}


def overwrite(who: str, kind: int, *, allow: int = 0, deny: int = 0) -> dict[str, Any]:
    return {"id": who, "type": kind, "allow": str(allow), "deny": str(deny)}


@pytest.mark.parametrize(
    ("roles", "overwrites", "value"),
    [
        ([], [], 1024),
        (["2"], [], 1024 | 2048),
        (["2"], [overwrite("1", 0, deny=1024)], 2048),
        (["2"], [overwrite("1", 0, deny=3072), overwrite("2", 0, allow=1024)], 1024),
        (["2"], [overwrite("2", 0, deny=2048), overwrite("9", 1, allow=2048)], 1024 | 2048),
        (["2"], [overwrite("3", 0, deny=2048), overwrite("8", 1, deny=2048)], 1024 | 2048),
    ],
)
def test_permissions_are_computed_as_discord_says(
    roles: list[str], overwrites: list[dict[str, Any]], value: int
) -> None:
    member = {"user": {"id": "9"}, "roles": roles}
    assert permissions_in({"permission_overwrites": overwrites}, GUILD, member).value == value


def test_who_owns_or_administers_a_guild_may_do_everything() -> None:
    channel = {"permission_overwrites": [overwrite("1", 0, deny=1024)]}
    administrators = {"id": "3", "permissions": str(discord.Permissions(administrator=True).value)}
    guild: dict[str, Any] = GUILD | {"roles": [*GUILD["roles"], administrators]}
    assert permissions_in(channel, guild, {"user": {"id": "5"}, "roles": []}) == discord.Permissions.all()
    assert permissions_in(channel, guild, {"user": {"id": "9"}, "roles": ["3"]}) == discord.Permissions.all()
