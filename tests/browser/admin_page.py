"""An Easel with the admin page, jobs to look at, and browsers that sign in to it by a link."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from bot.administration.sign_in import AdminSignIn, link_address
from bot.runtime.clock import SystemClock
from bot.sandbox import Sandbox
from tests.browser.conftest import page_at
from tests.support.filled_database import fill_jobs
from tests.support.world import World, open_store

ADMIN = "playground:amber"
PAGES = ("now", "statistics", "jobs", "members", "chats", "set-aside", "errors", "audit")
FIRST_JOB = "j00000000000"  # the latest of `fill_jobs`
MEMBER = "telegram:0"  # whose it is


def administered(folder: Path, sandbox: Sandbox, *, jobs: int) -> World:
    """An Easel with the page and so many ended jobs, not started."""
    settings: dict[str, Any] = {
        "playground": {"enabled": True, "path": folder / "playground.db"},
        "admins": [ADMIN],
        "admin_page": {"enabled": True},
    }
    made = World(folder=folder, sandbox=sandbox, settings=settings)
    fill_jobs(made.database_url, jobs, datetime.now(UTC))
    return made


async def link_to(made: World, base: str | None = None) -> str:
    """A new link for the admin. `base`: address of the server as the browser reaches it; None: its own."""
    clock = SystemClock()
    async with open_store(made.database_url, clock, migrate=False) as store:
        token = await AdminSignIn(store.admin_sessions, clock, (ADMIN,)).make_link(ADMIN)
    return link_address(base or made.address, token)


@asynccontextmanager
async def signed_in(browser: Browser, made: World, *, base: str | None = None, **given: Any) -> AsyncGenerator[Page]:
    """A page on which the admin is signed in. `given`: as of `page_at`."""
    async with page_at(browser, await link_to(made, base), ready="h1", **given) as page:
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Now")
        yield page


async def go(page: Page, address: str) -> None:
    """Opens a view, such as `jobs?state=failed`, and waits until it stands there."""
    await page.evaluate("address => { location.hash = `#/${address}`; }", address)
    await shown(page)


async def shown(page: Page) -> None:
    """Waits until what was asked for is there."""
    await page.evaluate("() => new Promise(done => setTimeout(done))")  # the page is told of its address in a task
    await page.wait_for_selector("#main[aria-busy=false]")
