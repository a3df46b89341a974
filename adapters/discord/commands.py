"""The commands in Discord's menus: their options, their names in every language, and telling Discord once.

What a command does is events.py's: here every callback hands over what was filled in.
"""

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

import discord
import structlog
from discord import app_commands
from discord.app_commands import AppCommandContext, AppInstallationType, locale_str

from bot.errors import StoreFailed
from bot.intake.sizes import offers
from bot.painting import Capabilities
from bot.ports import AdapterStorage
from bot.texts import choose, say

log = structlog.get_logger()

MOST_CHOICES = 25  # of an option, and of an autocompletion
PICTURES = ("image", "image2", "image3", "image4", "image5")
ANSWERS = ("quota", "history", "cancel", "help", "privacy", "forget")
EVERYWHERE = AppCommandContext(guild=True, dm_channel=True, private_channel=True)
ANYONE = AppInstallationType(guild=True, user=True)
_MENTION = re.compile(r"<@!?(\d+)>|(\d{15,20})")

Interaction = discord.Interaction[Any]
Callback = Callable[..., Coroutine[Any, Any, None]]


class CommandCallbacks(Protocol):
    """Where commands are handed over. The client runs them `in_turn`, so that it is not closed in the middle."""

    async def painting(
        self,
        interaction: Interaction,
        command: str,
        prompt: str,
        pictures: Sequence[discord.Attachment],
        mask: discord.Attachment | None,
        choices: Mapping[str, str],
    ) -> None: ...

    async def asking(self, interaction: Interaction, command: str, text: str) -> None: ...

    async def menu(self, interaction: Interaction, message: discord.Message) -> None: ...


def word(key: str, fallback: str | None = None) -> locale_str:
    """A name or description that the translator finds; `fallback`: what all other languages see."""
    return locale_str(say("en", key) if fallback is None else fallback, key=key)


