"""`easel demo` and `easel sandbox` as coroutines: Easel on an upstream of its own, and that upstream alone.

Nothing leaves the machine; what an operator types and reads on the terminal stands in `cli`.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from adapters.service import run
from adapters.stop_signals import stop_on_signals
from bot.errors import SettingsWrong
from bot.sandbox import Sandbox
from bot.settings import Backup, Fetch, Moderation, Notifications, Otel, Provider, Settings
from bot.settings import Discord as DiscordSettings
from bot.settings import Telegram as TelegramSettings
from bot.store.private_files import create_private_folder

DEMO_FOLDER = Path(".easel")
SANDBOX_KEY = "sandbox"
DEMO_SILENCE_S = 15.0  # the sandbox provider's idle timeout: whoever asks for its fault "silence" sees the end soon
DEMO_DRAIN_S = 1.0  # whoever stops a demo wants it stopped; users are notified of unfinished jobs at the next start


async def run_demo(settings: Settings, *, ready: Callable[[str], None]) -> None:
    """Serves the playground on a sandbox upstream of its own; its files stand in `./.easel/`."""
    await asyncio.to_thread(create_private_folder, DEMO_FOLDER)
    async with Sandbox(key=SANDBOX_KEY, previews=True) as upstream:
        await run(demo_settings(settings, upstream.address), ready=ready)


def demo_settings(settings: Settings, address: str) -> Settings:
    """The operator's settings with the sandbox at `address` as the only upstream, the playground as the only platform,
    and a database of their own."""
    common = {
        "preset": "sandbox",
        "base_url": address,
        "api_key": SANDBOX_KEY,
        "idle_timeout_s": DEMO_SILENCE_S,
    }
    # the images dialect can do most; the other one stands behind it, so that a failover can be seen
    providers = ({"name": "images", "dialect": "images"} | common, {"name": "chat", "dialect": "chat"} | common)
    page = {"enabled": True, "path": DEMO_FOLDER / "playground.db"}
    return settings.model_copy(
        update={
            "discord": DiscordSettings(),
            "telegram": TelegramSettings(),
            "database_url": f"sqlite:///{DEMO_FOLDER / 'easel.db'}",
            "providers": tuple(map(Provider.model_validate, providers)),
            "moderation": Moderation(enabled=True, base_url=address, api_key=SecretStr(SANDBOX_KEY)),
            "fetch": Fetch(allow_hosts=(address.removeprefix("http://"),)),
            "playground": settings.playground.model_copy(update=page),
            "backup": Backup(),  # the operator's folder is of the operator's database
            "notifications": Notifications(),  # nobody is to be woken by a demo
            "otel": Otel(),
            "admins": settings.admins or ("playground:amber",),
            "drain_s": DEMO_DRAIN_S,
        }
    )


async def run_sandbox(port: int, pace: float, *, ready: Callable[[str, str], None]) -> None:
    """Serves the sandbox upstream alone, until a signal says stop. `ready` is called with its address and its key.

    Raises SettingsWrong when the port cannot be had.
    """
    stop, _ = stop_on_signals()
    upstream = Sandbox(key=SANDBOX_KEY, port=port, pace=pace)
    try:
        await upstream.start()
        ready(upstream.address, SANDBOX_KEY)
        await stop.wait()
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise SettingsWrong([f"--port {port}: cannot listen there ({why}); choose another"]) from error
    finally:
        await upstream.stop()


def free_port(host: str, first: int, count: int = 20) -> int:
    """The first of `count` ports from `first` on that nobody listens on; `first` where all are taken."""
    for port in range(first, first + count):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a closed one may linger
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    return first
