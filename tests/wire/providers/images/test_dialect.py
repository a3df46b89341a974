"""The images dialect over real sockets: what is sent, what is understood, and how each failure is called."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from email.parser import BytesParser
from typing import Any

import pytest

from bot.errors import (
    BadResult,
    CutShort,
    Lost,
    Moderated,
    NoAnswer,
    NoPicture,
    OutOfFunds,
    PaintFailed,
    SaidFailed,
    Unreachable,
    UpstreamDown,
    WentQuiet,
    WrongEndpoint,
)
from bot.painting import (
    Accepted,
    Blob,
    FinishedImage,
    Link,
    Options,
    PaintEvent,
    PaintRequest,
    Preview,
    Stage,
    StageChanged,
    Usage,
)
from bot.ports import Provider
from bot.providers.http.client import UpstreamClient
from tests.servers.upstream.images import (
    B64,
    FOX,
    HAT,
    KEY,
    LINK,
    MASK,
    PNG,
    USAGE,
    completed,
    document,
    event,
    gather,
    partial,
    provider,
)
from tests.servers.upstream.raw import JSON, SSE, Call, Script, raw_upstream

SHORT = 0.2  # seconds; what a test with a real deadline waits


@pytest.fixture
async def client() -> AsyncIterator[UpstreamClient]:
    async with UpstreamClient() as made:
        yield made


def answers(*parts: str | bytes, head: tuple[str, ...] = (JSON,), status: str = "200 OK") -> Script:
    async def script(call: Call) -> None:
        await call.head(*head, status=status)
        for part in parts:
            await call.send(part)

    return script


def streams(*parts: str) -> Script:
    return answers(*parts, head=(SSE, "x-request-id: req_7"))


def pictures(events: list[PaintEvent]) -> list[Link | Blob]:
    return [each.source for each in events if isinstance(each, FinishedImage)]


def form(call: Call) -> list[tuple[str, str | None, str, bytes]]:
    """Name, file name, content type and bytes of each part, read by the standard library's own parser."""
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + call.body)
    parts: list[tuple[str, str | None, str, bytes]] = []
    for part in message.walk():
        if part.get_content_maintype() == "multipart":
            continue
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        assert isinstance(name, str)
        assert isinstance(data, bytes)
        parts.append((name, part.get_filename(), part.get_content_type(), data))
    return parts


async def failing(made: Provider, request: PaintRequest | None = None) -> tuple[PaintFailed, list[PaintEvent]]:
    """The failure of a painting that must fail, and the events before it."""
    seen: list[PaintEvent] = []

    async def collect() -> None:
        async for each in made.paint(request or PaintRequest(prompt="a cat")):
            seen.append(each)  # noqa: PERF401  # a comprehension would lose what came before the failure

    with pytest.raises(PaintFailed) as caught:
        await collect()
    return caught.value, seen


# ---------------------------------------------------------------- what is sent


async def test_a_generation_is_json_and_says_only_what_was_chosen(client: UpstreamClient) -> None:
    async with raw_upstream(streams(completed()), answers(document())) as up:
        await gather(provider(client, up.url + "/v1"), PaintRequest(prompt="дорисуй 猫"))
        options = Options(
            size="16:9", tier="2K", quality="high", background="opaque", format="webp", compression=80, n=2
        )
        await gather(provider(client, up.url + "/v1"), PaintRequest(prompt="a cat", options=options))
        plain, chosen = up.calls
    assert plain.start == "POST /v1/images/generations HTTP/1.1"
    assert plain.headers["authorization"] == f"Bearer {KEY}"
    assert plain.json() == {"model": "gpt-image-2", "prompt": "дорисуй 猫", "stream": True, "partial_images": 2}
    assert chosen.json() == {
        "model": "gpt-image-2", "prompt": "a cat", "n": 2, "size": "2048x1152", "quality": "high",
        "background": "opaque", "output_format": "webp", "output_compression": 80,
    }  # fmt: skip


async def test_an_edit_is_a_form_whose_files_have_names_and_real_types(client: UpstreamClient) -> None:
    options = Options(size="1280x720", n=2)
    request = PaintRequest(prompt="надень шляпу\n👒", references=(FOX, HAT), mask=MASK, options=options)
    async with raw_upstream(answers(document())) as up:
        await gather(provider(client, up.url), request)
        [call] = up.calls
    assert call.start == "POST /v1/images/edits HTTP/1.1"
    assert [(name, data.decode()) for name, file, _, data in form(call) if file is None] == [
        ("model", "gpt-image-2"),
        ("prompt", "надень шляпу\n👒"),
        ("n", "2"),
        ("size", "1280x720"),
    ]
    assert [part for part in form(call) if part[1] is not None] == [
        ("image[]", "image-1.png", "image/png", PNG),
        ("image[]", "image-2.jpg", "image/jpeg", HAT.data),
        ("mask", "mask.png", "image/png", MASK.data),
    ]


