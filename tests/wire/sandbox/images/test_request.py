"""Requests of the images dialect: variants of the API, and what its rules refuse."""

from typing import Any

import httpx
import pytest

from bot.sandbox import Sandbox
from tests.wire.sandbox.images.images_client import KEY, MODEL, SIZE, decode_image, file, make_png, transparent_mask


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
        assert decode_image(item["b64_json"].partition(",")[2]).size == (1024, 640)
    else:
        fetched = await client.get(item["url"])
        assert fetched.headers["content-type"] == "image/png"
        assert item["revised_prompt"] == "a fox"


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


@pytest.mark.forms(5)
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
FOX = ("image[]", file(make_png()))
BROKEN_FORMS: dict[str, tuple[Parts, str]] = {
    "no image": ([], "invalid_value"),
    "seventeen images": ([FOX] * 17, "invalid_value"),
    "image twice": ([("image", file(make_png()))] * 2, "duplicate_parameter"),
    "bytes without a type": (
        [("image[]", file(make_png(), media_type="application/octet-stream"))],
        "unsupported_file_mimetype",
    ),
    "a wrong type": ([("image[]", file(make_png(), media_type="image/jpeg"))], "invalid_image_file"),
    "no picture": ([("image[]", file(b"hello"))], "invalid_image_file"),
    "a large mask": ([FOX, ("mask", file(transparent_mask() + bytes(4_000_000)))], "invalid_image_file"),
    "a mask of another size": ([FOX, ("mask", file(transparent_mask((61, 40))))], "invalid_mask_image_format"),
    "a mask without a hole": ([FOX, ("mask", file(make_png()))], "invalid_mask_image_format"),
    "marks for a model that takes none": ([FOX, ("markup", file(transparent_mask()))], "invalid_value"),
    "marks beside a mask": (
        [FOX, ("mask", file(transparent_mask())), ("markup", file(transparent_mask()))],
        "invalid_value",
    ),
    "another file": ([FOX, ("reference", file(make_png()))], "unknown_parameter"),
}


@pytest.mark.forms(3)
@pytest.mark.parametrize("name", BROKEN_FORMS)
async def test_a_form_against_the_rules_is_refused(client: httpx.AsyncClient, sandbox: Sandbox, name: str) -> None:
    files, code = BROKEN_FORMS[name]
    files = files or [("mask", file(transparent_mask()))]
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
