"""OpenAI's official client against the sandbox: pictures, edits, streams, errors, models."""

import io
import json

import httpx
import openai
import pytest
from openai.types import ImageEditCompletedEvent, ImageGenCompletedEvent
from PIL import Image, ImageDraw

from bot.sandbox import Sandbox
from tests.servers.upstream import openai_spec
from tests.wire.sandbox.images.images_client import KEY, MODEL, SIZE, decode_image, file, make_png, transparent_mask


async def test_the_official_client_gets_a_picture(official: openai.AsyncOpenAI, sandbox: Sandbox) -> None:
    answer = await official.images.generate(
        model=MODEL, prompt="a fox", size=SIZE, quality="low", output_format="webp", output_compression=60, n=2
    )
    assert answer.data is not None
    pictures = [decode_image(each.b64_json) for each in answer.data]
    assert [(each.format, each.size) for each in pictures] == [("WEBP", (1024, 640))] * 2
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer.usage.output_tokens == 2 * 170
    assert (answer.size, answer.quality, answer.output_format) == (SIZE, "low", "webp")
    [received] = sandbox.requests
    assert received.body == {
        "model": MODEL, "prompt": "a fox", "size": SIZE, "quality": "low",
        "output_format": "webp", "output_compression": 60, "n": 2,
    }  # fmt: skip


async def test_the_official_client_sends_marks_as_a_layer(official: openai.AsyncOpenAI, sandbox: Sandbox) -> None:
    marks = Image.new("RGBA", (60, 40))
    ImageDraw.Draw(marks).rectangle((5, 5, 25, 25), fill="red")
    layer = io.BytesIO()
    marks.save(layer, "PNG")

    async def edit(markup: bytes, model: str = "gpt-image-2.6-flare") -> openai.types.ImagesResponse:
        return await official.images.edit(
            model=model, prompt="night", image=file(make_png("#2060c0")), markup=file(markup), size="1536x1024"
        )

    answer = await edit(layer.getvalue())
    assert answer.data is not None
    picture = decode_image(answer.data[0].b64_json).convert("RGB")
    assert picture.getpixel((1300, 800)) == (0x20, 0x60, 0xC0)  # where nothing is marked nothing changes
    assert picture.getpixel((380, 380)) != (0x20, 0x60, 0xC0)
    [received] = sandbox.requests
    assert received.markup is not None
    assert (received.markup.width, received.markup.height, received.mask) == (60, 40, None)
    for markup in (make_png(), transparent_mask((61, 40))):
        with pytest.raises(openai.BadRequestError):
            await edit(markup)


async def test_the_official_client_edits_with_several_pictures_and_a_mask(
    official: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    images = [file(make_png("#2060c0")), file(make_png("#00ffff"), "hat.png")]
    answer = await official.images.edit(
        model=MODEL, prompt="a hat", image=images, mask=file(transparent_mask()), size=SIZE
    )
    assert answer.data is not None
    picture = decode_image(answer.data[0].b64_json).convert("RGB")
    assert picture.getpixel((900, 40)) == (0x20, 0x60, 0xC0)  # outside the mask nothing changes
    [received] = sandbox.requests
    assert received.path == "/v1/images/edits"
    assert [(each.width, each.height) for each in received.references] == [(60, 40)] * 2
    assert received.mask is not None
    assert received.body["image[]"] == [f"{each[0]} image/png ({len(each[1])} bytes)" for each in images]
    assert received.body["mask"] == [f"fox.png image/png ({len(transparent_mask())} bytes)"]
    assert answer.usage is not None
    assert answer.usage.input_tokens_details.image_tokens > 0


async def test_the_official_client_streams_partial_images(official: openai.AsyncOpenAI) -> None:
    events = [
        event
        async for event in await official.images.generate(
            model=MODEL, prompt="a fox", size=SIZE, stream=True, partial_images=2
        )
    ]
    assert [event.type for event in events] == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    last = events[-1]
    assert isinstance(last, ImageGenCompletedEvent)
    assert decode_image(last.b64_json).size == (1024, 640)
    assert last.usage.output_tokens > 0
    assert all(decode_image(event.b64_json).format == "PNG" for event in events)


async def test_the_official_client_streams_an_edit(official: openai.AsyncOpenAI) -> None:
    stream = await official.images.edit(
        model=MODEL, prompt="a hat", image=file(make_png()), size=SIZE, stream=True, partial_images=1
    )
    events = [event async for event in stream]
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]
    assert isinstance(events[-1], ImageEditCompletedEvent)


