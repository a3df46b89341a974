"""aiohttp's connections under `httpx.AsyncClient`, and the one place where aiohttp's failures become httpx's.

Knows requests and bytes; what a failure means for a generation is decided in `client`.

Of the same design as `httpx_aiohttp.AiohttpTransport`, which costs the same processor time and was not taken because
it loses what the rules about money need (version 0.2.0): bytes that were received before a connection broke are
dropped unread, a malformed response escapes as an exception of aiohttp, and closing a response first waits until the
whole upload has been written.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager

import aiohttp
import httpx
from aiohttp.connector import Connection
from yarl import URL

CONNECT_TIMEOUT_S = 10.0  # name lookup, TCP and TLS together; an upstream that takes longer counts as down
KEEP_ALIVE_S = 30.0  # longest pause between two polls is 19 s (15 s and a quarter); servers often keep 60 s and more
READ_BUFFER_BYTES = 64 * 1024  # received and unread; beyond twice as much the sender has to wait
HEADER_LINE_BYTES = 64 * 1024  # longest line of a response head; aiohttp's default of 8 KiB is less than some send


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends requests over aiohttp. Follows no redirects, keeps no cookies, uses no proxies, decodes no bodies.

    Raises httpx.HTTPError and nothing else. A GET whose reused connection turns out to be closed is sent once more,
    by aiohttp itself.
    """

    def __init__(self, tls: ssl.SSLContext, *, keep_alive: bool) -> None:
        """`keep_alive`: whether a connection may carry a further request; without it each request has its own."""
        self._tls = tls
        self._keep_alive = keep_alive
        self._session: aiohttp.ClientSession | None = None  # opened at the first request: it needs a running loop

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        session = self._session = self._session or self._open_session()
        with _translated_errors():
            response = await session.request(
                request.method,
                _address(request.url),
                headers=[(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw],
                data=request.stream if "Content-Length" in request.headers else None,
                allow_redirects=False,
            )
        return httpx.Response(response.status, headers=response.raw_headers, stream=_ResponseStream(response))

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        connector = (
            aiohttp.TCPConnector(ssl=self._tls, limit=0, keepalive_timeout=KEEP_ALIVE_S)
            if self._keep_alive
            else aiohttp.TCPConnector(ssl=self._tls, limit=0, force_close=True)
        )
        return aiohttp.ClientSession(
            connector=connector,
            request_class=_AbortingRequest,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT_S),
            auto_decompress=False,
            trust_env=False,
            read_bufsize=READ_BUFFER_BYTES,
            max_line_size=HEADER_LINE_BYTES,
            max_field_size=HEADER_LINE_BYTES,
        )


class _AbortingRequest(aiohttp.ClientRequest):
    """Discards unsent data when its connection is released; aiohttp would go on sending it."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        transport = conn.transport

        def abort_unsent() -> None:
            if transport is not None and transport.get_write_buffer_size():
                transport.abort()

        conn.add_callback(abort_unsent)
        return await super().send(conn)


class _ResponseStream(httpx.AsyncByteStream):
    """The raw body of a response. Closing it before its end closes the connection."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        # aiohttp's parser closes a connection with a broken chunk, and leaves its reader waiting
        protocol = response.connection.protocol if response.connection is not None else None
        self._connection_closed = protocol.closed if protocol is not None else None
        if self._connection_closed is not None:
            self._connection_closed.add_done_callback(self._fail_reader)

    def _fail_reader(self, closed: asyncio.Future[None]) -> None:
        content = self._response.content
        closed.exception()  # retrieved, so that asyncio does not log it; the reader raises its own
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection was closed"))

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        content = self._response.content
        with _translated_errors():
            try:
                while chunk := await content.readany():
                    yield chunk
            except (aiohttp.ClientError, RuntimeError) as exc:  # RuntimeError: the connection is closed already
                # aiohttp raises before it returns what it had received; a finished image may be in it
                if rest := content._read_nowait(-1):  # pyright: ignore[reportPrivateUsage] - see above
                    yield rest
                raise aiohttp.ClientConnectionError(str(exc)) from exc

    async def aclose(self) -> None:
        if self._connection_closed is not None:
            self._connection_closed.remove_done_callback(self._fail_reader)
        self._response.close()


def _address(url: httpx.URL) -> URL:
    """The address for aiohttp, characters unchanged, without user and password: httpx has made a header of them."""
    return URL(str(url.copy_with(userinfo=b"") if url.userinfo else url), encoded=True)


@contextmanager
def _translated_errors() -> Generator[None]:
    try:
        yield
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as exc:
        raise httpx.UnsupportedProtocol("neither http nor https") from exc
    except aiohttp.ConnectionTimeoutError as exc:
        raise httpx.ConnectTimeout("no connection in time") from exc
    except (aiohttp.ClientConnectorError, aiohttp.ClientSSLError, UnicodeError) as exc:  # UnicodeError: no host name
        raise httpx.ConnectError(str(exc)) from exc
    except aiohttp.ClientResponseError as exc:  # its text holds the address
        raise httpx.RemoteProtocolError(exc.message.partition("\n")[0]) from exc
    except aiohttp.ServerDisconnectedError as exc:
        raise httpx.RemoteProtocolError(str(exc)) from exc
    except (aiohttp.ClientError, OSError) as exc:
        raise httpx.ReadError(str(exc)) from exc
    except ValueError as exc:  # a header that cannot be sent; its text quotes the header
        raise httpx.LocalProtocolError(type(exc).__name__) from exc
