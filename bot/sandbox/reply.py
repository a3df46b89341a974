"""How a reply goes over the wire: streamed as server-sent events, or whole as one JSON object.

Knows aiohttp and the envelope of the chat dialect; not what is said in it.
"""

import asyncio
import json
import socket
import struct
import time
import uuid
from collections.abc import Mapping
from typing import Protocol

from aiohttp import web

from bot.sandbox.faults import Twist

DELTA = 48_000  # characters; a picture inside the text is sent in pieces of this length
Object = dict[str, object]


def refusal(twist: Twist) -> web.Response:
    """The answer to a request that is not even begun."""
    headers = {"Retry-After": f"{twist.retry_after:g}"} if twist.retry_after is not None else {}
    status = twist.status or 500
    if twist.shape == "html":
        page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
        return web.Response(status=status, text=page, content_type="text/html")
    return web.json_response(error_body(twist), status=status, headers=headers)


def error_body(twist: Twist) -> Object:
    """The relay's error envelope, or OpenAI's."""
    if twist.shape in {"openai", "azure"}:
        kind = "image_generation_user_error" if twist.code == "moderation_blocked" else twist.code
        return {"error": {"message": twist.message, "type": kind, "param": None, "code": twist.code}}
    error = {"code": twist.code, "message": twist.message}
    return {"success": False, "error": error, "trace_id": str(uuid.uuid4())}


def reset(request: web.Request) -> None:
    """Ends the connection with a TCP reset instead of a goodbye."""
    if request.transport is not None:
        sock: socket.socket = request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


def hang_up(request: web.Request) -> None:
    """Ends the connection in the middle, after what was written has gone out."""
    if request.transport is not None:
        request.transport.close()


class Reply(Protocol):
    """One reply. Every call raises ConnectionError when the client has gone."""

    async def open(self) -> None: ...
    async def say(self, fields: Mapping[str, object], index: int = 0) -> None: ...
    async def done(self, finish: str, usage: Object) -> None: ...
    async def error(self, body: Object) -> None: ...
    async def cut(self) -> None: ...
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


class Streamed(_Envelope):
    """Server-sent events. `torn`: cut anywhere, in the text and in the bytes."""

    def __init__(self, request: web.Request, model: str, *, torn: bool) -> None:
        super().__init__(model)
        self._request = request
        self._torn = torn
        self.response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        )

    async def open(self) -> None:
        await self.response.prepare(self._request)

    async def say(self, fields: Mapping[str, object], index: int = 0) -> None:
        length = 3 if self._torn else DELTA
        for each in _pieces(fields, length):
            choice: Object = {"delta": {**each, "role": "assistant"}, "index": index}
            await self._event({"choices": [choice], **self._common, "recipient": "all"})

    async def done(self, finish: str, usage: Object) -> None:
        choice: Object = {"delta": {}, "index": 0, "finish_reason": finish}
        await self._event({"choices": [choice], **self._common, "recipient": "all", "usage": usage})
        await self._write(b"data: [DONE]\n\n")
        await self.response.write_eof()

    async def error(self, body: Object) -> None:
        await self._event({name: value for name, value in body.items() if name != "success"})
        await self._write(b"data: [DONE]\n\n")
        await self.response.write_eof()

    async def cut(self) -> None:
        hang_up(self._request)

    async def _event(self, event: Object) -> None:
        await self._write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())

    async def _write(self, data: bytes) -> None:
        if not self._torn:
            await self.response.write(data)
            return
        for start in range(0, len(data), 61):  # a prime: the cuts fall everywhere
            await self.response.write(data[start : start + 61])
            await asyncio.sleep(0)


def _pieces(fields: Mapping[str, object], length: int) -> list[Mapping[str, object]]:
    """One field whose text is long becomes several deltas; anything else stays whole."""
    match list(fields.items()):
        case [(name, str() as text)] if len(text) > length:
            return [{name: text[start : start + length]} for start in range(0, len(text), length)]
        case _:
            return [fields]


class Whole(_Envelope):
    """One JSON object at the end; until then, nothing."""

    def __init__(self, request: web.Request, model: str) -> None:
        super().__init__(model)
        self._request = request
        self._messages: dict[int, Object] = {}
        self.response: web.StreamResponse = web.Response()

    async def open(self) -> None:
        pass

    async def say(self, fields: Mapping[str, object], index: int = 0) -> None:
        message = self._messages.setdefault(index, {"role": "assistant", "content": ""})
        for name, value in fields.items():
            said = message.get(name)
            message[name] = f"{said}{value}" if isinstance(said, str) and isinstance(value, str) else value

    async def done(self, finish: str, usage: Object) -> None:
        self.response = web.Response(body=self._body(finish, usage), content_type="application/json")

    async def error(self, body: Object) -> None:
        self.response = web.json_response(body, status=500)

    async def cut(self) -> None:
        body = self._body("stop", {})
        self.response = web.StreamResponse(headers={"Content-Type": "application/json"})
        self.response.content_length = len(body)
        await self.response.prepare(self._request)
        await self.response.write(body[: len(body) // 2])
        hang_up(self._request)

    def _body(self, finish: str, usage: Object) -> bytes:
        choices = [
            {"index": index, "message": message, "finish_reason": finish}
            for index, message in sorted(self._messages.items())
        ]
        return json.dumps({"choices": choices, **self._common, "usage": usage}, ensure_ascii=False).encode()
