"""Divides long work of the event loop into turns, and decodes what came compressed in bounded pieces.

An async generator that always has something to yield never lets another task run: whoever reads a response counts what
it works on here. Knows nothing of what is read.
"""

import asyncio
import codecs
import zlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from bot.errors import BadResult

TURN_BYTES = 4096  # bytes, or characters, worked on before others get a turn; a few milliseconds at the worst
PIECE_BYTES = 64 * 1024  # bytes decoded or decompressed at once
_HEAD_BYTES = 3  # that tell text from what is compressed
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 47}  # of zlib; 47: deflate with either head


class Turns:
    """Counts work and lets others run after each TURN_BYTES of it."""

    def __init__(self) -> None:
        self._spent = 0

    async def spend(self, size: int) -> None:
        """Records work on `size` bytes or characters (an event costs some besides); may let other tasks run."""
        self._spent += size
        if self._spent >= TURN_BYTES:
            self._spent = 0
            await asyncio.sleep(0)


def slices(data: bytes, size: int) -> Iterator[bytes]:
    """The data in pieces of at most `size` bytes."""
    return (data[start : start + size] for start in range(0, len(data), size)) if len(data) > size else iter((data,))


def decode_text(body: bytes) -> str:
    """The body as text, with U+FFFD for what is no UTF-8. In pieces: decoding holds the interpreter."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return "".join([decoder.decode(piece) for piece in slices(body, PIECE_BYTES)] + [decoder.decode(b"", final=True)])


async def decompress(chunks: AsyncGenerator[bytes, None], encoding: str, turns: Turns) -> AsyncGenerator[bytes, None]:
    """The chunks without their content encoding, at most PIECE_BYTES at once.

    `encoding`: value of the Content-Encoding header. We ask for none; gzip and deflate come all the same, once. What is
    text in truth is passed on as it is: proxies keep the header of what they have decoded.
    Raises BadResult for any other encoding, for several, and for data that break off being what they were.
    """
    async with aclosing(chunks):
        head = b""
        while len(head) < _HEAD_BYTES and (chunk := await anext(chunks, None)) is not None:
            head += chunk
        async with aclosing(_from_head(head, chunks)) as whole:
            if not head or _is_text(head):
                async for chunk in whole:
                    yield chunk
                return
            async with aclosing(_decompress(whole, encoding, turns)) as pieces:
                async for piece in pieces:
                    yield piece


async def _from_head(head: bytes, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    yield head
    async for chunk in chunks:
        yield chunk


def _is_text(head: bytes) -> bool:
    """Whether a body begins as text does, in ASCII or with a byte order mark: no compressed one begins with two such
    bytes, except zlib's with `x`, which no answer of an upstream begins with."""
    return head.startswith(codecs.BOM_UTF8) or (
        not head.startswith(b"x") and all(_is_printable(each) for each in head[:2])
    )


def _is_printable(byte: int) -> bool:
    return 0x20 <= byte < 0x7F or byte in b"\t\r\n"


async def _decompress(chunks: AsyncGenerator[bytes, None], encoding: str, turns: Turns) -> AsyncGenerator[bytes, None]:
    bits = _WINDOW_BITS.get(encoding.strip().lower())
    if bits is None:
        raise BadResult(detail=f"content encoding {encoding[:40]!r}")
    decompressor = zlib.decompressobj(bits)
    async with aclosing(chunks):
        async for chunk in chunks:
            pending = chunk
            while pending:
                if decompressor.eof:  # another member (RFC 1952, 2.2)
                    decompressor = zlib.decompressobj(bits)
                try:
                    piece = decompressor.decompress(pending, PIECE_BYTES)
                except zlib.error as exc:
                    raise BadResult(detail=f"broken {encoding}") from exc
                pending = decompressor.unconsumed_tail or decompressor.unused_data
                await turns.spend(len(piece) + 1)
                if piece:
                    yield piece
