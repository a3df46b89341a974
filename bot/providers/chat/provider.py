"""Provider of the dialect `chat`: chat completions with image_url parts, answered by a stream or by one document.

`response` interprets the answer; this module makes the request and receives the chunks.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace

import structlog

from bot.errors import CutShort, Lost, PaintFailed, UpstreamDown, WrongModalities
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
from bot.providers.chat.message_parts import parse_message
from bot.providers.chat.request import encode_request, prompt_with_options
from bot.providers.chat.response import ChatResponse
from bot.providers.diagnostics import endpoint_hints
from bot.providers.http.client import HttpResponse, UpstreamClient
from bot.providers.http.documents import parse_available, read_available
from bot.providers.http.failures import missing_image
from bot.providers.http.json_safe import parse_json_documents
from bot.providers.http.payload import Payload
from bot.providers.http.quoting import redactions
from bot.providers.http.sse import PLAIN_TEXT, is_end_mark, iter_sse_events
from bot.providers.http.traced import traced_exchange
from bot.providers.inline_images import decode_inline_images
from bot.providers.offload import offload
from bot.providers.parallel import merge_paintings
from bot.providers.presets import ChatWire, Upstream
from bot.providers.surplus import SurplusBudget, drop_surplus

log = structlog.get_logger()

# What to ask for where a model does not answer with what was asked for: images alone, or text beside them (OpenRouter)
OTHER_MODALITIES: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("image", "text"): ("image",),
    ("text", "image"): ("image",),
    ("image",): ("image", "text"),
}
OPEN_TEXTS = ("content", "text")  # fields whose text may hold a whole picture before it breaks off
TEXT_CHARS = 1024  # characters of an event whose text is read in the event loop; a mark in it costs up to 30 µs


class ChatProvider(SingleResponseProvider):
    """One upstream of the dialect `chat`. Implements `bot.ports.Provider`."""

    def __init__(self, upstream: Upstream, client: UpstreamClient) -> None:
        """`client`: owned and closed by the caller."""
        assert isinstance(upstream.wire, ChatWire)
        super().__init__(upstream, client)
        self._wire = upstream.wire
        self._path = upstream.endpoint(self._wire.path)
        self._base_url = upstream.base_url.removesuffix(self._path)
        self._modalities = self._wire.modalities  # changed by the first answer that refuses them

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        """Paints `options.n` images, each with a request of its own, since the upstream paints one an answer.

        Raises PaintFailed when there is no image at all; fewer than requested are no failure. Closing the iterator
        closes the connections.
        """
        yield StageChanged(Stage.SENDING)
        asked = self._modalities
        try:
            async with aclosing(self._paint_all(request, asked)) as events:
                async for event in events:
                    yield event
        except WrongModalities:  # the router has found nobody to ask: nothing was accepted
            if (other := OTHER_MODALITIES.get(asked)) is None:
                raise
            log.info("asks for other modalities from now on", provider=self.name, modalities=other)
            self._modalities = other
            async with aclosing(self._paint_all(request, other)) as events:
                async for event in events:
                    yield event

    async def _paint_all(self, request: PaintRequest, modalities: tuple[str, ...]) -> AsyncGenerator[PaintEvent, None]:
        prompt = prompt_with_options(request, self._upstream, self._wire)
        body = encode_request(prompt, request, self._upstream, replace(self._wire, modalities=modalities))
        surplus = SurplusBudget()
        paintings = [self._paint_one(body, prompt, surplus) for _ in range(request.options.n)]
        failures: list[PaintFailed] = []
        async with aclosing(merge_paintings(paintings, on_failure=failures.append)) as events:
            async for event in events:
                yield event
        for failure in failures:
            missing = missing_image(failure)
            log_missing_image(self.name, missing)
            yield missing

    async def _paint_one(self, body: Payload, prompt: str, surplus: SurplusBudget) -> AsyncGenerator[PaintEvent, None]:
        """The events of one request, inline images as bytes. `surplus`: shared by the requests of one generation."""
        with endpoint_hints(self._upstream):
            wanted = drop_surplus(self._request_picture(body, prompt), 1, surplus, provider=self.name)
            async with aclosing(decode_inline_images(wanted, base_url=self._base_url)) as events:
                async for event in events:
                    yield event

    async def _request_picture(self, body: Payload, prompt: str) -> AsyncGenerator[PaintEvent, None]:
        upstream = self._upstream
        redact = redactions(upstream.key, prompt)
        response = ChatResponse(prompt, redact=redact)
        lost: Lost | None = None
        try:
            async with traced_exchange(
                self._client,
                upstream.url(self._path, base=self._base_url),
                body,
                {"Accept": "text/event-stream, application/json"} | upstream.headers(),
                timeout_s=upstream.timeout_s,
                idle_timeout_s=upstream.idle_timeout_s if upstream.stream else upstream.timeout_s,
                redact=redact,
            ) as http_response:
                if http_response.media_type.startswith("image/"):
                    yield Accepted()
                    yield FinishedImage(Blob(data=await http_response.read_body()))
                    return
                if http_response.media_type == "text/html" and await http_response.peek_first_byte() == b"<":
                    raise UpstreamDown(detail="HTTP 200 with an HTML page")
                yield Accepted()
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


# ---------------------------------------------------------------- the answer


async def _read_events(http_response: HttpResponse, response: ChatResponse) -> AsyncGenerator[PaintEvent, None]:
    """The events of an answer, streamed or one document, whatever its content type and whatever was requested."""
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
            for event in await offload(len(data), apply_sse_event, response, kind, data, above=TEXT_CHARS):
                yield event
            if response.error:  # nothing more, or what else was painted
                http_response.limit_silence(AFTER_ERROR_S)


def _apply_document(response: ChatResponse, body: bytes) -> list[PaintEvent]:
    documents, response.is_complete = parse_available(body, open_texts=OPEN_TEXTS)
    return [event for document in documents for event in response.apply_message(parse_message(document))]


def apply_sse_event(response: ChatResponse, kind: str, data: str) -> list[PaintEvent]:
    """Applies one server-sent event; the painting events that follow from it."""
    events: list[PaintEvent] = []
    documents = parse_json_documents(data)
    if not documents:
        return response.apply_text(data, is_error=kind == "error", is_whole=kind == PLAIN_TEXT)
    for document in documents:
        message = parse_message(document)
        if kind == "error" and not message.error:  # an event of this name may leave the envelope out
            message = parse_message({"error": document})
        events += response.apply_message(message)
    return events
