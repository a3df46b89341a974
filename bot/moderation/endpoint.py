"""One moderation endpoint over HTTP: a text or a picture in, findings out. What they mean is decided in `rules`.

A request holds a text, as one string, which every such endpoint takes, or one picture: OpenAI's takes no more ("Number
of images (2) exceeds maximum of 1").
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, repeat

from bot.errors import BadResult, Busy, PaintFailed
from bot.moderation.rules import Findings, parse_findings
from bot.painting import Image
from bot.providers.http.client import UpstreamClient
from bot.providers.http.json_safe import parse_json_documents
from bot.providers.http.payload import Base64, Payload
from bot.providers.http.quoting import redactions
from bot.providers.http.traced import traced_exchange
from bot.providers.presets.shape import join_url
from bot.runtime.clock import Clock
from bot.settings import Moderation

BACKOFF_S = (0.5, 1.0, 2.0)  # before each further try where the endpoint names no time; then the last again
PLACEHOLDER = "\x00"  # stands for the base64 of a picture, which is encoded only while it is written


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where and how an endpoint is asked."""

    base_url: str
    """Base address, to which `/moderations` is appended."""

    key: str = field(repr=False)
    """Key, sent as a bearer token; empty: none."""

    model: str
    """Name of the model."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Further headers."""

    timeout_s: float
    """Seconds for one answer, further tries included; > 0."""

    max_concurrency: int
    """Most requests at a time, > 0."""


def make_endpoint(settings: Moderation) -> Endpoint:
    """The endpoint that the operator has configured."""
    return Endpoint(
        base_url=settings.base_url,
        key=settings.api_key.get_secret_value() if settings.api_key else "",
        model=settings.model,
        headers={name: value.get_secret_value() for name, value in settings.headers.items()},
        timeout_s=settings.timeout_s,
        max_concurrency=settings.max_concurrency,
    )


class ModerationClient:
    """Asks an endpoint."""

    def __init__(self, endpoint: Endpoint, client: UpstreamClient, clock: Clock) -> None:
        self._endpoint = endpoint
        self._client = client
        self._clock = clock
        self._slots = asyncio.Semaphore(endpoint.max_concurrency)

    async def classify_text(self, text: str) -> Findings:
        """The findings of a text. Raises PaintFailed when the endpoint does not answer in time, or not as one."""
        return await self._classify(text, text=text)

    async def classify_picture(self, picture: Image) -> Findings:
        """The findings of a picture. Raises as `classify_text`."""
        url = f"data:{picture.media_type};base64,{PLACEHOLDER}"
        return await self._classify([{"type": "image_url", "image_url": {"url": url}}], picture=picture.data)

    async def _classify(self, given: object, *, text: str = "", picture: bytes = b"") -> Findings:
        body = json.dumps({"model": self._endpoint.model, "input": given}).encode()
        pieces: tuple[bytes | Base64, ...] = (body,)
        if picture:
            before, after = body.split(json.dumps(PLACEHOLDER)[1:-1].encode())
            pieces = (before, Base64(picture), after)
        payload = Payload(media_type="application/json", pieces=pieces)
        async with self._slots:
            return await self._ask_again(payload, text)

    async def _ask_again(self, payload: Payload, text: str) -> Findings:
        """Asks until there is an answer, as long as the time allows: nothing is painted twice by that."""
        deadline = self._clock.monotonic() + self._endpoint.timeout_s
        for backoff in chain(BACKOFF_S, repeat(BACKOFF_S[-1])):
            try:
                return await self._ask(payload, text, max(0.01, deadline - self._clock.monotonic()))
            except PaintFailed as failure:
                named = failure.retry_after if isinstance(failure, Busy) else None
                pause = backoff if named is None else named
                if not failure.transient or self._clock.monotonic() + pause >= deadline:
                    raise
            await self._clock.sleep(pause)
        raise AssertionError("the tries have no end")

    async def _ask(self, payload: Payload, text: str, timeout_s: float) -> Findings:
        endpoint = self._endpoint
        headers = {"Accept": "application/json", **endpoint.headers}
        if endpoint.key:
            headers["Authorization"] = f"Bearer {endpoint.key}"
        redact = redactions(endpoint.key, text)
        for secret in endpoint.headers.values():
            redact = redact.with_secret(secret)
        async with traced_exchange(
            self._client, join_url(endpoint.base_url, "/moderations"), payload, headers,
            repeatable=True, timeout_s=timeout_s, idle_timeout_s=timeout_s, redact=redact,
        ) as response:  # fmt: skip
            body = await response.read_body()
        findings = next(map(parse_findings, parse_json_documents(body.decode("utf-8", "replace"))), None)
        if findings is None:
            raise BadResult(detail="no answer of a moderation endpoint")
        return findings
