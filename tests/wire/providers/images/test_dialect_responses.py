"""Documents and streams of the images dialect, and the events made of them."""

import asyncio
import base64
from contextlib import aclosing

import pytest

from bot.errors import BadResult
from bot.painting import Accepted, Blob, FinishedImage, Link, Options, PaintRequest, Preview, Stage, StageChanged, Usage
from bot.providers.http.client import UpstreamClient
from tests.servers.upstream.images import B64, LINK, PNG, USAGE, completed, document, event, partial, provider
from tests.servers.upstream.paintings import fail, gather
from tests.servers.upstream.scripted import JSON, SSE, Call, scripted_upstream
from tests.wire.providers.images.exchanges import answers, pictures, streams


async def test_a_stream_tells_its_story_in_order(client: UpstreamClient) -> None:
    script = streams(": hello\n\n", partial(0, b"one"), partial(1, b"two"), completed())
    async with scripted_upstream(script) as up:
        events = await gather(provider(client, up.url))
    assert [each for each in events if each != StageChanged(Stage.PAINTING)] == [
        StageChanged(Stage.SENDING),
        Accepted("req_7"),
        Preview(Blob(data=b"one")),
        Preview(Blob(data=b"two")),
        FinishedImage(Blob(data=PNG)),
        Usage(USAGE),
    ]
    assert events.index(StageChanged(Stage.PAINTING)) < events.index(Preview(Blob(data=b"one")))


async def test_an_upstream_that_paints_before_it_answers_is_known_to_paint(client: UpstreamClient) -> None:
    answered = asyncio.Event()

    async def script(call: Call) -> None:
        await answered.wait()
        await call.head(JSON)
        await call.send(document())

    request = PaintRequest(prompt="a cat", options=Options(n=2))
    async with scripted_upstream(script) as up, aclosing(provider(client, up.url).paint(request)) as events:
        assert await anext(events) == StageChanged(Stage.SENDING)
        assert await anext(events) == StageChanged(Stage.PAINTING)
        answered.set()
        assert await anext(events) == Accepted()


async def test_closing_before_the_answer_closes_the_connection(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.hangup()

    async with scripted_upstream(script) as up:
        events = provider(client, up.url).paint(PaintRequest(prompt="a cat"))
        while await anext(events) != StageChanged(Stage.PAINTING):
            pass
        await events.aclose()
        await up.calls[0].closed_by_client.wait()


async def test_closing_in_the_stream_closes_the_connection(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(SSE)
        await call.send(partial(0))
        await call.hangup()

    async with scripted_upstream(script) as up:
        events = provider(client, up.url).paint(PaintRequest(prompt="a cat"))
        while not isinstance(await anext(events), Preview):
            pass
        await events.aclose()
        await up.calls[0].closed_by_client.wait()


@pytest.mark.parametrize("head", [SSE, JSON, "X-Nothing: 1"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_document_and_a_stream_both_work_whatever_was_asked_for(
    client: UpstreamClient, head: str, stream: bool
) -> None:
    async with scripted_upstream(answers(" \n", document(), head=(head,)), answers(completed(), head=(head,))) as up:
        whole = await gather(provider(client, up.url, stream=stream))
        streamed = await gather(provider(client, up.url, stream=stream))
    assert pictures(whole) == pictures(streamed) == [Blob(data=PNG)]
    assert whole[-1] == streamed[-1] == Usage(USAGE)


@pytest.mark.parametrize(
    ("item", "source"),
    [
        ({"b64_json": B64}, Blob(data=PNG)),
        ({"b64_json": "data:image/png;base64," + B64}, Blob(data=PNG)),
        ({"b64_json": B64.rstrip("=")}, Blob(data=PNG)),
        ({"url": "data:image/png;base64," + B64}, Blob(data=PNG)),
        ({"url": LINK}, Link(url=LINK)),
        ({"url": LINK, "b64_json": ""}, Link(url=LINK)),
        ({"url": None, "b64_json": B64}, Blob(data=PNG)),
    ],
)
async def test_every_way_to_hand_over_a_picture_is_understood(
    client: UpstreamClient, item: dict[str, object], source: Link | Blob
) -> None:
    async with scripted_upstream(answers(document(item)), streams(event("completed", **item))) as up:
        assert pictures(await gather(provider(client, up.url))) == [source]
        assert pictures(await gather(provider(client, up.url))) == [source]


async def test_several_pictures_and_fewer_than_asked_for_are_all_kept(client: UpstreamClient) -> None:
    other = base64.b64encode(PNG + b"2").decode()
    async with scripted_upstream(answers(document({"b64_json": B64}, {"b64_json": other}, {"url": LINK}))) as up:
        events = await gather(provider(client, up.url), PaintRequest(prompt="x", options=Options(n=4)))
    assert pictures(events) == [Blob(data=PNG), Blob(data=PNG + b"2"), Link(url=LINK)]


async def test_unknown_events_are_passed_over_and_finished_ones_of_a_group_are_not(client: UpstreamClient) -> None:
    script = streams(
        event("image_generation.in_progress", b64_json=B64),
        event("keepalive.ping"),
        "data: nonsense\n\n",
        "data: [1]\n\n",
        event("partial_succeeded", url=LINK, image_index=0),
        event("completed", usage=USAGE),
    )
    async with scripted_upstream(script) as up:
        events = await gather(provider(client, up.url))
    assert pictures(events) == [Link(url=LINK)]
    assert events[-1] == Usage(USAGE)


async def test_the_credits_of_openai_hk_follow_its_formula(client: UpstreamClient) -> None:
    usage = {
        "input_tokens": 106,
        "input_tokens_details": {"text_tokens": 6, "image_tokens": 100},
        "output_tokens": 272,
        "total_tokens": 378,
    }
    async with scripted_upstream(answers(document({"url": LINK}, usage=usage))) as up:
        events = await gather(provider(client, up.url, "openai-hk"))
    expected = (6 * 5 + 100 * 10 + 272 * 40) * 7.1 * 10_000 / 1_000_000
    assert events[-1] == Usage(usage, round(expected, 4))


async def test_a_broken_picture_fails_only_when_it_is_alone_and_a_broken_preview_never(
    client: UpstreamClient,
) -> None:
    broken: dict[str, object] = {"b64_json": "!"}
    async with scripted_upstream(
        answers(document(broken)),
        answers(document(broken, {"b64_json": B64})),
        streams(event("partial_image", b64_json="!"), completed()),
    ) as up:
        failure, _ = await fail(provider(client, up.url))
        assert isinstance(failure, BadResult)
        assert pictures(await gather(provider(client, up.url))) == [Blob(data=PNG)]
        events = await gather(provider(client, up.url))
    assert pictures(events) == [Blob(data=PNG)]
    assert not any(isinstance(each, Preview) for each in events)


async def test_a_picture_byte_by_byte_is_a_whole_one(client: UpstreamClient) -> None:
    raw = (partial(0) + completed()).encode()

    async def script(call: Call) -> None:
        await call.head(SSE, "Transfer-Encoding: chunked")
        for byte in raw:
            await call.chunk(bytes([byte]))
            await asyncio.sleep(0)

    async with scripted_upstream(script) as up:
        assert pictures(await gather(provider(client, up.url))) == [Blob(data=PNG)]
