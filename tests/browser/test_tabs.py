"""One member in two tabs, and a page whose connection is lost for a while: both show what there is, once."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, WebSocketRoute, expect

from tests.browser.conftest import MakeDemo, page_at, paint_until
from tests.browser.test_page import PRIVATE, messages, pictures, write

pytestmark = pytest.mark.asyncio(loop_scope="module")  # of the browser


async def test_two_tabs_of_a_member_show_the_same(browser: Browser, demo: MakeDemo) -> None:
    seen = asyncio.Event()
    made = await demo(pace=1, sleep=paint_until(seen))
    async with made.served() as address, page_at(browser, address) as one, page_at(browser, address) as other:
        for page in (one, other):
            await page.click(PRIVATE)
        await write(one, "a lighthouse")
        await expect(messages(other).last).to_contain_text("%")
        seen.set()
        for page in (one, other):
            await pictures(page)
            await expect(messages(page)).to_have_count(1)
            await expect(page.locator("#quota")).to_contain_text("49")
        await write(other, "a harbour")
        await expect(messages(one)).to_have_count(2)


async def test_what_happens_while_the_connection_is_lost_is_there_when_it_is_back(
    browser: Browser, demo: MakeDemo
) -> None:
    seen = asyncio.Event()
    made = await demo(pace=1, sleep=paint_until(seen))
    sockets: list[WebSocketRoute] = []
    is_cut = False

    async def relay(socket: WebSocketRoute) -> None:
        if is_cut:
            await socket.close()
        else:
            socket.connect_to_server()
            sockets.append(socket)

    async with made.served() as address, page_at(browser, address) as page:
        await page.route_web_socket(re.compile("/ws"), relay)
        await page.reload()
        await page.click(PRIVATE)
        await write(page, "a lighthouse")
        await expect(messages(page).last).to_contain_text("%")
        is_cut = True
        await sockets[-1].close()
        await expect(page.locator("html")).to_have_attribute("data-connection", "lost")
        seen.set()
        is_cut = False
        await pictures(page)
        await expect(messages(page)).to_have_count(1)
