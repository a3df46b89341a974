"""`easel init` as a command: its flags, and from them to a written file.

Imports stand inside of it, so that `easel --help` answers at once.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer


def init(
    provider: Annotated[str | None, typer.Option(help="Preset of the upstream that paints, such as openai.")] = None,
    api_key: Annotated[
        str | None, typer.Option(help="Its key; better in a file, for others see command lines.")
    ] = None,
    api_key_file: Annotated[Path | None, typer.Option(help="File that holds its key; the settings name it.")] = None,
    base_url: Annotated[
        str | None, typer.Option(help="Its address, where the preset has none or another is meant.")
    ] = None,
    model: Annotated[list[str] | None, typer.Option(help="A model; several times for several.")] = None,
    price: Annotated[str | None, typer.Option(help="Credits an image: 4, or { low = 1, high = 16 }.")] = None,
    telegram_token: Annotated[str | None, typer.Option(help="Token of the Telegram bot.")] = None,
    telegram_token_file: Annotated[Path | None, typer.Option(help="File that holds it.")] = None,
    telegram_api_base: Annotated[str | None, typer.Option(help="A Bot API of your own.")] = None,
    discord_token: Annotated[str | None, typer.Option(help="Token of the Discord bot.")] = None,
    discord_token_file: Annotated[Path | None, typer.Option(help="File that holds it.")] = None,
    discord_api_base: Annotated[str | None, typer.Option(help="A proxy of Discord's API.")] = None,
    playground: Annotated[
        bool | None, typer.Option("--playground/--no-playground", help="Serve the local page.")
    ] = None,
    admin: Annotated[list[str] | None, typer.Option(help="platform:id of an admin; several times for several.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the HTTP server.", min=0, max=65535)] = None,
    public_url: Annotated[str | None, typer.Option(help="HTTPS address under which the world reaches it.")] = None,
    database_url: Annotated[str | None, typer.Option(help="sqlite:///FILE.db or postgresql://…")] = None,
    user_daily: Annotated[int | None, typer.Option(help="Credits of everybody each day.", min=0)] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="host:port of an upstream at a private address; several times.")
    ] = None,
    locale: Annotated[str | None, typer.Option(help="Language where a user has none of ours: en, zh, ru.")] = None,
    tests: Annotated[bool, typer.Option("--test/--no-test", help="Test tokens and keys at once.")] = True,
    asks: Annotated[
        bool | None, typer.Option("--ask/--no-ask", help="Ask for what no flag gives; default: at a terminal.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="The file to write; default: easel.toml.")] = None,
) -> None:
    """Ask for keys and tokens, test each, and write easel.toml, for its owner alone; overwrites nothing."""
    from adapters.setup.answers import Answers, BotAnswers, ProviderAnswers
    from adapters.setup.dialogue import Dialogue
    from adapters.setup.settings_file import compose, refuse_existing, write_new
    from bot.settings import DEFAULT_FILE

    path = config or DEFAULT_FILE
    refuse_existing(path)
    is_asked = sys.stdin.isatty() if asks is None else asks
    dialogue = Dialogue(asks=is_asked, tests=tests)
    answers = Answers(
        provider=ProviderAnswers(
            preset=dialogue.choose_preset(provider),
            api_key=api_key,
            api_key_file=api_key_file,
            base_url=base_url,
            models=tuple(model or ()),
            price=price,
        ),
        telegram=BotAnswers(token=telegram_token, token_file=telegram_token_file, api_base=telegram_api_base),
        discord=BotAnswers(token=discord_token, token_file=discord_token_file, api_base=discord_api_base),
        admins=tuple(admin or ()),
        port=port,
        public_url=public_url,
        database_url=database_url,
        user_daily=user_daily,
        allow_hosts=tuple(allow_host or ()),
        locale=locale,
    )
    write_new(path, compose(dialogue.complete(answers, playground=playground)))
    named = "" if config is None else f" --config {path}"
    typer.echo(f"{path} is written, for you alone to read. Next: easel check{named}, then easel run{named}")
