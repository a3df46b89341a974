"""Parses server-sent events from a response that is still arriving, as real upstreams send them.

Knows the framing, not the content: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from bot.providers.http.client import HttpResponse


async def iter_sse_events(response: HttpResponse) -> AsyncGenerator[tuple[str, str], None]:
    """Type and data of each event. Raises as `HttpResponse.iter_chunks` does."""
    events = SseParser()
    async with aclosing(response.iter_chunks()) as chunks:
        async for chunk in chunks:
            for event in events.feed(chunk):
                yield event
    for event in events.feed(b"\n\n"):  # many relays leave out the blank line after the last one
        yield event


class SseParser:
    """Parses bytes in chunks of any size, in time linear in the size of each.

    Event ids and reconnection times are ignored: no generation can be reconnected to.
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []  # pieces of the current line, which has not ended
        self._ended_by_cr = False  # a line feed that follows belongs to the same line end
        self._kind = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[tuple[str, str]]:
        """Type and data of each event that is complete now; events without data are skipped."""
        if not chunk:
            return
        if self._ended_by_cr:
            chunk = chunk.removeprefix(b"\n")
        self._ended_by_cr = chunk.endswith(b"\r")
        for part in chunk.splitlines(keepends=True):
            self._line.append(part)
            if part.endswith((b"\n", b"\r")):
                line = b"".join(self._line).rstrip(b"\r\n").decode("utf-8", "replace")
                self._line.clear()
                yield from self._parse_line(line)

    def _parse_line(self, line: str) -> Iterator[tuple[str, str]]:
        if not line:
            kind, data, self._kind, self._data = self._kind, self._data, "", []
            if data:
                yield kind, "\n".join(data)
            return
        name, _, value = line.partition(":")  # a comment has no name
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
