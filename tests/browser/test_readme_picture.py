"""The animation at the top of the README, made by painting with the page; `-m soak --readme-picture` writes it anew."""

import asyncio
import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, expect

from bot.sandbox import Sandbox
from tests.browser.conftest import README_PICTURE, MakeDemo, page_at
from tests.browser.test_page import PRIVATE, messages, pictures, write

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),  # of the browser
    pytest.mark.soak,  # forty seconds
    pytest.mark.usefixtures("painted_in_full"),
]

SIZE = {"width": 1000, "height": 720}
STILL = 1600  # milliseconds that a moment worth reading stays
MOVING = 220  # milliseconds of a frame while the picture fills up


async def photo(sandbox: Sandbox, browser: Browser, address: str) -> bytes:
    """A photo to start from: painted by the sandbox too, since the project ships no photos."""
    async with page_at(browser, address) as page:
        await page.click('#members [data-member="jade"]')
        await page.click('#chats [data-chat="direct-jade"]')
        await write(page, "a valley in spring --size 3:2")
        await pictures(page)
        file = await messages(page).last.locator(".picture").get_attribute("data-file-id")
        answer = await page.request.get(f"{address}/files/{file}")
        return await answer.body()


class Film:
    """Frames of the page, each shown for its own time."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.frames: list[tuple[bytes, int]] = []

    async def take(self, milliseconds: int) -> None:
        self.frames.append((await self._page.screenshot(animations="disabled"), milliseconds))

    def save(self, path: Path) -> None:
        """As an animated GIF, which every place that shows a README plays."""
        images = [Image.open(io.BytesIO(data)).convert("RGB") for data, _ in self.frames]
        width, height = images[0].width // 2, images[0].height // 2
        all_colors = Image.new("RGB", (width, height * len(images)))  # one palette for day and night
        for number, image in enumerate(images):
            all_colors.paste(image.resize((width, height), Image.Resampling.NEAREST), (0, height * number))
        palette = all_colors.quantize(256, kmeans=2, dither=Image.Dither.NONE)
        first, *rest = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
        first.save(
            path,
            save_all=True,
            append_images=rest,
            duration=[shown for _, shown in self.frames],
            loop=0,
            optimize=True,
        )


async def test_a_photo_is_changed_twice_while_the_camera_runs(
    browser: Browser, demo: MakeDemo, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made = await demo(pace=3.0, previews=True)
    async with made.served() as address:
        picture = await photo(made.sandbox, browser, address)
        async with page_at(browser, address, viewport=SIZE, reduced_motion="no-preference") as page:
            await page.click(PRIVATE)
            film = Film(page)
            await film.take(STILL)
            await page.set_input_files(
                "#file-input", files=[{"name": "valley.png", "mimeType": "image/png", "buffer": picture}]
            )
            await expect(page.locator('.attachment[data-state="done"]')).to_be_visible()
            await page.fill("#composer", "make it anime, with a hat")
            await film.take(STILL)
            await page.press("#composer", "Enter")
            await expect(messages(page)).to_have_count(1)
            while not await messages(page).locator(".picture.loaded").count():
                await film.take(MOVING)
                await asyncio.sleep(0.2)
            await film.take(2 * STILL)
            await messages(page).last.locator('[data-action="edit"]').click()
            await page.mouse.move(0, 0)
            await page.fill("#composer", "now at night")
            await film.take(STILL)
            await page.press("#composer", "Enter")
            await expect(messages(page)).to_have_count(2)
            while await messages(page).locator(".picture.loaded").count() < 2:
                await film.take(MOVING)
                await asyncio.sleep(0.2)
            await film.take(3 * STILL)
    target = README_PICTURE if request.config.getoption("--readme-picture") else tmp_path / "playground.gif"
    film.save(target)
    assert len(film.frames) > 10
    assert made.sandbox.requests[-1].references
