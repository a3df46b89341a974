"""The chat dialect over real sockets: what is sent, and what is understood however the bytes come."""

import asyncio
import base64
import json
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from bot.errors import WrongModalities
from bot.painting import (
    Accepted,
    Blob,
    FinishedImage,
    Image,
    Link,
    Options,
    PaintRequest,
    Preview,
    Progress,
    Stage,
    StageChanged,
    Usage,
)
from bot.ports import Provider
from bot.providers.chat.provider import ChatProvider
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import resolve_upstream
from tests.servers.upstream.chat import DONE, INLINE, KEY, OTHER, PICTURE, PNG, answers, percents, pictures, provider
from tests.servers.upstream.paintings import fail, gather
from tests.servers.upstream.scripted import JSON, SSE, Call, delta, event, message, scripted_upstream

# ---------------------------------------------------------------- what is sent


async def test_the_request_is_one_user_message_of_text_and_data_urls(client: UpstreamClient) -> None:
    references = (Image(data=PNG, media_type="image/png", width=1, height=1),) * 2
    request = PaintRequest(prompt="дорисуй 猫", references=references, options=Options(size="2:3", quality="high"))
    async with scripted_upstream(answers(delta(f"![]({PICTURE})"), DONE)) as up:
        await gather(provider(client, up.url + "/openai/"), request)
        call = up.calls[0]
    assert call.start == "POST /openai/chat/completions HTTP/1.1"
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.headers["content-type"] == "application/json"
    assert "text/event-stream" in call.headers["accept"]
    assert call.json() == {
        "model": "gpt-4o-image",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "дорисуй 猫\n\nImage size: 2:3\n\nImage quality: high"},
                    {"type": "image_url", "image_url": {"url": INLINE}},
                    {"type": "image_url", "image_url": {"url": INLINE}},
                ],
            }
        ],
        "stream": True,
    }


async def test_openrouter_gets_modalities_and_the_ratio_in_its_own_field(client: UpstreamClient) -> None:
    request = PaintRequest(prompt="a cat", options=Options(size="16:9"))
    script = answers(": OPENROUTER PROCESSING\n\n" * 3, delta(f"![]({PICTURE})"), DONE)
    async with scripted_upstream(script) as up:
        await gather(provider(client, up.url, preset="openrouter", stream=False), request)
        sent = up.calls[0].json()
    assert sent["modalities"] == ["image", "text"]
    assert sent["image_config"] == {"aspect_ratio": "16:9"}
    assert sent["stream"] is False
    assert sent["messages"] == [{"role": "user", "content": [{"type": "text", "text": "a cat"}]}]


async def test_openrouter_gets_the_tier_beside_the_ratio_and_says_what_it_took(client: UpstreamClient) -> None:
    request = PaintRequest(prompt="a cat", options=Options(size="16:9", tier="2K"))
    upstream = resolve_upstream(name="up", preset="openrouter", tiers=["1k", "2k"], base_url="http://127.0.0.1")
    usage: dict[str, object] = {"choices": [], "usage": {"completion_tokens": 1290, "cost": 0.0387}}
    async with scripted_upstream(answers(delta(f"![]({PICTURE})"), event(usage), DONE)) as up:
        told = await gather(ChatProvider(replace(upstream, base_url=up.url), client), request)
        sent = up.calls[0].json()
    assert sent["image_config"] == {"aspect_ratio": "16:9", "image_size": "2K"}
    assert Usage({"completion_tokens": 1290, "cost": 0.0387}, credits=0.0387) in told


async def test_options_that_an_upstream_takes_in_words_stand_behind_the_prompt(
    client: UpstreamClient,
) -> None:
    upstream = resolve_upstream(name="up", preset="relay", base_url="http://127.0.0.1")
    wire = replace(upstream.wire, prompt_quality_suffix=" ({quality})", extra={"seed": 7})
    request = PaintRequest(prompt="a cat", options=Options(size="1:1", quality="high"))
    async with scripted_upstream(answers(delta(f"![]({PICTURE})"), DONE)) as up:
        await gather(ChatProvider(replace(upstream, base_url=up.url, wire=wire), client), request)
        sent = up.calls[0].json()
    assert sent["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "a cat\n\nImage size: 1:1 (high)"}]}
    ]
    assert sent["seed"] == 7


