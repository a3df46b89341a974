"""The README's picture of the region page, painted with the page; `-m soak --readme-picture` writes it anew.

Without that option the pictures of all its looks stay in the test's folder: light and dark, wide and on a phone.
"""

import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import MakeDemo, page_at
from tests.browser.test_keyboard import PHONE
from tests.browser.test_page import PRIVATE, pictures, write
from tests.browser.test_region import drag, masking

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),  # of the browser
    pytest.mark.soak,  # twenty seconds
    pytest.mark.usefixtures("painted_in_full"),
]

PICTURE = Path(__file__).with_name("region.webp")
SIZE = {"width": 1000, "height": 720}
SAIL = ((0.74, 0.43), (0.76, 0.38), (0.78, 0.33), (0.79, 0.4), (0.8, 0.46), (0.76, 0.46))


async def shot(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(await page.screenshot()))


async def test_the_sail_of_a_boat_is_painted_over(
    browser: Browser, demo: MakeDemo, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made = await masking(demo)
    async with made.served() as address, page_at(browser, address, viewport=SIZE) as page:
        await page.click(PRIVATE)
        await write(page, "a small boat on a lake")
        await (await pictures(page)).first.click()
        await page.click('#lightbox [data-action="region"]')
        source = await page.locator("#inner iframe").get_attribute("src")
        await page.goto(f"{address}{source}")
        await expect(page.locator("#tools")).to_be_visible()
        await drag(page, page, *SAIL)
        await page.locator("#prompt").fill("a red sail with white stripes")
        looks = {"light": await shot(page)}
        await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        looks["dark"] = await shot(page)
        await page.set_viewport_size(PHONE)  # pyright: ignore[reportArgumentType] - a plain dict
        await page.wait_for_timeout(300)
        looks["phone"] = await shot(page)
    for name, image in looks.items():
        image.save(tmp_path / f"{name}.png")
    if request.config.getoption("--readme-picture"):
        looks["light"].save(PICTURE, quality=86)
    assert looks["light"].size == (SIZE["width"], SIZE["height"])
