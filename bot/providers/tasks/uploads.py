"""Members' pictures to a provider's own upload service, which turns bytes into addresses that it takes itself.

No address of a chat platform ever comes here, and an upload paints nothing: it may be repeated.
"""

import asyncio
import base64
import json

from bot.errors import UpstreamDown
from bot.painting import Image
from bot.providers.chat.message_parts import parse
from bot.providers.http.client import Payload, UpstreamClient, exchange
from bot.providers.http.error_bodies import build, classify, find_complaint
from bot.providers.http.multipart import File, form
from bot.providers.presets import UploadWire, Upstream, joined
from bot.providers.tasks.response import at

TIMEOUT = 120.0  # seconds for one picture of ten megabytes over a slow line
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


async def upload(
    client: UpstreamClient, upstream: Upstream, wire: UploadWire, image: Image, stem: str, *, timeout_s: float
) -> str:
    """The address of a picture at the upstream. `stem`: its name there, without what says its kind.

    Raises PaintFailed; nothing was asked to be painted.
    """
    async with exchange(
        client,
        joined(upstream.files_base_url or upstream.base_url, wire.path),
        await asyncio.to_thread(_payload, wire, image, stem),
        {"Accept": "application/json"} | upstream.auth(),
        repeatable=True,
        timeout_s=min(TIMEOUT, timeout_s),
        idle_s=TIMEOUT,
        hide=[upstream.key],
    ) as answer:
        said = await answer.read()
    for document in parse(said.decode("utf-8", "replace")):
        found = (at(document, path) for path in wire.url_paths)
        url = next((each for each in found if isinstance(each, str) and each.startswith(("https://", "http://"))), None)
        if url is not None:
            return url
        if (complaint := find_complaint(document)) is not None:
            failure = classify(complaint, None) or UpstreamDown
            raise build(failure, complaint, at="at the upload", hide=[upstream.key])
    raise UpstreamDown(detail="the upload was answered without an address")


def data_url(image: Image) -> str:
    """The picture itself as an address. Megabytes: not for the event loop."""
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"


def _payload(wire: UploadWire, image: Image, stem: str) -> Payload:
    if wire.form == "multipart":
        return form(wire.fields.items(), [File(field=wire.file_field, image=image, stem=stem)])
    body = {**wire.fields, wire.file_field: data_url(image)}
    if wire.name_field:
        body[wire.name_field] = f"{stem}.{_SUFFIXES.get(image.media_type, 'bin')}"
    return Payload(media_type="application/json", pieces=(json.dumps(body).encode(),))
