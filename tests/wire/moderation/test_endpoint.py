"""The requests to a moderation endpoint, and what its answers become: waited for, tried again, or given up in time."""

import asyncio
import base64
from collections.abc import AsyncGenerator

import pytest

from bot.errors import BadCredentials, BadResult, Busy, NoAnswer, OutOfFunds, PaintFailed, UpstreamDown
from bot.moderation.endpoint import Endpoint, ModerationClient
from bot.moderation.rules import Findings
from bot.painting import Image
from bot.providers.http.client import UpstreamClient
from bot.runtime.clock import SystemClock
from tests.servers.upstream import openai_spec
from tests.servers.upstream.scripted import Call, Script, scripted_upstream
from tests.support.clocks import FakeClock, settle

HARMLESS: dict[str, object] = {"results": [{"flagged": False, "categories": {}, "category_scores": {}}]}


@pytest.fixture
async def client() -> AsyncGenerator[UpstreamClient]:
    async with UpstreamClient() as opened:
        yield opened


def asking(
    client: UpstreamClient, url: str, clock: FakeClock | SystemClock, *, timeout_s: float = 10.0, at_once: int = 8
) -> ModerationClient:
    endpoint = Endpoint(
        base_url=f"{url}/v1",
        key="sk-gate",
        model="omni",
        headers={"X-Team": "team-secret"},
        timeout_s=timeout_s,
        max_concurrency=at_once,
    )
    return ModerationClient(endpoint, client, clock)


def says(status: str, *headers: str, document: object = None) -> Script:
    async def script(call: Call) -> None:
        await call.respond_json({"error": {"message": "no"}} if document is None else document, *headers, status=status)

    return script


ALLOWS = says("200 OK", document=HARMLESS)


async def test_a_text_and_a_picture_are_asked_about_in_openais_words(client: UpstreamClient) -> None:
    async with scripted_upstream(ALLOWS) as upstream:
        made = asking(client, upstream.url, SystemClock())
        assert await made.classify_text('a "cat" \x00\u0000') == Findings()
        await made.classify_picture(Image(data=bytes(range(256)), media_type="image/jpeg", width=1, height=1))
        text, picture = upstream.calls
        assert text.target == "/v1/moderations"
        assert (text.headers["authorization"], text.headers["x-team"]) == ("Bearer sk-gate", "team-secret")
        assert text.json() == {"model": "omni", "input": 'a "cat" \x00\u0000'}
        url = "data:image/jpeg;base64," + base64.b64encode(bytes(range(256))).decode()
        if (known := openai_spec.spec()) is not None:
            assert [known.check("CreateModerationRequest", each.json()) for each in upstream.calls] == [None, None]
        assert picture.json() == {"model": "omni", "input": [{"type": "image_url", "image_url": {"url": url}}]}


@pytest.mark.parametrize(
    ("refusal", "pause"),
    [
        (says("429 Too Many", "Retry-After: 7"), 7.0),
        (says("429 Too Many"), 0.5),
        (says("503 Busy", "Retry-After: 3"), 3.0),
        (says("500 Oh"), 0.5),
    ],
)
async def test_one_that_is_busy_or_down_is_asked_again_in_time(
    client: UpstreamClient, refusal: Script, pause: float
) -> None:
    clock = FakeClock()
    async with scripted_upstream(refusal, ALLOWS) as upstream:
        asked = asyncio.create_task(asking(client, upstream.url, clock).classify_text("a cat"))
        await clock.asleep()
        assert clock.next_in == pause
        await clock.advance(pause)
        assert await asked == Findings()
        assert len(upstream.calls) == 2


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (says("429 Too Many", "Retry-After: 60"), Busy),
        (says("401 No"), BadCredentials),
        (says("402 Pay"), OutOfFunds),
        (says("200 OK", document={"choices": []}), BadResult),
        (says("200 OK", document="words"), BadResult),
    ],
)
async def test_one_that_cannot_answer_in_time_is_given_up_at_once(
    client: UpstreamClient, answer: Script, failure: type[PaintFailed]
) -> None:
    async with scripted_upstream(answer) as upstream:
        with pytest.raises(failure) as failed:
            await asking(client, upstream.url, FakeClock()).classify_text("a cat")
        assert len(upstream.calls) == 1
        assert "sk-gate" not in str(failed.value)


async def test_one_that_stays_down_is_given_up_when_its_time_is_over(client: UpstreamClient) -> None:
    clock = FakeClock()
    async with scripted_upstream(says("500 Oh")) as upstream:
        asked = asyncio.create_task(asking(client, upstream.url, clock, timeout_s=6.0).classify_text("a cat"))
        for pause in (0.5, 1.0, 2.0, 2.0):
            await clock.asleep()
            await clock.advance(pause)
        with pytest.raises(UpstreamDown):
            await asked
        assert len(upstream.calls) == 5


async def test_one_that_is_silent_is_given_up(client: UpstreamClient) -> None:
    async def silent(call: Call) -> None:
        await call.hangup()

    async with scripted_upstream(silent) as upstream:
        with pytest.raises(NoAnswer):
            await asking(client, upstream.url, SystemClock(), timeout_s=0.2).classify_text("a cat")


async def test_no_secret_that_it_repeats_is_quoted(client: UpstreamClient) -> None:
    prompt = "a very long prompt about a certain cat"
    words = f"wrong key sk-gate of team-secret for {prompt}"
    async with scripted_upstream(says("401 No", document={"error": {"message": words}})) as upstream:
        with pytest.raises(BadCredentials) as failed:
            await asking(client, upstream.url, FakeClock()).classify_text(prompt)
    assert not any(secret in (failed.value.detail or "") for secret in ("sk-gate", "team-secret", prompt))


async def test_so_many_are_asked_at_once_and_who_waits_has_the_whole_time(client: UpstreamClient) -> None:
    gate, clock = asyncio.Event(), FakeClock()

    async def held(call: Call) -> None:
        await gate.wait()
        await call.respond_json(HARMLESS)

    async with scripted_upstream(held) as upstream:
        made = asking(client, upstream.url, clock, at_once=2)
        asked = [asyncio.create_task(made.classify_text(f"cat {number}")) for number in range(5)]
        await upstream.call(1)
        await settle()
        assert len(upstream.calls) == 2
        await clock.advance(60.0)
        gate.set()
        assert await asyncio.gather(*asked) == [Findings()] * 5
