"""Responses of the images dialect: one JSON document, a stream of typed events, or an error.

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
from bot.sandbox.http_errors import Object, close_connection, error_response
from bot.sandbox.images.request import ImagesRequest, InvalidParameterError

FRAGMENT_BYTES = 997  # a prime, so that the cuts fall everywhere

# OpenAI's own code and type for the faults whose table entry has a relay's code.
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
    """400 for a request that breaks a rule of the API."""
    body = _envelope(str(error), "invalid_request_error", error.code, error.param)
    return web.json_response(body, status=400)


def fault_response(effect: FaultEffect) -> web.Response:
    """A fault with an HTTP status, in OpenAI's envelope."""
    if effect.body_format == "html" or effect.status is None:
        return error_response(effect)
    headers = {"Retry-After": f"{effect.retry_after_s:g}"} if effect.retry_after_s is not None else {}
    headers["x-request-id"] = "req_sandbox"
    return web.json_response(error_body(effect), status=effect.status, headers=headers)


def error_body(effect: FaultEffect) -> Object:
    """OpenAI's envelope, or Azure's with the reason of its content filter inside."""
    if effect.body_format == "azure":
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_results": {"jailbreak": {"filtered": False}}}
        return {"error": {"code": effect.code, "message": effect.message, "inner_error": inner}}
    default_type = "invalid_request_error" if (effect.status or 500) < 500 else "server_error"
    code, type_ = OPENAI_CODES.get(effect.code, (effect.code or None, effect.code or default_type))
    return _envelope(effect.message or "The server had an error.", type_, code, None)


def _envelope(message: str, type_: str, code: str | None, param: str | None) -> Object:
    return {"error": {"message": message, "type": type_, "param": param, "code": code}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultImage:
    """A finished picture of a response."""

    data: bytes = field(repr=False)
    """The encoded file."""
    url: str
    """Address where the file can be downloaded."""


def token_usage(request: ImagesRequest, pictures: int) -> Object:
    """Tokens, as OpenAI counts them for a GPT image model: 272, 1056 or 4160 for a square of 1024 pixels."""
    per_square = {"low": 272, "high": 4160}.get(request.quality, 1056)
    text = len(request.prompt) // 4 + 1
    input_images = sum(65 + 129 * 4 for _ in filter(None, (*request.references, request.mask, request.markup)))
    output = round(per_square * request.size[0] * request.size[1] / 1024**2) * pictures
    return {
        "input_tokens": text + input_images,
        "input_tokens_details": {"text_tokens": text, "image_tokens": input_images},
        "output_tokens": output,
        "total_tokens": text + input_images + output,
    }


def image_properties(request: ImagesRequest) -> Object:
    """The fields of every response that describe the picture."""
    return {
        "background": "transparent" if request.background == "transparent" else "opaque",
        "output_format": request.output_format,
        "quality": "medium" if request.quality == "auto" else request.quality,
        "size": f"{request.size[0]}x{request.size[1]}",
    }


def encode_response(request: ImagesRequest, pictures: Sequence[ResultImage], prefix: str) -> bytes:
    """The whole response as JSON. Megabytes of base64: for worker threads."""

    def encode_item(picture: ResultImage) -> Object:
        if request.response_format == "url":
            return {"url": picture.url, "revised_prompt": request.prompt}
        return {"b64_json": encode_base64(picture.data, prefix)}

    document = {
        "created": int(time.time()),
        "data": [encode_item(picture) for picture in pictures],
        **image_properties(request),
        "usage": token_usage(request, len(pictures)),
    }
    return json.dumps(document, ensure_ascii=False).encode()


def encode_base64(data: bytes, prefix: str) -> str:
    """Base64 letters behind `prefix`, such as `data:image/png;base64,` or nothing."""
    return prefix + base64.b64encode(data).decode("ascii")


class EventStream:
    """A streamed response of `image_generation.*` or `image_edit.*` events.

    Every method raises ConnectionError when the client has disconnected.
    """

    def __init__(self, http_request: web.Request, request: ImagesRequest, *, event_type: str, fragmented: bool) -> None:
        """`event_type`: what event names begin with. `fragmented`: whether bytes are cut anywhere."""
        self._http_request = http_request
        self._request = request
        self._event_type = event_type
        self._fragmented = fragmented
        self.response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})

    async def start(self) -> None:
        await self.response.prepare(self._http_request)

    async def send_partial(self, number: int, image: str) -> None:
        await self._send_event("partial_image", {"b64_json": image, "partial_image_index": number})

    async def send_completed(self, image: str, pictures: int) -> None:
        await self._send_event("completed", {"b64_json": image, "usage": token_usage(self._request, pictures)})

    async def send_error(self, body: Object) -> None:
        await self._write(f"event: error\ndata: {json.dumps({'type': 'error', **body})}\n\n")
        await self.response.write_eof()

    async def finish(self) -> None:
        await self.response.write_eof()

    async def truncate(self) -> None:
        """Closes the connection in the middle of the stream."""
        close_connection(self._http_request)

    async def _send_event(self, event: str, fields: Object) -> None:
        name = f"{self._event_type}.{event}"
        document = {"type": name, **fields, "created_at": int(time.time()), **image_properties(self._request)}
        await self._write(f"event: {name}\ndata: {json.dumps(document)}\n\n")

    async def _write(self, text: str) -> None:
        data = text.encode()
        if not self._fragmented:
            await self.response.write(data)
            return
        for start in range(0, len(data), FRAGMENT_BYTES):
            await self.response.write(data[start : start + FRAGMENT_BYTES])
            await asyncio.sleep(0)
