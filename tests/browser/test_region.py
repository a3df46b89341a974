"""A region painted by hand in real Chromium: by mouse, by fingers on a phone, by the keyboard alone, and at 4K.

What the strokes mean on the server is `unit/pictures/test_region_masks.py`'s, what links do `flow/region`'s.
"""

import io
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from playwright.async_api import Browser, FilePayload, FrameLocator, Page, expect

from tests.browser.conftest import MakeDemo, page_at
from tests.browser.test_keyboard import PHONE, Inspection
from tests.browser.test_page import PRIVATE, messages, pictures, write
from tests.support.images import png
from tests.support.waiting import wait_until
from tests.support.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")  # of the browser

REFUSED = "422"  # in the console's words about an answer that is a refusal
TOOL = 'button[data-tool="{}"]'


async def masking(demo: MakeDemo) -> World:
    """A world whose upstream takes masks."""
    made = await demo(pace=0)
    made.settings["providers"] = [made.provider(dialect="images")]
    return made


async def ask(page: Page, size: tuple[int, int], words: str = "/edit --region a hat") -> None:
    """Sends a photo of one colour, and presses *Region* below the answer."""
    await page.locator(PRIVATE).dispatch_event("click")
    photo = FilePayload(name="photo.png", mimeType="image/png", buffer=png("teal", size))
    await page.set_input_files("#file-input", files=[photo])
    await write(page, words)
    await messages(page).last.locator('[data-action="region"]').click()


@asynccontextmanager
async def opened(browser: Browser, made: World, size: tuple[int, int], **given: Any) -> AsyncGenerator[Page]:
    """The region page of a photo, by itself, as in a platform's browser."""
    async with made.served() as address, page_at(browser, address, **given) as page:
        await ask(page, size)
        source = await page.locator("#inner iframe").get_attribute("src")
        await page.goto(f"{address}{source}")
        await expect(page.locator("#tools")).to_be_visible()
        yield page


async def at(page: Page | FrameLocator, x: float, y: float) -> tuple[float, float]:
    """Where a point of the picture (0 to 1) lies on the screen."""
    box = await page.locator("#picture").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


async def drag(page: Page, inside: Page | FrameLocator, *points: tuple[float, float]) -> None:
    places = [await at(inside, *each) for each in points]
    await page.mouse.move(*places[0])
    await page.mouse.down()
    for each in places[1:]:
        await page.mouse.move(*each, steps=4)
    await page.mouse.up()


async def marked(page: Page | FrameLocator) -> int:
    """Per cent that the page says, once it has drawn what was done to it."""
    await page.locator("#share").evaluate(
        "() => new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))"
    )
    text = await page.locator("#share").text_content() or ""
    found = re.search(r"\d+", text)
    return int(found[0]) if found else 0


async def test_a_mouse_paints_in_the_viewer_and_nothing_else_of_the_picture_changes(
    browser: Browser, demo: MakeDemo
) -> None:
    made = await masking(demo)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await write(page, "a small boat on a lake")
        shown = await pictures(page)
        await shown.first.click()
        before = await page.locator("#lightbox img.lightbox-image").get_attribute("src")
        await page.click('#lightbox [data-action="region"]')
        inside = page.frame_locator("#inner iframe")
        await expect(inside.locator("#tools")).to_be_visible()
        await drag(page, inside, (0.5, 0.5), (0.9, 0.9))
        stroke = await marked(inside)
        assert 1 < stroke < 20
        await inside.locator(TOOL.format("clear")).click()
        await expect(inside.locator("#share")).to_have_text("Nothing marked")
        await inside.locator(TOOL.format("undo")).click()
        assert await marked(inside) == stroke
        await inside.locator(TOOL.format("redo")).click()
        await inside.locator(TOOL.format("rectangle")).click()
        await drag(page, inside, (0.25, 0.25), (0.75, 0.5))
        assert await marked(inside) in (12, 13)
        await inside.locator(TOOL.format("invert")).click()
        assert await marked(inside) in (87, 88)
        await inside.locator(TOOL.format("invert")).click()
        wide = await inside.locator("#picture").bounding_box()
        await page.mouse.move(*await at(inside, 0.5, 0.5))
        await page.mouse.wheel(0, -200)
        await page.wait_for_function(
            "wide => document.querySelector('#inner iframe').contentDocument"
            ".querySelector('#picture').getBoundingClientRect().width > wide",
            arg=wide["width"] if wide else 0,
        )
        await inside.locator("#prompt").fill("a red sail")
        await inside.locator("#paint").click()
        await expect(page.locator("#inner")).to_be_hidden()
        await expect(messages(page)).to_have_count(2)
        await pictures(page)
        after = await messages(page).last.locator(".picture").get_attribute("data-file-id")
        images: list[Any] = []
        for path in (before, f"/files/{after}"):
            answer = await page.request.get(f"{address}{path}")
            images.append(np.asarray(Pillow.open(io.BytesIO(await answer.body())).convert("RGB")).astype(int))
    changed = np.abs(images[0] - images[1]).max(axis=2) > 0
    height, width = changed.shape
    rows, columns = np.nonzero(changed)
    margin = width // 50
    assert changed.any()
    assert height // 4 - margin <= rows.min() < rows.max() <= height // 2 + margin
    assert width // 4 - margin <= columns.min() < columns.max() <= width * 3 // 4 + margin


