"""A result in the playground is reframed and edited: its menu, a larger canvas, and before and after by a slider.

`-m soak --readme-picture` writes the pictures of the member's guide anew.
"""

from pathlib import Path

import pytest
from PIL import Image as Pillow
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import MakeDemo, page_at
from tests.browser.test_page import PRIVATE, messages, pictures, write
from tests.browser.test_region import masking
from tests.browser.test_region_picture import shot

pytestmark = pytest.mark.asyncio(loop_scope="module")  # of the browser

REFRAME, COMPARE = (Path(__file__).with_name(f"{name}.webp") for name in ("reframe", "compare"))
SIZE = {"width": 1000, "height": 720}
STILL = 400  # milliseconds after which nothing moves any more


WAYS = ("pan-left", "zoom-15")


async def press(page: Page, *actions: str) -> None:
    """Presses buttons of the last message, each of which shows the next one."""
    for action in actions:
        await page.locator(f'[data-action="{action}"]:visible').last.click()


async def press_way(page: Page, way: str, count: int) -> Pillow.Image:
    """Reframes the last picture, which becomes message `count`; what its menu looked like."""
    await press(page, "more", "reframe")
    await page.wait_for_timeout(STILL)
    menu = await shot(page)
    await press(page, way)
    await expect(messages(page)).to_have_count(count)
    await pictures(page)
    return menu


@pytest.mark.thorough
async def test_a_picture_is_panned_and_then_zoomed_out(browser: Browser, demo: MakeDemo) -> None:
    made = await masking(demo)
    async with made.served() as address, page_at(browser, address, viewport=SIZE) as page:
        await page.click(PRIVATE)
        await write(page, "a small boat on a lake")
        await pictures(page)
        for count, way in enumerate(WAYS, start=2):
            await press_way(page, way, count)
    canvases = [(each.references[0].width, each.references[0].height) for each in made.sandbox.requests[1:]]
    assert canvases == [(1536, 1024), (2304, 1536)]
    assert all(each.mask is not None for each in made.sandbox.requests[1:])


@pytest.mark.soak  # half a minute
@pytest.mark.usefixtures("painted_in_full")
async def test_a_picture_is_reframed_and_compared_with_what_it_was(
    browser: Browser, demo: MakeDemo, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made = await masking(demo)
    async with made.served() as address, page_at(browser, address, viewport=SIZE) as page:
        await page.click(PRIVATE)
        await write(page, "a small boat on a lake")
        await pictures(page)
        await press(page, "edit")
        await write(page, "make it night")
        await expect(messages(page)).to_have_count(2)
        await pictures(page)
        await press(page, "more", "compare")
        await expect(page.locator(".compare-slider")).to_be_visible()
        await page.wait_for_timeout(STILL)
        looks = {"compared": await shot(page)}
        await page.keyboard.press("Escape")
        for count, way in enumerate(("shape-16-9", "cutout", "upscale-2k"), start=3):
            menu = await press_way(page, way, count)
            looks.setdefault("ways", menu)
            await page.wait_for_timeout(STILL)
            looks[way] = await shot(page)
    for name, image in looks.items():
        image.save(tmp_path / f"{name}.png")
    if request.config.getoption("--readme-picture"):
        looks["ways"].save(REFRAME, quality=80)
        looks["compared"].save(COMPARE, quality=80)
