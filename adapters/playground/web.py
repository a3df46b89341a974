"""The playground's addresses: the page, its files, the previews, the socket. Every one asks guard.py first.

Nothing here knows what a frame means.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from aiohttp import WSCloseCode, WSMsgType, web

from adapters.playground import guard
from adapters.playground.encode import encode_upload, well_formed
from adapters.playground.entries import NewFile
from adapters.playground.house import House
from adapters.playground.looks import look
from adapters.playground.pages import Outbox
from adapters.playground.protocol import FILE_BYTES, FRAME_BYTES
from adapters.playground.visit import Visit
from bot.errors import ChatFailed, PictureGone, PictureTooLarge
from bot.texts import choose, explain, say

STATIC = Path(__file__).parent / "static"
FILE_LIMIT = f"{FILE_BYTES // 1024 // 1024} MB"
NAME = 200  # characters of a file's name that are kept
HEARTBEAT = 30.0  # seconds between pings that find out whether a page is still there
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; connect-src 'self'; style-src 'self'; script-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PAGE = COMMON | {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}
CONTENT = COMMON | {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, max-age=31536000, immutable",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Rule = Callable[[Mapping[str, str], int], bool]


class Web:
    """The handlers. Until `house` is set and after it is taken away, everything is answered with 503."""

    def __init__(self, backlog: int) -> None:
        self.house: House | None = None
        self._backlog = backlog
        self._visits: dict[asyncio.Task[None], Outbox] = {}

    def routes(self) -> list[web.RouteDef]:
        # No segment can begin with a dot: nothing leads out of the folder.
        static = r"/static/{path:[\w-]+(?:\.[\w-]+)*(?:/[\w-]+(?:\.[\w-]+)*)*}"
        return [
            web.get("/", self._guarded(guard.may_visit, self._index)),
            web.get(static, self._guarded(guard.may_fetch, self._static)),
            web.post("/files", self._guarded(guard.may_change, self._upload)),
            web.get("/files/{id}", self._guarded(guard.may_fetch, self._file)),
            web.get("/previews/{id}", self._guarded(guard.may_fetch, self._preview)),
            web.get("/ws", self._guarded(guard.may_visit, self._socket), allow_head=False),
        ]

    async def close(self) -> None:
        """Lets every page go. Their last frames have been taken when this returns."""
        self.house = None
        for outbox in self._visits.values():
            outbox.ended.set()
        await asyncio.gather(*self._visits, return_exceptions=True)

    def _guarded(self, rule: Rule, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            port = _port(request)
            if not rule(request.headers, port):
                words = say(_locale(request), "page-error-foreign")
                return web.Response(status=403, text=f"{words}\nhttp://127.0.0.1:{port}/\n", headers=COMMON)
            return await handler(request)

        return guarded

    # ------------------------------------------------------------ the page

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html", headers=PAGE)

    async def _static(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / request.match_info["path"], headers=PAGE)

    # ------------------------------------------------------------ files

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        house = self._open_house()
        name = well_formed(request.query.get("name", ""))[:NAME] or "file"
        try:
            data = await _body(request, name)
            looks = await asyncio.to_thread(look, data)
            stored = await house.room.keep(
                NewFile(name=name, media_type=looks.media_type, data=data, width=looks.width, height=looks.height)
            )
        except PictureTooLarge as error:
            return web.Response(status=413, text=explain(_locale(request), error), headers=COMMON)
        except ChatFailed as error:
            return web.Response(status=503, text=explain(_locale(request), error), headers=COMMON)
        return web.json_response(encode_upload(stored), headers=COMMON)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        house = self._open_house()
        try:
            file, data = await house.room.file(request.match_info["id"])
        except (PictureGone, ChatFailed) as error:
            status = 404 if isinstance(error, PictureGone) else 503
            return web.Response(status=status, text=explain(_locale(request), error), headers=COMMON)
        shown = file.media_type.startswith("image/")
        return _content(data, file.media_type if shown else None, file.name)

    async def _preview(self, request: web.Request) -> web.StreamResponse:
        image = self._open_house().previews.image(request.match_info["id"])
        if image is None:
            raise web.HTTPNotFound(headers=COMMON)
        shown = image.media_type.startswith("image/")
        return _content(image.data, image.media_type if shown else None, "preview")

    # ------------------------------------------------------------ the socket

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        house = self._open_house()
        socket = web.WebSocketResponse(max_msg_size=FRAME_BYTES, heartbeat=HEARTBEAT, compress=False, timeout=2.0)
        await socket.prepare(request)
        outbox = Outbox(self._backlog)
        visit = Visit(house, outbox)
        # The listener is never cancelled: what it has begun to take in is taken in whole.
        listener = asyncio.create_task(_listen(socket, visit), name="playground listens")
        speaker = asyncio.create_task(_speak(socket, visit), name="playground speaks")
        ended = asyncio.create_task(outbox.ended.wait(), name="playground lets go")
        self._visits[listener] = outbox
        try:
            await asyncio.wait((listener, ended), return_when=asyncio.FIRST_COMPLETED)
            house.pages.leave(outbox)
            speaker.cancel()
            if outbox.overflowed and request.transport is not None:
                request.transport.abort()  # a page that does not read would not read the goodbye either
            elif not socket.closed:
                await socket.close(code=WSCloseCode.GOING_AWAY)
            await listener
        finally:
            house.pages.leave(outbox)
            speaker.cancel()
            ended.cancel()
            await asyncio.gather(speaker, ended, return_exceptions=True)
            self._visits.pop(listener, None)
        return socket

    def _open_house(self) -> House:
        if self.house is None:
            raise web.HTTPServiceUnavailable(headers=COMMON)
        return self.house


async def _listen(socket: web.WebSocketResponse, visit: Visit) -> None:
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await visit.take(message.data)
        elif message.type is WSMsgType.BINARY:
            visit.puzzled()


async def _speak(socket: web.WebSocketResponse, visit: Visit) -> None:
    with suppress(ConnectionError):  # the listener notices that the page is gone
        await visit.deliver(socket)


async def _body(request: web.Request, name: str) -> bytes:
    """The raw body. Raises PictureTooLarge as soon as it is known to exceed FILE_BYTES."""
    if (request.content_length or 0) > FILE_BYTES:
        raise PictureTooLarge(name=name, limit=FILE_LIMIT)
    data = bytearray()
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > FILE_BYTES:
            raise PictureTooLarge(name=name, limit=FILE_LIMIT)
    return bytes(data)


def _content(data: bytes, media_type: str | None, name: str) -> web.Response:
    """Bytes of somebody's making: shown only as the picture that they are, else saved, never opened."""
    disposition = "inline" if media_type is not None else "attachment"
    return web.Response(
        body=io.BytesIO(data),
        content_type=media_type or "application/octet-stream",
        headers=CONTENT | {"Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(name, safe='')}"},
    )


def _port(request: web.Request) -> int:
    """The port that the connection came in on, whatever its headers say."""
    address = None if request.transport is None else request.transport.get_extra_info("sockname")
    return address[1] if address is not None else 0


def _locale(request: web.Request) -> str:
    """The first language that the browser asks for, for the few sentences that are no frames."""
    return choose(request.headers.get("Accept-Language", "").split(",")[0].split(";")[0].strip())
