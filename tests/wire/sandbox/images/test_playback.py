"""Pictures of the images dialect, and its faults."""

import io
import json
from typing import cast

import httpx
import openai
import pytest
from openai.types import ImagesResponse
from PIL import Image

from bot.sandbox import Sandbox
from tests.wire.sandbox.images.images_client import MODEL, SIZE, decode_image, file, make_png


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
        picture = decode_image(answer.data[0].b64_json).convert("RGBA")
        assert cast("tuple[int, ...]", picture.getpixel((0, 0)))[3] == 0
        assert cast("tuple[int, ...]", picture.getpixel((512, 320)))[3] == 255
        assert answer.background == "transparent"


async def test_a_large_picture_has_the_size_it_was_asked_for(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    answer = await generate(client, sandbox, size="2048x1152", output_format="jpeg", output_compression=10)
    assert answer.data is not None
    assert decode_image(answer.data[0].b64_json).size == (2048, 1152)


async def test_an_edit_without_a_size_keeps_the_shape_of_its_picture(
    official: openai.AsyncOpenAI, client: httpx.AsyncClient
) -> None:
    sizes: list[object] = []
    for size in ((60, 40), (40, 60), (50, 50)):
        answer = await official.images.edit(model=MODEL, prompt="a hat", image=file(make_png(size=size)))
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


@pytest.mark.forms(2)
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
    assert decode_image(encoded.removeprefix("data:image/png;base64,")).size == (1024, 640)


async def test_the_waits_of_a_stream_add_up_to_the_pace(client: httpx.AsyncClient) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with Sandbox(pace=8, sleep=sleep) as sandbox:
        asked = {"model": MODEL, "prompt": "a fox", "size": SIZE, "stream": True, "partial_images": 3}
        await client.post(f"{sandbox.address}/images/generations", json=asked)
    assert len(waited) == 4
    assert 8 * 0.85 <= sum(waited) <= 8 * 1.15
