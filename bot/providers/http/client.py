"""All HTTP requests to upstreams: a client, one exchange under deadlines, and httpx's failures turned into ours.

Knows HTTP, not what it carries. No other module of the providers catches an exception of httpx.

When a failure happens decides its class, and so what may follow (no request may be paid for twice):
- before the last part of the request was handed to the connection: nothing can have been accepted, Unreachable;
- no answer at all until the deadline: NoAnswer;
- the connection lost after that, even before headers: it may have been accepted, CutShort;
- after the headers of a success: CutShort, WentQuiet or TookTooLong.
A `repeatable` request polls or uploads and paints nothing: whenever it breaks off, it is Unreachable or NoAnswer.
"""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Literal, Self, cast

import httpx
import structlog

from bot.errors import BadResult, CutShort, NoAnswer, PaintFailed, TookTooLong, Unreachable, WentQuiet, WrongEndpoint
from bot.errors.machine import is_machine_failure
from bot.providers.http.failures import failure_of_response
from bot.providers.http.payload import Base64, Payload
from bot.providers.http.quoting import NOTHING, Redactions, quote
from bot.providers.http.transport import AiohttpTransport
from bot.providers.http.turns import Turns, decompress
from bot.runtime.clock import RESUME_GRACE_S, timeout_at
from bot.runtime.on_wire import signal_on_wire
from bot.runtime.tls import client_context

log = structlog.get_logger()

MACHINE_RETRY_S = 1.0  # before a request is sent again that the machine had no descriptor for
MAX_RESPONSE_BYTES = 100_000_000  # several large images in base64 stay below it
HEADERS = {"User-Agent": "easel", "Accept": "*/*", "Accept-Encoding": "identity"}
MAX_ERROR_BYTES = 64 * 1024  # of an error body that are read
ERROR_BODY_TIMEOUT_S = 10.0  # seconds for the body of an error; the status alone is enough
SLICE_BYTES = 256 * 1024  # written at once, so that an upload of many megabytes never blocks the event loop

ENDLESS = "the answer did not end"
_BLANK = b"\xef\xbb\xbf \t\r\n"  # a byte order mark, and the blanks that some relays send to keep a line open


class UpstreamClient:
    """Connections to all upstreams. Use as an async context manager.

    Proxies of the environment are not used: the key and users' images go to the configured address or nowhere.
    Private certificate authorities are used (SSL_CERT_FILE, SSL_CERT_DIR). Redirects are not followed, cookies not
    kept.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """`tls`: for tests; None: `bot.runtime.tls.client_context`."""
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
        """Sends a request; the body of the response is still to be read and closed.

        A request that paints has a connection of its own: on a kept one that the upstream has just closed, it would be
        unknown whether the request was accepted. Repeatable ones share connections, since a TLS
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


