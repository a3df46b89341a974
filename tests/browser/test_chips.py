"""Options as chips: they write the flags, flags set them, and the price of what would be sent stands on Send."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from bot.sandbox import Sandbox
from tests.browser.conftest import page_at
from tests.browser.test_page import PRIVATE, messages, pictures, write
from tests.support.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")  # of the browser

MODELS = [{"name": "gpt-image-2", "price": {"low": 1, "high": 4}}, {"name": "gpt-image-1", "label": "Fine Art"}]


async def choose(page: Page, option: str, words: str) -> None:
    await page.click(f'.option-chip[data-option="{option}"]')
    await page.get_by_role("radio", name=words, exact=True).click()


async def test_chips_write_flags_and_flags_set_chips(browser: Browser, tmp_path: Path) -> None:
    playground = {"enabled": True, "path": tmp_path / "playground.db"}
    async with Sandbox(pace=0) as sandbox:
        made = World(folder=tmp_path, sandbox=sandbox)
        made.settings |= {"playground": playground, "providers": [made.provider(dialect="images", models=MODELS)]}
        async with made.served() as address, page_at(browser, address) as page:
            await page.click(PRIVATE)
            composer, send = page.locator("#composer"), page.locator("#send")
            chip = {name: page.locator(f'.option-chip[data-option="{name}"]') for name in ("size", "quality", "n")}
            await composer.fill("🦊 a fox —n 3")
            await expect(chip["n"]).to_have_text("×3")
            await choose(page, "size", "3:2")
            await expect(composer).to_have_text("🦊 a fox —n 3 --size 3:2")
            await expect(chip["size"]).to_have_text("3:2")
            await choose(page, "n", "×2 2–8 credits")
            await expect(composer).to_have_text("🦊 a fox --n 2 --size 3:2")
            await choose(page, "model", "Fine Art 2 credits")
            await expect(composer).to_have_text('🦊 a fox --n 2 --size 3:2 --model "Fine Art"')
            await composer.fill("a fox --n 2 --size 3:2 --quality l")
            await page.get_by_role("option", name="low 2 credits").click()
            await expect(composer).to_have_text("a fox --n 2 --size 3:2 --quality low")
            await expect(chip["quality"]).to_have_text("low")
            await expect(send).to_have_text("2 credits")
            await choose(page, "size", "Auto")
            await expect(composer).to_have_text("a fox --n 2 --quality low")
            await composer.press("Enter")
            await pictures(page)
            await expect(page.locator("#quota")).to_contain_text("48")
            assert sandbox.requests[0].body["quality"] == "low"


async def test_a_chip_is_chosen_with_the_keyboard_before_anything_is_typed(browser: Browser, tmp_path: Path) -> None:
    playground = {"enabled": True, "path": tmp_path / "playground.db"}
    async with Sandbox(pace=0) as sandbox:
        made = World(folder=tmp_path, sandbox=sandbox, settings={"playground": playground})
        async with made.served(limits={"user_daily": 2}) as address, page_at(browser, address) as page:
            await page.click(PRIVATE)
            await page.focus('.option-chip[data-option="n"]')
            await page.keyboard.press("Enter")
            for key in ("ArrowRight", "ArrowRight", "Enter"):
                await page.keyboard.press(key)
            await expect(page.locator("#composer")).to_be_focused()
            await page.keyboard.type("a fox")
            await expect(page.locator("#composer")).to_have_text("a fox --n 3")
            await expect(page.locator("#send")).to_have_attribute("data-dear", "")
            await page.fill("#composer", "/")
            offered = page.locator("#completion").get_by_role("option")
            await expect(offered.first).to_contain_text("/imagine")
            await expect(offered.filter(has_text="/admin")).to_have_count(0)
            await write(page, "/quota")
            await expect(messages(page)).to_have_count(1)
