"""The sandbox's images dialect, as OpenAI's own client speaks it, and where it must refuse."""

import base64
import io
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import openai
import pytest
from openai.types import ImageEditCompletedEvent, ImageGenCompletedEvent, ImagesResponse
from PIL import Image

from bot.sandbox import Sandbox
from tests.servers.upstream import openai_spec
from tests.support.images import plain_image

SIZE = "1024x640"  # the fewest pixels that the API paints
MODEL = "gpt-image-2"
KEY = "sandbox"


def png(colour: str | tuple[int, ...] = "red", size: tuple[int, int] = (60, 40), mode: str = "RGB") -> bytes:
    return plain_image(colour, "PNG", size, mode)


def file(data: bytes, name: str = "fox.png", media_type: str = "image/png") -> tuple[str, bytes, str]:
    return name, data, media_type


def hole(size: tuple[int, int] = (60, 40)) -> bytes:
    """A mask whose left half may change."""
    image = Image.new("RGBA", size, (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def opened(encoded: str | None) -> Image.Image:
    assert encoded is not None
    image = Image.open(io.BytesIO(base64.b64decode(encoded, validate=True)))
    image.load()
    return image


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(pace=0) as sandbox:
        yield sandbox


@pytest.fixture
async def official(sandbox: Sandbox) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{sandbox.address}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as client:
        yield client


# ---------------------------------------------------------------- the official client


async def test_the_official_client_gets_a_picture(official: openai.AsyncOpenAI, sandbox: Sandbox) -> None:
    answer = await official.images.generate(
        model=MODEL, prompt="a fox", size=SIZE, quality="low", output_format="webp", output_compression=60, n=2
    )
    assert answer.data is not None
    pictures = [opened(each.b64_json) for each in answer.data]
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


async def test_the_official_client_edits_with_several_pictures_and_a_mask(
    official: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    images = [file(png("#2060c0")), file(png("#00ffff"), "hat.png")]
    answer = await official.images.edit(model=MODEL, prompt="a hat", image=images, mask=file(hole()), size=SIZE)
    assert answer.data is not None
    picture = opened(answer.data[0].b64_json).convert("RGB")
    assert picture.getpixel((900, 40)) == (0x20, 0x60, 0xC0)  # outside the mask nothing changes
    [received] = sandbox.requests
    assert received.path == "/v1/images/edits"
    assert [(each.width, each.height) for each in received.references] == [(60, 40)] * 2
    assert received.mask is not None
    assert received.body["image[]"] == [f"{each[0]} image/png ({len(each[1])} bytes)" for each in images]
    assert received.body["mask"] == [f"fox.png image/png ({len(hole())} bytes)"]
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
    assert opened(last.b64_json).size == (1024, 640)
    assert last.usage.output_tokens > 0
    assert all(opened(event.b64_json).format == "PNG" for event in events)


async def test_the_official_client_streams_an_edit(official: openai.AsyncOpenAI) -> None:
    stream = await official.images.edit(
        model=MODEL, prompt="a hat", image=file(png()), size=SIZE, stream=True, partial_images=1
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
        edited = await azure.images.edit(model="my-images", prompt="a hat", image=file(png()), size=SIZE)
    assert answer.data is not None
    assert edited.data is not None
    assert opened(answer.data[0].b64_json).size == (1024, 640)
    first, second = sandbox.requests
    assert first.path == "/openai/deployments/my-images/images/generations"
    assert first.query == {"api-version": "2025-04-01-preview"}
    assert "api-key" not in first.headers
    assert second.path == "/openai/deployments/my-images/images/edits"
    assert [(each.width, each.height) for each in second.references] == [(60, 40)]


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
        response = await client.post(where, data=texts, files=[("image", file(png())), ("mask", file(hole()))])
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


# ---------------------------------------------------------------- other houses


async def test_azures_filter_names_its_reason_inside(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    where = f"{sandbox.address}/openai/deployments/mine/images/generations"
    asked = {"prompt": "a fox [[content-filter]]"}
    response = await client.post(where, json=asked, params={"api-version": "x"}, headers={"api-key": KEY})
    assert response.status_code == 400
    assert response.json()["error"]["inner_error"]["code"] == "ResponsibleAIPolicyViolation"
    assert (await client.post(where, json=asked, headers={"api-key": KEY})).status_code == 404
    assert (await client.post(where, json=asked, params={"api-version": "x"})).status_code == 401


@pytest.mark.parametrize("wanted", [None, "url", "b64_json"])
async def test_openai_hk_hands_over_links_or_base64_behind_a_prefix(
    client: httpx.AsyncClient, sandbox: Sandbox, wanted: str | None
) -> None:
    asked = {"model": MODEL, "prompt": "a fox", "size": SIZE, "n": 1}
    asked |= {"response_format": wanted} if wanted else {}
    response = await client.post(f"{sandbox.address}/hk/v1/images/generations", json=asked)
    [item] = response.json()["data"]
    if wanted == "b64_json":
        assert item["b64_json"].startswith("data:image/png;base64,")
        assert opened(item["b64_json"].partition(",")[2]).size == (1024, 640)
    else:
        fetched = await client.get(item["url"])
        assert fetched.headers["content-type"] == "image/png"
        assert item["revised_prompt"] == "a fox"


# ---------------------------------------------------------------- refused

WRONG: dict[str, tuple[dict[str, Any], str | None]] = {
    "no prompt": ({"prompt": None}, "missing_required_parameter"),
    "no model": ({"model": None}, "missing_required_parameter"),
    "empty prompt": ({"prompt": " "}, "invalid_type"),
    "prompt is a number": ({"prompt": 7}, "invalid_type"),
    "long prompt": ({"prompt": "x" * 32_001}, "string_above_max_length"),
    "n is a text": ({"n": "2"}, "invalid_value"),
    "n is too many": ({"n": 11}, "invalid_value"),
    "n is a boolean": ({"n": True}, "invalid_value"),
    "unknown quality": ({"quality": "hd"}, "invalid_value"),
    "unknown background": ({"background": "pink"}, "invalid_value"),
    "transparent jpeg": ({"background": "transparent", "output_format": "jpeg"}, "invalid_value"),
    "unknown format": ({"output_format": "gif"}, "invalid_value"),
    "compressed png": ({"output_compression": 50}, "invalid_value"),
    "too compressed": ({"output_format": "webp", "output_compression": 101}, "invalid_value"),
    "partials without a stream": ({"partial_images": 1}, "invalid_value"),
    "too many partials": ({"partial_images": 4, "stream": True}, "invalid_value"),
    "stream is a text": ({"stream": "yes"}, "invalid_type"),
    "response_format": ({"response_format": "url"}, "unknown_parameter"),
    "unknown field": ({"seed": 7}, "unknown_parameter"),
    "fidelity of nothing": ({"input_fidelity": "high"}, "unknown_parameter"),
    "size is a ratio": ({"size": "16:9"}, "invalid_value"),
    "size off the grid": ({"size": "1025x1024"}, "invalid_value"),
    "size too long": ({"size": "3856x1600"}, "invalid_value"),
    "size too small": ({"size": "512x512"}, "invalid_value"),
    "size too large": ({"size": "3840x2176"}, "invalid_value"),
    "size too thin": ({"size": "3200x1024"}, "invalid_value"),
    "size of another model": ({"size": SIZE, "model": "gpt-image-1.5"}, "invalid_value"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_generation_against_the_rules_is_refused(
    client: httpx.AsyncClient, sandbox: Sandbox, name: str
) -> None:
    change, code = WRONG[name]
    asked = {"model": MODEL, "prompt": "a fox", **change}
    response = await client.post(f"{sandbox.address}/images/generations", json=asked)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)
    assert sandbox.requests == []


async def test_what_is_no_json_or_no_form_is_refused(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    for raw in (b"{", b"[]"):
        response = await client.post(f"{sandbox.address}/images/generations", content=raw)
        assert response.status_code == 400
    response = await client.post(f"{sandbox.address}/images/edits", json={"model": MODEL, "prompt": "a"})
    assert response.json()["error"]["code"] == "unsupported_content_type"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = await client.post(f"{sandbox.address}/images/edits", content=b"nonsense", headers=headers)
    assert response.status_code == 400


Parts = list[tuple[str, tuple[str, bytes, str]]]
FOX = ("image[]", file(png()))
BROKEN_FORMS: dict[str, tuple[Parts, str]] = {
    "no image": ([], "invalid_value"),
    "seventeen images": ([FOX] * 17, "invalid_value"),
    "image twice": ([("image", file(png()))] * 2, "duplicate_parameter"),
    "bytes without a type": (
        [("image[]", file(png(), media_type="application/octet-stream"))],
        "unsupported_file_mimetype",
    ),
    "a wrong type": ([("image[]", file(png(), media_type="image/jpeg"))], "invalid_image_file"),
    "no picture": ([("image[]", file(b"hello"))], "invalid_image_file"),
    "a large mask": ([FOX, ("mask", file(hole() + bytes(4_000_000)))], "invalid_image_file"),
    "a mask of another size": ([FOX, ("mask", file(hole((61, 40))))], "invalid_mask_image_format"),
    "a mask without a hole": ([FOX, ("mask", file(png()))], "invalid_mask_image_format"),
    "another file": ([FOX, ("reference", file(png()))], "unknown_parameter"),
}


@pytest.mark.parametrize("name", BROKEN_FORMS)
async def test_a_form_against_the_rules_is_refused(client: httpx.AsyncClient, sandbox: Sandbox, name: str) -> None:
    files, code = BROKEN_FORMS[name]
    files = files or [("mask", file(hole()))]
    response = await client.post(
        f"{sandbox.address}/images/edits", data={"model": MODEL, "prompt": "a hat"}, files=files
    )
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)
    assert sandbox.requests == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"api-key": KEY}])
async def test_a_stranger_is_refused(sandbox: Sandbox, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(headers=headers) as stranger:
        response = await stranger.post(f"{sandbox.address}/images/generations", json={})
    assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")


# ---------------------------------------------------------------- honest pictures, and faults


async def generate(
    client: httpx.AsyncClient, sandbox: Sandbox, prompt: str = "a fox", **more: object
) -> ImagesResponse:
    asked = {"model": MODEL, "prompt": prompt, "size": SIZE, **more}
    response = await client.post(f"{sandbox.address}/images/generations", json=asked)
    assert response.status_code == 200
    return ImagesResponse.model_validate_json(response.content)


async def test_a_transparent_picture_is_transparent_at_its_edge(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    for kind in ("png", "webp"):
        answer = await generate(client, sandbox, background="transparent", output_format=kind)
        assert answer.data is not None
        picture = opened(answer.data[0].b64_json).convert("RGBA")
        assert cast("tuple[int, ...]", picture.getpixel((0, 0)))[3] == 0
        assert cast("tuple[int, ...]", picture.getpixel((512, 320)))[3] == 255
        assert answer.background == "transparent"


async def test_a_large_picture_has_the_size_it_was_asked_for(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    answer = await generate(client, sandbox, size="2048x1152", output_format="jpeg", output_compression=10)
    assert answer.data is not None
    assert opened(answer.data[0].b64_json).size == (2048, 1152)


async def test_an_edit_without_a_size_keeps_the_shape_of_its_picture(
    official: openai.AsyncOpenAI, client: httpx.AsyncClient
) -> None:
    sizes: list[object] = []
    for size in ((60, 40), (40, 60), (50, 50)):
        answer = await official.images.edit(model=MODEL, prompt="a hat", image=file(png(size=size)))
        sizes.append(answer.size)
    assert sizes == ["1536x1024", "1024x1536", "1024x1024"]


@pytest.mark.parametrize("fault", ["cut", "quiet:0"])
async def test_the_connection_ends_in_the_middle(client: httpx.AsyncClient, sandbox: Sandbox, fault: str) -> None:
    for stream in (True, False):
        with pytest.raises(httpx.RemoteProtocolError):
            await generate(client, sandbox, f"a fox [[{fault}]]", stream=stream)
    assert (sandbox.painted, sandbox.dropped) == (0, 0)


async def test_the_connection_ends_before_any_answer(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    for fault in ("reset", "no-answer:0"):
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await generate(client, sandbox, f"a fox [[{fault}]]")


async def test_an_error_instead_of_the_whole_answer(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    asked = {"model": MODEL, "prompt": "a fox [[error-in-stream]]"}
    assert (await client.post(f"{sandbox.address}/images/generations", json=asked)).status_code == 500


async def test_fewer_pictures_or_none(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    for fault, count in (("two", 2), ("partial:1", 1), ("no-picture", 0)):
        answer = await generate(client, sandbox, f"a fox [[{fault}]]", n=3)
        assert answer.data is not None
        assert len(answer.data) == count


@pytest.mark.parametrize("fault", ["svg", "html", "broken", "gone"])
async def test_the_picture_is_something_else(client: httpx.AsyncClient, sandbox: Sandbox, fault: str) -> None:
    asked = {"model": MODEL, "prompt": f"a fox [[{fault}]]", "size": SIZE}
    response = await client.post(f"{sandbox.address}/hk/v1/images/generations", json=asked)
    fetched = await client.get(response.json()["data"][0]["url"])
    assert (fetched.status_code == 404) == (fault == "gone")
    with pytest.raises(OSError, match=r"cannot identify|truncated"):
        Image.open(io.BytesIO(fetched.content)).load()


async def test_a_stream_torn_anywhere_adds_up(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    asked = {"model": MODEL, "prompt": "a fox [[torn]] [[data-url]]", "size": SIZE, "stream": True}
    response = await client.post(f"{sandbox.address}/images/generations", json=asked)
    name, data = response.text.strip().split("\n")
    assert name == "event: image_generation.completed"
    encoded = json.loads(data.removeprefix("data: "))["b64_json"]
    assert opened(encoded.removeprefix("data:image/png;base64,")).size == (1024, 640)


async def test_the_waits_of_a_stream_add_up_to_the_pace(client: httpx.AsyncClient) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with Sandbox(pace=8, sleep=sleep) as sandbox:
        asked = {"model": MODEL, "prompt": "a fox", "size": SIZE, "stream": True, "partial_images": 3}
        await client.post(f"{sandbox.address}/images/generations", json=asked)
    assert len(waited) == 4
    assert 8 * 0.85 <= sum(waited) <= 8 * 1.15
