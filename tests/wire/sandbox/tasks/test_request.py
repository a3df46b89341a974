"""Submits and uploads that are refused."""

import pytest

from bot.sandbox import Fault
from tests.wire.sandbox.tasks.task_client import (
    EVOLINK,
    QUERY_PATHS,
    REFERENCE_FIELDS,
    TOAPIS,
    TaskClient,
    both,
    make_image,
    open_client,
)

MISTAKES: dict[str, dict[str, object]] = {
    "no model": {"model": ""},
    "no prompt": {"prompt": " "},
    "an unknown size": {"size": "16:9"},
    "n is no number": {"n": "2"},
    "n is a boolean": {"n": True},
    "n is too many": {"n": 5},
    "base64": {"references": ["data:image/png;base64,AAAA"]},
    "somebody else's address": {"references": ["https://cdn.discordapp.com/x.png"]},
    "no list": {"references": "https://example.com/a.png"},
    "a mask without a picture": {"mask_url": "https://example.com/a.png"},
}


@pytest.mark.forms(4)
@both
@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_submit_against_the_documented_shape_is_refused(client: TaskClient, at: str, mistake: str):
    more = {REFERENCE_FIELDS[at] if name == "references" else name: value for name, value in MISTAKES[mistake].items()}
    response = await client.submit(at, **more)
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
    assert client.sandbox.tasks == []


async def test_what_is_no_json_is_refused(client: TaskClient):
    for raw in (b"{", b"[]"):
        assert (await client.http.post(client.sandbox.address + TOAPIS, content=raw)).status_code == 400


async def test_limits_that_only_one_of_them_has(client: TaskClient):
    assert (await client.submit(EVOLINK, "x" * 2001)).status_code == 400
    assert (await client.submit(EVOLINK, n=3)).status_code == 400
    assert (await client.submit(EVOLINK, callback_url="http://bot.example/x")).status_code == 400
    assert (await client.submit(TOAPIS, "x" * 2001, n=3)).status_code == 200
    two = {"reference_images": list[str](), "image_urls": list[str]()}
    assert (await client.submit(TOAPIS, **two)).status_code == 400


@both
async def test_mask_rules(client: TaskClient, at: str):
    png = await client.upload(make_image(), to=at)
    for picture, mask in (
        ([png, png], png),
        ([png], await client.upload(make_image(size=(32, 64)), to=at)),
        ([png], await client.upload(make_image(kind="JPEG"), to=at)),
        ([await client.upload(make_image(kind="WEBP"), to=at)], png),
    ):
        assert (await client.submit(at, **{REFERENCE_FIELDS[at]: picture}, mask_url=mask)).status_code == 400
    assert (await client.submit(at, **{REFERENCE_FIELDS[at]: [{"url": png}]}, mask_url=png)).status_code == 200


@both
async def test_a_wrong_key_is_refused(client: TaskClient, at: str):
    client.http.headers["Authorization"] = "Bearer wrong"
    response = await client.submit(at)
    assert (response.status_code, response.json()["error"]["type"]) == (401, "authentication_error")
    assert (await client.http.get(client.sandbox.address + QUERY_PATHS[at].format("x"))).status_code == 401
    for path in ("/toapis/v1/uploads/images", "/evolink/api/v1/files/upload/base64"):
        response = await client.http.post(client.sandbox.address + path, json={})
        assert (response.status_code, response.json()["success"]) == (401, False)


@both
async def test_an_unknown_task_is_a_404(client: TaskClient, at: str):
    response = await client.http.get(client.sandbox.address + QUERY_PATHS[at].format("nothing"))
    assert response.status_code == 404
    code = response.json()["error"]["code"]
    assert code == ("resource_not_found" if at == EVOLINK else 404)


@pytest.mark.parametrize("data", [b"GIF? no", make_image(size=(1, 1))[:30], b"\x89PNG" + bytes(10_000_000)])
async def test_an_upload_that_is_no_picture_is_refused(client: TaskClient, data: bytes):
    response = await client.http.post(
        f"{client.sandbox.address}/toapis/v1/uploads/images", files={"file": ("a.png", data, "image/png")}
    )
    assert (response.status_code, response.json()["success"]) == (400, False)


async def test_an_upload_in_the_wrong_form_is_refused(client: TaskClient):
    base = f"{client.sandbox.address}/evolink/api/v1/files/upload"
    for body in ({}, {"base64_data": "!!"}, {"base64_data": "AAAA"}):
        assert (await client.http.post(f"{base}/base64", json=body)).json()["code"] == 400
    assert (await client.http.post(f"{base}/base64", content=b"{")).status_code == 400
    assert (await client.http.post(f"{base}/stream", content=b"{")).status_code == 400
    named = {"picture": ("a.png", make_image(), "image/png")}
    assert (await client.http.post(f"{base}/stream", files=named)).status_code == 400


async def test_faults_of_uploads_come_one_an_upload():
    async with open_client(upload_faults=[Fault("500"), Fault("html502"), None]) as client:
        url = f"{client.sandbox.address}/toapis/v1/uploads/images"
        answers = [await client.http.post(url, files={"file": ("a.png", make_image(), "image/png")}) for _ in range(4)]
    assert [each.status_code for each in answers] == [500, 502, 200, 200]
    assert answers[0].json() == {"success": False, "message": "fetch failed"}
