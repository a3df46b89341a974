"""The commands in Discord's menus: their options, their names in every language, and writing them to Discord once.

What a command does is interactions.py's: here every callback hands over what was filled in.
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

from adapters.discord.ids import PLATFORM
from bot.errors import StoreFailed
from bot.intake.commands import COMMANDS, OPTIONAL_ARGUMENTS, PAINT_COMMANDS, Argument, Menu, Subcommand, in_menu
from bot.intake.models import offered_models
from bot.intake.prices import PriceList
from bot.intake.sizes import offered_sizes
from bot.painting import Capabilities, Model
from bot.ports import AdapterStorage
from bot.prices import PriceRange
from bot.texts import negotiate_locale, shorten, translate

log = structlog.get_logger()

MAX_CHOICE_CHARS = 100  # characters of a choice's name, and of its value
MAX_MODEL_CHARS = 70  # characters of a value in a choice that has its price as well
MAX_CHOICES = 25  # of an option, and of an autocompletion
IMAGE_OPTIONS = ("image", "image2", "image3", "image4", "image5")
TEXT_COMMANDS = tuple(name for name in in_menu(Menu.SLASH) if not COMMANDS[name].paints)  # without options
EPHEMERAL_COMMANDS = (*TEXT_COMMANDS, "model", "admin")  # answered to the user alone
ALL_CONTEXTS = AppCommandContext(guild=True, dm_channel=True, private_channel=True)
ALL_INSTALLATIONS = AppInstallationType(guild=True, user=True)
ARGUMENT_OPTIONS: Mapping[Argument, tuple[str, type]] = {
    Argument.USER: ("user", str),
    Argument.CREDITS: ("credits", int),
    Argument.JOB: ("job", str),
    Argument.PAUSED: ("target", str),
    Argument.PROVIDER: ("provider", str),
    Argument.WORDS: ("words", str),
}
"""Name and type of the option for each argument of a subcommand."""
_USER_MENTION_OR_ID = re.compile(r"<@!?(\d+)>|(\d{15,20})")

Interaction = discord.Interaction[Any]
Callback = Callable[..., Coroutine[Any, Any, None]]


class CommandCallbacks(Protocol):
    """What commands call. The gateway client runs them by `run_interaction`, so that it is not closed in the middle."""

    async def handle_paint_command(
        self,
        interaction: Interaction,
        command: str,
        prompt: str,
        images: Sequence[discord.Attachment],
        mask: discord.Attachment | None,
        options: Mapping[str, str],
    ) -> None: ...

    async def handle_text_command(self, interaction: Interaction, command: str, args: str) -> None: ...

    async def handle_message_menu(self, interaction: Interaction, message: discord.Message) -> None: ...

    async def handle_delete_menu(self, interaction: Interaction, message: discord.Message) -> None: ...


class TextTranslator(app_commands.Translator):
    """Our texts in Discord's languages; the English ones are the fallback that Discord has anyway."""

    async def translate(
        self, string: locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        key = string.extras.get("key")
        ours = negotiate_locale(locale.value, "")
        given = {name: value for name, value in string.extras.items() if name != "key"}
        return None if key is None or ours in ("", "en") else translate(ours, key, **given)


def add_commands(
    tree: app_commands.CommandTree[Any],
    callbacks: CommandCallbacks,
    capabilities: Callable[[], Capabilities],
    prices: Callable[[], PriceList],
) -> None:
    """Fills the tree. What can be chosen, and what it costs, comes from the configured providers, as they are now."""
    for name in PAINT_COMMANDS:
        tree.add_command(_paint_command(name, callbacks, capabilities, prices))
    for name in TEXT_COMMANDS:
        tree.add_command(_text_command(name, callbacks))
    if offered_models(capabilities().models):
        tree.add_command(_model_command(callbacks, capabilities))
    tree.add_command(_admin_group(callbacks))

    async def edit_image(interaction: Interaction, message: discord.Message) -> None:
        await interaction.client.run_interaction(interaction, callbacks.handle_message_menu(interaction, message))

    async def delete_picture(interaction: Interaction, message: discord.Message) -> None:
        await interaction.client.run_interaction(interaction, callbacks.handle_delete_menu(interaction, message))

    for name, callback in (("discord-menu-edit", edit_image), ("discord-menu-delete", delete_picture)):
        tree.add_command(
            app_commands.ContextMenu(
                name=_localized(name),
                callback=callback,
                allowed_contexts=ALL_CONTEXTS,
                allowed_installs=ALL_INSTALLATIONS,
            )
        )


async def sync_commands(tree: app_commands.CommandTree[Any], storage: AdapterStorage, application_id: int) -> bool:
    """Writes the commands to Discord where they differ from those that were last written. Returns whether it did.

    Raises discord.HTTPException; a database that fails only costs one harmless repetition.
    """
    key = f"{PLATFORM}:commands:{application_id}"
    payload = [
        await command.get_translated_payload(tree, tree.translator) if tree.translator else command.to_dict(tree)
        for command in tree._get_all_commands()  # pyright: ignore[reportPrivateUsage] - as `sync` itself does
    ]
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True, default=str).encode()).hexdigest()
    try:
        if await storage.get_value(key) == digest:
            return False
    except StoreFailed as failed:
        log.warning("hash of the commands not loaded", detail=failed.detail)
    await tree.sync()
    try:
        await storage.set_value(key, digest)
    except StoreFailed as failed:
        log.warning("hash of the commands not saved", detail=failed.detail)
    return True


