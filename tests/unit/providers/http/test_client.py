"""Bytes of an upstream in their order, also where its connection breaks."""

import asyncio
import gc
import ssl
from pathlib import Path

import httpcore
import httpx
import pytest

from bot.providers.http.connections import Client, Reader, Stream
from bot.tls import authorities

CERTIFICATE = Path(__file__).parent / "tls" / "localhost.pem"  # for localhost alone, signed by itself, until 2126


async def opened() -> tuple[Stream, Reader, asyncio.StreamWriter, asyncio.Server]:
    """A stream to a server that says nothing; what it would say is fed by the test."""
    served = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    reader = Reader(loop=asyncio.get_running_loop())
    _, writer = await asyncio.open_connection(*served.sockets[0].getsockname())
    return Stream(reader, writer), reader, writer, served


async def test_what_came_before_a_break_is_read_before_it() -> None:
    stream, reader, _, served = await opened()
    async with served:
        reader.feed_data(b"the picture")
        reader.set_exception(ConnectionResetError("reset by peer"))
        assert await stream.read(100) == b"the picture"
        for _ in range(2):
            with pytest.raises(httpcore.ReadError, match="reset by peer"):
                await stream.read(100)
        await stream.aclose()


async def test_an_end_in_order_is_no_failure() -> None:
    stream, reader, _, served = await opened()
    async with served:
        reader.feed_data(b"the picture")
        reader.feed_eof()
        assert await stream.read(100) == b"the picture"
        assert await stream.read(100) == b""
        await stream.aclose()


async def test_who_reads_when_it_breaks_hears_of_it() -> None:
    stream, reader, _, served = await opened()
    async with served:
        reading = asyncio.create_task(stream.read(100))
        await asyncio.sleep(0)
        reader.set_exception(ConnectionResetError("reset by peer"))
        with pytest.raises(httpcore.ReadError):
            await reading
        await stream.aclose()


async def test_writing_to_what_was_closed_fails() -> None:
    stream, _, writer, served = await opened()
    async with served:
        await stream.aclose()
        await asyncio.sleep(0)
        assert writer.transport.is_closing()
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"the prompt")


async def test_a_request_given_up_at_any_moment_leaves_no_socket_open() -> None:
    served = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with served, Client(authorities()) as client:
        address = f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}/"
        for turns in range(20):
            asking = asyncio.create_task(client.handle_async_request(httpx.Request("GET", address)))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
    gc.collect()  # a socket that nobody has closed warns now, which is an error


async def test_an_upstream_is_known_by_its_certificate() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nthe picture")
        writer.close()

    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(CERTIFICATE, CERTIFICATE.with_suffix(".key"))
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    served = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=ours)
    port = served.sockets[0].getsockname()[1]
    async with served:
        known = await Client(trusting).handle_async_request(httpx.Request("GET", f"https://localhost:{port}/"))
        assert await known.aread() == b"the picture"
        await known.aclose()
        for context, host in ((authorities(), "localhost"), (trusting, "127.0.0.1")):  # a stranger; another's name
            with pytest.raises(httpx.ConnectError):
                await Client(context).handle_async_request(httpx.Request("GET", f"https://{host}:{port}/"))
