"""The README's pictures of Easel in Discord and Telegram, drawn from what the platforms' test servers hold.

`-m soak --readme-picture` writes them anew.
"""

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser

from bot.sandbox import Sandbox
from tests.browser.chat_drawing import Entry, discord_entry, draw, telegram_entry
from tests.servers.telegram import UNLIMITED
from tests.wire.discord.easel import DiscordWorld, discord_world
from tests.wire.telegram.easel import TelegramWorld, telegram_world

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),  # of the browser
    pytest.mark.soak,  # half a minute
    pytest.mark.usefixtures("painted_in_full"),
]

DEPLOY = Path(__file__).parents[2] / "deploy"
DENSITY = 2  # pixels of the file for one of the page
PACE = 6.0  # seconds a picture: long enough to be met half way
LIGHTHOUSE = "a lighthouse in a storm, oil on canvas"


HALF_WAY = 40  # percent


def percent(text: str) -> int:
    """What a status message shows; 0 without any."""
    found = re.search(r"(\d+)%", text)
    return int(found[1]) if found else 0


async def save(browser: Browser, request: pytest.FixtureRequest, folder: Path, name: str, entries: list[Entry]) -> None:
    """As deploy/NAME.webp where that is asked for, else into the test's folder."""
    page = await browser.new_page(viewport={"width": 620, "height": 400}, device_scale_factor=DENSITY)
    await page.set_content(draw(name, entries))
    image = Image.open(io.BytesIO(await page.screenshot(full_page=True)))
    await page.close()
    target = DEPLOY if request.config.getoption("--readme-picture") else folder
    image.save(target / f"{name.lower()}.webp", quality=86)
    assert image.height > 600 * DENSITY / 2


async def test_discord(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async with discord_world(tmp_path) as world, Sandbox(pace=PACE, previews=False) as sandbox:
        world.sandbox, world.server.world.bot.name = sandbox, "Easel"
        entries = await talk_in_discord(world)
    assert [len(each.pictures) for each in entries] == [0, 1, 0, 0]
    await save(browser, request, tmp_path, "Discord", entries)


async def talk_in_discord(world: DiscordWorld) -> list[Entry]:
    names = {world.bot_mention: "@Easel"}
    async with world.easel():
        bo = world.server.world.add_member(world.guild, "Bo")
        asked = world.server.say(world.ada, world.channel, f"{world.bot_mention} {LIGHTHOUSE}")
        picture = await world.wait_for_picture()
        again = world.server.say(bo, world.channel, f"{world.bot_mention} make it night", reply_to=picture)
        status = await world.wait_for_reply(after=picture)
        await world.until(lambda: percent(status.content) >= HALF_WAY)
        return [discord_entry(each, names) for each in (asked, picture, again, status)]


async def test_telegram(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED) as world, Sandbox(pace=PACE, previews=False) as sandbox:
        world.sandbox, world.server.bot.name = sandbox, "Easel"
        entries = await talk_in_telegram(world)
    assert [len(each.pictures) for each in entries] == [0, 1, 0, 0]
    await save(browser, request, tmp_path, "Telegram", entries)


async def talk_in_telegram(world: TelegramWorld) -> list[Entry]:
    async with world.easel():
        asked = world.server.say(world.ada, world.private, LIGHTHOUSE)
        picture = await world.wait_for_picture()
        again = world.server.say(world.ada, world.private, "make it night", reply_to=picture)
        status = await world.wait_for_reply(after=picture)
        await world.until(lambda: percent(status.content.text) >= HALF_WAY)
        return [telegram_entry(each) for each in (asked, picture, again, status)]
