"""Provider of the dialect `tasks`: uploads images, submits a task, then polls it until it is final.

Only the order of steps is here; the requests are in `api`. Once a task is accepted, a failed poll is no failure of the
task: only its own final state is, or the end of the time allowed.
"""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, nullcontext
from dataclasses import dataclass

import structlog

from bot.errors import (
    Busy,
    CalledOff,
    Lost,
    Moderated,
    NoPicture,
    PaintFailed,
    TookTooLong,
    WentQuiet,
)
from bot.painting import Accepted, FinishedImage, PaintEvent, PaintRequest, Progress, Stage, StageChanged
from bot.providers.base import BaseProvider, log_missing_image
from bot.providers.http.client import UpstreamClient
from bot.providers.http.failures import missing_image
from bot.providers.inline_images import decode_inline_images
from bot.providers.presets import TaskState, TasksWire, Upstream
from bot.providers.surplus import SurplusBudget, drop_surplus
from bot.providers.tasks.api import TaskApi
from bot.providers.tasks.callbacks import Callbacks, TaskCallback
from bot.providers.tasks.request import check_mask, encode_submission, poll_pauses
from bot.providers.tasks.response import TaskStatus
from bot.runtime.clock import Clock

log = structlog.get_logger()

MAX_REFUSED_POLLS = 3  # polls in a row that are refused (no such task, no such key) before the task counts as lost
MIN_FAILED_POLLS = 3  # polls in a row without an answer before silence counts: one may be that of a stopped process
MAX_EMPTY_ENDS = 4  # polls that say "done" without an image before there is none: some tell the end before the result
MAX_LAST_POLLS = 3  # polls after the end of the time allowed, until one is answered
MIN_POLL_GAP_S = 1.0  # seconds; shortest pause between two polls, however many callbacks come


