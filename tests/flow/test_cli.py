"""What an operator types: `easel check` changes nothing, a demo is alone with itself, the sandbox explains itself."""

import asyncio
import gc
import os
import signal
import socket
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters import doctor, service
from adapters.cli import main
from adapters.demo import demo_settings, free_port
from adapters.preconditions import missing_adapters
from adapters.service import serve
from bot.sandbox import Sandbox
from bot.settings import Settings, load
from bot.store.maintenance import upgrade
from tests.support import PROJECT
from tests.support.databases import query

EASEL = (sys.executable, "-c", "from adapters.cli import main; main()")


def database(address: str) -> Settings:
    return Settings.model_validate({"database_url": address})


async def finding(address: str) -> doctor.Finding:
    return next(each for each in await doctor.run_checks(database(address)) if each.subject == "database")


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


# ---------------------------------------------------------------- easel check


async def test_a_check_makes_no_database(tmp_path: Path) -> None:
    found = await finding(f"sqlite:///{tmp_path}/easel.db")
    assert found.is_ok
    assert found.message == f"{tmp_path}/easel.db does not exist yet; easel run makes it"
    assert os.listdir(tmp_path) == []


async def test_a_check_says_where_several_processes_may_be_that_the_playground_is_of_one(empty_database: str) -> None:
    settings = Settings.model_validate({"database_url": empty_database, "playground": {"enabled": True}})
    said = [each.message for each in await doctor.run_checks(settings) if each.subject == "playground"]
    assert ["belongs to one process" in each for each in said] == [True] * (not empty_database.startswith("sqlite"))


async def test_a_check_of_a_folder_that_is_not_there_fails(tmp_path: Path) -> None:
    found = await finding(f"sqlite:///{tmp_path}/nowhere/easel.db")
    assert not found.is_ok
    assert "nowhere does not exist" in found.message


async def test_a_check_of_a_database_leaves_every_byte(tmp_path: Path) -> None:
    await upgrade(f"sqlite:///{tmp_path}/easel.db")
    before = contents(tmp_path)
    found = await finding(f"sqlite:///{tmp_path}/easel.db")
    assert (found.is_ok, found.message) == (True, "answers, and its tables are up to date")
    assert contents(tmp_path) == before


async def test_outdated_tables_are_told_of_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "easel.db").touch()
    found = await finding(f"sqlite:///{tmp_path}/easel.db")
    assert not found.is_ok
    assert "easel db upgrade" in found.message
    assert contents(tmp_path) == {"easel.db": b""}


async def test_a_check_of_postgresql_makes_no_tables(empty_database: str) -> None:
    if empty_database.startswith("sqlite"):
        return
    found = await finding(empty_database)
    assert not found.is_ok
    assert "easel db upgrade" in found.message
    assert query(empty_database, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public'") == [
        (0,)
    ]


@pytest.mark.parametrize(
    ("given", "good", "says"),
    [
        ({"preset": "sandbox"}, True, "accepts the key"),
        ({"preset": "sandbox", "api_key": "wrong"}, False, "check api_key"),
        ({"preset": "sandbox", "base_url": "{address}/nowhere"}, False, "check base_url, preset and model"),
        ({"preset": "sandbox", "base_url": "http://127.0.0.1:9"}, False, "cannot be reached"),
        ({"preset": "sandbox", "dialect": "tasks"}, True, "shows at the first painting"),
        ({"preset": "evolink", "base_url": "{address}/evolink"}, True, "shows at the first painting"),
        ({"preset": "evolink", "base_url": "{address}/evolink", "api_key": "wrong"}, False, "check api_key"),
        ({"preset": "toapis", "base_url": "{address}/toapis"}, True, "accepts the key"),
        ({"preset": "openai", "base_url": "{address}/v1"}, True, "accepts the key"),
        ({"preset": "openai", "base_url": "{address}/v1", "api_key": "wrong"}, False, "check api_key"),
        ({"preset": "openai", "base_url": "{address}/v1", "model": "gpt-image-1"}, False, "it has gpt-image-1-mini"),
        ({"preset": "openai", "base_url": "{address}/v2"}, False, "check base_url, preset and model"),
        ({"preset": "openai-hk", "base_url": "{address}/hk/v1"}, True, "accepts the key"),
        ({"preset": "azure", "base_url": "{address}"}, True, "accepts the key"),
    ],
)
async def test_a_check_asks_each_provider_without_painting(given: dict[str, str], good: bool, says: str) -> None:
    async with Sandbox(pace=0) as sandbox:
        values = {"base_url": "{address}", "api_key": "sandbox"} | given
        provider = {name: value.replace("{address}", sandbox.address) for name, value in values.items()}
        found = (await doctor.run_checks(Settings.model_validate({"providers": [provider]})))[-1]
        assert (found.subject, found.is_ok) == (f"provider {given['preset']}", good)
        assert says in found.message
        assert "wrong" not in found.message
        assert sandbox.requests == []


