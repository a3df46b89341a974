"""The chat dialect over real sockets: answers without a picture, and requests that nobody accepted."""

import asyncio
import json
import socket

import pytest

from bot.errors import (
    BadCredentials,
    BadResult,
    Busy,
    Declined,
    Moderated,
    NoAnswer,
    NoPicture,
    OutOfFunds,
    PaintFailed,
    Rejected,
    SaidFailed,
    Unreachable,
    UpstreamDown,
    WrongEndpoint,
)
from bot.painting import Accepted, Blob, Image, Link, PaintRequest, Stage, StageChanged
from bot.providers.http.client import MAX_RESPONSE_BYTES, UpstreamClient
from tests.servers.upstream.chat import (
    ACE_500,
    DONE,
    INLINE,
    KEY,
    PICTURE,
    PNG,
    SHORT,
    answers,
    hang,
    pictures,
    provider,
)
from tests.servers.upstream.paintings import fail, gather
from tests.servers.upstream.scripted import JSON, SSE, Call, delta, event, message, scripted_upstream

# ---------------------------------------------------------------- ends without a picture


@pytest.mark.parametrize(
    ("parts", "failure"),
    [
        ([delta("I'm sorry, I can't draw that.", finish_reason="stop"), DONE], Declined),
        ([delta("❌ 生成失败: 服务器开小差了", finish_reason="stop")], SaidFailed),
        ([delta("❌ 生成失败: 内容违规"), DONE], Moderated),
        ([delta("there's a rate limit in place"), DONE], Busy),
        ([delta("> 进度：60%\nthere's a rate limit in place"), DONE], Declined),
        ([delta("", finish_reason="stop")], NoPicture),
        ([delta("> ✅ 图片绘制成功\n\n"), DONE], NoPicture),
        ([delta("", finish_reason="content_filter")], Moderated),
        ([event({"choices": [{"delta": {"refusal": "I won't."}, "finish_reason": "stop"}]})], Declined),
        ([event({"choices": [{"delta": {"reasoning_content": "错误: broken"}}]}), DONE], SaidFailed),
        ([message("no")], Declined),
        ([json.dumps({"choices": []})], NoPicture),
        ([json.dumps([1])], NoPicture),
    ],
)
async def test_an_answer_without_a_picture_says_why(
    client: UpstreamClient, parts: list[str], failure: type[PaintFailed]
) -> None:
    async with scripted_upstream(answers(*parts)) as up:
        failed, seen = await fail(provider(client, up.url))
    assert type(failed) is failure
    assert Accepted() in seen


async def test_a_refusal_is_quoted_for_the_member_and_not_logged(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(delta(f"I can't draw that with {KEY}.\nSorry."), DONE)) as up:
        failed, _ = await fail(provider(client, up.url))
    assert failed.facts == {"quote": "I can't draw that with …. Sorry."}
    assert failed.detail is None
    assert failed.trace == "chatcmpl-1"


LIMIT = {"error": {"code": "rate_limit_exceeded", "message": "slow down"}}


@pytest.mark.parametrize(
    ("parts", "failure"),
    [
        ([event(LIMIT), DONE], Busy),
        ([delta("> 进度：60%\n"), event(LIMIT), DONE], SaidFailed),
        ([event(ACE_500), DONE], SaidFailed),
        ([json.dumps(ACE_500)], SaidFailed),
        ([json.dumps({"error": {"code": "insufficient_quota"}})], OutOfFunds),
        ([json.dumps({"code": 401, "message": "who?"})], BadCredentials),
        ([event({"error": {"message": "invalid apitype: -1"}})], WrongEndpoint),
        ([delta("> 进度：60%\n"), event({"error": {"code": "moderation_blocked"}})], Moderated),
        ([event({"error": {"code": 422, "message": "size"}})], Rejected),
        (['event: error\ndata: {"message": "it broke"}\n\n'], SaidFailed),
        (['event: error\ndata: {"error": {"code": "moderation_blocked"}}\n\n'], Moderated),
        (
            [event({"choices": [{"error": {"code": 502, "message": "provider"}, "finish_reason": "error"}]})],
            SaidFailed,
        ),
    ],
)
async def test_an_error_inside_a_success_is_told_and_never_leads_to_a_second_payment(
    client: UpstreamClient, parts: list[str], failure: type[PaintFailed]
) -> None:
    async with scripted_upstream(answers(*parts)) as up:
        failed, _ = await fail(provider(client, up.url))
    assert type(failed) is failure


async def test_the_trace_of_an_error_inside_a_success_is_kept(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(json.dumps(ACE_500))) as up:
        failed, _ = await fail(provider(client, up.url))
    assert (failed.trace, failed.facts) == ("2cf86e86", {"quote": "fetch failed"})


async def test_a_picture_before_an_error_counts(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(delta(f"![]({PICTURE})\n"), event(ACE_500), DONE)) as up:
        assert pictures(await gather(provider(client, up.url))) == [Link(url=PICTURE)]


