"""The system's Chromium, and a whole Easel with its playground, for tests that look at the page as a person does."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, ViewportSize, async_playwright, expect

from bot.sandbox import Sandbox, renderer
from bot.sandbox.painting.painter import paint
from tests.support.world import World

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # The popups of an address bar that nobody sees: two renderers for each context, half of all processor time. The
    # last flag of this name counts, so the others are those of Playwright's own that change how a page behaves.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,AvoidUnnecessaryBeforeUnloadCheckSync,"
    "DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,PaintHolding,OptimizationHints,"
    "ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,NetworkTimeServiceQuerying,MediaRouter",
]
expect.set_options(timeout=30_000)  # milliseconds until what is expected must show, also on a busy machine
VIEWPORT = ViewportSize(width=1180, height=760)
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


@pytest.fixture
def painted_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox paints as in the demo, for pictures that people look at."""
    monkeypatch.setattr(renderer, "paint", paint)


MakeDemo = Callable[..., Awaitable[World]]
HALFWAY_WAITS = 3  # of the sandbox, in the chat dialect, after which it has told of its progress


@pytest_asyncio.fixture(loop_scope="module")
async def demo(tmp_path: Path) -> AsyncIterator[MakeDemo]:
    """`demo(pace=…)`: a world with a playground, whose sandbox takes that many seconds a picture."""
    async with AsyncExitStack() as opened:

        async def make(**given: Any) -> World:
            sandbox = await opened.enter_async_context(Sandbox(**given))
            playground = {"enabled": True, "path": tmp_path / "playground.db"}
            return World(folder=tmp_path, sandbox=sandbox, settings={"playground": playground})

        yield make


def paint_until(seen: asyncio.Event) -> Callable[[float], Awaitable[None]]:
    """For `demo(pace=1, sleep=…)`: the upstream is halfway until `seen` is set."""
    waits = count(1)

    async def sleep(_: float) -> None:
        if next(waits) > HALFWAY_WAITS:
            await seen.wait()

    return sleep


@asynccontextmanager
async def page_at(
    browser: Browser, address: str, *, allows: str = "", ready: str = "#members [data-member]", **given: Any
) -> AsyncGenerator[Page]:
    """An open page, once it has what is `ready`; an error or a warning on its console fails the test, unless it
    contains what the test `allows`. Nothing moves on it, which saves a fifth of the browser's processor time, unless
    `reduced_motion` says otherwise."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not (allows and allows in message.text):
            complaints.append(message.text)

    options: dict[str, Any] = {"viewport": VIEWPORT, "reduced_motion": "reduce", **given}
    context = await browser.new_context(**options)
    page = await context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(address)
    await page.wait_for_selector(ready, state="attached")
    try:
        yield page
    finally:
        await context.close()
    assert not complaints
