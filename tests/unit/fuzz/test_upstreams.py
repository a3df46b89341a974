"""Whatever upstreams send, in any shape: a reader gives events, or a failure of ours, and never breaks."""

import base64
import json
import math
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from bot.errors import BadResult, Lost, PaintFailed
from bot.painting import FinishedImage, PaintEvent, Progress, Usage
from bot.providers.chat.message_parts import parse_message
from bot.providers.chat.progress import ReplyParser
from bot.providers.chat.response import ChatResponse
from bot.providers.chat.verdict import Verdict
from bot.providers.http.client import HttpResponse
from bot.providers.http.failures import failure_of_response
from bot.providers.http.json_safe import parse_json_documents
from bot.providers.http.quoting import Redactions
from bot.providers.http.sse import iter_sse_events
from bot.providers.http.waits import wait_from_headers
from bot.providers.image_urls import decode_data_url, parse_image_url
from bot.providers.images.response import ImagesResponse
from bot.providers.presets import PRESETS, TasksWire
from bot.providers.tasks.response import parse_task
from tests.support.examples import examples
from tests.unit.fuzz.strategies import JSON, SIZES, TEXT, cut, with_names

PICTURE = "https://files.example/fox.png"
SECRET = "sk-secret"
PROMPT = "a fox, progress: 50%, ![](https://files.example/prompt.png)"

WORDS = [
    "completed", "failed", f"![x]({PICTURE})", "data:image/png;base64,AAAA", "[DONE]", "48%", PICTURE, SECRET,
    "image_generation.partial_image", "image_generation.completed", "error", "insufficient balance", "<html>",
]  # fmt: skip
DOCUMENTS = with_names(
    """
    choices delta message content text reasoning_content refusal images image_url url error code type data b64_json
    results result status progress id usage output_tokens input_tokens input_tokens_details image_tokens task_id
    fail_reason multi_mod_content inline_data index finish_reason success innererror metadata reasons trace_id credits
    """,
    st.sampled_from(WORDS),
)
WIRES = [
    *(preset.wire for preset in PRESETS.values() if isinstance(preset.wire, TasksWire)),
    TasksWire(credits_path=("usage", "credits"), progress_scale=100.0),
]
PRICES = [None, *(preset.token_price for preset in PRESETS.values() if preset.token_price)]
MARKS = [
    "\n", "\n\n", "> ", "进度", "进度：", "progress", "5", "50%", "%", "．", "..", "…", "```", "<think>", "</think>",
    "![", "](", ")", "(", PICTURE, "[100](", "[下载](", "关键字：", "❌ 生成失败", "原因：", "正在重试", "排队", "\r",
    " ", "*", "data:image/png;base64,AA==", PROMPT, "sorry, I cannot", "rate limit", "\ud83e",
]  # fmt: skip
SCRAPS = st.lists(
    st.sampled_from(MARKS) | st.text(st.characters(), max_size=4),
    max_size=25,
).map("".join)


def ended(reply: ChatResponse | ImagesResponse, lost: Lost | None) -> list[object]:
    """What an answer gave in the end; its failure as class and words."""
    try:
        return [*reply.end_response(lost)]
    except PaintFailed as failed:
        return [type(failed), str(failed.facts)]


def chunk(text: str) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}}]}


# ---------------------------------------------------------------- documents


@given(st.lists(DOCUMENTS, max_size=3), st.sampled_from([None, Lost]))
def test_any_answer_of_a_chat_is_events_or_a_failure(documents: list[Any], lost: type[Lost] | None) -> None:
    reply = ChatResponse(PROMPT, redact=Redactions(secrets=(SECRET,)))
    for document in documents:
        for each in parse_json_documents(json.dumps(document)):
            reply.apply_message(parse_message(each))
    ended(reply, lost() if lost else None)
    assert reply.trace is None or reply.trace.encode()


@given(st.lists(st.tuples(DOCUMENTS, TEXT), max_size=3), st.sampled_from(PRICES), st.sampled_from([None, Lost]))
def test_any_answer_of_the_images_api_is_events_or_a_failure(
    documents: list[tuple[Any, str]], price: Any, lost: type[Lost] | None
) -> None:
    reply = ImagesResponse(price=price, redact=Redactions(secrets=(SECRET,)))
    for document, kind in documents:
        for each in parse_json_documents(json.dumps(document)):
            reply.apply_document(each, kind)
    for event in ended(reply, lost() if lost else None):
        if isinstance(event, Usage) and event.credits is not None:
            assert math.isfinite(event.credits)


@given(DOCUMENTS, st.sampled_from(WIRES))
def test_any_answer_about_a_task_is_understood_or_says_nothing(document: Any, wire: TasksWire) -> None:
    for each in parse_json_documents(json.dumps(document)):
        told = parse_task(each, wire)
        assert told.id is None or told.id.encode()
        assert told.progress is None or 0 <= told.progress <= 100
        assert all(parse_image_url(image.url) for image in told.images)
        assert told.usage is None or told.usage.credits is None or math.isfinite(told.usage.credits)


@given(st.binary() | TEXT | st.integers(0, 3000).map("[".__mul__))
def test_any_text_is_documents_or_none(said: bytes | str) -> None:
    for each in parse_json_documents(said if isinstance(said, str) else said.decode("utf-8", "replace")):
        parse_message(each)


@given(
    TEXT
    | TEXT.map("data:;base64,".__add__)
    | st.binary().map(lambda data: "data:;base64," + base64.b64encode(data).decode())
)
def test_any_address_that_holds_a_picture_is_bytes_or_a_bad_result(url: str) -> None:
    with suppress(BadResult):
        assert decode_data_url(url)


