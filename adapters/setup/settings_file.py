"""The settings file that `easel init` writes: commented, readable by its owner alone, and in one piece or not at all.

Never overwrites anything. What it says is read once as settings before it is written.
"""

import json
import os
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from adapters.setup.answers import Answers, BotAnswers, ProviderAnswers
from adapters.setup.proposals import known_models, proposed_price
from bot.errors import SettingsWrong
from bot.providers.presets import PRESETS, resolve_providers
from bot.settings import Settings
from bot.settings.loading import explain
from bot.store.private_files import FILE_MODE

HEAD = """\
# Settings of Easel, written by `easel init`. Every key there is: deploy/SETTINGS.md. A line with # is not in use.
# Keep this file to yourself, for it may hold keys. After a change: `easel check`.
"""
EXISTS = "exists already; easel init overwrites nothing"


def compose(answers: Answers) -> str:
    """The file's text. Raises SettingsWrong where it would not be understood."""
    text = "\n".join(_parts(answers)) + "\n"
    _understand(text)
    return text


def refuse_existing(path: Path) -> None:
    """Raises SettingsWrong where a file is there, before anybody is asked for anything."""
    if path.exists() or path.is_symlink():
        raise SettingsWrong([f"{path}: {EXISTS}"])
    if not path.absolute().parent.is_dir():
        raise SettingsWrong([f"{path}: there is no folder {path.absolute().parent}"])


def write_new(path: Path, text: str) -> None:
    """Writes a file that must not exist. Raises SettingsWrong; then nothing is there."""
    part: str | None = None
    try:
        descriptor, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)  # mode 600
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, FILE_MODE)
        os.link(part, path)  # unlike a rename, it overwrites nothing
    except FileExistsError:
        raise SettingsWrong([f"{path}: {EXISTS}"]) from None
    except OSError as error:
        raise SettingsWrong([f"{path}: cannot be written ({error.strerror})"]) from None
    finally:
        if part is not None:
            Path(part).unlink(missing_ok=True)


def _understand(text: str) -> None:
    """Raises SettingsWrong with the mistakes of what was answered."""
    try:
        settings = Settings(**tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsWrong([f"what was given is not valid TOML: {error}"]) from None
    except ValidationError as error:
        raise SettingsWrong([explain(each) for each in error.errors(include_url=False)]) from None
    resolve_providers([each.model_dump() for each in settings.providers])


def _parts(answers: Answers) -> Iterator[str]:
    yield HEAD
    if answers.database_url is not None:
        yield f"database_url = {_text(answers.database_url)}"
    else:
        yield '# database_url = "sqlite:///easel.db"      # or postgresql://…'
    if answers.admins:
        yield f"admins = {_texts(answers.admins)}  # may give /admin commands"
    else:
        yield '# admins = ["telegram:123456789"]          # may give /admin commands'
    if answers.locale is not None:
        yield f"locale = {_text(answers.locale)}"
    yield ""
    yield from _provider(answers.provider)
    yield from _bot("telegram", answers.telegram, "BotFather's; deploy/TELEGRAM.md")
    yield from _bot("discord", answers.discord, "of the developer portal; deploy/DISCORD.md")
    yield from _others(answers)


def _provider(provider: ProviderAnswers) -> Iterator[str]:
    """The provider with its models and prices; further models that the preset knows as comments."""
    yield "# Who paints. Several are tried in their order; deploy/PROVIDERS.md."
    yield "[[providers]]"
    yield f"preset = {_text(provider.preset)}"
    if provider.base_url is not None:
        yield f"base_url = {_text(provider.base_url)}"
    yield from _secret("api_key", provider.api_key, provider.api_key_file, placeholder="your-key")
    models = provider.models or (PRESETS[provider.preset].model,)
    others = [each for each in known_models(provider.preset) if each not in models]
    yield "# price: credits for one image, by quality, and factors by size; what a picture costs you is for you to say"
    yield "models = ["
    for model in models:
        yield _model(provider, model)
    for model in others:
        yield f"#{_model(provider, model)}"
    yield "]"
    yield ""


def _model(provider: ProviderAnswers, model: str) -> str:
    price = provider.price or proposed_price(provider.preset, provider.base_url, model)
    return f"  {{ name = {_text(model)}, price = {price} }},"


def _bot(platform: str, bot: BotAnswers, where: str) -> Iterator[str]:
    if not bot.is_given:
        yield f"# [{platform}]"
        yield f'# token = "…"                                # {where}'
        yield ""
        return
    yield f"[{platform}]"
    yield from _secret("token", bot.token, bot.token_file)
    if bot.api_base is not None:
        yield f"api_base = {_text(bot.api_base)}"
    yield ""


def _others(answers: Answers) -> Iterator[str]:
    yield "# The local page, for this machine only."
    yield "[playground]"
    yield f"enabled = {'true' if answers.playground else 'false'}"
    yield ""
    yield "[limits]"
    daily = 50 if answers.user_daily is None else answers.user_daily
    yield f"user_daily = {daily}  # credits that everybody gets each day"
    yield ""
    if (answers.database_url or "sqlite").startswith("sqlite"):
        yield "# Copies of the database while Easel runs: how often, and how many stay."
        yield "[backup]"
        yield 'every = "1d"'
        yield "keep = 7"
        yield ""
    if answers.port is not None or answers.public_url is not None:
        yield "[server]"
        if answers.port is not None:
            yield f"port = {answers.port}"
        if answers.public_url is not None:
            yield f"public_url = {_text(answers.public_url)}"
        yield ""
    if answers.allow_hosts:
        yield "# Upstreams on this machine or network, whose results are at private addresses."
        yield "[fetch]"
        yield f"allow_hosts = {_texts(answers.allow_hosts)}"
        yield ""


def _secret(key: str, value: str | None, file: Path | None, *, placeholder: str | None = None) -> Iterator[str]:
    if file is not None:
        yield f"{key}_file = {_text(str(file))}"
    elif value is not None:
        yield f"{key} = {_text(value)}  # or {key}_file, the path of a file that holds it"
    elif placeholder is not None:
        yield f'# {key} = "{placeholder}"'


def _text(value: str) -> str:
    """A basic string of TOML: JSON's escapes are all among its own."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _texts(values: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_text, values))}]"
