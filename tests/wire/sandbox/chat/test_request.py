"""Chat requests that are refused, and those that are accepted."""

from typing import Any

import httpx
import pytest

from bot.sandbox import Sandbox
from tests.wire.sandbox.chat.chat_client import data_url, make_body, make_image, post_chat, receive_stream


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic sandbox"}])
async def test_a_wrong_or_missing_key_is_refused_with_a_trace_id(sandbox: Sandbox, headers: dict[str, str]):
    async with httpx.AsyncClient(headers=headers) as stranger:
        response = await post_chat(stranger, sandbox, make_body())
    assert response.status_code == 401
    told = response.json()
    assert (told["success"], told["error"]["code"]) == (False, "invalid_token")
    assert told["trace_id"]
    assert sandbox.requests == []


TEXT = {"type": "text", "text": "a fox"}


def content(value: object) -> dict[str, Any]:
    return {**make_body(), "messages": [{"role": "user", "content": value}]}


MISTAKES: dict[str, dict[str, Any]] = {
    "no model": {**make_body(), "model": None},
    "empty model": {**make_body(), "model": ""},
    "stream is no boolean": {**make_body(), "stream": "yes"},
    "n is no number": make_body(n="2"),
    "n is a boolean": make_body(n=True),
    "n is too many": make_body(n=5),
    "no messages": {**make_body(), "messages": None},
    "two messages": {**make_body(), "messages": make_body()["messages"] * 2},
    "a message is no object": {**make_body(), "messages": ["a fox"]},
    "not a user": {**make_body(), "messages": [{"role": "system", "content": "a fox"}]},
    "no content": content(None),
    "empty content": content([]),
    "empty text": make_body(" "),
    "picture before text": content([{"type": "image_url", "image_url": {"url": data_url(make_image())}}]),
    "two texts": content([TEXT, {**TEXT, "image_url": {"url": "x"}}]),
    "no url": content([TEXT, {"type": "image_url", "image_url": dict[str, str]()}]),
    "a link": make_body("a fox", "https://example.com/fox.png"),
    "bad base64": make_body("a fox", "data:image/png;base64,!!"),
    "no picture": make_body("a fox", data_url(b"GIF? no")),
    "half a picture": make_body("a fox", data_url(make_image(size=(300, 300))[:150])),
}  # fmt: skip


@pytest.mark.forms(4)
@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_request_against_the_documented_shape_is_refused(
    client: httpx.AsyncClient, sandbox: Sandbox, mistake: str
):
    response = await post_chat(client, sandbox, MISTAKES[mistake])
    assert (response.status_code, response.json()["error"]["code"]) == (400, "token_mismatched")


async def test_a_prompt_may_be_a_plain_string(client: httpx.AsyncClient, sandbox: Sandbox):
    assert "Keywords: a fox" in (await receive_stream(client, sandbox, content("a fox"))).text()


async def test_what_is_no_json_is_refused(client: httpx.AsyncClient, sandbox: Sandbox):
    for raw in (b"{", b"[]", b"\xff"):
        response = await client.post(f"{sandbox.address}/chat/completions", content=raw)
        assert response.json()["error"]["code"] == "token_mismatched"


async def test_links_are_named_but_never_opened_when_they_are_allowed(client: httpx.AsyncClient):
    async with Sandbox(pace=0, links=True) as sandbox:
        text = (await receive_stream(client, sandbox, make_body("a fox", "https://example.com/fox.png"))).text()
    assert text.startswith("> ❇️ Keywords: https://example.com/fox.png a fox\n\n")
