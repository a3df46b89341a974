"""Parses an upstream's answer about a task by the paths and status words of its preset. Pure; unknown shapes are empty.

What follows from it is decided in `provider`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from bot.painting import Link, Usage
from bot.providers.http.error_bodies import ErrorBody, find_error, find_item_errors, read_error
from bot.providers.http.failure_rules import classify_error
from bot.providers.http.json_safe import finite_number, value_at
from bot.providers.image_urls import find_field, find_images, find_images_anywhere
from bot.providers.presets import Path, TaskState, TasksWire

Table = Mapping[str, Any]

_AMBIGUOUS: Path = ("url",)  # in an answer that does not say "done", it may be the task's own address
_STATUS_PREFIX = re.compile(r"^(?:task_)?status_|^task_|^job_")  # `TASK_STATUS_FAILED` (Novita)
# Words in a status that no table has, or in a sentence beside one, which report a failure.
_FAILED_WORD = re.compile(
    r"fail|error|reject|expired?\b|time(?:d)?_?out|violat|blocked|denied|invalid|abort|terminated|not[ _]found"
    r"|exceed|refus|unable|exception|moderat|nsfw|banned|stopped|killed|crashed|sensitive|失败|错误|异常|超时|违规|不足|拒绝|不存在",
    re.IGNORECASE,
)
_RETRY_WORD = re.compile(r"\bre-?try(?:ing)?\b|try again|重试|重新", re.IGNORECASE)  # of a sentence: not the end yet
# Names of fields, without underscores and case, for answers that have them elsewhere than the preset says
_STATUS_FIELDS = ("status", "taskstatus", "state", "taskstate", "successflag")
_ID_FIELDS = ("taskid", "jobid", "generationid", "predictionid", "id")
_CANCELLED_WORD = re.compile(r"cancel|取消", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus:
    """One answer about a task."""

    id: str | None = None
    """The task's id at the upstream; None: not in the answer."""

    state: TaskState = TaskState.WORKING
    """State of the task."""

    progress: float | None = None
    """Percentage, 0 to 100; None: not in the answer."""

    images: tuple[Link, ...] = ()
    """The finished images, data URLs among them."""

    error: ErrorBody | None = None
    """Why the task failed; None: not in the answer."""

    request_error: ErrorBody | None = None
    """What an answer without a task says, an error of the request itself; None: the answer is about a task."""

    usage: Usage | None = None
    """What the upstream counted for the task; None: not in the answer."""

    @property
    def is_final(self) -> bool:
        """Whether the state will not change any more."""
        return self.state in {TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED}

    @property
    def lacks_result(self) -> bool:
        """Whether the task is done, and neither an image nor an error is there."""
        return self.state is TaskState.DONE and not self.images and self.error is None


def parse_task(document: object, wire: TasksWire) -> TaskStatus:
    """The task status in a JSON document, the answer to a submit or a poll.

    A status word that the preset does not know counts as WORKING, unless it is a word for a failure, or images or an
    error are beside it.
    """
    status = _scalar(_first_value(document, wire.status_paths)) or find_field(document, _STATUS_FIELDS)
    task_id = _scalar(_first_value(document, wire.id_paths)) or find_field(document, _ID_FIELDS)
    images = _images(document, wire.result_paths)
    error = _task_error(document, wire, beside_answer=bool(images))
    if status is None and task_id is None and not images and not (images := _images_anywhere(document, error)):
        return TaskStatus(request_error=error or find_error(document) or _explanation(document))
    state = TaskState.DONE if status is None and task_id is None else _known_state(status, wire)
    if state is TaskState.DONE and not images:
        images = _images_anywhere(document, error)
    if state is None:
        images = _images(document, _certain_paths(wire))
        if not images and str(status).isdecimal():  # `successFlag: 1`
            images = _images_anywhere(document, error)
        state = TaskState.DONE if images else _state_of_unknown_word(status, error, document)
    if state in (TaskState.FAILED, TaskState.CANCELLED):
        images = _images(document, _certain_paths(wire))
    if state is TaskState.FAILED and error is None:  # the reason may stand anywhere
        error = _without_status(read_error(document), status) or _reason_in_status(status)
    if state is TaskState.CANCELLED:  # by whoever may, or by the upstream, which then tells why
        error = error or read_error(document)
        error = error if classify_error(error, None) else None
    return TaskStatus(
        id=str(task_id) if task_id is not None and str(task_id) else None,
        state=state,
        progress=_percent(_first_value(document, wire.progress_paths), wire.progress_scale),
        images=images,
        error=error,
        usage=_usage(document, wire.credits_path),
    )


