"""The playground over its end and its next start, with a file that is whole or broken."""

import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import aiohttp
import pytest

from adapters.playground.client import PlaygroundAdapter
from bot.errors import ChatUnreachable
from tests.flow.playground.page_client import (
    DONE_CARD,
    GROUP,
    WAITING_CARD,
    PageServer,
    ScriptedCore,
    commands,
    encode_plain,
    image,
    run_playground,
)
from tests.support.clocks import FakeClock


async def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    async with run_playground(tmp_path) as server, server.connect() as page:
        file = await server.upload_file(encode_plain())
        asked = await page.send_message("@easel a fox", files=[file["id"]], nonce="once")
        await server.core.wait_for_message()
        ref = await server.playground.post(GROUP, WAITING_CARD, reply_to=asked, key="j1")
        first = await server.playground.deliver(GROUP, ref, DONE_CARD, [image()], reply_to=asked, key="j1")
        before = await server.load_history()
        assert len(before) == 2
    async with run_playground(tmp_path) as server:
        assert await server.load_history() == before
        assert await server.playground.post(GROUP, DONE_CARD, reply_to=asked, key="j1") == ref
        assert await server.playground.deliver(GROUP, ref, DONE_CARD, [image()], reply_to=asked, key="j1") == first
        assert await server.playground.fetch(first.attachments[0], limit=10_000) == encode_plain()
        async with server.connect() as page:
            assert await page.send_message("@easel a fox", files=[file["id"]], nonce="once") == asked
            newer = await page.send_message("newer")
            assert int(newer) > int(ref.message_id)
            await server.core.wait_for_message()
        assert [each.text for each in server.core.messages] == ["newer"]


async def test_what_the_bot_had_not_taken_in_is_handed_over_after_a_restart(tmp_path: Path) -> None:
    broken = ScriptedCore()
    broken.failing_texts = {"first", "gone", "second"}
    async with run_playground(tmp_path, broken) as server, server.connect(locale="ru") as page:
        await page.send_message("@easel first")
        gone = await page.send_message("@easel gone")
        await page.send_message("@easel second")
        await page.send_frame("delete", chat="studio", message=gone)
        await page.receive_frame("deleted")
    async with run_playground(tmp_path) as server:
        await server.core.wait_for_message(2)
        assert [each.text for each in server.core.messages] == ["first", "second"]
        assert server.core.messages[0].sender.locale == "ru"
    async with run_playground(tmp_path) as server:
        await server.load_history()
    assert server.core.messages == []


async def test_a_message_deleted_before_its_turn_is_never_heard(server: PageServer) -> None:
    server.core.gates["slow"] = asyncio.Event()
    async with server.connect() as page:
        await page.send_message("slow")
        gone = await page.send_message("gone")
        await page.send_message("after")
        await page.send_frame("delete", chat="studio", message=gone)
        await page.receive_frame("deleted")
        server.core.gates["slow"].set()
        await server.core.wait_for_message(2)
    assert [each.text for each in server.core.messages] == ["slow", "after"]


async def test_a_broken_file_is_answered_in_words_everywhere(server: PageServer, tmp_path: Path) -> None:
    def spoil() -> None:
        with closing(sqlite3.connect(tmp_path / "deep" / "room.db")) as db:
            db.execute("DROP TABLE attachments")
            db.execute("DROP TABLE files")

    async with server.connect() as page:
        await asyncio.to_thread(spoil)
        await page.send_frame("send", **{"as": "amber"}, chat="studio", text="hi", nonce="x")
        error = await page.receive_frame("error")
        while "nonce" not in error:  # one about what the page itself was still asking for
            error = await page.receive_frame("error")
        assert "inside the bot" in error["text"]
        assert error["nonce"] == "x"
    with pytest.raises(ChatUnreachable):
        await server.playground.post(GROUP, WAITING_CARD, reply_to=None, key="j1")
    async with server.http.get(f"{server.base}/files/x") as answer:
        assert answer.status == 503
    async with server.http.post(f"{server.base}/files", data=b"x", headers={"Origin": server.base}) as answer:
        assert answer.status == 503


async def test_closing_waits_for_what_pages_have_sent(tmp_path: Path) -> None:
    core = ScriptedCore()
    core.gates["slow"] = asyncio.Event()
    async with run_playground(tmp_path, core) as server, server.connect() as page:
        await page.send_message("slow")
        ending = asyncio.create_task(server.playground.close())
        while (await page.wire.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert page.wire.close_code == aiohttp.WSCloseCode.GOING_AWAY
        async with server.http.get(f"{server.base}/files/x") as answer:
            assert answer.status == 503
        assert not ending.done()
        core.gates["slow"].set()
        await ending
        assert [each.text for each in core.messages] == ["slow"]
        assert await server.playground.problem() is not None
        with pytest.raises(ChatUnreachable):
            await server.playground.post(GROUP, WAITING_CARD, reply_to=None, key="late")


async def test_a_file_that_is_no_database_is_said_to_be_one(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "room.db").write_bytes, b"not a database, but long enough to be read" * 99)
    playground = PlaygroundAdapter(path=tmp_path / "room.db", host="::1", clock=FakeClock(), commands=commands)
    with pytest.raises(ChatUnreachable):
        await playground.start(ScriptedCore())
    await playground.close()


TABLES = {"messages": 14, "files": 8, "attachments": 4}


@pytest.mark.forms(1)
@pytest.mark.parametrize("value", ["x'ff00ff'", "'garbage'", "CAST(x'ff' AS TEXT)", "'[1]'", "-5"])
async def test_no_value_in_any_column_hides_other_messages_or_stops_a_start(tmp_path: Path, value: str) -> None:
    """Each column in a row of its own, all in one start."""
    async with run_playground(tmp_path) as server, server.connect() as page:
        for number in range(max(TABLES.values())):
            file = await server.upload_file(encode_plain())
            await page.send_message(f"message {number}", files=[file["id"]])
        await server.core.wait_for_message(max(TABLES.values()))
        sound = await page.send_message("@easel sound")
        await server.core.wait_for_message(max(TABLES.values()) + 1)
    with closing(sqlite3.connect(tmp_path / "deep" / "room.db")) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        for table, count in TABLES.items():
            names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            assert len(names) == count  # a new column is looked over, too: schema.set_aside_unreadable
            for number, name in enumerate(names, start=1):
                with suppress(sqlite3.IntegrityError):  # an id that SQLite itself checks
                    db.execute(f"UPDATE {table} SET {name} = {value} WHERE rowid = ?", (number,))  # noqa: S608 - a test's own words
        db.commit()
    async with run_playground(tmp_path) as server:
        assert sound in [each["id"] for each in await server.load_history()]
        async with server.connect() as page:
            await page.send_message("@easel newer", nonce="another page")
            await server.core.wait_for_message()
        assert server.core.messages[-1].text == "newer"
