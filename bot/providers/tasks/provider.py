"""The dialect `tasks`: pictures are handed over, a task is submitted, then asked about until it has ended.

Only the order of steps stands here; the requests are in `api`. Once a task is accepted, no failed question about
it is its failure: only its own end is, or the end of the time allowed.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, nullcontext
from dataclasses import dataclass

import structlog

from bot.clock import Clock
from bot.errors import (
    Busy,
    CalledOff,
    Lost,
    NoPicture,
    PaintFailed,
    TookTooLong,
    WentQuiet,
)
from bot.painting import Accepted, Blob, FinishedImage, Link, PaintEvent, PaintRequest, Progress, Stage, StageChanged
from bot.providers.base import BaseProvider
from bot.providers.http.client import UpstreamClient
from bot.providers.image_urls import decode_data_url
from bot.providers.offload import offload
from bot.providers.presets import TaskState, TasksWire, Upstream
from bot.providers.tasks.api import TaskApi
from bot.providers.tasks.callbacks import Callbacks, TaskCallback
from bot.providers.tasks.request import check_mask, encode_submission, poll_pauses
from bot.providers.tasks.response import TaskStatus

log = structlog.get_logger()

MAX_REFUSED_POLLS = 3  # questions in a row that are refused (no such task, no such key) before it is given up
MIN_POLL_GAP_S = 1.0  # seconds at least between two questions, however often somebody calls


class TasksProvider(BaseProvider):
    """One upstream that paints in tasks. Implements `bot.ports.Provider`."""

    def __init__(
        self,
        upstream: Upstream,
        client: UpstreamClient,
        *,
        clock: Clock,
        callbacks: Callbacks,
        jitter: Callable[[], float],
    ) -> None:
        """`client`: stays open, and belongs to whoever made it. `jitter`: 0 ≤ value < 1."""
        assert isinstance(upstream.wire, TasksWire)
        super().__init__(upstream)
        self._wire = upstream.wire
        self._client = client
        self._clock = clock
        self._callbacks = callbacks
        self._jitter = jitter

    @property
    def resumable(self) -> bool:
        """A task can be asked about by whoever knows its id."""
        return True

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        """Hands over the pictures, submits once, and asks until the task has ended. Closing the iterator stops that.

        Raises PaintFailed, or the Refusal of a mask that breaks a rule.
        """
        check_mask(request, self.capabilities)
        yield StageChanged(Stage.SENDING)
        door = self._api(request)
        with self._callbacks.register() if self._wire.callback_field else nullcontext(TaskCallback(None)) as bell:
            images = [(image, f"picture-{number}") for number, image in enumerate(request.references, start=1)]
            references = await door.upload_images(images)
            masks = await door.upload_images([(request.mask, "mask")] if request.mask else [])
            opened = await door.submit_task(
                encode_submission(
                    request,
                    self._upstream,
                    self._wire,
                    references=references,
                    mask=masks[0] if masks else None,
                    callback=bell.url,
                ),
                callback=bell.url,
            )
            async with aclosing(self._follow_task(door, opened, bell)) as events:
                async for event in events:
                    yield event

    async def resume(self, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        """Goes on asking about a task that was accepted before.

        Raises PaintFailed.
        """
        opened = TaskStatus(id=upstream_id)
        async with aclosing(self._follow_task(self._api(request), opened, TaskCallback(None), at_once=True)) as events:
            async for event in events:
                yield event

    def _api(self, request: PaintRequest) -> TaskApi:
        until = self._clock.monotonic() + self._upstream.timeout_s
        return TaskApi(self._upstream, self._wire, self._client, self._clock, prompt=request.prompt, deadline=until)

    async def _follow_task(
        self, door: TaskApi, opened: TaskStatus, bell: TaskCallback, *, at_once: bool = False
    ) -> AsyncGenerator[PaintEvent, None]:
        """The events of an accepted task until it has ended."""
        yield Accepted(opened.id)
        tale, told = _ProgressTracker(), opened
        for event in tale.take_changes(opened):
            yield event
        if opened.id is not None and not opened.is_final:
            async with aclosing(self._poll(door, opened.id, bell, at_once=at_once)) as answers:
                async for told in answers:
                    for event in tale.take_changes(told):
                        yield event
        if told.state is TaskState.CANCELLED:
            raise CalledOff(trace=opened.id)
        if told.state is TaskState.FAILED:
            raise door.task_failure(told, opened.id)
        if told.usage is not None:
            yield told.usage
        if not told.pictures:
            raise NoPicture(trace=opened.id)
        for url in told.pictures:
            yield FinishedImage(
                Blob(data=await offload(len(url), decode_data_url, url)) if url.startswith("data:") else Link(url=url)
            )

    async def _poll(
        self, door: TaskApi, task: str, bell: TaskCallback, *, at_once: bool
    ) -> AsyncGenerator[TaskStatus, None]:
        """What is told of a task, answer by answer; the last one is of its end.

        Raises Lost: no time left, no answer for `idle_timeout_s`, or nobody there knows of it.
        """
        heard, denied, wait, asked = self._clock.monotonic(), 0, 0.0, False
        for pause in poll_pauses(self._wire, self._jitter, at_once=at_once):
            await self._wait_before_poll(bell, min(max(pause, wait), door.remaining_s), again=asked)
            if not door.remaining_s:
                raise TookTooLong(seconds=round(self._upstream.timeout_s), trace=task)
            asked = True
            try:
                told = await door.poll_task(task)
            except PaintFailed as failed:
                denied = 0 if failed.transient else denied + 1
                wait = (failed.retry_after or 0.0) if isinstance(failed, Busy) else 0.0
                self._check_failed_poll(failed, task, denied=denied, silence=self._clock.monotonic() - heard)
                continue
            heard, denied, wait = self._clock.monotonic(), 0, 0.0
            yield told
            if told.is_final:
                return

    async def _wait_before_poll(self, bell: TaskCallback, seconds: float, *, again: bool) -> None:
        """Waits for the next question, or for a call that says there is something to ask about."""
        if again:
            await self._clock.sleep(min(MIN_POLL_GAP_S, seconds))
            seconds -= MIN_POLL_GAP_S
        if seconds > 0:
            await bell.wait(seconds, self._clock)

    def _check_failed_poll(self, failed: PaintFailed, task: str, *, denied: int, silence: float) -> None:
        """A question that came to nothing. `silence`: seconds since the last one that did not.

        Raises Lost when there have been too many of them.
        """
        log.info("question unanswered", provider=self.name, failure=type(failed).__name__, detail=failed.detail)
        if denied == MAX_REFUSED_POLLS:
            raise Lost(trace=task, detail=failed.detail) from failed
        if silence >= self._upstream.idle_timeout_s:
            raise WentQuiet(seconds=round(self._upstream.idle_timeout_s), trace=task) from failed


@dataclass(slots=True)
class _ProgressTracker:
    """What was told of stage and percent, so that neither falls or is repeated."""

    stage: Stage | None = None
    percent: float = 0.0

    def take_changes(self, told: TaskStatus) -> list[PaintEvent]:
        """What an answer tells beyond the ones before it."""
        news: list[PaintEvent] = []
        stage = Stage.QUEUED if told.state is TaskState.QUEUED else Stage.PAINTING
        if stage is not self.stage and self.stage is not Stage.PAINTING and not told.is_final:
            self.stage = stage
            news.append(StageChanged(stage))
        if told.progress is not None and told.progress > self.percent:
            self.percent = told.progress
            news.append(Progress(told.progress))
        return news
