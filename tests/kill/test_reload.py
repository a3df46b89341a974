"""Settings that change while Easel runs: what holds at once, what running jobs keep, and what is only said."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

from adapters.reloading import changed_keys, is_reloaded, stamp_of
from bot.sandbox import Sandbox
from bot.settings import Settings
from tests.servers.telegram import Chat, TelegramServer
from tests.support.databases import query
from tests.support.forked import easel_command, forked
from tests.support.waiting import wait_until


class Configured:
    """A settings file, and what is logged of it."""

    def __init__(self, folder: Path, sandbox: Sandbox, telegram: TelegramServer) -> None:
        self.folder = folder
        self.file = folder / "easel.toml"
        self.key = folder / "key"
        self.key.write_text("sandbox\n")
        self._head = (
            f'database_url = "sqlite:///{folder / "easel.db"}"\nserver.port = 0\n'
            f'fetch.allow_hosts = ["{sandbox.address.removeprefix("http://")}"]\n'
            f'telegram = {{ token = "{telegram.token}", api_base = "{telegram.api_base}" }}\n'
        )
        self._provider = (
            f'[[providers]]\npreset = "sandbox"\nbase_url = "{sandbox.address}"\napi_key_file = "{self.key}"\n'
        )

    def write(self, *, price: int, daily: int, further: str = "") -> None:
        self.file.write_text(f"{self._head}limits.user_daily = {daily}\n{further}{self._provider}price = {price}\n")

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in (self.folder / "log").read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]


def charged(folder: Path) -> list[tuple[Any, ...]]:
    return query(f"sqlite:///{folder / 'easel.db'}", "SELECT prompt, charged FROM job ORDER BY created")


def pictures(chat: Chat) -> int:
    return sum(message.photo is not None for message in chat.messages.values())


async def test_new_prices_keys_and_limits_hold_at_once_and_running_jobs_keep_theirs(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def wait_for_release(_: float) -> None:
        await release.wait()

    async with Sandbox(edge=64, sleep=wait_for_release) as sandbox, TelegramServer() as telegram:
        ada = telegram.add_user("Ada")
        chat = telegram.private(ada)
        configured = Configured(tmp_path, sandbox, telegram)
        further = 'log.format = "json"\n'
        configured.write(price=2, daily=10, further=further)
        words = ("run", "--config", str(configured.file))
        async with forked(easel_command, *words, stderr=tmp_path / "log") as running:
            telegram.say(ada, chat, "a red fox")
            await wait_until(lambda: sandbox.running == 1)

            # what is broken changes nothing, and is said
            configured.file.write_text("limits = {\n")
            running.send_signal(signal.SIGHUP)
            await wait_until(lambda: bool(configured.logged("settings not reloaded, the old ones hold")))
            [wrong] = configured.logged("settings not reloaded, the old ones hold")
            assert "is not valid TOML" in wrong["problem"]

            # what can be reloaded is; what cannot is named
            configured.write(price=5, daily=20, further=further + "drain_s = 7\nlocale = 'ru'\n")
            running.send_signal(signal.SIGHUP)
            await wait_until(lambda: bool(configured.logged("settings need a restart")))
            assert configured.logged("settings reloaded")[-1]["changed"] == ["providers", "limits.user_daily"]
            assert configured.logged("settings need a restart")[-1]["keys"] == ["locale", "drain_s"]
            telegram.say(ada, chat, "a blue fox")
            await wait_until(lambda: sandbox.running == 2)
            release.set()
            await wait_until(lambda: pictures(chat) == 2)
            await wait_until(lambda: [each[1] for each in charged(tmp_path)] == [2, 5])

            # a key that changes in its file is taken over without any signal
            configured.key.write_text("another\n")
            await wait_until(lambda: len(configured.logged("settings reloaded")) == 2)
            telegram.say(ada, chat, "a green fox")
            await wait_until(lambda: bool(configured.logged("upstream failed")))
            assert "BadCredentials" in configured.logged("upstream failed")[-1]["failure"]
            configured.key.write_text("sandbox\n")
            await wait_until(lambda: len(configured.logged("settings reloaded")) == 3)
            telegram.say(ada, chat, "a white fox")
            await wait_until(lambda: pictures(chat) == 3)
            running.terminate()
            assert await running.wait() == 0
        log = (tmp_path / "log").read_text()
        assert "another" not in log
        telegram.violations.clear()


def test_keys_that_differ_are_named_and_values_are_not() -> None:
    before = Settings()
    after = Settings.model_validate(
        {
            "telegram": {"token": "1:secret"},
            "limits": {"user_daily": 1, "user_strikes": 9},
            "access": {"blocked_words": ["x"]},
            "providers": [{"preset": "openai", "api_key": "k"}],
        }
    )
    changed = changed_keys(before, after)
    assert set(changed) == {
        "telegram.token",
        "limits.user_daily",
        "limits.user_strikes",
        "access.blocked_words",
        "providers",
    }
    assert {key for key in changed if not is_reloaded(key)} == {"telegram.token", "limits.user_strikes"}
    assert changed_keys(after, after) == []


def test_a_file_that_is_written_replaced_or_gone_is_seen(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    stamps = [stamp_of([link])]
    file.write_text("a")
    link.symlink_to(file)
    stamps.append(stamp_of([link]))
    file.write_text("ab")
    stamps.append(stamp_of([link]))
    (tmp_path / "next").write_text("ab")  # as Kubernetes swaps the link of a mount
    link.unlink()
    link.symlink_to(tmp_path / "next")
    stamps.append(stamp_of([link]))
    assert len(set(stamps)) == len(stamps)
