"""The connections of this process's shards: made when it gets one, left to the next process when it gives one up.

Who takes a shard over resumes the session of before, for the events that came meanwhile, beside a session of its own,
which brings the guilds: discord.py knows no guild of a session that it only resumed. What both tell is heard once.
"""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import structlog
import yarl
from typing_extensions import override

from adapters.discord.gateway_socket import CONNECTION_ENDED, GatewaySocket
from adapters.discord.shards import SavedSession, ShardShare
from bot.errors import StoreFailed
from bot.runtime.clock import Clock

if TYPE_CHECKING:
    from adapters.discord.gateway import GatewayClient

log = structlog.get_logger()

KEEP_SESSION = 4000  # close code after which Discord keeps the session for a while; 1000 would end it
RESUME_TIMEOUT_S = 20.0


class ResumedSocket(GatewaySocket):
    """A connection to the session of another process."""

    @override
    def mark_session_open(self) -> None:
        """It is not the shard's own."""


class ShardConnections:
    """The shards of one gateway client."""

    def __init__(self, client: "GatewayClient", share: ShardShare, clock: Clock) -> None:
        self.launched: list[int] = []
        """Shards that have, or are about to have, a session of this process."""
        self._client = client
        self._share = share
        self._clock = clock
        self._resumed: dict[int, asyncio.Task[None]] = {}

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

    def mark_session_open(self, shard_id: int) -> None:
        """A shard's own session has begun, and brings everything from now on."""
        if (resumed := self._resumed.pop(shard_id, None)) is not None:
            resumed.cancel()

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
        socket: GatewaySocket | None = None
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
        finally:
            if socket is not None:
                await socket.close(1000)

    async def _disconnect(self, shard_id: int) -> None:
        """Ends a shard's connection, and notes where its session stands."""
        self.launched.remove(shard_id)
        if (resumed := self._resumed.pop(shard_id, None)) is not None:
            resumed.cancel()
        shard = self._shards.pop(shard_id, None)
        if shard is None:
            return
        shard.reidentify = shard.reconnect = _stay_away  # what discord.py has queued for it comes to nothing
        shard._cancel_task()  # type: ignore[reportPrivateUsage]  # its `close` would end the session
        await self._save_session_of(shard_id, shard.ws)
        await shard.ws.close(KEEP_SESSION)
        self._client.forget_guilds(shard_id)

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
