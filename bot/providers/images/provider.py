"""The dialect `images`: generations as JSON, edits as a form with files, answered by a document or a stream.

What the answer says is read in `response`; here stand the request and how its response is received.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from urllib.parse import quote, urlencode

import structlog

from bot.errors import CutShort, Lost, UpstreamDown
from bot.intake.sizes import resolve_request_size
from bot.painting import Accepted, PaintEvent, PaintRequest, Stage, StageChanged
from bot.providers.base import BaseProvider
from bot.providers.diagnostics import endpoint_hints
from bot.providers.http.client import HttpResponse, Payload, UpstreamClient, exchange
from bot.providers.http.error_bodies import find_trace_id
from bot.providers.http.json_safe import parse_json_documents
from bot.providers.http.multipart import FormFile, encode_form
from bot.providers.http.quoting import redactions
from bot.providers.http.sse import iter_sse_events
from bot.providers.images.response import ImagesResponse
from bot.providers.inline_images import decode_inline_images
from bot.providers.offload import offload
from bot.providers.presets import ImagesWire, Upstream, join_url

log = structlog.get_logger()


class ImagesProvider(BaseProvider):
    """One upstream that speaks OpenAI's Images API. Implements `bot.ports.Provider`."""

    def __init__(self, upstream: Upstream, client: UpstreamClient) -> None:
        """`client`: stays open, and belongs to whoever made it."""
        assert isinstance(upstream.wire, ImagesWire)
        super().__init__(upstream)
        self._wire = upstream.wire
        self._client = client

    @property
    def resumable(self) -> bool:
        """A picture that was not received cannot be asked for again."""
        return False

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        """Paints all pictures with one request, which is never sent twice.

        Raises PaintFailed when there is no picture at all; fewer than asked for are no failure. Closing the
        iterator closes the connection.
        """
        yield StageChanged(Stage.SENDING)
        with endpoint_hints(self._upstream):
            async with aclosing(decode_inline_images(self._request_pictures(request))) as events:
                async for event in events:
                    yield event

    async def resume(self, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        """Raises Lost: whatever became of that answer, it cannot be asked for again."""
        raise Lost(trace=upstream_id)
        yield Accepted(upstream_id)  # pyright: ignore[reportUnreachable] - makes it the generator that the port wants

    async def _request_pictures(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        upstream = self._upstream
        streams = _should_stream(request, upstream)
        redact = redactions(upstream.key, request.prompt)
        payload = await asyncio.to_thread(encode_request, request, upstream, self._wire)
        reply = ImagesResponse(price=upstream.token_price, redact=redact)
        lost: Lost | None = None
        sent = asyncio.Event()
        asking = exchange(
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
                async with _open_in_background(stack, asking) as coming:
                    if await _is_awaiting_response(coming, sent):
                        yield StageChanged(Stage.PAINTING)
                    answer = await coming
                if answer.media_type == "text/html" and await answer.peek_first_byte() == b"<":
                    raise UpstreamDown(detail="HTTP 200 with an HTML page")
                reply.trace = find_trace_id(answer.headers, redact=redact)
                yield Accepted(reply.trace)
                yield StageChanged(Stage.PAINTING)
                async with aclosing(_read_events(answer, reply)) as events:
                    async for event in events:
                        yield event
            if not reply.is_complete and not reply.error:
                lost = CutShort(detail="the stream ended without an end")
        except Lost as exc:
            if not reply.is_complete:
                lost = exc
        for event in reply.finish(lost):
            yield event
        if lost or reply.error:
            log.warning("a picture came, then a failure", provider=self.name, trace_id=reply.trace)


@asynccontextmanager
async def _open_in_background(
    stack: AsyncExitStack, asking: AbstractAsyncContextManager[HttpResponse]
) -> AsyncGenerator[asyncio.Task[HttpResponse], None]:
    """The answer as a task, so that its coming can be waited for and left; what came of it is the stack's to close."""
    coming = asyncio.create_task(stack.enter_async_context(asking))
    try:
        yield coming
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _is_awaiting_response(coming: asyncio.Task[HttpResponse], sent: asyncio.Event) -> bool:
    """Whether the request is written and its answer still to come: an upstream that sends no stream paints first."""
    written = asyncio.create_task(sent.wait())
    try:
        await asyncio.wait([coming, written], return_when=asyncio.FIRST_COMPLETED)
    finally:
        written.cancel()
    return not coming.done()


# ---------------------------------------------------------------- the request


def request_url(upstream: Upstream, wire: ImagesWire, path: str) -> str:
    """Where a request goes. A base address that already names one of the paths is understood."""

    def filled(path: str) -> str:
        return path.format(model=quote(upstream.model, safe=""))

    base = upstream.base_url
    for each in (wire.generations, wire.edits):
        base = base.removesuffix(filled(each))
    return join_url(base, filled(path)) + (f"?{urlencode(wire.query)}" if wire.query else "")


def _should_stream(request: PaintRequest, upstream: Upstream) -> bool:
    """Only for a single picture: the events of several do not say which of them they belong to."""
    return upstream.stream and request.options.n == 1


def _fields(request: PaintRequest, upstream: Upstream, wire: ImagesWire) -> dict[str, object]:
    """What is said beside the pictures. An option that nobody chose is left to the upstream."""
    options = request.options
    streams = _should_stream(request, upstream)
    said: list[tuple[str, object]] = [
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
    return {name: value for name, value in said if name and value is not None}


def encode_request(request: PaintRequest, upstream: Upstream, wire: ImagesWire) -> Payload:
    """JSON without references, a form with them. Not for the event loop."""
    fields = _fields(request, upstream, wire)
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
    """A form knows only text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# ---------------------------------------------------------------- the answer


async def _read_events(answer: HttpResponse, reply: ImagesResponse) -> AsyncGenerator[PaintEvent, None]:
    """The events of an answer, whether it streams or is one document, whatever was asked for."""
    if await answer.peek_first_byte() in (b"{", b"["):
        body = await answer.read_body()
        for event in await offload(len(body), _apply_document, reply, body):
            yield event
        return
    async with aclosing(iter_sse_events(answer)) as coming:
        async for kind, data in coming:
            if data.strip() == "[DONE]":
                reply.is_complete = True
                return
            for event in await offload(len(data), _apply_sse_event, reply, kind, data):
                yield event
            if reply.error or reply.is_complete:
                return


def _apply_document(reply: ImagesResponse, body: bytes) -> list[PaintEvent]:
    documents = parse_json_documents(body.decode("utf-8", "replace"))
    reply.is_complete = bool(documents)  # a document that can be read is a whole one
    return [event for document in documents for event in reply.apply_document(document)]


def _apply_sse_event(reply: ImagesResponse, kind: str, data: str) -> list[PaintEvent]:
    return [event for document in parse_json_documents(data) for event in reply.apply_document(document, kind)]
