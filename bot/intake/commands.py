"""The table of commands: names, arguments, who may give them, and in which menus they are offered. Pure.

Parser, permissions and the menus of every platform are made from it; what a command does stands in
`bot.handlers.commands`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Audience(StrEnum):
    """Who may give a command."""

    USERS = "users"
    """Whoever the access lists let in."""
    ANYBODY = "anybody"
    """Even blocked or banned users."""
    ADMINS = "admins"
    """Users named in the setting `admins`."""


class Menu(StrEnum):
    """Where a platform offers commands."""

    DIRECT = "direct"
    """The menu of a direct chat."""
    GROUP = "group"
    """The menu of a group."""
    SLASH = "slash"
    """Discord's slash commands, one list for every place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSpec:
    """One command."""

    name: str
    """As typed after the slash."""
    paints: bool = False
    """Whether it becomes a job; others are answered with text."""
    audience: Audience = Audience.USERS
    menus: frozenset[Menu] = frozenset(Menu)
    """Where it is offered; those that only admins or buyers see are added there by the adapter."""
    adapter_only: bool = False
    """Answered by an adapter itself (Telegram's shop); the core's parser does not know it."""

    @property
    def hint(self) -> str:
        """Fluent id of its line in a menu."""
        return f"hint-{self.name}"


_NOT_IN_GROUPS = frozenset({Menu.DIRECT, Menu.SLASH})

COMMANDS: Mapping[str, CommandSpec] = {
    spec.name: spec
    for spec in (
        CommandSpec(name="imagine", paints=True),
        CommandSpec(name="edit", paints=True),
        CommandSpec(name="quota"),
        CommandSpec(name="history"),
        CommandSpec(name="cancel"),
        CommandSpec(name="help"),
        CommandSpec(name="privacy", audience=Audience.ANYBODY),
        CommandSpec(name="forget", audience=Audience.ANYBODY, menus=_NOT_IN_GROUPS),
        CommandSpec(name="start", menus=frozenset({Menu.DIRECT})),
        CommandSpec(name="admin", audience=Audience.ADMINS, menus=frozenset()),
        CommandSpec(name="buy", menus=frozenset(), adapter_only=True),
    )
}
"""Every command by its name, in the order of the menus."""

PAINT_COMMANDS = tuple(spec.name for spec in COMMANDS.values() if spec.paints)
"""Commands that become a job."""

TEXT_COMMANDS = tuple(spec.name for spec in COMMANDS.values() if not spec.paints and not spec.adapter_only)
"""Commands that the core answers with text."""


def in_menu(menu: Menu) -> tuple[str, ...]:
    """The names of the commands that a menu offers, in order."""
    return tuple(spec.name for spec in COMMANDS.values() if menu in spec.menus)
