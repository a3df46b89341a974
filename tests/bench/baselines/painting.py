"""The bare way to have a picture painted: httpx, one expression for progress, one for the picture."""

import base64
import json
import re
from collections.abc import Callable, Sequence

import httpx

PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")
PICTURE = re.compile(r"!\[[^\]]*\]\((\S+?)\)")


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=None, limits=httpx.Limits(max_connections=None))  # noqa: S113 - a script has none


async def paint(
    http: httpx.AsyncClient,
    upstream: str,
    prompt: str,
    progress: Callable[[float], None],
    photos: Sequence[bytes] = (),
) -> bytes:
    """The finished picture; `progress` is told each percentage."""
    content: list[dict[str, object]] = [{"type": "text", "text": prompt}]
    for photo in photos:
        url = f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}"
        content.append({"type": "image_url", "image_url": {"url": url}})
    body = {"model": "gpt-4o-image", "stream": True, "messages": [{"role": "user", "content": content}]}
    said = ""
    async with http.stream("POST", f"{upstream}/chat/completions", json=body) as response:
        async for line in response.aiter_lines():
            if not line.startswith("data: {"):
                continue
            text = json.loads(line[6:])["choices"][0]["delta"].get("content", "")
            said += text
            if (found := PERCENT.search(text)) is not None:
                progress(float(found[1]))
    found = PICTURE.search(said)
    assert found is not None, said
    return (await http.get(found[1])).content
