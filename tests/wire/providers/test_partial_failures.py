"""Answers in which some images fail and others succeed: what came is delivered, and why the others did not is told."""

import json
from typing import Any

import pytest

from bot.errors import Moderated, Retry, SaidFailed
from bot.painting import FinishedImage, ImageMissing, Link, Options, PaintEvent, PaintRequest, Usage
from bot.providers.http.client import UpstreamClient
from tests.servers.upstream import chat, images, tasks
from tests.servers.upstream.images import LINK, USAGE
from tests.servers.upstream.paintings import fail, gather
from tests.servers.upstream.scripted import Call, Script, delta, event, scripted_upstream
from tests.support.clocks import InstantClock

EMPTY = {"message": "", "type": "", "param": "", "code": None}
SENSITIVE = {
    "code": "OutputImageSensitiveContentDetected",
    "message": "The output image may contain sensitive content.",
}
TWO = PaintRequest(prompt="a cat", options=Options(n=2))


def document(body: object) -> Script:
    async def script(call: Call) -> None:
        await call.respond_json(body)

    return script


def stream(*parts: str, ends: bool = True) -> Script:
    async def script(call: Call) -> None:
        await call.head("Content-Type: text/event-stream")
        for part in parts:
            await call.send(part)
        if not ends:
            await call.hangup()

    return script


def links(events: list[PaintEvent]) -> list[str]:
    return [each.source.url for each in events if isinstance(each, FinishedImage) and isinstance(each.source, Link)]


def reasons(events: list[PaintEvent]) -> list[str]:
    return [each.reason for each in events if isinstance(each, ImageMissing)]


def typed(kind: str, **fields: Any) -> str:
    return images.event(f"image_generation.{kind}", **fields)


@pytest.mark.parametrize("error", [EMPTY, {}, None, "", "null", {"code": 0, "message": "success"}, {"code": "0"}])
async def test_an_empty_error_beside_a_picture_is_a_success(client: UpstreamClient, error: object) -> None:
    async with scripted_upstream(document({"data": [{"url": LINK}], "error": error})) as up:
        events = await gather(images.provider(client, up.url))
    assert (links(events), reasons(events)) == ([LINK], [])


@pytest.mark.parametrize(
    "data",
    [[{"url": LINK}, {"error": SENSITIVE}], [{"error": SENSITIVE}, {"url": LINK}]],
)
async def test_one_of_two_pictures_in_a_document(client: UpstreamClient, data: list[object]) -> None:
    async with scripted_upstream(document({"data": data, "usage": USAGE})) as up:
        events = await gather(images.provider(client, up.url), TWO)
    assert (links(events), reasons(events)) == ([LINK], ["failed-moderated"])
    assert any(isinstance(each, Usage) for each in events)


@pytest.mark.parametrize(
    "data", [[{"error": SENSITIVE}], [{"error": SENSITIVE}, {"error": SENSITIVE}], [{"respect_moderation": False}]]
)
async def test_a_document_in_which_every_picture_fails(client: UpstreamClient, data: list[object]) -> None:
    async with scripted_upstream(document({"data": data})) as up:
        failed, _ = await fail(images.provider(client, up.url), TWO)
    assert type(failed) is Moderated


async def test_a_stream_in_which_one_picture_fails_before_another_succeeds(client: UpstreamClient) -> None:
    parts = (
        typed("partial_failed", image_index=0, error=SENSITIVE),
        typed("partial_succeeded", image_index=1, url=LINK),
        typed("completed", usage=USAGE),
    )
    async with scripted_upstream(stream(*parts)) as up:
        events = await gather(images.provider(client, up.url))
    assert (links(events), reasons(events)) == ([LINK], ["failed-moderated"])
    assert any(isinstance(each, Usage) for each in events)


async def test_a_stream_in_which_every_picture_fails(client: UpstreamClient) -> None:
    parts = (typed("partial_failed", error=SENSITIVE), typed("completed", usage=USAGE))
    async with scripted_upstream(stream(*parts)) as up:
        failed, _ = await fail(images.provider(client, up.url))
    assert type(failed) is Moderated


async def test_a_picture_after_an_error_of_the_whole_stream_counts(client: UpstreamClient) -> None:
    error = {"error": {"message": "odd"}}
    for make, parts in (
        (images.provider, (event(error), typed("completed", url=LINK))),
        (chat.provider, (event(error), delta(f"![]({LINK})"), "data: [DONE]\n\n")),
    ):
        async with scripted_upstream(stream(*parts)) as up:
            events = await gather(make(client, up.url))
        assert (links(events), reasons(events)) == ([LINK], ["failed-said"])