async def test_without_a_key_no_header_is_sent(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(delta(f"![]({PICTURE})"), DONE)) as up:
        await gather(provider(client, up.url + "/chat/completions", api_key=None))
        assert "authorization" not in up.calls[0].headers
        assert up.calls[0].start.startswith("POST /chat/completions ")


async def test_a_name_and_a_password_in_the_address_go_as_basic_authentication(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(delta(f"![]({PICTURE})\n"), DONE)) as up:
        await gather(provider(client, up.url.replace("//", "//ann:se%40cret@"), api_key=None))
    assert up.calls[0].headers["authorization"] == "Basic " + base64.b64encode(b"ann:se@cret").decode()
    assert "ann" not in up.calls[0].headers["host"]


def test_it_is_a_provider(client: UpstreamClient) -> None:
    made: Provider = provider(client, "http://127.0.0.1:1", preset="acedata", price=3)
    assert (made.name, made.price.credits(), made.capabilities.max_references) == ("up", 3, 5)


# ---------------------------------------------------------------- what is understood


async def test_a_stream_tells_its_story_in_order(client: UpstreamClient) -> None:
    script = answers(
        delta(role="assistant"), delta("> 🕐 排队中...\n\n"), delta("> 🏃 进度：8.4%\n\n> 🏃 进度：5%\n\n"),
        delta("> 🏃 进度：9"), delta("2.4%\n\n"), delta(f"![]({PICTURE})\n\n"), delta(finish_reason="stop"),
        event({"choices": [], "usage": {"total_tokens": 87}}), DONE,
    )  # fmt: skip
    async with scripted_upstream(script) as up:
        events = await gather(provider(client, up.url))
    assert events == [
        StageChanged(Stage.SENDING),
        Accepted(),
        Accepted("chatcmpl-1"),
        StageChanged(Stage.QUEUED),
        StageChanged(Stage.PAINTING),
        Progress(8.4),
        Progress(92.4),
        FinishedImage(Link(url=PICTURE)),
        Usage({"total_tokens": 87}),
    ]


async def test_acceptance_is_told_before_the_first_byte_of_the_body(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(SSE)
        await call.hangup()

    async with (
        scripted_upstream(script) as up,
        aclosing(provider(client, up.url).paint(PaintRequest(prompt="x"))) as events,
    ):
        assert await anext(events) == StageChanged(Stage.SENDING)
        assert await anext(events) == Accepted()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("head", [SSE, JSON, "Content-Type: text/html; charset=utf-8", "X-Nothing: 1"])
async def test_a_whole_document_and_a_stream_both_work_whatever_was_asked_for(
    client: UpstreamClient, stream: bool, head: str
) -> None:
    text = f"> 🏃 进度：8.4%\n\n![]({PICTURE})\n\n"
    async with scripted_upstream(answers(message(text), head=(head,)), answers(delta(text), DONE, head=(head,))) as up:
        whole = await gather(provider(client, up.url, stream=stream))
        streamed = await gather(provider(client, up.url, stream=stream))
    assert pictures(whole) == pictures(streamed) == [Link(url=PICTURE)]
    assert percents(whole) == percents(streamed) == [8.4]
    assert whole[-1] == Usage({"total_tokens": 87})
    assert Accepted("chatcmpl-2") in whole


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"content": "", "images": [{"type": "image_url", "image_url": {"url": INLINE}}]}},
        {"message": {"content": None, "images": [INLINE, "nonsense"]}},
        {"message": {"content": [{"type": "text", "text": "Here"}, {"type": "image_url", "image_url": INLINE}]}},
        {"message": {"content": "", "multi_mod_content": [{"inline_data": {"data": INLINE.split(",")[1]}}]}},
        {
            "delta": {
                "multi_mod_content": [
                    {"text": "x"},
                    {"inlineData": {"data": INLINE.split(",")[1].rstrip("=")}},
                ]
            }
        },
        {"delta": {"b64_json": INLINE}},
        {"delta": {"images": [{"b64_json": INLINE.split(",")[1]}]}},
        {"delta": {"content": f"![image]({INLINE})"}},
        {"delta": {"content": f"It is {INLINE}"}},
    ],
)
@pytest.mark.parametrize("streamed", [True, False])
async def test_every_carrier_of_inline_pictures_gives_its_bytes(
    client: UpstreamClient, choice: dict[str, object], streamed: bool
) -> None:
    document = {"id": "x", "choices": [{"index": 0, **choice, "finish_reason": "stop"}]}
    async with scripted_upstream(answers(event(document), DONE) if streamed else answers(json.dumps(document))) as up:
        assert pictures(await gather(provider(client, up.url))) == [Blob(data=PNG)]


