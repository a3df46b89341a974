"""One request of the images dialect played at the studio's pace: unfinished pictures, finished ones, or a fault.

Knows no routes; what was asked stands in images.py, how answers look in images_reply.py.
"""

import asyncio
import random
import uuid

from aiohttp import web

from bot.sandbox.faults import Twist
from bot.sandbox.finishing import FORMATS, finish, painted_size
from bot.sandbox.images import ImagesAsk, Manners
from bot.sandbox.images_reply import Events, Handed, document, encoded, error_body
from bot.sandbox.painter import Order
from bot.sandbox.performance import DRAWING, PAGE
from bot.sandbox.reply import hang_up
from bot.sandbox.studio import Studio


class Painting:
    """One request, from acceptance to the last byte."""

    def __init__(
        self,
        studio: Studio,
        request: web.Request,
        ask: ImagesAsk,
        twist: Twist,
        manners: Manners,
        dice: random.Random,
        endpoint: str,
    ) -> None:
        self._studio = studio
        self._request = request
        self._ask = ask
        self._twist = twist
        self._prefix = "data:image/png;base64," if twist.result == "data-url" else manners.prefix
        self._pace = studio.pace * twist.slower * dice.uniform(0.85, 1.15)
        self._gone = 0.0  # share of the pace
        kind = "image_generation" if endpoint == "generations" else "image_edit"
        self._events = Events(request, ask, kind=kind, torn=twist.torn) if ask.stream else None

    async def play(self) -> web.StreamResponse:
        if self._events:
            await self._events.open()
        async with self._studio.place(full=_patience):
            return await self._stream(self._events) if self._events else await self._whole()

    async def _stream(self, events: Events) -> web.StreamResponse:
        pictures: list[bytes] = []
        for number in range(self._ask.partials):
            if await self._passes((number + 1) / (self._ask.partials + 1)):
                return await self._end()
            pictures = pictures or [await self._paint() for _ in range(self._count or 1)]
            preview = await self._studio.preview(pictures[0])
            await events.partial(number, encoded(preview, self._prefix))
        if await self._passes(1.0):
            return await self._end()
        if not self._count:
            await events.completed("", 0)
        for picture in (pictures or [await self._paint() for _ in range(self._count)])[: self._count]:
            await events.completed(encoded(self._served(await self._finished(picture)), self._prefix), self._count)
        await events.done()
        return events.response

    async def _whole(self) -> web.StreamResponse:
        if await self._passes(1.0):
            return await self._end()
        handed = [await self._shelved(await self._paint()) for _ in range(self._count)]
        body = await self._studio.in_thread(document, self._ask, handed, self._prefix)
        return web.Response(body=body, content_type="application/json")

    @property
    def _count(self) -> int:
        return 0 if self._twist.result == "none" else int(self._twist.pictures or self._ask.pictures)

    async def _paint(self) -> bytes:
        width, height = painted_size(*self._ask.size)
        quality = None if self._ask.quality == "auto" else self._ask.quality
        order = Order(
            prompt=self._ask.prompt,
            references=self._ask.references,
            mask=self._ask.mask,
            width=width,
            height=height,
            quality=quality,
        )
        return await self._studio.paint(order)

    async def _finished(self, png: bytes) -> bytes:
        return await self._studio.in_thread(
            finish,
            png,
            self._ask.size,
            kind=self._ask.kind,
            compression=self._ask.compression,
            transparent=self._ask.background == "transparent",
        )

    async def _shelved(self, png: bytes) -> Handed:
        data = self._served(await self._finished(png))
        name = f"{uuid.uuid4().hex}.{self._ask.kind}"
        if self._twist.served != "gone":
            kinds = {"svg": "image/svg+xml", "html": "text/html"}
            self._studio.shelf.put(name, data, kinds.get(self._twist.served, FORMATS[self._ask.kind]))
        return Handed(data=data, url=f"{self._request.scheme}://{self._request.host}/pictures/{name}")

    def _served(self, data: bytes) -> bytes:
        """What is handed over for a finished picture."""
        table = {"broken": data[: len(data) // 2], "svg": DRAWING, "html": PAGE}
        return table.get(self._twist.served, data)

    async def _passes(self, share: float) -> bool:
        """Lets time pass until this share of the pace; True when the end that a fault asks for comes before."""
        breaks = self._twist.ending in {"error", "cut", "quiet"} and self._twist.at / 100 < share
        until = self._twist.at / 100 if breaks else share
        await self._studio.sleep(self._pace * (until - self._gone))
        self._gone = until
        return breaks

    async def _end(self) -> web.StreamResponse:
        """The end that a fault asks for."""
        if self._twist.ending == "error":
            body = error_body(Twist(code=self._twist.code, message=self._twist.message))
            if self._events is None:
                return web.json_response(body, status=500)
            await self._events.error(body)
            return self._events.response
        if self._twist.ending == "quiet":
            await self._studio.sleep(self._twist.seconds)
        if self._events is not None:
            await self._events.cut()
            return self._events.response
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = 1000
        await response.prepare(self._request)
        await response.write(b'{"created": 1776220106, "data": [{"b64_json": "iVBORw0KGgo')
        hang_up(self._request)
        return response


async def _patience() -> None:
    """Who waits for a place is told nothing: this dialect has no words for it."""
    await asyncio.sleep(0)
