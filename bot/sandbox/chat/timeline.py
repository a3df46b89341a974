"""The script of one reply of the chat dialect: what is said, when time passes, when the picture comes.

Pure: dice in, steps out. How the steps are played stands in performance.py.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from bot.sandbox.chat.progress_formats import CHINESE, ENGLISH, PROGRESS_FORMATS, ProgressFormat, echo_request, preview_line
from bot.sandbox.chat.request import ChatRequest
from bot.sandbox.faults import FaultEffect

HALFWAY_PERCENT = 50.0  # percent


@dataclass(frozen=True, slots=True)
class EmitText:
    """A piece of the reply."""

    text: str
    channel: str = "content"
    index: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """A share of the pace."""

    share: float


@dataclass(frozen=True, slots=True)
class RenderPictures:
    """The pictures are painted now, unless they are already."""


@dataclass(frozen=True, slots=True)
class EmitResult:
    """The pictures are handed over, in a form named in bot.sandbox.chat.progress_formats.RESULTS."""

    name: str
    indexed: bool


@dataclass(frozen=True, slots=True)
class EndReply:
    """The reply ends: well, with an error event, cut off, or after a silence."""

    ending: str
    finish_reason: str = "stop"


Step = EmitText | Wait | RenderPictures | EmitResult | EndReply


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceUrls:
    """Where things will be found: the re-hosted references, the preview (None: there is none), the first
    picture (`last`), the page and the data of the task."""

    references: tuple[str, ...]
    preview: str | None
    picture: str
    task_id: str
    task_page: str
    task_data: str


def build_timeline(ask: ChatRequest, twist: FaultEffect, where: ResourceUrls, dice: random.Random) -> Iterator[Step]:
    """What happens, in order. The waits add up to one pace unless the reply ends early."""
    form = PROGRESS_FORMATS.get(int(twist.progress_format or 0)) or (CHINESE if ask.is_chinese else ENGLISH)
    lines = _LineFormatter(form, ask, where, int(twist.picture_count or ask.picture_count))
    yield from lines.format_opening()
    half = False
    for percent, share in progress_steps(dice):
        yield Wait(share)
        if percent >= HALFWAY_PERCENT and not half:
            half = True
            yield from _preview_steps(form, where)
            yield from lines.format_line(form.halfway)
        yield from lines.format_line(form.step, percent=percent)
        if twist.ending in {"error", "cut", "quiet"} and percent >= twist.ending_percent:
            yield EndReply(twist.ending)
            return
    yield from _ending_steps(form, lines, twist)


def _preview_steps(form: ProgressFormat, where: ResourceUrls) -> Iterator[Step]:
    if where.preview is not None and not form.head and form.failure is None:  # a growing line is not interrupted
        yield RenderPictures()
        yield EmitText(preview_line(where.preview))


def _ending_steps(form: ProgressFormat, lines: "_LineFormatter", twist: FaultEffect) -> Iterator[Step]:
    if form.failure == "event":
        yield EndReply("error")
        return
    if form.failure == "prose":
        yield from lines.format_line(form.closing)
    else:
        yield RenderPictures()
        yield from lines.format_line(form.tail)
        yield from lines.format_line(form.closing)
        yield EmitResult(twist.result_format or form.result_format, form.indexed_choices)
    yield EndReply("well", form.finish_reason)


class _LineFormatter:
    """The lines of a form with their blanks filled in."""

    def __init__(self, form: ProgressFormat, ask: ChatRequest, where: ResourceUrls, pictures: int) -> None:
        self._form = form
        self._count = len(where.references)
        self._values = {
            "refs": "".join(f"{url} " for url in where.references),
            "count": self._count,
            "prompt": ask.prompt,
            "echo": echo_request(ask.prompt, pictures),
            "task": where.task_id,
            "web": where.task_page,
            "source": where.task_data,
            "last": where.picture,
        }

    def format_line(self, line: str, **more: object) -> Iterator[Step]:
        if line:
            yield EmitText(line.format(**self._values, **more), self._form.channel)

    def format_opening(self) -> Iterator[Step]:
        for line in self._form.opening:
            yield from self.format_line(line)
        for number in range(1, self._count + 1):
            yield from self.format_line(self._form.reference_line, number=number)
        yield from self.format_line(self._form.head)


def progress_steps(dice: random.Random) -> list[tuple[float, float]]:
    """Rising percentages, each with its share of the pace; the shares add up to 1. The steps shrink towards
    the end, and the last one stays short of 100, as the relay's do."""
    rising: list[float] = []
    percent = 0.0
    while percent < 88:
        percent += max(2.2, (100 - percent) * 0.12) * dice.uniform(0.8, 1.2)
        rising.append(round(percent, 1))
    weights = [dice.uniform(0.7, 1.3) for _ in rising]
    return [(each, weight / sum(weights)) for each, weight in zip(rising, weights, strict=True)]
