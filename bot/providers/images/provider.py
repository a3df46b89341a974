"""The dialect `images`: generations as JSON, edits as a form with files, answered by a document or a stream.

What the answer says is read in `images_reply`; here stand the request, the way of the answer and the order of life.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from urllib.parse import quote, urlencode

import structlog

from bot.errors import CutShort, Lost, UpstreamDown
from bot.intake.sizes import chosen
from bot.painting import Accepted, PaintEvent, PaintRequest, Stage, StageChanged
from bot.providers.base import BaseProvider
from bot.providers.chat.message_parts import aside, parse
from bot.providers.hints import hinted
from bot.providers.http.client import Answer, Payload, UpstreamClient, exchange
from bot.providers.http.error_bodies import trace_of
from bot.providers.http.multipart import File, form
from bot.providers.http.sse import messages
from bot.providers.images.response import ImagesReply
from bot.providers.inline_images import unpacked
from bot.providers.presets import ImagesWire, Upstream, joined

log = structlog.get_logger()

_LONG = 16  # characters; a shorter prompt is no secret, and hiding it would garble every quote


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
        with hinted(self._upstream):
            async with aclosing(unpacked(self._ask(request))) as events:
                async for event in events:
                    yield event

    async def resume(self, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        """Raises Lost: whatever became of that answer, it cannot be asked for again."""
        raise Lost(trace=upstream_id)
        yield Accepted(upstream_id)  # pyright: ignore[reportUnreachable] - makes it the generator that the port wants

    async def _ask(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        upstream = self._upstream
        streams = _streams(request, upstream)
        hide = [upstream.key, request.prompt] if len(request.prompt) >= _LONG else [upstream.key]
        payload = await asyncio.to_thread(encode, request, upstream, self._wire)
        reply = ImagesReply(price=upstream.token_price, hide=hide)
        lost: Lost | None = None
        sent = asyncio.Event()
        asking = exchange(
            self._client,
            address(upstream, self._wire, self._wire.edits if request.references else self._wire.generations),
            payload,
            {"Accept": "text/event-stream, application/json" if streams else "application/json"} | upstream.auth(),
            timeout_s=upstream.timeout_s,
            idle_s=upstream.idle_timeout_s if streams else upstream.timeout_s,
            hide=hide,
            sent=sent,
        )
        try:
            async with AsyncExitStack() as stack:
                async with _entering(stack, asking) as coming:
                    if await _waits(coming, sent):
                        yield StageChanged(Stage.PAINTING)
                    answer = await coming
                if answer.media_type == "text/html" and await answer.peek() == b"<":
                    raise UpstreamDown(detail="HTTP 200 with an HTML page")
                reply.trace = trace_of(answer.headers, hide=hide)
                yield Accepted(reply.trace)
                yield StageChanged(Stage.PAINTING)
                async with aclosing(_read(answer, reply)) as events:
                    async for event in events:
                        yield event
            if not reply.complete and not reply.complaint:
                lost = CutShort(detail="the stream ended without an end")
        except Lost as exc:
            if not reply.complete:
                lost = exc
        for event in reply.close(lost):
            yield event
        if lost or reply.complaint:
            log.warning("a picture came, then a failure", provider=self.name, trace_id=reply.trace)


@asynccontextmanager
async def _entering(
    stack: AsyncExitStack, asking: AbstractAsyncContextManager[Answer]
) -> AsyncGenerator[asyncio.Task[Answer], None]:
    """The answer as a task, so that its coming can be waited for and left; what came of it is the stack's to close."""
    coming = asyncio.create_task(stack.enter_async_context(asking))
    try:
        yield coming
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _waits(coming: asyncio.Task[Answer], sent: asyncio.Event) -> bool:
    """Whether the request is written and its answer still to come: an upstream that sends no stream paints first."""
    written = asyncio.create_task(sent.wait())
    try:
        await asyncio.wait([coming, written], return_when=asyncio.FIRST_COMPLETED)
    finally:
        written.cancel()
    return not coming.done()


# ---------------------------------------------------------------- the request


def address(upstream: Upstream, wire: ImagesWire, path: str) -> str:
    """Where a request goes. A base address that already names one of the paths is understood."""

    def filled(path: str) -> str:
        return path.format(model=quote(upstream.model, safe=""))

    base = upstream.base_url
    for each in (wire.generations, wire.edits):
        base = base.removesuffix(filled(each))
    return joined(base, filled(path)) + (f"?{urlencode(wire.query)}" if wire.query else "")


def _streams(request: PaintRequest, upstream: Upstream) -> bool:
    """Only for a single picture: the events of several do not say which of them they belong to."""
    return upstream.stream and request.options.n == 1


def _fields(request: PaintRequest, upstream: Upstream, wire: ImagesWire) -> dict[str, object]:
    """What is said beside the pictures. An option that nobody chose is left to the upstream."""
    options = request.options
    streams = _streams(request, upstream)
    said: list[tuple[str, object]] = [
        ("model", upstream.model if wire.sends_model else None),
        ("prompt", request.prompt),
        ("n", options.n if options.n > 1 else None),
        (wire.size_field, chosen(request, upstream.capabilities).size),
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


def encode(request: PaintRequest, upstream: Upstream, wire: ImagesWire) -> Payload:
    """JSON without references, a form with them. Not for the event loop."""
    fields = _fields(request, upstream, wire)
    if not request.references:
        body = json.dumps(fields, ensure_ascii=False).encode()
        return Payload(media_type="application/json", pieces=(body,))
    files = [
        File(field=wire.image_field, image=image, stem=f"image-{number}")
        for number, image in enumerate(request.references, start=1)
    ]
    if request.mask:
        files.append(File(field=wire.mask_field, image=request.mask, stem="mask"))
    return form([(name, _written(value)) for name, value in fields.items()], files)


def _written(value: object) -> str:
    """A form knows only text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# ---------------------------------------------------------------- the answer


async def _read(answer: Answer, reply: ImagesReply) -> AsyncGenerator[PaintEvent, None]:
    """The events of an answer, whether it streams or is one document, whatever was asked for."""
    if await answer.peek() in (b"{", b"["):
        body = await answer.read()
        for event in await aside(len(body), _take_document, reply, body):
            yield event
        return
    async with aclosing(messages(answer)) as coming:
        async for kind, data in coming:
            if data.strip() == "[DONE]":
                reply.complete = True
                return
            for event in await aside(len(data), _take_message, reply, kind, data):
                yield event
            if reply.complaint or reply.complete:
                return


def _take_document(reply: ImagesReply, body: bytes) -> list[PaintEvent]:
    documents = parse(body.decode("utf-8", "replace"))
    reply.complete = bool(documents)  # a document that can be read is a whole one
    return [event for document in documents for event in reply.take(document)]


def _take_message(reply: ImagesReply, kind: str, data: str) -> list[PaintEvent]:
    return [event for document in parse(data) for event in reply.take(document, kind)]
