"""Server-sent events out of an answer that is still coming, as real upstreams send them.

Knows the framing, not what is said in it.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx
from httpx_sse import EventSource

from bot.providers.http import Answer


async def messages(answer: Answer) -> AsyncGenerator[tuple[str, str], None]:
    """Kind and data of each event. Raises as `Answer.chunks` does.

    The decoder is httpx-sse's; it insists on the right content type, and drops a last event that no blank
    line follows, as many relays end: both are made good for it here.
    """
    body = httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=_Ended(answer))
    async with aclosing(EventSource(body).aiter_sse()) as events:
        async for event in events:
            yield event.event, event.data


class _Ended(httpx.AsyncByteStream):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._answer.chunks()) as chunks:
            async for chunk in chunks:
                yield chunk
        yield b"\n\n"