class TasksProvider(BaseProvider):
    """One upstream of the dialect `tasks`. Implements `bot.ports.Provider`."""

    def __init__(
        self,
        upstream: Upstream,
        client: UpstreamClient,
        *,
        clock: Clock,
        callbacks: Callbacks,
        jitter: Callable[[], float],
    ) -> None:
        """`client`: owned and closed by the caller. `jitter`: a random number, 0 <= value < 1, at each call."""
        assert isinstance(upstream.wire, TasksWire)
        super().__init__(upstream, client)
        self._wire = upstream.wire
        self._clock = clock
        self._callbacks = callbacks
        self._jitter = jitter

    @property
    def resumable(self) -> bool:
        """True: a task can be polled by its id after a restart."""
        return True

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        """Uploads the images, submits once, and polls until the task is final. Closing the iterator stops polling.

        Raises PaintFailed; a Refusal when the mask breaks a rule.
        """
        check_mask(request, self.capabilities)
        yield StageChanged(Stage.SENDING)
        api = self._api(request)
        with self._callbacks.register() if self._wire.callback_field else nullcontext(TaskCallback(None)) as callback:
            images = [(image, f"picture-{number}") for number, image in enumerate(request.references, start=1)]
            references = await api.upload_images(images)
            masks = await api.upload_images([(request.mask, "mask")] if request.mask else [])
            markups = await api.upload_images([(request.markup, "markup")] if request.markup else [])
            submitted = await api.submit_task(
                encode_submission(
                    request,
                    self._upstream,
                    self._wire,
                    references=references,
                    mask=masks[0] if masks else None,
                    markup=markups[0] if markups else None,
                    callback=callback.url,
                ),
                callback=callback.url,
            )
            async with aclosing(self._follow_wanted(request, api, submitted, callback)) as events:
                async for event in events:
                    yield event

    async def resume(self, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        """Polls a task that was accepted before until it is final.

        Raises PaintFailed.
        """
        followed = self._follow_wanted(
            request, self._api(request), TaskStatus(id=upstream_id), TaskCallback(None), at_once=True
        )
        async with aclosing(followed) as events:
            async for event in events:
                yield event

    def _api(self, request: PaintRequest) -> TaskApi:
        deadline = self._clock.monotonic() + self._upstream.timeout_s
        return TaskApi(self._upstream, self._wire, self._client, self._clock, prompt=request.prompt, deadline=deadline)

    def _follow_wanted(
        self,
        request: PaintRequest,
        api: TaskApi,
        submitted: TaskStatus,
        callback: TaskCallback,
        *,
        at_once: bool = False,
    ) -> AsyncGenerator[PaintEvent, None]:
        """The events of an accepted task until it is final, inline images as bytes."""
        followed = self._follow_task(api, submitted, callback, at_once=at_once)
        wanted = drop_surplus(followed, request.options.n, SurplusBudget(), provider=self.name)
        return decode_inline_images(wanted, base_url=self._upstream.base_url)

    async def _follow_task(
        self, api: TaskApi, submitted: TaskStatus, callback: TaskCallback, *, at_once: bool = False
    ) -> AsyncGenerator[PaintEvent, None]:
        """The events of an accepted task until it is final; an inline image is a link to its data URL."""
        yield Accepted(submitted.id)
        status = submitted
        tracker = _ProgressTracker()
        for event in tracker.collect_changes(submitted):
            yield event
        if submitted.id is not None and (not submitted.is_final or submitted.lacks_result):
            async with aclosing(self._poll(api, submitted.id, callback, at_once=at_once)) as statuses:
                async for status in statuses:
                    for event in tracker.collect_changes(status):
                        yield event
        for event in self._final_events(api, status, submitted.id):
            yield event

    def _final_events(self, api: TaskApi, status: TaskStatus, task: str | None) -> Iterator[PaintEvent]:
        """What a final status holds. Raises PaintFailed where that is no image. The images of a failed task are paid
        for."""
        if status.state is TaskState.CANCELLED and status.error is None and not status.images:
            raise CalledOff(trace=task)
        has_failed = status.state in (TaskState.FAILED, TaskState.CANCELLED) or status.error is not None
        if has_failed and not status.images:
            raise api.task_failure(status, task)
        if status.usage is not None:
            yield status.usage
        if not status.images:
            raise NoPicture(trace=task)
        for image in status.images:
            yield FinishedImage(image)
        if has_failed:
            missing = missing_image(api.task_failure(status, task))
            log_missing_image(self.name, missing)
            yield missing

    async def _poll(
        self, api: TaskApi, task: str, callback: TaskCallback, *, at_once: bool
    ) -> AsyncGenerator[TaskStatus, None]:
        """The statuses of a task, one a poll that was answered; the last one is final.

        Raises Lost: no time left, no answer for `idle_timeout_s`, or the upstream refuses the polls.
        """
        last_answer_at, failed_polls, refused_polls, retry_after_s = self._clock.monotonic(), 0, 0, 0.0
        last_polls, empty_ends, polled = 0, 0, False
        for pause in poll_pauses(self._wire, self._jitter, at_once=at_once):
            await self._wait_before_poll(callback, min(max(pause, retry_after_s), api.remaining_s), throttle=polled)
            last_polls += not api.remaining_s  # the process may not have run meanwhile, and the task have ended
            polled = True
            try:
                status = await api.poll_task(task)
            except PaintFailed as failure:
                failed_polls += 1
                refused_polls = 0 if failure.transient else refused_polls + 1
                retry_after_s = (failure.retry_after or 0.0) if isinstance(failure, Busy) else 0.0
                self._check_failed_poll(
                    failure,
                    task,
                    refused_polls=refused_polls,
                    silence_s=self._clock.monotonic() - last_answer_at if failed_polls >= MIN_FAILED_POLLS else 0.0,
                )
                if last_polls >= MAX_LAST_POLLS:
                    raise TookTooLong(seconds=round(self._upstream.timeout_s), trace=task) from failure
                continue
            last_answer_at, failed_polls, refused_polls, retry_after_s = self._clock.monotonic(), 0, 0, 0.0
            yield status
            empty_ends += status.lacks_result
            if status.is_final and (not status.lacks_result or empty_ends >= MAX_EMPTY_ENDS):
                return
            if last_polls:
                raise TookTooLong(seconds=round(self._upstream.timeout_s), trace=task)

    async def _wait_before_poll(self, callback: TaskCallback, seconds: float, *, throttle: bool) -> None:
        """Waits `seconds`, or until a callback comes. `throttle`: waits MIN_POLL_GAP_S in any case."""
        if throttle:
            await self._clock.sleep(MIN_POLL_GAP_S)
            seconds -= MIN_POLL_GAP_S
        if seconds > 0:
            await callback.wait(seconds, self._clock)

    def _check_failed_poll(self, failure: PaintFailed, task: str, *, refused_polls: int, silence_s: float) -> None:
        """Logs a failed poll. `refused_polls`: refusals in a row; `silence_s`: seconds since the last answered poll.

        Raises Lost when either is too much; the failure itself where it is that of the task: its content.
        """
        log.info("poll failed", provider=self.name, failure=type(failure).__name__, detail=failure.detail)
        if isinstance(failure, Moderated):
            failure.trace = task
            raise failure
        if refused_polls == MAX_REFUSED_POLLS:
            raise Lost(trace=task, detail=failure.detail) from failure
        if silence_s >= self._upstream.idle_timeout_s:
            raise WentQuiet(seconds=round(self._upstream.idle_timeout_s), trace=task) from failure


@dataclass(slots=True)
class _ProgressTracker:
    """Reports stage and percentage of a task, so that neither falls or is repeated."""

    stage: Stage | None = None
    """The last stage reported; None: no stage yet."""

    percent: float = 0.0
    """The last percentage reported; 0 to 100."""

    def collect_changes(self, status: TaskStatus) -> list[PaintEvent]:
        """The events for what is new in a status."""
        events: list[PaintEvent] = []
        stage = Stage.QUEUED if status.state is TaskState.QUEUED else Stage.PAINTING
        if stage is not self.stage and self.stage is not Stage.PAINTING and not status.is_final:
            self.stage = stage
            events.append(StageChanged(stage))
        if status.progress is not None and status.progress > self.percent:
            self.percent = status.progress
            events.append(Progress(status.progress))
        return events
