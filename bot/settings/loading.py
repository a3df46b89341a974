"""Reading the settings: a TOML file and the environment become one `Settings`. Only here the environment is read.

Nothing is opened or connected but files of settings; each mistake becomes one line that names its key.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from bot.errors import SettingsWrong
from bot.settings.mistakes import for_operator
from bot.settings.providers import ProviderModel
from bot.settings.secret_files import SecretFiles
from bot.settings.tables import Moderation, Settings
from bot.settings.types import MODERATION_CATEGORIES, OPENAI_URL, PREFIX, similar_name

DEFAULT_FILE = Path("easel.toml")
AUTO_TITLE = "auto"  # what members type who want no certain model
NOT_OURS = ("EASEL_SPECS", "EASEL_TEST_DATABASE_URL")  # read by the tests


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSettings:
    """Settings and where they came from."""

    settings: Settings
    files: tuple[Path, ...]
    """The TOML file, whether it is there or not, and every file that a secret was read from: who changes one, changes
    the settings."""


def load(config: Path | None = None) -> Settings:
    """The settings of `config` (None: easel.toml where present), the environment, and the files that they name.

    Raises SettingsWrong with one line per mistake, each naming its key.
    """
    return load_with_files(config).settings


def load_with_files(config: Path | None = None) -> LoadedSettings:
    """As `load`, for who reads them again when a file changes."""
    values = _read_file(config)
    known = variables()
    misspelt = sorted(_misspelt_variables(os.environ))
    problems = [f"{name}: unknown environment variable{similar_name(name, known)}" for name in misspelt]
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsWrong(problems + [explain(each) for each in error.errors(include_url=False)]) from None
    except SettingsError as error:
        field = re.search(r'field "(\w+)"', str(error))
        key = field[1] if field else "environment"
        raise SettingsWrong([*problems, f"{key}: {PREFIX}{key.upper()} must be JSON"]) from None
    secrets = SecretFiles(os.environ)
    settings = secrets.fill_in(settings)
    if problems := problems + (secrets.problems or _contradictions(settings)):
        raise SettingsWrong(problems)
    files = (DEFAULT_FILE if config is None else config, *secrets.files)
    return LoadedSettings(settings=settings, files=tuple(dict.fromkeys(files)))


def in_operators_words(problems: Sequence[str], config: Path | None) -> list[str]:
    """Mistakes with the file or the variable that each stands in. `config`: as of `load`."""
    path = DEFAULT_FILE if config is None else config
    try:
        in_file = tuple(_read_file(config))
    except SettingsWrong:
        in_file = ()
    return [for_operator(each, file=path, in_file=in_file, environ=os.environ) for each in problems]


def nothing_configured(config: Path | None = None) -> str | None:
    """Says where settings were looked for, where there are none at all; else None."""
    path = DEFAULT_FILE if config is None else config
    if path.is_file() or any(name.upper() in variables() for name in os.environ):
        return None
    return f"no {path} in {Path.cwd()}, and no {PREFIX}… variables; easel demo shows Easel without any settings"


def keys() -> tuple[str, ...]:
    """Every key there is, dotted; those of a list's entries with `*` (`providers.*.name`)."""
    return tuple(_dotted_keys(Settings, ""))


def variables() -> tuple[str, ...]:
    """Every environment variable that is understood: tables and lists as a whole too."""
    plain = [key for key in keys() if "*" not in key]
    whole = [key.partition(".")[0] for key in keys()] + [key.partition(".*")[0] for key in keys() if "*" in key]
    return tuple(dict.fromkeys(PREFIX + key.upper().replace(".", "__") for key in plain + whole))


