"""The connections of this process's shards: made when it gets one, left to the next process when it gives one up.

Who takes a shard over resumes the session of before, for the events that came meanwhile, beside a session of its own,
which brings the guilds: discord.py knows no guild of a session that it only resumed. What both tell is heard once.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, cast

import structlog
import yarl
from typing_extensions import override

from adapters.discord.gateway_socket import CONNECTION_ENDED, GatewaySocket
from adapters.discord.inbox import EventInbox
from adapters.discord.shards import SavedSession, ShardShare
from bot.errors import StoreFailed
from bot.ports import Cluster
from bot.runtime.clock import Clock

if TYPE_CHECKING:
    from adapters.discord.gateway import GatewayClient

log = structlog.get_logger()

KEEP_SESSION, END_SESSION = 4000, 1000  # close codes: after the first Discord keeps the session for a while
RESUME_TIMEOUT_S = 20.0
RECONNECT_PAUSE_S, RECONNECT_PAUSE_MAX_S = 1.0, 60.0  # before a shard connects again whose session broke; doubles
IDENTIFY_LEASE = "discord.identify."  # and the bucket
IDENTIFY_PERIOD_S = 5.25  # between two sessions of a bucket that begin: Discord wants five seconds


class ResumedSocket(GatewaySocket):
    """A connection to the session of another process."""

    @override
    def mark_session_open(self) -> None:
        """It is not the shard's own."""


