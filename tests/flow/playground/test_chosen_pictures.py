"""One picture of several: a press or a reply is about the chosen one, also after a restart, and costs one picture."""

from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import Fault, Sandbox
from bot.texts import translate
from tests.flow.playground.page_client import PageConnection
from tests.flow.playground.test_requests import page, painting
from tests.flow.scenes import LONG
from tests.support.waiting import wait_until
from tests.support.world import World

AGAIN = translate("en", "press-again")


async def result(opened: PageConnection) -> dict[str, Any]:
    """A message with pictures, once it shows them for the first time."""

    def is_result(frame: dict[str, Any]) -> bool:
        return frame["message"]["sender"] == "easel" and bool(frame["message"]["files"])

    return (await opened.receive_frame("message", is_result))["message"]


async def press(opened: PageConnection, message: dict[str, Any], action: str, nonce: str, file: str | None) -> str:
    """Presses a button for one of the pictures; returns the notice."""
    job = next(button["job"] for button in message["buttons"] if button["action"] == action)
    place = {"as": "amber", "chat": message["chat"], "message": message["id"], "file": file}
    await opened.send_frame("press", **place, action=action, job=job, nonce=nonce)
    return (await opened.receive_frame("notice"))["text"]


async def available(opened: PageConnection, credits: int, reserved: int = 0) -> None:
    await opened.receive_frame("quota", lambda frame: (frame["available"], frame["reserved"]) == (credits, reserved))


@pytest.mark.thorough
async def test_vary_and_a_reply_take_the_chosen_picture_also_after_a_restart(tmp_path: Path) -> None:
    async with painting(tmp_path) as world:
        async with page(world) as opened:
            await opened.send_message("a red fox --n 3", chat="direct-amber")
            painted = await result(opened)
            await available(opened, 47)
            chosen = painted["files"][2]["id"]
            assert await press(opened, painted, "vary", "c1", chosen) == ""
            varied = await result(opened)
            assert (varied["source"], varied["reply_to"]["file"]) == (chosen, chosen)
            await press(opened, painted, "edit", "c2", chosen)
            composed = await opened.receive_frame("compose")
            assert (composed["reply_to"], composed["file"]) == (painted["id"], chosen)
        async with page(world) as opened:
            await opened.send_message(
                "with a hat", chat="direct-amber", reply_to=painted["id"], reply_file=chosen, nonce="m2"
            )
            assert (await result(opened))["source"] == chosen
            assert await press(opened, painted, "vary", "c3", None) == ""
            await result(opened)
            await available(opened, 50 - 3 - 3 - 1 - 3)
        third, replied, first = [[each.digest for each in one.references] for one in world.sandbox.requests[5:8]]
        assert len(third) == len(first) == 1
        assert third == replied != first


async def test_each_picture_has_a_vary_of_its_own_and_each_makes_one_job_at_a_time(tmp_path: Path) -> None:
    playground = {"enabled": True, "path": tmp_path / "playground.db"}
    faults = (None, None, *[Fault("quiet", LONG)] * 4)
    async with (
        Sandbox(pace=0, faults=faults) as sandbox,
        page(World(folder=tmp_path, sandbox=sandbox, settings={"playground": playground})) as opened,
    ):
        await opened.send_message("a red fox --n 2", chat="direct-amber")
        painted = await result(opened)
        first, second = (file["id"] for file in painted["files"])
        presses = (("c1", first), ("c2", second), ("c3", second), ("c1", first))
        said = [await press(opened, painted, "vary", nonce, file) for nonce, file in presses]
        assert said == ["", "", AGAIN, AGAIN]
        await available(opened, 44, reserved=4)
        await wait_until(lambda: sandbox.running == 4)


async def test_a_reply_about_a_file_that_is_not_there_is_about_the_message(tmp_path: Path) -> None:
    async with painting(tmp_path) as world, page(world) as opened:
        await opened.send_message("a red fox", chat="direct-amber")
        painted = await result(opened)
        await opened.send_message("with a hat", chat="direct-amber", reply_to=painted["id"], reply_file="0" * 32)
        assert (await result(opened))["source"] == painted["files"][0]["id"]
