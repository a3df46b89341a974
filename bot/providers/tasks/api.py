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
from bot.providers.chat.message_parts import aside, parse
from bot.providers.hints import hinted
from bot.providers.http.client import Answer, Payload, UpstreamClient, exchange
from bot.providers.http.error_bodies import Complaint, build, classify
from bot.providers.presets import TasksWire, Upstream
from bot.providers.tasks.response import Told, read_task
from bot.providers.tasks.uploads import data_url, upload

QUESTION_S = 30.0  # seconds for one question; the next one comes anyway
LEAST_S = 1.0  # seconds that a request gets, however little is left
_LONG = 16  # characters; a shorter prompt is no secret, and hiding it would garble every quote


class TaskDoor:
    """`until`: when the painting must be done, on the clock's own count."""

    def __init__(
        self, upstream: Upstream, wire: TasksWire, client: UpstreamClient, clock: Clock, *, prompt: str, until: float
    ) -> None:
        self._upstream = upstream
        self._wire = wire
        self._client = client
        self._clock = clock
        self._until = until
        self._hide = [upstream.key, prompt] if len(prompt) >= _LONG else [upstream.key]

    @property
    def left(self) -> float:
        """Seconds until the painting must be done."""
        return max(self._until - self._clock.monotonic(), 0.0)

    async def hand_over(self, images: Sequence[tuple[Image, str]]) -> list[str]:
        """The addresses of pictures (each with a name for it) at the upstream, all brought there at the same time.

        Raises PaintFailed; nothing was asked to be painted.
        """
        with hinted(self._upstream):
            tasks = [asyncio.create_task(self._bring(image, stem)) for image, stem in images]
            try:
                return list(await asyncio.gather(*tasks))
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _bring(self, image: Image, stem: str) -> str:
        if self._wire.upload is None:
            return await asyncio.to_thread(data_url, image)
        return await upload(self._client, self._upstream, self._wire.upload, image, stem, timeout_s=self._seconds())

    async def submit(self, body: dict[str, object], *, callback: str | None = None) -> Told:
        """The task as it was opened. Sent once, whatever happens. `callback`: the address in it, which no error may
        quote.

        Raises PaintFailed; Lost where something was accepted that cannot be asked about.
        """
        self._hide += [callback] if callback else []
        text = await asyncio.to_thread(json.dumps, body, ensure_ascii=False)
        payload = Payload(media_type="application/json", pieces=(text.encode(),))
        with hinted(self._upstream):
            async with exchange(
                self._client,
                self._upstream.at(self._wire.submit),
                payload,
                self._headers(),
                timeout_s=self._seconds(),
                idle_s=self._upstream.idle_timeout_s,
                hide=self._hide,
            ) as answer:
                told = await self._read(answer)
        if told.id is None and not told.ended:
            raise Lost(detail="the submit was answered without the id of a task")
        if told.id is not None and any(secret and secret in told.id for secret in self._hide):
            raise Lost(detail="the submit was answered with an id that quotes a secret")
        return told

    async def ask(self, task: str) -> Told:
        """Raises PaintFailed, which says nothing about the task."""
        async with exchange(
            self._client,
            self._upstream.at(self._wire.task.format(id=quote(task, safe=""))),
            None,
            self._headers(),
            method="GET",
            repeatable=True,
            timeout_s=min(QUESTION_S, self._seconds()),
            idle_s=QUESTION_S,
            hide=self._hide,
        ) as answer:
            return await self._read(answer)

    def failed(self, told: Told, task: str | None) -> PaintFailed:
        """Why an accepted task failed. Where that may have cost money, nobody else is asked to paint it."""
        complaint = told.complaint or Complaint(message="failed")
        failure = self._failure(complaint, at="in the task", trace=task)
        if failure.retry is Retry.NEVER or self._wire.failed_is_free:
            return failure
        return build(SaidFailed, complaint, trace=task, at="in the task", hide=self._hide)

    def _failure(self, complaint: Complaint, *, at: str, trace: str | None = None) -> PaintFailed:
        return build(classify(complaint, None) or SaidFailed, complaint, trace=trace, at=at, hide=self._hide)

    def _headers(self) -> dict[str, str]:
        return {"Accept": "application/json"} | self._upstream.auth()

    def _seconds(self) -> float:
        return max(self.left, LEAST_S)

    async def _read(self, answer: Answer) -> Told:
        """Raises UpstreamDown for a web page (a proxy has answered in the upstream's place), Lost for what else is no
        JSON, or the failure behind an error that came as a success."""
        said = await answer.read()
        documents = await aside(len(said), lambda: parse(said.decode("utf-8", "replace")))
        if not documents and said.startswith(b"<"):
            raise UpstreamDown(detail="HTTP 200 with an HTML page")
        if not documents:
            raise Lost(detail="an answer that is no JSON")
        told = read_task(documents[0], self._wire)
        if told.refusal is not None:
            raise self._failure(told.refusal, at="in a success")
        return told
