"""Requests on a whole Easel that are more than their words: an answer to the bot's question, a typed address."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bot.sandbox import Sandbox
from bot.texts import translate
from tests.flow.playground.page_client import PageConnection
from tests.support.website import website
from tests.support.world import World, reference_sizes


@asynccontextmanager
async def page(world: World) -> AsyncGenerator[PageConnection]:
    async with (
        world.served() as address,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{address}/ws", origin=address, max_msg_size=0) as wire,
    ):
        opened = PageConnection(wire)
        await opened.send_frame("start", locale="en")
        await opened.receive_frame("hello")
        yield opened


@asynccontextmanager
async def painting(folder: Path, **settings: Any) -> AsyncGenerator[World]:
    async with Sandbox(pace=0) as sandbox:
        playground = {"enabled": True, "path": folder / "playground.db"}
        yield World(folder=folder, sandbox=sandbox, settings={"playground": playground, **settings})


async def question(opened: PageConnection) -> dict[str, Any]:
    asked = translate("en", "refusal-prompt-empty")
    return (await opened.receive_frame("message", lambda frame: frame["message"]["text"] == asked))["message"]


async def picture(opened: PageConnection) -> None:
    def offers_vary(frame: dict[str, Any]) -> bool:
        return any(each["action"] == "vary" for each in frame["message"]["buttons"])

    await opened.receive_frame("message", offers_vary)


async def test_a_reply_to_the_bots_question_is_the_prompt_also_after_a_restart(tmp_path: Path) -> None:
    async with painting(tmp_path) as world:
        async with page(world) as opened:
            await opened.send_message("/imagine@easel --size 3:2")
            asked = await question(opened)
            await opened.send_message("a red fox", reply_to=asked["id"])
            await picture(opened)
            await opened.send_message("@easel", as_="jade")
            asked = await question(opened)
        async with page(world) as opened:
            await opened.send_message("a blue boat", as_="jade", reply_to=asked["id"])
            await picture(opened)
        prompts = [each.prompt for each in world.sandbox.requests]
        assert prompts == ["a red fox\n\nImage size: 3:2", "a blue boat"]


async def test_a_typed_address_of_a_picture_is_a_reference(tmp_path: Path) -> None:
    async with painting(tmp_path) as world, website() as site:
        world.settings["fetch"] = {"allow_hosts": [world.sandbox.address.removeprefix("http://"), site.host]}
        async with page(world) as opened:
            await opened.send_message(
                f"make {site.address}/50.png a painting, as on {site.address}/page", chat="direct-amber"
            )
            await picture(opened)
        assert reference_sizes(world.sandbox) == [(50, 40)]
        assert world.sandbox.requests[0].prompt == f"make a painting, as on {site.address}/page"


async def test_forgetting_leaves_no_button_that_leads_nowhere(tmp_path: Path) -> None:
    async with painting(tmp_path) as world, page(world) as opened:
        await opened.send_message("a red fox", chat="direct-amber")
        await picture(opened)
        await opened.send_message("/forget", chat="direct-amber")

        def is_stripped(frame: dict[str, Any]) -> bool:
            return bool(frame["message"]["files"]) and len(frame["message"]["buttons"]) == 1

        message = (await opened.receive_frame("message", is_stripped))["message"]
        assert [each["action"] for each in message["buttons"]] == ["more"]
