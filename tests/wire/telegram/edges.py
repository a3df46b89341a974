"""What tests of Telegram's edges share: time that can be hurried, a memory that can be away, Easel behind a webhook.

Asserts nothing by itself.
"""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from adapters.http.server import HttpServer
from adapters.telegram.client import Telegram
from bot.app import App
from bot.chat import Answer, Press
from bot.errors import StoreFailed
from bot.ports import Memory
from bot.settings import Settings
from tests.telegram_server import Message, Pressed, User
from tests.wire.house import Clock, polled
from tests.wire.telegram.easel import Easel, Town, connected


class Impatient(Clock):
    """Time in which nobody waits long: pauses from `skips` seconds on are over at once. `slept`: all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.skips = math.inf
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0.01 if seconds >= self.skips else seconds)


@dataclass(slots=True)
class Forgetful:
    """The adapter's memory, in a database that is `away` at times."""

    real: Memory
    away: bool = False
    refused: int = 0
    writes: list[str] = field(default_factory=list[str])

    async def remember(self, key: str, value: str) -> None:
        self._look()
        self.writes.append(key)
        await self.real.remember(key, value)

    async def recall(self, key: str) -> str | None:
        self._look()
        return await self.real.recall(key)

    async def stash(self, key: str, data: bytes) -> None:
        self._look()
        await self.real.stash(key, data)

    async def stashed(self, key: str) -> bytes | None:
        self._look()
        return await self.real.stashed(key)

    def _look(self) -> None:
        if self.away:
            self.refused += 1
            raise StoreFailed(detail="away for a test")


@dataclass(slots=True, kw_only=True)
class Wired(Easel):
    """A running bot whose parts a test can reach."""

    web: HttpServer
    memory: Forgetful


def hurried(place: Town, skips: float = math.inf) -> Impatient:
    """The clock of every Easel that is started from now on."""
    clock = Impatient()
    clock.skips = skips
    place.clock = clock
    return clock


@asynccontextmanager
async def wired(place: Town, *, waits: bool = True, **telegram: Any) -> AsyncGenerator[Wired]:
    """As `Town.easel`, on a memory that can be away, and with its HTTP server up: behind it where `mode` is
    webhook."""
    values: dict[str, Any] = {
        "database_url": f"sqlite:///{place.folder / 'easel.db'}",
        "providers": [{"preset": "sandbox", "base_url": place.sandbox.address, "api_key": "sandbox"}],
        "fetch": {"allow_hosts": [place.sandbox.address.removeprefix("http://")]},
        "drain_s": 0,
        "admins": [f"telegram:{place.ada.id}"],
        "telegram": {"token": place.server.token, "api_base": place.server.api_base, **telegram},
    }
    settings = Settings(**(values | place.settings))
    port = await _free_port()
    web = HttpServer("127.0.0.1", port)
    adapter = Telegram(
        settings.telegram, clock=place.clock, public_url=f"http://127.0.0.1:{port}", admins=settings.admins
    )
    web.mount(adapter.routes())
    web.check("telegram", adapter.ready)
    app = await App.open(settings, {"telegram": adapter}, place.clock, shops={"telegram": adapter})
    memory = Forgetful(app.store)
    try:
        await web.start()
        await adapter.open(app.desk, memory)
        await app.start()
        if waits:
            await polled(lambda: connected(adapter))
        place.running = made = Wired(app=app, telegram=adapter, sandbox=place.sandbox, web=web, memory=memory)
        yield made
    finally:
        await adapter.deafen()
        await app.close()
        await adapter.close()
        await web.stop()


async def _free_port() -> int:
    """Known before the server is there, since the webhook's address is."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def pressed(place: Town, message: Message, label: str, *, by: User | None = None, **given: Any) -> Pressed:
    """A button is pressed, and its press has been answered."""
    made = place.server.press(by or place.ada, message, label, **given)
    await place.until(lambda: made.answered)
    return made


def words(click: Pressed) -> str:
    """What a click was answered."""
    assert click.answer is not None
    return click.answer.text


class SlowReception:
    """A core that takes its time over clicks; stands before the real one."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.go = asyncio.Event()
        self.over = False

    async def press(self, press: Press) -> Answer:
        await self.go.wait()
        answer: Answer = await self._real.press(press)
        self.over = True
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
