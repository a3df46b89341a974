"""Streams made to hold up everybody else: work on the event loop comes in bounded turns, and has an end.

Measured in bytes between two turns of another task, never in seconds.
"""

import asyncio
import base64
import gzip
import json
import threading
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bot.errors import BadResult, NoPicture, PaintFailed, Rejected
from bot.painting import Blob, FinishedImage, Link
from bot.providers.chat import provider as chat_provider
from bot.providers.chat.provider import TEXT_CHARS
from bot.providers.http import client as http_client
from bot.providers.http import sse, turns
from bot.providers.http.client import UpstreamClient, exchange
from bot.providers.http.sse import EVENT_COST, SseParser
from bot.providers.http.turns import PIECE_BYTES, TURN_BYTES
from tests.servers.upstream import chat, images, paintings, tasks
from tests.servers.upstream.scripted import JSON, SSE, Call, Script, message, scripted_upstream
from tests.support.clocks import InstantClock
from tests.wire.providers.tasks.samples import OPENED

ONE_EVENT = f"data: {json.dumps({'choices': [{'delta': {'content': '5%'}}]})}\n\n"
PICTURE = f"data: {json.dumps({'choices': [{'delta': {'content': f'![a]({chat.PICTURE})'}}]})}\n\n"


@dataclass(slots=True)
class Work:
    """What was done on the event loop since another task had its turn."""

    bytes: int = 0
    events: int = 0
    most_bytes: int = 0
    most_events: int = 0

    def add(self, size: int, *, events: int = 0) -> None:
        if threading.current_thread() is threading.main_thread():
            self.bytes += size
            self.events += events
            self.most_bytes, self.most_events = max(self.most_bytes, self.bytes), max(self.most_events, self.events)


@asynccontextmanager
async def watched(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Work]:
    """Counts the bytes that are parsed and decompressed, and the events that are applied."""
    work = Work()
    feed, apply = SseParser.feed, chat_provider.apply_sse_event

    def counted_feed(parser: SseParser, chunk: bytes) -> Any:
        work.add(len(chunk))
        return feed(parser, chunk)

    def counted_apply(response: Any, kind: str, data: str) -> Any:
        work.add(len(data), events=1)
        return apply(response, kind, data)

    async def others() -> None:
        while True:
            work.bytes = work.events = 0
            await asyncio.sleep(0)

    monkeypatch.setattr(SseParser, "feed", counted_feed)
    monkeypatch.setattr(chat_provider, "apply_sse_event", counted_apply)
    task = asyncio.create_task(others())
    try:
        yield work
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def sends(body: str | bytes, *head: str) -> Script:
    async def script(call: Call) -> None:
        await call.head(*(head or (SSE,)))
        await call.send(body)

    return script


