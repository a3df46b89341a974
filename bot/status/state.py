"""What a status message says: events folded into a status, and a status put into words. Pure.

No clock, no platform, no pacing; the sentences stand in the texts as `stage-…` and `status-…`.
"""

from dataclasses import dataclass, replace
from math import ceil

from bot.painting import Accepted, Blob, FinishedImage, Link, PaintEvent, Preview, Progress, Stage, StageChanged
from bot.texts import say

CELLS = 12  # of the bar; with its percentage it fits one line on a narrow phone
FULL, EMPTY = "▰", "▱"  # of one width in every font, so the bar does not change its length while it fills up
STALE = 15.0  # seconds after which even an elapsed time alone is worth an edit

_ORDER = {stage: number for number, stage in enumerate(Stage)}


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """The job's place in our own line changed; 1 is next."""

    place: int


Happening = PaintEvent | QueuePosition


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where a job is. `since`: monotonic time of its acceptance. `typical`: seconds that such jobs took of
    late.

    `percent` from 0 to 100, None while nothing is known. `place` in our own line, 1 is next. `got` of `count`
    pictures are there.
    """

    since: float
    stage: Stage = Stage.WAITING
    percent: float | None = None
    place: int | None = None
    typical: float | None = None
    count: int = 1
    got: int = 0
    preview: Link | Blob | None = None


# ---------------------------------------------------------------- events -> status


def fold(status: Status, happening: Happening) -> Status:
    """The status after something happened. The percentage never falls over the job's life; a stage is never left
    for an earlier one, but for RETRYING and whatever follows that, and for the line as long as nothing is sent."""
    match happening:
        case QueuePosition(place=place):
            in_line = status.stage in (Stage.WAITING, Stage.PREPARING)
            return replace(status, stage=Stage.WAITING, place=place) if in_line else status
        case StageChanged(stage=Stage.SAVING):
            return _advance(_grow(status, 100), Stage.SAVING)
        case StageChanged(stage=stage):
            return _advance(status, stage)
        case Accepted():
            return _advance(status, Stage.QUEUED)
        case Progress(percent=percent):
            grown = _grow(status, percent)
            return _advance(grown, Stage.PAINTING) if percent > 0 else grown
        case Preview(source=source):
            return _advance(replace(status, preview=source), Stage.PAINTING)
        case FinishedImage():
            grown = _grow(replace(status, got=status.got + 1), 100 * (status.got + 1) / status.count)
            return _advance(grown, Stage.SAVING) if grown.got >= grown.count else grown
        case _:
            return status  # Usage: nothing that shows


def _advance(status: Status, stage: Stage) -> Status:
    """To a later stage. RETRYING may come at any time, and the job then starts anew, but not in our own
    line."""
    earliest = Stage.PREPARING if status.stage is Stage.RETRYING else status.stage
    if stage is not Stage.RETRYING and _ORDER[stage] < _ORDER[earliest]:
        return status
    return replace(status, stage=stage, place=status.place if stage is Stage.WAITING else None)


def _grow(status: Status, percent: float) -> Status:
    return replace(status, percent=max(status.percent or 0.0, min(100.0, percent)))


# ---------------------------------------------------------------- status -> words


def noticeable(shown: Status, status: Status, shown_at: float, now: float) -> bool:
    """Whether anybody would notice an edit from `shown`, on display since `shown_at`, to `status`."""
    return _face(shown) != _face(status) or now - shown_at >= STALE


def _face(status: Status) -> tuple[object, ...]:
    return (status.stage, status.place, _whole(status.percent), status.got, status.preview)


def _whole(percent: float | None) -> int | None:
    return None if percent is None else int(percent)


def render(status: Status, locale: str, now: float) -> str:
    """The text of the message, one to three lines: the stage, the bar, and what is known in numbers."""
    lines = [say(locale, f"stage-{status.stage}")]
    if status.percent is not None:
        lines.append(say(locale, "status-progress", bar=bar(status.percent), percent=int(status.percent)))
    if details := _details(status, locale, now):
        lines.append(" · ".join(details))
    return "\n".join(lines)


def bar(percent: float) -> str:
    """`percent`, from 0 to 100, in cells; only 100 fills them all."""
    full = int(percent * CELLS / 100)
    return FULL * full + EMPTY * (CELLS - full)


def _details(status: Status, locale: str, now: float) -> list[str]:
    details: list[str] = []
    elapsed = max(0.0, now - status.since)
    if status.place is not None:
        details.append(say(locale, "status-place", ahead=status.place - 1))
    if status.got and status.count > 1:
        details.append(say(locale, "status-got", got=status.got, count=status.count))
    if elapsed >= 1:
        details.append(_duration(int(elapsed), locale))
    if status.typical is not None and status.stage is not Stage.WAITING and status.typical > elapsed:
        details.append(say(locale, "status-left", time=_duration(ceil(status.typical - elapsed), locale)))
    return details


def _duration(seconds: int, locale: str) -> str:
    minutes, rest = divmod(seconds, 60)
    if minutes:
        return say(locale, "status-minutes", minutes=minutes, seconds=rest)
    return say(locale, "status-seconds", seconds=rest)