async def test_a_check_says_what_members_are_offered_of_each_model(tmp_path: Path) -> None:
    models = [{"name": "gpt-image-2", "label": "Best", "price": 4}, {"name": "our-own", "qualities": ["low"]}]
    provider = {"preset": "evolink", "base_url": "http://127.0.0.1:9", "models": models, "max_references": 2}
    found = await doctor.run_checks(Settings.model_validate({"providers": [provider]}))
    assert [(each.subject, each.message) for each in found[-4:-1]] == [
        (
            "provider evolink offers Best",
            "sizes auto, 1:1, 2:3, 3:2, 3:4, 4:3, 4:5, 5:4, 9:16, 16:9, 21:9, 1:2, 2:1, 1:3, 3:1, 9:21, 1K, 2K, 4K, "
            "WxH in steps of 16 up to 3840, at most 3:1, 655,360 to 8,294,400 pixels; qualities low, medium, high; "
            "images 1-10; references 2; prompts up to 32,000 characters; masks by marked copies; credits an image 4",
        ),
        (
            "provider evolink offers our-own",
            "sizes auto, 1:1, 2:3, 3:2, 3:4, 4:3, 4:5, 5:4, 9:16, 16:9, 21:9, 1:2, 2:1, 1:3, 3:1, 9:21, 1K, 2K, 4K, "
            "WxH in steps of 16 up to 3840, at most 3:1, 655,360 to 8,294,400 pixels; qualities low; "
            "images 1-10; references 2; prompts up to 32,000 characters; masks by marked copies; credits an image 1",
        ),
        (
            "provider evolink offers our-own",
            "is in no table of the preset evolink: offered as gpt-image-2; set family, or sizes and the like",
        ),
    ]
    assert found[-1].subject == "provider evolink"


async def test_a_check_says_what_stands_in_the_presets_place() -> None:
    provider = {
        "preset": "openai",
        "base_url": "http://127.0.0.1:9",
        "models": ["gpt-image-2", "gpt-image-1.5"],
        "auth_prefix": "Token ",
        "wire": {"partial_images": 0, "headers": {"X-Secret": "hush"}},
        "extra": {"moderation": "low"},
    }
    found = await doctor.run_checks(Settings.model_validate({"providers": [provider]}))
    assert [each.message for each in found if each.subject == "provider openai sets"] == [
        'auth_prefix = "Token "; wire.headers: X-Secret; extra: moderation; wire.partial_images = 0'
    ]


async def test_a_check_tells_what_is_set_for_one_model_from_what_is_set_for_all() -> None:
    models = [
        "gpt-image-2",
        {"name": "gpt-image-1.5", "label": "Old", "wire": {"partial_images": 3}, "extra": {"a": 1}},
    ]
    provider = {"preset": "openai", "base_url": "http://127.0.0.1:9", "models": models, "wire": {"n_field": "count"}}
    found = await doctor.run_checks(Settings.model_validate({"providers": [provider]}))
    assert {each.subject: each.message for each in found if " sets" in each.subject} == {
        "provider openai sets": 'wire.n_field = "count"',
        "provider openai sets for Old": "extra: a; wire.partial_images = 3",
    }


