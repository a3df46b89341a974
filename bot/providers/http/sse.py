"""Parses server-sent events from a response that is still arriving, as real upstreams send them.

Knows the framing, not the content: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

import codecs
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from bot.errors import BadResult
from bot.providers.http.client import HttpResponse
from bot.providers.http.turns import TURN_BYTES, Turns, slices

MAX_EVENTS = 300_000  # of one response; one for each character of a long reply stays below
PLAIN_TEXT = "text/plain"  # type of what is no event
MAX_OTHER_CHARS = 4096  # of an answer in words
EVENT_COST = 64  # bytes that an event counts besides its data: the shortest ones cost as much as a line of text


async def iter_sse_events(response: HttpResponse) -> AsyncGenerator[tuple[str, str], None]:
    """Type and data of each event; other tasks get their turns in between. What is no field of an event,
    such as a page or a document in the middle of a stream, comes last, with the type PLAIN_TEXT.

    Raises as `HttpResponse.iter_chunks` does, and BadResult beyond MAX_EVENTS.
    """
    events, turns, count = SseParser(), Turns(), 0
    async with aclosing(response.iter_chunks()) as chunks:
        async for chunk in chunks:
            for piece in slices(chunk, TURN_BYTES):
                await turns.spend(len(piece))
                for event in events.feed(piece):
                    count += 1
                    if count > MAX_EVENTS:
                        raise BadResult(detail=f"more than {MAX_EVENTS} events")
                    await turns.spend(len(event[1]) + EVENT_COST)
                    yield event
    for event in events.feed(b"\n\n"):  # many relays leave out the blank line after the last one
        yield event
    if events.other_text.strip():
        yield PLAIN_TEXT, events.other_text.strip()


def is_end_mark(data: str) -> bool:
    """Whether the data of an event, or a line of its own, says that the stream is over."""
    return data.strip().strip('"').upper() == "[DONE]"


class SseParser:
    """Parses bytes in chunks of any size, in time linear in the size of each.

    Event ids and reconnection times are ignored: no generation can be reconnected to.
    """

    def __init__(self) -> None:
        # Bytes are decoded as they come: a line of many megabytes would hold up everything at its end.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line: list[str] = []  # pieces of the current line, which has not ended
        self._ended_by_cr = False  # a line feed that follows belongs to the same line end
        self._kind = ""
        self._data: list[str] = []
        self.other_text = ""
        """The first lines that are no fields of events, at most about MAX_OTHER_CHARS characters."""

    def feed(self, chunk: bytes) -> Iterator[tuple[str, str]]:
        """Type and data of each event that is complete now; events without data are skipped."""
        text = self._decoder.decode(chunk)
        if not text:
            return
        if self._ended_by_cr:
            text = text.removeprefix("\n")
        self._ended_by_cr = text.endswith("\r")
        *ended, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for part in ended:
            line = "".join((*self._line, part)) if self._line else part
            self._line.clear()
            yield from self._parse_line(line)
        if rest:
            self._line.append(rest)

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
        elif name and name not in ("id", "retry") and len(self.other_text) < MAX_OTHER_CHARS:
            self.other_text += line[:MAX_OTHER_CHARS] + "\n"
