"""The response to one images request, sent at the renderer's pace: partial images, finished ones, or a fault.

Knows no routes; the request stands in request.py, the encoding of responses in response.py.
"""

import asyncio
import random
import uuid

from aiohttp import web

from bot.sandbox.faults import FaultEffect
from bot.sandbox.http_errors import close_connection
from bot.sandbox.images.request import ApiVariant, ImagesRequest
from bot.sandbox.images.response import EventStream, ResultImage, encode_base64, encode_response, error_body
from bot.sandbox.painting.encoding import MEDIA_TYPES, encode_picture, painted_size
from bot.sandbox.painting.picture_spec import PictureSpec
from bot.sandbox.renderer import Renderer
from bot.sandbox.served_files import LOGIN_PAGE, SVG_DRAWING


class ImagesPlayback:
    """One request, from acceptance to the last byte of its response."""

    def __init__(
        self,
        renderer: Renderer,
        http_request: web.Request,
        request: ImagesRequest,
        effect: FaultEffect,
        variant: ApiVariant,
        rng: random.Random,
        endpoint: str,
    ) -> None:
        self._renderer = renderer
        self._http_request = http_request
        self._request = request
        self._effect = effect
        self._base64_prefix = "data:image/png;base64," if effect.result_format == "data-url" else variant.base64_prefix
        self._duration_s = renderer.pace * effect.slowdown * rng.uniform(0.85, 1.15)
        self._elapsed_share = 0.0  # of the duration
        event_type = "image_generation" if endpoint == "generations" else "image_edit"
        self._events = (
            EventStream(http_request, request, event_type=event_type, fragmented=effect.fragmented)
            if request.stream
            else None
        )

    async def send_response(self) -> web.StreamResponse:
        """Raises CancelledError or ConnectionError when the client disconnects."""
        if self._events:
            await self._events.start()
        async with self._renderer.acquire_slot(on_full=_yield_once):
            return await self._send_stream(self._events) if self._events else await self._whole_response()

    async def _send_stream(self, events: EventStream) -> web.StreamResponse:
        count = self._picture_count
        pictures: list[bytes] = []
        for number in range(self._request.partial_images):
            if await self._wait_until((number + 1) / (self._request.partial_images + 1)):
                return await self._send_ending()
            pictures = pictures or [await self._render() for _ in range(count or 1)]
            preview = await self._renderer.render_preview(pictures[0])
            await events.send_partial(number, encode_base64(preview, self._base64_prefix))
        if await self._wait_until(1.0):
            return await self._send_ending()
        if not count:
            await events.send_completed("", 0)
        for picture in (pictures or [await self._render() for _ in range(count)])[:count]:
            data = self._apply_file_fault(await self._encode_picture(picture))
            await events.send_completed(encode_base64(data, self._base64_prefix), count)
        await events.finish()
        return events.response

    async def _whole_response(self) -> web.StreamResponse:
        if await self._wait_until(1.0):
            return await self._send_ending()
        results = [await self._publish_picture(await self._render()) for _ in range(self._picture_count)]
        body = await self._renderer.run_in_thread(encode_response, self._request, results, self._base64_prefix)
        return web.Response(body=body, content_type="application/json")

    @property
    def _picture_count(self) -> int:
        if self._effect.result_format == "none":
            return 0
        return int(self._effect.picture_count or self._request.picture_count)

    async def _render(self) -> bytes:
        width, height = painted_size(*self._request.size)
        spec = PictureSpec(
            prompt=self._request.prompt,
            references=self._request.references,
            mask=self._request.mask,
            markup=self._request.markup,
            width=width,
            height=height,
            quality=None if self._request.quality == "auto" else self._request.quality,
        )
        return await self._renderer.render(spec)

    async def _encode_picture(self, png: bytes) -> bytes:
        return await self._renderer.run_in_thread(
            encode_picture,
            png,
            self._request.size,
            file_format=self._request.output_format,
            quality=self._request.compression,
            transparent=self._request.background == "transparent",
        )

    async def _publish_picture(self, png: bytes) -> ResultImage:
        data = self._apply_file_fault(await self._encode_picture(png))
        name = f"{uuid.uuid4().hex}.{self._request.output_format}"
        if self._effect.served_file != "gone":
            media_types = {"svg": "image/svg+xml", "html": "text/html"}
            media_type = media_types.get(self._effect.served_file, MEDIA_TYPES[self._request.output_format])
            self._renderer.files.add_file(name, data, media_type)
        url = f"{self._http_request.scheme}://{self._http_request.host}/pictures/{name}"
        return ResultImage(data=data, url=url)

    def _apply_file_fault(self, data: bytes) -> bytes:
        """The bytes handed over for a finished picture."""
        table = {"broken": data[: len(data) // 2], "svg": SVG_DRAWING, "html": LOGIN_PAGE}
        return table.get(self._effect.served_file, data)

    async def _wait_until(self, share: float) -> bool:
        """Sleeps until this share of the duration; True when the ending of a fault comes before."""
        ends_before = self._effect.ending in {"error", "cut", "quiet"} and self._effect.ending_percent / 100 < share
        until = self._effect.ending_percent / 100 if ends_before else share
        await self._renderer.sleep(self._duration_s * (until - self._elapsed_share))
        self._elapsed_share = until
        return ends_before

    async def _send_ending(self) -> web.StreamResponse:
        """The ending that a fault asks for: an error, or a response cut off, at once or after a silence."""
        if self._effect.ending == "error":
            body = error_body(FaultEffect(code=self._effect.code, message=self._effect.message))
            if self._events is None:
                return web.json_response(body, status=500)
            await self._events.send_error(body)
            return self._events.response
        if self._effect.ending == "quiet":
            await self._renderer.sleep(self._effect.silence_s)
        if self._events is not None:
            await self._events.truncate()
            return self._events.response
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = 1000
        await response.prepare(self._http_request)
        await response.write(b'{"created": 1776220106, "data": [{"b64_json": "iVBORw0KGgo')
        close_connection(self._http_request)
        return response


async def _yield_once() -> None:
    """Sent while waiting for a slot: nothing, since this dialect has no queue event."""
    await asyncio.sleep(0)
