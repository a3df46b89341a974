"""What an operator reads after a mistake: one line for each, which names the file or the variable, and what to do."""

import socket
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.cli import main
from bot.settings import variables

RELAY = "[[providers]]\npreset = 'relay'\nbase_url = 'http://127.0.0.1:9'\n"
PAGE = "playground.enabled = true\nserver.port = 0\n"
FIRST = "easel.toml: the first [[providers]]: "
TELEGRAM_FORM = "telegram.token: is no bot token, which looks like 123456789:AAF…"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_logging: None) -> Path:
    """An empty one, in which the commands run, without any variable of the machine's."""
    monkeypatch.chdir(tmp_path)
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def taken_port() -> Generator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        yield taken.getsockname()[1]


def easel(monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    """The exit code of a command; None for 0."""
    monkeypatch.setattr(sys, "argv", ["easel", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


MISTAKES: tuple[tuple[str, str | None, dict[str, str], str], ...] = (
    (
        "run",
        None,
        {},
        "no easel.toml in {folder}, and no EASEL_… variables; easel demo shows Easel without any settings",
    ),
    (
        "run",
        RELAY,
        {},
        "discord.token, telegram.token, playground.enabled: none is set, so that there is nothing to run",
    ),
    ("check --config other.toml", None, {}, "other.toml: no such file"),
    ("check", "playground = {", {}, "easel.toml: is not valid TOML: "),
    ("check", "[providers]\npreset = 'openai'", {}, "easel.toml: providers: write [[providers]], in double brackets, "),
    ("check", "[[provider]]\npreset = 'openai'", {}, "easel.toml: provider: unknown key; did you mean [[providers]]?"),
    (
        "check",
        "[limits]\nuser_daly = 5",
        {},
        "easel.toml: limits.user_daly: unknown key; did you mean limits.user_daily?",
    ),
    ("check", "[limits]\nuser_daily = -1", {}, "easel.toml: limits.user_daily: "),
    ("check", None, {"EASEL_LIMITS__USER_DAILY": "many"}, "EASEL_LIMITS__USER_DAILY: limits.user_daily: "),
    ("check", "[limits]\nuser_daily = 5", {"EASEL_LIMITS__USER_DAILY": "-1"}, "EASEL_LIMITS__USER_DAILY: limits."),
    (
        "check",
        None,
        {"EASEL_LIMTS__USER_DAILY": "1"},
        "EASEL_LIMTS__USER_DAILY: unknown environment variable; did you ",
    ),
    ("check", None, {"EASEL_PROVIDERS": "[{"}, "EASEL_PROVIDERS: providers: EASEL_PROVIDERS must be JSON"),
    ("check", None, {"EASEL_PROVIDERS": '[{"preset": "opnai"}]'}, "EASEL_PROVIDERS: the first [[providers]]: preset: "),
    ("check", RELAY + "api_kye = 'k'", {}, FIRST + "api_kye: unknown key; did you mean api_key?"),
    ("check", RELAY + "price = -1", {}, FIRST + "price: "),
    ("check", "[[providers]]\npreset = 'relay'", {}, FIRST + "base_url: "),
    ("run", PAGE + "[[providers]]\npreset = 'openai'", {}, FIRST + "api_key: openai needs one"),
    ("run", RELAY + "[telegram]\ntoken = 'my bot'", {}, f"easel.toml: {TELEGRAM_FORM}"),
    ("run", RELAY, {"EASEL_TELEGRAM__TOKEN": "my bot"}, f"EASEL_TELEGRAM__TOKEN: {TELEGRAM_FORM}"),
    ("run", RELAY, {"EASEL_DISCORD__TOKEN": "secret"}, "EASEL_DISCORD__TOKEN: discord.token: is no bot token, which "),
    (
        "run",
        "server.host = '0.0.0.0'\nplayground.enabled = true",
        {},
        "easel.toml: playground.enabled: needs the server",
    ),
    ("run", PAGE + "database_url = 'sqlite:///none/easel.db'", {}, "easel.toml: database_url: the folder "),
    ("quota show telegram:1", None, {}, "database_url: easel.db does not exist yet; easel run makes it"),
)


@pytest.mark.parametrize(("command", "file", "environment", "line"), MISTAKES)
def test_a_mistake_is_one_line_that_says_where_and_what(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    file: str | None,
    environment: dict[str, str],
    line: str,
) -> None:
    if file is not None:
        Path("easel.toml").write_text(file, encoding="utf-8")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert easel(monkeypatch, *command.split()) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert said.err.startswith(f"easel: {line.format(folder=folder)}")
    assert not list(folder.glob("*.db"))


def test_what_a_member_would_read_is_not_what_the_operator_reads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("room.db").mkdir()
    Path("easel.toml").write_text(f"{PAGE}playground.path = 'room.db'\n{RELAY}", encoding="utf-8")
    assert easel(monkeypatch, "run") == 1
    said = capsys.readouterr().err
    assert said.startswith("easel: easel.toml: playground.path: room.db cannot be opened (")
    assert "charged" not in said


def test_a_check_calls_missing_settings_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert easel(monkeypatch, "check") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"FAIL  settings: no easel.toml in {folder}, and no EASEL_… variables; easel demo")
    assert "FAIL  providers: none is configured; nobody could paint" in lines
    assert not any("understood" in line for line in lines)


def test_a_check_tries_the_port_and_the_folders(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], taken_port: int
) -> None:
    where = f"127.0.0.1:{taken_port}"
    text = f"{RELAY}[server]\nport = {taken_port}\n[playground]\nenabled = true\npath = '/proc/room.db'\n"
    Path("easel.toml").write_text(text, encoding="utf-8")
    assert easel(monkeypatch, "check") == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"FAIL  server: server.port: cannot listen on {where} (Address already in use)" in lines
    assert any(line.startswith("FAIL  playground.path: /proc cannot be written (") for line in lines)


def test_a_check_tells_tokens_without_asking_a_platform(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EASEL_TELEGRAM__TOKEN", "hush")
    monkeypatch.setenv("EASEL_SERVER__PORT", "0")
    assert easel(monkeypatch, "check") == 1
    said = capsys.readouterr().out
    assert f"FAIL  settings: {TELEGRAM_FORM}\n" in said
    assert "hush" not in said
    assert "telegram: " not in said


def test_the_version_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert easel(monkeypatch, "--version") in (0, None)
    assert capsys.readouterr().out.startswith("easel 0.")


def test_credits_are_a_plain_number_beside_the_database_that_they_stand_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("easel.toml").write_text("[limits]\nuser_daily = 7\n", encoding="utf-8")
    assert easel(monkeypatch, "quota", "grant", "telegram:1", "3") in (0, None)
    capsys.readouterr()
    assert easel(monkeypatch, "quota", "show", "telegram:1") in (0, None)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("10\n", "in easel.db:\n")
