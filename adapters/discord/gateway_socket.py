"""One websocket of Discord's gateway with signs of life, which no frame can end.

A frame that discord.py cannot read is kept for the operator and passed over: the session goes on, or is resumed where
its stream is damaged. Events that only a parser cannot read do not get this far (`parsers`).
"""

import time
from collections.abc import Coroutine
from typing import Any, Protocol, cast

import aiohttp
import discord.shard
from discord.errors import ConnectionClosed
from discord.gateway import DiscordWebSocket, ReconnectWebSocket, WebSocketClosure
from typing_extensions import override

from adapters.discord.parsers import ReadyUnreadable

MAX_UNACKNOWLEDGED = 2.0  # heartbeat intervals since the last acknowledgement: the last but one was not acknowledged
CONNECTION_ENDED = (ReconnectWebSocket, ConnectionClosed, WebSocketClosure, aiohttp.ClientError, OSError, TimeoutError)


class SocketOwner(Protocol):
    """Who opens and closes the sockets of a client, and hears what they see."""

    def add_socket(self, socket: "GatewaySocket") -> None:
        """A connection is open: it is to be closed, also where discord.py loses it."""
        ...

    def runs_shard(self, shard_id: int | None) -> bool:
        """Whether a shard was not given up."""
        ...

    async def end_identify(self, shard_id: int | None) -> None:
        """The shard has asked for a session, or given up: the next one of its bucket may."""
        ...

    def mark_session_open(self, shard_id: int | None) -> None:
        """The first event came in over a connection."""
        ...

    def receive_unreadable_frame(self, shard_id: int | None, frame: object, failed: Exception) -> None:
        """A frame was passed over."""
        ...

    async def pause_before_reconnect(self, shard_id: int | None, failed: Exception) -> None:
        """Waits before a shard whose session or stream is broken connects again: longer each time."""
        ...


class HasSocketOwner(Protocol):
    """discord.py's client, as a socket knows it."""

    @property
    def connections(self) -> SocketOwner: ...


class GatewaySocket(DiscordWebSocket):
    """A shard's connection, from its greeting to its end; discord.py makes one for each reconnect."""

    is_session_open = False
    """Whether an event has come in over this connection: READY, or what a resumed session replays."""
    _frame: object = None  # the text of the last one; None where it could not be decompressed

    def problem(self) -> str | None:
        """Why it shows no sign of life; None while it does."""
        keep_alive = self._keep_alive
        if not self.open:
            return "connection closed"
        if keep_alive is None or keep_alive.interval is None:
            return "not greeted"
        if not self.is_session_open:
            return "no session"
        # discord.py tells only the latency, which stands still where nothing is acknowledged any more
        acknowledged_s = keep_alive._last_ack  # type: ignore[reportPrivateUsage]  # as above
        if time.perf_counter() - acknowledged_s > MAX_UNACKNOWLEDGED * keep_alive.interval:
            return "heartbeat not acknowledged"
        return None

    @property
    def is_alive(self) -> bool:
        """Whether it is open, or sends heartbeats all the same: discord.py has not read its end yet."""
        return self.open or self._keep_alive is not None

    def stop_heartbeats(self) -> None:
        """At once, before anybody waits for the connection to close."""
        if self._keep_alive is not None:
            self._keep_alive.stop()

    @override
    def log_receive(self, data: Any, /) -> None:
        self._frame = data

    @override
    async def poll_event(self) -> None:
        if self._keep_alive is None:  # the first one, for the greeting
            self._owner.add_socket(self)
        await super().poll_event()

    @override
    async def identify(self) -> None:
        try:
            await self._begin_session(super().identify())
        finally:
            await self._owner.end_identify(self.shard_id)

    @override
    async def resume(self) -> None:
        await self._begin_session(super().resume())

    async def _begin_session(self, asking: Coroutine[Any, Any, None]) -> None:
        """Raises ConnectionClosed for a shard that was given up while this connected."""
        try:
            self._check_shard()
            await asking
        except BaseException:  # nobody else knows this connection yet, and its heartbeats would go on
            asking.close()
            await self.close()
            raise

    def _check_shard(self) -> None:
        if not self._owner.runs_shard(self.shard_id):
            raise ConnectionClosed(self.socket, shard_id=self.shard_id, code=1000)

    @override
    async def received_message(self, msg: Any, /) -> None:
        """Handles a frame. Raises only what makes discord.py connect again."""
        sequence, self._frame = self.sequence, None
        try:
            await super().received_message(msg)
        except CONNECTION_ENDED:
            raise
        except Exception as failed:  # discord.py checks nothing of what it parses
            await self._survive(failed)
        if not self.is_session_open and self.sequence is not None and self.sequence != sequence:
            self.is_session_open = True
            self.mark_session_open()

    def mark_session_open(self) -> None:
        """The first event came in over this connection."""
        self._owner.mark_session_open(self.shard_id)

    async def _survive(self, failed: Exception) -> None:
        """Passes a frame over, or connects again where that would not help: no session, a damaged stream, no greeting.

        Raises ReconnectWebSocket."""
        unready = isinstance(failed, ReadyUnreadable)
        if not (unready or self._frame is None or self._keep_alive is None):
            self._owner.receive_unreadable_frame(self.shard_id, self._frame, failed)
            return
        await self._owner.pause_before_reconnect(self.shard_id, failed)
        await self.close()
        raise ReconnectWebSocket(self.shard_id, resume=self.session_id is not None and not unready) from failed

    @property
    def _owner(self) -> SocketOwner:
        state = self._connection
        return cast(HasSocketOwner, state._get_client()).connections  # type: ignore[reportPrivateUsage]  # no other way to it


# discord.py makes its sockets itself and offers no parameter for their class.
discord.shard.DiscordWebSocket = GatewaySocket  # type: ignore[reportPrivateImportUsage]  # as above