def _read_file(config: Path | None) -> dict[str, Any]:
    path = DEFAULT_FILE if config is None else config
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if config is None:
            return {}
        raise SettingsWrong([f"{path}: no such file"]) from None
    except OSError as error:
        raise SettingsWrong([f"{path}: cannot be read ({error.strerror})"]) from None
    except UnicodeDecodeError:
        raise SettingsWrong([f"{path}: is not UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsWrong([f"{path}: is not valid TOML: {error}"]) from None


def _contradictions(settings: Settings) -> list[str]:
    """What no table can see alone."""
    problems: list[str] = []
    if settings.telegram.mode == "webhook" and settings.server.public_url is None:
        problems.append("telegram.mode: webhook needs server.public_url")
    if settings.telegram.mode == "webhook" and not settings.server.enabled:
        problems.append("telegram.mode: webhook needs server.enabled")
    if settings.playground.enabled and not (settings.server.enabled and settings.server.is_loopback):
        problems.append("playground.enabled: needs the server, on a loopback server.host such as 127.0.0.1")
    if settings.admin_page.enabled and not settings.server.enabled:
        problems.append("admin_page.enabled: needs server.enabled")
    if settings.admin_page.enabled and not settings.admins:
        problems.append("admin_page.enabled: needs somebody in admins; nobody else may sign in")
    problems += _moderation_problems(settings.moderation)
    if settings.backup.every is not None and not settings.database_url.startswith("sqlite"):
        problems.append(
            "backup.every: PostgreSQL is backed up with its own pg_dump or pg_basebackup (deploy/BACKUP.md)"
        )
    names = [each.name for each in settings.providers]
    problems += [
        f"providers.{at}.name: there is another provider {name}" for at, name in enumerate(names) if name in names[:at]
    ]
    for at, provider in enumerate(settings.providers):
        problems += [f"providers.{at}.{problem}" for problem in _repeated_models(provider.models)]
    return problems


def _repeated_models(models: Sequence[ProviderModel]) -> Iterator[str]:
    """Models of one provider that have a name of an earlier one, at the upstream or among members."""
    names: set[str] = set()
    titles: set[str] = set()
    for at, model in enumerate(models):
        title = (model.label or model.name).casefold()
        if model.name.casefold() in names:
            yield f"models.{at}.name: there is another model {model.name}"
        elif title == AUTO_TITLE:
            yield f"models.{at}.name: auto stands for any model; set a label"
        elif title in titles:
            yield f"models.{at}.label: there is another model {model.label or model.name}"
        names.add(model.name.casefold())
        titles.add(title)


def _moderation_problems(moderation: Moderation) -> list[str]:
    """What OpenAI's own endpoint needs; another may need no key, and have other categories."""
    if not moderation.enabled or moderation.base_url.rstrip("/") != OPENAI_URL:
        return []
    problems = [] if moderation.api_key else [f"moderation.api_key: {OPENAI_URL} needs one"]
    return problems + [
        f"moderation.{key}: there is no category {name}{similar_name(name, MODERATION_CATEGORIES)}"
        for key, names in (("categories", moderation.categories), ("thresholds", moderation.thresholds))
        for name in names
        if name not in MODERATION_CATEGORIES
    ]


def explain(error: ErrorDetails) -> str:
    """One of pydantic's findings in our words; never the value, which may be a secret."""
    path = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        generic = ".".join("*" if isinstance(each, int) else each for each in error["loc"])
        if (meant := similar_name(path, _lists_of_tables())) and "." not in path:
            return f"{path}: unknown key{meant.replace('did you mean ', 'did you mean [[').replace('?', ']]?')}"
        return f"{path}: unknown key{similar_name(generic, keys(), shown=path)}"
    if error["type"] == "tuple_type" and path in _lists_of_tables() and isinstance(error["input"], Mapping):
        return f"{path}: write [[{path}]], in double brackets, before each of them"
    if error["type"] == "value_error":
        return f"{path}: {error['ctx']['error']}" if "ctx" in error else f"{path}: {error['msg']}"
    reason = re.sub(r"valid (?:tuple|list)\b", "list", error["msg"])
    reason = re.sub(r"valid dictionary(?: or instance of \w+)?", "table", reason)
    return f"{path}: {reason[:1].lower()}{reason[1:]}"


def _lists_of_tables() -> tuple[str, ...]:
    """The keys of lists whose entries are tables, such as `providers`."""
    return tuple(dict.fromkeys(key.partition(".*.")[0] for key in keys() if ".*." in key))


def _misspelt_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Variables that were meant for us but are none of ours.

    Kubernetes sets EASEL_PORT and EASEL_SERVICE_HOST for a service called easel: what only shares our prefix
    is left alone, and a mistake must resemble a name of ours.
    """
    known = variables()
    single = [name for name in known if "__" not in name]
    flattened = [name.replace("__", "_") for name in known]
    for name in environ:
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper in known or upper in NOT_OURS:
            continue
        table, nested, _ = upper.removeprefix(PREFIX).partition("__")
        if nested:
            misspelt = table.lower() not in Settings.model_fields  # the model itself says the rest
        else:
            misspelt = upper in flattened or bool(get_close_matches(upper, single, n=1, cutoff=0.85))
        if misspelt:
            yield name


def _dotted_keys(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        entries = [each for each in get_args(inner) if isinstance(each, type) and issubclass(each, BaseModel)]
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _dotted_keys(inner, f"{prefix}{name}.")
        elif entries:
            yield from _dotted_keys(entries[0], f"{prefix}{name}.*.")
        else:
            yield prefix + name
