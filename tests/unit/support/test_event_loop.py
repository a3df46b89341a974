"""The loop that tests run on leaves nothing behind that would be found in another test."""

import asyncio
import contextlib
import gc
import socket

from tests.support.event_loop import TestLoop


def test_a_connection_that_comes_in_while_its_server_closes_ends_with_the_loop() -> None:
    loop = TestLoop()

    async def accept_and_close(visitor: socket.socket) -> None:
        accepted = asyncio.Event()

        class Late(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                accepted.set()

        server = await loop.create_server(Late, "127.0.0.1", 0)
        visitor.connect(server.sockets[0].getsockname())
        await accepted.wait()
        server.close()

    with socket.socket() as visitor:
        loop.run_until_complete(accept_and_close(visitor))
        loop.close()
        gc.collect()  # an open one is a warning here, and a warning is an error
        visitor.settimeout(10)
        with contextlib.suppress(ConnectionResetError):
            assert visitor.recv(1) == b""
