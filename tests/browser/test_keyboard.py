"""The page for who uses the keyboard or a screen reader: axe-core finds nothing, the timeline is one tab stop."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import VIEWPORT, MakeDemo, page_at
from tests.browser.test_page import messages, pictures, write

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
RUN = """
options => axe.run(options).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`)))
"""
SETTLED = """
() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
  .then(() => Promise.allSettled(document.getAnimations().map(each => each.finished)))
"""  # colours have changed, what opens is open

pytestmark = pytest.mark.asyncio(loop_scope="module")  # of the browser

PHONE = {"width": 390, "height": 844}
FINGER = 44  # px; the least width and height of what is touched
SMALL_TARGETS = """
least => [...document.querySelectorAll("button, a[href], select, summary, input:not([type=file])")]
  .filter(each => each.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .filter(each => !each.closest("[inert], .visually-hidden, .skip"))
  .map(each => [each, each.getBoundingClientRect()])
  .filter(([each, box]) => box.width && (box.width < least || box.height < least))
  .map(([each, box]) => `${each.outerHTML.slice(0, 120)}: ${box.width} × ${box.height}`)
"""


class Inspection:
    """What is wrong on a page, state by state."""

    def __init__(self, page: Page, *, is_phone: bool) -> None:
        self._page = page
        self._is_phone = is_phone
        self.found: list[str] = []

    async def look(self, state: str) -> None:
        """All rules in the light; on a wide screen those of colours in the dark, too, and on a phone how large what can
        be touched is."""
        await self._run(f"{state}, light", {})
        if self._is_phone:
            self.found += [f"{state}: {each}" for each in await self._page.evaluate(SMALL_TARGETS, FINGER)]
            return
        await self._page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        await self._run(f"{state}, dark", {"runOnly": ["color-contrast"]})
        await self._page.emulate_media(color_scheme="light", reduced_motion="reduce")

    async def _run(self, state: str, options: dict[str, Any]) -> None:
        await self._page.evaluate(SETTLED)
        if await self._page.evaluate("!window.axe"):
            await self._page.evaluate(AXE)
        found = await self._page.evaluate(RUN, {"resultTypes": ["violations"], **options})
        self.found += [f"{state}: {each}" for each in found]


@asynccontextmanager
async def studio(browser: Browser, demo: MakeDemo) -> AsyncGenerator[str]:
    """Easel with a chat that has results of one and of several pictures, a refusal, and a picture on its way."""
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click('#chats [data-chat="studio"]')
        await write(page, "@easel a fox")
        await pictures(page)
        await write(page, "@easel foxes --n 4")
        await expect(messages(page)).to_have_count(2)
        await pictures(page)
        await write(page, "@easel forbidden [[moderation]]")
        await expect(messages(page)).to_have_count(3)
        await expect(messages(page).last.locator('[data-action="cancel"]')).to_have_count(0)
        await write(page, "@easel a lake [[quiet:60]]")
        await expect(messages(page).last.locator('[data-action="cancel"]')).to_be_visible()
        yield address


@pytest.mark.forms(1)
@pytest.mark.parametrize("is_phone", [False, True])
async def test_nothing_is_wrong_in_any_state(browser: Browser, demo: MakeDemo, is_phone: bool) -> None:
    viewport = PHONE if is_phone else VIEWPORT
    async with (
        studio(browser, demo) as address,
        page_at(browser, address, viewport=viewport, has_touch=is_phone) as page,
    ):
        inspection = Inspection(page, is_phone=is_phone)
        await inspection.look("an empty chat")
        if is_phone:
            await page.click("#menu")
            await inspection.look("the drawer")
        await page.click('#chats [data-chat="studio"]')
        await pictures(page, 0)
        await page.locator("#timeline [data-message-id]").nth(1).focus()
        await inspection.look("a chat, and a message that has the focus")
        await page.fill("#composer", "/")
        await expect(page.locator("#completion")).to_be_visible()
        await inspection.look("suggestions")
        await page.locator(".option-chip").first.click()
        await expect(page.locator(".choices")).to_be_visible()
        await inspection.look("the choices of an option")
        await page.keyboard.press("Escape")
        await page.fill("#composer", "nobody hears this")
        await page.locator(".picture").first.click()
        await inspection.look("the viewer")
        await page.keyboard.press("Escape")
        await page.click("#gallery-open")
        await expect(page.locator(".tile").first).to_be_visible()
        await inspection.look("the gallery")
        await page.keyboard.press("Escape")
        await page.click("#demo-chip")
        await inspection.look("three steps, over words that Easel does not hear")
        if not is_phone:
            await page.keyboard.press("Escape")
            await page.click(".shortcuts-open")
            await inspection.look("shortcuts")
        assert inspection.found == []


async def test_the_keyboard_reaches_everything_from_one_tab_stop(browser: Browser, demo: MakeDemo) -> None:
    async with studio(browser, demo) as address, page_at(browser, address) as page:
        focused = page.locator(":focus")
        await page.keyboard.press("Tab")
        await expect(focused).to_have_text("Skip to the message field")
        await page.keyboard.press("Enter")
        await expect(page.locator("#composer")).to_be_focused()

        await page.click('#chats [data-chat="studio"]')
        await pictures(page, 0)
        await page.locator("#composer").focus()
        await page.keyboard.press("ArrowUp")  # from an empty field to the newest message
        await expect(focused).to_have_attribute("data-sender", "easel")
        stops = page.locator('#timeline :is(article, button, a)[tabindex="0"], #timeline button:not([tabindex])')
        await expect(stops.locator("visible=true")).to_have_count(1)

        for _ in range(4):
            await page.keyboard.press("ArrowUp")
        await expect(focused.locator(".picture")).to_have_count(4)
        await expect(focused).to_have_attribute("aria-describedby", re.compile("text-"))
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowRight")
        await expect(focused).to_have_class(re.compile("picture"))
        await expect(focused.get_by_role("img")).to_have_attribute("alt", re.compile("1 of 4"))
        await page.keyboard.press("ArrowLeft")
        await page.keyboard.press("Escape")
        await expect(focused).to_have_attribute("data-message-id", re.compile(r"\d"))
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("g")
        await expect(page.get_by_role("dialog", name="Gallery")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.locator("#timeline article").first.focus()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Shift+Tab")
        await page.keyboard.press("Escape")
        await expect(page.locator("#composer")).to_be_focused()
        await page.keyboard.type("?")
        await expect(page.locator("#shortcuts")).to_be_hidden()  # a question mark in a text is one


async def test_a_stage_is_read_without_its_emoji_and_a_narrow_page_has_a_title(
    browser: Browser, demo: MakeDemo
) -> None:
    async with studio(browser, demo) as address, page_at(browser, address, viewport=PHONE) as page:
        await expect(page.get_by_role("heading", level=1)).to_have_text("Easel")
        await page.click("#menu")
        await page.click('#chats [data-chat="studio"]')
        await expect(page.get_by_role("heading", level=1)).to_have_text("Studio")
        stage = messages(page).last.locator(".line-stage")
        await expect(stage.locator('[aria-hidden="true"]')).to_have_text(re.compile("[^ -~]"))
        spoken = await stage.evaluate(
            "node => [...node.childNodes].filter(each => !each.ariaHidden).map(each => each.textContent).join('')"
        )
        assert re.match(r"\w", spoken)
