"""The picture of the admin page in the README and in deploy/ADMIN.md; `-m soak --readme-picture` writes it anew.

Without that option the pictures of its looks stay in the test's folder: each page, light and dark, and on a phone.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, ViewportSize, expect

from bot.sandbox import Sandbox
from tests.browser.admin_page import FIRST_JOB, MEMBER, administered, go, signed_in
from tests.browser.conftest import page_at
from tests.browser.test_admin import NARROW
from tests.browser.test_page import messages, write

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),  # of the browser
    pytest.mark.soak,  # fifteen seconds
]

PICTURE = Path(__file__).with_name("admin.webp")
SIZE = ViewportSize(width=1180, height=800)
PROMPTS = {"amber": ("a lighthouse at dusk", "a fox in the snow", "a red kite"), "jade": ("a teapot", "an old tram")}


def paint_partly(seen: asyncio.Event) -> Callable[[float], Awaitable[None]]:
    """For the sandbox: each picture gets a little further than the one before, and waits there until `seen` is set."""
    waits: dict[asyncio.Task[object] | None, int] = {}

    async def sleep(_: float) -> None:
        task = asyncio.current_task()
        waits[task] = waits.get(task, 0) + 1
        if waits[task] > 2 + list(waits).index(task):
            await seen.wait()

    return sleep


async def shot(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(await page.screenshot()))


async def test_the_page_while_pictures_are_painted(
    browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seen = asyncio.Event()
    looks: dict[str, Image.Image] = {}
    async with Sandbox(pace=1, sleep=paint_partly(seen)) as sandbox:
        made = administered(tmp_path, sandbox, jobs=9_000)
        made.settings["providers"] = [made.provider(name="openai"), made.provider(name="evolink", dialect="images")]
        async with made.served() as address, page_at(browser, address) as playground:
            for member, prompts in PROMPTS.items():
                await playground.click(f'#members [data-member="{member}"]')
                for prompt in prompts:
                    before = await messages(playground).count()
                    await write(playground, f"@easel {prompt}")
                    await expect(messages(playground)).to_have_count(before + 1)
            async with signed_in(browser, made, viewport=SIZE) as page:
                await expect(page.locator("meter")).to_have_count(4)
                looks["now"] = await shot(page)
                for address in ("statistics", "jobs", f"job?id={FIRST_JOB}", f"member?key={MEMBER}", "members"):
                    await go(page, address)
                    looks[address.partition("?")[0]] = await shot(page)
                await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
                await go(page, "statistics")
                looks["dark"] = await shot(page)
                await page.set_viewport_size(NARROW)
                for address in ("now", "jobs"):
                    await go(page, address)
                    looks[f"phone-{address}"] = await shot(page)
            seen.set()
            await made.wait_until_settled()
    for name, image in looks.items():
        image.save(tmp_path / f"{name}.png")
    if request.config.getoption("--readme-picture"):
        looks["now"].save(PICTURE, quality=86)
    assert looks["now"].size == (SIZE["width"], SIZE["height"])
