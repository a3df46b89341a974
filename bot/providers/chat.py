"""The dialect `chat`: chat completions with image_url parts, answered by a stream of text or by one document.

What the answer says is read in `reply`; here stand the request, the way of the chunks and the order of life.
"""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

import httpx
import structlog
from httpx_sse import EventSource

from bot.errors import BadResult, CutShort, Lost, PaintFailed, UpstreamDown
from bot.painting import Abilities, Accepted, Blob, Event, Image, Link, PaintRequest, Picture, Stage, Staged
from bot.providers.http import Answer, exchange
from bot.providers.messages import aside, decode, parse, read
from bot.providers.presets import Upstream
from bot.providers.reply import Reply
from bot.providers.several import together

log = structlog.get_logger()

_LONG = 16  # characters; a shorter prompt is no secret, and hiding it would garble every quote


class ChatProvider:
    """One upstream that is spoken to in chat completions. Implements `bot.ports.Provider`."""

    def __init__(self, upstream: Upstream, client: httpx.AsyncClient) -> None:
        """`client`: of `make_client`; stays open, and belongs to whoever made it."""
        self._upstream = upstream
        self._client = client
        self._key = upstream.api_key.get_secret_value() if upstream.api_key else ""

    @property
    def name(self) -> str:
        return self._upstream.name

    @property
    def abilities(self) -> Abilities:
        return self._upstream.abilities

    @property
    def price(self) -> int:
        """Credits an image."""
        return self._upstream.price

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Event, None]:
        """Paints `options.n` pictures: the upstream paints one an answer, so each is a request of its own.

        Raises PaintFailed when there is no picture at all; fewer than asked for are no failure. Closing the
        iterator closes the connections.
        """
        yield Staged(Stage.SENDING)
        prompt = _worded(request, self._upstream)
        body = await asyncio.to_thread(encode, prompt, request, self._upstream)
        paintings = [self._paint_one(body, prompt) for _ in range(request.options.n)]
        async with aclosing(together(paintings, swallow=self._swallow)) as events:
            async for event in events:
                yield event

    def _swallow(self, failure: PaintFailed) -> None:
        log.warning(
            "one of several paintings failed",
            provider=self.name,
            failure=type(failure).__name__,
            trace_id=failure.trace,
            detail=failure.detail,
        )

    async def _paint_one(self, body: bytes, prompt: str) -> AsyncGenerator[Event, None]:
        """One request, its inline pictures as bytes. A broken one is a failure only when it is alone."""
        delivered = 0
        broken: BadResult | None = None
        async with aclosing(self._ask(body, prompt)) as events:
            async for event in events:
                try:
                    settled = await _settled(event)
                except BadResult as exc:
                    broken = exc
                    continue
                delivered += isinstance(settled, Picture)
                yield settled
        if broken and not delivered:
            raise broken

    async def _ask(self, body: bytes, prompt: str) -> AsyncGenerator[Event, None]:
        upstream = self._upstream
        hide = [self._key, prompt] if len(prompt) >= _LONG else [self._key]
        reply = Reply(prompt, hide=hide)
        lost: Lost | None = None
        try:
            async with exchange(
                self._client,
                upstream.base_url.removesuffix(upstream.wire.path) + upstream.wire.path,
                body,
                self._headers(),
                timeout_s=upstream.timeout_s,
                idle_s=upstream.idle_timeout_s if upstream.stream else upstream.timeout_s,
                hide=hide,
            ) as answer:
                if answer.media_type == "text/html" and await answer.peek() == b"<":
                    raise UpstreamDown(detail="HTTP 200 with an HTML page")
                yield Accepted()
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

    def _headers(self) -> dict[str, str]:
        wire = self._upstream.wire
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream, application/json"}
        return headers | ({wire.auth_header: wire.auth_prefix + self._key} if self._key else {})


# ---------------------------------------------------------------- the request


def _worded(request: PaintRequest, upstream: Upstream) -> str:
    """The prompt, with the options that this upstream only takes in words."""
    wire, options = upstream.wire, request.options
    prompt = request.prompt
    if options.size and wire.prompt_size_suffix and not wire.size_field:
        prompt += wire.prompt_size_suffix.format(size=options.size)
    if options.quality and wire.prompt_quality_suffix:
        prompt += wire.prompt_quality_suffix.format(quality=options.quality)
    return prompt


def encode(prompt: str, request: PaintRequest, upstream: Upstream) -> bytes:
    """The request's JSON. Megabytes of base64: not for the event loop."""
    wire = upstream.wire
    parts: list[object] = [{"type": "text", "text": prompt}]
    parts += [{"type": "image_url", "image_url": {"url": _data_url(image)}} for image in request.references]
    body: dict[str, object] = {
        "model": upstream.model,
        "messages": [{"role": "user", "content": parts}],
        "stream": upstream.stream,
        **wire.extra,
    }
    if wire.modalities:
        body["modalities"] = list(wire.modalities)
    if wire.size_field and request.options.size:
        body |= _nested(wire.size_field, request.options.size)
    return json.dumps(body, ensure_ascii=False).encode()


def _data_url(image: Image) -> str:
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"


def _nested(names: Iterable[str], value: object) -> dict[str, object]:
    first, *rest = names
    return {first: _nested(rest, value) if rest else value}


# ---------------------------------------------------------------- the answer


async def _read(answer: Answer, reply: Reply) -> AsyncGenerator[Event, None]:
    """The events of an answer, whether it streams or is one document, whatever it calls itself and whatever
    was asked for."""
    if await answer.peek() in (b"{", b"["):
        body = b"".join([chunk async for chunk in answer.chunks()])
        for event in await aside(len(body), _take_document, reply, body):
            yield event
        return
    async with aclosing(_messages(answer)) as messages:
        async for kind, data in messages:
            if data.strip() == "[DONE]":
                reply.complete = True
                return
            for event in await aside(len(data), _take_message, reply, kind, data):
                yield event
            if reply.complaint:
                return


def _take_document(reply: Reply, body: bytes) -> list[Event]:
    documents = parse(body.decode("utf-8", "replace"))
    reply.complete = bool(documents)  # a document that can be read is a whole one
    return [event for document in documents for event in reply.take(read(document))]


def _take_message(reply: Reply, kind: str, data: str) -> list[Event]:
    events: list[Event] = []
    for document in parse(data):
        reading = read(document)
        if kind == "error" and not reading.complaint:  # an event of this name may leave the envelope out
            reading = read({"error": document})
        events += reply.take(reading)
    return events


async def _messages(answer: Answer) -> AsyncGenerator[tuple[str, str], None]:
    """Kind and data of server-sent events.

    The decoder is httpx-sse's; it insists on the right content type, and drops a last event that no blank
    line follows, as many relays end: both are made good for it here.
    """
    body = httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=_Ended(answer))
    async with aclosing(EventSource(body).aiter_sse()) as events:
        async for event in events:
            yield event.event, event.data


class _Ended(httpx.AsyncByteStream):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._answer.chunks()) as chunks:
            async for chunk in chunks:
                yield chunk
        yield b"\n\n"


async def _settled(event: Event) -> Event:
    """An inline picture as bytes.

    Raises BadResult when it is none.
    """
    if not isinstance(event, Picture) or not isinstance(event.source, Link):
        return event
    url = event.source.url
    return Picture(Blob(data=await aside(len(url), decode, url))) if url.startswith("data:") else event
