"""The system's Chromium, and a whole Easel with its playground, for tests that look at the page as a person does."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from adapters.service import serve
from bot.sandbox import Sandbox
from bot.settings import Settings
from tests.support.databases import migrated_sqlite

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
expect.set_options(timeout=30_000)  # milliseconds until what is expected must show, also on a busy machine
README_PICTURE = Path(__file__).with_name("playground.gif")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--readme-picture", action="store_true", help="write the README's picture anew")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path; without one the test is skipped."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    return CHROMIUM


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One for all tests of a module; each test opens a context of its own."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        await started.close()


@dataclass(slots=True, kw_only=True)
class Demo:
    """A playground with its own sandbox, on loopback; what it keeps lies in `folder`."""

    folder: Path
    sandbox: Sandbox
    address: str = ""

    @asynccontextmanager
    async def served(self, **given: Any) -> AsyncGenerator[str]:
        """Easel from start to stop; may be entered again, as after a restart (at the same port)."""
        port = int(self.address.rpartition(":")[2]) if self.address else 0
        values: dict[str, Any] = {
            "database_url": migrated_sqlite(self.folder),
            "providers": [{"preset": "sandbox", "base_url": self.sandbox.address, "api_key": "sandbox"}],
            "fetch": {"allow_hosts": [self.sandbox.address.removeprefix("http://")]},
            "playground": {"enabled": True, "path": self.folder / "playground.db"},
            "server": {"port": port},
            "drain_s": 0,
        }
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        stop = asyncio.Event()
        running = asyncio.create_task(serve(Settings(**(values | given)), stop=stop, ready=ready.set_result))
        try:
            await asyncio.wait((running, ready), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            self.address = ready.result()
            yield self.address
        finally:
            stop.set()
            await running


MakeDemo = Callable[..., Any]


@pytest_asyncio.fixture(loop_scope="module")
async def demo(tmp_path: Path) -> AsyncIterator[MakeDemo]:
    """`demo(pace=…)`: a Demo whose sandbox takes that many seconds a picture."""
    async with AsyncExitStack() as opened:

        async def make(**given: Any) -> Demo:
            sandbox = await opened.enter_async_context(Sandbox(**given))
            return Demo(folder=tmp_path, sandbox=sandbox)

        yield make


@asynccontextmanager
async def page_at(browser: Browser, address: str, **given: Any) -> AsyncGenerator[Page]:
    """An open page; an error or a warning on its console fails the test."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    context = await browser.new_context(viewport=given.pop("viewport", {"width": 1180, "height": 760}), **given)
    page = await context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(address)
    await page.wait_for_selector("#members [data-member]", state="attached")
    try:
        yield page
    finally:
        await context.close()
    assert not complaints