class ShardConnections:
    """The shards of one gateway client. Implements `gateway_socket.SocketOwner`."""

    def __init__(
        self, client: "GatewayClient", *, share: ShardShare, cluster: Cluster, inbox: EventInbox, clock: Clock
    ) -> None:
        self.launched: list[int] = []
        """Shards that have, or are about to have, a session of this process."""
        self._client = client
        self._share = share
        self._cluster = cluster
        self._inbox = inbox
        self._clock = clock
        self._resumed: dict[int, asyncio.Task[None]] = {}
        self._sockets: set[GatewaySocket] = set()  # all that are open, also those that discord.py has lost
        self._given_up: set[int | None] = set()  # shards that discord.py may still be connecting
        self._identifying: defaultdict[int | None, AsyncExitStack] = defaultdict(AsyncExitStack)
        self._broken_sessions: Counter[int | None] = Counter()  # in a row, by shard

    async def follow_share(self) -> None:
        """Keeps the connections to what is this process's share."""
        for shard_id in [each for each in self.launched if each not in self._shards]:
            self.launched.remove(shard_id)  # of a run that was interrupted
        while True:
            try:
                await self._adjust()
            except StoreFailed as failed:
                log.warning("discord shards stay as they are", detail=failed.detail)
            await self._share.wait_for_news()

    async def leave_sessions_open(self) -> None:
        """Closes all connections so that another process can resume them, or this one; then gives the shards back."""
        for task in self._resumed.values():
            task.cancel()
        await asyncio.gather(*self._resumed.values(), return_exceptions=True)
        for shard_id in list(self.launched):
            await self._disconnect(shard_id)
        await self._close_sockets(self._sockets, KEEP_SESSION)

    # ------------------------------------------------------------ what a socket tells

    def add_socket(self, socket: GatewaySocket) -> None:
        self._sockets = {each for each in self._sockets if each.is_alive}
        self._sockets.add(socket)

    def runs_shard(self, shard_id: int | None) -> bool:
        return shard_id not in self._given_up

    async def begin_identify(self, shard_id: int | None) -> None:
        """Returns when this shard may begin a session: those of one bucket begin one after the other, whichever
        processes they are in. From "Gateway" of Discord's documents, "Rate Limiting"."""
        bucket = (shard_id or 0) % self._client.max_concurrency
        turn = self._cluster.leases.hold(f"{IDENTIFY_LEASE}{bucket}", rest_s=IDENTIFY_PERIOD_S)
        await self._identifying[shard_id].enter_async_context(turn)

    async def end_identify(self, shard_id: int | None) -> None:
        if (turn := self._identifying.pop(shard_id, None)) is not None:
            await turn.aclose()

    def mark_session_open(self, shard_id: int | None) -> None:
        self._broken_sessions.pop(shard_id, None)
        if shard_id is not None and (resumed := self._resumed.pop(shard_id, None)) is not None:
            resumed.cancel()  # the shard's own session brings everything from now on

    def receive_unreadable_frame(self, shard_id: int | None, frame: object, failed: Exception) -> None:
        """Keeps a frame for the operator."""
        log.error("discord frame not read", shard=shard_id, exc_info=failed)
        self._inbox.set_aside("frame", str(frame), type(failed).__name__)

    async def pause_before_reconnect(self, shard_id: int | None, failed: Exception) -> None:
        pause_s = min(RECONNECT_PAUSE_S * 2 ** self._broken_sessions[shard_id], RECONNECT_PAUSE_MAX_S)
        self._broken_sessions[shard_id] += 1
        log.error("discord session broken, connecting again", shard=shard_id, pause=pause_s, exc_info=failed)
        await self._clock.sleep(pause_s)

    # ------------------------------------------------------------ shards that come and go

    async def _adjust(self) -> None:
        for shard_id in self._share.lost():
            await self._disconnect(shard_id)
        await self._share.take()
        for shard_id in self._share.held:
            if shard_id not in self.launched:
                await self._launch(shard_id)
        for shard_id in self._share.surplus():
            await self._disconnect(shard_id)
            await self._share.give_back(shard_id)
        for shard_id in self.launched:
            await self._save_session(shard_id)

    async def _launch(self, shard_id: int) -> None:
        self._given_up.discard(shard_id)
        if (saved := await self._share.load_session(shard_id)) is not None:
            self._resumed[shard_id] = asyncio.create_task(
                self._resume(shard_id, saved), name="discord session of before"
            )
        if self._share.take_up(shard_id):
            await self._client.take_up_shard(shard_id)
        self.launched.append(shard_id)
        connecting = self._client.launch_shard(self._client.gateway_url, shard_id, initial=len(self.launched) == 1)
        launching = asyncio.create_task(connecting, name="discord shard")
        try:  # a task of its own: where it succeeds just then, discord.py's timeout would swallow our cancellation
            await asyncio.wait((launching,))
        finally:
            launching.cancel()
            await asyncio.gather(launching, return_exceptions=True)
        launching.result()

    async def _resume(self, shard_id: int, saved: SavedSession) -> None:
        """Hears what the session of before still has to tell, until it ends or `mark_session_open`."""
        try:
            async with asyncio.timeout(RESUME_TIMEOUT_S):
                socket = await ResumedSocket.from_client(
                    self._client,
                    gateway=yarl.URL(saved.gateway),
                    shard_id=shard_id,
                    session=saved.session_id,
                    sequence=saved.sequence,
                    resume=True,
                )
            log.info("discord session of before resumed", shard=shard_id)
            while True:
                await socket.poll_event()
        except CONNECTION_ENDED as ended:
            log.info("discord session of before has ended", shard=shard_id, reason=type(ended).__name__)
        finally:  # also of one that was just opening
            resumed = {each for each in self._sockets if each.shard_id == shard_id and isinstance(each, ResumedSocket)}
            await self._close_sockets(resumed, END_SESSION)

    async def _disconnect(self, shard_id: int) -> None:
        """Ends a shard's connection, and notes where its session stands."""
        self.launched.remove(shard_id)
        self._given_up.add(shard_id)
        if (resumed := self._resumed.pop(shard_id, None)) is not None:
            resumed.cancel()
        if (shard := self._shards.pop(shard_id, None)) is not None:
            # What discord.py has queued for it, or is about to begin, comes to nothing.
            shard.reidentify = shard.reconnect = shard._handle_disconnect = _stay_away
            shard._cancel_task()  # its `close` would end the session
            await self._save_session_of(shard_id, shard.ws)
            self._client.forget_guilds(shard_id)
        await self._close_sockets({each for each in self._sockets if each.shard_id == shard_id}, KEEP_SESSION)

    async def _close_sockets(self, sockets: Collection[GatewaySocket], code: int) -> None:
        """Among them what discord.py was opening when it was stopped: their heartbeats would go on for ever, as they
        would where this is interrupted before the first of them is closed."""
        closing = set(sockets)
        for socket in closing:
            socket.stop_heartbeats()
        await asyncio.gather(*(socket.close(code) for socket in closing))
        self._sockets -= closing

    async def _save_session(self, shard_id: int) -> None:
        if (shard := self._shards.get(shard_id)) is not None:
            await self._save_session_of(shard_id, shard.ws)

    async def _save_session_of(self, shard_id: int, socket: Any) -> None:
        if not self._share.holds(shard_id) or socket.session_id is None or socket.sequence is None:
            return
        try:
            await self._share.save_session(shard_id, socket.session_id, socket.sequence, str(socket.gateway))
        except StoreFailed as failed:
            log.warning("discord session not noted", shard=shard_id, detail=failed.detail)

    @property
    def _shards(self) -> dict[int, Any]:
        """discord.py's own table of a client's shards: it can only add some."""
        return cast("dict[int, Any]", vars(self._client)["_AutoShardedClient__shards"])


async def _stay_away(*_: object) -> None:
    """Of a shard that is another process's."""
