"""The one door to upstreams: a client, one exchange under deadlines, and httpx's failures turned into ours.

Knows HTTP, not what is said over it. No other module of the providers catches an exception of httpx.

Where a failure falls decides what may follow (the money law):
- before the last part of the request was handed to the connection: nothing can have been accepted, Unreachable;
- no answer at all until the deadline: NoAnswer;
- the connection lost after that, even before headers: maybe accepted, CutShort;
- after the headers of a success: CutShort, WentQuiet or TookTooLong.
A `repeatable` request polls or uploads and paints nothing: wherever it breaks off, it was Unreachable or NoAnswer.
"""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Literal, Self, cast

import httpx

from bot.errors import BadResult, CutShort, NoAnswer, PaintFailed, TookTooLong, Unreachable, WentQuiet, WrongEndpoint
from bot.providers.http.error_bodies import failure_of_response
from bot.providers.http.quoting import quote
from bot.providers.http.transport import AiohttpTransport
from bot.tls import client_context

MAX_RESPONSE_BYTES = 100_000_000  # bytes; several large pictures in base64 stay below it
HEADERS = {"User-Agent": "easel", "Accept": "*/*", "Accept-Encoding": "identity"}
MAX_ERROR_BYTES = 64 * 1024  # bytes of an error answer that are read
ERROR_BODY_TIMEOUT_S = 10.0  # seconds for the body of an error answer; its status says enough without
SLICE_BYTES = 256 * 1024  # bytes written at once, so that an upload of many megabytes never holds up the event loop

_BLANK = b"\xef\xbb\xbf \t\r\n"  # a byte order mark, and the blanks that some relays send to keep a line open


class UpstreamClient:
    """The connections to all upstreams. Use as an async context manager.

    Proxies of the environment are not used: the key and users' pictures go to the configured address or nowhere.
    Private certificate authorities are (SSL_CERT_FILE, SSL_CERT_DIR). Redirects are not followed, cookies not kept.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """`tls`: for tests; else `bot.tls.authorities`."""
        context = tls or client_context()
        self._painting = _make_client(AiohttpTransport(context, keep_alive=False))
        self._repeatable = _make_client(AiohttpTransport(context, keep_alive=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._painting.aclose()
        await self._repeatable.aclose()

    async def send(self, request: httpx.Request, *, repeatable: bool) -> httpx.Response:
        """The response, its body still to be read and closed.

        A request that paints has a connection of its own: one that was kept and that the upstream has just closed
        would leave it open whether the painting was accepted. Repeatable ones share connections, since a TLS
        handshake costs more than a poll.

        Raises httpx.HTTPError.
        """
        client = self._repeatable if repeatable else self._painting
        return await client.send(request, stream=True)


def _make_client(transport: AiohttpTransport) -> httpx.AsyncClient:
    no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(
        transport=transport, timeout=httpx.Timeout(None), trust_env=False, follow_redirects=False, cookies=no_cookies
    )


@dataclass(frozen=True, slots=True)
class Base64:
    """Bytes that go as base64, which is made a slice at a time as they are written: it takes no memory and no pause."""

    data: bytes = field(repr=False)

    def __len__(self) -> int:
        return (len(self.data) + 2) // 3 * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a request carries. `pieces` are written one after another, so that large files are never joined."""

    media_type: str
    pieces: tuple[bytes | Base64, ...] = field(repr=False)

    @property
    def length(self) -> int:
        """Bytes in all."""
        return sum(map(len, self.pieces))