class Words(app_commands.Translator):
    """Our texts in Discord's languages; English is what stands there anyway."""

    async def translate(
        self, string: locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        key = string.extras.get("key")
        ours = choose(locale.value, "")
        return None if key is None or ours in ("", "en") else say(ours, key)


def add_commands(
    tree: app_commands.CommandTree[Any], counter: CommandCallbacks, capabilities: Callable[[], Capabilities]
) -> None:
    """Fills the tree. What can be chosen comes from the configured providers, as they are now."""
    for name in ("imagine", "edit"):
        tree.add_command(_painter(name, counter, capabilities))
    for name in ANSWERS:
        tree.add_command(_answer(name, counter))
    tree.add_command(_admin(counter))

    async def edit_image(interaction: Interaction, message: discord.Message) -> None:
        await interaction.client.in_turn(counter.menu(interaction, message))

    tree.add_command(
        app_commands.ContextMenu(
            name=word("discord-menu-edit"),
            callback=edit_image,
            allowed_contexts=EVERYWHERE,
            allowed_installs=ANYONE,
        )
    )


async def tell_discord(tree: app_commands.CommandTree[Any], memory: AdapterStorage, application: int) -> bool:
    """Writes the commands where what Discord was last told differs. Returns whether it did.

    Raises discord.HTTPException; a database that fails only costs one harmless repetition.
    """
    key = f"discord:commands:{application}"
    payload = [
        await command.get_translated_payload(tree, tree.translator) if tree.translator else command.to_dict(tree)
        for command in tree._get_all_commands()  # pyright: ignore[reportPrivateUsage] - as `sync` itself does
    ]
    wanted = hashlib.sha256(json.dumps(payload, sort_keys=True, default=str).encode()).hexdigest()
    try:
        if await memory.get_value(key) == wanted:
            return False
    except StoreFailed as failed:
        log.warning("commands' hash not read", detail=failed.detail)
    await tree.sync()
    try:
        await memory.set_value(key, wanted)
    except StoreFailed as failed:
        log.warning("commands' hash not kept", detail=failed.detail)
    return True


def _painter(
    name: str, counter: CommandCallbacks, capabilities: Callable[[], Capabilities]
) -> app_commands.Command[Any, ..., Any]:
    can = capabilities()

    async def paint(
        interaction: Interaction,
        prompt: str,
        image: discord.Attachment | None = None,
        image2: discord.Attachment | None = None,
        image3: discord.Attachment | None = None,
        image4: discord.Attachment | None = None,
        image5: discord.Attachment | None = None,
        mask: discord.Attachment | None = None,
        size: str | None = None,
        quality: str | None = None,
        n: int | None = None,
    ) -> None:
        given = [each for each in (image, image2, image3, image4, image5) if each is not None]
        chosen = {"size": size, "quality": quality, "n": None if n is None else str(n)}
        choices = {option: value for option, value in chosen.items() if value is not None}
        await interaction.client.in_turn(counter.painting(interaction, name, prompt, given, mask, choices))

    absent = {option for option, there in (("size", offers(can)), ("quality", can.qualities)) if not there}
    signature = inspect.signature(paint)
    parameters = [
        each.replace(annotation=discord.Attachment, default=inspect.Parameter.empty)
        if name == "edit" and each.name == "image"
        else each
        for each in signature.parameters.values()
        if each.name not in absent
    ]
    paint.__signature__ = signature.replace(parameters=parameters)  # pyright: ignore[reportFunctionMemberAccess] - PEP 362
    described: Callback = app_commands.describe(
        **{each.name: word(f"discord-option-{_option(each.name)}") for each in parameters[1:]}
    )(paint)
    numbers = can.allowed_counts[:MOST_CHOICES]
    described = app_commands.choices(n=[app_commands.Choice(name=str(each), value=each) for each in numbers])(described)
    if can.qualities:
        named = [app_commands.Choice(name=each, value=each) for each in can.qualities[:MOST_CHOICES]]
        described = app_commands.choices(quality=named)(described)
    command = _command(name, described)
    if offers(can):

        async def sizes(_: Interaction, typed: str) -> list[app_commands.Choice[str]]:
            return offer(typed, offers(capabilities()))

        command.autocomplete("size")(sizes)
    return command


def offer(typed: str, sizes: Sequence[str]) -> list[app_commands.Choice[str]]:
    """The sizes that fit what is typed so far; all of them when none does."""
    wanted = typed.strip().lower().replace("×", "x")
    fitting = [each for each in sizes if wanted in each.lower()] or list(sizes)
    return [app_commands.Choice(name=each, value=each) for each in fitting[:MOST_CHOICES]]


def _answer(name: str, counter: CommandCallbacks) -> app_commands.Command[Any, ..., Any]:
    async def answer(interaction: Interaction) -> None:
        await interaction.client.in_turn(counter.asking(interaction, name, ""))

    return _command(name, answer)


def _admin(counter: CommandCallbacks) -> app_commands.Group:
    group = app_commands.Group(
        name=word("discord-name-admin", "admin"),
        description=word("hint-admin"),
        default_permissions=discord.Permissions(manage_guild=True),
        allowed_contexts=EVERYWHERE,
        allowed_installs=ANYONE,
    )

    def add(verb: str, callback: Callback) -> None:
        options = list(inspect.signature(callback).parameters)[1:]
        described = app_commands.describe(**{each: word(f"discord-option-{each}") for each in options})(callback)
        group.add_command(
            app_commands.Command(
                name=word(f"discord-name-{verb}", verb),
                description=word(f"discord-hint-{verb}"),
                callback=described,
            )
        )

    for verb in ("grant", "set"):

        async def credit(interaction: Interaction, user: str, credits: int, verb: str = verb) -> None:
            await interaction.client.in_turn(counter.asking(interaction, "admin", f"{verb} {member(user)} {credits}"))

        add(verb, _without(credit, "verb"))
    for verb in ("ban", "unban"):

        async def bar(interaction: Interaction, user: str, verb: str = verb) -> None:
            await interaction.client.in_turn(counter.asking(interaction, "admin", f"{verb} {member(user)}"))

        add(verb, _without(bar, "verb"))

    async def stats(interaction: Interaction) -> None:
        await interaction.client.in_turn(counter.asking(interaction, "admin", "stats"))

    add("stats", stats)
    return group


def member(typed: str) -> str:
    """Whom an admin means: a mention or a bare id is a member of Discord, anything else stands as it is."""
    match = _MENTION.fullmatch(typed.strip())
    return f"discord:{match[1] or match[2]}" if match else "".join(typed.split())


def _command(name: str, callback: Callback) -> app_commands.Command[Any, ..., Any]:
    return app_commands.Command(
        name=word(f"discord-name-{name}", name),
        description=word(f"hint-{name}"),
        callback=callback,
        allowed_contexts=EVERYWHERE,
        allowed_installs=ANYONE,
    )


def _without(callback: Callback, bound: str) -> Callback:
    """The callback as Discord sees it: a parameter that is ours is no option."""
    signature = inspect.signature(callback)
    shown = [each for each in signature.parameters.values() if each.name != bound]
    callback.__signature__ = signature.replace(parameters=shown)  # pyright: ignore[reportFunctionMemberAccess] - PEP 362
    return callback


def _option(name: str) -> str:
    """All further pictures are described alike."""
    return "more" if name in PICTURES[1:] else name