class HttpResponse:
    """A successful response whose body is still arriving. Read it once, by `iter_chunks` or `read_body`."""

    def __init__(
        self,
        response: httpx.Response,
        *,
        deadline: float,
        timeout_s: float,
        idle_timeout_s: float,
        repeatable: bool = False,
    ) -> None:
        self._response = response
        self._deadline = deadline
        self._timeout_s = timeout_s
        self._idle_timeout_s = idle_timeout_s
        self._repeatable = repeatable
        self._body = self._limited_chunks(_iter_decoded(response))
        self._peeked = b""
        self._was_late = False

    @property
    def media_type(self) -> str:
        """Content type in lower case, without parameters; empty when there is none."""
        return self._response.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def status_code(self) -> int:
        """The status, 200 to 299."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers; names are case-insensitive."""
        return self._response.headers

    async def peek_first_byte(self) -> bytes:
        """The first byte that is not blank; empty when there is none. Raises as `iter_chunks` does."""
        while not self._peeked and (chunk := await anext(self._body, None)) is not None:
            self._peeked = chunk.lstrip(_BLANK)
        return self._peeked[:1]

    async def iter_chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives, without leading blanks.

        Raises CutShort, WentQuiet, TookTooLong; BadResult beyond MAX_RESPONSE_BYTES.
        """
        await self.peek_first_byte()
        async with aclosing(self._body):
            if self._peeked:
                yield self._peeked
            async for chunk in self._body:
                yield chunk

    async def read_body(self) -> bytes:
        """The whole body. Raises as `iter_chunks` does."""
        async with aclosing(self.iter_chunks()) as chunks:
            return b"".join([chunk async for chunk in chunks])

    def limit_silence(self, seconds: float) -> None:
        """From now on `seconds` without a byte are too long, where less than before; > 0."""
        self._idle_timeout_s = min(self._idle_timeout_s, seconds)

    async def _limited_chunks(self, body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        received = 0
        async with aclosing(body):
            while (chunk := await self._next_chunk(body)) is not None:
                received += len(chunk)
                if received > MAX_RESPONSE_BYTES:
                    raise BadResult(detail=f"more than {MAX_RESPONSE_BYTES} bytes")
                yield chunk

    async def _next_chunk(self, body: AsyncIterator[bytes]) -> bytes | None:
        now = asyncio.get_running_loop().time()
        if self._deadline <= now:
            if self._was_late:  # a stream that always has more to read would never wait for a timeout
                raise NoAnswer(detail=ENDLESS) if self._repeatable else TookTooLong(seconds=round(self._timeout_s))
            # it passed while nobody waited: what has come is still read
            self._deadline, self._was_late = now + RESUME_GRACE_S, True
        idle_until = now + self._idle_timeout_s
        try:
            async with timeout_at(min(self._deadline, idle_until)) as timeout:
                chunk = await anext(body, None)
        except TimeoutError as exc:
            if self._repeatable:
                raise NoAnswer(detail="the answer stopped coming") from exc
            if idle_until < self._deadline:
                raise WentQuiet(seconds=round(self._idle_timeout_s)) from exc
            raise TookTooLong(seconds=round(self._timeout_s)) from exc
        except httpx.HTTPError as exc:
            raise (Unreachable if self._repeatable else CutShort)(detail=_describe_exception(exc)) from exc
        self._deadline = max(self._deadline, timeout.when() or 0.0)  # later, where the process did not run
        return chunk


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
    redact: Redactions = NOTHING,
    sent: asyncio.Event | None = None,
) -> AsyncGenerator[HttpResponse, None]:
    """Sends a request and yields the response as soon as the headers of a success have come.

    `repeatable`: it may be sent again without painting twice (a poll, an upload). `timeout_s`: seconds for the whole
    exchange, > 0; before the headers it is the only limit, since an upstream that does not stream sends none before the
    image is finished. `idle_timeout_s`: longest time without a byte after the headers, seconds, > 0. `redact`: what of
    the request no error may quote. `sent` is set once the whole request is written. Leaving the context closes the
    connection, or returns a kept one whose response was read to its end.

    Raises PaintFailed: the class of the error's status and body, or of the connection's failure.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    upload = _Upload(payload, sent or asyncio.Event())
    try:
        async with timeout_at(deadline) as timeout:
            response = await _send_with_room(client, method, url, headers, upload, repeatable=repeatable)
        deadline = timeout.when() or deadline  # later, where the process did not run
    except TimeoutError as exc:
        timeout_failure = NoAnswer if upload.handed_over else Unreachable
        raise timeout_failure(detail=f"no headers within {timeout_s} s") from exc
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise failure_before_response(exc, handed_over=upload.handed_over and not repeatable) from exc
    async with aclosing(response):
        if not response.is_success:
            body = await _read_error(response, deadline)
            raise failure_of_response(
                response.status_code, response.headers, body, redact=redact, now=datetime.now(UTC)
            )
        yield HttpResponse(
            response,
            deadline=deadline,
            timeout_s=timeout_s,
            idle_timeout_s=idle_timeout_s,
            repeatable=repeatable,
        )


async def _send_with_room(
    client: UpstreamClient,
    method: str,
    url: str,
    headers: Mapping[str, str],
    upload: "_Upload",
    *,
    repeatable: bool,
) -> httpx.Response:
    """As `_send`, and again while the machine has no descriptor for the connection: that is no failure of the
    upstream's."""
    while True:
        try:
            return await _send(client, method, url, headers, upload, repeatable=repeatable)
        except httpx.ConnectError as exc:
            if not is_machine_failure(exc):
                raise
            log.warning("request waits for the machine", detail=_describe_exception(exc))
        await asyncio.sleep(MACHINE_RETRY_S)


