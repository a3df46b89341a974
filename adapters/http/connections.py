"""The connections to the HTTP server: how many there may be, how long one may take over its first request.

Knows no request and no route: that is aiohttp's, which each connection is handed to. Half-open connections make room
for others, so that whoever opens many holds up nobody; descriptors are kept back for the bot's outgoing work.
"""

import asyncio
from collections import Counter, OrderedDict
from ipaddress import ip_address
from typing import cast

import structlog
from aiohttp import web

from bot.runtime import descriptors

log = structlog.get_logger()

HEADER_TIMEOUT_S = 15.0  # from the start of a connection to the end of its first request's header
MAX_CONNECTIONS = 512  # ten times what Telegram's webhook and an operator's probes open
MAX_PER_ADDRESS = 64  # of one address on the internet; Telegram opens at most 40
HEADER_ENDS = (b"\r\n\r\n", b"\n\n")
TAIL_BYTES = 3  # of a chunk in which a header's end may have begun


def max_connections() -> int:
    """How many connections the server may have, so that they leave most of the process's descriptors to others."""
    return min(MAX_CONNECTIONS, descriptors.server_connections(descriptors.limit()))


class ConnectionLimiter:
    """Which connections may stay. Those without a whole header make room for new ones, the oldest first."""

    def __init__(self, limit: int, per_address: int = MAX_PER_ADDRESS) -> None:
        self._limit = limit
        self._per_address = per_address
        self._half_open: OrderedDict[LimitedConnection, None] = OrderedDict()
        self._addresses = Counter[str]()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def admit(self, connection: "LimitedConnection") -> bool:
        """Counts a new connection, for whose sake the oldest half-open one is dropped where there are too many. False:
        it may not stay."""
        address = connection.address
        if address is not None and self._addresses[address] >= self._per_address:
            self._drop_half_open(address)
            if self._addresses[address] >= self._per_address:
                return False
        if self._count >= self._limit:
            self._drop_half_open()
            if self._count >= self._limit:
                return False
        self._count += 1
        if address is not None:
            self._addresses[address] += 1
        self._half_open[connection] = None
        return True

    def mark_complete(self, connection: "LimitedConnection") -> None:
        """The connection's first request has a whole header."""
        self._half_open.pop(connection, None)

    def remove(self, connection: "LimitedConnection") -> None:
        """The connection is over."""
        self._half_open.pop(connection, None)
        self._count -= 1
        if connection.address is not None:
            self._addresses[connection.address] -= 1
            if not self._addresses[connection.address]:
                del self._addresses[connection.address]

    def _drop_half_open(self, address: str | None = None) -> None:
        """Drops the oldest half-open connection, of one address or of any."""
        for connection in self._half_open:
            if address is None or connection.address == address:
                connection.drop()
                return


class LimitedConnection(asyncio.Protocol):
    """One connection: aiohttp's handler of requests, behind the limits. Adds nothing once the first header is whole."""

    def __init__(self, handler: asyncio.Protocol, limiter: ConnectionLimiter, header_timeout_s: float) -> None:
        self._handler = handler
        self._limiter = limiter
        self._header_timeout_s = header_timeout_s
        self._transport: asyncio.Transport | None = None
        self._admitted = False
        self._timer: asyncio.TimerHandle | None = None
        self._tail: bytes | None = b""  # the end of what came of the first header; None: it is whole
        self.address: str | None = None
        """The peer's address on the internet; None for one of a private network, as a reverse proxy has, behind which
        everybody is."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.address = _public_address(transport)
        if not self._limiter.admit(self):
            log.warning("connection refused, there are too many", connections=len(self._limiter))
            self._transport.abort()
            return
        self._admitted = True
        self._timer = asyncio.get_running_loop().call_later(self._header_timeout_s, self._time_out)
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._admitted:
            return
        if self._tail is not None:
            self._look_for_header_end(data)
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self._handler.eof_received() if self._admitted else None

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._admitted:
            self.drop()
            self._handler.connection_lost(exc)

    def drop(self) -> None:
        """Ends the connection without an answer, and counts it no more at once."""
        if self._transport is not None:
            self._limiter.remove(self)
            transport, self._transport = self._transport, None
            transport.abort()

    def _time_out(self) -> None:
        log.debug("connection closed, its first request takes too long")
        self.drop()

    def _look_for_header_end(self, data: bytes) -> None:
        seen = (self._tail or b"") + data
        if any(end in seen for end in HEADER_ENDS):
            self._tail = None
            self._limiter.mark_complete(self)
            if self._timer is not None:
                self._timer.cancel()
        else:
            self._tail = seen[-TAIL_BYTES:]


class LimitedSite(web.BaseSite):
    """A TCP port whose connections are limited."""

    def __init__(
        self,
        runner: web.BaseRunner,
        host: str,
        port: int,
        *,
        limiter: ConnectionLimiter,
        backlog: int,
        header_timeout_s: float,
    ) -> None:
        super().__init__(runner, backlog=backlog)
        self._host = host
        self._port = port
        self._limiter = limiter
        self._header_timeout_s = header_timeout_s

    @property
    def name(self) -> str:
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Listens. Raises OSError, OverflowError."""
        await super().start()
        handlers = self._runner.server
        assert handlers is not None  # the runner is set up
        self._server = await asyncio.get_running_loop().create_server(
            lambda: LimitedConnection(handlers(), self._limiter, self._header_timeout_s),
            self._host,
            self._port,
            backlog=self._backlog,
        )


def _public_address(transport: asyncio.BaseTransport) -> str | None:
    peer = transport.get_extra_info("peername")
    try:
        address = ip_address(peer[0]) if peer else None
    except ValueError:  # with a scope, as link-local ones have
        return None
    return str(address) if address is not None and address.is_global else None
