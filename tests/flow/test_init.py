"""`easel init`: from an empty folder to a picture; what it writes and refuses, and that it leaves nothing behind."""

import asyncio
import json
import os
import pty
import select
import stat
import sys
import tomllib
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, cast

import pytest

from adapters.cli import main
from adapters.setup import settings_file
from adapters.setup.answers import Answers, BotAnswers, ProviderAnswers
from adapters.setup.proposals import known_models, proposed_price
from adapters.setup.settings_file import compose, write_new
from bot.errors import SettingsWrong
from bot.providers.presets import PRESETS
from bot.sandbox import Sandbox
from bot.settings import load, variables
from tests.servers.discord import DiscordServer
from tests.servers.telegram import TelegramServer
from tests.support import PROJECT
from tests.support.forked import easel_command, forked
from tests.support.waiting import TIMEOUT_S, wait_until

TOKEN = "700001:" + "A" * 35
KEY = 'odd "key" \\ with ü'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_logging: None) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def easel(monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    """The exit code of a command; None for 0."""
    monkeypatch.setattr(sys, "argv", ["easel", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or None


def in_folder(folder: str, *words: str) -> None:
    """`easel WORD…` in a folder, in the child."""
    os.chdir(folder)
    easel_command(*words)


# ---------------------------------------------------------------- the first day


class EaselCommand(Protocol):
    """A child process, forked or of an interpreter of its own."""

    @property
    def stdout(self) -> asyncio.StreamReader: ...
    def terminate(self) -> None: ...
    async def wait(self) -> int: ...


@asynccontextmanager
async def started(folder: Path, *words: str, stderr: Path, is_fresh: bool = False) -> AsyncGenerator[EaselCommand]:
    """`easel WORD…` in a folder; `is_fresh`: of an interpreter of its own, as from a shell."""
    if not is_fresh:
        async with forked(in_folder, str(folder), *words, stderr=stderr) as child:
            yield child
        return
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EASEL_", "COV_"))}
    command = (sys.executable, "-c", "from adapters.cli import main; main()", *words)
    with stderr.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environment | {"PYTHONPATH": str(PROJECT)}, stdout=PIPE, stderr=errors
        )
    try:
        yield cast(EaselCommand, process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ended(folder: Path, *words: str, is_fresh: bool = False) -> tuple[int, str, str]:
    """Exit code and output of a process of its own."""
    stderr = folder.parent / "stderr"
    async with started(folder, *words, stderr=stderr, is_fresh=is_fresh) as child:
        said = (await child.stdout.read()).decode()
        code = await child.wait()
    return code, said, stderr.read_text()


@pytest.mark.parametrize(
    "is_fresh", [pytest.param(False, id="forked"), pytest.param(True, id="fresh", marks=pytest.mark.thorough)]
)
@pytest.mark.thorough
async def test_from_an_empty_folder_to_pictures_on_both_platforms(tmp_path: Path, is_fresh: bool) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    async with Sandbox(edge=64, pace=0) as sandbox, TelegramServer() as telegram, DiscordServer() as discord:
        ada = telegram.add_user("Ada")
        private = telegram.private(ada)
        bea = discord.world.add_user("Bea")
        channel = discord.world.add_channel(discord.world.add_guild("Painters"), name="art")
        flags = ["--provider", "sandbox", "--base-url", sandbox.address, "--api-key", "sandbox", "--port", "0"]
        flags += ["--telegram-token", telegram.token, "--telegram-api-base", telegram.api_base]
        (folder / "discord-token").write_text(f"{discord.token}\n")
        flags += ["--discord-token-file", "discord-token", "--discord-api-base", discord.api_base]
        code, said, wrong = await ended(folder, "init", *flags, is_fresh=is_fresh)
        assert code == 0, wrong
        assert f"Telegram: is @{telegram.core.world.bot.username}" in said
        assert f"Discord: is {discord.world.bot.name}" in said
        assert "easel.toml is written, for you alone to read" in said
        assert stat.S_IMODE((folder / "easel.toml").stat().st_mode) == 0o600
        assert sorted(os.listdir(folder)) == ["discord-token", "easel.toml"]
        code, said, wrong = await ended(folder, "check", "--json", is_fresh=is_fresh)
        assert code == 0, said + wrong
        assert json.loads(said)["ok"] is True
        assert sorted(os.listdir(folder)) == ["discord-token", "easel.toml"]
        async with started(folder, "run", stderr=folder / "log", is_fresh=is_fresh) as running:
            telegram.say(ada, private, "a red fox")
            await discord.until(lambda: discord.gateway.connected)
            discord.say(bea, channel, f"<@{discord.world.bot.id}> a blue fox")

            def is_painted() -> bool:
                messages = discord.world.messages.values()
                return any(each.photo for each in private.messages.values()) and any(
                    each.attachments for each in messages if each.author is discord.world.bot
                )

            await wait_until(is_painted)
            running.terminate()
            assert await running.wait() == 0
        assert "Traceback" not in (folder / "log").read_text()
    assert sorted(request.prompt for request in sandbox.requests) == ["a blue fox", "a red fox"]


# ---------------------------------------------------------------- flags


def test_without_a_test_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ["--provider", "openai", "--api-key", KEY.replace(" ", "").replace("ü", "u"), "--no-test"]
    flags += ["--telegram-token", TOKEN, "--admin", "telegram:1", "--admin", "discord:2", "--user-daily", "7"]
    flags += ["--public-url", "https://easel.example", "--locale", "ru", "--model", "gpt-image-1.5", "--price", "3"]
    assert easel(monkeypatch, "init", *flags) is None
    settings = load()
    assert settings.telegram.token is not None
    assert settings.telegram.token.get_secret_value() == TOKEN
    assert (settings.admins, settings.limits.user_daily) == (("telegram:1", "discord:2"), 7)
    assert (settings.server.public_url, settings.locale) == ("https://easel.example", "ru")
    [provider] = settings.providers
    assert [(each.name, each.price) for each in provider.models] == [("gpt-image-1.5", 3)]
    assert not settings.playground.enabled


def test_secrets_may_stay_in_their_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k-1\n")
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    flags = ["--provider", "evolink", "--api-key-file", "key", "--discord-token-file", "token", "--no-test"]
    assert easel(monkeypatch, "init", *flags) is None
    assert "k-1" not in Path("easel.toml").read_text()
    settings = load()
    assert settings.discord.token is not None
    assert settings.discord.token.get_secret_value() == TOKEN
    assert settings.providers[0].api_key is not None


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ([], "--provider: name the upstream that paints: acedata, "),
        (["--provider", "opneai"], "--provider: there is no opneai; there are acedata, "),
        (["--provider", "openai"], "--api-key, or --api-key-file: openai needs one"),
        (["--provider", "relay", "--api-key", "k"], "--base-url: relay has no address of its own"),
        (["--provider", "openai", "--api-key", "k", "--api-key-file", "f"], "--api-key, --api-key-file: set one"),
        (["--provider", "openai", "--api-key", "k", "--price", "many"], "what was given is not valid TOML"),
        (["--provider", "openai", "--api-key", "k", "--price", "{ huge = 1 }"], "huge is nothing that it paints"),
        (["--provider", "openai", "--api-key", "k", "--admin", "me"], "must be platform:id, such as telegram:123"),
        (["--provider", "openai", "--api-key", "k", "--public-url", "http://x"], "must be an https address"),
        (["--provider", "openai", "--api-key", "k", "--config", "no/easel.toml"], "there is no folder"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], flags: list[str], says: str
) -> None:
    assert easel(monkeypatch, "init", "--no-test", *flags) == 2
    assert says in capsys.readouterr().err
    assert os.listdir() == []


async def test_a_key_that_is_not_accepted_is_not_written(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox:
        flags = ["--provider", "sandbox", "--base-url", sandbox.address, "--api-key", "wrong"]
        code, _, wrong = await ended(tmp_path, "init", *flags)
    assert code == 2
    assert "check api_key" in wrong
    assert "--no-test writes it" in wrong
    assert os.listdir() == []


@pytest.mark.parametrize("kind", ["file", "link"])
def test_nothing_is_overwritten(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    if kind == "file":
        Path("easel.toml").write_text("locale = 'zh'\n")
    else:
        Path("easel.toml").symlink_to("elsewhere")
    before = os.listdir()
    assert easel(monkeypatch, "init", "--provider", "openai", "--api-key", "k", "--no-test") == 2
    assert "easel.toml: exists already; easel init overwrites nothing" in capsys.readouterr().err
    assert os.listdir() == before
    assert kind == "link" or Path("easel.toml").read_text() == "locale = 'zh'\n"


def test_a_file_that_appears_meanwhile_is_not_overwritten_either() -> None:
    Path("easel.toml").write_text("locale = 'zh'\n")
    with pytest.raises(SettingsWrong, match="overwrites nothing"):
        write_new(Path("easel.toml"), "locale = 'ru'\n")
    assert os.listdir() == ["easel.toml"]
    assert Path("easel.toml").read_text() == "locale = 'zh'\n"


def test_an_interrupted_write_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(settings_file.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_new(Path("easel.toml"), "locale = 'ru'\n")
    assert os.listdir() == []


# ---------------------------------------------------------------- what is proposed and written


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_has_proposals_that_its_file_accepts(preset: str) -> None:
    base_url = "https://relay.example/v1"
    models = known_models(preset)
    assert models[0] == PRESETS[preset].model
    provider = ProviderAnswers(preset=preset, base_url=base_url, api_key="k", models=models)
    document = tomllib.loads(compose(Answers(provider=provider, playground=True)))
    assert [each["name"] for each in document["providers"][0]["models"]] == list(models)


def test_prices_follow_what_a_model_offers() -> None:
    assert proposed_price("openai", None, "gpt-image-2").startswith("{ low = 1, medium = 4, high = 16")
    assert proposed_price("acedata", None, "gemini-2.5-flash-image") == "1"
    assert proposed_price("openai", None, "dall-e-3").startswith("{ standard = 1, hd = 2")


def test_every_character_of_a_secret_survives() -> None:
    bot = BotAnswers(token='a"b\\c\tü\x7f')
    answers = Answers(provider=ProviderAnswers(preset="sandbox", base_url="http://127.0.0.1:9"), telegram=bot)
    assert tomllib.loads(compose(answers))["telegram"]["token"] == bot.token
    assert "ü" not in repr(answers)


# ---------------------------------------------------------------- a terminal


class Terminal:
    """What a person sees and types: a pseudo-terminal with `easel init` behind it."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.shown = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            command = "from adapters.cli import main; main()"
            os.execv(sys.executable, [sys.executable, "-c", command, "init", *words])  # noqa: S606 - no shell is meant

    async def until(self, text: str) -> None:
        """Reads until the text is shown behind what was read before. The blank behind a hidden question comes once what
        is typed is hidden."""
        await asyncio.to_thread(self._read_until, text)

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def ended(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(status)

    def _read_until(self, text: str) -> None:
        new = ""
        while text not in new:
            readable, _, _ = select.select([self.descriptor], [], [], TIMEOUT_S)
            assert readable, f"{text!r} is not shown, but {self.shown!r}"
            read = os.read(self.descriptor, 4096).decode(errors="replace")
            new += read
            self.shown += read


async def test_a_person_is_asked_and_nothing_secret_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    async with Sandbox(pace=0) as sandbox:
        terminal = Terminal(tmp_path, "--telegram-token", TOKEN, "--no-test")
        await terminal.until("Provider (")
        terminal.type("nobody\n")
        await terminal.until("None of these.")
        terminal.type("sandbox\n")
        await terminal.until("Address of its API")
        terminal.type(f"{sandbox.address}\n")
        await terminal.until("Its key: ")
        terminal.type("hush-hush\n")
        await terminal.until("Models, the preferred one first")
        terminal.type("\n")
        await terminal.until("Reset Token): ")
        terminal.type("\n")
        await terminal.until("Serve the local page as well")
        terminal.type("y\n")
        await terminal.until("Admins, as telegram:123")
        terminal.type("telegram:5\n")
        await terminal.until("easel.toml is written")
        assert terminal.ended() == 0
    assert "hush-hush" not in terminal.shown
    settings = await asyncio.to_thread(load)
    assert settings.providers[0].api_key is not None
    assert settings.providers[0].api_key.get_secret_value() == "hush-hush"
    assert (settings.admins, settings.playground.enabled) == (("telegram:5",), True)


@pytest.mark.thorough
async def test_ctrl_c_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    terminal = Terminal(tmp_path, "--provider", "openai", "--no-test")
    await terminal.until("Its key: ")
    terminal.type("\x03")
    await terminal.until("Aborted")
    assert terminal.ended() == 1
    assert os.listdir(tmp_path) == []


async def test_an_answer_that_is_refused_is_tried_again_or_typed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    async with Sandbox(pace=0) as sandbox:
        terminal = Terminal(tmp_path, "--provider", "sandbox", "--base-url", sandbox.address)
        await terminal.until("Its key: ")
        terminal.type("wrong\n")
        await terminal.until("What now (a: type another one, s: try the same again, k: keep it as it is)")
        terminal.type("?\n")
        await terminal.until("None of these.")
        terminal.type("s\n")
        await terminal.until("What now")
        terminal.type("\n")
        await terminal.until("Its key: ")
        terminal.type("\n")
        await terminal.until("One is needed; Ctrl+C ends, and nothing is written.\r\nIts key: ")
        terminal.type("sandbox\n")
        for question in ("[gpt-4o-image]: ", "/newbot): ", "Reset Token): ", "Serve the local page as well"):
            await terminal.until(question)
            terminal.type("\n")
        await terminal.until("easel.toml is written")
        assert terminal.ended() == 0
    assert "wrong" not in terminal.shown
    [provider] = (await asyncio.to_thread(load)).providers
    assert provider.api_key is not None
    assert provider.api_key.get_secret_value() == "sandbox"
