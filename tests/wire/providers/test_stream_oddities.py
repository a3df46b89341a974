"""Streams and bodies as relays really frame them: what was painted is delivered, and what was said is understood."""

import gzip
import json

import pytest

from bot.errors import Busy, Declined, Moderated, NoPicture, PaintFailed, SaidFailed, UpstreamDown
from bot.providers.http.client import UpstreamClient
from tests.servers.upstream import chat, images
from tests.servers.upstream.images import event as image_event
from tests.servers.upstream.paintings import fail
from tests.servers.upstream.scripted import JSON, SSE, Call, Script, delta, event, message, scripted_upstream
from tests.wire.providers.failure_answer import MODERATION, SAFETY, openai
from tests.wire.providers.relay import B64, FOX, Relay, painted

PICTURE = "![a fox](http://HOST/a.png)"
FILES = {"/a.png": FOX}
DONE = "data: [DONE]\n\n"
HEAD = '{"id": "x", "choices": [{"index": 0, "delta":'
CHUNK = f'{HEAD} {{"content": {json.dumps(PICTURE)}}}}}]}}'

CHAT = [
    f"\ufeffdata: {CHUNK}\n\n{DONE}",
    f": PROCESSING\n\n: PROCESSING\ndata:{CHUNK}\n\ndata:[DONE]\n\n",
    f"id: 1\nretry: 10\nevent: message\ndata: {CHUNK}\ndata: {DONE}",
    f"data: {HEAD}\ndata: {CHUNK.removeprefix(HEAD)}\n\n{DONE}",
    f"data: {CHUNK[:-20]}\ndata: {CHUNK[-20:]}\n\n{DONE}",
    f"data: data: {CHUNK}\n\n{DONE}",
    f"data: {CHUNK}\n\ndata: [done]\n\n",
    f"data: {CHUNK}\n\n[DONE]\n\n",
    f'data: {CHUNK}\n\ndata: "[DONE]"\n\n',
    f"{CHUNK}\r\n{CHUNK}\r\n",
    CHUNK + CHUNK,
    f"\n\n {CHUNK}",
    "http://HOST/a.png",
    f"Here it is: {PICTURE}",
    json.dumps({"choices": [{"index": 0, "text": PICTURE, "finish_reason": "stop"}]}),
    json.dumps({"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": B64}}]}}]}),
]
IMAGES = [
    image_event("succeeded", b64_json=B64) + DONE,
    image_event("done", url="http://HOST/a.png") + DONE,
    "event: result\ndata: " + json.dumps({"b64_json": B64}) + "\n\n" + DONE,
    "http://HOST/a.png\n",
]


@pytest.mark.parametrize(("preset", "bodies"), [("relay", CHAT), ("openai", IMAGES)])
async def test_a_picture_is_found_however_it_is_framed(preset: str, bodies: list[str]) -> None:
    for body in bodies:
        found, _ = await painted(Relay(body, head=SSE, files=FILES), preset)
        assert (body, found) == (body, [FOX])


@pytest.mark.parametrize("preset", ["relay", "openai-hk"])
async def test_the_picture_itself_is_an_answer(preset: str) -> None:
    assert await painted(Relay(FOX, head="Content-Type: image/png"), preset) == ([FOX], 0)


ENCODINGS = ("gzip", "br", "zstd", "none", "utf-8", "aws-chunked", "chunked", "gzip, gzip", "identity, identity")


async def test_an_encoding_that_an_answer_has_not_is_none() -> None:
    for encoding in ENCODINGS:
        relay = Relay(message(PICTURE), head=f"{JSON}\r\nContent-Encoding: {encoding}", files=FILES)
        assert (encoding, await painted(relay, "relay")) == (encoding, ([FOX], 0))


async def test_gzip_may_come_in_several_members() -> None:
    whole = image_event("completed", b64_json=B64).encode()
    relay = Relay(gzip.compress(whole[:100]) + gzip.compress(whole[100:]), head=f"{SSE}\r\nContent-Encoding: gzip")
    assert await painted(relay, "openai") == ([FOX], 0)


def answers(body: str | bytes, *headers: str, status: str = "200 OK") -> Script:
    async def script(call: Call) -> None:
        await call.respond(body, *headers, status=status)

    return script


ENDS: list[tuple[str, type[PaintFailed]]] = [
    (f"event: error\ndata: {SAFETY}\n\n", Moderated),
    (f"data: {SAFETY}\n\n{DONE}", Moderated),
    (f"data: {json.dumps(MODERATION)}\n\n", Moderated),
    (json.dumps({"choices": [{"message": {"content": None}, "finishReason": "IMAGE_SAFETY"}]}), Moderated),
    (json.dumps({"candidates": [{"finishReason": "IMAGE_SAFETY"}]}), Moderated),
    ("<html><body>502 Bad Gateway</body></html>", UpstreamDown),
]
CHAT_ENDS: list[tuple[str, type[PaintFailed]]] = [
    (delta("Drawing") + json.dumps(MODERATION), Moderated),
    (delta("Drawing") + f"\n{json.dumps(MODERATION)}\n\n", Moderated),
    (delta("Drawing") + f"data: {SAFETY}\n\n", Moderated),
    (
        json.dumps({"choices": [{"message": {}, "content_filter_results": {"hate": {"filtered": True}}}]}),
        Moderated,
    ),
    (json.dumps({"choices": [{"message": {}, "finish_details": {"type": "content_filter"}}]}), Moderated),
    (event(openai("try again in 2s", "rate_limit_exceeded")) + DONE, Busy),
    (delta("Drawing") + event(openai("try again in 2s", "rate_limit_exceeded")) + DONE, SaidFailed),
    (message("I can't draw that."), Declined),
    (message("I can't draw that, see https://x.example/rules"), Declined),
    (message(json.dumps(MODERATION)), Moderated),
    (message(f"```json\n{json.dumps(MODERATION)}\n```"), Moderated),
    (message('```json\n{"prompt": "a cat", "image": "http://127.0.0.1:1/a"}\n```'), NoPicture),
]


@pytest.mark.parametrize("dialect", ["chat", "images"])
async def test_an_end_without_a_picture_has_its_reason(client: UpstreamClient, dialect: str) -> None:
    for body, becomes in [*ENDS, *(CHAT_ENDS if dialect == "chat" else ())]:
        kind = "text/html" if body.startswith("<") else "text/event-stream"
        async with scripted_upstream(answers(body, f"Content-Type: {kind}")) as up:
            make = chat.provider if dialect == "chat" else images.provider
            failed, _ = await fail(make(client, up.url))
        assert (body, type(failed)) == (body, becomes)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
async def test_an_error_is_read_in_the_encodings_of_its_senders(client: UpstreamClient, encoding: str) -> None:
    body = json.dumps(openai("内容违规"), ensure_ascii=False).encode(encoding)
    async with scripted_upstream(answers(body, JSON, status="400 Bad")) as up:
        failed, _ = await fail(chat.provider(client, up.url))
    assert type(failed) is Moderated


async def test_no_member_reads_what_is_no_text(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(FOX, "Content-Type: application/octet-stream", status="400 Bad")) as up:
        failed, _ = await fail(chat.provider(client, up.url))
    assert failed.facts == {"quote": "HTTP 400"}
