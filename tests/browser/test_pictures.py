"""One picture of several: what is done over a picture, or in the viewer, is done with that one."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import MakeDemo, page_at
from tests.browser.test_page import PRIVATE, messages, pictures, write

pytestmark = pytest.mark.asyncio(loop_scope="module")  # of the browser


@pytest.mark.thorough
async def test_edit_vary_and_compare_are_about_the_chosen_picture(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await write(page, "a lighthouse --n 2")
        first = messages(page).first
        await expect(first.locator(".picture.loaded")).to_have_count(2)
        second = first.locator(".print").nth(1)
        chosen = await second.locator(".picture").get_attribute("data-file-id") or ""
        await second.hover()
        await second.locator('[data-action="edit"]').click()
        await expect(page.locator("#reply-bar img")).to_have_attribute("src", f"/thumbnails/640/{chosen}")
        await write(page, "now at night --n 1")
        await expect(messages(page)).to_have_count(2)
        await pictures(page)
        await messages(page).last.locator('[data-action="compare"]').click()
        await expect(page.locator(".compare-other")).to_have_attribute("src", f"/files/{chosen}")
        line = page.get_by_role("slider")
        await expect(line).to_be_focused()
        await page.keyboard.press("ArrowRight")
        await expect(line).to_have_value("51")
        await page.keyboard.press("Escape")
        await second.locator(".picture").click()
        viewer = page.locator("#lightbox")
        await viewer.locator('[data-action="compare"]').click()
        await expect(page.locator(".compare-other")).not_to_have_attribute("src", f"/files/{chosen}")
        await viewer.locator('[data-action="vary"]').click()
        await expect(viewer).to_be_hidden()
        await expect(messages(page)).to_have_count(3)
        await pictures(page)
        await expect(messages(page).last.locator(".quote img")).to_have_attribute("src", f"/thumbnails/640/{chosen}")
    edited, varied, _ = [each.references for each in made.sandbox.requests[2:]]
    assert edited == varied
    assert len(varied) == 1


async def test_on_a_phone_a_touch_makes_a_picture_the_large_one(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    async with made.served() as address, page_at(browser, address, **phone) as page:
        await write(page, "a lighthouse --n 3")
        await expect(messages(page).last.locator(".picture.loaded")).to_have_count(3)
        prints = messages(page).last.locator(".print")
        await expect(prints.nth(0)).to_have_attribute("data-featured", "")
        await prints.nth(2).locator(".picture").tap()
        await expect(prints.nth(2)).to_have_attribute("data-featured", "")
        boxes = [await prints.nth(at).bounding_box() for at in (0, 2)]
        widths = [box["width"] for box in boxes if box]
        assert widths[1] > 2 * widths[0]
        await expect(prints.nth(0).locator('[data-action="edit"]')).to_be_hidden()
        await prints.nth(2).locator(".picture").tap()
        await expect(page.locator("#lightbox")).to_be_visible()
        await page.locator('#lightbox [data-action="close"]').tap()
        await prints.nth(2).locator('[data-action="vary"]').tap()
        await expect(messages(page)).to_have_count(2)
