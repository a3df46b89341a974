"""Requests of the images dialect over real sockets: JSON, forms, addresses and credentials."""

import pytest

from bot.errors import Lost
from bot.painting import Link, Options, PaintRequest
from bot.ports import Provider
from bot.providers.http.client import UpstreamClient
from tests.servers.upstream.images import B64, FOX, HAT, KEY, LINK, MASK, PNG, completed, document, event, provider
from tests.servers.upstream.paintings import gather
from tests.servers.upstream.scripted import scripted_upstream
from tests.wire.providers.images.exchanges import answers, form, pictures, streams


async def test_a_generation_is_json_and_says_only_what_was_chosen(client: UpstreamClient) -> None:
    async with scripted_upstream(streams(completed()), answers(document())) as up:
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
    async with scripted_upstream(answers(document())) as up:
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
    async with scripted_upstream(streams(event("image_edit.completed", b64_json=B64))) as up:
        await gather(provider(client, up.url), PaintRequest(prompt="x", references=(FOX,)))
        said = {name: data for name, file, _, data in form(up.calls[0]) if file is None}
    assert (said["stream"], said["partial_images"]) == (b"true", b"2")


async def test_a_file_of_megabytes_arrives_whole(client: UpstreamClient) -> None:
    big = PNG * 20_000
    request = PaintRequest(prompt="x", references=(FOX, type(FOX)(data=big, media_type="image/png", width=1, height=1)))
    async with scripted_upstream(streams(completed())) as up:
        await gather(provider(client, up.url), request)
        assert form(up.calls[0])[-1][3] == big


async def test_openai_hk_is_asked_for_links(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(document({"url": LINK, "revised_prompt": "a cat"}))) as up:
        events = await gather(provider(client, up.url + "/v1", "openai-hk"))
        sent = up.calls[0].json()
    assert sent == {"model": "gpt-image-2", "prompt": "a cat", "response_format": "url"}
    assert pictures(events) == [Link(url=LINK)]


@pytest.mark.parametrize("pasted", ["", "/openai/deployments/my%20images/images/edits"])
async def test_azure_names_the_deployment_in_the_address_and_the_key_in_its_own_header(
    client: UpstreamClient, pasted: str
) -> None:
    async with scripted_upstream(streams(completed())) as up:
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
    async with scripted_upstream(streams(completed())) as up:
        await gather(provider(client, up.url + "/v1/images/generations", api_key=None))
        assert "authorization" not in up.calls[0].headers
        assert up.calls[0].start.startswith("POST /v1/images/generations ")


async def test_it_is_a_provider_that_cannot_be_asked_again(client: UpstreamClient) -> None:
    made: Provider = provider(client, "http://127.0.0.1:1", "openai", price=3)
    assert (made.name, made.model, made.price.credits(), made.resumable) == ("up", "gpt-image-2", 3, False)
    assert made.capabilities.max_references == 16
    with pytest.raises(Lost):
        await anext(made.resume(PaintRequest(prompt="x"), "req_7"))


# ---------------------------------------------------------------- models


@pytest.mark.parametrize("preset", ["openai-hk", "openai", "azure"])
@pytest.mark.parametrize("model", ["gpt-image-1", "gpt-image-1.5", "openai/gpt-image-1-2025-04-23"])
async def test_a_shape_becomes_a_size_that_the_model_paints(client: UpstreamClient, preset: str, model: str) -> None:
    async with scripted_upstream(answers(document())) as up:
        made = provider(client, up.url, preset, model=model, stream=False)
        await gather(made, PaintRequest(prompt="a cat", options=Options(size="3:2", quality="low")))
        sent = up.calls[0].json()
    assert (sent["size"], sent["quality"]) == ("1536x1024", "low")


async def test_a_model_that_cannot_stream_is_asked_for_a_document(client: UpstreamClient) -> None:
    async with scripted_upstream(answers(document())) as up:
        await gather(
            provider(client, up.url, model="dall-e-3"), PaintRequest(prompt="x", options=Options(quality="hd"))
        )
        assert up.calls[0].json() == {"model": "dall-e-3", "prompt": "x", "quality": "hd"}
