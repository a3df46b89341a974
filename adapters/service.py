"""`easel run` and `easel demo` as coroutines: core, adapters and HTTP server together, until a signal says stop.

Knows every adapter; what an operator types and reads on the terminal stands in `cli`.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import structlog

from adapters.http.server import HttpServer
from adapters.playground import Playground
from bot.app import App
from bot.errors import EaselError, SettingsWrong
from bot.ports import ChatPort
from bot.sandbox import Sandbox
from bot.settings import Fetch, Provider, Settings

log = structlog.get_logger()

DEMO_FOLDER = Path(".easel")
DEMO_DRAIN_S = 1.0  # whoever stops a demo wants it stopped; its jobs are told about at the next start


class RealClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def nobody(address: str) -> None:
    """Whom the address of a server does not interest."""


async def run(settings: Settings, *, ready: Callable[[str], None] = nobody) -> None:
    """Serves until SIGTERM or SIGINT, then drains. `ready` is told the HTTP server's address.

    Raises SettingsWrong when the settings do not add up to something that runs.
    """
    await serve(settings, stop=stop_on_signals(), ready=ready)


async def serve(settings: Settings, *, stop: asyncio.Event, ready: Callable[[str], None] = nobody) -> None:
    """As `run`, until `stop` is set."""
    if problems := missing_adapters(settings):
        raise SettingsWrong(problems)
    async with AsyncExitStack() as opened:
        ports: dict[str, ChatPort] = {}
        playground = None
        server = HttpServer(settings.server.host, settings.server.port)
        if settings.playground.enabled:
            playground = Playground(path=settings.playground.path, host=settings.server.host)
            ports[playground.platform] = playground
            await opened.enter_async_context(playground)
        app = await App.open(settings, ports, RealClock())
        opened.push_async_callback(app.close)
        server.check("database", lambda: reason(app))
        if playground is not None:
            playground.attach(app.desk)
            server.mount(playground)
        await app.start()
        if settings.server.enabled:
            await server.start()
            opened.push_async_callback(server.stop)
            ready(server.address)
        log.info("easel runs", adapters=sorted(ports))
        await stop.wait()
        log.info("easel stops")


async def demo(settings: Settings, *, ready: Callable[[str], None]) -> None:
    """The playground on a sandbox upstream of its own; everything it keeps lies in `./.easel/`."""
    await asyncio.to_thread(DEMO_FOLDER.mkdir, exist_ok=True)
    async with Sandbox(previews=True) as sandbox:
        address = sandbox.address
        await run(
            settings.model_copy(
                update={
                    "database_url": f"sqlite:///{DEMO_FOLDER / 'easel.db'}",
                    "providers": (
                        Provider.model_validate(
                            {"preset": "sandbox", "base_url": address, "api_key": "sandbox"}
                        ),
                    ),
                    "fetch": Fetch(allow_hosts=(address.removeprefix("http://"),)),
                    "playground": settings.playground.model_copy(
                        update={"enabled": True, "path": DEMO_FOLDER / "playground.db"}
                    ),
                    "admins": settings.admins or ("playground:amber",),
                    "drain_s": DEMO_DRAIN_S,
                }
            ),
            ready=ready,
        )


def missing_adapters(settings: Settings) -> list[str]:
    """What keeps `easel run` from having anything to run."""
    problems = [
        f"{name}.token: this version has no adapter for {name.title()}"
        for name, table in (("discord", settings.discord), ("telegram", settings.telegram))
        if table.token is not None
    ]
    if not problems and not settings.playground.enabled:
        problems.append("playground.enabled: no adapter is switched on; there is nothing to run")
    return problems


async def reason(app: App) -> str | None:
    """Why the database does not answer; None when it does."""
    try:
        await app.store.ping()
    except EaselError as failed:
        return type(failed).__name__
    return None


def stop_on_signals() -> asyncio.Event:
    """Set once the process is asked to end."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
