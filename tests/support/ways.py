"""A way to a server over loopback that can be lost, and that counts how often its client waits."""

import asyncio
from contextlib import suppress

from sqlalchemy.engine import make_url


class Way:
    """The way to a server. `lose`: what is on it from then on is neither brought nor refused, as by a server that has
    been stopped; who comes later gets through. `turns`: how often something was sent since the server spoke last."""

    def __init__(self, server: str) -> None:
        self._address = make_url(server)
        self._lost = asyncio.Event()
        self._pipes: set[asyncio.Task[None]] = set()
        self.url = ""
        self.turns = 0
        self._spoke_last: object = None

    async def __aenter__(self) -> "Way":
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = self._address.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for each in self._pipes:
            each.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    def lose(self) -> None:
        self._lost.set()
        self._lost = asyncio.Event()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(self._address.host, self._address.port)
        for source, target in ((reader, server_writer), (server_reader, writer)):
            pipe = self._pipe(source, target, self._lost, is_client=source is reader)
            self._pipes.add(asyncio.create_task(pipe, name="a way to PostgreSQL"))

    async def _pipe(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, lost: asyncio.Event, *, is_client: bool
    ) -> None:
        try:
            with suppress(ConnectionError):
                while (data := await source.read(65536)) and not lost.is_set():
                    self.turns += is_client and self._spoke_last is not source
                    self._spoke_last = source
                    target.write(data)
                    await target.drain()
            while lost.is_set():  # silence, until the end of the test
                await asyncio.Event().wait()
        finally:
            target.close()
