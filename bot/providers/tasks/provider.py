"""The dialect `tasks`: pictures are handed over, a task is submitted, then asked about until it has ended.

Only the order of life stands here; the requests are in `task_door`. Once a task is accepted, no failed question about
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
    NoAnswer,
    NoPicture,
    PaintFailed,
    TookTooLong,
    Unreachable,
    UpstreamDown,
    WentQuiet,
)
from bot.painting import Accepted, Blob, FinishedImage, Link, PaintEvent, PaintRequest, Progress, Stage, StageChanged
from bot.providers.base import BaseProvider
from bot.providers.chat.message_parts import aside, decode
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import TaskState, TasksWire, Upstream
from bot.providers.tasks.api import TaskDoor
from bot.providers.tasks.callbacks import Bell, Callbacks
from bot.providers.tasks.polling import pauses
from bot.providers.tasks.request import check_mask, submission
from bot.providers.tasks.response import Told

log = structlog.get_logger()

DENIALS = 3  # questions in a row that are refused (no such task, no such key) before it is given up
GAP = 1.0  # seconds at least between two questions, however often somebody calls

_PASSING = (Busy, NoAnswer, Unreachable, UpstreamDown)  # troubles of a question that the next one may not have


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
        door = self._door(request)
        with self._callbacks.expect() if self._wire.callback_field else nullcontext(Bell(None)) as bell:
            images = [(image, f"picture-{number}") for number, image in enumerate(request.references, start=1)]
            references = await door.hand_over(images)
            masks = await door.hand_over([(request.mask, "mask")] if request.mask else [])
            opened = await door.submit(
                submission(
                    request,
                    self._upstream,
                    self._wire,
                    references=references,
                    mask=masks[0] if masks else None,
                    callback=bell.url,
                ),
                callback=bell.url,
            )
            async with aclosing(self._follow(door, opened, bell)) as events:
                async for event in events:
                    yield event

    async def resume(self, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        """Goes on asking about a task that was accepted before.

        Raises PaintFailed.
        """
        opened = Told(id=upstream_id)
        async with aclosing(self._follow(self._door(request), opened, Bell(None), at_once=True)) as events:
            async for event in events:
                yield event

    def _door(self, request: PaintRequest) -> TaskDoor:
        until = self._clock.monotonic() + self._upstream.timeout_s
        return TaskDoor(self._upstream, self._wire, self._client, self._clock, prompt=request.prompt, until=until)

    async def _follow(
        self, door: TaskDoor, opened: Told, bell: Bell, *, at_once: bool = False
    ) -> AsyncGenerator[PaintEvent, None]:
        """The events of an accepted task until it has ended."""
        yield Accepted(opened.id)
        tale, told = _Tale(), opened
        for event in tale.news(opened):
            yield event
        if opened.id is not None and not opened.ended:
            async with aclosing(self._ask(door, opened.id, bell, at_once=at_once)) as answers:
                async for told in answers:
                    for event in tale.news(told):
                        yield event
        if told.state is TaskState.CANCELLED:
            raise CalledOff(trace=opened.id)
        if told.state is TaskState.FAILED:
            raise door.failed(told, opened.id)
        if told.usage is not None:
            yield told.usage
        if not told.pictures:
            raise NoPicture(trace=opened.id)
        for url in told.pictures:
            yield FinishedImage(
                Blob(data=await aside(len(url), decode, url)) if url.startswith("data:") else Link(url=url)
            )

    async def _ask(self, door: TaskDoor, task: str, bell: Bell, *, at_once: bool) -> AsyncGenerator[Told, None]:
        """What is told of a task, answer by answer; the last one is of its end.

        Raises Lost: no time left, no answer for `idle_timeout_s`, or nobody there knows of it.
        """
        heard, denied, wait, asked = self._clock.monotonic(), 0, 0.0, False
        for pause in pauses(self._wire, self._jitter, at_once=at_once):
            await self._rest(bell, min(max(pause, wait), door.left), again=asked)
            if not door.left:
                raise TookTooLong(seconds=round(self._upstream.timeout_s), trace=task)
            asked = True
            try:
                told = await door.ask(task)
            except PaintFailed as failed:
                denied = 0 if isinstance(failed, _PASSING) else denied + 1
                wait = (failed.retry_after or 0.0) if isinstance(failed, Busy) else 0.0
                self._unanswered(failed, task, denied=denied, silence=self._clock.monotonic() - heard)
                continue
            heard, denied, wait = self._clock.monotonic(), 0, 0.0
            yield told
            if told.ended:
                return

    async def _rest(self, bell: Bell, seconds: float, *, again: bool) -> None:
        """Waits for the next question, or for a call that says there is something to ask about."""
        if again:
            await self._clock.sleep(min(GAP, seconds))
            seconds -= GAP
        if seconds > 0:
            await bell.rest(seconds, self._clock)

    def _unanswered(self, failed: PaintFailed, task: str, *, denied: int, silence: float) -> None:
        """A question that came to nothing. `silence`: seconds since the last one that did not.

        Raises Lost when there have been too many of them.
        """
        log.info("question unanswered", provider=self.name, failure=type(failed).__name__, detail=failed.detail)
        if denied == DENIALS:
            raise Lost(trace=task, detail=failed.detail) from failed
        if silence >= self._upstream.idle_timeout_s:
            raise WentQuiet(seconds=round(self._upstream.idle_timeout_s), trace=task) from failed


@dataclass(slots=True)
class _Tale:
    """What was told of stage and percent, so that neither falls or is repeated."""

    stage: Stage | None = None
    percent: float = 0.0

    def news(self, told: Told) -> list[PaintEvent]:
        """What an answer tells beyond the ones before it."""
        news: list[PaintEvent] = []
        stage = Stage.QUEUED if told.state is TaskState.QUEUED else Stage.PAINTING
        if stage is not self.stage and self.stage is not Stage.PAINTING and not told.ended:
            self.stage = stage
            news.append(StageChanged(stage))
        if told.progress is not None and told.progress > self.percent:
            self.percent = told.progress
            news.append(Progress(told.progress))
        return news
