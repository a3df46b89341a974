"""Which connections are reused, and what a connection carries: cookies, credentials, addresses, cancellation."""

import asyncio
import gc
import logging

import pytest

from bot.errors import NoAnswer, Unreachable, UpstreamDown
from bot.observability.logs import QUIET_LOGGERS
from bot.providers.http.client import UpstreamClient, exchange
from tests.servers.upstream.scripted import JSON, Call, Script, scripted_upstream
from tests.wire.providers.http.exchanges import SHORT, fail_to_paint, keep_answering, paint, poll, says, upload


async def test_each_painting_has_a_connection_of_its_own(client: UpstreamClient) -> None:
    async with scripted_upstream(keep_answering("one", "two")) as up:
        assert await paint(client, up.url) == b"one"
        assert await paint(client, up.url) == b"one"
        assert len(up.calls) == 2
        for call in up.calls:
            await call.closed_by_client.wait()


async def test_polls_and_uploads_share_a_connection(client: UpstreamClient) -> None:
    async with scripted_upstream(keep_answering("one", "two", "three")) as up:
        assert [await poll(client, up.url), await upload(client, up.url), await poll(client, up.url)] == [
            b"one",
            b"two",
            b"three",
        ]
        assert len(up.calls) == 1


def close_at_the_second_request(ending: str) -> Script:
    async def script(call: Call) -> None:
        await call.send(says("one"))
        await call.receive()
        if ending == "rst":
            call.reset()

    return script


@pytest.mark.parametrize("ending", ["fin", "rst"])
@pytest.mark.parametrize("ask", [poll, upload])
async def test_a_kept_connection_that_closes_under_the_next_request_is_replaced(
    client: UpstreamClient, ask: object, ending: str
) -> None:
    send = poll if ask is poll else upload
    async with scripted_upstream(close_at_the_second_request(ending), keep_answering("two")) as up:
        assert await send(client, up.url) == b"one"
        assert await send(client, up.url) == b"two"
        assert len(up.calls) == 2


async def test_a_kept_connection_that_was_closed_between_two_polls_is_replaced(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.send(says("one"))

    async with scripted_upstream(script) as up:
        assert await poll(client, up.url) == b"one"
        await asyncio.sleep(0.05)
        assert await poll(client, up.url) == b"one"
        assert len(up.calls) == 2


@pytest.mark.parametrize("ask", [poll, upload])
async def test_a_repeatable_request_that_breaks_off_again_and_again_is_unreachable(
    client: UpstreamClient, ask: object
) -> None:
    async def script(call: Call) -> None:
        call.reset()

    async with scripted_upstream(script) as up:
        with pytest.raises(Unreachable):
            await (poll(client, up.url) if ask is poll else upload(client, up.url))
        assert len(up.calls) == 2


async def test_a_poll_whose_answer_breaks_off_is_unreachable(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(JSON, "Content-Length: 500")
        await call.send("{")

    async with scripted_upstream(script) as up:
        with pytest.raises(Unreachable):
            await poll(client, up.url)


async def test_a_poll_without_an_answer_in_time_is_no_answer(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.hangup()

    async with scripted_upstream(script) as up:
        with pytest.raises(NoAnswer):
            await poll(client, up.url, timeout_s=SHORT)
        await up.calls[0].closed_by_client.wait()


async def test_a_connection_whose_answer_was_not_read_is_not_kept(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(JSON, "Content-Length: 500")
        await call.send("{")
        await call.hangup()

    async with scripted_upstream(script, keep_answering("two")) as up:
        async with exchange(
            client, up.url, None, {}, method="GET", repeatable=True, timeout_s=9, idle_timeout_s=9
        ) as answer:
            assert await answer.peek_first_byte() == b"{"
        await up.calls[0].closed_by_client.wait()
        assert await poll(client, up.url) == b"two"


async def test_cookies_are_neither_kept_nor_sent(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.send(says("one", "Set-Cookie: session=abc; Path=/"))
        await call.receive()
        await call.send(says("two", "Set-Cookie: session=abc; Path=/"))
        await call.hangup()

    async with scripted_upstream(script) as up:
        for ask in (poll, poll, paint, paint):
            await ask(client, up.url)
        assert all("cookie" not in call.headers for call in up.calls)


async def test_credentials_in_the_address_go_as_basic_authentication_and_are_not_logged(
    client: UpstreamClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(call: Call) -> None:
        await call.send(says("oops", status="500 Oops"))

    assert "httpx" in QUIET_LOGGERS  # whose client logs each address at INFO
    caplog.set_level(logging.WARNING, logger="httpx")
    async with scripted_upstream(script) as up:
        failed = await fail_to_paint(client, up.url.replace("http://", "http://operator:secret@"))
        assert up.calls[0].headers["authorization"] == "Basic b3BlcmF0b3I6c2VjcmV0"
        assert up.calls[0].start == "POST / HTTP/1.1"
    assert isinstance(failed, UpstreamDown)
    assert "secret" not in f"{caplog.text} {failed} {failed.detail}"


async def test_the_characters_of_an_address_stay_as_they_are(client: UpstreamClient) -> None:
    async with scripted_upstream(keep_answering("one")) as up:
        await poll(client, f"{up.url}/v1/tasks/a%2Fb%3Fc%20d?x=%2F+%25&y=a%7Eb#part")
        assert up.calls[0].start == "GET /v1/tasks/a%2Fb%3Fc%20d?x=%2F+%25&y=a%7Eb HTTP/1.1"


async def test_a_request_given_up_at_any_moment_leaves_no_socket_open(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.hangup()

    async with scripted_upstream(script, reads=False) as up:
        for send in (paint, poll):
            for turns in range(25):
                asking = asyncio.create_task(send(client, up.url))
                for _ in range(turns):
                    await asyncio.sleep(0)
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
    gc.collect()  # a socket that nobody has closed warns now, which is an error
