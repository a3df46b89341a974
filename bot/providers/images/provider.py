"""Provider of the dialect `images`: generations as JSON, edits as a form, answered by a document or a stream.

`response` interprets the answer; this module makes the request and receives the chunks.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager

from bot.errors import CutShort, Lost, UpstreamDown
from bot.painting import (
    Accepted,
    Blob,
    FinishedImage,
    ImageMissing,
    PaintEvent,
    PaintRequest,
    Stage,
    StageChanged,
    Usage,
)
from bot.providers.base import AFTER_ERROR_S, SingleResponseProvider, log_missing_image, with_reported_credits
from bot.providers.diagnostics import endpoint_hints
from bot.providers.http.client import HttpResponse, UpstreamClient
from bot.providers.http.documents import parse_available, read_available
from bot.providers.http.failures import find_trace_id
from bot.providers.http.json_safe import parse_json_documents
from bot.providers.http.quoting import redactions
from bot.providers.http.sse import PLAIN_TEXT, is_end_mark, iter_sse_events
from bot.providers.http.traced import traced_exchange
from bot.providers.images.request import encode_request, request_url, should_stream
from bot.providers.images.response import ImagesResponse
from bot.providers.inline_images import decode_inline_images
from bot.providers.offload import offload
from bot.providers.presets import ImagesWire, Upstream
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
        streams = should_stream(request, upstream)
        redact = redactions(upstream.key, request.prompt)
        payload = await asyncio.to_thread(encode_request, request, upstream, self._wire)
        response = ImagesResponse(price=upstream.token_price, redact=redact)
        lost: Lost | None = None
        sent = asyncio.Event()
        pending_exchange = traced_exchange(
            self._client,
            request_url(request, upstream, self._wire),
            payload,
            {"Accept": "text/event-stream, application/json" if streams else "application/json"} | upstream.headers(),
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
                if http_response.media_type.startswith("image/"):
                    yield Accepted()
                    yield FinishedImage(Blob(data=await http_response.read_body()))
                    return
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
            yield with_reported_credits(event, self._wire) if isinstance(event, Usage) else event


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


# ---------------------------------------------------------------- the answer


async def _read_events(http_response: HttpResponse, response: ImagesResponse) -> AsyncGenerator[PaintEvent, None]:
    """The events of an answer, streamed or one document, whatever was requested."""
    if await http_response.peek_first_byte() in (b"{", b"["):
        body, lost = await read_available(http_response)
        for event in await offload(len(body), _apply_document, response, body):
            yield event
        if lost:
            raise lost
        return
    async with aclosing(iter_sse_events(http_response)) as sse_events:
        async for kind, data in sse_events:
            if is_end_mark(data):
                response.is_complete = True
                return
            for event in await offload(len(data), _apply_sse_event, response, kind, data):
                yield event
            if response.is_complete:
                return
            if response.error:  # nothing more, or what else was painted
                http_response.limit_silence(AFTER_ERROR_S)


def _apply_document(response: ImagesResponse, body: bytes) -> list[PaintEvent]:
    documents, response.is_complete = parse_available(body)
    return [event for document in documents for event in response.apply_document(document)]


def _apply_sse_event(response: ImagesResponse, kind: str, data: str) -> list[PaintEvent]:
    documents = parse_json_documents(data)
    if not documents:
        return response.apply_text(data, is_error=kind == "error", is_whole=kind == PLAIN_TEXT)
    kind = "" if kind == PLAIN_TEXT else kind
    return [event for document in documents for event in response.apply_document(document, kind)]
