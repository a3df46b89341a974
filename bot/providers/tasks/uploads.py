"""Uploads of users' images to a provider's own upload service, which returns addresses that it accepts itself.

No address of a chat platform ever comes here. An upload paints nothing, so it may be repeated.
"""

import asyncio
import base64
import json

from bot.errors import UpstreamDown
from bot.painting import Image
from bot.providers.http.client import UpstreamClient
from bot.providers.http.error_bodies import find_error
from bot.providers.http.failure_rules import classify_error
from bot.providers.http.failures import make_failure
from bot.providers.http.json_safe import parse_json_documents, value_at
from bot.providers.http.multipart import FormFile, encode_form
from bot.providers.http.payload import Payload
from bot.providers.http.quoting import redactions
from bot.providers.http.traced import traced_exchange
from bot.providers.presets import UploadWire, Upstream

UPLOAD_TIMEOUT_S = 120.0  # seconds; one image of ten megabytes over a slow line
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


async def upload_image(
    client: UpstreamClient, upstream: Upstream, wire: UploadWire, image: Image, stem: str, *, timeout_s: float
) -> str:
    """Uploads an image; its address at the upstream. `stem`: its file name there, without the suffix.

    Raises PaintFailed; no task was submitted.
    """
    async with traced_exchange(
        client,
        upstream.url(wire.path, base=upstream.files_base_url),
        await asyncio.to_thread(_encode_upload, wire, image, stem),
        {"Accept": "application/json"} | upstream.headers(),
        repeatable=True,
        timeout_s=min(UPLOAD_TIMEOUT_S, timeout_s),
        idle_timeout_s=UPLOAD_TIMEOUT_S,
        redact=redactions(upstream.key, ""),
    ) as answer:
        body = await answer.read_body()
    for document in parse_json_documents(body.decode("utf-8", "replace")):
        found = (value_at(document, path) for path in wire.url_paths)
        url = next((each for each in found if isinstance(each, str) and each.startswith(("https://", "http://"))), None)
        if url is not None:
            return url
        if (error := find_error(document)) is not None:
            failure = classify_error(error, None) or UpstreamDown
            raise make_failure(failure, error, source="at the upload", redact=redactions(upstream.key, ""))
    raise UpstreamDown(detail="the upload was answered without an address")


def encode_data_url(image: Image) -> str:
    """An image as a data URL. Takes milliseconds a megabyte: not for the event loop."""
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"


def _encode_upload(wire: UploadWire, image: Image, stem: str) -> Payload:
    if wire.form == "multipart":
        return encode_form(wire.fields.items(), [FormFile(field=wire.file_field, image=image, stem=stem)])
    body = {**wire.fields, wire.file_field: encode_data_url(image)}
    if wire.name_field:
        body[wire.name_field] = f"{stem}.{_SUFFIXES.get(image.media_type, 'bin')}"
    return Payload(media_type="application/json", pieces=(json.dumps(body).encode(),))
