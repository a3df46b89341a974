"""Files in the composer: looked at as they come, tried again, put in order; pasted and typed from anywhere."""

import base64
import re

import pytest
from playwright.async_api import Browser, FilePayload, Page, WebSocketRoute, expect

from tests.browser.conftest import MakeDemo, page_at
from tests.browser.test_keyboard import PHONE
from tests.browser.test_page import PRIVATE, messages, pictures, write
from tests.support.images import png

pytestmark = pytest.mark.asyncio(loop_scope="module")  # of the browser

PASTE = """
([target, type, data]) => {
  const held = new DataTransfer();
  if (type === "text/plain") held.setData(type, data);
  else held.items.add(new File([Uint8Array.from(atob(data), (each) => each.charCodeAt(0))], "pasted.png", { type }));
  const paste = new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true });
  document.querySelector(target).dispatchEvent(paste);
}
"""


DROP_LARGE = """
() => {
  const held = new DataTransfer();
  held.items.add(new File([new Uint8Array(26 * 1024 * 1024)], "large.png", { type: "image/png" }));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true }));
}
"""


def photo(name: str, width: int = 90) -> FilePayload:
    return FilePayload(name=name, mimeType="image/png", buffer=png("teal", (width, 60)))


async def attach(page: Page, *files: FilePayload) -> None:
    await page.set_input_files("#file-input", files=files)


async def test_a_file_that_cannot_be_used_says_so_before_anything_is_sent(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        contract = FilePayload(name="contract.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7 hello")
        broken = FilePayload(name="broken.png", mimeType="image/png", buffer=png("teal", (320, 240))[:90])
        await attach(page, photo("fine.png"), contract, broken)
        await page.evaluate(DROP_LARGE)
        failed = page.locator('.attachment[data-state="failed"]')
        await expect(failed).to_have_count(3)
        said = ("“contract.pdf” is not a picture", "“broken.png” can.t be opened", "too large")
        for number, words in enumerate(said):
            await expect(failed.nth(number)).to_contain_text(re.compile(words))
            await expect(failed.nth(number).locator('[data-action="upload-again"]')).to_be_hidden()
        await page.locator("#composer").press_sequentially("a hat")
        await expect(page.locator("#send")).to_be_disabled()
        for _ in range(3):
            await failed.first.locator('[data-action="remove-file"]').click()
        await write(page, "with a hat")
        await pictures(page)
    assert [len(each.references) for each in made.sandbox.requests] == [1]


async def test_tiles_are_put_in_order_by_keys_by_mouse_and_by_finger(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address, has_touch=True) as page:
        await page.click(PRIVATE)
        await attach(page, photo("one.png", 100), photo("two.png", 200), photo("three.png", 300))
        await expect(page.locator('.attachment[data-state="done"]')).to_have_count(3)
        faces = page.locator(".attachment-face")

        async def order(*names: str) -> None:
            for number, name in enumerate(names, start=1):
                label = f"Picture {number} of 3: {name}.png"
                await expect(faces.nth(number - 1)).to_have_attribute("aria-label", label)

        await faces.nth(2).focus()
        await page.keyboard.press("ArrowLeft")
        await order("one", "three", "two")
        await expect(faces.nth(1)).to_be_focused()
        boxes = [await faces.nth(at).bounding_box() for at in (0, 2)]
        (left, top), (right, _) = [(box["x"] + 30, box["y"] + 30) for box in boxes if box]
        await page.mouse.move(left, top)
        await page.mouse.down()
        await page.mouse.move(right, top, steps=4)
        await page.mouse.up()
        await order("three", "two", "one")
        finger = await page.context.new_cdp_session(page)
        for kind, x in [("Start", right), ("Move", (left + right) / 2), ("Move", left), ("End", None)]:
            touch = {"type": f"touch{kind}", "touchPoints": [] if x is None else [{"x": x, "y": top}]}
            await finger.send("Input.dispatchTouchEvent", touch)  # pyright: ignore[reportUnknownMemberType] - its stub leaves values open
        await order("one", "three", "two")
        await write(page, "all of them")
        await pictures(page)
    assert [each.width for each in made.sandbox.requests[0].references] == [100, 300, 200]


@pytest.mark.thorough
async def test_on_a_phone_a_tap_right_after_a_tile_was_carried_counts(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address, viewport=PHONE, has_touch=True) as page:
        await page.locator(PRIVATE).dispatch_event("click")
        await attach(page, photo("one.png"), photo("two.png"), photo("three.png"))
        await expect(page.locator('.attachment[data-state="done"]')).to_have_count(3)
        faces = page.locator(".attachment-face")
        boxes = [await faces.nth(at).bounding_box() for at in (0, 2)]
        (left, top), (right, _) = [(box["x"] + 20, box["y"] + 20) for box in boxes if box]
        finger = await page.context.new_cdp_session(page)
        for kind, x in [("Start", right), ("Move", left), ("End", None)]:
            touch = {"type": f"touch{kind}", "touchPoints": [] if x is None else [{"x": x, "y": top}]}
            await finger.send("Input.dispatchTouchEvent", touch)  # pyright: ignore[reportUnknownMemberType] - as above
        await page.locator('[data-action="remove-file"]').last.tap()
        await expect(faces).to_have_count(2)


async def test_an_upload_that_failed_is_tried_again_on_its_tile_and_after_a_reconnect(
    browser: Browser, demo: MakeDemo
) -> None:
    made = await demo(pace=0)
    sockets: list[WebSocketRoute] = []

    def relay(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    async with made.served() as address, page_at(browser, address, allows="ERR_FAILED") as page:
        await page.route_web_socket(re.compile("/ws"), relay)
        await page.reload()
        await page.click(PRIVATE)
        uploads = re.compile(r"/files\?")
        await page.route(uploads, lambda route: route.abort())
        await attach(page, photo("one.png"), photo("two.png"))
        failed, done = (page.locator(f'.attachment[data-state="{state}"]') for state in ("failed", "done"))
        await expect(failed).to_have_count(2)
        await page.unroute(uploads)
        await failed.first.locator('[data-action="upload-again"]').click()
        await expect(done).to_have_count(1)
        await expect(failed).to_have_count(1)
        await sockets[-1].close()
        await expect(done).to_have_count(2)
        await write(page, "both of them")
        await pictures(page)
    assert [len(each.references) for each in made.sandbox.requests] == [2]


async def test_words_and_pictures_come_from_anywhere_on_the_page(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await page.focus(PRIVATE)
        await page.keyboard.type("a hat")
        await expect(page.locator("#composer")).to_have_text("a hat")
        await page.focus("#attach")
        await page.evaluate(PASTE, ["#attach", "text/plain", ", red"])
        await expect(page.locator("#composer")).to_have_text("a hat, red")
        await page.focus(PRIVATE)
        encoded = base64.b64encode(png("teal", (90, 60))).decode()
        await page.evaluate(PASTE, ["#timeline", "image/png", encoded])
        await expect(page.locator('.attachment[data-state="done"]')).to_have_count(1)
        await page.keyboard.type("!")
        await page.keyboard.press("Enter")
        await pictures(page)
        await expect(messages(page)).to_have_count(1)
    assert [(each.prompt, len(each.references)) for each in made.sandbox.requests] == [("a hat, red!", 1)]
