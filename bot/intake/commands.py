"""The table of commands: names, arguments, who may give them, and where they are offered. Pure.

Parser, permissions, /help, usage lines and the menus of every platform are made from it; what a command does stands
in `bot.handlers.commands`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

MAX_USER_KEY_CHARS = 100  # of `platform:id`; ids of platforms have at most 20 digits
OPTIONAL_ARGUMENTS = frozenset({"[PROVIDER]", "[PROVIDER|bot]", "[WORDS]"})  # at the end of a subcommand
MAX_CREDIT_DIGITS = 10  # of a number of credits: those of quota.MAX_CREDITS; more are no number to convert


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


class Argument(StrEnum):
    """Kind of an argument; the value is its placeholder in a usage line."""

    PROMPT = "PROMPT"
    """Free text, options included, up to the end of the message."""
    NAME = "NAME"
    """Name of a model; may be left out."""
    USER = "USER"
    """A user's key, `platform:id`."""
    CREDITS = "N"
    """A whole number of credits, 0 or more."""
    CHARGE = "CHARGE"
    """A platform's id of a purchase; case counts."""
    JOB = "ID"
    """Id of a job."""
    PROVIDER = "[PROVIDER]"
    """Name of a provider; may be left out."""
    PAUSED = "[PROVIDER|bot]"
    """Name of a provider, or `bot` for the whole bot; may be left out."""
    WORDS = "[WORDS]"
    """Words up to the end of the message; may be left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand:
    """A word that follows a command, with arguments of its own."""

    name: str
    """As typed, in any case."""
    arguments: tuple[Argument, ...] = ()
    """In order; those of OPTIONAL_ARGUMENTS come last."""
    menus: frozenset[Menu] = frozenset(Menu)
    """Where it is offered beside its command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSpec:
    """One command."""

    name: str
    """As typed after the slash."""
    paints: bool = False
    """Whether it becomes a job; others are answered with text."""
    arguments: tuple[Argument, ...] = ()
    """In order. A command without any ignores what follows it."""
    subcommands: tuple[Subcommand, ...] = ()
    """Of which one must follow the name; empty: the command stands alone."""
    in_help: bool = False
    """Whether /help shows it, with an example."""
    audience: Audience = Audience.USERS
    menus: frozenset[Menu] = frozenset(Menu)
    """Where it is offered; those that only admins or buyers see are added there by the adapter."""
    addressed_only: bool = False
    """Whether it is heard in a group only where it names the bot or replies to it: other bots have such a command."""
    needs_models: bool = False
    """Whether it is offered only where there are several models."""
    adapter_only: bool = False
    """Answered by an adapter itself (Telegram's shop); the core's parser does not know it."""

    @property
    def hint(self) -> str:
        """Fluent id of its line in a menu."""
        return f"hint-{self.name}"

    @property
    def help_line(self) -> str:
        """Fluent id of its line in /help; only with `in_help`."""
        return f"help-{self.name}"

    @property
    def usage(self) -> str:
        """What may follow, in one line: subcommands with the same arguments stand together."""
        name = f"/{self.name}"
        if not self.subcommands:
            return " ".join((name, *self.arguments))
        forms = [
            " ".join(("|".join(each.name for each in alike), *arguments))
            for arguments, alike in groupby(self.subcommands, key=lambda each: each.arguments)
        ]
        note = " (USER = platform:id)" if any(Argument.USER in each.arguments for each in self.subcommands) else ""
        return f"{name} {' · '.join(forms)}{note}"

    def find_subcommand(self, words: Sequence[str]) -> Subcommand | None:
        """The subcommand that `words` spell out with all its arguments; None when they fit none."""
        for each in self.subcommands:
            if words and words[0].lower() == each.name and _fit(each.arguments, words[1:]):
                return each
        return None


_NOT_IN_GROUPS = frozenset({Menu.DIRECT, Menu.SLASH})

COMMANDS: Mapping[str, CommandSpec] = {
    spec.name: spec
    for spec in (
        CommandSpec(name="imagine", paints=True, arguments=(Argument.PROMPT,), in_help=True),
        CommandSpec(name="edit", paints=True, arguments=(Argument.PROMPT,), in_help=True),
        CommandSpec(name="quota", in_help=True),
        CommandSpec(name="history", in_help=True),
        CommandSpec(name="cancel", in_help=True),
        CommandSpec(name="delete", in_help=True, addressed_only=True, menus=frozenset({Menu.DIRECT, Menu.GROUP})),
        CommandSpec(name="model", arguments=(Argument.NAME,), needs_models=True),
        CommandSpec(name="help"),
        CommandSpec(name="privacy", audience=Audience.ANYBODY),
        CommandSpec(name="forget", audience=Audience.ANYBODY, menus=_NOT_IN_GROUPS),
        CommandSpec(name="start", menus=frozenset({Menu.DIRECT})),
        CommandSpec(
            name="admin",
            audience=Audience.ADMINS,
            menus=frozenset(),
            subcommands=(
                Subcommand(name="grant", arguments=(Argument.USER, Argument.CREDITS)),
                Subcommand(name="set", arguments=(Argument.USER, Argument.CREDITS)),
                Subcommand(name="ban", arguments=(Argument.USER,)),
                Subcommand(name="unban", arguments=(Argument.USER,)),
                Subcommand(name="unpause", arguments=(Argument.USER,)),
                Subcommand(name="refund", arguments=(Argument.CHARGE,), menus=frozenset({Menu.DIRECT, Menu.GROUP})),
                Subcommand(name="stats"),
                Subcommand(name="link"),
                Subcommand(name="user", arguments=(Argument.USER,)),
                Subcommand(name="job", arguments=(Argument.JOB,)),
                Subcommand(name="pause", arguments=(Argument.PAUSED, Argument.WORDS)),
                Subcommand(name="resume", arguments=(Argument.PROVIDER,)),
            ),
        ),
        CommandSpec(name="buy", menus=frozenset(), adapter_only=True),
    )
}
"""Every command by its name, in the order of the menus."""

PAINT_COMMANDS = tuple(spec.name for spec in COMMANDS.values() if spec.paints)
"""Commands that become a job."""

TEXT_COMMANDS = tuple(spec.name for spec in COMMANDS.values() if not spec.paints and not spec.adapter_only)
"""Commands that the core answers with text."""


def is_user_key(word: str) -> bool:
    """Whether a word has the form `platform:id`, with an id no longer than any platform's."""
    platform, colon, identity = word.partition(":")
    return bool(platform.isalpha() and colon and identity.strip()) and len(word) <= MAX_USER_KEY_CHARS


def _fit(arguments: Iterable[Argument], words: Sequence[str]) -> bool:
    """Whether `words` can be these arguments: one word each, but for WORDS."""
    kinds = tuple(arguments)
    required = sum(kind not in OPTIONAL_ARGUMENTS for kind in kinds)
    if len(words) < required or (len(words) > len(kinds) and Argument.WORDS not in kinds):
        return False
    for kind, word in zip(kinds, words, strict=False):
        if kind is Argument.USER and not is_user_key(word):
            return False
        if kind is Argument.CREDITS and not (word.isdecimal() and len(word) <= MAX_CREDIT_DIGITS):
            return False
    return True


def in_menu(menu: Menu, *, has_models: bool = False) -> tuple[str, ...]:
    """The names of the commands that a menu offers, in order. `has_models`: whether there are several models."""
    return tuple(
        spec.name for spec in COMMANDS.values() if menu in spec.menus and (has_models or not spec.needs_models)
    )