async def test_a_form_says_true_as_json_does(client: UpstreamClient) -> None:
    async with raw_upstream(streams(event("image_edit.completed", b64_json=B64))) as up:
        await gather(provider(client, up.url), PaintRequest(prompt="x", references=(FOX,)))
        said = {name: data for name, file, _, data in form(up.calls[0]) if file is None}
    assert (said["stream"], said["partial_images"]) == (b"true", b"2")


async def test_a_file_of_megabytes_arrives_whole(client: UpstreamClient) -> None:
    big = PNG * 20_000
    request = PaintRequest(prompt="x", references=(FOX, type(FOX)(data=big, media_type="image/png", width=1, height=1)))
    async with raw_upstream(streams(completed())) as up:
        await gather(provider(client, up.url), request)
        assert form(up.calls[0])[-1][3] == big


async def test_openai_hk_is_asked_for_links(client: UpstreamClient) -> None:
    async with raw_upstream(answers(document({"url": LINK, "revised_prompt": "a cat"}))) as up:
        events = await gather(provider(client, up.url + "/v1", "openai-hk"))
        sent = up.calls[0].json()
    assert sent == {"model": "gpt-image-2", "prompt": "a cat", "response_format": "url"}
    assert pictures(events) == [Link(url=LINK)]


@pytest.mark.parametrize("pasted", ["", "/openai/deployments/my%20images/images/edits"])
async def test_azure_names_the_deployment_in_the_address_and_the_key_in_its_own_header(
    client: UpstreamClient, pasted: str
) -> None:
    async with raw_upstream(streams(completed())) as up:
        made = provider(client, up.url + pasted, "azure", model="my images", api_version="2026-01-01")
        await gather(made)
        await gather(made, PaintRequest(prompt="x", references=(FOX,)))
        generation, edit = up.calls
    where = "POST /openai/deployments/my%20images/images"
    assert generation.start == f"{where}/generations?api-version=2026-01-01 HTTP/1.1"
    assert edit.start == f"{where}/edits?api-version=2026-01-01 HTTP/1.1"
    assert generation.headers["api-key"] == KEY
    assert "authorization" not in generation.headers
    assert "model" not in generation.json()


async def test_without_a_key_no_header_is_sent(client: UpstreamClient) -> None:
    async with raw_upstream(streams(completed())) as up:
        await gather(provider(client, up.url + "/v1/images/generations", api_key=None))
        assert "authorization" not in up.calls[0].headers
        assert up.calls[0].start.startswith("POST /v1/images/generations ")


async def test_it_is_a_provider_that_cannot_be_asked_again(client: UpstreamClient) -> None:
    made: Provider = provider(client, "http://127.0.0.1:1", "openai", price=3)
    assert (made.name, made.model, made.price, made.resumable) == ("up", "gpt-image-2", 3, False)
    assert made.capabilities.max_references == 16
    with pytest.raises(Lost):
        await anext(made.resume(PaintRequest(prompt="x"), "req_7"))


# ---------------------------------------------------------------- what is understood


async def test_a_stream_tells_its_story_in_order(client: UpstreamClient) -> None:
    script = streams(": hello\n\n", partial(0, b"one"), partial(1, b"two"), completed())
    async with raw_upstream(script) as up:
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
    async with raw_upstream(script) as up, aclosing(provider(client, up.url).paint(request)) as events:
        assert await anext(events) == StageChanged(Stage.SENDING)
        assert await anext(events) == StageChanged(Stage.PAINTING)
        answered.set()
        assert await anext(events) == Accepted()


async def test_closing_before_the_answer_closes_the_connection(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.hangup()

    async with raw_upstream(script) as up:
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

    async with raw_upstream(script) as up:
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
    async with raw_upstream(answers(" \n", document(), head=(head,)), answers(completed(), head=(head,))) as up:
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
    async with raw_upstream(answers(document(item)), streams(event("completed", **item))) as up:
        assert pictures(await gather(provider(client, up.url))) == [source]
        assert pictures(await gather(provider(client, up.url))) == [source]


async def test_several_pictures_and_fewer_than_asked_for_are_all_kept(client: UpstreamClient) -> None:
    other = base64.b64encode(PNG + b"2").decode()
    async with raw_upstream(answers(document({"b64_json": B64}, {"b64_json": other}, {"url": LINK}))) as up:
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
    async with raw_upstream(script) as up:
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
    async with raw_upstream(answers(document({"url": LINK}, usage=usage))) as up:
        events = await gather(provider(client, up.url, "openai-hk"))
    expected = (6 * 5 + 100 * 10 + 272 * 40) * 7.1 * 10_000 / 1_000_000
    assert events[-1] == Usage(usage, round(expected, 4))


async def test_a_broken_picture_fails_only_when_it_is_alone_and_a_broken_preview_never(
    client: UpstreamClient,
) -> None:
    broken: dict[str, object] = {"b64_json": "!"}
    async with raw_upstream(
        answers(document(broken)),
        answers(document(broken, {"b64_json": B64})),
        streams(event("partial_image", b64_json="!"), completed()),
    ) as up:
        failure, _ = await failing(provider(client, up.url))
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

    async with raw_upstream(script) as up:
        assert pictures(await gather(provider(client, up.url))) == [Blob(data=PNG)]


# ---------------------------------------------------------------- how it fails


def openai_error(code: str | None, kind: str = "invalid_request_error", message: str = "words") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        ("400 Bad Request", openai_error("moderation_blocked", "image_generation_user_error"), Moderated),
        ("400 Bad Request", openai_error("billing_hard_limit_reached", "billing_limit_user_error"), OutOfFunds),
        ("400 Bad Request", openai_error(None, "billing_limit_user_error"), OutOfFunds),
        (
            "400 Bad Request",
            {"error": {"code": "contentFilter", "inner_error": {"code": "ResponsibleAIPolicyViolation"}}},
            Moderated,
        ),
        ("400 Bad Request", {"error": {"code": "contentFilter", "message": "words"}}, Moderated),
        ("404 Not Found", {"error": {"code": "DeploymentNotFound", "message": "words"}}, WrongEndpoint),
        ("429 Too Many Requests", openai_error("project_spend_limit_exceeded"), OutOfFunds),
    ],
)
async def test_refusals_have_their_names(
    client: UpstreamClient, status: str, body: dict[str, Any], failure: type[PaintFailed]
) -> None:
    async with raw_upstream(answers(json.dumps(body), head=(JSON, "apim-request-id: az_1"), status=status)) as up:
        failed, events = await failing(provider(client, up.url))
    assert type(failed) is failure
    assert failed.trace == "az_1"
    assert not any(isinstance(each, Accepted) for each in events)