@pytest.mark.parametrize("make", [images.provider, chat.provider])
async def test_a_stream_that_stays_open_after_its_error_is_not_waited_for(
    client: UpstreamClient, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("bot.providers.images.provider", "bot.providers.chat.provider"):
        monkeypatch.setattr(f"{module}.AFTER_ERROR_S", 0.05)
    async with scripted_upstream(stream(event({"error": {"message": "odd"}}), ends=False)) as up:
        failed, _ = await fail(make(client, up.url))
    assert (type(failed), failed.facts) == (SaidFailed, {"quote": "odd"})


async def test_one_of_two_requests_of_a_chat(client: UpstreamClient) -> None:
    painted = stream(delta(f"![]({LINK})"), "data: [DONE]\n\n")
    refused = stream(delta("", finish_reason="content_filter"), "data: [DONE]\n\n")
    async with scripted_upstream(painted, refused) as up:
        events = await gather(chat.provider(client, up.url), TWO)
    assert (links(events), reasons(events)) == ([LINK], ["failed-moderated"])


async def test_one_of_two_results_of_a_task(client: UpstreamClient) -> None:
    clock = InstantClock()
    done = {"id": "task-1", "status": "completed", "results": [LINK, {"error": SENSITIVE}]}
    async with tasks.task_upstream(clock, submits=[{"id": "task-1", "status": "pending"}], polls=[done]) as up:
        events = await gather(tasks.provider(client, clock, up.url), TWO)
    assert (links(events), reasons(events)) == ([LINK], ["failed-moderated"])


@pytest.mark.parametrize("status", ["failed", "cancelled"])
@pytest.mark.parametrize("preset", ["evolink", "toapis"])
@pytest.mark.parametrize(
    ("error", "reason"),
    [(SENSITIVE, "failed-moderated"), ({"message": "out of memory"}, "failed-said"), (None, "failed-said")],
)
async def test_the_pictures_of_a_failed_task_are_delivered_and_its_reason_told(
    client: UpstreamClient, preset: str, error: object, reason: str, status: str
) -> None:
    clock = InstantClock()
    results = {"results": [LINK]} if preset == "evolink" else {"result": {"data": [{"url": LINK}]}}
    failed = {"id": "task-1", "status": status, "error": error, **results}
    async with tasks.task_upstream(clock, submits=[{"id": "task-1", "status": "pending"}], polls=[failed]) as up:
        events = await gather(tasks.provider(client, clock, up.url, preset), TWO)
    assert (links(events), reasons(events)) == ([LINK], [reason])


async def test_the_address_of_a_failed_task_itself_is_no_picture(client: UpstreamClient) -> None:
    clock = InstantClock()
    failed = {"id": "task-1", "status": "failed", "url": LINK, "input": {"image_urls": [LINK]}}
    async with tasks.task_upstream(clock, submits=[{"id": "task-1", "status": "pending"}], polls=[failed]) as up:
        failure, _ = await fail(tasks.provider(client, clock, up.url, "toapis"), TWO)
    assert failure.retry is Retry.NEVER


@pytest.mark.parametrize(
    "reason",
    ["IMAGE_SAFETY", "SAFETY", "image_safety", "PROHIBITED_CONTENT", "IMAGE_PROHIBITED_CONTENT", "BLOCKLIST",
     "IMAGE_RECITATION", "content_filter", "FinishReason.IMAGE_SAFETY", "content-filter"],
)  # fmt: skip
@pytest.mark.parametrize("streams", [False, True])
async def test_a_finish_by_content_rules_is_moderation(client: UpstreamClient, reason: str, streams: bool) -> None:
    choice = {"message": {"content": None}, "finish_reason": reason}
    if streams:
        choice = {"delta": {"content": None}, "finish_reason": reason}
    script = stream(event({"choices": [choice]}), "data: [DONE]\n\n") if streams else document({"choices": [choice]})
    async with scripted_upstream(script) as up:
        failed, _ = await fail(chat.provider(client, up.url))
    assert type(failed) is Moderated


async def test_the_models_own_reason_counts_beside_an_ordinary_one(client: UpstreamClient) -> None:
    choice = {"message": {"content": ""}, "finish_reason": "stop", "native_finish_reason": "IMAGE_SAFETY"}
    async with scripted_upstream(document({"choices": [choice]})) as up:
        failed, _ = await fail(chat.provider(client, up.url))
    assert type(failed) is Moderated


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ('{"prompt": "a cat", "size": "1024x1024"}', None),
        ("<html><body>Sorry</body></html>", None),
        ('I cannot draw that. {"reason": "policy"}', "I cannot draw that."),
        ("I <b>cannot</b> draw that.", "I cannot draw that."),
        ('❌ 生成失败: {"error": {"message": "no hands today", "code": 7}}', "no hands today"),
        ("❌ generation failed: <div>oops</div>", "❌ generation failed: oops"),
    ],
)
async def test_a_reply_is_quoted_as_sentences(client: UpstreamClient, text: str, quote: str | None) -> None:
    reply = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
    async with scripted_upstream(document(json.loads(json.dumps(reply)))) as up:
        failed, _ = await fail(chat.provider(client, up.url))
    assert failed.facts.get("quote") == quote
