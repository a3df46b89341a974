"""Requests of the dialect `chat`: the prompt with what only words can carry, and the JSON. Sends nothing.

The options' fields are those of every dialect (`bot.providers.body`).
"""

from bot.painting import PaintRequest
from bot.providers.body import build_body, option_fields, safety_fields, sent_options
from bot.providers.http.json_body import InlineImages
from bot.providers.http.payload import Payload
from bot.providers.presets import ChatWire, Upstream


def prompt_with_options(request: PaintRequest, upstream: Upstream, wire: ChatWire) -> str:
    """The prompt, with the options that this upstream accepts only as text."""
    sent = sent_options(request, upstream.capabilities, wire)
    prompt = request.prompt
    if "size" in sent and not wire.size_field:
        prompt += wire.prompt_size_suffix.format(size=sent["size"])
    if "quality" in sent and not wire.quality_field:
        prompt += wire.prompt_quality_suffix.format(quality=sent["quality"])
    return prompt


def encode_request(prompt: str, request: PaintRequest, upstream: Upstream, wire: ChatWire) -> Payload:
    """The request's JSON; the references are encoded as base64 only while it is written."""
    images = InlineImages()
    parts: list[object] = [{"type": "text", "text": prompt}]
    parts += [_image_part(images.data_url(each)) for each in request.references]
    fields: dict[str, object] = {
        "model": upstream.model,
        "messages": [{"role": "user", "content": parts}],
        "stream": upstream.stream,
        **({"modalities": list(wire.modalities)} if wire.modalities else {}),
        **option_fields(sent_options(request, upstream.capabilities, wire), wire),
        **safety_fields(request, wire),
        **({wire.markup_field: _image_part(images.data_url(request.markup))} if request.markup else {}),
    }
    return images.encode(build_body(wire, fields, has_references=bool(request.references)))


def _image_part(url: object) -> dict[str, object]:
    return {"type": "image_url", "image_url": {"url": url}}
