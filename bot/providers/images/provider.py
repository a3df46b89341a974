"""Provider of the dialect `images`: generations as JSON, edits as a form, answered by a document or a stream.

`response` interprets the answer; this module makes the request and receives the chunks.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from urllib.parse import quote, urlencode

from bot.errors import CutShort, Lost, UpstreamDown
from bot.intake.sizes import resolve_request_size
from bot.painting import Accepted, ImageMissing, PaintEvent, PaintRequest, Stage, StageChanged
from bot.providers.base import AFTER_ERROR_S, SingleResponseProvider, log_missing_image
from bot.providers.diagnostics import endpoint_hints
from bot.providers.http.client import HttpResponse, Payload, UpstreamClient, exchange
from bot.providers.http.failures import find_trace_id
from bot.providers.http.json_safe import parse_json_documents
from bot.providers.http.multipart import FormFile, encode_form
from bot.providers.http.quoting import redactions
from bot.providers.http.sse import iter_sse_events
from bot.providers.http.turns import decode_text
from bot.providers.images.response import ImagesResponse
from bot.providers.inline_images import decode_inline_images
from bot.providers.offload import offload
from bot.providers.presets import ImagesWire, Upstream, join_url
from bot.providers.surplus import SurplusBudget, drop_surplus


class ImagesProvider(SingleResponseProvider):
    """One upstream of the dialect `images` (OpenAI's Images API). Implements `bot.ports.Provider`."""

    def __init__(self, upstream: Upstream, client: UpstreamClient) -> None:
        """`client`: owned and closed by the caller."""
        assert isinstance(upstream.wire, ImagesWire)
        super().__init__(upstream, client)
        self._wire = upstream.wire

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        """Paints all images with one request, which is never sent twice.

        Raises PaintFailed when there is no image at all; fewer than requested are no failure. Closing the iterator
        closes the connection.
        """
        yield StageChanged(Stage.SENDING)
        with endpoint_hints(self._upstream):
            pictures = self._request_pictures(request)
            wanted = drop_surplus(pictures, request.options.n, SurplusBudget(), provider=self.name)
            async with aclosing(decode_inline_images(wanted, base_url=self._upstream.base_url)) as events:
                async for event in events:
                    yield event

    async def _request_pictures(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        upstream = self._upstream
        streams = _should_stream(request, upstream)
        redact = redactions(upstream.key, request.prompt)
        payload = await asyncio.to_thread(encode_request, request, upstream, self._wire)
        response = ImagesResponse(price=upstream.token_price, redact=redact)
        lost: Lost | None = None
        sent = asyncio.Event()
        pending_exchange = exchange(
            self._client,
            request_url(upstream, self._wire, self._wire.edits if request.references else self._wire.generations),
            payload,
            {"Accept": "text/event-stream, application/json" if streams else "application/json"}
            | upstream.auth_headers(),
            timeout_s=upstream.timeout_s,
            idle_timeout_s=upstream.idle_timeout_s if streams else upstream.timeout_s,
            redact=redact,
            sent=sent,
        )
        try:
            async with AsyncExitStack() as stack:
                async with _open_in_background(stack, pending_exchange) as opening:
                    if await _is_awaiting_response(opening, sent):
                        yield StageChanged(Stage.PAINTING)
                    http_response = await opening
                if http_response.media_type == "text/html" and await http_response.peek_first_byte() == b"<":
                    raise UpstreamDown(detail="HTTP 200 with an HTML page")
                response.trace = find_trace_id(http_response.headers, redact=redact)
                yield Accepted(response.trace)
                yield StageChanged(Stage.PAINTING)
                async with aclosing(_read_events(http_response, response)) as events:
                    async for event in events:
                        yield event
            if not response.is_complete and not response.error:
                lost = CutShort(detail="the stream ended without an end")
        except Lost as exc:
            if not response.is_complete:
                lost = exc
        for event in response.end_response(lost):
            if isinstance(event, ImageMissing):
                log_missing_image(self.name, event)
            yield event


@asynccontextmanager
async def _open_in_background(
    stack: AsyncExitStack, pending_exchange: AbstractAsyncContextManager[HttpResponse]
) -> AsyncGenerator[asyncio.Task[HttpResponse], None]:
    """Opens an exchange in a task, which the caller may await or abandon; `stack` closes the response."""
    opening = asyncio.create_task(stack.enter_async_context(pending_exchange))
    try:
        yield opening
    finally:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)


async def _is_awaiting_response(opening: asyncio.Task[HttpResponse], sent: asyncio.Event) -> bool:
    """Whether the request is written and no headers have come: an upstream that does not stream paints before it sends
    any."""
    sent_waiter = asyncio.create_task(sent.wait())
    try:
        await asyncio.wait([opening, sent_waiter], return_when=asyncio.FIRST_COMPLETED)
    finally:
        sent_waiter.cancel()
    return not opening.done()


# ---------------------------------------------------------------- the request


def request_url(upstream: Upstream, wire: ImagesWire, path: str) -> str:
    """The address of a request. A base address that already ends with one of the paths is accepted."""

    def fill(path: str) -> str:
        return path.format(model=quote(upstream.model, safe=""))

    base = upstream.base_url
    for each in (wire.generations, wire.edits):
        base = base.removesuffix(fill(each))
    return join_url(base, fill(path)) + (f"?{urlencode(wire.query)}" if wire.query else "")


def _should_stream(request: PaintRequest, upstream: Upstream) -> bool:
    """Whether a stream is requested: only for a single image, since events do not name the image they belong to."""
    return upstream.stream and request.options.n == 1


def _request_fields(request: PaintRequest, upstream: Upstream, wire: ImagesWire) -> dict[str, object]:
    """The fields beside the images. An option that the user did not choose is left to the upstream."""
    options = request.options
    streams = _should_stream(request, upstream)
    fields: list[tuple[str, object]] = [
        ("model", upstream.model if wire.sends_model else None),
        ("prompt", request.prompt),
        ("n", options.n if options.n > 1 else None),
        (wire.size_field, resolve_request_size(request, upstream.capabilities).size),
        (wire.quality_field, options.quality),
        (wire.background_field, options.background),
        (wire.format_field, options.format),
        (wire.compression_field, options.compression),
        ("response_format", wire.response_format or None),
        ("stream", streams or None),
        ("partial_images", (wire.partial_images if streams else 0) or None),
        *wire.extra.items(),
    ]
    return {name: value for name, value in fields if name and value is not None}


def encode_request(request: PaintRequest, upstream: Upstream, wire: ImagesWire) -> Payload:
    """The body: JSON without references, a multipart form with them. Not for the event loop."""
    fields = _request_fields(request, upstream, wire)
    if not request.references:
        body = json.dumps(fields, ensure_ascii=False).encode()
        return Payload(media_type="application/json", pieces=(body,))
    files = [
        FormFile(field=wire.image_field, image=image, stem=f"image-{number}")
        for number, image in enumerate(request.references, start=1)
    ]
    if request.mask:
        files.append(FormFile(field=wire.mask_field, image=request.mask, stem="mask"))
    return encode_form([(name, _form_value(value)) for name, value in fields.items()], files)


def _form_value(value: object) -> str:
    """A value as the text of a form field."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# ---------------------------------------------------------------- the answer


async def _read_events(http_response: HttpResponse, response: ImagesResponse) -> AsyncGenerator[PaintEvent, None]:
    """The events of an answer, streamed or one document, whatever was requested."""
    if await http_response.peek_first_byte() in (b"{", b"["):
        body = await http_response.read_body()
        for event in await offload(len(body), _apply_document, response, body):
            yield event
        return
    async with aclosing(iter_sse_events(http_response)) as sse_events:
        async for kind, data in sse_events:
            if data.strip() == "[DONE]":
                response.is_complete = True
                return
            for event in await offload(len(data), _apply_sse_event, response, kind, data):
                yield event
            if response.is_complete:
                return
            if response.error:  # nothing more, or what else was painted
                http_response.limit_silence(AFTER_ERROR_S)


def _apply_document(response: ImagesResponse, body: bytes) -> list[PaintEvent]:
    documents = parse_json_documents(decode_text(body))
    response.is_complete = bool(documents)  # a document that can be parsed is complete
    return [event for document in documents for event in response.apply_document(document)]


def _apply_sse_event(response: ImagesResponse, kind: str, data: str) -> list[PaintEvent]:
    return [event for document in parse_json_documents(data) for event in response.apply_document(document, kind)]
