"""The playground over its end and its next start, with a file that is whole or broken."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from adapters.playground.client import PlaygroundAdapter
from bot.errors import ChatUnreachable
from tests.flow.playground.page import DONE, STUDIO, WAITING, Script, World, commands, encode_plain, image, running
from tests.support.clocks import FakeClock


async def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as world, world.page() as page:
        file = await world.upload(encode_plain())
        asked = await page.send("@easel a fox", files=[file["id"]], nonce="once")
        await world.script.told()
        ref = await world.playground.post(STUDIO, WAITING, reply_to=asked, key="j1")
        first = await world.playground.deliver(STUDIO, ref, DONE, [image()], reply_to=asked, key="j1")
        before = await world.history()
        assert len(before) == 2
    async with running(tmp_path) as world:
        assert await world.history() == before
        assert await world.playground.post(STUDIO, DONE, reply_to=asked, key="j1") == ref
        assert await world.playground.deliver(STUDIO, ref, DONE, [image()], reply_to=asked, key="j1") == first
        assert await world.playground.fetch(first.attachments[0], limit=10_000) == encode_plain()
        async with world.page() as page:
            assert await page.send("@easel a fox", files=[file["id"]], nonce="once") == asked
            newer = await page.send("newer")
            assert int(newer) > int(ref.message_id)
            await world.script.told()
        assert [each.text for each in world.script.messages] == ["newer"]


async def test_what_the_bot_had_not_taken_in_is_handed_over_after_a_restart(tmp_path: Path) -> None:
    broken = Script()
    broken.broken = {"first", "gone", "second"}
    async with running(tmp_path, broken) as world, world.page(locale="ru") as page:
        await page.send("@easel first")
        gone = await page.send("@easel gone")
        await page.send("@easel second")
        await page.put("delete", chat="studio", message=gone)
        await page.get("deleted")
    async with running(tmp_path) as world:
        await world.script.told(2)
        assert [each.text for each in world.script.messages] == ["first", "second"]
        assert world.script.messages[0].sender.locale == "ru"
    async with running(tmp_path) as world:
        await world.history()
    assert world.script.messages == []


async def test_a_message_deleted_before_its_turn_is_never_heard(world: World) -> None:
    world.script.gates["slow"] = asyncio.Event()
    async with world.page() as page:
        await page.send("slow")
        gone = await page.send("gone")
        await page.send("after")
        await page.put("delete", chat="studio", message=gone)
        await page.get("deleted")
        world.script.gates["slow"].set()
        await world.script.told(2)
    assert [each.text for each in world.script.messages] == ["slow", "after"]


async def test_a_broken_file_is_answered_in_words_everywhere(world: World, tmp_path: Path) -> None:
    def spoil() -> None:
        with closing(sqlite3.connect(tmp_path / "deep" / "room.db")) as db:
            db.execute("DROP TABLE attachments")
            db.execute("DROP TABLE files")

    async with world.page() as page:
        await asyncio.to_thread(spoil)
        await page.put("send", **{"as": "amber"}, chat="studio", text="hi", nonce="x")
        error = await page.get("error")
        while "nonce" not in error:  # one about what the page itself was still asking for
            error = await page.get("error")
        assert "inside the bot" in error["text"]
        assert error["nonce"] == "x"
    with pytest.raises(ChatUnreachable):
        await world.playground.post(STUDIO, WAITING, reply_to=None, key="j1")
    async with world.http.get(f"{world.base}/files/x") as answer:
        assert answer.status == 503
    async with world.http.post(f"{world.base}/files", data=b"x", headers={"Origin": world.base}) as answer:
        assert answer.status == 503


async def test_closing_waits_for_what_pages_have_sent(tmp_path: Path) -> None:
    script = Script()
    script.gates["slow"] = asyncio.Event()
    async with running(tmp_path, script) as world, world.page() as page:
        await page.send("slow")
        ending = asyncio.create_task(world.playground.close())
        while (await page.wire.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert page.wire.close_code == aiohttp.WSCloseCode.GOING_AWAY
        async with world.http.get(f"{world.base}/files/x") as answer:
            assert answer.status == 503
        assert not ending.done()
        script.gates["slow"].set()
        await ending
        assert [each.text for each in script.messages] == ["slow"]
        assert await world.playground.problem() is not None
        with pytest.raises(ChatUnreachable):
            await world.playground.post(STUDIO, WAITING, reply_to=None, key="late")


async def test_a_file_that_is_no_database_is_said_to_be_one(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "room.db").write_bytes, b"not a database, but long enough to be read" * 99)
    playground = PlaygroundAdapter(path=tmp_path / "room.db", host="::1", clock=FakeClock(), commands=commands)
    with pytest.raises(ChatUnreachable):
        await playground.start(Script())
    await playground.close()
