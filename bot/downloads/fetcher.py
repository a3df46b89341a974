"""Guarded downloads: bytes from untrusted addresses, with limits on size, time and destination.

The only module that opens an address from an upstream or a user. What the bytes are is decided in `bot.pictures`.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Collection
from ssl import SSLError
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from tenacity import AsyncRetrying, retry_if_exception
from yarl import URL

from bot.downloads.content_encoding import decode_body, is_encoded
from bot.downloads.partial_body import PartialBody
from bot.errors import FetchFailed, FetchForbidden, FetchTooSlow, FetchUnavailable
from bot.errors.machine import is_machine_failure
from bot.observability import tracing

MAX_REDIRECTS = 5  # followed; the next one fails the download
RETRY_PAUSES_S = (0.5, 2.0)  # before the second and the third try of those in a row that brought nothing new
CONNECT_TIMEOUT_S = 10.0  # seconds for one connection; then the next address or try
MACHINE_RETRY_S = 1.0  # before a download is begun again that the machine had no descriptor for
MAX_URL_CHARS = 8192  # a signed link has one or two thousand
CHUNK_BYTES = 65_536  # read at once
# Statuses of a result store to which a file has not spread yet, or that still makes it: any refusal, since some want a
# signature (400, 401, 403) for whatever they do not have.
NOT_YET = frozenset({202, 304, *range(400, 500)})
HEADERS = {
    "Accept-Encoding": "identity",  # some compress all the same; see `content_encoding`
    "User-Agent": "Mozilla/5.0 (compatible; Easel)",
}

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# All characters that RFC 3986 allows: such an address is sent unchanged, since a signature may cover every character
_WELL_FORMED = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")  # all that IANA has assigned as global unicast
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
# Global by the tables of Python, and yet never the address of an image
_REFUSED = tuple(
    ipaddress.ip_network(each)
    for each in (
        "192.0.0.0/24",  # protocol assignments; clouds serve instance metadata there
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # Azure's own services, reachable from every machine there
        "2001::/23",  # protocol assignments, Teredo
        "2002::/16",  # 6to4: wraps any IPv4 address
        "3fff::/20",  # documentation
    )
)


def is_public(address: _Address) -> bool:
    """Whether an address is on the public internet; an IPv4 address inside an IPv6 one is checked itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GLOBAL_V6:
            return False
    if any(address in network for network in _REFUSED):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class Fetcher:
    """Downloads over http and https. Use as an async context manager, or `close` it.

    Proxies of the environment are not used, cookies not kept.
    """

    def __init__(
        self,
        allow_hosts: Collection[str] = (),
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """`allow_hosts`: `host:port` entries whose address is not checked. `sleep` and `resolver` are for tests."""
        self._allowed = {_parse_host_port(each) for each in allow_hosts}
        self._sleep = sleep
        self._resolver = resolver
        self._guarded: aiohttp.ClientSession | None = None
        self._unguarded: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections. A closed Fetcher opens new ones when it is used again."""
        sessions, self._guarded, self._unguarded = (self._guarded, self._unguarded), None, None
        for session in sessions:
            if session is not None:
                await session.close()

    async def download(self, url: str, *, max_bytes: int, timeout_s: float, retries: bool = True) -> bytes:
        """The body behind `url`: at most `max_bytes`, within `timeout_s` seconds for all redirects and retries. Without
        `retries` a name that does not exist fails as fast as one that is not public.

        A body that breaks off is continued where the server can do that, else begun again. Never waits for a file
        that is not there yet: that raises FetchUnavailable, as does whatever else may pass. A compressed body is
        decompressed, to at most `max_bytes` as well.

        Raises FetchForbidden, FetchUnavailable, FetchTooLarge, FetchTooSlow, FetchFailed.
        """
        with tracing.span("download") as traced:
            data = await self._download(url, max_bytes, timeout_s, 1 + len(RETRY_PAUSES_S) if retries else 1)
            traced.note(bytes=len(data))
            return data

    async def _download(self, url: str, max_bytes: int, timeout_s: float, tries: int) -> bytes:
        """As `download`."""
        try:
            async with asyncio.timeout(timeout_s):
                body = await self._download_with_retries(url, max_bytes, tries)
                data = body.take()
                if is_encoded(data, body.encoding):
                    return await asyncio.to_thread(decode_body, data, body.encoding, max_bytes)
                return data
        except TimeoutError:
            raise FetchTooSlow(detail=f"not complete after {timeout_s:g} s") from None

    async def _download_with_retries(self, url: str, limit: int, tries: int) -> PartialBody:
        """Downloads, and again after each of RETRY_PAUSES_S while the failure is transient, at most `tries` times; as
        long as the machine has no descriptor for it, every MACHINE_RETRY_S."""
        body = PartialBody(limit)
        while True:
            try:
                await self._retrying(body, tries)(self._follow_redirects, _parse_url(url), body)
            except FetchUnavailable as unavailable:
                unavailable.received = body.take()
                raise
            except (aiohttp.ClientError, OSError, ValueError) as exc:
                failure, has_room = _translate_error(exc), not is_machine_failure(exc)
            else:
                return body
            if has_room:
                break
            await self._sleep(MACHINE_RETRY_S)
        if isinstance(failure, FetchUnavailable):
            failure.received = body.take()
        # raised here, so that it is not chained: the library's texts hold the whole address, which may be signed
        raise failure

    def _retrying(self, body: PartialBody, tries: int) -> AsyncRetrying:
        """Up to `tries` tries, RETRY_PAUSES_S apart, counted anew after each that brought more of the body."""
        fruitless = 0  # tries in a row

        def may_retry(exc: BaseException) -> bool:
            nonlocal fruitless
            fruitless = 0 if body.has_grown() else fruitless + 1
            return _is_transient(exc)

        return AsyncRetrying(
            sleep=self._sleep,
            retry=retry_if_exception(may_retry),
            stop=lambda _: fruitless >= tries,
            wait=lambda _: RETRY_PAUSES_S[min(max(fruitless, 1), len(RETRY_PAUSES_S)) - 1],
            reraise=True,
        )

    async def _follow_redirects(self, url: URL, body: PartialBody) -> None:
        for _ in range(MAX_REDIRECTS + 1):
            async with self._session(url).get(url, allow_redirects=False, headers=body.request_headers) as response:
                if response.status not in (301, 302, 303, 307, 308):
                    await _read_body(response, body)
                    return
                url = _parse_url(response.headers.get("Location", ""), base=url)
        raise FetchFailed(detail=f"more than {MAX_REDIRECTS} redirects")

    def _session(self, url: URL) -> aiohttp.ClientSession:
        """The session for one hop: an exemption in `allow_hosts` holds for that host and port alone."""
        if (_canonical_host(url.host or ""), url.port) in self._allowed:
            self._unguarded = self._unguarded or self._open_session(None)
            return self._unguarded
        self._guarded = self._guarded or self._open_session(guarded_socket)
        return self._guarded

    def _open_session(self, socket_factory: Callable[[tuple[Any, ...]], socket.socket] | None) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                socket_factory=socket_factory,
                resolver=self._resolver,
                use_dns_cache=False,
                force_close=True,  # one image each; a kept connection could be reset before the next
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=HEADERS,
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        )


class _NotPublicError(OSError):
    """An address that must not be connected to. An OSError, so that aiohttp tries the next address of the name."""

    def __init__(self) -> None:
        super().__init__("not a public address")


def guarded_socket(info: tuple[Any, ...]) -> socket.socket:
    """A socket for one address, called right before connecting, so that no later DNS answer can differ.

    Raises OSError for an address that is not public.
    """
    family, kind, protocol, _, address = info
    if not _is_address(address[0]) or not is_public(ipaddress.ip_address(address[0])):
        raise _NotPublicError
    return socket.socket(family, kind, protocol)


async def _read_body(response: aiohttp.ClientResponse, body: PartialBody) -> None:
    if response.status != 416:  # of a range that was asked for
        response.raise_for_status()
        if response.status in NOT_YET:
            raise aiohttp.ClientResponseError(response.request_info, (), status=response.status)
        if not 200 <= response.status < 300:
            raise FetchFailed(detail=f"status {response.status}")
    body.begin(response.status, response.headers)
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        body.add(chunk)
    body.end()


def _parse_url(text: str, *, base: URL | None = None) -> URL:
    """A URL that may be opened; its characters are kept unchanged where they are legal.

    Raises FetchForbidden, FetchFailed.
    """
    try:
        url = URL(text, encoded=_WELL_FORMED.fullmatch(text) is not None)
        url = url if base is None else base.join(url)
        port = url.port
    except ValueError:
        raise FetchFailed(detail="not an address") from None
    if url.scheme not in ("", "http", "https"):
        raise FetchForbidden(detail=f"scheme {url.scheme[:20]}")
    if not url.scheme or not url.host or not port or len(text) > MAX_URL_CHARS:
        raise FetchFailed(detail="not an address")
    if _is_numeric_spelling(url.host):
        raise FetchForbidden(detail="an address in an odd spelling")
    if url.raw_user is not None or url.raw_password is not None:
        raise FetchForbidden(detail="credentials in the address")
    return url


def _is_numeric_spelling(host: str) -> bool:
    """Whether a host is a number that resolvers accept as an address: 2130706433, 0x7f.1, 127.1."""
    last = host.lower().rstrip(".").rpartition(".")[2]
    return re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last) is not None and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_transient(exc: BaseException) -> bool:
    """Whether the same download may succeed in a moment."""
    if _is_forbidden(exc) or isinstance(exc, aiohttp.ClientSSLError | aiohttp.InvalidURL | SSLError | ValueError):
        return False
    if isinstance(exc, aiohttp.ClientResponseError):
        return exc.status >= 500 or exc.status in (408, 429)
    return isinstance(exc, aiohttp.ClientError | OSError | FetchUnavailable)


def _is_forbidden(exc: BaseException) -> bool:
    return isinstance(exc, aiohttp.ClientConnectorError) and isinstance(exc.os_error, _NotPublicError)


def _is_unknown_name(exc: BaseException) -> bool:
    """Whether a host does not exist, as far as the machine's DNS knows: it will not in a minute."""
    return isinstance(exc, aiohttp.ClientConnectorDNSError) and exc.os_error.errno == socket.EAI_NONAME


def _translate_error(exc: Exception) -> FetchFailed:
    """The failure behind an exception of aiohttp, without the address."""
    if _is_forbidden(exc):
        return FetchForbidden(detail="not a public address")
    status = exc.status if isinstance(exc, aiohttp.ClientResponseError) else None
    may_come = (_is_transient(exc) and not _is_unknown_name(exc)) or status in NOT_YET
    kind = FetchUnavailable if may_come else FetchFailed
    return kind(detail=type(exc).__name__ + (f", status {status}" if status else ""))


def _parse_host_port(entry: str) -> tuple[str, int]:
    host, _, port = entry.rpartition(":")
    return _canonical_host(host.removeprefix("[").removesuffix("]")), int(port)


def _canonical_host(host: str) -> str:
    """The canonical spelling of a host: addresses as Python writes them, names in lower case."""
    return str(ipaddress.ip_address(host)) if _is_address(host) else host.lower()