@pytest.mark.parametrize(
    ("parts", "failure"),
    [
        ((event("error", **openai_error("moderation_blocked")),), Moderated),
        ((partial(0), event("error", error={"message": "boom", "code": None, "type": "server_error"})), SaidFailed),
        ((event("error", code="image_generation_server_error", message="boom"),), SaidFailed),
        ((partial(0), event("error", **openai_error("rate_limit_exceeded"))), SaidFailed),
        ((event("error", **openai_error("insufficient_quota")),), OutOfFunds),
        ((partial(0),), CutShort),
        (("",), CutShort),
        (("data: [DONE]\n\n",), NoPicture),
        ((event("completed", usage=USAGE),), NoPicture),
    ],
)
async def test_a_stream_without_a_picture_says_why(
    client: UpstreamClient, parts: tuple[str, ...], failure: type[PaintFailed]
) -> None:
    async with raw_upstream(streams(*parts)) as up:
        failed, events = await failing(provider(client, up.url))
    assert type(failed) is failure
    assert failed.trace == "req_7"
    assert Accepted("req_7") in events


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (json.dumps({"created": 1, "data": []}), NoPicture),
        (json.dumps({"created": 1}), NoPicture),
        (json.dumps([1]), NoPicture),
        (json.dumps(openai_error("content_policy_violation")), Moderated),
        ("{" + '"data": [', CutShort),
        ("<html>login</html>", UpstreamDown),
    ],
)
async def test_a_success_without_a_picture_says_why(
    client: UpstreamClient, body: str, failure: type[PaintFailed]
) -> None:
    head = ("Content-Type: text/html",) if body.startswith("<") else (JSON,)
    async with raw_upstream(answers(body, head=head)) as up:
        failed, _ = await failing(provider(client, up.url))
    assert type(failed) is failure


async def test_a_picture_that_came_counts_though_the_stream_broke_after_it(client: UpstreamClient) -> None:
    script = streams(event("partial_succeeded", url=LINK), event("error", **openai_error("server_error")))
    async with raw_upstream(script) as up:
        assert pictures(await gather(provider(client, up.url))) == [Link(url=LINK)]


async def test_a_request_is_sent_once_however_it_ends(client: UpstreamClient) -> None:
    async def breaks(call: Call) -> None:
        call.reset()

    async with raw_upstream(breaks) as up:
        failed, _ = await failing(provider(client, up.url))
        assert isinstance(failed, CutShort)
        assert len(up.calls) == 1


async def test_silence_and_absence_have_their_names(client: UpstreamClient) -> None:
    async def silent(call: Call) -> None:
        await call.hangup()

    async def quiet(call: Call) -> None:
        await call.head(SSE)
        await call.send(partial(0))
        await call.hangup()

    async with raw_upstream(silent, quiet) as up:
        failed, _ = await failing(provider(client, up.url, timeout_s=SHORT))
        assert isinstance(failed, NoAnswer)
        failed, _ = await failing(provider(client, up.url, idle_timeout_s=SHORT))
        assert isinstance(failed, WentQuiet)
        url = up.url
    failed, _ = await failing(provider(client, url))
    assert isinstance(failed, Unreachable)


async def test_neither_the_key_nor_the_prompt_is_quoted(client: UpstreamClient) -> None:
    prompt = "a secret portrait of Ada"
    body = json.dumps(openai_error(None, message=f"bad key {KEY} for {prompt}"))
    async with raw_upstream(answers(body, status="400 Bad Request")) as up:
        failed, _ = await failing(provider(client, up.url), PaintRequest(prompt=prompt))
    told = f"{failed.facts} {failed.detail}"
    assert "bad key … for …" in told
    assert KEY not in told
