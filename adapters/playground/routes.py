"""The playground's HTTP routes: the page, its files, the previews, the websocket. Each checks same_origin.py first.

Nothing here knows what a frame means.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from adapters.page_bundle import PageBundle, make_bundle
from adapters.playground import gallery, same_origin, users
from adapters.playground.backend import Backend
from adapters.playground.connections import OutgoingQueue
from adapters.playground.encode import encode_upload, well_formed
from adapters.playground.image_header import read_image_header
from adapters.playground.protocol import FILE_BYTES, FRAME_BYTES
from adapters.playground.records import NewFile
from adapters.playground.session import Session
from adapters.playground.thumbnails import EDGES
from bot.chat import Attachment
from bot.errors import ChatFailed, MessageGone, PictureGone, PictureTooLarge
from bot.texts import negotiate_locale, translate, translate_error

log = structlog.get_logger()

STATIC = Path(__file__).parent / "static"
FILE_LIMIT = f"{FILE_BYTES // 1024 // 1024} MB"
MAX_NAME_CHARACTERS = 200  # of a file's name; the rest is cut off
HEARTBEAT_S = 30.0  # between pings that find out whether a page is still there
CLOSE_TIMEOUT_S = 2.0  # a page that is disconnected gets so long to close its side
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; connect-src 'self'; style-src {styles};"
    " script-src {scripts}; frame-ancestors 'none'; base-uri 'none'"
)
COMMON_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FRESH_HEADERS = COMMON_HEADERS | {"Cache-Control": "no-store"}
SEALED_POLICY = {"Content-Security-Policy": "sandbox; default-src 'none'"}
STATIC_HEADERS = COMMON_HEADERS | SEALED_POLICY | {"Cache-Control": "no-cache"}
CONTENT_HEADERS = COMMON_HEADERS | SEALED_POLICY | {"Cache-Control": "private, max-age=31536000, immutable"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Rule = Callable[[Mapping[str, str], int], bool]


class PageRoutes:
    """The handlers of every route."""

    backend: Backend | None
    """Set while the playground runs; without it, everything but the page itself answers 503."""

    def __init__(self, backlog: int) -> None:
        self.backend = None
        self._backlog = backlog
        self._bundle: PageBundle | None = None
        self._listeners: dict[asyncio.Task[None], OutgoingQueue] = {}

    def routes(self) -> list[web.RouteDef]:
        # No segment can begin with a dot: nothing leads out of the folder.
        static = r"/static/{path:[\w-]+(?:\.[\w-]+)*(?:/[\w-]+(?:\.[\w-]+)*)*}"
        return [
            web.get("/", self._guarded(same_origin.may_navigate, self._index)),
            web.get(static, self._guarded(same_origin.may_load, self._static)),
            web.post("/files", self._guarded(same_origin.may_upload, self._upload)),
            web.get("/files/{id}", self._guarded(same_origin.may_load, self._file)),
            web.get(r"/thumbnails/{edge:[0-9]{1,4}}/{id}", self._guarded(same_origin.may_load, self._thumbnail)),
            web.get("/gallery", self._guarded(same_origin.may_load, self._gallery)),
            web.get("/messages", self._guarded(same_origin.may_load, self._messages)),
            web.get("/previews/{id}", self._guarded(same_origin.may_load, self._preview)),
            web.get("/ws", self._guarded(same_origin.may_navigate, self._socket), allow_head=False),
        ]

    async def close(self) -> None:
        """Disconnects every page. Their last frames have been handled when this returns."""
        self.backend = None
        for outgoing in self._listeners.values():
            outgoing.disconnect.set()
        await asyncio.gather(*self._listeners, return_exceptions=True)

    def _guarded(self, rule: Rule, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            port = _port(request)
            if not rule(request.headers, port):
                text = translate(_locale(request), "page-error-foreign")
                return web.Response(status=403, text=f"{text}\nhttp://127.0.0.1:{port}/\n", headers=COMMON_HEADERS)
            return await handler(request)

        return guarded

    # ------------------------------------------------------------ the page

    async def _index(self, request: web.Request) -> web.StreamResponse:
        """The whole page in one document; a browser that has it already gets 304."""
        bundle = self._bundle = self._bundle or await asyncio.to_thread(make_bundle, STATIC)
        policy = PAGE_POLICY.format(styles=bundle.style_sources, scripts=bundle.script_sources)
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        headers |= COMMON_HEADERS | {"ETag": bundle.etag}
        if bundle.etag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=bundle.html, content_type="text/html", charset="utf-8", headers=headers)
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=bundle.compressed, content_type="text/html", charset="utf-8", headers=headers)

    async def _static(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / request.match_info["path"], headers=STATIC_HEADERS)

    # ------------------------------------------------------------ files

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        backend, locale = self._require_backend(), negotiate_locale(request.query.get("locale"), _locale(request))
        name = well_formed(request.query.get("name", ""))[:MAX_NAME_CHARACTERS] or "file"
        user = users.core_user(users.find_user(request.query.get("as", "")).id, locale)
        try:
            data = await _read_body(request, name)
            header = await asyncio.to_thread(read_image_header, data)
            file = Attachment(ref="", media_type=header.media_type, size=len(data), filename=name)
            if problem := await backend.events.check_file(user, file, data):
                return web.json_response({"refusal": problem}, headers=COMMON_HEADERS)
            stored = await backend.database.save_file(
                NewFile(name=name, media_type=header.media_type, data=data, width=header.width, height=header.height)
            )
        except PictureTooLarge as error:
            return web.Response(status=413, text=translate_error(locale, error), headers=COMMON_HEADERS)
        except ChatFailed as error:
            return web.Response(status=503, text=translate_error(locale, error), headers=COMMON_HEADERS)
        return web.json_response(encode_upload(stored), headers=COMMON_HEADERS)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._send_file(request.match_info["id"])
        except (PictureGone, ChatFailed) as error:
            return _file_problem(request, error)

    async def _thumbnail(self, request: web.Request) -> web.StreamResponse:
        """A small JPEG of a file, or the file itself."""
        backend, edge = self._require_backend(), int(request.match_info["edge"])
        if edge not in EDGES:
            raise web.HTTPNotFound(headers=COMMON_HEADERS)
        try:
            made = await backend.thumbnails.get_jpeg(request.match_info["id"], edge)
            if made is None:
                return await self._send_file(request.match_info["id"])
        except (PictureGone, ChatFailed) as error:
            return _file_problem(request, error)
        return _content_response(made, "image/jpeg", "thumbnail.jpg")

    async def _send_file(self, id_: str) -> web.Response:
        """Raises PictureGone, ChatFailed."""
        file, data = await self._require_backend().database.load_file(id_)
        is_picture = file.media_type.startswith("image/")
        return _content_response(data, file.media_type if is_picture else None, file.name)

    async def _preview(self, request: web.Request) -> web.StreamResponse:
        image = self._require_backend().previews.get_image(request.match_info["id"])
        if image is None:
            raise web.HTTPNotFound(headers=COMMON_HEADERS)
        is_picture = image.media_type.startswith("image/")
        return _content_response(image.data, image.media_type if is_picture else None, "preview")

    # ------------------------------------------------------------ the gallery

    async def _gallery(self, request: web.Request) -> web.StreamResponse:
        """One page of a chat's results."""
        try:
            query = gallery.parse_query(request.query)
            results = await self._require_backend().database.select_results(query)
        except ValueError as error:
            raise web.HTTPBadRequest(headers=COMMON_HEADERS) from error
        except ChatFailed as error:
            return _file_problem(request, error)
        return web.json_response(gallery.encode_gallery(results), headers=FRESH_HEADERS)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        """The messages around one, which may be older than the history of a page."""
        backend = self._require_backend()
        try:
            chat, around = gallery.parse_chat(request.query), gallery.parse_id(request.query.get("around", ""))
            found = await backend.database.load_around(chat, around)
        except ValueError as error:
            raise web.HTTPBadRequest(headers=COMMON_HEADERS) from error
        except MessageGone as error:
            raise web.HTTPNotFound(headers=COMMON_HEADERS) from error
        except ChatFailed as error:
            return _file_problem(request, error)
        answer: gallery.WireMessages = {"messages": [backend.encode_message(each) for each in found]}
        return web.json_response(answer, headers=FRESH_HEADERS)

    # ------------------------------------------------------------ the websocket

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        backend = self._require_backend()
        socket = web.WebSocketResponse(
            max_msg_size=FRAME_BYTES, heartbeat=HEARTBEAT_S, compress=False, timeout=CLOSE_TIMEOUT_S
        )
        await socket.prepare(request)
        outgoing = OutgoingQueue(self._backlog)
        session = Session(backend, outgoing)
        # The listener is never cancelled: a frame that it has begun to handle is handled to the end.
        listener = asyncio.create_task(_receive_frames(socket, session), name="playground receives")
        sender = asyncio.create_task(_send_frames(socket, session), name="playground sends")
        disconnect = asyncio.create_task(outgoing.disconnect.wait(), name="playground disconnects")
        self._listeners[listener] = outgoing
        try:
            await asyncio.wait((listener, sender, disconnect), return_when=asyncio.FIRST_COMPLETED)
            backend.connections.remove_queue(outgoing)
            sender.cancel()
            if outgoing.overflowed and request.transport is not None:
                request.transport.abort()  # a page that does not read would not read the close frame either
            elif not socket.closed:
                await socket.close(code=WSCloseCode.GOING_AWAY)
            await asyncio.wait((listener,))
        finally:
            backend.connections.remove_queue(outgoing)
            sender.cancel()
            disconnect.cancel()
            ends = await asyncio.gather(sender, disconnect, listener, return_exceptions=True)
            self._listeners.pop(listener, None)
            for failed in ends:  # the page connects again, and gets what it has missed
                if isinstance(failed, Exception):
                    log.error("playground connection failed", exc_info=failed)
        return socket

    def _require_backend(self) -> Backend:
        if self.backend is None:
            raise web.HTTPServiceUnavailable(headers=COMMON_HEADERS)
        return self.backend