class HttpResponse:
    """A success whose body is still coming. Read it once, by `chunks` or `read`."""

    def __init__(
        self,
        response: httpx.Response,
        *,
        until: float,
        timeout_s: float,
        idle_timeout_s: float,
        repeatable: bool = False,
    ) -> None:
        self._response = response
        self._until = until
        self._timeout_s = timeout_s
        self._idle_timeout_s = idle_timeout_s
        self._repeatable = repeatable
        self._body = self._limited_chunks(_iter_decoded(response))
        self._peeked = b""

    @property
    def media_type(self) -> str:
        """In lower case, without parameters; empty when it is not named."""
        return self._response.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the answer; names are found in any case."""
        return self._response.headers

    async def peek_first_byte(self) -> bytes:
        """The first byte that is no blank; empty when there is none. Raises as `chunks` does."""
        while not self._peeked and (chunk := await anext(self._body, None)) is not None:
            self._peeked = chunk.lstrip(_BLANK)
        return self._peeked[:1]

    async def iter_chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes, without leading blanks.

        Raises CutShort, WentQuiet, TookTooLong; BadResult beyond ANSWER_CAP.
        """
        await self.peek_first_byte()
        async with aclosing(self._body):
            if self._peeked:
                yield self._peeked
            async for chunk in self._body:
                yield chunk

    async def read_body(self) -> bytes:
        """The whole body. Raises as `chunks` does."""
        async with aclosing(self.iter_chunks()) as chunks:
            return b"".join([chunk async for chunk in chunks])

    async def _limited_chunks(self, body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        received = 0
        async with aclosing(body):
            while (chunk := await self._next_chunk(body)) is not None:
                received += len(chunk)
                if received > MAX_RESPONSE_BYTES:
                    raise BadResult(detail=f"more than {MAX_RESPONSE_BYTES} bytes")
                yield chunk

    async def _next_chunk(self, body: AsyncIterator[bytes]) -> bytes | None:
        idle_until = asyncio.get_running_loop().time() + self._idle_timeout_s
        try:
            async with asyncio.timeout_at(min(self._until, idle_until)):
                return await anext(body, None)
        except TimeoutError as exc:
            if self._repeatable:
                raise NoAnswer(detail="the answer stopped coming") from exc
            if idle_until < self._until:
                raise WentQuiet(seconds=round(self._idle_timeout_s)) from exc
            raise TookTooLong(seconds=round(self._timeout_s)) from exc
        except httpx.HTTPError as exc:
            raise (Unreachable if self._repeatable else CutShort)(detail=_describe_exception(exc)) from exc


@asynccontextmanager
async def exchange(
    client: UpstreamClient,
    url: str,
    payload: Payload | None,
    headers: Mapping[str, str],
    *,
    method: Literal["GET", "POST"] = "POST",
    repeatable: bool = False,
    timeout_s: float,
    idle_timeout_s: float,
    redact: Iterable[str] = (),
    sent: asyncio.Event | None = None,
) -> AsyncGenerator[HttpResponse, None]:
    """Sends a request and yields the response as soon as the headers of a success have come.

    `repeatable`: it may be sent again without painting twice (a poll, an upload). `timeout_s`: for everything
    together; until the headers it is the only limit, since an upstream that does not stream sends none before its
    picture is painted. `idle_timeout_s`: without a byte, from the headers on. `redact`: what no error may quote.
    `sent` is set once the whole request is written. Leaving the context closes the connection, or gives back a kept
    one whose response was read to its end.

    Raises PaintFailed: what the status and the body of an error say, or how the connection failed.
    """
    until = asyncio.get_running_loop().time() + timeout_s
    upload = _Upload(payload, sent or asyncio.Event())
    try:
        async with asyncio.timeout_at(until):
            response = await _send(client, method, url, headers, upload, repeatable=repeatable)
    except TimeoutError as exc:
        late = NoAnswer if upload.handed_over else Unreachable
        raise late(detail=f"no headers within {timeout_s} s") from exc
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise failure_before_response(exc, handed_over=upload.handed_over and not repeatable) from exc
    async with aclosing(response):
        if not response.is_success:
            said = await _read_error(response, until)
            raise failure_of_response(response.status_code, response.headers, said, redact=redact)
        yield HttpResponse(
            response, until=until, timeout_s=timeout_s, idle_timeout_s=idle_timeout_s, repeatable=repeatable
        )


async def _send(
    client: UpstreamClient,
    method: str,
    url: str,
    headers: Mapping[str, str],
    upload: "_Upload",
    *,
    repeatable: bool,
) -> httpx.Response:
    """The response to a request. A repeatable POST is sent once more when it breaks off, since it may have met a kept
    connection that the upstream was about to close; for a GET the transport does that.

    Raises httpx.HTTPError, httpx.InvalidURL.
    """

    def request() -> httpx.Request:
        return httpx.Request(
            method, url, headers={**HEADERS, **headers, **upload.headers}, content=upload.slices() if upload else None
        )

    try:
        return await client.send(request(), repeatable=repeatable)
    except (httpx.ReadError, httpx.RemoteProtocolError):
        if not repeatable or not upload:
            raise
        return await client.send(request(), repeatable=repeatable)


class _Upload:
    """The body of a request on its way. `sent` is set once the connection has taken all of it."""

    def __init__(self, payload: Payload | None, sent: asyncio.Event) -> None:
        self._payload = payload
        self._sent = sent
        self.handed_over = payload is None
        """Whether the last slice was given to the connection: from then on the upstream may have the whole request."""

    def __bool__(self) -> bool:
        return self._payload is not None

    @property
    def headers(self) -> Mapping[str, str]:
        payload = self._payload
        return {"Content-Type": payload.media_type, "Content-Length": str(payload.length)} if payload else {}

    async def slices(self) -> AsyncIterator[bytes]:
        """The body in slices. The next one is asked for once the one before is written, or waits to be."""
        waiting: bytes | None = None
        for piece in self._payload.pieces if self._payload else ():
            for part in _parts(piece):
                if waiting is not None:
                    yield waiting
                waiting = part
        self.handed_over = True
        if waiting is not None:
            yield waiting
        self._sent.set()


def _iter_decoded(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The body as it was meant. One in no encoding, as asked for, needs none of httpx's layers around it."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    parts = response.aiter_bytes() if "Content-Encoding" in response.headers else aiter(response.stream)
    return cast(AsyncGenerator[bytes, None], parts)


def failure_before_response(exc: Exception, *, handed_over: bool) -> PaintFailed:
    """The failure behind an exception of httpx before any header came. `handed_over`: the whole request was, and it
    may have been accepted."""
    if isinstance(exc, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return WrongEndpoint(detail=type(exc).__name__)
    if handed_over:
        return CutShort(detail=_describe_exception(exc))
    return Unreachable(detail=_describe_exception(exc))


async def _read_error(response: httpx.Response, until: float) -> bytes:
    """What can be had of an error's body."""
    said = b""
    try:
        async with asyncio.timeout_at(min(until, asyncio.get_running_loop().time() + ERROR_BODY_TIMEOUT_S)):
            async for chunk in response.aiter_bytes():
                said += chunk
                if len(said) >= MAX_ERROR_BYTES:
                    break
    except (TimeoutError, httpx.HTTPError):
        pass  # the status is known, and decides
    return said[:MAX_ERROR_BYTES]


def _parts(piece: bytes | Base64) -> Iterator[bytes]:
    if isinstance(piece, Base64):
        for part in _cut(piece.data, SLICE_BYTES // 4 * 3):  # whole threes, so that no padding comes in between
            yield b64encode(part)
    else:
        for part in _cut(piece, SLICE_BYTES):
            yield bytes(part)


def _cut(data: bytes, size: int) -> Iterator[memoryview]:
    view = memoryview(data)
    return (view[start : start + size] for start in range(0, len(view), size))


def _describe_exception(exc: Exception) -> str:
    """For the log. A protocol error of our own side quotes the offending header: its words are left out."""
    if isinstance(exc, httpx.LocalProtocolError):
        return type(exc).__name__
    return f"{type(exc).__name__}: {quote(str(exc))}"
