"""How a reply goes over the wire: streamed as server-sent events, or whole as one JSON object.

Knows aiohttp and the envelope of the chat dialect; not what is said in it.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from typing import Protocol

from aiohttp import web

from bot.sandbox.http_errors import close_connection

MAX_DELTA_CHARACTERS = 48_000  # characters; a picture inside the text is sent in pieces of this length
Object = dict[str, object]


class ResponseWriter(Protocol):
    """One reply. Every call raises ConnectionError when the client has gone."""

    async def start(self) -> None: ...
    async def send_delta(self, fields: Mapping[str, object], index: int = 0) -> None: ...
    async def finish(self, finish: str, usage: Object) -> None: ...
    async def send_error(self, body: Object) -> None: ...
    async def truncate(self) -> None: ...
    @property
    def response(self) -> web.StreamResponse: ...


class _Envelope:
    """What every chunk and the whole answer have in common."""

    def __init__(self, model: str) -> None:
        self._common: Object = {
            "created": int(time.time()),
            "id": f"chatcmpl-{uuid.uuid4()}",
            "model": model,
            "object": "chat.completion.chunk",  # in whole answers too, as the relay does
        }


class StreamedResponse(_Envelope):
    """Server-sent events. `torn`: cut anywhere, in the text and in the bytes."""

    def __init__(self, request: web.Request, model: str, *, fragmented: bool) -> None:
        super().__init__(model)
        self._request = request
        self._fragmented = fragmented
        self.response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        )

    async def start(self) -> None:
        await self.response.prepare(self._request)

    async def send_delta(self, fields: Mapping[str, object], index: int = 0) -> None:
        length = 3 if self._fragmented else MAX_DELTA_CHARACTERS
        for each in _split_delta(fields, length):
            choice: Object = {"delta": {**each, "role": "assistant"}, "index": index}
            await self._event({"choices": [choice], **self._common, "recipient": "all"})

    async def finish(self, finish: str, usage: Object) -> None:
        choice: Object = {"delta": {}, "index": 0, "finish_reason": finish}
        await self._event({"choices": [choice], **self._common, "recipient": "all", "usage": usage})
        await self._write(b"data: [DONE]\n\n")
        await self.response.write_eof()

    async def send_error(self, body: Object) -> None:
        await self._event({name: value for name, value in body.items() if name != "success"})
        await self._write(b"data: [DONE]\n\n")
        await self.response.write_eof()

    async def truncate(self) -> None:
        close_connection(self._request)

    async def _event(self, event: Object) -> None:
        await self._write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())

    async def _write(self, data: bytes) -> None:
        if not self._fragmented:
            await self.response.write(data)
            return
        for start in range(0, len(data), 61):  # a prime: the cuts fall everywhere
            await self.response.write(data[start : start + 61])
            await asyncio.sleep(0)


def _split_delta(fields: Mapping[str, object], length: int) -> list[Mapping[str, object]]:
    """One field whose text is long becomes several deltas; anything else stays whole."""
    match list(fields.items()):
        case [(name, str() as text)] if len(text) > length:
            return [{name: text[start : start + length]} for start in range(0, len(text), length)]
        case _:
            return [fields]


class WholeResponse(_Envelope):
    """One JSON object at the end; until then, nothing."""

    def __init__(self, request: web.Request, model: str) -> None:
        super().__init__(model)
        self._request = request
        self._messages: dict[int, Object] = {}
        self.response: web.StreamResponse = web.Response()

    async def start(self) -> None:
        pass

    async def send_delta(self, fields: Mapping[str, object], index: int = 0) -> None:
        message = self._messages.setdefault(index, {"role": "assistant", "content": ""})
        for name, value in fields.items():
            said = message.get(name)
            message[name] = f"{said}{value}" if isinstance(said, str) and isinstance(value, str) else value

    async def finish(self, finish: str, usage: Object) -> None:
        self.response = web.Response(body=self._body(finish, usage), content_type="application/json")

    async def send_error(self, body: Object) -> None:
        self.response = web.json_response(body, status=500)

    async def truncate(self) -> None:
        body = self._body("stop", {})
        self.response = web.StreamResponse(headers={"Content-Type": "application/json"})
        self.response.content_length = len(body)
        await self.response.prepare(self._request)
        await self.response.write(body[: len(body) // 2])
        close_connection(self._request)

    def _body(self, finish: str, usage: Object) -> bytes:
        choices = [
            {"index": index, "message": message, "finish_reason": finish}
            for index, message in sorted(self._messages.items())
        ]
        return json.dumps({"choices": choices, **self._common, "usage": usage}, ensure_ascii=False).encode()
