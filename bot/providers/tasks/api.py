"""The three requests of a task upstream for one generation: upload an image, submit a task, poll it.

What a failure of each means for the generation is decided in `provider`.
"""

import asyncio
import json
from collections.abc import Sequence
from urllib.parse import quote

from bot.errors import FailedFree, Lost, PaintFailed, Retry, SaidFailed, UpstreamDown
from bot.painting import Image
from bot.providers.diagnostics import endpoint_hints
from bot.providers.http.client import HttpResponse, UpstreamClient
from bot.providers.http.documents import parse_available, read_available
from bot.providers.http.error_bodies import ErrorBody, find_error
from bot.providers.http.failure_rules import classify_error
from bot.providers.http.failures import failure_in_success, make_failure
from bot.providers.http.payload import Payload
from bot.providers.http.quoting import redactions
from bot.providers.http.traced import traced_exchange
from bot.providers.offload import offload
from bot.providers.presets import TaskState, TasksWire, Upstream
from bot.providers.presets.wire_fields import fill
from bot.providers.tasks.response import TaskStatus, parse_task
from bot.providers.tasks.uploads import encode_data_url, upload_image
from bot.runtime.clock import Clock

POLL_TIMEOUT_S = 30.0  # seconds for one poll; the next one comes anyway
MIN_POLL_TIMEOUT_S = 10.0  # seconds; the least that a poll gets: the last one is made at the deadline
MIN_TIMEOUT_S = 1.0  # seconds; the least that a request gets, however close the deadline is


class TaskApi:
    """Requests of one generation, all before one deadline."""

    def __init__(
        self, upstream: Upstream, wire: TasksWire, client: UpstreamClient, clock: Clock, *, prompt: str, deadline: float
    ) -> None:
        """`prompt`: redacted in errors. `deadline`: end of the generation, seconds of `clock.monotonic`."""
        self._upstream = upstream
        self._wire = wire
        self._client = client
        self._clock = clock
        self._deadline = deadline
        self._redact = redactions(upstream.key, prompt)

    @property
    def remaining_s(self) -> float:
        """Seconds until the deadline; >= 0."""
        return max(self._deadline - self._clock.monotonic(), 0.0)

    async def upload_images(self, images: Sequence[tuple[Image, str]]) -> list[str]:
        """Addresses of images (each with a file stem) at the upstream. All are uploaded at the same time.

        Raises PaintFailed; no task was submitted.
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
        """Submits a task; the request is sent once, whatever happens. `callback`: the address in `body`, redacted in
        errors.

        Raises PaintFailed; Lost where a task was accepted that cannot be polled.
        """
        self._redact = self._redact.with_secret(callback) if callback else self._redact
        text = await asyncio.to_thread(json.dumps, body, ensure_ascii=False)
        payload = Payload(media_type="application/json", pieces=(text.encode(),))
        with endpoint_hints(self._upstream):
            async with traced_exchange(
                self._client,
                self._upstream.url(self._upstream.endpoint(self._wire.submit)),
                payload,
                self._headers(),
                timeout_s=self._timeout_s(),
                idle_timeout_s=self._upstream.idle_timeout_s,
                redact=self._redact,
            ) as answer:
                status = await self._read_status(answer)
        if status.id is None and status.state is TaskState.FAILED:  # the request has failed, no task
            error = status.error or ErrorBody(message="failed")
            raise failure_in_success(error, begun=False, redact=self._redact)
        if status.id is None and not status.is_final:
            raise Lost(detail="the submit was answered without the id of a task")
        if status.id is not None and any(secret and secret in status.id for secret in self._redact):
            raise Lost(detail="the submit was answered with an id that quotes a secret")
        return status

    async def poll_task(self, task: str) -> TaskStatus:
        """The status of a task. Raises PaintFailed, which says nothing about the task itself."""
        status = await self._request_status(task, self._wire.task, fill(self._wire.poll_body, "{id}", task))
        if status.state is TaskState.DONE and self._wire.result:
            return await self._request_status(task, self._wire.result, None)
        return status

    async def _request_status(self, task: str, path: str, body: object) -> TaskStatus:
        """What the answer at a path says about a task. `body`: JSON to send; None or empty: a GET without any."""
        payload = Payload(media_type="application/json", pieces=(json.dumps(body).encode(),)) if body else None
        async with traced_exchange(
            self._client,
            self._upstream.url(self._upstream.endpoint(path, id=quote(task, safe=""))),
            payload,
            self._headers(),
            method="POST" if payload else "GET",
            repeatable=True,
            timeout_s=min(POLL_TIMEOUT_S, max(self.remaining_s, MIN_POLL_TIMEOUT_S)),
            idle_timeout_s=POLL_TIMEOUT_S,
            redact=self._redact,
        ) as answer:
            return await self._read_status(answer)

    def task_failure(self, status: TaskStatus, task: str | None) -> PaintFailed:
        """The failure of an accepted task. Where that may have cost money, it is one that allows no other provider;
        where it cost nothing, a reason that nobody knows is one that allows it."""
        error = status.error or ErrorBody(message="failed")
        failure = classify_error(error, None, prompt=self._redact.prompt) or SaidFailed
        if self._wire.failed_is_free:
            failure = FailedFree if failure is SaidFailed else failure
        elif failure.retry is not Retry.NEVER:
            failure = SaidFailed
        return make_failure(failure, error, trace=task, source="in the task", redact=self._redact)

    def _headers(self) -> dict[str, str]:
        return {"Accept": "application/json"} | self._upstream.headers()

    def _timeout_s(self) -> float:
        return max(self.remaining_s, MIN_TIMEOUT_S)

    async def _read_status(self, answer: HttpResponse) -> TaskStatus:
        """The task status in an answer; in one that breaks off, what came of it, if it names the task.

        Raises UpstreamDown for a web page (a proxy answered in the upstream's place), Lost for any other body that is
        no JSON, or the failure of an error inside an HTTP success."""
        body, lost = await read_available(answer)
        documents, is_whole = await offload(len(body), parse_available, body)
        if not documents and body.startswith(b"<"):
            raise UpstreamDown(detail="HTTP 200 with an HTML page")
        status = parse_task(documents[0], self._wire) if documents else TaskStatus()
        if not is_whole and status.id is None and not status.images:
            raise lost or Lost(detail="an answer that is no JSON")
        if error := status.request_error:
            failure = classify_error(error, None, prompt=self._redact.prompt)
            if failure or error.messages or (error.codes and find_error(documents[0])):
                raise make_failure(failure or SaidFailed, error, source="in a success", redact=self._redact)
        return status
