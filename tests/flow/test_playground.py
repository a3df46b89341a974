"""The playground from outside: a real server, real sockets, a real file; the bot behind it is scripted."""

import asyncio
import io
import json
import socket
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from structlog.testing import capture_logs

from adapters.http.server import HttpServer
from adapters.playground.client import Playground
from adapters.playground.protocol import FILE_BYTES, FRAME_BYTES, SHOWN, WireCommand
from bot.chat import (
    Action,
    Answer,
    Attachment,
    Balance,
    Button,
    Card,
    Chat,
    Gone,
    Message,
    MessageRef,
    Press,
    User,
)
from bot.errors import ChatGone, ChatUnreachable, MessageGone, PictureGone, PictureTooLarge, SettingsWrong
from bot.painting import Abilities, Image
from tests.clocks import FakeClock

STUDIO = Chat(platform="playground", id="studio", kind="group")
WAITING = Card(text="Waiting", buttons=(Button(action=Action.CANCEL, job="j1", label="Cancel"),))
DONE = Card(text="A red fox\n12 s", buttons=(Button(action=Action.RETRY, job="j1", label="Retry"),))


def picture(color: str = "red", kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    held = io.BytesIO()
    Pillow.new("RGB", size, color).save(held, kind)
    return held.getvalue()


def image(color: str = "red") -> Image:
    return Image(data=picture(color), media_type="image/png", width=40, height=30)


class Script:
    """A reception that writes down what it is told."""

    abilities = Abilities()

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.presses: list[Press] = []
        self.deletions: list[MessageRef] = []
        self.answer = Answer()
        self.left: dict[str, int] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.broken: set[str] = set()  # texts that it fails on
        self.news = asyncio.Condition()

    async def receive(self, message: Message) -> bool:
        if (gate := self.gates.get(message.text)) is not None:
            await gate.wait()
        if message.text in self.broken:
            raise RuntimeError("scripted")
        await self._note(self.messages, message)
        return True

    async def press(self, press: Press) -> Answer:
        await self._note(self.presses, press)
        return self.answer

    async def deleted(self, ref: MessageRef) -> None:
        await self._note(self.deletions, ref)

    async def moved(self, old: Chat, new: Chat) -> None: ...

    async def turned_away(self, user: User, chat: Chat) -> str | None: ...
    async def barred(self, user: User) -> str | None: ...

    async def credit(self, user: User, credits: int, *, entry: str) -> Balance:
        return await self.balance(user)

    async def balance(self, user: User) -> Balance:
        return Balance(left=self.left.get(user.id, 50), held=1, daily=50)

    async def _note(self, notes: list[Any], note: object) -> None:
        async with self.news:
            notes.append(note)
            self.news.notify_all()

    async def told(self, count: int = 1) -> Message:
        """The message with that number, once it has come."""
        async with self.news:
            await self.news.wait_for(lambda: len(self.messages) >= count)
        return self.messages[count - 1]

    async def until(self, true: Callable[[], bool]) -> None:
        async with self.news:
            await self.news.wait_for(true)


class Page:
    """What a browser's page does, frame by frame."""

    def __init__(self, wire: aiohttp.ClientWebSocketResponse) -> None:
        self.wire = wire
        self._nonce = 0
        self._kept: list[dict[str, Any]] = []

    async def put(self, type_: str, **fields: object) -> None:
        await self.wire.send_str(json.dumps({"type": type_, **fields}))

    async def get(self, type_: str, true: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The next frame of that kind; others are kept for later."""
        for at, frame in enumerate(self._kept):
            if frame["type"] == type_ and true(frame):
                return self._kept.pop(at)
        while True:
            frame = await asyncio.wait_for(self.wire.receive_json(), 10)
            if frame["type"] == type_ and true(frame):
                return frame
            self._kept.append(frame)

    async def send(self, text: str, *, as_: str = "amber", chat: str = "studio", **fields: object) -> str:
        """Sends and returns the new message's id."""
        self._nonce += 1
        nonce = str(fields.pop("nonce", f"n{self._nonce}"))
        fixed: dict[str, object] = {"as": as_, "chat": chat, "text": text, "nonce": nonce}
        await self.put("send", **fixed, **fields)
        return (await self.get("sent", lambda frame: frame["nonce"] == nonce))["id"]

    async def message(self, id_: str, true: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """That message, as soon as it looks like that."""
        frame = await self.get("message", lambda each: each["message"]["id"] == id_ and true(each["message"]))
        return frame["message"]


class World:
    """A server with a playground, and a browser that visits it."""

    def __init__(self, server: HttpServer, playground: Playground, script: Script, http: aiohttp.ClientSession):
        self.server = server
        self.playground = playground
        self.script = script
        self.http = http
        self.base = server.address

    @asynccontextmanager
    async def page(self, locale: str = "en") -> AsyncGenerator[Page]:
        async with self.http.ws_connect(f"{self.base}/ws", origin=self.base, max_msg_size=0) as wire:
            page = Page(wire)
            await page.put("start", locale=locale)
            await page.get("hello")
            yield page

    async def upload(self, data: bytes, name: str = "photo.png") -> dict[str, Any]:
        async with self.http.post(
            f"{self.base}/files", params={"name": name}, data=io.BytesIO(data), headers={"Origin": self.base}
        ) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def history(self, chat: str = "studio") -> list[dict[str, Any]]:
        async with self.page() as page:
            return (await page.get("history", lambda frame: frame["chat"] == chat))["messages"]


def commands(locale: str) -> list[WireCommand]:
    return [{"name": "imagine", "hint": f"paint ({locale})"}]


@asynccontextmanager
async def running(path: Path, script: Script | None = None, **settings_: Any) -> AsyncGenerator[World]:
    script = script or Script()
    playground = Playground(
        path=path / "deep" / "room.db", host="127.0.0.1", clock=FakeClock(), commands=commands, **settings_
    )
    server = HttpServer("127.0.0.1", 0, checks={"playground": playground.ready})
    server.mount(playground.routes())
    await server.start()
    try:
        await playground.open(script)
        async with aiohttp.ClientSession() as http:
            yield World(server, playground, script, http)
    finally:
        await playground.close()
        await server.stop()


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged; kept as values, since printing a traceback reads files on the loop."""
    with capture_logs() as kept:
        yield kept


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with running(tmp_path) as made:
        yield made


# ---------------------------------------------------------------- coming in


async def test_a_page_is_greeted_in_its_language_and_gets_the_history_of_every_chat(world: World) -> None:
    async with world.http.ws_connect(f"{world.base}/ws", origin=world.base) as wire:
        page = Page(wire)
        await page.put("start", locale="zh-Hans")
        hello = await page.get("hello")
        assert [each["id"] for each in hello["members"]] == ["amber", "jade", "violet"]
        assert hello["chats"][0] == {"id": "studio", "kind": "group"}
        assert hello["chats"][1] == {"id": "direct-amber", "kind": "direct", "member": "amber"}
        assert hello["commands"] == [{"name": "imagine", "hint": "paint (zh)"}]
        assert (hello["locale"], hello["locales"]) == ("zh", ["en", "zh", "ru"])
        assert hello["limits"] == {"files": 40, "file_bytes": 26214400, "text": 4_000_000}
        assert hello["texts"]["page-send"] == "发送"
        assert all(each.startswith("page-") for each in hello["texts"])
        chats = [(await page.get("history"))["chat"] for _ in range(4)]
        assert chats == ["studio", "direct-amber", "direct-jade", "direct-violet"]
        await page.put("locale", locale="ru")
        assert (await page.get("hello"))["commands"][0]["hint"] == "paint (ru)"


async def test_nothing_is_taken_before_start(world: World) -> None:
    async with world.http.ws_connect(f"{world.base}/ws", origin=world.base) as wire:
        page = Page(wire)
        await page.put("send", **{"as": "amber"}, chat="studio", text="hi", files=[], reply_to=None, nonce="1")
        assert (await page.get("error"))["nonce"] == "1"
        await page.put("quota", **{"as": "amber"})
        await page.get("error")
    assert world.script.messages == []


# ---------------------------------------------------------------- members write


async def test_a_message_reaches_every_page_and_the_bot(world: World) -> None:
    async with world.page() as one, world.page(locale="ru") as other:
        id_ = await other.send("@Easel a red fox", as_="jade")
        for page in (one, other):
            shown = await page.message(id_)
            assert (shown["sender"], shown["text"], shown["chat"]) == ("jade", "@Easel a red fox", "studio")
            assert (shown["buttons"], shown["preview"], shown["reply_to"]) == ([], None, None)
            assert (shown["at"], shown["edited"]) == ("2026-03-14T12:00:00.000+00:00", False)
        message = await world.script.told()
        assert message == Message(
            id=id_,
            chat=STUDIO,
            sender=User(platform="playground", id="jade", name="Jade", locale="ru"),
            text="a red fox",
            to_me=True,
        )


async def test_only_what_is_meant_for_the_bot_is_addressed_to_it(world: World) -> None:
    async with world.page() as page:
        await page.send("just talking")
        assert (await world.script.told(1)).to_me is False
        await page.send("a fox", chat="direct-amber")
        message = await world.script.told(2)
        assert (message.to_me, message.chat.kind, message.chat.id) == (True, "direct", "direct-amber")
        await page.send("/imagine@easel a fox")
        assert (await world.script.told(3)).text == "/imagine a fox"


async def test_a_reply_brings_the_message_it_answers_with_its_pictures(world: World) -> None:
    async with world.page() as page:
        file = await world.upload(picture())
        first = await page.send("look", as_="violet", files=[file["id"]])
        second = await page.send("nice", reply_to=first)
        answered = (await world.script.told(2)).reply_to
        assert isinstance(answered, Message)
        assert (answered.id, answered.from_me, answered.sender.id) == (first, False, "violet")
        assert [each.ref for each in answered.attachments] == [file["id"]]
        shown = (await page.message(second))["reply_to"]
        assert shown == {"id": first, "sender": "violet", "text": "look", "file": file["id"], "gone": False}
        assert (await world.script.told(2)).to_me is False


async def test_a_reply_to_the_bot_is_addressed_to_it_without_a_mention(world: World) -> None:
    delivered = await world.playground.deliver(STUDIO, None, DONE, [image()], reply_to=None, key="j1")
    async with world.page() as page:
        await page.send("now blue", reply_to=delivered.ref.message_id)
        message = await world.script.told()
        assert message.to_me
        assert isinstance(message.reply_to, Message)
        assert message.reply_to.from_me
        assert message.reply_to.attachments == delivered.attachments


async def test_a_reply_to_a_deleted_message_says_that_it_is_gone(world: World) -> None:
    async with world.page() as page:
        first = await page.send("look")
        await page.put("delete", chat="studio", message=first)
        assert (await page.get("deleted")) == {"type": "deleted", "chat": "studio", "id": first}
        second = await page.send("@easel that one", reply_to=first)
        assert (await world.script.told(2)).reply_to == Gone(id=first)
        shown = await page.message(second)
        assert (shown["reply_to"]["gone"], shown["reply_to"]["text"]) == (True, "")


async def test_a_nonce_sent_twice_posts_once_also_on_another_connection(world: World) -> None:
    async with world.page() as page:
        first = await page.send("hello", nonce="once")
        assert await page.send("hello", nonce="once") == first
    async with world.page() as page:
        assert await page.send("hello", nonce="once") == first
        assert await page.send("hello", nonce="once", as_="jade") != first
    await world.script.told(2)
    assert len(await world.history()) == 2
    assert len(world.script.messages) == 2


async def test_a_member_is_heard_in_order_and_keeps_nobody_else_waiting(world: World) -> None:
    world.script.gates["slow"] = asyncio.Event()
    async with world.page() as page:
        await page.send("slow")
        await page.send("after")
        await page.send("meanwhile", as_="jade")
        assert (await world.script.told()).text == "meanwhile"
        world.script.gates["slow"].set()
        await world.script.told(3)
    assert [each.text for each in world.script.messages] == ["meanwhile", "slow", "after"]


async def test_a_failing_reception_ends_nothing(world: World) -> None:
    world.script.broken = {"first"}
    async with world.page() as page:
        await page.send("first")
        await page.send("second")
        assert (await world.script.told()).text == "second"


async def test_a_prompt_of_ten_megabytes_reaches_the_bot_whole_and_the_page_cut(world: World) -> None:
    text = "@easel " + "x" * 10_485_760
    async with world.page() as page:
        id_ = await page.send(text)
        assert len((await world.script.told()).text) == 10_485_760
        shown = (await page.message(id_))["text"]
        assert len(shown) == SHOWN
        assert shown.endswith("x…")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": "  "}, "should I paint"),
        ({"text": "hi", "files": ["0" * 32]}, "no longer there"),
        ({"text": "hi", "files": ["0" * 32] * 41}, "41"),
        ({"text": "hi", "reply_to": "999"}, "deleted"),
        ({"text": "hi", "chat": "direct-jade"}, "understood"),
        ({"text": "hi", "chat": "nowhere"}, "understood"),
    ],
)
async def test_what_cannot_be_sent_is_refused_with_a_sentence_and_leaves_no_trace(
    world: World, fields: dict[str, object], words: str
) -> None:
    async with world.page() as page:
        fixed: dict[str, object] = {"as": "amber", "chat": "studio", "nonce": "x"}
        await page.put("send", **(fixed | fields))
        error = await page.get("error")
        assert error["nonce"] == "x"
        assert words in error["text"]
        await page.send("well")
    await world.script.told()
    assert [each["text"] for each in await world.history()] == ["well"]
    assert len(world.script.messages) == 1


# ---------------------------------------------------------------- the bot writes


async def test_one_message_is_posted_filled_and_becomes_the_picture(world: World) -> None:
    async with world.page() as page:
        asked = await page.send("@easel a red fox")
        ref = await world.playground.post(STUDIO, WAITING, reply_to=asked, key="j1")
        shown = await page.message(ref.message_id)
        assert (shown["sender"], shown["text"], shown["edited"]) == ("easel", "Waiting", False)
        assert shown["buttons"] == [{"action": "cancel", "job": "j1", "label": "Cancel"}]
        assert shown["reply_to"]["text"] == "@easel a red fox"

        await world.playground.edit(ref, Card(text="50 %", preview=image("blue")))
        shown = await page.message(ref.message_id)
        assert (shown["text"], shown["buttons"], shown["edited"]) == ("50 %", [], True)
        async with world.http.get(world.base + shown["preview"]["url"]) as answer:
            assert (answer.content_type, await answer.read()) == ("image/png", picture("blue"))

        delivered = await world.playground.deliver(
            STUDIO, ref, DONE, [image("red"), image("green")], reply_to=asked, key="j1"
        )
        assert delivered.ref == ref
        shown = await page.message(ref.message_id)
        assert (shown["text"], shown["preview"]) == (DONE.text, None)
        assert [each["alt"] for each in shown["files"]] == ["A red fox"] * 2
        assert [each["id"] for each in shown["files"]] == [each.ref for each in delivered.attachments]
        assert (shown["files"][0]["width"], shown["files"][0]["height"]) == (40, 30)
        async with world.http.get(f"{world.base}/files/{shown['files'][1]['id']}") as answer:
            assert await answer.read() == picture("green")
    assert len(await world.history()) == 2


async def test_a_repeated_post_or_delivery_makes_nothing_new(world: World) -> None:
    port = world.playground
    ref = await port.post(STUDIO, WAITING, reply_to=None, key="j1")
    assert await port.post(STUDIO, WAITING, reply_to=None, key="j1") == ref
    first = await port.deliver(STUDIO, ref, DONE, [image()], reply_to=None, key="j1")
    assert await port.deliver(STUDIO, ref, DONE, [image()], reply_to=None, key="j1") == first
    assert await port.deliver(STUDIO, None, DONE, [image()], reply_to=None, key="j1") == first
    other = await port.deliver(STUDIO, None, DONE, [image()], reply_to=None, key="j2")
    assert other.ref != ref
    assert [len(each["files"]) for each in await world.history()] == [1, 1]


async def test_a_deleted_message_is_gone_for_edits_and_deliveries(world: World) -> None:
    port = world.playground
    ref = await port.post(STUDIO, WAITING, reply_to=None, key="j1")
    async with world.page() as page:
        await page.put("delete", chat="studio", message=ref.message_id)
        await page.get("deleted")
        await world.script.until(lambda: world.script.deletions == [ref])
        with pytest.raises(MessageGone):
            await port.edit(ref, DONE)
        with pytest.raises(MessageGone):
            await port.deliver(STUDIO, ref, DONE, [image()], reply_to=None, key="j1")
        assert await port.post(STUDIO, WAITING, reply_to=None, key="j1") == ref
        with pytest.raises(MessageGone):
            await port.edit(MessageRef(chat=STUDIO, message_id="elsewhere"), DONE)
        await page.put("delete", chat="studio", message=ref.message_id)  # another page was faster: told again
        await page.get("deleted")
    assert await world.history() == []
    assert world.script.deletions == [ref]


async def test_the_bot_cannot_change_what_members_wrote(world: World) -> None:
    async with world.page() as page:
        id_ = await page.send("mine")
    with pytest.raises(MessageGone):
        await world.playground.edit(MessageRef(chat=STUDIO, message_id=id_), DONE)


async def test_a_reply_to_what_is_not_there_is_posted_without_one(world: World) -> None:
    async with world.page() as page:
        for number, answered in enumerate(("999", "no number", await page.send("x", chat="direct-amber"))):
            ref = await world.playground.post(STUDIO, WAITING, reply_to=answered, key=str(number))
            assert (await page.message(ref.message_id))["reply_to"] is None


async def test_a_chat_that_does_not_exist_is_gone(world: World) -> None:
    with pytest.raises(ChatGone):
        await world.playground.post(
            Chat(platform="playground", id="attic", kind="group"), WAITING, reply_to=None, key="j1"
        )


async def test_text_that_no_database_could_keep_is_made_whole(world: World) -> None:
    ref = await world.playground.post(STUDIO, Card(text="half \ud83e pair, nul \0"), reply_to=None, key="j1")
    assert [each["text"] for each in await world.history() if each["id"] == ref.message_id] == ["half ? pair, nul "]


async def test_every_chat_has_a_budget_of_its_own(world: World) -> None:
    lane = world.playground.lane(STUDIO, None)
    assert [(each.key, each.slots, each.period) for each in lane.budgets] == [("playground:studio", 20, 5.0)]
    assert lane.gap == 0.3


# ---------------------------------------------------------------- buttons and credits


async def test_a_click_is_answered_to_the_page_that_clicked(world: World) -> None:
    ref = await world.playground.post(STUDIO, DONE, reply_to=None, key="j1")
    world.script.answer = Answer(text="Say what should change", compose=True)
    async with world.page() as mine, world.page() as other:
        await mine.put(
            "press",
            **{"as": "jade"},
            chat="studio",
            message=ref.message_id,
            action="edit",
            job="j1",
            nonce="c1",
        )
        silent = {"type": "notice", "member": "jade", "text": ""}  # the open composer says it
        assert await mine.get("notice") == silent
        composed = {"type": "compose", "member": "jade", "chat": "studio", "reply_to": ref.message_id}
        assert await mine.get("compose") == composed
        press = world.script.presses[0]
        assert (press.id, press.message, press.action, press.job) == ("c1", ref, Action.EDIT, "j1")
        assert press.sender.id == "jade"
        await other.send("sentinel")
        assert [frame["type"] for frame in other._kept if frame["type"] in ("notice", "compose")] == []  # pyright: ignore[reportPrivateUsage] - this file's own


async def test_a_click_on_what_is_no_message_of_the_bot_reaches_nobody(world: World) -> None:
    async with world.page() as page:
        mine = await page.send("mine")
        ref = await world.playground.post(STUDIO, DONE, reply_to=None, key="j1")
        click = {
            "as": "jade",
            "chat": "studio",
            "message": ref.message_id,
            "action": "edit",
            "job": "j1",
            "nonce": "c",
        }
        for wrong in (
            {"message": mine},
            {"chat": "direct-jade"},
            {"chat": "direct-amber"},
            {"action": "explode"},
        ):
            await page.put("press", **(click | wrong))
            await page.get("error")
        await page.put("press", **(click | {"message": "999"}))
        assert (await page.get("deleted"))["id"] == "999"
        await page.put("delete", chat="attic", message=mine)
        await page.get("error")
    assert world.script.presses == []


async def test_credits_are_shown_when_asked_for_and_when_they_change(world: World) -> None:
    async with world.page() as page:
        for member in ("amber", "jade", "violet"):
            first = await page.get("quota")
            assert first == {"type": "quota", "member": member, "left": 50, "held": 1, "daily": 50}
        world.script.left["jade"] = 49
        ref = await world.playground.post(STUDIO, WAITING, reply_to=None, key="j1")
        changed = await page.get("quota")
        assert (changed["member"], changed["left"]) == ("jade", 49)
        world.script.left["violet"] = 48
        await world.playground.edit(ref, DONE)
        assert (await page.get("quota"))["member"] == "violet"
        await page.put("quota", **{"as": "amber"})
        assert (await page.get("quota"))["member"] == "amber"


# ---------------------------------------------------------------- files


async def test_an_uploaded_picture_is_known_for_what_it_is(world: World) -> None:
    file = await world.upload(picture("teal", "JPEG"), "Übung.png")
    assert (file["media_type"], file["width"], file["height"]) == ("image/jpeg", 40, 30)
    assert (file["name"], file["size"]) == ("Übung.png", len(picture("teal", "JPEG")))
    async with world.http.get(f"{world.base}/files/{file['id']}") as answer:
        assert answer.content_type == "image/jpeg"
        assert answer.headers["Content-Disposition"].startswith("inline")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert "immutable" in answer.headers["Cache-Control"]
        assert await answer.read() == picture("teal", "JPEG")


@pytest.mark.parametrize(
    "data",
    [
        b"<!doctype html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
        b"%PDF-1.7",
        b"",
    ],
)
async def test_what_is_no_picture_is_saved_and_never_opened_whatever_its_name(world: World, data: bytes) -> None:
    file = await world.upload(data, "fox.png")
    assert (file["media_type"], file["width"]) == ("application/octet-stream", None)
    async with world.http.get(f"{world.base}/files/{file['id']}") as answer:
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''fox.png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert await answer.read() == data


async def test_the_bot_fetches_what_members_attached_within_its_limit(world: World) -> None:
    file = await world.upload(picture())
    async with world.page() as page:
        id_ = await page.send("", files=[file["id"]])
        attachment = (await world.script.told()).attachments[0]
        assert (attachment.media_type, attachment.filename, attachment.size) == (
            "image/png",
            "photo.png",
            file["size"],
        )
        assert await world.playground.fetch(attachment, limit=1_000_000) == picture()
        with pytest.raises(PictureTooLarge) as raised:
            await world.playground.fetch(attachment, limit=10)
        assert raised.value.facts["name"] == "photo.png"
        await page.put("delete", chat="studio", message=id_)
        await page.get("deleted")
        with pytest.raises(PictureGone):
            await world.playground.fetch(attachment, limit=1_000_000)
        async with world.http.get(f"{world.base}/files/{file['id']}") as answer:
            assert answer.status == 404


async def test_a_file_shown_twice_outlives_one_of_its_messages(world: World) -> None:
    file = await world.upload(picture())
    async with world.page() as page:
        first = await page.send("one", files=[file["id"]])
        await page.send("two", files=[file["id"]])
        await page.put("delete", chat="studio", message=first)
        await page.get("deleted")
    assert await world.playground.fetch(Attachment(ref=file["id"], media_type="image/png"), limit=9999) == picture()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_file_beyond_the_limit_is_refused_in_words(world: World, chunked: bool) -> None:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(FILE_BYTES // 1_048_576 + 1):
            yield b"\0" * 1_048_576

    data = drip() if chunked else io.BytesIO(b"\0" * (FILE_BYTES + 1))
    headers = {"Origin": world.base, "Accept-Language": "ru-RU,ru;q=0.9"}
    async with world.http.post(f"{world.base}/files?name=huge.png", data=data, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (413, "text/plain")
        assert "huge.png" in await answer.text()
        assert "25 MB" in await answer.text()


async def test_a_file_of_exactly_the_limit_is_taken(world: World) -> None:
    assert (await world.upload(b"\0" * FILE_BYTES, "big.bin"))["size"] == FILE_BYTES


async def test_missing_things_are_answered_with_404(world: World) -> None:
    for path in ("/files/none", f"/files/{'0' * 32}", "/previews/none", "/static/none.js", "/static/none"):
        async with world.http.get(world.base + path) as answer:
            assert answer.status == 404, path


async def test_the_page_forbids_itself_everything_foreign(world: World) -> None:
    async with world.http.get(f"{world.base}/") as answer:
        assert answer.headers["Content-Security-Policy"] == (
            "default-src 'self'; img-src 'self' blob: data:; connect-src 'self'; style-src 'self';"
            " script-src 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


# ---------------------------------------------------------------- strangers


FOREIGN = [
    {"Host": "easel.example"},
    {"Host": "127.0.0.1"},
    {"Host": "127.0.0.1:1"},
    {"Host": "127.0.0.1.rebind.example:{port}"},
    {"Host": "rebind.example:{port}"},
    {"Host": "localhost.example:{port}"},
    {"Origin": "https://easel.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://localhost:{port}"},
    {"Origin": "https://127.0.0.1:{port}"},
    {"Origin": "null"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_strangers_are_turned_away_everywhere(world: World, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=world.server.port) for name, value in headers.items()}
    for path in ("/", "/static/app.js", "/files/x", "/previews/x", "/ws"):
        async with world.http.get(world.base + path, headers=sent) as answer:
            assert (answer.status, answer.content_type) == (403, "text/plain"), path
            assert world.base in await answer.text()
    posted = {"Origin": world.base} | sent
    async with world.http.post(f"{world.base}/files?name=x", data=b"x", headers=posted) as answer:
        assert answer.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await world.http.ws_connect(f"{world.base}/ws", headers=sent)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_can_link_to_the_page_but_not_load_from_it(world: World, site: str) -> None:
    for path, status in (("/static/app.js", 403), ("/files/x", 403), ("/previews/x", 403)):
        async with world.http.get(world.base + path, headers={"Sec-Fetch-Site": site}) as answer:
            assert answer.status == status
    async with world.http.get(f"{world.base}/", headers={"Sec-Fetch-Site": site}) as answer:
        assert answer.status != 403


async def test_an_upload_needs_a_browser_that_says_whose_page_asks(world: World) -> None:
    for headers, status in (
        ({}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ):
        async with world.http.post(f"{world.base}/files?name=x", data=b"x", headers=headers) as answer:
            assert answer.status == status


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "[::1]"])
async def test_the_computer_s_own_names_are_welcome(world: World, host: str) -> None:
    own = f"{host}:{world.server.port}"
    for headers in ({"Host": own}, {"Host": own, "Origin": f"http://{own}"}):
        async with world.http.get(f"{world.base}/files/x", headers=headers) as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/static/../client.py",
        "/static/%2e%2e/client.py",
        "/static/..%2fclient.py",
        "/static/%2e%2e%2fclient.py",
        "/static/x/../../client.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/..\\client.py",
        "/static/.hidden",
        "/files/../client.py",
        "/files/..%2f..%2fetc%2fpasswd",
        "/previews/..%2fclient.py",
    ],
)
async def test_no_path_leads_out_of_its_folder(world: World, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{world.server.port}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), answer[:100]
    assert b"def " not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "easel.example"])
def test_the_playground_refuses_to_be_reached_from_elsewhere(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsWrong) as raised:
        Playground(path=tmp_path / "room.db", host=host, clock=FakeClock(), commands=commands)
    assert raised.value.problems[0].startswith("server.host:")


# ---------------------------------------------------------------- restarts


async def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as world, world.page() as page:
        file = await world.upload(picture())
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
        assert await world.playground.fetch(first.attachments[0], limit=10_000) == picture()
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
            db.execute("DROP TABLE attached")
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
        assert await world.playground.ready() is not None
        with pytest.raises(ChatUnreachable):
            await world.playground.post(STUDIO, WAITING, reply_to=None, key="late")


async def test_a_file_that_is_no_database_is_said_to_be_one(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "room.db").write_bytes, b"not a database, but long enough to be read" * 99)
    playground = Playground(path=tmp_path / "room.db", host="::1", clock=FakeClock(), commands=commands)
    with pytest.raises(ChatUnreachable):
        await playground.open(Script())
    await playground.close()


# ---------------------------------------------------------------- bad wires


async def test_frames_that_are_no_frames_get_an_error_and_nothing_else(world: World) -> None:
    async with world.page() as page:
        for raw in (
            "",
            "{",
            "[]",
            "null",
            "17",
            '{"type":"shout"}',
            '{"type":"send"}',
            "[" * 100_000,
            '{"a":"\\ud800"}',
        ):
            await page.wire.send_str(raw)
            await page.get("error")
        await page.wire.send_bytes(b"\x00\x01")
        await page.get("error")
        await page.send("still here")


async def test_a_frame_beyond_the_limit_ends_that_connection_only(world: World) -> None:
    async with world.page() as page, world.page() as other:
        with suppress(ConnectionError):  # the server may hang up before it has all
            await page.wire.send_str("x" * (FRAME_BYTES + 1))
        while (await page.wire.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert page.wire.closed
        await other.send("still here")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


def perhaps(*values: object) -> st.SearchStrategy[object]:
    return st.sampled_from(values) | JUNK


FRAMES = st.fixed_dictionaries(
    {"type": perhaps("start", "send", "press", "delete", "locale", "quota")},
    optional={
        "as": perhaps("amber", "easel", "nobody"),
        "chat": perhaps("studio", "direct-amber", "attic"),
        "text": perhaps("hello", "/imagine x", "@easel"),
        "files": perhaps([], ["0" * 32], ["../x"]),
        "reply_to": perhaps(None, "1", "0", "99999999999999999999"),
        "message": perhaps("1", "2", "-1", "1e3"),
        "action": perhaps("cancel", "edit", "explode"),
        "job": perhaps("j1", ""),
        "nonce": perhaps("a", "b", ""),
        "locale": perhaps("ru", "xx"),
    },
)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(frames=st.lists(FRAMES | JUNK, min_size=1, max_size=5), nonce=st.uuids())
async def test_no_frame_ends_the_server(world: World, frames: list[object], nonce: object) -> None:
    async with world.page() as page:
        for frame in frames:
            await page.wire.send_str(json.dumps(frame))
        assert await page.send("still here", nonce=str(nonce))


async def test_a_page_that_does_not_read_is_let_go_and_others_are_not_kept_waiting(tmp_path: Path) -> None:
    async with running(tmp_path, backlog=20) as world, world.page() as other:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", world.server.port))
        reader, writer = await asyncio.open_connection(sock=deaf, limit=1024)
        writer.write(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{world.server.port}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 101")
        start = b'{"type":"start","locale":"en"}'
        writer.write(bytes([0x81, 0x80 | len(start), 0, 0, 0, 0]) + start)  # masked with zeros
        async with world.page() as witness:  # comes later: once it is greeted, the deaf one is in
            for number in range(250):
                ref = await world.playground.post(STUDIO, Card(text="я" * SHOWN), reply_to=None, key=str(number))
                for page in (other, witness):
                    await page.message(ref.message_id)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(250 * SHOWN * 6)
        writer.close()


async def test_readiness_follows_the_playground(world: World) -> None:
    async with world.http.get(f"{world.base}/readyz") as answer:
        assert answer.status == 200
    await world.playground.close()
    async with world.http.get(f"{world.base}/readyz") as answer:
        assert (answer.status, (await answer.json())["reasons"]) == (503, {"playground": "closed"})
