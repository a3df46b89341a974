"""The chat dialect over real sockets: what is lost on the way, who closes what, several at once, secrets."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
import structlog

from bot.errors import CutShort, SaidFailed, TookTooLong, WentQuiet
from bot.painting import Accepted, Link, Options, PaintEvent, PaintRequest, Progress, Stage, StageChanged
from bot.providers.http.client import UpstreamClient
from tests.servers.upstream.chat import (
    ACE_500,
    DONE,
    KEY,
    OTHER,
    PICTURE,
    SHORT,
    answers,
    hang,
    percents,
    pictures,
    provider,
)
from tests.servers.upstream.paintings import fail, gather
from tests.servers.upstream.scripted import JSON, SSE, Call, Script, delta, event, message, scripted_upstream

# ---------------------------------------------------------------- lost on the way


@pytest.mark.parametrize("ending", ["fin", "rst", "half headers"])
async def test_a_connection_lost_after_the_request_may_have_been_accepted(client: UpstreamClient, ending: str) -> None:
    async def script(call: Call) -> None:
        if ending == "rst":
            call.reset()
        elif ending == "half headers":
            await call.send("HTTP/1.1 200 OK\r\nContent-Ty")

    async with scripted_upstream(script) as up:
        failed, seen = await fail(provider(client, up.url))
    assert isinstance(failed, CutShort)
    assert seen == [StageChanged(Stage.SENDING)]


CUT = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("head", "parts"),
    [
        ((SSE,), [delta("> 进度：60%\n")]),
        ((SSE,), []),
        ((SSE,), [delta("Here it is: ![](https://files.exam")]),
        ((SSE,), [delta(PICTURE)]),
        ((SSE,), [delta("I am drawing a cat for you now and")]),
        ((SSE,), ['data: {"choices": [{"delta": {"content": "![](https://x.exam']),
        ((SSE,), [delta("图")[:-10].encode()[:-1]]),
        ((SSE, CUT), ["5\r\ndata"]),
        ((JSON, "Content-Length: 500"), [message(f"![]({PICTURE})")[:60]]),
        ((JSON,), [message(f"![]({PICTURE})").partition(PICTURE[-4:])[0]]),
        (("Content-Type: text/html",), []),
    ],
)
async def test_an_answer_that_breaks_off_without_a_picture_is_cut_short(
    client: UpstreamClient, head: tuple[str, ...], parts: list[str | bytes]
) -> None:
    async with scripted_upstream(answers(*parts, head=head)) as up:
        failed, _ = await fail(provider(client, up.url))
    assert isinstance(failed, CutShort)


async def test_a_failure_that_was_said_before_the_cut_is_told(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(delta("❌ 生成失败: 服务器开小差了\n"))) as up:
        failed, _ = await fail(provider(client, up.url))
    assert isinstance(failed, SaidFailed)


@pytest.mark.parametrize("ending", ["fin", "rst", "silence", "late"])
async def test_a_picture_that_was_complete_counts_however_the_answer_ends(client: UpstreamClient, ending: str) -> None:
    async def script(call: Call) -> None:
        await call.head(SSE, CUT)
        await call.chunk(delta(f"![]({PICTURE})"))
        if ending == "rst":
            await asyncio.sleep(0.05)  # so that the picture is not lost in the kernel with the reset
            call.reset()
        elif ending == "silence":
            await call.hangup()
        elif ending == "late":
            while True:
                await call.chunk(": ping\n\n")
                await asyncio.sleep(SHORT / 20)

    async with scripted_upstream(script) as up:
        made = provider(client, up.url, timeout_s=SHORT if ending == "late" else 9, idle_timeout_s=SHORT)
        assert pictures(await gather(made)) == [Link(url=PICTURE)]


async def test_an_answer_may_end_by_finish_reason_alone(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(delta(PICTURE), delta("", finish_reason="stop"))) as up:
        assert pictures(await gather(provider(client, up.url))) == [Link(url=PICTURE)]


async def test_a_line_that_is_broken_after_the_end_is_no_failure(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(SSE, CUT)
        await asyncio.sleep(0.05)  # a broken chunk takes with it a head that came in the same piece
        await call.chunk(delta(PICTURE, finish_reason="stop"))
        await call.send("this is no chunk\r\n")

    async with scripted_upstream(script) as up:
        assert pictures(await gather(provider(client, up.url))) == [Link(url=PICTURE)]


async def test_the_end_mark_ends_it_though_the_connection_stays(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(SSE)
        await call.send(delta(f"![]({PICTURE})") + DONE)
        await call.hangup()

    async with scripted_upstream(script) as up:
        assert pictures(await gather(provider(client, up.url))) == [Link(url=PICTURE)]
        await up.calls[0].closed_by_client.wait()


async def test_silence_after_acceptance_is_told_with_its_length(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(SSE)
        await call.send(delta("> 进度：60%\n"))
        await call.hangup()

    async with scripted_upstream(script) as up:
        failed, seen = await fail(provider(client, up.url, idle_timeout_s=SHORT))
        await up.calls[0].closed_by_client.wait()
    assert isinstance(failed, WentQuiet)
    assert failed.facts == {"seconds": 0}
    assert failed.trace == "chatcmpl-1"
    assert Progress(60) in seen


async def test_every_sign_of_life_extends_the_wait_until_the_whole_takes_too_long(
    client: UpstreamClient,
) -> None:
    async def script(call: Call) -> None:
        await call.head(SSE)
        while True:
            await call.send(": ping\n\n")
            await asyncio.sleep(SHORT / 10)

    async with scripted_upstream(script) as up:
        failed, _ = await fail(provider(client, up.url, idle_timeout_s=SHORT * 2, timeout_s=SHORT * 3))
    assert isinstance(failed, TookTooLong)


async def test_an_answer_that_was_not_to_stream_may_be_silent_after_its_headers(
    client: UpstreamClient,
) -> None:
    async def script(call: Call) -> None:
        await call.head(JSON)
        await asyncio.sleep(SHORT)
        await call.send(message(f"![]({PICTURE})"))

    async with scripted_upstream(script) as up:
        made = provider(client, up.url, stream=False, idle_timeout_s=SHORT / 4)
        assert pictures(await gather(made)) == [Link(url=PICTURE)]


# ---------------------------------------------------------------- who closes what


async def endless(call: Call) -> None:
    await call.head(SSE)
    await call.send(delta("> 进度：60%\n"))
    await call.hangup()


async def until_progress(events: AsyncIterator[PaintEvent]) -> None:
    async for each in events:
        if isinstance(each, Progress):
            return


@pytest.mark.parametrize("n", [1, 2])
async def test_closing_the_iterator_closes_the_connections(client: UpstreamClient, n: int) -> None:
    async with scripted_upstream(endless) as up:
        async with aclosing(provider(client, up.url).paint(PaintRequest(prompt="x", options=Options(n=n)))) as events:
            await until_progress(events)
            calls = [await up.call(at) for at in range(n)]
        for call in calls:
            await call.closed_by_client.wait()


@pytest.mark.parametrize("script", [endless, hang])
async def test_cancelling_the_task_closes_the_connection(client: UpstreamClient, script: Script) -> None:
    async with scripted_upstream(script) as up:
        task = asyncio.create_task(gather(provider(client, up.url)))
        call = await up.call()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await call.closed_by_client.wait()


async def test_a_failure_closes_the_connection(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(SSE)
        await call.send(event(ACE_500))
        await call.hangup()

    async with scripted_upstream(script) as up:
        await fail(provider(client, up.url))
        await up.calls[0].closed_by_client.wait()


# ---------------------------------------------------------------- several at once


async def test_two_pictures_are_two_requests_at_once_and_progress_is_their_mean(
    client: UpstreamClient,
) -> None:
    both = asyncio.Barrier(2)
    first_told = asyncio.Event()

    async def one(call: Call) -> None:
        await call.head(SSE)
        await both.wait()
        await call.send(delta("> 进度：40%\n"))
        await first_told.wait()
        await call.send(delta(f"![]({PICTURE})\n") + DONE)

    async def two(call: Call) -> None:
        await call.head(SSE)
        await both.wait()
        await first_told.wait()
        await call.send(delta("> 进度：80%\n") + delta(f"![]({OTHER})\n") + DONE)

    events: list[PaintEvent] = []
    async with scripted_upstream(one, two) as up:
        async for each in provider(client, up.url).paint(PaintRequest(prompt="x", options=Options(n=2))):
            events.append(each)
            if isinstance(each, Progress):
                first_told.set()
        assert [call.json() for call in up.calls[1:]] == [up.calls[0].json()]
    seen = percents(events)
    assert seen[0] == 20
    assert seen == sorted(set(seen))
    assert {source.url for source in pictures(events) if isinstance(source, Link)} == {PICTURE, OTHER}
    assert [each for each in events if isinstance(each, StageChanged)].count(StageChanged(Stage.PAINTING)) <= 1


async def test_where_one_fails_and_one_delivers_the_picture_counts_and_the_failure_is_logged(
    client: UpstreamClient,
) -> None:
    scripts = answers(delta(f"![]({PICTURE})"), DONE), answers(json.dumps(ACE_500), status="500 Oops")
    with structlog.testing.capture_logs() as lines:
        async with scripted_upstream(*scripts) as up:
            events = await gather(provider(client, up.url), PaintRequest(prompt="x", options=Options(n=2)))
    assert pictures(events) == [Link(url=PICTURE)]
    assert [(line["failure"], line["trace_id"]) for line in lines] == [("UpstreamDown", "2cf86e86")]
    assert KEY not in str(lines)


async def test_when_all_fail_the_one_that_forbids_another_try_is_raised(client: UpstreamClient) -> None:
    scripts = answers(status="429 Slow"), answers(delta("> 进度：60%\n"))
    async with scripted_upstream(*scripts) as up:
        failed, _ = await fail(provider(client, up.url), PaintRequest(prompt="x", options=Options(n=2)))
    assert isinstance(failed, CutShort)


# ---------------------------------------------------------------- what is never shown


async def test_neither_key_nor_prompt_is_logged(client: UpstreamClient, caplog: pytest.LogCaptureFixture) -> None:
    prompt = "a secret wish of the member"
    error = json.dumps({"error": {"code": "x", "message": f"{KEY} may not paint: {prompt}"}})
    caplog.set_level(logging.INFO)
    with structlog.testing.capture_logs() as lines:
        scripts = answers(delta(f"![]({PICTURE})\n"), event(ACE_500)), answers(error, status="400 Bad")
        async with scripted_upstream(*scripts) as up:
            made = provider(client, up.url)
            await gather(made, PaintRequest(prompt=prompt))
            failed, _ = await fail(made, PaintRequest(prompt=prompt))
    shown = f"{lines} {caplog.text} {failed} {failed.detail} {made!r}"
    assert lines[0]["trace_id"] == "2cf86e86"
    assert KEY not in shown
    assert prompt not in shown
    assert "127.0.0.1" not in caplog.text


async def test_an_id_that_quotes_the_key_is_kept_without_it(client: UpstreamClient) -> None:
    said = delta(f"![]({PICTURE})\n").replace("chatcmpl-1", f"chatcmpl-{KEY}")
    async with scripted_upstream(answers(said, DONE)) as up:
        events = await gather(provider(client, up.url))
    assert Accepted("chatcmpl-…") in events


async def test_no_proxy_of_the_environment_is_used(client: UpstreamClient, monkeypatch: pytest.MonkeyPatch) -> None:
    said = answers(delta(f"![]({PICTURE})\n"), DONE)
    async with scripted_upstream(said) as up, scripted_upstream(said) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert pictures(await gather(provider(client, up.url))) == [Link(url=PICTURE)]
        assert (len(up.calls), len(proxy.calls)) == (1, 0)


async def test_no_redirect_is_followed(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(delta(f"![]({PICTURE})\n"), DONE)) as elsewhere:
        async with scripted_upstream(answers("", head=(f"Location: {elsewhere.url}",), status="307 There")) as up:
            await fail(provider(client, up.url))
        assert not elsewhere.calls


async def test_a_server_that_is_gone_is_never_mistaken_for_a_lost_painting(client: UpstreamClient) -> None:
    """Connections are not kept, so that none is found dead when the next painting begins."""

    async def script(call: Call) -> None:
        body = message(f"![]({PICTURE})")
        await call.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}")
        await call.hangup()

    async with scripted_upstream(script) as up:
        await gather(provider(client, up.url))
        await up.calls[0].closed_by_client.wait()
