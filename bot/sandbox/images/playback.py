"""One request of the images dialect played at the studio's pace: unfinished pictures, finished ones, or a fault.

Knows no routes; what was asked stands in images.py, how answers look in images_reply.py.
"""

import asyncio
import random
import uuid

from aiohttp import web

from bot.sandbox.faults import FaultEffect
from bot.sandbox.http_errors import close_connection
from bot.sandbox.images.request import ImagesRequest, ApiVariant
from bot.sandbox.images.response import EventStream, ResultImage, encode_response, encode_base64, error_body
from bot.sandbox.painting.encoding import FORMATS, finish, painted_size
from bot.sandbox.painting.painter import Order
from bot.sandbox.renderer import Studio
from bot.sandbox.served_files import SVG_DRAWING, LOGIN_PAGE


class ImagesPlayback:
    """One request, from acceptance to the last byte."""

    def __init__(
        self,
        studio: Studio,
        request: web.Request,
        ask: ImagesRequest,
        twist: FaultEffect,
        manners: ApiVariant,
        dice: random.Random,
        endpoint: str,
    ) -> None:
        self._renderer = studio
        self._request = request
        self._images_request = ask
        self._effect = twist
        self._base64_prefix = "data:image/png;base64," if twist.result_format == "data-url" else manners.base64_prefix
        self._duration_s = studio.pace * twist.slowdown * dice.uniform(0.85, 1.15)
        self._elapsed_share = 0.0  # share of the pace
        kind = "image_generation" if endpoint == "generations" else "image_edit"
        self._events = EventStream(request, ask, kind=kind, fragmented=twist.fragmented) if ask.stream else None

    async def send_response(self) -> web.StreamResponse:
        if self._events:
            await self._events.start()
        async with self._renderer.place(full=_yield_once):
            return await self._send_stream(self._events) if self._events else await self._whole_response()

    async def _send_stream(self, events: EventStream) -> web.StreamResponse:
        pictures: list[bytes] = []
        for number in range(self._images_request.partial_images):
            if await self._wait_until((number + 1) / (self._images_request.partial_images + 1)):
                return await self._send_ending()
            pictures = pictures or [await self._render() for _ in range(self._picture_count or 1)]
            preview = await self._renderer.preview(pictures[0])
            await events.send_partial(number, encode_base64(preview, self._base64_prefix))
        if await self._wait_until(1.0):
            return await self._send_ending()
        if not self._picture_count:
            await events.send_completed("", 0)
        for picture in (pictures or [await self._render() for _ in range(self._picture_count)])[: self._picture_count]:
            await events.send_completed(encode_base64(self._apply_file_fault(await self._encode_picture(picture)), self._base64_prefix), self._picture_count)
        await events.finish()
        return events.response

    async def _whole_response(self) -> web.StreamResponse:
        if await self._wait_until(1.0):
            return await self._send_ending()
        handed = [await self._publish_picture(await self._render()) for _ in range(self._picture_count)]
        body = await self._renderer.in_thread(encode_response, self._images_request, handed, self._base64_prefix)
        return web.Response(body=body, content_type="application/json")

    @property
    def _picture_count(self) -> int:
        return 0 if self._effect.result_format == "none" else int(self._effect.picture_count or self._images_request.picture_count)

    async def _render(self) -> bytes:
        width, height = painted_size(*self._images_request.size)
        quality = None if self._images_request.quality == "auto" else self._images_request.quality
        order = Order(
            prompt=self._images_request.prompt,
            references=self._images_request.references,
            mask=self._images_request.mask,
            width=width,
            height=height,
            quality=quality,
        )
        return await self._renderer.paint(order)

    async def _encode_picture(self, png: bytes) -> bytes:
        return await self._renderer.in_thread(
            finish,
            png,
            self._images_request.size,
            kind=self._images_request.output_format,
            compression=self._images_request.compression,
            transparent=self._images_request.background == "transparent",
        )

    async def _publish_picture(self, png: bytes) -> ResultImage:
        data = self._apply_file_fault(await self._encode_picture(png))
        name = f"{uuid.uuid4().hex}.{self._images_request.output_format}"
        if self._effect.served_file != "gone":
            kinds = {"svg": "image/svg+xml", "html": "text/html"}
            self._renderer.shelf.add_file(name, data, kinds.get(self._effect.served_file, FORMATS[self._images_request.output_format]))
        return ResultImage(data=data, url=f"{self._request.scheme}://{self._request.host}/pictures/{name}")

    def _apply_file_fault(self, data: bytes) -> bytes:
        """What is handed over for a finished picture."""
        table = {"broken": data[: len(data) // 2], "svg": SVG_DRAWING, "html": LOGIN_PAGE}
        return table.get(self._effect.served_file, data)

    async def _wait_until(self, share: float) -> bool:
        """Lets time pass until this share of the pace; True when the end that a fault asks for comes before."""
        breaks = self._effect.ending in {"error", "cut", "quiet"} and self._effect.ending_percent / 100 < share
        until = self._effect.ending_percent / 100 if breaks else share
        await self._renderer.sleep(self._duration_s * (until - self._elapsed_share))
        self._elapsed_share = until
        return breaks

    async def _send_ending(self) -> web.StreamResponse:
        """The end that a fault asks for."""
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
        await response.prepare(self._request)
        await response.write(b'{"created": 1776220106, "data": [{"b64_json": "iVBORw0KGgo')
        close_connection(self._request)
        return response


async def _yield_once() -> None:
    """Who waits for a place is told nothing: this dialect has no words for it."""
    await asyncio.sleep(0)
