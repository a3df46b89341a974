"""The registry of the bot's commands. No HTTP."""

from dataclasses import dataclass
from typing import Any

from tests.servers.discord.errors import Json
from tests.servers.discord.world import World

CHAT, USER, MESSAGE = 1, 2, 3
MOST = {CHAT: 100, USER: 15, MESSAGE: 15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One PUT of the whole list. `created`: names that were new (200 a day and guild are allowed);
    `changed`: names whose definition differs from before."""

    guild_id: int | None
    created: tuple[str, ...]
    changed: tuple[str, ...]


class Commands:
    def __init__(self, world: World) -> None:
        self.writes: list[Write] = []
        self._world = world
        self._lists: dict[int | None, list[Json]] = {}

    def all(self, guild_id: int | None = None) -> list[Json]:
        return self._lists.get(guild_id, [])

    def put(self, definitions: list[Json], guild_id: int | None) -> list[Json]:
        """Replaces the list; a command keeps its id as long as its name and type stay."""
        before = {_key(command): command for command in self.all(guild_id)}
        after = [self._registered(one, before.get(_key(one)), guild_id) for one in definitions]
        created = tuple(one["name"] for one in after if _key(one) not in before)
        changed = tuple(one["name"] for one in after if _key(one) in before and before[_key(one)] != one)
        self._lists[guild_id] = after
        self.writes.append(Write(guild_id=guild_id, created=created, changed=changed))
        return after

    def find(self, name: str, kind: int, guild_id: int | None) -> Json:
        """The definition that a member sees under this name; raises AssertionError when there is none."""
        for command in [*(self.all(guild_id) if guild_id else []), *self.all()]:
            if _key(command) == (kind, name):
                return command
        raise AssertionError(f"no command {name!r} of type {kind} is registered")

    def _registered(self, definition: Json, old: Json | None, guild_id: int | None) -> Json:
        definition = {name: value for name, value in definition.items() if value is not None}
        same = old is not None and all(old.get(name) == value for name, value in definition.items())
        facts: dict[str, Any] = {
            "id": str(self._world.snowflake()) if old is None else old["id"],
            "application_id": str(self._world.application_id),
            "version": old["version"] if old is not None and same else str(self._world.snowflake()),
            "type": CHAT,
            "default_member_permissions": None,
            "description": "",
            "options": [],
            "nsfw": False,
        }
        if guild_id is not None:
            facts["guild_id"] = str(guild_id)
        command = facts | definition
        if isinstance(permissions := command["default_member_permissions"], int):
            command["default_member_permissions"] = str(permissions)
        return command


def _key(command: Json) -> tuple[int, str]:
    return command.get("type") or CHAT, command["name"]
