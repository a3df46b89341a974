"""The gateway: sessions, sequence numbers, replay, closing. Knows no message and no guild but as events.

From the docs' "Gateway": opcodes, close codes, identify, resume. Frames go out as uncompressed text.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from itertools import count
from math import inf
from typing import Any, Final

from aiohttp import WSCloseCode, WSMsgType, web

from tests.servers.discord.connection import Connection
from tests.servers.discord.errors import Json
from tests.servers.discord.limits import Rate

SENDS = Rate(slots=120, period=60.0)  # what a connection may send
MAX_PAYLOAD = 4096  # bytes of what a connection sends


class Op(IntEnum):
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE = 4
    RESUME = 6
    RECONNECT = 7
    MEMBERS = 8
    INVALID = 9
    HELLO = 10
    ACK = 11


class Intent(IntFlag):
    GUILDS = 1 << 0
    MEMBERS = 1 << 1
    PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.MEMBERS | Intent.PRESENCES | Intent.MESSAGE_CONTENT
NONE = Intent(0)
MISSING: Final = object()

Build = Callable[["Session"], Json]


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """One identified client. Everything sent is kept for replay."""

    id: str
    shard: int
    shards: int
    intents: int
    sent: list[Json] = field(default_factory=list[Json])
    connection: Connection | None = None
    odd: Mapping[str, Json] = field(default_factory=dict[str, Json])

    @property
    def sees_content(self) -> bool:
        return bool(self.intents & Intent.MESSAGE_CONTENT)

    def dispatch(self, event: Any, data: Any) -> None:
        if isinstance(event, str) and event in self.odd:
            data = {name: value for name, value in {**data, **self.odd[event]}.items() if value is not MISSING}
        packet: Json = {"op": Op.DISPATCH, "t": event, "s": len(self.sent) + 1, "d": data}
        self.sent.append(packet)
        if self.connection is not None:
            self.connection.send(packet)


class Gateway:
    """`welcome` gives what a new session gets first: READY's own fields, then (event, data) pairs.
    `allowed`: privileged intents switched on in the portal. `noted`: called with every violation.

    Of each bucket of shards (id modulo `max_concurrency`) one identifies in `identify_period` seconds; None: as often
    as it likes.

    `identifies`, `resumes`, `heartbeats` count what clients did. `acknowledges`: heartbeats are. `greets`:
    set while a new connection is greeted at once; otherwise it waits. `odd`: fields that
    each event of a name has beside or in place of its own, MISSING for none, such as a client may not know yet.
    """

    def __init__(
        self,
        *,
        token: str,
        allowed: Intent,
        welcome: Callable[[Session], tuple[Json, Sequence[tuple[str, Json]]]],
        members: Callable[[Json], Json],
        noted: Callable[[str], None],
        changed: Callable[[], None],
        time: Callable[[], float],
        heartbeat_interval: float = 41.25,
    ) -> None:
        self.url = ""
        self.heartbeat_interval = heartbeat_interval
        self.sessions: dict[str, Session] = {}
        self.identifies: list[Json] = []
        self.resumes = 0
        self.heartbeats = 0
        self.acknowledges = True
        self.greets = asyncio.Event()
        self.greets.set()
        self.odd: dict[str, Json] = {}
        self.max_concurrency = 1
        self.identify_period: float | None = None
        self._identified: dict[int, float] = {}  # by bucket
        self._token = token
        self._allowed = allowed
        self._welcome = welcome
        self._members = members
        self._noted = noted
        self._changed = changed
        self._time = time
        self._open: set[Connection] = set()
        self._ids = count(1)

    # ------------------------------------------------------------ what tests and the server do

    def dispatch(self, event: str, build: Build, *, guild_id: int | None, needs: Intent = NONE) -> None:
        """Sends an event to the sessions that are responsible for the guild (None: DMs, shard 0)."""
        for session in self.sessions.values():
            mine = ((guild_id or 0) >> 22) % session.shards == session.shard
            if mine and session.intents & needs == needs:
                session.dispatch(event, build(session))

    def send_odd(self, event: Any, data: Any) -> None:
        """An event that is whatever it is, to all."""
        for session in self.sessions.values():
            session.dispatch(event, data)

    def send_frame(self, text: str) -> None:
        """A frame that is no event and is never replayed, to all."""
        for connection in list(self._open):
            connection.send_text(text)

    def ask_to_reconnect(self, shard: int | None = None) -> None:
        """Op 7 to all, or to one shard."""
        for session in self.sessions.values():
            if session.connection is not None and shard in (None, session.shard):
                session.connection.send({"op": Op.RECONNECT})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9 to all; unless `resumable`, the sessions are gone."""
        for connection in list(self._open):
            connection.send({"op": Op.INVALID, "d": resumable})
        if not resumable:
            self.forget()

    def forget(self) -> None:
        """The sessions end without a frame: the next resume gets op 9."""
        for session in self.sessions.values():
            session.connection = None
        self.sessions.clear()

    def cut(self) -> None:
        """Drops every connection without a close frame. Events go on being kept for replay."""
        for connection in list(self._open):
            self._detach(connection)
            connection.abort()

    async def close(self, code: int = WSCloseCode.GOING_AWAY) -> None:
        """Closes every connection with a close code (4000 and up are Discord's)."""
        for connection in list(self._open):
            self._detach(connection)
            await connection.close(code)

    @property
    def connected(self) -> int:
        """Sessions with a living connection."""
        return sum(session.connection is not None for session in self.sessions.values())

    @property
    def connections(self) -> int:
        """All that are open, with a session or without."""
        return len(self._open)

    # ------------------------------------------------------------ one connection

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=MAX_PAYLOAD * 4)
        await socket.prepare(request)
        connection = Connection(request, socket)
        self._open.add(connection)
        if request.query.get("v") != "10" or request.query.get("encoding") != "json":
            self._noted(f"gateway: connected with {request.query_string!r}, expected v=10 and encoding=json")
        try:
            await self.greets.wait()
            connection.send({"op": Op.HELLO, "d": {"heartbeat_interval": int(self.heartbeat_interval * 1000)}})
            await self._listen(connection)
        finally:
            self._open.discard(connection)
            self._detach(connection, ended=socket.close_code in (1000, 1001))
            await connection.finish()
            self._changed()
        return socket

    async def _listen(self, connection: Connection) -> None:
        session: Session | None = None
        arrivals: list[float] = []
        async for frame in connection.socket:
            arrivals = [moment for moment in arrivals if moment > self._time() - SENDS.period]
            arrivals.append(self._time())
            packet = _decoded(frame.data) if frame.type is WSMsgType.TEXT else None
            if len(arrivals) > SENDS.slots:
                await self._refuse(connection, 4008, "more than 120 payloads in 60 seconds")
            elif packet is None:
                await self._refuse(connection, 4002, "a payload that is no JSON object, or too long")
            elif packet.get("op") in (Op.IDENTIFY, Op.RESUME):
                if session is not None:
                    await self._refuse(connection, 4005, "identified twice")
                    continue
                begin = self._identify if packet["op"] == Op.IDENTIFY else self._resume
                session = await begin(connection, packet.get("d") or {})
            else:
                await self._take(connection, session, packet)
            self._changed()

    async def _take(self, connection: Connection, session: Session | None, packet: Json) -> None:
        op = packet.get("op")
        if op == Op.HEARTBEAT:
            self.heartbeats += 1
            if self.acknowledges:
                connection.send({"op": Op.ACK})
        elif session is None:
            await self._refuse(connection, 4003, f"op {op} before identifying")
        elif op == Op.MEMBERS:
            session.dispatch("GUILD_MEMBERS_CHUNK", self._members(packet["d"]))
        elif op not in (Op.PRESENCE, Op.VOICE):
            await self._refuse(connection, 4001, f"unknown op {op}")

    async def _identify(self, connection: Connection, data: Json) -> Session | None:
        shard, shards = data.get("shard") or (0, 1)
        intents = data.get("intents")
        if data.get("token") != self._token:
            return await connection.close(4004)
        if not (0 <= shard < shards):
            return await self._refuse(connection, 4010, f"shard {shard} of {shards}")
        if not isinstance(intents, int):
            return await self._refuse(connection, 4013, "identified without intents")
        if intents & PRIVILEGED & ~self._allowed:
            return await connection.close(4014)
        bucket, now = shard % self.max_concurrency, self._time()
        if self.identify_period is not None and now - self._identified.get(bucket, -inf) < self.identify_period:
            self._noted(f"gateway: shard {shard} identifies too soon after another of bucket {bucket}")
            connection.send({"op": Op.INVALID, "d": False})
            return None
        self._identified[bucket] = now
        self.identifies.append({name: value for name, value in data.items() if name != "token"})
        session = Session(id=f"{next(self._ids):032x}", shard=shard, shards=shards, intents=intents, odd=self.odd)
        session.connection = connection
        self.sessions[session.id] = session
        ready, events = self._welcome(session)
        session.dispatch("READY", ready | {"v": 10, "session_id": session.id, "shard": [shard, shards]})
        for event, body in events:
            session.dispatch(event, body)
        return session

    async def _resume(self, connection: Connection, data: Json) -> Session | None:
        session = self.sessions.get(data.get("session_id") or "")
        if data.get("token") != self._token:
            return await connection.close(4004)
        if session is None:
            connection.send({"op": Op.INVALID, "d": False})
            return None
        seen = data.get("seq") or 0
        if seen > len(session.sent):
            return await self._refuse(connection, 4007, f"resumed at {seen} of {len(session.sent)}")
        self.resumes += 1
        session.connection = connection
        for packet in session.sent[seen:]:
            connection.send(packet)
        session.dispatch("RESUMED", {"_trace": []})
        return session

    async def _refuse(self, connection: Connection, code: int, why: str) -> None:
        self._noted(f"gateway: {why} (closed with {code})")
        await connection.close(code)

    def _detach(self, connection: Connection, *, ended: bool = False) -> None:
        """Takes a connection off its session. `ended`: the client closed with 1000 or 1001, which ends the
        session too."""
        for session in list(self.sessions.values()):
            if session.connection is connection:
                session.connection = None
                if ended:
                    del self.sessions[session.id]


def _decoded(text: str) -> dict[str, Any] | None:
    if len(text.encode()) > MAX_PAYLOAD:
        return None
    try:
        packet = json.loads(text)
    except ValueError:
        return None
    return packet if isinstance(packet, dict) else None  # pyright: ignore[reportUnknownVariableType] - JSON
