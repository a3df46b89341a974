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

from bot.sandbox.faults import Twist
from bot.sandbox.images import BrokenRuleError, ImagesAsk
from bot.sandbox.reply import hang_up, refusal

Object = dict[str, object]

# What the API itself calls the faults that the table names in a relay's words: code and type.
SPOKEN: Mapping[str, tuple[str | None, str]] = {
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


def broken_rule(error: BrokenRuleError) -> web.Response:
    """400: the request is against a rule of the API."""
    body = _envelope(str(error), "invalid_request_error", error.code, error.param)
    return web.json_response(body, status=400)


def refused(twist: Twist) -> web.Response:
    """A fault as the API would say it."""
    if twist.shape == "html" or twist.status is None:
        return refusal(twist)
    headers = {"Retry-After": f"{twist.retry_after:g}"} if twist.retry_after is not None else {}
    return web.json_response(error_body(twist), status=twist.status, headers={**headers, "x-request-id": "req_sandbox"})


def error_body(twist: Twist) -> Object:
    """OpenAI's envelope, or Azure's with the reason of its content filter inside."""
    if twist.shape == "azure":
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_results": {"jailbreak": {"filtered": False}}}
        return {"error": {"code": twist.code, "message": twist.message, "inner_error": inner}}
    general = "invalid_request_error" if (twist.status or 500) < 500 else "server_error"
    code, kind = SPOKEN.get(twist.code, (twist.code or None, twist.code or general))
    return _envelope(twist.message or "The server had an error.", kind, code, None)


def _envelope(message: str, kind: str, code: str | None, param: str | None) -> Object:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A picture to hand over. `url`: where it can be fetched."""

    data: bytes = field(repr=False)
    url: str


def usage(ask: ImagesAsk, pictures: int) -> Object:
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


def about(ask: ImagesAsk) -> Object:
    """What every answer says of the picture."""
    return {
        "background": "transparent" if ask.background == "transparent" else "opaque",
        "output_format": ask.kind,
        "quality": "medium" if ask.quality == "auto" else ask.quality,
        "size": f"{ask.size[0]}x{ask.size[1]}",
    }


def document(ask: ImagesAsk, pictures: Sequence[Handed], prefix: str) -> bytes:
    """The whole answer. Megabytes of base64: for worker threads."""

    def item(picture: Handed) -> Object:
        if ask.gives == "url":
            return {"url": picture.url, "revised_prompt": ask.prompt}
        return {"b64_json": encoded(picture.data, prefix)}

    said = {"created": int(time.time()), "data": [item(picture) for picture in pictures], **about(ask)}
    return json.dumps({**said, "usage": usage(ask, len(pictures))}, ensure_ascii=False).encode()


def encoded(data: bytes, prefix: str) -> str:
    return prefix + base64.b64encode(data).decode("ascii")


class Events:
    """The streamed answer: `image_generation.*` or `image_edit.*`. Every call raises ConnectionError when the
    client has gone. `torn`: cut anywhere in the bytes."""

    def __init__(self, request: web.Request, ask: ImagesAsk, *, kind: str, torn: bool) -> None:
        self._request = request
        self._ask = ask
        self._kind = kind
        self._torn = torn
        self.response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})

    async def open(self) -> None:
        await self.response.prepare(self._request)

    async def partial(self, number: int, image: str) -> None:
        await self._event("partial_image", {"b64_json": image, "partial_image_index": number})

    async def completed(self, image: str, pictures: int) -> None:
        await self._event("completed", {"b64_json": image, "usage": usage(self._ask, pictures)})

    async def error(self, body: Object) -> None:
        await self._write(f"event: error\ndata: {json.dumps({'type': 'error', **body})}\n\n")
        await self.response.write_eof()

    async def done(self) -> None:
        await self.response.write_eof()

    async def cut(self) -> None:
        hang_up(self._request)

    async def _event(self, what: str, fields: Object) -> None:
        name = f"{self._kind}.{what}"
        said = {"type": name, **fields, "created_at": int(time.time()), **about(self._ask)}
        await self._write(f"event: {name}\ndata: {json.dumps(said)}\n\n")

    async def _write(self, text: str) -> None:
        data = text.encode()
        if not self._torn:
            await self.response.write(data)
            return
        for start in range(0, len(data), 997):  # a prime: the cuts fall everywhere
            await self.response.write(data[start : start + 997])
            await asyncio.sleep(0)
