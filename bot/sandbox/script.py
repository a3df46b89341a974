"""The script of one reply of the chat dialect: what is said, when time passes, when the picture comes.

Pure: dice in, steps out. How the steps are played stands in performance.py.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from bot.sandbox.chat import Ask
from bot.sandbox.faults import Twist
from bot.sandbox.forms import CHINESE, ENGLISH, FORMS, Form, echo, preview_line

HALF = 50.0  # percent


@dataclass(frozen=True, slots=True)
class Say:
    """A piece of the reply."""

    text: str
    channel: str = "content"
    index: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """A share of the pace."""

    share: float


@dataclass(frozen=True, slots=True)
class Paint:
    """The pictures are painted now, unless they are already."""


@dataclass(frozen=True, slots=True)
class Result:
    """The pictures are handed over, in a form named in bot.sandbox.forms.RESULTS."""

    name: str
    indexed: bool


@dataclass(frozen=True, slots=True)
class End:
    """The reply ends: well, with an error event, cut off, or after a silence."""

    how: str
    finish: str = "stop"


Step = Say | Wait | Paint | Result | End


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where things will be found: the re-hosted references, the preview (None: there is none), the first
    picture (`last`), the page and the data of the task."""

    references: tuple[str, ...]
    preview: str | None
    last: str
    task: str
    web: str
    source: str


def script(ask: Ask, twist: Twist, where: Addresses, dice: random.Random) -> Iterator[Step]:
    """What happens, in order. The waits add up to one pace unless the reply ends early."""
    form = FORMS.get(int(twist.form or 0)) or (CHINESE if ask.chinese else ENGLISH)
    lines = _Lines(form, ask, where, int(twist.pictures or ask.pictures))
    yield from lines.opening()
    half = False
    for percent, share in percents(dice):
        yield Wait(share)
        if percent >= HALF and not half:
            half = True
            yield from _preview(form, where)
            yield from lines.say(form.halfway)
        yield from lines.say(form.step, percent=percent)
        if twist.ending in {"error", "cut", "quiet"} and percent >= twist.at:
            yield End(twist.ending)
            return
    yield from _ending(form, lines, twist)


def _preview(form: Form, where: Addresses) -> Iterator[Step]:
    if where.preview is not None and not form.head and form.fails is None:  # a growing line is not interrupted
        yield Paint()
        yield Say(preview_line(where.preview))


def _ending(form: Form, lines: "_Lines", twist: Twist) -> Iterator[Step]:
    if form.fails == "event":
        yield End("error")
        return
    if form.fails == "prose":
        yield from lines.say(form.closing)
    else:
        yield Paint()
        yield from lines.say(form.tail)
        yield from lines.say(form.closing)
        yield Result(twist.result or form.result, form.indexed)
    yield End("well", form.finish)


class _Lines:
    """The lines of a form with their blanks filled in."""

    def __init__(self, form: Form, ask: Ask, where: Addresses, pictures: int) -> None:
        self._form = form
        self._count = len(where.references)
        self._facts = {
            "refs": "".join(f"{url} " for url in where.references),
            "count": self._count,
            "prompt": ask.prompt,
            "echo": echo(ask.prompt, pictures),
            "task": where.task,
            "web": where.web,
            "source": where.source,
            "last": where.last,
        }

    def say(self, line: str, **more: object) -> Iterator[Step]:
        if line:
            yield Say(line.format(**self._facts, **more), self._form.channel)

    def opening(self) -> Iterator[Step]:
        for line in self._form.opening:
            yield from self.say(line)
        for number in range(1, self._count + 1):
            yield from self.say(self._form.each_reference, number=number)
        yield from self.say(self._form.head)


def percents(dice: random.Random) -> list[tuple[float, float]]:
    """Rising percentages, each with its share of the pace; the shares add up to 1. The steps shrink towards
    the end, and the last one stays short of 100, as the relay's do."""
    rising: list[float] = []
    percent = 0.0
    while percent < 88:
        percent += max(2.2, (100 - percent) * 0.12) * dice.uniform(0.8, 1.2)
        rising.append(round(percent, 1))
    weights = [dice.uniform(0.7, 1.3) for _ in rising]
    return [(each, weight / sum(weights)) for each, weight in zip(rising, weights, strict=True)]