async def test_the_official_client_chats(sandbox: Sandbox) -> None:
    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{sandbox.address}/openai", max_retries=0) as official:
        stream = await official.chat.completions.create(
            model="gpt-4o-image", messages=[{"role": "user", "content": "a fox 64x64"}], stream=True
        )
        said = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        whole = await official.chat.completions.create(
            model="gpt-4o-image", messages=[{"role": "user", "content": "a fox 64x64"}]
        )
    assert "![](http://" in said
    assert "![](http://" in (whole.choices[0].message.content or "")
    assert whole.usage is not None


async def test_azures_client_finds_the_deployment(sandbox: Sandbox) -> None:
    async with openai.AsyncAzureOpenAI(
        api_key=KEY, azure_endpoint=sandbox.address, api_version="2025-04-01-preview", max_retries=0
    ) as azure:
        answer = await azure.images.generate(model="my-images", prompt="a fox", size=SIZE)
        edited = await azure.images.edit(model="my-images", prompt="a hat", image=file(make_png()), size=SIZE)
    assert answer.data is not None
    assert edited.data is not None
    assert decode_image(answer.data[0].b64_json).size == (1024, 640)
    first, second = sandbox.requests
    assert first.path == "/openai/deployments/my-images/images/generations"
    assert first.query == {"api-version": "2025-04-01-preview"}
    assert "api-key" not in first.headers
    assert second.path == "/openai/deployments/my-images/images/edits"
    assert [(each.width, each.height) for each in second.references] == [(60, 40)]


@pytest.mark.forms(3)
@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("400", openai.BadRequestError, None),
        ("401", openai.AuthenticationError, "invalid_api_key"),
        ("403", openai.PermissionDeniedError, "model_not_found"),
        ("unverified", openai.PermissionDeniedError, None),
        ("404", openai.NotFoundError, "not_found"),
        ("429", openai.RateLimitError, "rate_limit_exceeded"),
        ("no-funds", openai.RateLimitError, "insufficient_quota"),
        ("500", openai.InternalServerError, None),
        ("html502", openai.InternalServerError, None),
        ("moderation", openai.BadRequestError, "moderation_blocked"),
        ("policy", openai.BadRequestError, "content_policy_violation"),
        ("billing", openai.BadRequestError, "billing_hard_limit_reached"),
    ],
)
async def test_a_refusal_is_the_error_that_the_official_client_knows(
    official: openai.AsyncOpenAI, fault: str, kind: type[openai.APIStatusError], code: str | None
) -> None:
    with pytest.raises(kind) as caught:
        await official.images.generate(model=MODEL, prompt=f"a fox [[{fault}]]")
    assert caught.value.code == code


async def test_an_error_in_the_stream_is_one_for_the_official_client(official: openai.AsyncOpenAI) -> None:
    stream = await official.images.generate(
        model=MODEL, prompt="a fox [[error-in-stream:60]]", size=SIZE, stream=True, partial_images=1
    )
    assert (await anext(stream)).type == "image_generation.partial_image"
    with pytest.raises(openai.APIError, match="fetch failed"):
        await anext(stream)


async def test_the_official_client_lists_the_models(
    official: openai.AsyncOpenAI, client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    assert MODEL in {model.id async for model in official.models.list()}
    azures = await client.get(f"{sandbox.address}/openai/models", headers={"Authorization": "", "api-key": KEY})
    assert azures.status_code == 200
    assert (await client.get(f"{sandbox.address}/models", headers={"Authorization": ""})).status_code == 401


@pytest.mark.forms(2)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("endpoint", ["generations", "edits"])
async def test_answers_are_as_the_published_description_has_them(
    client: httpx.AsyncClient, sandbox: Sandbox, endpoint: str, stream: bool
) -> None:
    asked = {"model": MODEL, "prompt": "a fox", "size": "1024x1024", "stream": stream}
    asked |= {"partial_images": 1} if stream else {}
    where = f"{sandbox.address}/v1/images/{endpoint}"
    if endpoint == "generations":
        response = await client.post(where, json=asked)
    else:
        texts = {name: json.dumps(value).strip('"') for name, value in asked.items()}
        response = await client.post(
            where, data=texts, files=[("image", file(make_png())), ("mask", file(transparent_mask()))]
        )
    known = openai_spec.spec()
    kind = "ImageGen" if endpoint == "generations" else "ImageEdit"
    if not stream:
        assert len(response.json()["data"]) == 1
        assert known is None or known.check("ImagesResponse", response.json()) is None
        return
    events = [
        json.loads(line.removeprefix("data: ")) for line in response.text.split("\n") if line.startswith("data: ")
    ]
    for event, schema in zip(events, (f"{kind}PartialImageEvent", f"{kind}CompletedEvent"), strict=True):
        assert known is None or known.check(schema, event) is None
