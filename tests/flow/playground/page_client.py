"""A playground on a real server with real sockets and a real file; a scripted core behind it, scripted pages before."""

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
from bot.chat import Action, Attachment, Button, Card, Chat, Message, MessageRef, User
from bot.painting import Image
from bot.ports import ButtonPress, ButtonReply
from bot.quota import Balance
from tests.support.clocks import FakeClock
from tests.support.event_sinks import Quiet
from tests.support.images import plain_image

FramePredicate = Callable[[dict[str, Any]], bool]

GROUP = Chat(platform="playground", id="studio", kind="group")
WAITING_CARD = Card(text="Waiting", buttons=(Button(action=Action.CANCEL, job_id="j1", label="Cancel"),))
DONE_CARD = Card(text="A red fox\n12 s", buttons=(Button(action=Action.RETRY, job_id="j1", label="Retry"),))


def encode_plain(color: str = "red", kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    return plain_image(color, kind, size)


def image(color: str = "red") -> Image:
    return Image(data=encode_plain(color), media_type="image/png", width=40, height=30)


class ScriptedCore(Quiet):
    """The core's EventSink: records events, answers as scripted."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.presses: list[ButtonPress] = []
        self.deletions: list[MessageRef] = []
        self.checked: list[tuple[str, str | None, str | None, str]] = []  # user, locale, name, media type
        self.answer = ButtonReply()
        self.available: dict[str, int] = {}
        self.gates: dict[str, asyncio.Event] = {}  # by message text: received once set
        self.failing_texts: set[str] = set()  # message texts that raise
        self._changed = asyncio.Condition()

    async def receive_message(self, message: Message) -> bool:
        if (gate := self.gates.get(message.text)) is not None:
            await gate.wait()
        if message.text in self.failing_texts:
            raise RuntimeError("scripted")
        await self._record(self.messages, message)
        return True

    async def press_button(self, press: ButtonPress) -> ButtonReply:
        await self._record(self.presses, press)
        return self.answer

    async def check_file(self, user: User, file: Attachment, data: bytes) -> str | None:
        self.checked.append((user.id, user.locale, file.filename, file.media_type))
        return None

    async def message_deleted(self, ref: MessageRef) -> None:
        await self._record(self.deletions, ref)

    async def balance(self, user: User) -> Balance:
        return Balance(available=self.available.get(user.id, 50), reserved=1, daily=50)

    async def _record(self, records: list[Any], event: object) -> None:
        async with self._changed:
            records.append(event)
            self._changed.notify_all()

    async def wait_for_message(self, count: int = 1) -> Message:
        """The message with that number (from 1), once it was received."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.messages) >= count)
        return self.messages[count - 1]

    async def wait_until(self, true: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(true)


class PageConnection:
    """One websocket connection, as the browser's page uses it."""

    def __init__(self, wire: aiohttp.ClientWebSocketResponse) -> None:
        self.wire = wire
        self._nonce = 0
        self._other_frames: list[dict[str, Any]] = []

    async def send_frame(self, type_: str, **fields: object) -> None:
        await self.wire.send_str(json.dumps({"type": type_, **fields}))

    async def receive_frame(self, type_: str, accepts: FramePredicate = lambda _: True) -> dict[str, Any]:
        """The next frame of that type; other frames are kept for later calls."""
        for at, frame in enumerate(self._other_frames):
            if frame["type"] == type_ and accepts(frame):
                return self._other_frames.pop(at)
        while True:
            frame = await asyncio.wait_for(self.wire.receive_json(), 10)
            if frame["type"] == type_ and accepts(frame):
                return frame
            self._other_frames.append(frame)

    async def send_message(self, text: str, *, as_: str = "amber", chat: str = "studio", **fields: object) -> str:
        """Sends a message; returns its id."""
        self._nonce += 1
        nonce = str(fields.pop("nonce", f"n{self._nonce}"))
        fixed: dict[str, object] = {"as": as_, "chat": chat, "text": text, "nonce": nonce}
        await self.send_frame("send", **fixed, **fields)
        return (await self.receive_frame("sent", lambda frame: frame["nonce"] == nonce))["id"]

    async def receive_message(self, id_: str, accepts: FramePredicate = lambda _: True) -> dict[str, Any]:
        """The message with this id, as soon as the predicate holds."""

        def is_wanted(frame: dict[str, Any]) -> bool:
            return frame["message"]["id"] == id_ and accepts(frame["message"])

        return (await self.receive_frame("message", is_wanted))["message"]


class PageServer:
    """An HTTP server with a playground, its scripted core, and a client for both."""

    def __init__(
        self, server: HttpServer, playground: PlaygroundAdapter, core: ScriptedCore, http: aiohttp.ClientSession
    ) -> None:
        self.server = server
        self.playground = playground
        self.core = core
        self.http = http
        self.base = server.address

    @asynccontextmanager
    async def connect(self, locale: str = "en") -> AsyncGenerator[PageConnection]:
        async with self.http.ws_connect(f"{self.base}/ws", origin=self.base, max_msg_size=0) as wire:
            page = PageConnection(wire)
            await page.send_frame("start", locale=locale)
            await page.receive_frame("hello")
            yield page

    async def upload_file(self, data: bytes, name: str = "photo.png") -> dict[str, Any]:
        async with self.http.post(
            f"{self.base}/files", params={"name": name}, data=io.BytesIO(data), headers={"Origin": self.base}
        ) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def load_history(self, chat: str = "studio") -> list[dict[str, Any]]:
        async with self.connect() as page:
            return (await page.receive_frame("history", lambda frame: frame["chat"] == chat))["messages"]


def commands(locale: str) -> list[WireCommand]:
    return [{"name": "imagine", "hint": f"paint ({locale})"}]


@asynccontextmanager
async def run_playground(path: Path, core: ScriptedCore | None = None, **settings_: Any) -> AsyncGenerator[PageServer]:
    core = core or ScriptedCore()
    playground = PlaygroundAdapter(
        path=path / "deep" / "room.db", host="127.0.0.1", clock=FakeClock(), commands=commands, **settings_
    )
    server = HttpServer("127.0.0.1", 0, checks={"playground": playground.problem})
    server.mount(playground.routes())
    await server.start()
    try:
        await playground.start(core)
        async with aiohttp.ClientSession() as http:
            yield PageServer(server, playground, core, http)
    finally:
        await playground.close()
        await server.stop()
