"""Back from a result in the page: the menu behind *More…*, details to copy, two pictures under a slider, the tree."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import MakeDemo, page_at
from tests.browser.test_page import PRIVATE, messages, write

pytestmark = pytest.mark.asyncio(loop_scope="module")  # of the browser

LOOK = os.environ.get("EASEL_LOOK")  # a folder for screenshots, for who wants to see them


async def test_the_menu_of_a_result_leads_back(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:

        async def look(name: str) -> None:
            if LOOK:
                await page.screenshot(path=Path(LOOK) / f"{name}.png")

        await page.click(PRIVATE)
        await write(page, "a lighthouse")
        await expect(messages(page).last.locator(".picture.loaded")).to_have_count(1)
        await messages(page).last.locator('.button[data-action="edit"]').click()
        await write(page, "add a boat")
        edited = messages(page).nth(1)
        await expect(edited.locator(".picture.loaded")).to_have_count(1)
        more = edited.locator('.button[data-action="more"]')
        await more.click()
        panel = page.locator("#panel")
        await expect(panel.locator('[data-action="tree"]')).to_be_visible()
        await look("menu")
        await panel.locator('[data-action="details"]').click()
        await expect(panel.locator(".panel-words")).to_have_text("add a boat")
        await look("details")
        await page.keyboard.press("Escape")
        await expect(panel).to_be_hidden()
        await more.click()
        await panel.locator('[data-action="compare"]').click()
        await expect(page.locator("#lightbox .compare")).to_be_visible()
        await look("compare")
        await page.keyboard.press("Escape")
        await more.click()
        await panel.locator('[data-action="tree"]').click()
        await expect(messages(page).last.locator(".lead-thumb")).to_have_count(2)
        await edited.locator('.button[data-action="undo"]').click()
        await expect(messages(page).last.locator(".picture.loaded")).to_have_count(1)
        await look("undone")
