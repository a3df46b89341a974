"""How the images dialect answers: one JSON document, or a stream of typed events; and how it refuses.

Knows aiohttp and OpenAI's envelopes; not what is painted.
"""

import asyncio
import base64
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from bot.sandbox.faults import FaultEffect
from bot.sandbox.http_errors import close_connection, error_response
from bot.sandbox.images.request import InvalidParameterError, ImagesRequest

Object = dict[str, object]

# What the API itself calls the faults that the table names in a relay's words: code and type.
OPENAI_CODES: Mapping[str, tuple[str | None, str]] = {
    "token_mismatched": (None, "invalid_request_error"),
    "invalid_token": ("invalid_api_key", "invalid_request_error"),
    "model_access_denied": ("model_not_found", "invalid_request_error"),
    "too_many_requests": ("rate_limit_exceeded", "requests"),
    "api_error": (None, "server_error"),
    "api_not_implemented": ("unsupported_endpoint", "invalid_request_error"),
    "moderation_blocked": ("moderation_blocked", "image_generation_user_error"),
    "content_policy_violation": ("content_policy_violation", "image_generation_user_error"),
    "billing_hard_limit_reached": ("billing_hard_limit_reached", "billing_limit_user_error"),
}


def invalid_parameter_response(error: InvalidParameterError) -> web.Response:
    """400: the request is against a rule of the API."""
    body = _envelope(str(error), "invalid_request_error", error.code, error.param)
    return web.json_response(body, status=400)


def fault_response(twist: FaultEffect) -> web.Response:
    """A fault as the API would say it."""
    if twist.body_format == "html" or twist.status is None:
        return error_response(twist)
    headers = {"Retry-After": f"{twist.retry_after_s:g}"} if twist.retry_after_s is not None else {}
    return web.json_response(error_body(twist), status=twist.status, headers={**headers, "x-request-id": "req_sandbox"})


def error_body(twist: FaultEffect) -> Object:
    """OpenAI's envelope, or Azure's with the reason of its content filter inside."""
    if twist.body_format == "azure":
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_results": {"jailbreak": {"filtered": False}}}
        return {"error": {"code": twist.code, "message": twist.message, "inner_error": inner}}
    general = "invalid_request_error" if (twist.status or 500) < 500 else "server_error"
    code, kind = OPENAI_CODES.get(twist.code, (twist.code or None, twist.code or general))
    return _envelope(twist.message or "The server had an error.", kind, code, None)


def _envelope(message: str, kind: str, code: str | None, param: str | None) -> Object:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultImage:
    """A picture to hand over. `url`: where it can be fetched."""

    data: bytes = field(repr=False)
    url: str


def token_usage(ask: ImagesRequest, pictures: int) -> Object:
    """Tokens, as OpenAI counts them for a GPT image model: for a square of 1024 pixels 272, 1056 or 4160."""
    each = {"low": 272, "high": 4160}.get(ask.quality, 1056)
    text = len(ask.prompt) // 4 + 1
    seen = sum(65 + 129 * 4 for _ in (*ask.references, *([ask.mask] if ask.mask else [])))
    output = round(each * ask.size[0] * ask.size[1] / 1024**2) * pictures
    return {
        "input_tokens": text + seen,
        "input_tokens_details": {"text_tokens": text, "image_tokens": seen},
        "output_tokens": output,
        "total_tokens": text + seen + output,
    }


def image_properties(ask: ImagesRequest) -> Object:
    """What every answer says of the picture."""
    return {
        "background": "transparent" if ask.background == "transparent" else "opaque",
        "output_format": ask.output_format,
        "quality": "medium" if ask.quality == "auto" else ask.quality,
        "size": f"{ask.size[0]}x{ask.size[1]}",
    }


def encode_response(ask: ImagesRequest, pictures: Sequence[ResultImage], prefix: str) -> bytes:
    """The whole answer. Megabytes of base64: for worker threads."""

    def item(picture: ResultImage) -> Object:
        if ask.response_format == "url":
            return {"url": picture.url, "revised_prompt": ask.prompt}
        return {"b64_json": encode_base64(picture.data, prefix)}

    said = {"created": int(time.time()), "data": [item(picture) for picture in pictures], **image_properties(ask)}
    return json.dumps({**said, "usage": token_usage(ask, len(pictures))}, ensure_ascii=False).encode()


def encode_base64(data: bytes, prefix: str) -> str:
    return prefix + base64.b64encode(data).decode("ascii")


class EventStream:
    """The streamed answer: `image_generation.*` or `image_edit.*`. Every call raises ConnectionError when the
    client has gone. `torn`: cut anywhere in the bytes."""

    def __init__(self, request: web.Request, ask: ImagesRequest, *, kind: str, fragmented: bool) -> None:
        self._request = request
        self._ask = ask
        self._kind = kind
        self._fragmented = fragmented
        self.response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})

    async def start(self) -> None:
        await self.response.prepare(self._request)

    async def send_partial(self, number: int, image: str) -> None:
        await self._send_event("partial_image", {"b64_json": image, "partial_image_index": number})

    async def send_completed(self, image: str, pictures: int) -> None:
        await self._send_event("completed", {"b64_json": image, "usage": token_usage(self._ask, pictures)})

    async def send_error(self, body: Object) -> None:
        await self._write(f"event: error\ndata: {json.dumps({'type': 'error', **body})}\n\n")
        await self.response.write_eof()

    async def finish(self) -> None:
        await self.response.write_eof()

    async def truncate(self) -> None:
        close_connection(self._request)

    async def _send_event(self, what: str, fields: Object) -> None:
        name = f"{self._kind}.{what}"
        said = {"type": name, **fields, "created_at": int(time.time()), **image_properties(self._ask)}
        await self._write(f"event: {name}\ndata: {json.dumps(said)}\n\n")

    async def _write(self, text: str) -> None:
        data = text.encode()
        if not self._fragmented:
            await self.response.write(data)
            return
        for start in range(0, len(data), 997):  # a prime: the cuts fall everywhere
            await self.response.write(data[start : start + 997])
            await asyncio.sleep(0)