def _known_state(status: object, wire: TasksWire) -> TaskState | None:
    """The state of a status word that the preset knows, also with a prefix; None: of any other."""
    word = str(status).strip().lower()
    return wire.states.get(word) or wire.states.get(_STATUS_PREFIX.sub("", word))


def _state_of_unknown_word(status: object, error: ErrorBody | None, document: object) -> TaskState:
    """The state of a task without images whose status word is in no table."""
    word = str(status)
    if _CANCELLED_WORD.search(word):
        return TaskState.CANCELLED
    if error or _FAILED_WORD.search(word) or word.startswith("-"):
        return TaskState.FAILED
    said = [each for each in read_error(document).messages if not _RETRY_WORD.search(each)]
    return TaskState.FAILED if any(map(_FAILED_WORD.search, said)) else TaskState.WORKING


def _reason_in_status(status: object) -> ErrorBody | None:
    """The reason that a failed task's status itself names (`SENSITIVE_WORD_ERROR`); None: none."""
    error = ErrorBody(message=str(status).replace("_", " ").lower())
    return error if classify_error(error, None) else None


def _scalar(value: object) -> str | int | None:
    return value if isinstance(value, str | int) else None


def _without_status(error: ErrorBody, status: object) -> ErrorBody | None:
    """What a failed task's answer says besides that it failed; None: nothing."""
    word = str(status).lower()
    codes = tuple(each for each in error.codes if each.lower() not in (word, "success", "ok", "0", "200"))
    return replace(error, codes=codes) if codes or error.message else None


def _percent(value: object, scale: float) -> float | None:
    """A percentage from a number, or from text such as `48%` and `0.48`; 0 to 100."""
    try:
        percent = finite_number(float(value.strip().removesuffix("%")) if isinstance(value, str) else value)
    except ValueError:
        return None
    return None if percent is None else min(100.0, max(0.0, percent * scale))


def _images(document: object, paths: Iterable[Path]) -> tuple[Link, ...]:
    """The images at the first of the paths that has any."""
    for path in paths:
        found = value_at(document, path)
        if images := find_images(cast("list[object]", found) if isinstance(found, list) else [found]):
            return tuple(images)
    return ()


def _certain_paths(wire: TasksWire) -> list[Path]:
    """Where an answer that does not say "done" has its images."""
    return [path for path in wire.result_paths if path != _AMBIGUOUS]


def _images_anywhere(document: object, error: ErrorBody | None) -> tuple[Link, ...]:
    """The images of a finished task in none of the places where its upstream has them."""
    return () if error or find_error(document) else tuple(find_images_anywhere(document))


def _explanation(document: object) -> ErrorBody | None:
    """What an answer says that is about no task; None: nothing."""
    said = read_error(document)
    return said if said.messages or said.codes else None


def _task_error(document: object, wire: TasksWire, *, beside_answer: bool) -> ErrorBody | None:
    """The error of a failed task: the first of the paths that holds one; a missing message from the others."""
    values = [value for path in wire.error_paths if (value := value_at(document, path))]
    errors = [found for value in values if (found := find_error({"error": value}, beside_answer=beside_answer))]
    results = (value_at(document, path) for path in wire.result_paths)
    errors += [error for items in results for error in find_item_errors(items)]
    if not errors:
        return None
    words = next((each.message for each in errors if each.message), read_error(document).message)
    return replace(errors[0], message=words)


def _usage(document: object, credits_path: Path) -> Usage | None:
    counts = value_at(document, ("usage",))
    if not isinstance(counts, Mapping) or not counts:
        return None
    return Usage(cast(Table, counts), credits=finite_number(value_at(document, credits_path)) if credits_path else None)


def _first_value(document: object, paths: Iterable[Path]) -> object:
    """The value at the first of the paths that leads anywhere; None when none does."""
    return next((found for path in paths if (found := value_at(document, path)) is not None), None)
