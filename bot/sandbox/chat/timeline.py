"""The timeline of one chat reply: which text is sent, when time passes, when the picture is painted.

Pure: random numbers in, steps out. Sending the steps is playback.py's.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from bot.sandbox.chat.progress_formats import (
    CHINESE,
    ENGLISH,
    PROGRESS_FORMATS,
    ProgressFormat,
    echo_request,
    preview_line,
)
from bot.sandbox.chat.request import ChatRequest
from bot.sandbox.faults import FaultEffect
from bot.sandbox.progress import progress_steps

HALFWAY_PERCENT = 50.0


@dataclass(frozen=True, slots=True)
class EmitText:
    """Sends a piece of the reply."""

    text: str
    channel: str = "content"
    """Field of the delta: `content` or `reasoning_content`."""
    index: int = 0
    """Index of the choice."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Lets time pass."""

    share: float
    """Share of the duration of the whole reply, 0 to 1."""


@dataclass(frozen=True, slots=True)
class RenderPictures:
    """Paints the pictures, unless they are painted already."""


@dataclass(frozen=True, slots=True)
class EmitResult:
    """Sends the pictures."""

    result_format: str
    """A key of RESULT_FORMATS in progress_formats.py."""
    indexed: bool
    """Whether the k-th picture goes into the choice of index k; else all into the first."""


@dataclass(frozen=True, slots=True)
class EndReply:
    """Ends the reply."""

    ending: str
    """`well`, `error` (an error event), `cut` (the connection closes) or `quiet` (a silence, then cut)."""
    finish_reason: str = "stop"


Step = EmitText | Wait | RenderPictures | EmitResult | EndReply


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceUrls:
    """Addresses that the reply names."""

    references: tuple[str, ...]
    """The re-hosted references, then those that came as links."""
    preview: str | None
    """The unfinished picture; None: none is shown."""
    picture: str
    """The first picture."""
    task_id: str
    task_page: str
    task_data: str


def build_timeline(request: ChatRequest, effect: FaultEffect, urls: ResourceUrls, rng: random.Random) -> Iterator[Step]:
    """The steps of a reply, in order. The waits add up to the whole duration unless the reply ends early."""
    fallback = CHINESE if request.is_chinese else ENGLISH
    progress_format = PROGRESS_FORMATS.get(int(effect.progress_format or 0)) or fallback
    lines = _LineFormatter(progress_format, request, urls, int(effect.picture_count or request.picture_count))
    yield from lines.format_opening()
    past_halfway = False
    for percent, share in progress_steps(rng):
        yield Wait(share)
        if percent >= HALFWAY_PERCENT and not past_halfway:
            past_halfway = True
            yield from _preview_steps(progress_format, urls)
            yield from lines.format_line(progress_format.halfway)
        yield from lines.format_line(progress_format.step, percent=percent)
        if effect.ending in {"error", "cut", "quiet"} and percent >= effect.ending_percent:
            yield EndReply(effect.ending)
            return
    yield from _ending_steps(progress_format, lines, effect)


def _preview_steps(progress_format: ProgressFormat, urls: ResourceUrls) -> Iterator[Step]:
    # A line that grows is not interrupted, and a reply that fails has no picture.
    if urls.preview is not None and not progress_format.head and progress_format.failure is None:
        yield RenderPictures()
        yield EmitText(preview_line(urls.preview))


def _ending_steps(progress_format: ProgressFormat, lines: "_LineFormatter", effect: FaultEffect) -> Iterator[Step]:
    if progress_format.failure == "event":
        yield EndReply("error")
        return
    if progress_format.failure == "prose":
        yield from lines.format_line(progress_format.closing)
    else:
        yield RenderPictures()
        yield from lines.format_line(progress_format.tail)
        yield from lines.format_line(progress_format.closing)
        yield EmitResult(effect.result_format or progress_format.result_format, progress_format.indexed_choices)
    yield EndReply("well", progress_format.finish_reason)


class _LineFormatter:
    """The lines of a progress format with their placeholders filled in."""

    def __init__(
        self, progress_format: ProgressFormat, request: ChatRequest, urls: ResourceUrls, picture_count: int
    ) -> None:
        self._format = progress_format
        self._count = len(urls.references)
        self._values = {
            "refs": "".join(f"{url} " for url in urls.references),
            "count": self._count,
            "prompt": request.prompt,
            "echo": echo_request(request.prompt, picture_count),
            "task": urls.task_id,
            "web": urls.task_page,
            "source": urls.task_data,
            "last": urls.picture,
        }

    def format_line(self, line: str, **values: object) -> Iterator[Step]:
        """The line as a step; nothing for an empty one."""
        if line:
            yield EmitText(line.format(**self._values, **values), self._format.channel)

    def format_opening(self) -> Iterator[Step]:
        """Everything before the first percentage."""
        for line in self._format.opening:
            yield from self.format_line(line)
        for number in range(1, self._count + 1):
            yield from self.format_line(self._format.reference_line, number=number)
        yield from self.format_line(self._format.head)