async def _send(
    client: UpstreamClient,
    method: str,
    url: str,
    headers: Mapping[str, str],
    upload: "_Upload",
    *,
    repeatable: bool,
) -> httpx.Response:
    """The response to a request. A repeatable POST is sent once more when it breaks off, since it may have used a kept
    connection that the upstream was about to close; for a GET the transport does that.

    Raises httpx.HTTPError, httpx.InvalidURL.
    """

    def request() -> httpx.Request:
        return httpx.Request(
            method,
            _parse_url(url),
            headers={**HEADERS, **headers, **upload.headers},
            content=upload.slices() if upload else None,
        )

    try:
        return await client.send(request(), repeatable=repeatable)
    except (httpx.ReadError, httpx.RemoteProtocolError):
        if not repeatable or not upload:
            raise
        return await client.send(request(), repeatable=repeatable)


_parse_url = lru_cache(64)(httpx.URL)  # an upstream has few; to parse one takes as long as to make a request of it


class _Upload:
    """The body of a request while it is sent. `sent` is set once the connection has accepted all of it."""

    def __init__(self, payload: Payload | None, sent: asyncio.Event) -> None:
        self._payload = payload
        self._sent = sent
        self.handed_over = payload is None
        """Whether the last slice was passed to the connection: from then on the upstream may have the whole request."""

    def __bool__(self) -> bool:
        return self._payload is not None

    @property
    def headers(self) -> Mapping[str, str]:
        payload = self._payload
        return {"Content-Type": payload.media_type, "Content-Length": str(payload.length)} if payload else {}

    async def slices(self) -> AsyncIterator[bytes]:
        """The body in slices. The next one is requested once the one before is written or buffered."""
        pending: bytes | None = None
        for piece in self._payload.pieces if self._payload else ():
            for part in _encode_slices(piece):
                if pending is not None:
                    yield pending
                pending = part
        self.handed_over = True
        if pending is not None:
            yield pending
        self._sent.set()
        signal_on_wire()


def _iter_decoded(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The body without its content encoding. Not by httpx's decoders, which decompress a whole chunk at once, and what
    was compressed twice into memory without end."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    parts = cast(AsyncGenerator[bytes, None], aiter(response.stream))
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    return parts if encoding in ("identity", "") else decompress(parts, encoding, Turns())


def failure_before_response(exc: Exception, *, handed_over: bool) -> PaintFailed:
    """The failure behind an exception of httpx before any header came. `handed_over`: the whole request was passed to
    the connection, so it may have been accepted."""
    if isinstance(exc, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return WrongEndpoint(detail=type(exc).__name__)
    if handed_over:
        return CutShort(detail=_describe_exception(exc))
    return Unreachable(detail=_describe_exception(exc))


async def _read_error(response: httpx.Response, deadline: float) -> bytes:
    """The body of an error, as far as it arrives in time; at most MAX_ERROR_BYTES."""
    body = b""
    try:
        async with asyncio.timeout_at(min(deadline, asyncio.get_running_loop().time() + ERROR_BODY_TIMEOUT_S)):
            async with aclosing(_iter_decoded(response)) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) >= MAX_ERROR_BYTES:
                        break
    except (TimeoutError, httpx.HTTPError, BadResult):
        pass  # the status is known, and decides
    return body[:MAX_ERROR_BYTES]


def _encode_slices(piece: bytes | Base64) -> Iterator[bytes]:
    if isinstance(piece, Base64):
        for part in _split(
            piece.data, SLICE_BYTES // 4 * 3
        ):  # multiples of three bytes, so that no padding is inserted
            yield b64encode(part)
    else:
        for part in _split(piece, SLICE_BYTES):
            yield bytes(part)


def _split(data: bytes, size: int) -> Iterator[memoryview]:
    view = memoryview(data)
    return (view[start : start + size] for start in range(0, len(view), size))


def _describe_exception(exc: Exception) -> str:
    """For the log. The text of a protocol error on our side quotes the offending header, so it is left out."""
    if isinstance(exc, httpx.LocalProtocolError):
        return type(exc).__name__
    return f"{type(exc).__name__}: {quote(str(exc))}"
