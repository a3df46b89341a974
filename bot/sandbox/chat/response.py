"""Chat responses on the wire: streamed as server-sent events, or whole as one JSON object.

Knows aiohttp and the envelope of the chat dialect; not the content of a reply.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from typing import Protocol

from aiohttp import web

from bot.sandbox.http_errors import Object, close_connection

MAX_DELTA_CHARACTERS = 48_000  # a picture inside the text is sent in pieces of this length
FRAGMENT_CHARACTERS = 3  # of a delta, where a fault asks for fragments
FRAGMENT_BYTES = 61  # a prime, so that the cuts fall everywhere


class ResponseWriter(Protocol):
    """One response. Every method raises ConnectionError when the client has disconnected."""

    async def start(self) -> None:
        """Sends the headers of a streamed response."""
        ...

    async def send_delta(self, fields: Mapping[str, object], index: int = 0) -> None:
        """Adds fields, such as `content`, to the choice of this index."""
        ...

    async def finish(self, finish_reason: str, usage: Object) -> None:
        """Completes the response."""
        ...

    async def send_error(self, body: Object) -> None:
        """Ends the response with an error object."""
        ...

    async def truncate(self) -> None:
        """Closes the connection in the middle of the response."""
        ...

    @property
    def response(self) -> web.StreamResponse: ...


class _Envelope:
    """The fields that every chunk and the whole response have in common."""

    def __init__(self, model: str) -> None:
        self._common: Object = {
            "created": int(time.time()),
            "id": f"chatcmpl-{uuid.uuid4()}",
            "model": model,
            "object": "chat.completion.chunk",  # in whole responses too, as the relay does
        }


class StreamedResponse(_Envelope):
    """Server-sent events."""

    def __init__(self, http_request: web.Request, model: str, *, fragmented: bool) -> None:
        """`fragmented`: whether text and bytes are cut anywhere, also inside a character."""
        super().__init__(model)
        self._http_request = http_request
        self._fragmented = fragmented
        self.response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        )

    async def start(self) -> None:
        await self.response.prepare(self._http_request)

    async def send_delta(self, fields: Mapping[str, object], index: int = 0) -> None:
        length = FRAGMENT_CHARACTERS if self._fragmented else MAX_DELTA_CHARACTERS
        for each in _split_delta(fields, length):
            choice: Object = {"delta": {**each, "role": "assistant"}, "index": index}
            await self._send_event({"choices": [choice], **self._common, "recipient": "all"})

    async def finish(self, finish_reason: str, usage: Object) -> None:
        choice: Object = {"delta": {}, "index": 0, "finish_reason": finish_reason}
        await self._send_event({"choices": [choice], **self._common, "recipient": "all", "usage": usage})
        await self._write(b"data: [DONE]\n\n")
        await self.response.write_eof()

    async def send_error(self, body: Object) -> None:
        await self._send_event({name: value for name, value in body.items() if name != "success"})
        await self._write(b"data: [DONE]\n\n")
        await self.response.write_eof()

    async def truncate(self) -> None:
        close_connection(self._http_request)

    async def _send_event(self, event: Object) -> None:
        await self._write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())

    async def _write(self, data: bytes) -> None:
        if not self._fragmented:
            await self.response.write(data)
            return
        for start in range(0, len(data), FRAGMENT_BYTES):
            await self.response.write(data[start : start + FRAGMENT_BYTES])
            await asyncio.sleep(0)


def _split_delta(fields: Mapping[str, object], length: int) -> list[Mapping[str, object]]:
    """A single field with a long text as several deltas of `length` characters; anything else as one."""
    match list(fields.items()):
        case [(name, str() as text)] if len(text) > length:
            return [{name: text[start : start + length]} for start in range(0, len(text), length)]
        case _:
            return [fields]


class WholeResponse(_Envelope):
    """One JSON object at the end; until then, nothing."""

    def __init__(self, http_request: web.Request, model: str) -> None:
        super().__init__(model)
        self._http_request = http_request
        self._messages: dict[int, Object] = {}
        self.response: web.StreamResponse = web.Response()

    async def start(self) -> None:
        pass

    async def send_delta(self, fields: Mapping[str, object], index: int = 0) -> None:
        message = self._messages.setdefault(index, {"role": "assistant", "content": ""})
        for name, value in fields.items():
            earlier = message.get(name)
            message[name] = f"{earlier}{value}" if isinstance(earlier, str) and isinstance(value, str) else value

    async def finish(self, finish_reason: str, usage: Object) -> None:
        self.response = web.Response(body=self._encode_body(finish_reason, usage), content_type="application/json")

    async def send_error(self, body: Object) -> None:
        self.response = web.json_response(body, status=500)

    async def truncate(self) -> None:
        body = self._encode_body("stop", {})
        self.response = web.StreamResponse(headers={"Content-Type": "application/json"})
        self.response.content_length = len(body)
        await self.response.prepare(self._http_request)
        await self.response.write(body[: len(body) // 2])
        close_connection(self._http_request)

    def _encode_body(self, finish_reason: str, usage: Object) -> bytes:
        choices = [
            {"index": index, "message": message, "finish_reason": finish_reason}
            for index, message in sorted(self._messages.items())
        ]
        return json.dumps({"choices": choices, **self._common, "usage": usage}, ensure_ascii=False).encode()
