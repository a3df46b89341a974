"""The playground as a person meets it: real Chromium, real server, real upstream; what is seen is what is asserted."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, FilePayload, Locator, Page, Route, expect

from tests.browser.chat_filling import fill_chat
from tests.browser.conftest import MakeDemo, page_at, paint_until
from tests.support.images import png
from tests.support.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")  # of the browser

PRIVATE = '#chats [data-chat="direct-amber"]'


async def write(page: Page, text: str) -> None:
    await page.fill("#composer", text)
    await expect(page.locator("#send")).to_be_enabled()  # every photo has gone up
    await page.press("#composer", "Enter")


def messages(page: Page) -> Locator:
    return page.locator('[data-message-id][data-sender="easel"]')


async def pictures(page: Page, message: int = -1) -> Locator:
    """The finished pictures of one of Easel's messages, loaded."""
    found = messages(page).nth(message).locator(".picture[data-file-id] img, img.picture[data-file-id]")
    await expect(found.first).to_be_visible()
    await expect(found.first).to_have_js_property("complete", True)
    return found


async def quota(page: Page) -> str:
    return await page.inner_text("#quota")


async def test_a_photo_and_a_prompt_become_a_picture_in_one_message(browser: Browser, demo: MakeDemo) -> None:
    seen = asyncio.Event()
    made = await demo(pace=1, sleep=paint_until(seen))
    async with made.served() as address, page_at(browser, address, reduced_motion="no-preference") as page:
        await page.click(PRIVATE)
        await expect(page.locator("#quota")).to_contain_text("50")
        photo = FilePayload(name="photo.png", mimeType="image/png", buffer=png("teal", (320, 240)))
        await page.set_input_files("#file-input", files=[photo])
        await write(page, "make it anime, with a hat")
        status = messages(page).last
        await expect(status).to_contain_text("%")
        await expect(status.locator('[data-action="cancel"]')).to_be_visible()
        seen.set()
        node = await status.get_attribute("data-message-id")
        await pictures(page)
        assert await messages(page).last.get_attribute("data-message-id") == node
        await expect(messages(page)).to_have_count(1)
        await expect(page.locator("#quota")).to_contain_text("49")
    assert made.sandbox.requests[0].references[0].width == 320


async def test_the_first_words_of_a_newcomer_are_heard(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        photo = FilePayload(name="photo.png", mimeType="image/png", buffer=png("teal", (320, 240)))
        await page.set_input_files("#file-input", files=[photo])
        await write(page, "make it anime, with a hat")
        await pictures(page)


async def test_a_demo_says_that_it_is_one_and_leads_to_real_pictures(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click("#demo-chip")
        steps = page.get_by_role("dialog")
        await expect(steps.locator("li")).to_have_count(3)
        await expect(steps).to_contain_text("[[providers]]")
        await page.keyboard.press("Escape")
        await expect(steps).to_be_hidden()


async def test_the_canvas_stays_until_every_picture_can_be_seen(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    arrives = asyncio.Event()

    async def hold(route: Route) -> None:
        await arrives.wait()
        await route.continue_()

    async with made.served() as address, page_at(browser, address) as page:
        await page.route(re.compile("/(thumbnails|files)/"), hold)
        await page.click(PRIVATE)
        await write(page, "two lakes --n 2")
        status = messages(page).last
        await expect(status.locator(".picture")).to_have_count(2)
        await expect(status.locator(".cell")).to_have_count(2)
        await expect(status.locator(".picture.loaded")).to_have_count(0)
        arrives.set()
        await expect(status.locator(".picture.loaded")).to_have_count(2)
        await expect(status.locator(".canvas")).to_have_count(0)


async def test_a_long_chat_loads_what_is_seen_and_small(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    await fill_chat(made.settings["playground"]["path"], 12, edge=1024)
    asked: list[str] = []
    async with made.served() as address, page_at(browser, address) as page:
        page.on("request", lambda request: asked.append(request.url.removeprefix(address)))
        await page.reload()
        await page.click('#chats [data-chat="studio"]')
        await pictures(page)
    assert [path for path in asked if path.endswith((".js", ".css"))] == []
    assert not any(path.startswith("/files/") for path in asked)
    assert 1 <= sum(path.startswith("/thumbnails/") for path in asked) < 12


@pytest.mark.thorough
async def test_a_reply_to_the_picture_changes_it(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await write(page, "a lighthouse at dusk")
        await pictures(page)
        await messages(page).last.locator('[data-action="edit"]').click()
        await expect(page.locator("#reply-bar")).to_be_visible()
        await write(page, "now with a hat")
        await expect(messages(page)).to_have_count(2)
        await pictures(page)
        await expect(page.locator("#quota")).to_contain_text("48")
    assert len(made.sandbox.requests[1].references) == 1


async def test_cancel_ends_the_job_and_gives_the_credit_back(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=60)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await write(page, "a lighthouse at dusk")
        await wait_until(lambda: made.sandbox.running == 1)  # or there would be nobody to leave
        await page.locator('[data-action="cancel"]').click()
        await expect(page.locator('[data-action="retry"]')).to_be_visible()
        await expect(page.locator("#quota")).to_contain_text("50")
        await wait_until(lambda: made.sandbox.dropped == 1)  # the upstream notices in its own time


@pytest.mark.thorough
async def test_an_empty_purse_is_said_in_words(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served(limits={"user_daily": 1}) as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await write(page, "a lighthouse")
        await pictures(page)
        await write(page, "another lighthouse")
        await expect(messages(page)).to_have_count(2)
        await expect(messages(page).last).to_contain_text(re.compile("credit", re.I))
        await expect(page.locator("#quota")).to_contain_text("0")
    assert len(made.sandbox.requests) == 1


async def test_everything_is_still_there_after_a_reload_and_a_restart(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await write(page, "a lighthouse")
        await pictures(page)
        await page.reload()
        await pictures(page)
        await expect(page.locator("#quota")).to_contain_text("49")
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await pictures(page)
        await page.locator('[data-action="retry"]').click()
        await expect(messages(page)).to_have_count(2)
        await pictures(page)
        await expect(page.locator("#quota")).to_contain_text("48")


async def test_the_page_speaks_the_members_language(browser: Browser, demo: MakeDemo) -> None:
    made = await demo(pace=0)
    async with made.served() as address, page_at(browser, address) as page:
        await page.click(PRIVATE)
        await page.select_option("#locale", "zh")
        await write(page, "/quota")
        await expect(messages(page).last).to_contain_text(re.compile("[一-龥]"))
