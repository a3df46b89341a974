"""The gallery under a person's hands: found by member and words, walked by keys, and the way to a message."""

import re

import pytest
from playwright.async_api import Browser, Locator, expect

from adapters.playground.protocol import HISTORY
from tests.browser.chat_filling import fill_chat
from tests.browser.conftest import MakeDemo, page_at

pytestmark = pytest.mark.asyncio(loop_scope="module")  # of the browser

RESULTS = HISTORY // 2 + 30  # each with its request: the first are older than what a page loads


async def walk_to_end(tiles: Locator, count: int) -> None:
    """Scrolls until all have come, and no more."""
    while await tiles.count() < count:
        await tiles.last.scroll_into_view_if_needed()
    await expect(tiles).to_have_count(count)


@pytest.mark.thorough
async def test_the_wall_is_filtered_walked_and_leads_to_messages_however_old(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    await fill_chat(made.settings["playground"]["path"], RESULTS)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click('#chats [data-chat="studio"]')
        await expect(page.locator("#timeline [data-message-id]")).to_have_count(HISTORY)
        await page.click("#gallery-open")
        tiles = page.locator("#gallery .tile")
        await expect(tiles).not_to_have_count(0)
        assert await tiles.count() < RESULTS  # the others come when they are near
        await walk_to_end(tiles, RESULTS)

        await page.click('#gallery [data-member="jade"]')
        await expect(page.locator('#gallery .tile[aria-label^="Amber"]')).to_have_count(0)
        await expect(tiles.first).to_be_in_viewport()
        await walk_to_end(tiles, RESULTS // 2)
        await page.fill("#gallery-search", "FOX")
        await expect(page.locator(".gallery-empty")).to_be_visible()
        await page.click('#gallery [data-member="amber"]')
        await expect(tiles).to_have_count(1)
        await expect(tiles).to_have_attribute("aria-label", re.compile("^Amber, a fox in the snow, "))
        await tiles.focus()
        await page.keyboard.press("Enter")
        fox = page.locator('[data-message-id="6"]')  # the third request is message 5
        await expect(fox).to_be_focused()
        await expect(page.locator("#gallery")).to_be_hidden()
        await page.click(".to-end")
        await expect(page.locator("#timeline [data-message-id]")).to_have_count(HISTORY)
        await expect(fox).to_have_count(0)


async def test_the_arrows_walk_the_wall(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    await fill_chat(made.settings["playground"]["path"], RESULTS)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click('#chats [data-chat="studio"]')
        await page.click("#gallery-open")
        tiles = page.locator("#gallery .tile")
        await expect(tiles).not_to_have_count(0)
        await page.keyboard.press("Tab")  # from the search past the cross
        await page.keyboard.press("Tab")
        await expect(tiles.first).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowRight")
        top = await tiles.first.evaluate("node => node.getBoundingClientRect().top")
        assert await page.evaluate("document.activeElement.getBoundingClientRect().top") > top
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("ArrowLeft")
        await expect(tiles.first).to_be_focused()