def event(text: str) -> str:
    return f"data: {json.dumps({'choices': [{'delta': {'content': text}}]})}\n\n"


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    "body",
    [
        "data: {}\n\n" * 20_000,
        ":\n" * 100_000,
        "\n" * 200_000,
        ONE_EVENT * 3000,
        event("progress: 5% " * 40_000),
        event("progress: 5%\n" * 70) * 300,
        "data: 1\n" * 30_000 + "\n",
    ],
    ids=["tiny events", "comments", "blank lines", "percents", "one large text", "percent lines", "one of many lines"],
)
@pytest.mark.thorough
async def test_a_stream_is_read_in_turns(client: UpstreamClient, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    async with scripted_upstream(sends(body + PICTURE)) as up, watched(monkeypatch) as work:
        events = await paintings.gather(chat.provider(client, up.url))
    assert chat.pictures(events) == [Link(url=chat.PICTURE)]
    assert 0 < work.most_bytes <= 3 * TURN_BYTES
    assert work.most_events <= TURN_BYTES // EVENT_COST + 1


async def test_a_text_too_long_for_a_turn_is_read_in_a_thread(
    client: UpstreamClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[int, bool] = {}
    apply = chat_provider.apply_sse_event

    def watched_apply(response: Any, kind: str, data: str) -> Any:
        seen[len(data)] = threading.current_thread() is threading.main_thread()
        return apply(response, kind, data)

    monkeypatch.setattr(chat_provider, "apply_sse_event", watched_apply)
    async with scripted_upstream(sends(event("x" * 10) + event("x" * 2 * TEXT_CHARS) + PICTURE)) as up:
        await paintings.gather(chat.provider(client, up.url))
    assert [on_loop for _, on_loop in sorted(seen.items())] == [True, True, False]


async def test_events_without_end_are_a_failure(client: UpstreamClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENTS", 100)
    async with scripted_upstream(sends(ONE_EVENT * 101)) as up:
        failure, _ = await paintings.fail(chat.provider(client, up.url))
    assert isinstance(failure, BadResult)
    assert failure.detail == "more than 100 events"


# ---------------------------------------------------------------- documents

DENSE = "[" + "[]," * 300_000 + "0]"


@pytest.mark.forms(1)
@pytest.mark.parametrize("body", [DENSE, '{"choices": ' + DENSE + "}", "{\n" * 50_000, "[1,\n" * 50_000])
async def test_a_document_of_nothing_but_structure_is_none(client: UpstreamClient, body: str) -> None:
    async with scripted_upstream(sends(body, JSON)) as up:
        failure, _ = await paintings.fail(chat.provider(client, up.url))
        assert isinstance(failure, PaintFailed)
        with pytest.raises(PaintFailed):
            await paintings.gather(images.provider(client, up.url))


async def test_a_task_of_nothing_but_structure_is_asked_about_again(client: UpstreamClient) -> None:
    clock = InstantClock()
    async with tasks.task_upstream(clock, submits=[OPENED], polls=[DENSE, {"id": "task-1", "status": "failed"}]) as up:
        failure, _ = await paintings.fail(tasks.provider(client, clock, up.url))
    assert isinstance(failure, PaintFailed)
    assert len(up.of("poll")) == 2


@pytest.mark.thorough
async def test_images_in_one_document_without_end_are_looked_at_to_a_limit(client: UpstreamClient) -> None:
    text = "\n".join(f"![a](https://files.example/{number}.png)" for number in range(30_000))
    async with scripted_upstream(sends(message(text), JSON)) as up:
        events = await paintings.gather(chat.provider(client, up.url))
    assert len([each for each in events if isinstance(each, FinishedImage)]) == 3


async def test_an_inline_image_of_megabytes_comes_whole(client: UpstreamClient) -> None:
    data = bytes(range(256)) * 8000
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    async with scripted_upstream(sends(event(f"![a]({url})"))) as up:
        assert chat.pictures(await paintings.gather(chat.provider(client, up.url))) == [Blob(data=data)]


# ---------------------------------------------------------------- compressed

GZIP, DEFLATE, TWICE = "Content-Encoding: gzip", "Content-Encoding: deflate", "Content-Encoding: gzip, gzip"


@pytest.mark.parametrize(
    ("pack", "head"),
    [
        (gzip.compress, GZIP),
        (gzip.compress, "Content-Encoding: X-GZIP"),
        (zlib.compress, DEFLATE),
        (bytes, "Content-Encoding: identity"),
    ],
    ids=["gzip", "x-gzip", "deflate", "identity"],
)
async def test_what_comes_compressed_once_is_read(
    client: UpstreamClient, pack: Callable[[bytes], bytes], head: str
) -> None:
    body = message(f"![a]({chat.PICTURE})").encode()
    async with scripted_upstream(sends(pack(body), JSON, head)) as up:
        events = await paintings.gather(chat.provider(client, up.url))
    assert chat.pictures(events) == [Link(url=chat.PICTURE)]


@pytest.mark.parametrize(
    ("body", "head"),
    [
        (gzip.compress(gzip.compress(b"{}" * 100_000)), TWICE),
        (b"{}", "Content-Encoding: br"),
        (b"{}", GZIP),
        (b"{}", "Content-Encoding: identity, gzip"),
    ],
    ids=["twice", "unknown", "not at all", "two names"],
)
async def test_what_comes_compressed_otherwise_is_a_failure(client: UpstreamClient, body: bytes, head: str) -> None:
    async with scripted_upstream(sends(body, JSON, head)) as up:
        failure, _ = await paintings.fail(chat.provider(client, up.url))
    assert isinstance(failure, BadResult | NoPicture)


async def test_a_bomb_bursts_in_pieces_and_ends_at_the_limit(
    client: UpstreamClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "MAX_RESPONSE_BYTES", 2_000_000)
    taken: list[int] = []
    pieces = turns.decompress

    async def watched_pieces(*args: Any) -> AsyncGenerator[bytes, None]:
        async for piece in pieces(*args):
            taken.append(len(piece))
            yield piece

    monkeypatch.setattr(http_client, "decompress", watched_pieces)
    bomb = gzip.compress(b" " * 30_000_000 + b"{}")
    async with scripted_upstream(sends(bomb, JSON, GZIP)) as up:
        failure, _ = await paintings.fail(chat.provider(client, up.url))
    assert isinstance(failure, BadResult)
    assert max(taken) <= PIECE_BYTES
    assert sum(taken) <= 2_000_000 + PIECE_BYTES


async def test_a_bomb_as_an_error_is_read_to_its_limit(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(JSON, GZIP, status="400 Bad Request")
        await call.send(gzip.compress(b'{"error": {"message": "no hands"}}' + b" " * 20_000_000))

    async with scripted_upstream(script) as up:
        with pytest.raises(Rejected) as caught:
            async with exchange(client, up.url, None, {}, method="GET", timeout_s=30, idle_timeout_s=30):
                pass
    assert caught.value.facts["quote"] == "no hands"
