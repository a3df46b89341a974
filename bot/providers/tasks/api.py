"""The three requests of a task upstream for one painting: hand over a picture, submit, ask. Each as what it told.

What a failure of each means for the painting is decided in `tasks`.
"""

import asyncio
import json
from collections.abc import Sequence
from urllib.parse import quote

from bot.clock import Clock
from bot.errors import Lost, PaintFailed, Retry, SaidFailed, UpstreamDown
from bot.painting import Image
from bot.providers.diagnostics import endpoint_hints
from bot.providers.http.client import HttpResponse, Payload, UpstreamClient, exchange
from bot.providers.http.error_bodies import ErrorBody, classify_error, make_failure
from bot.providers.http.json_safe import parse_json_documents
from bot.providers.http.quoting import redactions
from bot.providers.offload import offload
from bot.providers.presets import TasksWire, Upstream
from bot.providers.tasks.response import TaskStatus, parse_task
from bot.providers.tasks.uploads import encode_data_url, upload_image

POLL_TIMEOUT_S = 30.0  # seconds for one question; the next one comes anyway
MIN_TIMEOUT_S = 1.0  # seconds that a request gets, however little is left


class TaskApi:
    """`until`: when the painting must be done, on the clock's own count."""

    def __init__(
        self, upstream: Upstream, wire: TasksWire, client: UpstreamClient, clock: Clock, *, prompt: str, deadline: float
    ) -> None:
        self._upstream = upstream
        self._wire = wire
        self._client = client
        self._clock = clock
        self._deadline = deadline
        self._redact = redactions(upstream.key, prompt)

    @property
    def remaining_s(self) -> float:
        """Seconds until the painting must be done."""
        return max(self._deadline - self._clock.monotonic(), 0.0)

    async def upload_images(self, images: Sequence[tuple[Image, str]]) -> list[str]:
        """The addresses of pictures (each with a name for it) at the upstream, all brought there at the same time.

        Raises PaintFailed; nothing was asked to be painted.
        """
        with endpoint_hints(self._upstream):
            tasks = [asyncio.create_task(self._upload_image(image, stem)) for image, stem in images]
            try:
                return list(await asyncio.gather(*tasks))
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _upload_image(self, image: Image, stem: str) -> str:
        if self._wire.upload is None:
            return await asyncio.to_thread(encode_data_url, image)
        return await upload_image(
            self._client, self._upstream, self._wire.upload, image, stem, timeout_s=self._timeout_s()
        )

    async def submit_task(self, body: dict[str, object], *, callback: str | None = None) -> TaskStatus:
        """The task as it was opened. Sent once, whatever happens. `callback`: the address in it, which no error may
        quote.

        Raises PaintFailed; Lost where something was accepted that cannot be asked about.
        """
        self._redact += [callback] if callback else []
        text = await asyncio.to_thread(json.dumps, body, ensure_ascii=False)
        payload = Payload(media_type="application/json", pieces=(text.encode(),))
        with endpoint_hints(self._upstream):
            async with exchange(
                self._client,
                self._upstream.url(self._wire.submit),
                payload,
                self._headers(),
                timeout_s=self._timeout_s(),
                idle_timeout_s=self._upstream.idle_timeout_s,
                redact=self._redact,
            ) as answer:
                told = await self._read_status(answer)
        if told.id is None and not told.is_final:
            raise Lost(detail="the submit was answered without the id of a task")
        if told.id is not None and any(secret and secret in told.id for secret in self._redact):
            raise Lost(detail="the submit was answered with an id that quotes a secret")
        return told

    async def poll_task(self, task: str) -> TaskStatus:
        """Raises PaintFailed, which says nothing about the task."""
        async with exchange(
            self._client,
            self._upstream.url(self._wire.task.format(id=quote(task, safe=""))),
            None,
            self._headers(),
            method="GET",
            repeatable=True,
            timeout_s=min(POLL_TIMEOUT_S, self._timeout_s()),
            idle_timeout_s=POLL_TIMEOUT_S,
            redact=self._redact,
        ) as answer:
            return await self._read_status(answer)

    def task_failure(self, told: TaskStatus, task: str | None) -> PaintFailed:
        """Why an accepted task failed. Where that may have cost money, nobody else is asked to paint it."""
        complaint = told.error or ErrorBody(message="failed")
        failure = self._make_failure(complaint, at="in the task", trace=task)
        if failure.retry is Retry.NEVER or self._wire.failed_is_free:
            return failure
        return make_failure(SaidFailed, complaint, trace=task, source="in the task", redact=self._redact)

    def _make_failure(self, complaint: ErrorBody, *, at: str, trace: str | None = None) -> PaintFailed:
        return make_failure(
            classify_error(complaint, None) or SaidFailed, complaint, trace=trace, source=at, redact=self._redact
        )

    def _headers(self) -> dict[str, str]:
        return {"Accept": "application/json"} | self._upstream.auth_headers()

    def _timeout_s(self) -> float:
        return max(self.remaining_s, MIN_TIMEOUT_S)

    async def _read_status(self, answer: HttpResponse) -> TaskStatus:
        """Raises UpstreamDown for a web page (a proxy has answered in the upstream's place), Lost for what else is no
        JSON, or the failure behind an error that came as a success."""
        said = await answer.read_body()
        documents = await offload(len(said), lambda: parse_json_documents(said.decode("utf-8", "replace")))
        if not documents and said.startswith(b"<"):
            raise UpstreamDown(detail="HTTP 200 with an HTML page")
        if not documents:
            raise Lost(detail="an answer that is no JSON")
        told = parse_task(documents[0], self._wire)
        if told.request_error is not None:
            raise self._make_failure(told.request_error, at="in a success")
        return told