async def requested(made: World) -> bool:
    return bool(made.sandbox.requests)


class Fingers:
    """Touches on a page, each a point of the picture."""

    def __init__(self, page: Page, session: Any) -> None:
        self._page = page
        self._session = session

    async def send(self, kind: str, *points: tuple[float, float]) -> None:
        places = [await at(self._page, *each) for each in points]
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        await self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


async def choose(page: Page, tool: str) -> None:
    """Taps on a tool right away, whatever a finger has done before, and waits until it is chosen."""
    await page.locator(TOOL.format(tool)).tap()
    await expect(page.locator(TOOL.format(tool))).to_have_attribute("aria-pressed", "true")


@pytest.mark.thorough
async def test_on_a_phone_one_finger_paints_and_two_pinch(browser: Browser, demo: MakeDemo) -> None:
    made = await masking(demo)
    async with opened(browser, made, (600, 800), viewport=PHONE, has_touch=True, allows=REFUSED) as page:
        fingers = Fingers(page, await page.context.new_cdp_session(page))
        await fingers.send("touchStart", (0.3, 0.3))
        await fingers.send("touchMove", (0.5, 0.4))
        await fingers.send("touchMove", (0.7, 0.5))
        await fingers.send("touchEnd")
        painted = await marked(page)
        assert 1 < painted < 20
        before = await page.locator("#picture").bounding_box()
        await fingers.send("touchStart", (0.4, 0.5), (0.6, 0.5))
        await fingers.send("touchMove", (0.3, 0.5), (0.7, 0.5))
        await fingers.send("touchEnd")
        after = await page.locator("#picture").bounding_box()
        assert before is not None
        assert after is not None
        assert after["width"] > 1.5 * before["width"]  # pinched
        assert await marked(page) == painted  # and not painted
        await page.locator(TOOL.format("fit")).tap()
        await choose(page, "eraser")
        await fingers.send("touchStart", (0.3, 0.3))
        await fingers.send("touchMove", (0.7, 0.5))
        await fingers.send("touchEnd")
        assert await marked(page) < painted
        looks = Inspection(page, is_phone=True)
        await looks.look("painted")
        assert looks.found == []
        await page.locator(TOOL.format("invert")).tap()
        await page.locator(TOOL.format("clear")).tap()
        await expect(page.locator("#share")).to_have_text("Nothing marked")
        await page.locator("#prompt").fill("a hat")
        await fingers.send("touchStart", (0.3, 0.3))
        await fingers.send("touchMove", (0.7, 0.5))
        await fingers.send("touchEnd")
        await page.locator("#paint").tap()
        await expect(page.locator("#note")).to_contain_text("Nothing is marked yet")
        await choose(page, "brush")
        await fingers.send("touchStart", (0.3, 0.3))
        await fingers.send("touchMove", (0.7, 0.5))
        await fingers.send("touchEnd")
        await expect(page.locator("#share")).not_to_have_text("Nothing marked")
        await page.locator("#paint").tap()
        await expect(page.locator("#note")).to_contain_text("You can close this page")
        await wait_until(partial(requested, made))
    assert (made.sandbox.requests[-1].mask is not None, made.sandbox.requests[-1].prompt) == (True, "a hat")


@pytest.mark.thorough
async def test_the_keyboard_alone_marks_a_4k_photo_and_a_screen_reader_is_told(
    browser: Browser, demo: MakeDemo
) -> None:
    made = await masking(demo)
    async with opened(browser, made, (3840, 2160)) as page:
        looks = Inspection(page, is_phone=False)
        await looks.look("at first")
        assert looks.found == []
        canvas = await page.locator("#marks").evaluate("each => [each.width, each.height]")
        assert canvas == [2048, 1152]
        live = page.locator("#live")
        await expect(page.locator("#stage")).to_be_focused()
        await page.keyboard.press("ArrowLeft")
        await expect(live).to_have_text("Row 5, column 9: not marked")
        await page.keyboard.press("Enter")
        await expect(live).to_have_text("Row 5, column 9: marked")
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Enter")
        assert await marked(page) == 1  # two of 16 × 9 cells
        await page.keyboard.press("Enter")
        await expect(live).to_have_text("Row 5, column 10: not marked")
        await page.keyboard.press("Control+z")
        await expect(live).to_have_text("1 % marked")
        await page.keyboard.press("Control+z")
        await page.keyboard.press("Control+z")
        await expect(live).to_have_text("Nothing marked")
        await page.keyboard.press("Control+y")
        await expect(live).to_have_text("1 % marked")
        await page.keyboard.press("e")
        await expect(page.locator(TOOL.format("eraser"))).to_have_attribute("aria-pressed", "true")
        ring = await page.locator(".size").input_value()
        await page.keyboard.press("]")
        assert int(await page.locator(".size").input_value()) > int(ring)
        await page.keyboard.down("Space")
        await expect(page.locator("#stage")).to_have_attribute("data-tool", "pan")
        await page.keyboard.up("Space")
        await page.locator("#prompt").fill("a hat --loose")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#note")).to_contain_text("You can close this page")
        await wait_until(partial(requested, made))
    [sent] = made.sandbox.requests
    assert sent.mask is not None
    assert (sent.mask.width, sent.mask.height) == (3840, 2160)