async def _receive_frames(socket: web.WebSocketResponse, session: Session) -> None:
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await session.handle_frame(message.data)
        elif message.type is WSMsgType.BINARY:
            session.reject_frame()


async def _send_frames(socket: web.WebSocketResponse, session: Session) -> None:
    with suppress(ConnectionError):  # the page is gone
        await session.send_frames(socket)


async def _read_body(request: web.Request, name: str) -> bytes:
    """The raw body. Raises PictureTooLarge as soon as it is known to exceed FILE_BYTES."""
    if (request.content_length or 0) > FILE_BYTES:
        raise PictureTooLarge(name=name, limit=FILE_LIMIT)
    data = bytearray()
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > FILE_BYTES:
            raise PictureTooLarge(name=name, limit=FILE_LIMIT)
    return bytes(data)


def _content_response(data: bytes, media_type: str | None, name: str) -> web.Response:
    """Bytes of unknown origin: shown only as a picture, else offered as a download, never opened by the browser."""
    disposition = "inline" if media_type is not None else "attachment"
    return web.Response(
        body=io.BytesIO(data),
        content_type=media_type or "application/octet-stream",
        headers=CONTENT_HEADERS | {"Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(name, safe='')}"},
    )


def _file_problem(request: web.Request, error: PictureGone | ChatFailed) -> web.Response:
    status = 404 if isinstance(error, PictureGone) else 503
    return web.Response(status=status, text=translate_error(_locale(request), error), headers=COMMON_HEADERS)


def _port(request: web.Request) -> int:
    """The local port of the connection, whatever its headers say."""
    address = None if request.transport is None else request.transport.get_extra_info("sockname")
    return address[1] if address is not None else 0


def _locale(request: web.Request) -> str:
    """The browser's first language, for the few sentences that are not sent in frames."""
    return negotiate_locale(request.headers.get("Accept-Language", "").split(",")[0].split(";")[0].strip())