def matching_sizes(
    typed: str, sizes: Sequence[str], prices: Mapping[str, PriceRange], locale: str
) -> list[app_commands.Choice[str]]:
    """The sizes that contain what is typed so far, those with a price with it; all of them when none does. At most
    MAX_CHOICES."""
    wanted = typed.strip().lower().replace("×", "x")
    matches = [size for size in sizes if wanted in size.lower()] or list(sizes)
    return [app_commands.Choice(name=_priced_name(size, prices, locale), value=size) for size in matches[:MAX_CHOICES]]


def _priced_name(value: str, prices: Mapping[str, PriceRange], locale: str) -> str:
    """A value as it is shown in one language, with its price where it has one of its own."""
    price = prices.get(value)
    if price is None:
        return value
    return translate(locale, "option-price", option=value, price=str(price), credits=price.most)


def matching_choices(typed: str, models: Sequence[Model]) -> list[app_commands.Choice[str]]:
    """The models that have what is typed so far in one of their names; all of them when none does. At most
    MAX_CHOICES."""
    wanted = typed.strip().casefold()
    offered = [each for each in offered_models(models) if len(each.name) <= MAX_CHOICE_CHARS]
    matches = [each for each in offered if any(wanted in name.casefold() for name in (each.name, *each.aliases))]
    return [_priced_choice(each.name, each.price) for each in (matches or offered)[:MAX_CHOICES]]


def parse_user_argument(typed: str) -> str:
    """The key of the user whom an admin means: a mention or a bare id is a user of Discord, anything else is taken
    as it is, without spaces."""
    match = _USER_MENTION_OR_ID.fullmatch(typed.strip())
    return f"{PLATFORM}:{match[1] or match[2]}" if match else "".join(typed.split())


# ---------------------------------------------------------------- the commands, one kind each


