"""One press of one button by one member is one job until that has ended, whatever else is pressed in between."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox import Sandbox
from bot.texts import translate
from tests.flow.playground.page_client import PageConnection
from tests.servers.upstream.picture_host import PictureHost
from tests.support.waiting import wait_until
from tests.support.world import World

AGAIN = translate("en", "press-again")


class Visitor:
    """A page on a whole Easel. Whoever writes or presses is named by each call."""

    def __init__(self, page: PageConnection) -> None:
        self._page = page

    async def painted(self) -> dict[str, Any]:
        """Amber's first picture."""
        await self._page.send_message("@Easel a red fox")
        return await self.picture()

    async def picture(self) -> dict[str, Any]:
        """A message whose picture shows for the first time."""
        frame = await self._page.receive_frame("message", lambda frame: _offers_vary(frame["message"]))
        return frame["message"]

    async def deleted(self) -> str:
        """The id of a message that goes from the page."""
        return (await self._page.receive_frame("deleted"))["id"]

    async def press(self, message: dict[str, Any], action: str, nonce: str, *, as_: str = "amber") -> str:
        """Presses a button, of the message or behind *More…*; returns the notice."""
        job = message["buttons"][0]["job"]
        fields = {"as": as_, "chat": "studio", "message": message["id"], "action": action, "job": job, "nonce": nonce}
        await self._page.send_frame("press", **fields)
        return (await self._page.receive_frame("notice"))["text"]


def _offers_vary(message: dict[str, Any]) -> bool:
    return any(button["action"] == "vary" for button in message["buttons"])


@asynccontextmanager
async def visited(folder: Path, **settings: Any) -> AsyncGenerator[tuple[World, PictureHost, Visitor]]:
    playground = {"enabled": True, "path": folder / "playground.db"}
    async with Sandbox(pace=0) as sandbox:
        world = World(folder=folder, sandbox=sandbox, settings={"playground": playground, **settings})
        async with (
            world.gallery() as upstream,
            world.served() as address,
            aiohttp.ClientSession() as http,
            http.ws_connect(f"{address}/ws", origin=address, max_msg_size=0) as wire,
        ):
            page = PageConnection(wire)
            await page.send_frame("start", locale="en")
            await page.receive_frame("hello")
            yield world, upstream, Visitor(page)


@pytest.mark.thorough
async def test_vary_retry_and_vary_again_are_one_vary_and_one_retry(tmp_path: Path) -> None:
    async with visited(tmp_path) as (world, upstream, visitor):
        upstream.at_once |= {"/pictures/1.png", "/pictures/3.png"}
        first = await visitor.painted()
        assert await visitor.press(first, "vary", "p1") == ""
        await wait_until(lambda: upstream.asked == 2)
        assert await visitor.press(first, "retry", "p2") == ""
        await visitor.picture()
        await world.wait_for_unfinished_jobs(1)
        assert await visitor.press(first, "vary", "p3") == AGAIN
        assert await visitor.press(first, "vary", "p1") == AGAIN  # the same press, sent again after a lost connection
        upstream.open.set()
        await world.wait_until_settled()
        assert upstream.asked == 3
        assert (await world.balance("playground:amber")).available == 47
        assert await visitor.press(first, "vary", "p1") == AGAIN  # also after its job has ended
        assert await visitor.press(first, "vary", "p4") == ""
        await world.wait_until_settled()
        assert upstream.asked == 4
        assert (await world.balance("playground:amber")).available == 46


async def test_two_members_who_press_the_same_button_get_a_job_each(tmp_path: Path) -> None:
    async with visited(tmp_path, admins=["playground:jade"]) as (world, upstream, visitor):
        upstream.at_once |= {"/pictures/1.png"}
        first = await visitor.painted()
        assert await visitor.press(first, "vary", "p1") == ""
        assert await visitor.press(first, "vary", "p1", as_="jade") == ""
        await wait_until(lambda: upstream.asked == 3)
        upstream.open.set()
        await world.wait_until_settled()
        assert (await world.balance("playground:amber")).available == 48
        assert (await world.balance("playground:jade")).available == 49


async def test_delete_takes_the_picture_from_every_page_and_what_was_made_of_it_goes_on(tmp_path: Path) -> None:
    async with visited(tmp_path) as (world, upstream, visitor):
        upstream.open.set()
        first = await visitor.painted()
        await visitor.press(first, "vary", "p1")
        second = await visitor.picture()
        await world.wait_until_settled()
        assert await visitor.press(first, "delete", "p2", as_="jade") == translate("en", "refusal-not-yours")
        assert await visitor.press(first, "delete", "p3") == translate("en", "answer-deleted", credits=1)
        assert await visitor.deleted() == first["id"]
        await visitor.press(second, "retry", "p4")
        await visitor.picture()
        await world.wait_until_settled()
        assert (await world.balance("playground:amber")).available == 47
