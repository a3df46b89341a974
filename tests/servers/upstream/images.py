"""What the tests of the images dialect share: a provider on a scripted upstream, and the documents it answers with."""

import base64
import json

from pydantic import SecretStr

from bot.painting import Image
from bot.providers.http.client import UpstreamClient
from bot.providers.images.provider import ImagesProvider
from bot.providers.presets import resolve_upstream

KEY = "sk-very-secret"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
B64 = base64.b64encode(PNG).decode()
LINK = "https://files.example/20260427/d3272fe0.png"
USAGE = {
    "input_tokens": 6,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 6},
    "output_tokens": 275,
    "total_tokens": 281,
}
FOX = Image(data=PNG, media_type="image/png", width=60, height=40)
HAT = Image(data=b"\xff\xd8hat", media_type="image/jpeg", width=30, height=30)
MASK = Image(data=PNG + b"mask", media_type="image/png", width=60, height=40)


def provider(client: UpstreamClient, url: str, preset: str = "openai", **settings: object) -> ImagesProvider:
    given = {"base_url": url, "api_key": SecretStr(KEY), **settings}
    return ImagesProvider(resolve_upstream(name="up", preset=preset, **given), client)  # type: ignore[arg-type]  # as settings do


def document(*items: dict[str, object], **more: object) -> str:
    """A whole answer. Without items: one picture in base64."""
    data = list(items) or [{"b64_json": B64}]
    return json.dumps({"created": 1776220106, "data": data, "usage": USAGE, **more})


def event(kind: str, **fields: object) -> str:
    """A typed event. `kind` without its beginning: of a generation."""
    name = kind if "." in kind or kind == "error" else f"image_generation.{kind}"
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n"


def partial(number: int, data: bytes = PNG) -> str:
    return event("partial_image", b64_json=base64.b64encode(data).decode(), partial_image_index=number)


def completed(b64: str = B64, **more: object) -> str:
    return event("completed", b64_json=b64, usage=USAGE, **more)
