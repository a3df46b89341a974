"""The page under a person's hands: dropping, pasting, keys, the group, the picture viewer, narrow and dark screens."""

import asyncio
import base64

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import MakeDemo, page_at, paint_until
from tests.browser.test_page import PRIVATE, messages, pictures, write
from tests.support.images import png

pytestmark = pytest.mark.asyncio(loop_scope="module")  # of the browser

HAND_OVER = """
([kind, encoded]) => {
  const bytes = Uint8Array.from(atob(encoded), (each) => each.charCodeAt(0));
  const held = new DataTransfer();
  held.items.add(new File([bytes], "photo.png", { type: "image/png" }));
  const target = document.querySelector("#composer");
  if (kind === "paste") {
    target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true }));
    return;
  }
  for (const name of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(name, { dataTransfer: held, bubbles: true, cancelable: true }));
  }
}
"""


async def hand_over(page: Page, kind: str) -> None:
    await page.evaluate(HAND_OVER, [kind, base64.b64encode(png("teal", (90, 60))).decode()])


@pytest.mark.forms(1)
@pytest.mark.parametrize("kind", ["drop", "paste"])
async def test_a_photo_that_is_dropped_or_pasted_is_a_reference(browser: Browser, demo: MakeDemo, kind: str) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await hand_over(page, kind)
        await expect(page.locator('.attachment[data-state="done"]')).to_have_count(1)
        await write(page, "make it anime, with a hat")
        await pictures(page)
    assert [(each.width, each.height) for each in made.sandbox.requests[0].references] == [(90, 60)]


async def test_a_command_is_completed_from_the_keyboard(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await page.type("#composer", "/qu")
        await expect(page.locator("#completion .option[aria-selected=true]")).to_contain_text("quota")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(messages(page).last).to_contain_text("50")


@pytest.mark.thorough
async def test_easel_hears_its_name_in_the_group_and_nothing_else(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click('#chats [data-chat="studio"]')
        await write(page, "hello everyone")
        await write(page, "@easel a lighthouse")
        await pictures(page)
        await expect(messages(page)).to_have_count(1)
        await expect(page.locator('[data-action="retry"]')).to_be_visible()
        await page.click('#members [data-member="violet"]')
        await expect(page.locator('[data-action="retry"]')).to_have_count(0)  # what only Amber may press
    assert len(made.sandbox.requests) == 1


async def test_the_history_leads_to_its_messages(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address, timezone_id="Asia/Kathmandu") as page:
        await page.click('#chats [data-chat="studio"]')
        await write(page, "@easel a lighthouse")
        await pictures(page)
        painted = await messages(page).first.get_attribute("data-message-id")
        await page.click(PRIVATE)
        await write(page, "/history")
        shown = messages(page).last.locator("time[title$=UTC]")
        local = await shown.evaluate("node => new Date(node.dateTime).toTimeString().slice(0, 5)")
        await expect(shown).to_contain_text(local)
        await messages(page).last.get_by_role("button", name="Show").click()
        await expect(page.locator(f'[data-message-id="{painted}"]')).to_be_focused()


async def test_the_title_and_the_icon_tell_of_what_was_finished_unseen(browser: Browser, demo: MakeDemo) -> None:
    seen = asyncio.Event()
    made = await demo(pace=1, sleep=paint_until(seen))
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await write(page, "a lighthouse")
        await expect(page).to_have_title("… Easel")
        await look(page, away=True)
        seen.set()
        await expect(page).to_have_title("(1) Easel")
        await expect(page.locator('link[rel="icon"]')).to_have_attribute("href", "/static/icon-done.svg")
        await look(page, away=False)
        await expect(page).to_have_title("Easel")


async def look(page: Page, *, away: bool) -> None:
    """Has the page think that its tab is or is not looked at."""
    set_hidden = "away => Object.defineProperty(document, 'hidden', { value: away, configurable: true })"
    await page.evaluate(set_hidden, away)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


async def test_a_picture_opens_large_and_closes_with_escape(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await write(page, "a lighthouse --n 2")
        await expect(messages(page).last.locator(".picture.loaded")).to_have_count(2)
        await page.locator(".picture").first.click()
        await expect(page.locator("#lightbox")).to_be_visible()
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Escape")
        await expect(page.locator("#lightbox")).to_be_hidden()


@pytest.mark.thorough
async def test_deleting_the_status_message_stops_the_job(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=60)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await write(page, "a lighthouse")
        await expect(messages(page).last).to_contain_text("%")
        await page.clock.install()
        delete = messages(page).last.locator('.tool[data-action="delete"]')
        await messages(page).last.hover()
        await delete.click()
        await expect(messages(page)).to_have_count(0)
        await page.click(".notice-undo")
        await expect(messages(page)).to_have_count(1)
        await page.clock.fast_forward(6000)
        await expect(messages(page)).to_have_count(1)
        await messages(page).last.hover()
        await delete.click()
        await page.clock.fast_forward(6000)
        await expect(messages(page)).to_have_count(0)
        await expect(page.locator("#quota")).to_contain_text("50")
    assert made.sandbox.dropped == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_fits_a_narrow_screen(browser: Browser, demo: MakeDemo, scheme: str) -> None:
    made = await demo(pace=0)
    narrow = {"width": 340, "height": 640}
    async with made.served() as address, page_at(browser, address, viewport=narrow, color_scheme=scheme) as page:
        await write(page, "/imagine a lighthouse")
        await pictures(page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 340
        await expect(page.locator("#send")).to_be_in_viewport()
