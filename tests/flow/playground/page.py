"""A playground on a real server with real sockets and a real file; a scripted bot behind it, a scripted page before."""

import asyncio
import io
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from adapters.http.server import HttpServer
from adapters.playground.client import PlaygroundAdapter
from adapters.playground.protocol import WireCommand
from bot.chat import Action, Balance, Button, ButtonPress, ButtonReply, Card, Chat, Message, MessageRef, User
from bot.painting import Image
from tests.support.clocks import FakeClock
from tests.support.event_sinks import Quiet
from tests.support.images import plain_image

STUDIO = Chat(platform="playground", id="studio", kind="group")
WAITING = Card(text="Waiting", buttons=(Button(action=Action.CANCEL, job_id="j1", label="Cancel"),))
DONE = Card(text="A red fox\n12 s", buttons=(Button(action=Action.RETRY, job_id="j1", label="Retry"),))


def encode_plain(color: str = "red", kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    return plain_image(color, kind, size)


def image(color: str = "red") -> Image:
    return Image(data=encode_plain(color), media_type="image/png", width=40, height=30)


class Script(Quiet):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.presses: list[ButtonPress] = []
        self.deletions: list[MessageRef] = []
        self.answer = ButtonReply()
        self.left: dict[str, int] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.broken: set[str] = set()  # texts that it fails on
        self.news = asyncio.Condition()

    async def receive_message(self, message: Message) -> bool:
        if (gate := self.gates.get(message.text)) is not None:
            await gate.wait()
        if message.text in self.broken:
            raise RuntimeError("scripted")
        await self._note(self.messages, message)
        return True

    async def press_button(self, press: ButtonPress) -> ButtonReply:
        await self._note(self.presses, press)
        return self.answer

    async def message_deleted(self, ref: MessageRef) -> None:
        await self._note(self.deletions, ref)

    async def balance(self, user: User) -> Balance:
        return Balance(available=self.left.get(user.id, 50), reserved=1, daily=50)

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

    def __init__(self, server: HttpServer, playground: PlaygroundAdapter, script: Script, http: aiohttp.ClientSession):
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
    playground = PlaygroundAdapter(
        path=path / "deep" / "room.db", host="127.0.0.1", clock=FakeClock(), commands=commands, **settings_
    )
    server = HttpServer("127.0.0.1", 0, checks={"playground": playground.problem})
    server.mount(playground.routes())
    await server.start()
    try:
        await playground.start(script)
        async with aiohttp.ClientSession() as http:
            yield World(server, playground, script, http)
    finally:
        await playground.close()
        await server.stop()