async def test_pictures_in_the_manner_of_the_images_api_count(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(json.dumps({"data": [{"url": PICTURE}, {"b64_json": "AAAA"}]}))) as up:
        assert pictures(await gather(provider(client, up.url))) == [Link(url=PICTURE), Blob(data=b"\0\0\0")]


async def test_a_picture_in_the_text_goes_before_other_carriers_and_those_before_bare_addresses(
    client: UpstreamClient,
) -> None:
    carried = [{"image_url": {"url": OTHER}}]
    scripts = answers(message(f"![]({PICTURE})", images=carried)), answers(message(PICTURE, images=carried))
    async with scripted_upstream(*scripts) as up:
        assert pictures(await gather(provider(client, up.url))) == [Link(url=PICTURE)]
        assert pictures(await gather(provider(client, up.url))) == [Link(url=OTHER)]


async def test_reasoning_feeds_progress_but_no_pictures(client: UpstreamClient) -> None:
    thoughts = ["**Video Generation Progress**: 3", "5% (processing)\n", f"![]({OTHER})\n"]
    chunks = [event({"choices": [{"delta": {"reasoning_content": thought}}]}) for thought in thoughts]
    script = answers(*chunks, delta(f"![]({PICTURE})", finish_reason="STOP"))
    async with scripted_upstream(script) as up:
        events = await gather(provider(client, up.url))
    assert (percents(events), pictures(events)) == ([35], [Link(url=PICTURE)])


async def test_pictures_of_several_choices_are_kept_once_each(client: UpstreamClient) -> None:
    script = answers(
        delta("🎨 图像生成中，请稍候...\n\n"), delta("🎨 图像生", index=1),
        delta(f"![]({PICTURE})\n", finish_reason="stop"),
        delta(f"成中\n![]({OTHER})\n![]({PICTURE})\n", index=1, finish_reason="stop"), DONE,
    )  # fmt: skip
    async with scripted_upstream(script) as up:
        assert pictures(await gather(provider(client, up.url))) == [Link(url=PICTURE), Link(url=OTHER)]


async def test_previews_come_through(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(delta(f">🏃 进度 72..[100]({OTHER})\n\n![]({PICTURE})"), DONE)) as up:
        assert Preview(Link(url=OTHER)) in await gather(provider(client, up.url))


async def test_what_the_prompt_says_is_not_read_as_progress(client: UpstreamClient) -> None:
    prompt = "进度：50%\n> 🏃 进度：99%\n![](https://evil.example/a.png)"
    text = f"> ❇️ 关键字：{prompt}\n\nImage size: 1:1\n\n> 🏃 进度：12%\n![]({PICTURE})"
    async with scripted_upstream(answers(delta(text), DONE)) as up:
        events = await gather(provider(client, up.url), PaintRequest(prompt=prompt, options=Options(size="1:1")))
    assert (percents(events), pictures(events)) == ([12], [Link(url=PICTURE)])


# ---------------------------------------------------------------- however the bytes come


async def test_a_stream_byte_by_byte_with_carriage_returns_and_line_separators_is_read_alike(
    client: UpstreamClient,
) -> None:
    text = f"> 关键字：a\u2028b\u0085c\n\n> 🏃 进度：8.4%\n\n![]({PICTURE})"
    raw = (": ping\r\n\r\n" + delta(text).replace("\n", "\r\n") + DONE.replace("\n", "\r\n")).encode()

    async def script(call: Call) -> None:
        await call.head(SSE, "Transfer-Encoding: chunked")
        for byte in raw:
            await call.chunk(bytes([byte]))
            await asyncio.sleep(0)

    async with scripted_upstream(script) as up:
        events = await gather(provider(client, up.url))
    assert (percents(events), pictures(events)) == ([8.4], [Link(url=PICTURE)])


async def test_events_without_blank_lines_between_them_are_read(client: UpstreamClient) -> None:
    one, two = delta("> 进度：8%\n").strip(), delta(f"![]({PICTURE})").strip()
    async with scripted_upstream(answers(f"{one}\n{two}\nnonsense\n")) as up:
        events = await gather(provider(client, up.url))
    assert (percents(events), pictures(events)) == ([8], [Link(url=PICTURE)])


