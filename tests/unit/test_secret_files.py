"""Every secret also by file: what is read, and how a mistake is said without showing anything of it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from bot.errors import SettingsWrong
from bot.providers.presets import resolve_providers
from bot.settings import Provider, Settings, in_operators_words, keys, load, load_with_files, variables
from bot.settings.secret_files import MAX_SECRET_BYTES

SECRET = "hush-3f9a"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (*variables(), "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def secret(name: str = "secret", content: str | bytes = f"{SECRET}\n") -> Path:
    path = Path(name).absolute()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def configured(text: str) -> Settings:
    Path("easel.toml").write_text(text, encoding="utf-8")
    return load()


def problems(text: str) -> list[str]:
    with pytest.raises(SettingsWrong) as wrong:
        configured(text)
    assert SECRET not in repr(wrong.value) + "".join(wrong.value.problems)
    return wrong.value.problems


def shown(value: SecretStr | None) -> str | None:
    return None if value is None else value.get_secret_value()


def test_every_secret_has_its_file() -> None:
    def secrets(model: type[BaseModel], prefix: str) -> list[str]:
        return [f"{prefix}{name}" for name, each in model.model_fields.items() if "SecretStr" in repr(each)]

    found = [
        key
        for name, each in Settings.model_fields.items()
        if isinstance(each.annotation, type) and issubclass(each.annotation, BaseModel)
        for key in secrets(each.annotation, f"{name}.")
    ]
    found += [*secrets(Provider, "providers.*."), "database_url", "database_listen_url"]
    assert len(found) >= 7
    assert {f"{key}_file" for key in found} <= set(keys())


@pytest.mark.parametrize("content", [SECRET, f"{SECRET}\n", f"{SECRET}\r\n", f" {SECRET}\n\n", f"\ufeff{SECRET}\n"])
def test_blanks_and_line_breaks_around_a_secret_are_dropped(content: str) -> None:
    settings = configured(f'[telegram]\ntoken_file = "{secret(content=content)}"')
    assert shown(settings.telegram.token) == SECRET


def test_secrets_of_toml_stand_in_files(tmp_path: Path) -> None:
    secret("url", "postgresql://easel:hush@db/easel\n")
    settings = configured(
        f"""
        database_url_file = "url"
        database_listen_url_file = "{secret("listen", "postgresql://easel:hush@pg/easel")}"
        [discord]
        token_file = "{secret("one", "d-1")}"
        [moderation]
        api_key_file = "{secret("two", "m-1")}"
        headers = {{ A = "x" }}
        headers_file = {{ X-Key = "{secret("three", "m-2")}" }}
        [notifications]
        webhook_file = "{secret("hook", "https://hooks.example/n-1")}"
        [[providers]]
        preset = "acedata"
        api_key = "plain"
        [[providers]]
        preset = "openai"
        api_key_file = "{secret("four", "p-1")}"
        wire = {{ headers = {{ A = "x" }}, headers_file = {{ X-Org = "{secret("five", "p-2")}" }} }}
        """
    )
    assert settings.database_url == "postgresql://easel:hush@db/easel"
    assert settings.database_listen_url == "postgresql://easel:hush@pg/easel"
    assert shown(settings.discord.token) == "d-1"
    assert shown(settings.moderation.api_key) == "m-1"
    assert shown(settings.notifications.webhook) == "https://hooks.example/n-1"
    assert {name: shown(value) for name, value in settings.moderation.headers.items()} == {"A": "x", "X-Key": "m-2"}
    [[first], [second]] = resolve_providers([each.model_dump() for each in settings.providers])
    assert first.key == "plain"
    assert second.headers() == {"A": "x", "X-Org": "p-2", "Authorization": "Bearer p-1"}
    for each in ("d-1", "m-1", "m-2", "n-1", "p-1", "p-2", "hush"):
        assert each not in repr(settings)


def test_secrets_of_the_environment_stand_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = {"preset": "openai", "api_key_file": str(secret("key", "p-1\n"))}
    monkeypatch.setenv("EASEL_PROVIDERS", json.dumps([provider]))
    monkeypatch.setenv("EASEL_TELEGRAM__TOKEN_FILE", str(secret("token", "t-1\n")))
    monkeypatch.setenv("EASEL_MODERATION__HEADERS_FILE", json.dumps({"X": str(secret("header", "m-1\n"))}))
    monkeypatch.setenv("EASEL_DATABASE_URL_FILE", str(secret("url", "sqlite:///other.db\n")))
    monkeypatch.setenv("EASEL_DISCORD__TOKEN_FILE", "")  # a compose file hands down what nobody set
    settings = load()
    assert (shown(settings.telegram.token), shown(settings.providers[0].api_key)) == ("t-1", "p-1")
    assert shown(settings.moderation.headers["X"]) == "m-1"
    assert (settings.database_url, settings.discord.token) == ("sqlite:///other.db", None)


@pytest.mark.parametrize("form", ["$CREDENTIALS_DIRECTORY/token", "${CREDENTIALS_DIRECTORY}/token"])
def test_systemd_says_where_its_credentials_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "easel.service"))
    (tmp_path / "easel.service").mkdir()
    secret("easel.service/token")
    assert shown(configured(f'[discord]\ntoken_file = "{form}"').discord.token) == SECRET


def test_a_home_may_be_said_in_short(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    secret("token")
    assert shown(configured('[discord]\ntoken_file = "~/token"').discord.token) == SECRET


def test_the_files_of_settings_are_named_for_who_watches_them(tmp_path: Path) -> None:
    token, key = secret("token"), secret("key")
    Path("easel.toml").write_text(
        f'[telegram]\ntoken_file = "{token}"\n[[providers]]\npreset = "relay"\nbase_url = "http://x"\n'
        f'wire = {{ headers_file = {{ X = "{key}" }} }}\n'
    )
    assert load_with_files().files == (Path("easel.toml"), token, key)
    Path("easel.toml").write_text("")
    assert load_with_files().files == (Path("easel.toml"),)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        (f"{SECRET}\n{SECRET}\n", "must hold the secret alone, in one line"),
        (f"{SECRET}\x00", "must hold the secret alone, in one line"),
        (b"\xff\xfe" + SECRET.encode("utf-16-le"), "is not UTF-8 text"),
        ("x" * (MAX_SECRET_BYTES + 1), "is larger than 16,384 bytes; a secret is one line"),
        (None, "no such file"),
    ],
)
def test_a_file_without_a_secret_is_named_by_its_key(content: str | bytes | None, why: str) -> None:
    path = Path("secret").absolute() if content is None else secret(content=content)
    assert problems(f'[telegram]\ntoken_file = "{path}"') == [f"telegram.token_file: {path}: {why}"]
    listed = problems(f'[[providers]]\npreset = "openai"\napi_key_file = "{path}"')
    assert listed == [f"providers.0.api_key_file: {path}: {why}"]
    [said] = in_operators_words(listed, None)
    assert said == f"easel.toml: the first [[providers]]: api_key_file: {path}: {why}"
    headers = problems(f'[[providers]]\npreset = "openai"\nwire.headers_file = {{ X-Key = "{path}" }}')
    assert headers == [f"providers.0.wire.headers_file: X-Key: {path}: {why}"]


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo("pipe")
    assert problems('[discord]\ntoken_file = "pipe"') == ["discord.token_file: pipe: is no file"]
    assert problems(f'[discord]\ntoken_file = "{tmp_path}"') == [f"discord.token_file: {tmp_path}: is no file"]


def test_a_file_of_somebody_else_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    path = secret()

    def refuse(*_: Any, **__: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # the tests may run as root, who reads everything
    assert problems(f'[discord]\ntoken_file = "{path}"') == [
        f"discord.token_file: {path}: cannot be read (Permission denied)"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[discord]\ntoken = "x"\ntoken_file = "secret"', "discord.token_file: discord.token is set as well"),
        ('[moderation]\napi_key = "x"\napi_key_file = "secret"', "moderation.api_key_file: moderation.api_key is set"),
        ('database_url = "sqlite:///x.db"\ndatabase_url_file = "secret"', "database_url_file: database_url is set"),
        (
            '[[providers]]\npreset = "relay"\nbase_url = "http://x"\napi_key = "x"\napi_key_file = "secret"',
            "providers.0.api_key_file: providers.0.api_key is set as well; set one of them",
        ),
        (
            '[moderation]\nheaders = { x-key = "x" }\nheaders_file = { X-Key = "secret" }',
            "moderation.headers_file: X-Key is set in moderation.headers as well; set one of them",
        ),
        (
            '[[providers]]\npreset = "openai"\nwire = { headers = { X = "x" }, headers_file = { x = "secret" } }',
            "providers.0.wire.headers_file: x is set in providers.0.wire.headers as well; set one of them",
        ),
        (
            '[[providers]]\npreset = "openai"\nwire.headers_file = "secret"',
            "providers.0.wire.headers_file: must be a table of headers, each with the path of a file",
        ),
        ('[discord]\ntoken_fiel = "x"', "discord.token_fiel: unknown key; did you mean discord.token_file?"),
        ("[discord]\ntoken_file = 5", "discord.token_file: input is not a valid path"),
        ('[discord]\ntoken_file = "a\\u0000b"', "discord.token_file: must be the path of a file"),
    ],
)
def test_a_mistake_names_its_key(text: str, line: str) -> None:
    secret()
    [said] = problems(text)
    assert said.startswith(line)


def test_a_secret_of_the_file_and_its_file_of_the_environment_are_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_DISCORD__TOKEN_FILE", str(secret()))
    assert problems('[discord]\ntoken = "x"') == ["discord.token_file: discord.token is set as well; set one of them"]
    assert shown(configured('[discord]\ntoken = ""').discord.token) == SECRET  # a placeholder that nobody filled in


def test_what_is_no_address_is_said_without_it() -> None:
    secret(content=f"mysql://{SECRET}")
    assert problems('database_url_file = "secret"') == [
        "database_url_file: what stands in it must be sqlite:///FILE.db or postgresql://USER:PASSWORD@HOST/NAME"
    ]


def test_what_needs_a_key_has_it_by_its_file() -> None:
    secret()
    settings = configured('[moderation]\nenabled = true\napi_key_file = "secret"')
    assert shown(settings.moderation.api_key) == SECRET
