"""What an upstream tells of a task, read by the places and words of its preset. Pure; unknown shapes carry nothing.

What follows from it is decided in `tasks`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from bot.painting import Usage
from bot.providers.http.error_bodies import ErrorBody, find_error
from bot.providers.http.json_safe import finite_number
from bot.providers.image_urls import find_image_urls
from bot.providers.presets import Path, TaskState, TasksWire

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus:
    """One answer about a task. `progress`: percent, None when not told. `pictures`: addresses, data URLs among
    them. `complaint`: why it failed, where that is said; `refusal`: an error that came instead of a task."""

    id: str | None = None
    state: TaskState = TaskState.WORKING
    progress: float | None = None
    pictures: tuple[str, ...] = ()
    error: ErrorBody | None = None
    request_error: ErrorBody | None = None
    usage: Usage | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in {TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED}


def parse_task(document: object, wire: TasksWire) -> TaskStatus:
    """What a document says, of a submit or of a question.

    A status that the preset does not know counts as work under way, unless pictures or an error stand beside it.
    """
    word, name = _first_value(document, wire.status_paths), _first_value(document, wire.id_paths)
    pictures = tuple(_image_urls(document, wire.result_paths))
    complaint = _task_error(document, wire)
    if word is None and name is None and not pictures:
        return TaskStatus(request_error=complaint or find_error(document))
    state = wire.states.get(str(word).lower())
    if state is None:
        state = TaskState.DONE if pictures else TaskState.FAILED if complaint else TaskState.WORKING
    return TaskStatus(
        id=str(name) if isinstance(name, str | int) and str(name) else None,
        state=state,
        progress=_percent(_first_value(document, wire.progress_paths), wire.progress_scale),
        pictures=pictures,
        error=complaint,
        usage=_usage(document, wire.credits_path),
    )


def _percent(value: object, scale: float) -> float | None:
    """A number, or text such as `48%` and `0.48`."""
    try:
        percent = finite_number(float(value.strip().removesuffix("%")) if isinstance(value, str) else value)
    except ValueError:
        return None
    return None if percent is None else min(100.0, max(0.0, percent * scale))


def _image_urls(document: object, paths: Iterable[Path]) -> Iterator[str]:
    """The addresses at the first of the paths that has any."""
    for path in paths:
        found = value_at(document, path)
        items = cast("list[object]", found) if isinstance(found, list) else [found]
        urls = list(dict.fromkeys(url for item in items for url in find_image_urls(item)))
        if urls:
            yield from urls
            return


def _task_error(document: object, wire: TasksWire) -> ErrorBody | None:
    """The error of a failed task: the first place that holds one, words from the others where it has none."""
    told = [value for path in wire.error_paths if (value := value_at(document, path))]
    found = find_error({"error": told[0]}) if told else None
    if found is None:
        return None
    words = next((each for each in told if isinstance(each, str)), "")
    return ErrorBody(codes=found.codes, message=found.message or words, trace=found.trace)


def _usage(document: object, credits_path: Path) -> Usage | None:
    counts = value_at(document, ("usage",))
    if not isinstance(counts, Mapping) or not counts:
        return None
    return Usage(cast(Table, counts), credits=finite_number(value_at(document, credits_path)) if credits_path else None)


def _first_value(document: object, paths: Iterable[Path]) -> object:
    """What stands at the first of the paths that leads anywhere."""
    return next((found for path in paths if (found := value_at(document, path)) is not None), None)


def value_at(document: object, path: Path) -> object:
    """What stands at a place inside a document; None when the path leads nowhere."""
    for step in path:
        if isinstance(step, str):
            document = cast(Table, document).get(step) if isinstance(document, Mapping) else None
        else:
            items = cast("list[object]", document) if isinstance(document, list) else []
            document = next(iter(items[step : step + 1 or None]), None)
    return document
