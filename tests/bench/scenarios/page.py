"""K: the playground's page in Chromium on a slow line, from the click on its address to a picture that can be seen."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from playwright.async_api import Browser, Page, async_playwright

from adapters.playground.database import ChatDatabase
from adapters.playground.records import NewFile
from bot.sandbox import Sandbox
from bot.sandbox.painting.painter import paint
from bot.sandbox.painting.picture_spec import PictureSpec
from tests.bench.figures import Figure, median
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.clocks import FakeClock
from tests.support.world import World

LINE = 60_000  # bytes a second in both directions: a phone at the edge of its network
LATENCY_MS = 100.0  # of each request
RESULTS = 35  # in the chat that is opened
SHELL_S = 1.5  # until somebody can write; the target
VIEWPORT = {"width": 1440, "height": 900}
PATIENCE_MS = 120_000.0
CHAT = "direct-amber"  # which a new visitor sees first

SHELL = """
() => document.querySelector("#members [data-member]")
  && getComputedStyle(document.querySelector("#dock")).visibility === "visible" && performance.now()
"""
SCREENFUL = """
() => {
  const shown = [...document.querySelectorAll("#timeline .picture")].filter(each => {
    const { top, bottom } = each.getBoundingClientRect();
    return bottom > 64 && top < innerHeight - 90;
  });
  return shown.length > 0 && shown.every(each => each.classList.contains("loaded")) && performance.now();
}
"""
WALL = """
() => {
  const tiles = [...document.querySelectorAll(".tile img")];
  const shown = tiles.filter(each => each.getBoundingClientRect().top < innerHeight);
  return shown.length > 0 && shown.every(each => each.complete && each.naturalWidth) && performance.now();
}
"""
TRANSFERRED = """
() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((sum, each) => sum + each.transferSize, 0)
"""
# Of the newest card: when it was finished and when it could be seen, and for how long it showed nothing between.
WATCH = """
() => {
  const known = document.querySelectorAll("[data-sender=easel]").length;
  const found = window.watched = { finished: 0, seen: 0, blank: 0 };
  let painting = false;
  let before = performance.now();
  const look = now => {
    const card = [...document.querySelectorAll("[data-sender=easel]")].slice(known).at(-1);
    const seen = card?.querySelector(".picture.loaded");
    const canvas = card?.querySelector(".canvas");
    painting ||= Boolean(canvas);
    if (painting && !canvas && !seen) found.blank += now - before;
    if (card?.querySelector(".picture")) found.finished ||= now;
    if (seen) found.seen ||= now;
    before = now;
    if (!found.seen) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    """Nothing where there is no Chromium."""
    if CHROMIUM is None:
        print("K: needs Chromium")
        return []
    rounds = 2 if quick else 5
    samples: dict[str, list[float]] = {}
    async with async_playwright() as playwright, Sandbox(pace=1.0) as sandbox:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for number in range(rounds):
            place = folder / str(number)
            place.mkdir(parents=True)
            await fill(place / "playground.db")
            settings = {"playground": {"enabled": True, "path": place / "playground.db"}}
            async with World(folder=place, sandbox=sandbox, settings=settings).served() as address:
                for name, value in (await visit(browser, address)).items():
                    samples.setdefault(name, []).append(value)
            await asyncio.to_thread(shutil.rmtree, place)
        await browser.close()
    return [
        figure("shell, until one can write", "s", samples["shell"], 1 / 1000, SHELL_S),
        figure("shell, transferred", "kB", samples["shell_bytes"], 1 / 1000),
        figure("chat with 35 results, a screenful seen", "s", samples["screenful"], 1 / 1000),
        figure("chat with 35 results, transferred", "kB", samples["screenful_bytes"], 1 / 1000),
        figure("gallery, a screenful seen", "s", samples["gallery"], 1 / 1000),
        figure("picture finished → seen", "s", samples["arrival"], 1 / 1000),
        figure("neither canvas nor picture", "ms", samples["blank"], 1, 0),
        figure("shell, the second time", "s", samples["again"], 1 / 1000, SHELL_S),
    ]


def figure(quantity: str, unit: str, samples: list[float], factor: float, limit: float | None = None) -> Figure:
    case = f"{LINE // 1000} kB/s"
    return Figure(scenario="K", case=case, quantity=quantity, unit=unit, easel=median(samples) * factor, limit=limit)


async def fill(path: Path) -> None:
    """A chat with results."""
    numbers = iter(range(RESULTS))
    database = ChatDatabase(path, FakeClock(), lambda: f"{next(numbers):032x}")
    await database.open()
    for number in range(RESULTS):
        spec = PictureSpec(prompt="a lake", variation=number % 5)
        data = await asyncio.to_thread(paint, spec)
        asked, _ = await database.add_user_message(
            sender="amber", locale="en", chat=CHAT, text=f"lake {number}", files=[], reply_to=None, nonce=str(number)
        )
        await database.mark_accepted(asked.id)
        made = await database.post_message(chat=CHAT, text="", buttons=[], reply_to=asked.id, key=f"p{number}")
        picture = NewFile(
            name="easel-1.png", media_type="image/png", data=data, width=spec.width, height=spec.height, alt="a lake"
        )
        await database.deliver_files(made.id, text="a lake", buttons=[], files=[picture], key=f"d{number}")
    await database.close()


async def visit(browser: Browser, address: str) -> dict[str, float]:
    """Milliseconds and bytes of one visit."""
    found: dict[str, float] = {}
    async with slow_page(browser) as page:
        await page.goto(address, wait_until="commit")
        found["shell"] = await moment(page, SHELL)
        found["shell_bytes"] = await page.evaluate(TRANSFERRED)
        found["screenful"] = await moment(page, SCREENFUL)
        found["screenful_bytes"] = await page.evaluate(TRANSFERRED)
        await page.evaluate(WATCH)
        await page.fill("#composer", "a lighthouse in a storm")
        await page.press("#composer", "Enter")
        await moment(page, "() => watched.seen")
        watched = cast(dict[str, float], await page.evaluate("watched"))
        found["arrival"], found["blank"] = watched["seen"] - watched["finished"], watched["blank"]
        begun = cast(float, await page.evaluate("performance.now()"))
        await page.click("#gallery-open")
        found["gallery"] = await moment(page, WALL) - begun
        await page.reload(wait_until="commit")
        found["again"] = await moment(page, SHELL)
    return found


async def moment(page: Page, condition: str) -> float:
    """Milliseconds after the navigation at which a condition held first."""
    handle = await page.wait_for_function(condition, polling="raf", timeout=PATIENCE_MS)
    return cast(float, await handle.json_value())


@asynccontextmanager
async def slow_page(browser: Browser) -> AsyncGenerator[Page]:
    options: dict[str, Any] = {"viewport": VIEWPORT}
    context = await browser.new_context(**options)
    page = await context.new_page()
    wire = await context.new_cdp_session(page)
    send = cast(Callable[[str, dict[str, object]], Awaitable[object]], wire.send)  # pyright: ignore[reportUnknownMemberType] - untyped in its stub
    await send("Network.enable", {})
    limits: dict[str, object] = {"downloadThroughput": LINE, "uploadThroughput": LINE}
    await send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, **limits})
    try:
        yield page
    finally:
        await context.close()
