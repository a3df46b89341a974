"""The questions of `easel init`: each answer is tested at once, and asked for again where it is not accepted.

What flags have given is not asked for; without a terminal nothing is, and what is missing is a mistake.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import typer

from adapters.setup import probes
from adapters.setup.answers import Answers, BotAnswers, ProviderAnswers
from adapters.setup.proposals import known_models, proposed_price
from bot.errors import EaselError, SettingsWrong
from bot.intake.commands import is_user_key
from bot.providers.presets import PRESETS
from bot.settings import Server

UNTESTED = "--no-test writes it without asking anybody"
NAMED_MODELS = 3  # of a preset, beside its name
REFUSED = {"a": "type another one", "s": "try the same again", "k": "keep it as it is"}
"""What can be done about an answer that was not accepted."""


class Dialogue:
    """Completes answers. `asks`: somebody is at a terminal; `tests`: answers are tested over the network."""

    def __init__(self, *, asks: bool, tests: bool) -> None:
        self._asks = asks
        self._tests = tests

    def choose_preset(self, given: str | None) -> str:
        """The preset of the provider. Raises SettingsWrong."""
        names = tuple(PRESETS)
        if given is not None and given not in names:
            raise SettingsWrong([f"--provider: there is no {given}; there are {', '.join(names)}"])
        if given is not None:
            return given
        if not self._asks:
            raise SettingsWrong([f"--provider: name the upstream that paints: {', '.join(names)}"])
        typer.echo("Who paints? deploy/PROVIDERS.md says what each of them has.")
        for name in names:
            typer.echo(f"  {name:<{max(map(len, names))}}  {', '.join(known_models(name)[:NAMED_MODELS])}")
        while (said := str(typer.prompt(f"Provider ({', '.join(names)})", default="openai")).strip()) not in names:
            typer.echo("None of these.", err=True)
        return said

    def complete(self, answers: Answers, *, playground: bool | None) -> Answers:
        """Fills in what is missing. `playground`: None where no flag says it. Raises SettingsWrong."""
        _refuse_both("--api-key", answers.provider.api_key, answers.provider.api_key_file)
        _refuse_both("--telegram-token", answers.telegram.token, answers.telegram.token_file)
        _refuse_both("--discord-token", answers.discord.token, answers.discord.token_file)
        self._complete_provider(answers.provider)
        self._complete_bot("Telegram", "BotFather gives it: /newbot", answers.telegram, probes.ask_telegram)
        self._complete_bot("Discord", "Developer Portal, Bot, Reset Token", answers.discord, probes.ask_discord)
        has_bot = answers.telegram.is_given or answers.discord.is_given
        answers.playground = self._wants_playground(playground, has_bot=has_bot)
        if self._asks and has_bot and not answers.admins:
            answers.admins = _ask_admins()
        answers.allow_hosts = tuple(dict.fromkeys((*answers.allow_hosts, *_own_hosts(answers.provider))))
        return answers

    # ------------------------------------------------------------ the provider

    def _complete_provider(self, provider: ProviderAnswers) -> None:
        preset = PRESETS[provider.preset]
        if preset.base_url is None and provider.base_url is None:
            if not self._asks:
                raise SettingsWrong([f"--base-url: {provider.preset} has no address of its own"])
            provider.base_url = str(typer.prompt("Address of its API (https://…)")).strip()
        needs_key = preset.base_url is not None and provider.base_url is None
        if provider.api_key is None and provider.api_key_file is None:
            if self._asks:
                provider.api_key = _ask_secret("Its key", is_needed=needs_key)
            elif needs_key:
                raise SettingsWrong([f"--api-key, or --api-key-file: {provider.preset} needs one"])
        self._until_accepted(
            provider.preset, lambda: probes.ask_provider(provider), lambda: self._ask_key_again(provider)
        )
        if self._asks and not provider.models:
            provider.models = self._ask_models(provider)

    def _ask_key_again(self, provider: ProviderAnswers) -> None:
        provider.api_key, provider.api_key_file = _ask_secret("Its key", is_needed=True), None

    def _ask_models(self, provider: ProviderAnswers) -> tuple[str, ...]:
        """Its models, proposed from the preset's table as far as the upstream lists them."""
        proposed = known_models(provider.preset)
        if self._tests and (listed := asyncio.run(probes.models_of(provider))):
            proposed = tuple(each for each in proposed if each in listed) or proposed
        typer.echo("Models, with what is proposed as their price in credits an image:")
        for each in proposed:
            typer.echo(f"  {each}  {proposed_price(provider.preset, provider.base_url, each)}")
        said = str(typer.prompt("Models, the preferred one first, with blanks between", default=proposed[0]))
        return tuple(dict.fromkeys(said.replace(",", " ").split()))

    # ------------------------------------------------------------ the platforms

    def _complete_bot(
        self, platform: str, where: str, bot: BotAnswers, probe: Callable[[BotAnswers], Awaitable[str]]
    ) -> None:
        if not bot.is_given and self._asks:
            bot.token = _ask_secret(f"Token of the {platform} bot, Enter for none ({where})", is_needed=False)

        def ask_again() -> None:
            bot.token_file = None
            bot.token = _ask_secret(f"Token of the {platform} bot, Enter for none", is_needed=False)

        self._until_accepted(platform, lambda: probe(bot), ask_again, wanted=lambda: bot.is_given)

    def _wants_playground(self, given: bool | None, *, has_bot: bool) -> bool:
        if given is not None:
            return given
        if self._asks:
            return typer.confirm("Serve the local page as well, for this machine only?", default=not has_bot)
        return not has_bot  # else there is nothing to run

    def _until_accepted(
        self,
        subject: str,
        probe: Callable[[], Awaitable[str]],
        ask_again: Callable[[], None],
        *,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Tests an answer, and asks for it again as long as it is refused. Raises SettingsWrong without a terminal."""
        while self._tests and wanted():
            try:
                said = asyncio.run(_run(probe))
            except EaselError as error:
                problems = (
                    error.problems if isinstance(error, SettingsWrong) else [error.detail or type(error).__name__]
                )
                if not self._asks:
                    raise SettingsWrong([f"{subject}: {'; '.join(problems)} ({UNTESTED})"]) from error
                typer.echo(f"{subject}: {'; '.join(problems)}", err=True)
                chosen = _ask_what_next()
                if chosen == "k":
                    return
                if chosen == "a":
                    ask_again()
            else:
                typer.echo(f"{subject}: {said}")
                return


async def _run(probe: Callable[[], Awaitable[str]]) -> str:
    return await probe()


def _refuse_both(flag: str, secret: str | None, file: Path | None) -> None:
    if secret is not None and file is not None:
        raise SettingsWrong([f"{flag}, {flag}-file: set one of them"])


def _ask_secret(question: str, *, is_needed: bool) -> str | None:
    """Not shown while it is typed. None: nothing was."""
    while True:
        said = str(typer.prompt(question, hide_input=True, default="", show_default=False)).strip()
        if said or not is_needed:
            return said or None
        typer.echo("One is needed; Ctrl+C ends, and nothing is written.", err=True)


def _ask_what_next() -> str:
    choices = ", ".join(f"{key}: {what}" for key, what in REFUSED.items())
    while (said := str(typer.prompt(f"What now ({choices})", default="a")).strip().lower()) not in REFUSED:
        typer.echo("None of these.", err=True)
    return said


def _ask_admins() -> tuple[str, ...]:
    while True:
        said = str(
            typer.prompt("Admins, as telegram:123 or discord:456; Enter for none", default="", show_default=False)
        )
        admins = tuple(said.replace(",", " ").split())
        if all(is_user_key(each) for each in admins):
            return admins
        typer.echo("An admin has the form platform:id.", err=True)


def _own_hosts(provider: ProviderAnswers) -> tuple[str, ...]:
    """The upstream on this machine, whose pictures are at a private address."""
    parts = urlsplit(provider.base_url or "")
    if parts.hostname is None or not Server(host=parts.hostname).is_loopback:
        return ()
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return (f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}",)
