"""The state of a job's status message: events applied to a status, and a status rendered as text. Pure.

No clock, no platform, no pacing; the sentences stand in the texts as `stage-…` and `status-…`.
"""

from dataclasses import dataclass, replace
from math import ceil

from bot.painting import Accepted, Blob, FinishedImage, Link, PaintEvent, Preview, Progress, Stage, StageChanged
from bot.texts import translate

BAR_CELLS = 12  # cells of the progress bar; with its percentage it fits one line on a narrow phone
BAR_FULL, BAR_EMPTY = "▰", "▱"  # of one width in every font: the bar keeps its length while it fills up
STALE_AFTER_S = 15.0  # seconds on display after which a new elapsed time alone is worth an edit

_STAGE_ORDER = {stage: number for number, stage in enumerate(Stage)}
_EARLIEST_NEXT = {Stage.RETRYING: Stage.PREPARING, Stage.PREPARING: Stage.WAITING}


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """The job's position in Easel's own queue changed."""

    position: int
    """Position in the queue; 1 is next."""


@dataclass(frozen=True, slots=True)
class RestartAnnounced:
    """Easel restarts once the running jobs have ended."""


@dataclass(frozen=True, slots=True)
class RequestAmended:
    """The job's request changed before anything was sent."""

    image_count: int
    """Images that are asked for now; >= 1."""


StatusEvent = PaintEvent | QueuePosition | RestartAnnounced | RequestAmended
"""What changes a status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What is known of a job while it runs."""

    accepted_at: float
    """Monotonic time of its acceptance, seconds."""

    stage: Stage = Stage.WAITING
    """Where it is."""

    percent: float | None = None
    """Progress, 0 to 100; None while nothing is known."""

    queue_position: int | None = None
    """Position in Easel's own queue, 1 is next; None outside of it."""

    typical_s: float | None = None
    """Seconds that such jobs took of late; None: unknown."""

    image_count: int = 1
    """Images that were asked for; >= 1."""

    images_ready: int = 0
    """Images that have come; 0 to `image_count`."""

    preview_source: Link | Blob | None = None
    """The latest unfinished image."""

    restarts: bool = False
    """Whether Easel restarts: after this job where it runs, before it where it waits in Easel's own queue."""


# ---------------------------------------------------------------- events -> status


def apply_event(status: Status, event: StatusEvent) -> Status:
    """The status after an event.

    The percentage never falls over the job's life. A stage is never left for an earlier one, with two exceptions:
    RETRYING and what follows it, and the queue as long as nothing has been sent.
    """
    match event:
        case QueuePosition(position=position):
            in_queue = status.stage in (Stage.WAITING, Stage.PREPARING)
            return replace(status, stage=Stage.WAITING, queue_position=position) if in_queue else status
        case RestartAnnounced():
            return replace(status, restarts=True)
        case RequestAmended(image_count=count):
            return replace(status, image_count=count)
        case StageChanged(stage=Stage.SAVING):
            return _enter_stage(_raise_percent(status, 100), Stage.SAVING)
        case StageChanged(stage=stage):
            return _enter_stage(status, stage)
        case Accepted():
            return _enter_stage(status, Stage.QUEUED)
        case Progress(percent=percent):
            raised = _raise_percent(status, percent)
            return _enter_stage(raised, Stage.PAINTING) if percent > 0 else raised
        case Preview(source=source):
            return _enter_stage(replace(status, preview_source=source), Stage.PAINTING)
        case FinishedImage():
            ready = status.images_ready + 1
            raised = _raise_percent(replace(status, images_ready=ready), 100 * ready / status.image_count)
            return _enter_stage(raised, Stage.SAVING) if ready >= status.image_count else raised
        case _:
            return status  # Usage changes nothing on display


def _enter_stage(status: Status, stage: Stage) -> Status:
    """The status in a later stage; an earlier one changes nothing.

    RETRYING may come at any time, and the job then starts anew, but not in Easel's own queue. A prepared job may have
    to wait again: for its provider, which has as many requests as it takes.
    """
    earliest = _EARLIEST_NEXT.get(status.stage, status.stage)
    if stage is not Stage.RETRYING and _STAGE_ORDER[stage] < _STAGE_ORDER[earliest]:
        return status
    return replace(status, stage=stage, queue_position=status.queue_position if stage is Stage.WAITING else None)


def _raise_percent(status: Status, percent: float) -> Status:
    """The status with a percentage that never falls and is at most 100."""
    return replace(status, percent=max(status.percent or 0.0, min(100.0, percent)))


# ---------------------------------------------------------------- status -> words


def is_noticeable_change(shown: Status, status: Status, shown_at: float, now: float) -> bool:
    """Whether a reader would notice an edit from `shown`, on display since `shown_at`, to `status`.

    Times are monotonic, in seconds.
    """
    return _visible_state(shown) != _visible_state(status) or now - shown_at >= STALE_AFTER_S


def _visible_state(status: Status) -> tuple[object, ...]:
    """What of a status a reader sees, except the times."""
    percent = _whole_percent(status.percent)
    return (
        status.stage,
        status.queue_position,
        percent,
        status.images_ready,
        status.preview_source,
        status.restarts,
    )


def _whole_percent(percent: float | None) -> int | None:
    return None if percent is None else int(percent)


def render(status: Status, locale: str, now: float) -> str:
    """Text of the message, one to four lines: the stage, the progress bar, the details, a restart.

    `now`: monotonic, seconds.
    """
    lines = [translate(locale, f"stage-{status.stage}")]
    if status.percent is not None:
        lines.append(
            translate(locale, "status-progress", bar=progress_bar(status.percent), percent=int(status.percent))
        )
    if details := _details(status, locale, now):
        lines.append(" · ".join(details))
    if status.restarts:
        before = status.queue_position is not None
        lines.append(translate(locale, "status-restarts-before" if before else "status-restarts-after"))
    return "\n".join(lines)


def progress_bar(percent: float) -> str:
    """Progress bar of BAR_CELLS cells; `percent` is 0 to 100, and only 100 fills them all."""
    full = int(percent * BAR_CELLS / 100)
    return BAR_FULL * full + BAR_EMPTY * (BAR_CELLS - full)


def _details(status: Status, locale: str, now: float) -> list[str]:
    """Queue position, images ready, elapsed and remaining time, as far as they are known and matter."""
    details: list[str] = []
    elapsed = max(0.0, now - status.accepted_at)
    if status.queue_position is not None:
        details.append(translate(locale, "status-place", ahead=status.queue_position - 1))
    if status.images_ready and status.image_count > 1:
        details.append(translate(locale, "status-got", got=status.images_ready, count=status.image_count))
    if elapsed >= 1:
        details.append(_format_duration(int(elapsed), locale))
    if status.typical_s is not None and status.stage is not Stage.WAITING and status.typical_s > elapsed:
        details.append(
            translate(locale, "status-left", time=_format_duration(ceil(status.typical_s - elapsed), locale))
        )
    return details


def _format_duration(seconds: int, locale: str) -> str:
    minutes, rest = divmod(seconds, 60)
    if minutes:
        return translate(locale, "status-minutes", minutes=minutes, seconds=rest)
    return translate(locale, "status-seconds", seconds=rest)