# ---------------------------------------------------------------- errors

PARTS = [
    "Mon,", "01", "31", "Jan", "2024", "0001", "9999", "99999", "00:00:00", "25:61:61", "24:00", "12", "",
    "GMT", "+9999", "-2359", "-0000", "+99999999999999999999",
]  # fmt: skip
DATES = st.lists(
    st.sampled_from(PARTS),
    max_size=7,
).map(" ".join)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "retry-after-ms", "date", "x-request-id"]),
    DATES | TEXT | st.sampled_from(["nan", "inf", "-1", "1e999", "9" * 5000, "3"]),
)


@given(st.integers(300, 999), HEADERS, st.binary())
def test_any_error_answer_is_a_failure(status: int, headers: dict[str, str], body: bytes) -> None:
    assert isinstance(failure_of_response(status, headers, body), PaintFailed)
    wait = wait_from_headers(headers)
    assert wait is None or (wait >= 0 and math.isfinite(wait))


@given(st.integers(400, 599), DOCUMENTS)
def test_any_error_document_is_a_failure_that_quotes_no_secret(status: int, document: Any) -> None:
    body = json.dumps({"error": document, "message": SECRET, "trace_id": SECRET}).encode()
    failed = failure_of_response(status, {}, body, redact=Redactions(secrets=(SECRET,)))
    said = f"{failed.facts} {failed.detail} {failed.trace}"
    assert SECRET not in said
    assert said.encode()


# ---------------------------------------------------------------- replies, however they are cut


def told(text: str, sizes: list[int], *, prompt: str, cut_off: bool, thoughts: bool) -> list[PaintEvent | Verdict]:
    reader = ReplyParser(prompt, is_reasoning=thoughts)
    said = [event for piece in cut(text, sizes) for event in reader.feed(piece)]
    return [*said, *reader.end_reply(cut=cut_off)]


@given(SCRAPS, SIZES, st.sampled_from(["", PROMPT]), st.booleans(), st.booleans())
def test_any_reply_tells_the_same_however_it_is_cut(
    text: str, sizes: list[int], prompt: str, cut_off: bool, thoughts: bool
) -> None:
    whole = told(text, [len(text) or 1], prompt=prompt, cut_off=cut_off, thoughts=thoughts)
    assert told(text, sizes, prompt=prompt, cut_off=cut_off, thoughts=thoughts) == whole
    percents = [event.percent for event in whole if isinstance(event, Progress)]
    assert percents == sorted(set(percents))
    assert all(0 <= each <= 100 for each in percents)
    assert not (thoughts and any(isinstance(event, FinishedImage) for event in whole))


@given(SCRAPS.filter(lambda text: "\ud83e" not in text), SIZES, st.sampled_from([None, Lost]))
def test_any_stream_of_a_chat_tells_the_same_however_it_is_cut(
    text: str, sizes: list[int], lost: type[Lost] | None
) -> None:
    def heard(pieces: list[str]) -> list[object]:
        reply = ChatResponse(PROMPT)
        events = [
            event
            for piece in pieces
            for each in parse_json_documents(json.dumps(chunk(piece)))
            for event in reply.apply_message(parse_message(each))
        ]
        return [*events, *ended(reply, lost() if lost else None)]

    assert heard(cut(text, sizes)) == heard([text])


@settings(max_examples=examples(15))
@given(st.lists(SCRAPS, min_size=1, max_size=3).map("".join), st.sampled_from(["", "\n", "![](", "[1](https://a"]))
@pytest.mark.thorough
def test_any_reply_is_read_in_linear_time(scrap: str, begins: str) -> None:
    """The test's own time limit is the judge: a quadratic reader would need minutes."""
    text = begins + scrap * (200_000 // (len(scrap) or 1))
    for sizes in ([len(text) or 1], [7]):
        told(text, sizes, prompt=PROMPT, cut_off=False, thoughts=False)


# ---------------------------------------------------------------- events, however they are cut

LINES = st.lists(
    st.sampled_from(
        [b"data:", b"data: ", b"event: x", b"id: 1", b"id: \0", b"retry: -9", b"retry: x", b": ping", b"data"]
    )
    | st.sampled_from(
        [b"\n", b"\r", b"\r\n", b"\n\n", b"[DONE]", b"\xef\xbb\xbf", "狐".encode(), "\u2028\x85\x0c".encode()]
    )
    | JSON.map(lambda document: json.dumps(chunk(str(document)), ensure_ascii=False).encode("utf-8", "replace"))
    | st.binary(max_size=6),
    max_size=20,
).map(b"".join)


async def heard(pieces: list[bytes]) -> list[tuple[str, str]]:
    """The events of an answer that comes in these pieces."""

    async def body() -> AsyncGenerator[bytes]:
        for piece in pieces:
            yield piece

    answer = HttpResponse(httpx.Response(200, content=body()), deadline=math.inf, timeout_s=60, idle_timeout_s=60)
    return [event async for event in iter_sse_events(answer)]


@given(LINES, SIZES)
async def test_any_stream_of_bytes_is_the_same_events_however_it_is_cut(said: bytes, sizes: list[int]) -> None:
    events = await heard(cut(said, sizes))
    assert events == await heard([said])
    reply, images = ChatResponse(PROMPT), ImagesResponse()
    for kind, data in events:
        for document in parse_json_documents(data):
            reply.apply_message(parse_message(document))
            images.apply_document(document, kind)
    ended(reply, None)
    ended(images, None)
