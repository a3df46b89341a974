"""Requests of the dialect `images`: the address, and the body as JSON or as a form. Sends nothing.

The options' fields are those of every dialect (`bot.providers.body`).
"""

from bot.painting import PaintRequest
from bot.providers.body import build_body, form_fields, option_fields, safety_fields, sent_options
from bot.providers.http.json_body import InlineImages
from bot.providers.http.multipart import FormFile, encode_form
from bot.providers.http.payload import Payload
from bot.providers.presets import ImagesWire, Upstream
from bot.providers.presets.wire_fields import fill


def request_url(request: PaintRequest, upstream: Upstream, wire: ImagesWire) -> str:
    """The address of a request. A base address that already ends with one of the paths is accepted."""
    base = upstream.base_url
    for each in (wire.generations, wire.edits):
        base = base.removesuffix(upstream.endpoint(each))
    return upstream.url(upstream.endpoint(wire.edits if request.references else wire.generations), base=base)


def should_stream(request: PaintRequest, upstream: Upstream) -> bool:
    """Whether a stream is requested: only for a single image, since events do not name the image they belong to."""
    return upstream.stream and request.options.n == 1


def encode_request(request: PaintRequest, upstream: Upstream, wire: ImagesWire) -> Payload:
    """The body: JSON without references, a form or JSON with them. Not for the event loop."""
    fields = _fields(request, upstream, wire)
    if request.references and wire.edits_form == "multipart":
        return _encode_form(fields, request, wire)
    images = InlineImages()
    items = [fill(wire.reference_item, "{url}", images.data_url(each)) for each in request.references]
    if items:
        fields[wire.image_field] = items[0] if wire.single_reference else items
    if request.mask:
        fields[wire.mask_field] = fill(wire.reference_item, "{url}", images.data_url(request.mask))
    if request.markup:
        fields[wire.markup_field] = fill(wire.reference_item, "{url}", images.data_url(request.markup))
    return images.encode(build_body(wire, fields, has_references=bool(items)))


def _fields(request: PaintRequest, upstream: Upstream, wire: ImagesWire) -> dict[str, object]:
    """The fields beside the images. An option that the user did not choose is left to the upstream."""
    count, streams = request.options.n, should_stream(request, upstream)
    fields: list[tuple[str, object]] = [
        (wire.model_field, upstream.model),
        (wire.prompt_field, request.prompt),
        (wire.n_field, count if count > 1 else None),
        *option_fields(sent_options(request, upstream.capabilities, wire), wire).items(),
        *safety_fields(request, wire).items(),
        ("response_format", wire.response_format or None),
        ("stream", streams or None),
        ("partial_images", (wire.partial_images if streams else 0) or None),
    ]
    return {name: value for name, value in fields if name and value is not None}


def _encode_form(fields: dict[str, object], request: PaintRequest, wire: ImagesWire) -> Payload:
    files = [
        FormFile(field=wire.image_field, image=image, stem=f"image-{number}")
        for number, image in enumerate(request.references, start=1)
    ]
    if request.mask:
        files.append(FormFile(field=wire.mask_field, image=request.mask, stem="mask"))
    if request.markup:
        files.append(FormFile(field=wire.markup_field, image=request.markup, stem="markup"))
    return encode_form(list(form_fields(build_body(wire, fields, has_references=True))), files)