def _paint_command(
    name: str,
    callbacks: CommandCallbacks,
    capabilities: Callable[[], Capabilities],
    prices: Callable[[], PriceList],
) -> app_commands.Command[Any, ..., Any]:
    """`/imagine` or `/edit`, with the options that a configured provider can serve."""
    available = capabilities()

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
        model: str | None = None,
        quality: str | None = None,
        n: int | None = None,
    ) -> None:
        images = [each for each in (image, image2, image3, image4, image5) if each is not None]
        values = {"size": size, "model": model, "quality": quality, "n": None if n is None else str(n)}
        options = {option: value for option, value in values.items() if value is not None}
        await interaction.client.run_interaction(
            interaction, callbacks.handle_paint_command(interaction, name, prompt, images, mask, options)
        )

    models = [each for each in offered_models(available.models) if len(each.name) <= MAX_CHOICE_CHARS]
    offered = {"size": offered_sizes(available), "model": models, "quality": available.qualities}
    unavailable = {option for option, values in offered.items() if not values}
    signature = inspect.signature(paint)
    parameters = [each for each in signature.parameters.values() if each.name not in unavailable]
    paint.__signature__ = signature.replace(parameters=parameters)  # pyright: ignore[reportFunctionMemberAccess] - PEP 362
    descriptions = {each.name: _localized(f"discord-option-{_option_text(each.name)}") for each in parameters[1:]}
    described: Callback = app_commands.describe(**descriptions)(paint)
    counts = [app_commands.Choice(name=str(count), value=count) for count in available.allowed_counts[:MAX_CHOICES]]
    described = app_commands.choices(n=counts)(described)
    if models and len(models) <= MAX_CHOICES:
        described = app_commands.choices(model=[_priced_choice(each.name, each.price) for each in models])(described)
    if available.qualities:
        shown = prices().qualities
        qualities = [_priced_choice(each, shown.get(each)) for each in available.qualities[:MAX_CHOICES]]
        described = app_commands.choices(quality=qualities)(described)
    command = _command(name, described)
    if offered_sizes(available):

        async def complete_size(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
            locale = negotiate_locale(interaction.locale.value, "en")
            return matching_sizes(typed, offered_sizes(capabilities()), prices().tiers, locale)

        command.autocomplete("size")(complete_size)
    if len(models) > MAX_CHOICES:
        command.autocomplete("model")(_model_completion(capabilities))
    return command


def _model_command(
    callbacks: CommandCallbacks, capabilities: Callable[[], Capabilities]
) -> app_commands.Command[Any, ..., Any]:
    """`/model`, with the name of one to keep, or alone."""

    async def model(interaction: Interaction, name: str | None = None) -> None:
        await interaction.client.run_event(callbacks.handle_text_command(interaction, "model", name or ""))

    described: Callback = app_commands.describe(name=_localized("discord-option-model-name"))(model)
    command = _command("model", described)
    command.autocomplete("name")(_model_completion(capabilities))
    return command


def _model_completion(
    capabilities: Callable[[], Capabilities],
) -> Callable[[Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]:
    async def complete_model(_: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return matching_choices(typed, capabilities().models)

    return complete_model


def _priced_choice(value: str, price: PriceRange | None) -> app_commands.Choice[str]:
    """A value with its price, where that is to be shown; names too long are shortened, and sent in whole."""
    if price is None:
        return app_commands.Choice(name=value[:MAX_CHOICE_CHARS], value=value)
    text = {"option": shorten(value, MAX_MODEL_CHARS), "price": str(price), "credits": price.most}
    return app_commands.Choice(
        name=locale_str(translate("en", "option-price", **text), key="option-price", **text), value=value
    )


def _text_command(name: str, callbacks: CommandCallbacks) -> app_commands.Command[Any, ..., Any]:
    async def run(interaction: Interaction) -> None:
        await interaction.client.run_interaction(interaction, callbacks.handle_text_command(interaction, name, ""))

    return _command(name, run)


def _admin_group(callbacks: CommandCallbacks) -> app_commands.Group:
    """`/admin`, shown to who may manage the guild; the core refuses it to others than its admins."""
    group = app_commands.Group(
        name=_localized("discord-name-admin", "admin"),
        description=_localized("hint-admin"),
        default_permissions=discord.Permissions(manage_guild=True),
        allowed_contexts=ALL_CONTEXTS,
        allowed_installs=ALL_INSTALLATIONS,
    )

    for subcommand in COMMANDS["admin"].subcommands:
        if Menu.SLASH not in subcommand.menus:
            continue
        options = [ARGUMENT_OPTIONS[argument] for argument in subcommand.arguments]
        described = app_commands.describe(**{name: _localized(f"discord-option-{name}") for name, _ in options})
        group.add_command(
            app_commands.Command(
                name=_localized(f"discord-name-{subcommand.name}", subcommand.name),
                description=_localized(f"discord-hint-{subcommand.name}"),
                callback=described(_admin_callback(subcommand, callbacks)),
            )
        )
    return group


def _admin_callback(subcommand: Subcommand, callbacks: CommandCallbacks) -> Callback:
    """A callback with the options of the subcommand's arguments. It hands over the words that a user would type."""

    async def run(interaction: Interaction, **filled: str | int | None) -> None:
        values = {name: value for name, value in filled.items() if value is not None}
        words = [subcommand.name]
        if "words" in values:  # which follow what is paused
            values.setdefault("target", "bot")
        for argument in subcommand.arguments:
            if (given := values.get(ARGUMENT_OPTIONS[argument][0])) is None:
                continue
            value = str(given)
            words.append(parse_user_argument(value) if argument is Argument.USER else value)
        await interaction.client.run_interaction(
            interaction, callbacks.handle_text_command(interaction, "admin", " ".join(words))
        )

    first, *_ = inspect.signature(run).parameters.values()
    options = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind)
        if argument not in OPTIONAL_ARGUMENTS
        else inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind | None, default=None)
        for argument, (name, kind) in ((each, ARGUMENT_OPTIONS[each]) for each in subcommand.arguments)
    ]
    run.__signature__ = inspect.Signature([first, *options])  # pyright: ignore[reportFunctionMemberAccess] - PEP 362
    return run


def _command(name: str, callback: Callback) -> app_commands.Command[Any, ..., Any]:
    return app_commands.Command(
        name=_localized(f"discord-name-{name}", name),
        description=_localized(f"hint-{name}"),
        callback=callback,
        allowed_contexts=ALL_CONTEXTS,
        allowed_installs=ALL_INSTALLATIONS,
    )


def _localized(key: str, fallback: str | None = None) -> locale_str:
    """A name or description that the translator finds by its key. `fallback`: what all other languages see, the
    English text unless it is given."""
    return locale_str(translate("en", key) if fallback is None else fallback, key=key)


def _option_text(option: str) -> str:
    """The key of an option's description: all further images are described alike."""
    return "more" if option in IMAGE_OPTIONS[1:] else option