async def test_broken_base64_is_a_bad_result_only_when_it_is_alone(client: UpstreamClient) -> None:
    bad = ["data:image/png;base64,A", "data:image/png,AAAA", "data:image/png;base64,"]
    scripts = [answers(delta(f"![]({url})"), DONE) for url in bad]
    async with scripted_upstream(*scripts, answers(delta(f"![]({bad[0]})\n![]({INLINE})"), DONE)) as up:
        for _ in bad:
            failed, _ = await fail(provider(client, up.url))
            assert isinstance(failed, BadResult)
        assert pictures(await gather(provider(client, up.url))) == [Blob(data=PNG)]


async def test_an_answer_beyond_the_cap_is_dropped(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(SSE)
        for _ in range(MAX_RESPONSE_BYTES // 1_000_000 + 10):
            await call.send(b": " + b"x" * 1_000_000 + b"\n\n")

    async with scripted_upstream(script) as up:
        failed, _ = await fail(provider(client, up.url))
    assert isinstance(failed, BadResult)


# ---------------------------------------------------------------- before anything was accepted


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        ("502 Bad Gateway", "<html>Bad Gateway</html>", UpstreamDown),
        ("500 Oops", json.dumps(ACE_500), UpstreamDown),
        (
            "401 No",
            json.dumps({"error": {"code": "invalid_token", "message": f"{KEY} is wrong"}}),
            BadCredentials,
        ),
        ("429 Slow", json.dumps({"error": {"code": "too_many_requests"}}), Busy),
        ("400 Bad", json.dumps({"error": {"code": "invalid_size", "message": "size"}}), Rejected),
        ("302 Found", "", WrongEndpoint),
        ("404 Not Found", "", WrongEndpoint),
        ("200 OK", "\n<!doctype html><h1>Welcome</h1>", UpstreamDown),
    ],
)
async def test_an_error_answer_is_told_without_acceptance(
    client: UpstreamClient, status: str, body: str, failure: type[PaintFailed]
) -> None:
    async with scripted_upstream(
        answers(body, head=("Content-Type: text/html", "Retry-After: 3"), status=status)
    ) as up:
        failed, seen = await fail(provider(client, up.url))
    assert type(failed) is failure
    assert seen == [StageChanged(Stage.SENDING)]
    assert KEY not in f"{failed.detail}{failed.facts}"
    if isinstance(failed, Busy):
        assert failed.retry_after == 3


async def test_the_status_decides_when_the_body_of_an_error_breaks_off(client: UpstreamClient) -> None:
    script = answers("half", head=("Content-Length: 99999",), status="503 Down")
    async with scripted_upstream(script, answers("x" * 200_000, status="503 Down")) as up:
        for _ in range(2):
            failed, _ = await fail(provider(client, up.url))
            assert isinstance(failed, UpstreamDown)


async def test_a_refused_connection_is_unreachable(client: UpstreamClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections to it are refused
        failed, seen = await fail(provider(client, f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert isinstance(failed, Unreachable)
    assert seen == [StageChanged(Stage.SENDING)]


async def test_an_address_that_is_none_is_a_wrong_endpoint(client: UpstreamClient) -> None:
    for url in ("ftp://127.0.0.1/", "http://127.0.0.1/\x07"):
        failed, _ = await fail(provider(client, url))
        assert isinstance(failed, WrongEndpoint)


async def test_no_headers_until_the_deadline_is_no_answer(client: UpstreamClient) -> None:
    async with scripted_upstream(hang) as up:
        failed, seen = await fail(provider(client, up.url, timeout_s=SHORT, idle_timeout_s=SHORT / 4))
        await up.calls[0].closed_by_client.wait()
    assert isinstance(failed, NoAnswer)
    assert seen == [StageChanged(Stage.SENDING)]


async def test_silence_before_the_headers_lasts_as_long_as_a_painting_may(client: UpstreamClient) -> None:
    """An upstream that was asked to stream and does not sends its headers with the picture."""

    async def script(call: Call) -> None:
        await asyncio.sleep(SHORT)
        await answers(message(f"![]({PICTURE})"), head=(JSON,))(call)

    async with scripted_upstream(script) as up:
        assert pictures(await gather(provider(client, up.url, idle_timeout_s=SHORT / 4))) == [Link(url=PICTURE)]


async def test_a_request_that_could_not_be_written_was_not_accepted(client: UpstreamClient) -> None:
    async def reset(call: Call) -> None:
        call.reset()

    big = Image(data=bytes(30_000_000), media_type="image/png", width=1, height=1)
    async with scripted_upstream(reset, hang_unread, reads=False) as up:
        failed, _ = await fail(provider(client, up.url), PaintRequest(prompt="x", references=(big,)))
        assert isinstance(failed, Unreachable)
        failed, _ = await fail(provider(client, up.url, timeout_s=SHORT), PaintRequest(prompt="x", references=(big,)))
        assert isinstance(failed, Unreachable)


async def hang_unread(call: Call) -> None:
    await asyncio.Event().wait()