@pytest.mark.forms(3)
@pytest.mark.usefixtures("kept_logging")
@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("provider", "line"),
    [
        (
            'tiers = ["2K"]\nmodels = ["gpt-4o-image"]',
            "tiers: requests for gpt-4o-image have no field for it; leave it out",
        ),
        (
            'wire = { size_feild = "x" }',
            "wire.size_feild: unknown key; did you mean wire.size_field?",
        ),
        (
            "wire.partial_images = 2",
            "wire.partial_images: unknown key; the dialect tasks has none, images has",
        ),
        (
            'extra = { prompt = "x" }',
            "extra.prompt: Easel sends this field itself; its name is wire.prompt_field",
        ),
    ],
)
def test_what_a_wire_cannot_carry_ends_a_command_with_its_key(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    provider: str,
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("easel.toml").write_text(
        f'playground.enabled = true\n[[providers]]\npreset = "evolink"\napi_key = "k"\n{provider}\n', encoding="utf-8"
    )
    monkeypatch.setattr(sys, "argv", ["easel", command])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"easel: easel.toml: the first [[providers]]: {line}\n"


@pytest.mark.parametrize(
    ("given", "good", "says"),
    [
        ({}, True, "while it does not, nothing is painted"),
        ({"when_unavailable": "allow"}, True, "while it does not, all is painted"),
        ({"api_key": "wrong"}, False, "check api_key"),
        ({"base_url": "{address}/nowhere"}, False, "check base_url"),
        ({"base_url": "http://127.0.0.1:9", "timeout_s": 0.1}, False, "cannot be reached"),
    ],
)
async def test_a_check_asks_the_moderation_about_something_harmless(
    given: dict[str, Any], good: bool, says: str
) -> None:
    async with Sandbox(pace=0) as sandbox:
        values = {"enabled": True, "base_url": "{address}", "api_key": "sandbox"} | given
        values["base_url"] = str(values["base_url"]).replace("{address}", sandbox.address)
        found = (await doctor.run_checks(Settings.model_validate({"moderation": values})))[-1]
        assert (found.subject, found.is_ok) == ("moderation", good)
        assert says in found.message
        assert "wrong" not in found.message


# ---------------------------------------------------------------- easel run


def test_a_run_without_a_platform_names_each_way_to_have_one() -> None:
    [problem] = missing_adapters(Settings())
    assert all(key in problem for key in ("discord.token", "telegram.token", "playground.enabled"))


async def test_a_run_serves_the_path_of_callbacks(tmp_path: Path) -> None:
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    values = {
        "database_url": f"sqlite:///{tmp_path}/easel.db",
        "playground": {"enabled": True, "path": tmp_path / "playground.db"},
        "server": {"port": 0, "public_url": "https://easel.example"},
        "providers": [{"preset": "relay", "base_url": "http://127.0.0.1:9"}],
        "drain_s": 0,
    }
    running = asyncio.create_task(serve(Settings.model_validate(values), stop=stop, ready=ready.set_result))
    try:
        async with httpx.AsyncClient(base_url=await ready) as client:
            assert (await client.post("/callbacks/guessed")).status_code == 404
            assert (await client.get("/callbacks/guessed")).status_code == 405
    finally:
        stop.set()
        await running


# ---------------------------------------------------------------- easel demo


async def test_what_is_there_once_a_run_has_begun_is_never_looked_through_for_garbage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is half a million objects, for which the event loop would stand still."""
    seen: list[tuple[bool, int]] = []

    def look(*_: object) -> None:
        seen.append((gc.isenabled(), gc.get_freeze_count()))

    async def serve_nothing(_: Settings, *, ready: Callable[[str], None], **__: object) -> None:
        look()
        ready("")

    monkeypatch.setattr(service, "serve", serve_nothing)
    try:
        await service.run(Settings(), ready=look)
    finally:
        gc.enable()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number)
    (collected_meanwhile, _), (collects, frozen) = seen
    assert (collected_meanwhile, collects) == (False, True)
    assert frozen > 100_000


def test_a_demo_has_no_part_in_the_operators_chats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EASEL_DISCORD__TOKEN", "of the real bot")
    monkeypatch.setenv("EASEL_TELEGRAM__TOKEN", "of the real bot")
    made = demo_settings(load(), "http://127.0.0.1:5")
    assert (made.discord.token, made.telegram.token) == (None, None)
    assert made.fetch.allow_hosts == ("127.0.0.1:5",)
    assert [provider.dialect for provider in made.providers] == ["images", "chat"]
    assert (made.moderation.enabled, made.moderation.base_url) == (True, "http://127.0.0.1:5")
    assert {provider.idle_timeout_s for provider in made.providers} == {
        15
    }  # shorter than the silence that the README asks for


def test_a_demo_takes_the_next_free_port() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        port = one.getsockname()[1]
        assert free_port("127.0.0.1", port) > port
        assert free_port("127.0.0.1", port, count=1) == port  # all are taken: the server says so itself


# ---------------------------------------------------------------- easel sandbox


@pytest.mark.thorough
async def test_the_sandbox_tells_how_it_is_used(tmp_path: Path) -> None:
    ended, said, _ = await sandbox(tmp_path, "--port", "0", stop=True)
    address = said.split()[5].rstrip(",")
    config = tomllib.loads(said.partition("it:\n")[2])
    assert ended == 0
    assert address.startswith("http://127.0.0.1:")
    assert config["providers"] == [{"preset": "sandbox", "base_url": address, "api_key": "sandbox"}]
    assert config["fetch"] == {"allow_hosts": [address.removeprefix("http://")]}


@pytest.mark.thorough
async def test_a_sandbox_without_its_port_ends_with_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended, said, why = await sandbox(tmp_path, "--port", str(port))
    assert (ended, said) == (2, "")
    assert why == f"easel: --port {port}: cannot listen there (Address already in use); choose another\n"


@pytest.mark.thorough
async def test_the_sandbox_takes_a_config_and_says_what_is_wrong_in_it(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('[log]\nlevel = "loud"\n', encoding="utf-8")
    ended, said, why = await sandbox(tmp_path, "--port", "0", "--config", "other.toml")
    assert (ended, said) == (2, "")
    assert why.startswith("easel: other.toml: log.level: ")


async def sandbox(folder: Path, *words: str, stop: bool = False) -> tuple[int | None, str, str]:
    """`easel sandbox` in a folder: its exit code and what it wrote. `stop`: it is asked to end once it runs."""
    return await easel(folder, "sandbox", *words, stop_after=b"allow_hosts" if stop else None)


async def easel(folder: Path, *words: str, stop_after: bytes | None = None) -> tuple[int | None, str, str]:
    """A command in a folder: its exit code and what it wrote. `stop_after`: what it writes before it is stopped."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EASEL_")}
    project = str(PROJECT)
    process = await asyncio.create_subprocess_exec(
        *EASEL, *words,
        cwd=folder, env=environment | {"PYTHONPATH": project},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(120):  # a start from nothing takes seconds, on a busy machine many
            assert process.stdout is not None
            said = b""
            if stop_after is not None:
                said = await process.stdout.readuntil(stop_after)
                process.send_signal(signal.SIGTERM)
            rest, why = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, (said + rest).decode(), why.decode()
