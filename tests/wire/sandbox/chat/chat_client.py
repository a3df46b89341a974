"""A client of the sandbox's chat dialect: request bodies, streams, downloads."""

import asyncio
import base64
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from PIL import Image

from bot.sandbox import Sandbox
from tests.support.images import plain_image

SMALL = "64x64"  # paints in a blink
PICTURE = re.compile(r"!\[[^\]]*\]\((http://[^)]+)\)")


def make_image(colour: str = "red", kind: str = "PNG", size: tuple[int, int] = (60, 40)) -> bytes:
    return plain_image(colour, kind, size)


def data_url(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def make_body(
    prompt: str = "a fox", *urls: str, stream: bool = True, size: str = SMALL, **more: object
) -> dict[str, Any]:
    parts: list[object] = [{"type": "text", "text": prompt}]
    parts += [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    message = {"role": "user", "content": parts}
    return {"model": "gpt-4o-image", "messages": [message], "stream": stream, "size": size, **more}


@dataclass
class ReceivedStream:
    """A stream as a client received it."""

    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    done: bool = False
    cut: bool = False

    def text(self, channel: str = "content") -> str:
        deltas = [event["choices"][0]["delta"] for event in self.events if "choices" in event]
        return "".join(delta.get(channel, "") for delta in deltas)


async def receive_stream(client: httpx.AsyncClient, sandbox: Sandbox, body: Mapping[str, object]) -> ReceivedStream:
    received = ReceivedStream()
    async with client.stream("POST", f"{sandbox.address}/chat/completions", json=body) as response:
        assert response.status_code == 200
        try:
            async for line in response.aiter_lines():
                if line == "data: [DONE]":
                    received.done = True
                elif line:
                    received.events.append(json.loads(line.removeprefix("data: ")))
        except httpx.RemoteProtocolError:
            received.cut = True
    return received


async def post_chat(client: httpx.AsyncClient, sandbox: Sandbox, body: Mapping[str, object]) -> httpx.Response:
    return await client.post(f"{sandbox.address}/v1/chat/completions", json=body)


async def download_picture(client: httpx.AsyncClient, link: str) -> Image.Image:
    response = await client.get(link)
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    return Image.open(io.BytesIO(response.content)).convert("RGB")


def has_colour(picture: Image.Image, colour: tuple[int, int, int], area: int) -> bool:
    found = picture.getcolors(picture.width * picture.height)
    assert found is not None
    return any(count >= area and value == colour for count, value in found)


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(45):
        while not condition():  # noqa: ASYNC110 - the sandbox's counters wake nobody
            await asyncio.sleep(0.001)
