"""One websocket of the gateway: sends in order without blocking the sender. Knows no opcode."""

import asyncio
import json

from aiohttp import web

from tests.servers.discord.errors import Json


class Connection:
    """`send` never blocks; a writer of its own puts the frames out."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self._request = request
        self._outbox: asyncio.Queue[str | None] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write(), name="gateway writer")

    def send(self, packet: Json) -> None:
        self.send_text(json.dumps({"t": None, "s": None, "d": None} | packet))

    def send_text(self, text: str) -> None:
        """A frame that need not be JSON."""
        self._outbox.put_nowait(text)

    async def close(self, code: int) -> None:
        """Sends what waits, then the close frame."""
        await self.finish()
        await self.socket.close(code=code)

    def abort(self) -> None:
        """Ends the TCP connection at once."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def finish(self) -> None:
        """No more frames after those that wait."""
        self._outbox.put_nowait(None)
        await asyncio.wait([self._writer])

    async def _write(self) -> None:
        while (text := await self._outbox.get()) is not None:
            try:
                await self.socket.send_str(text)
            except ConnectionError:
                return