async def test_documents_a_line_each_are_read_and_lines_that_are_none_are_left_out(
    client: UpstreamClient,
) -> None:
    chunks = [delta("> 进度：8%\n").strip().removeprefix("data: "), "what?", delta(f"![]({PICTURE})").strip()]
    async with scripted_upstream(answers("\n".join(chunks))) as up:
        events = await gather(provider(client, up.url))
    assert (percents(events), pictures(events)) == ([8], [Link(url=PICTURE)])


async def test_a_last_event_without_a_blank_line_counts(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(delta(f"![]({PICTURE})", finish_reason="stop").strip())) as up:
        assert pictures(await gather(provider(client, up.url))) == [Link(url=PICTURE)]


async def test_blanks_before_a_document_are_signs_of_life(client: UpstreamClient) -> None:
    async with scripted_upstream(answers("\n", " \n", "\ufeff", message(f"![]({PICTURE})"), head=(JSON,))) as up:
        assert pictures(await gather(provider(client, up.url))) == [Link(url=PICTURE)]


async def test_megabytes_inline_keep_the_event_loop_free(client: UpstreamClient) -> None:
    """The watch of the test suite raises on blocking calls; here the sizes are those that go to a thread."""
    data = PNG * 8000
    inline = "data:image/png;base64," + base64.b64encode(data).decode()
    scripts = answers(delta(f"![]({inline})"), DONE), answers(message(f"![]({inline})"))
    async with scripted_upstream(*scripts) as up:
        for _ in scripts:
            assert pictures(await gather(provider(client, up.url))) == [Blob(data=data)]


async def test_an_upload_of_megabytes_arrives_whole(client: UpstreamClient) -> None:
    big = Image(data=PNG * 20_000, media_type="image/png", width=1, height=1)
    async with scripted_upstream(answers(delta(f"![]({PICTURE})"), DONE)) as up:
        await gather(provider(client, up.url), PaintRequest(prompt="x", references=(big,)))
        assert base64.b64encode(big.data) in up.calls[0].body


# ---------------------------------------------------------------- modalities

NO_ENDPOINT: dict[str, dict[str, Any]] = {
    "error": {
        "message": "No endpoints found that support the requested output modalities: image, text",
        "code": 404,
        "metadata": {"failed_routing_step": "Filter by Model Output Modalities"},
    }
}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("404 Not Found", NO_ENDPOINT["error"]["message"]),
        ("404 Not Found", "No endpoints found that support output modalities: image,text"),
        ("404 Not Found", "No endpoint available that supports the requested output modalities: text, image."),
        ("404 Not Found", "No allowed providers are available for the requested output modalities"),
        ("400 Bad Request", "The requested combination of response modalities (TEXT, IMAGE) is not supported."),
        ("400 Bad Request", "This model does not support the requested output modalities: text"),
        ("400 Bad Request", "Invalid modalities: this model returns images only"),
    ],
)
async def test_modalities_that_a_model_refuses_are_not_asked_for_again(
    client: UpstreamClient, status: str, words: str
) -> None:
    async def script(call: Call) -> None:
        if call.json()["modalities"] == ["image"]:
            await answers(message("", images=[{"image_url": {"url": INLINE}}]), head=(JSON,))(call)
        else:
            await call.respond_json({"error": {**NO_ENDPOINT["error"], "message": words}}, status=status)

    async with scripted_upstream(script) as up:
        made = provider(client, up.url, "openrouter", model="sourceful/riverflow")
        for _ in range(2):
            assert pictures(await gather(made)) == [Blob(data=PNG)]
        assert [call.json()["modalities"] for call in up.calls] == [["image", "text"], ["image"], ["image"]]


async def test_a_model_without_any_modality_is_the_operators_matter(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.respond_json(NO_ENDPOINT, status="404 Not Found")

    async with scripted_upstream(script) as up:
        failed, _ = await fail(provider(client, up.url, "openrouter"))
        assert len(up.calls) == 2
    assert type(failed) is WrongModalities
    assert "speaks dialect" not in (failed.detail or "")


@pytest.mark.parametrize("model", ["black-forest-labs/flux.2-pro", "bytedance-seed/seedream-4.5"])
async def test_a_model_that_answers_with_images_alone_is_asked_for_them(client: UpstreamClient, model: str) -> None:
    script = answers(message("", images=[{"image_url": {"url": INLINE}}]), head=(JSON,))
    async with scripted_upstream(script) as up:
        await gather(provider(client, up.url, "openrouter", model=model))
        assert up.calls[0].json()["modalities"] == ["image"]
