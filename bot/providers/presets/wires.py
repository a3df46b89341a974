"""How the upstreams of each dialect are spoken to, as the shapes of data that the presets fill.

Values only: who speaks by them stands in `chat`, `tasks` and `images`; the upstreams themselves beside this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

Path = tuple[str | int, ...]
"""A place inside a JSON document, from the outside in: names of fields, positions in lists."""


def _empty() -> Mapping[str, object]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatWire:
    """The dialect `chat`: chat completions.

    `path` follows the base address. `modalities` and `extra` go into the request as they are. A size is sent in
    the field `size_field` (names from the outside in) where there is one, else in words: `prompt_size_suffix`
    with `{size}`; a tier in `tier_field`; a quality as `prompt_quality_suffix` with `{quality}`. `credits_field`:
    where in its usage an upstream says what it took.
    """

    path: str = "/chat/completions"
    modalities: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=_empty)
    size_field: tuple[str, ...] = ()
    tier_field: tuple[str, ...] = ()
    prompt_size_suffix: str = ""
    prompt_quality_suffix: str = ""
    credits_field: str = ""


class TaskState(StrEnum):
    """What an upstream's own word for the state of a task means. A word that is in no table is WORKING."""

    QUEUED = "queued"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadWire:
    """A provider's own upload service. `path` follows `files_base_url`, or the base address where there is none.
    Where an upstream has no such service at all, pictures go into the request itself, as data URLs.

    `form`: multipart sends the file in the field `file_field`, base64 a data URL in that field of a JSON object;
    `fields` go along as they are. The address of the file is at the first of `url_paths` that holds one.
    """

    path: str
    form: Literal["multipart", "base64"]
    file_field: str = "file"
    name_field: str = ""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    url_paths: tuple[Path, ...] = (("data", "url"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksWire:
    """The dialect `tasks`: submit, then ask about the task, or be called back.

    `submit` and `task` (with `{id}`) follow the base address. The fields are names in the submitted JSON; an empty
    one is not taken there. `id_paths`, `status_paths`, `progress_paths`, `result_paths`, `error_paths` are looked
    at in order; a result path may lead to one address, to a list of them, or to a list of objects with `url`.
    `states`: the upstream's words (or numbers) in lower case. `progress_scale`: what its progress is multiplied by
    to be a percentage. `failed_is_free`: a failed task costs nothing there, so another may be begun elsewhere.

    Polls begin `first_poll_s` after the submit, then come after `poll_s`, each pause `poll_growth` times the one
    before, at most `poll_cap_s`, and up to a quarter more at random.
    """

    submit: str = "/images/generations"
    task: str = "/images/generations/{id}"
    upload: UploadWire | None = None
    references_field: str = "image_urls"
    mask_field: str = "mask_url"
    size_field: str = "size"
    tier_field: str = ""
    quality_field: str = ""
    n_field: str = "n"
    callback_field: str = ""
    extra: Mapping[str, object] = field(default_factory=_empty)
    id_paths: tuple[Path, ...] = (("id",), ("task_id",), ("data", "id"), ("data", "task_id"))
    status_paths: tuple[Path, ...] = (("status",), ("data", "status"), ("state",))
    progress_paths: tuple[Path, ...] = (("progress",), ("data", "progress"))
    result_paths: tuple[Path, ...] = (
        ("results",),
        ("result", "data"),
        ("result", "url"),
        ("data", "results"),
        ("data", "url"),
        ("output",),
    )
    error_paths: tuple[Path, ...] = (("error",), ("fail_reason",), ("data", "error"), ("data", "fail_reason"))
    credits_path: Path = ()
    states: Mapping[str, TaskState] = field(default_factory=lambda: _STATES)
    progress_scale: float = 1.0
    failed_is_free: bool = False
    first_poll_s: float = 2.0
    poll_s: float = 3.0
    poll_growth: float = 1.2
    poll_cap_s: float = 15.0


_STATES: Mapping[str, TaskState] = MappingProxyType(
    {
        "pending": TaskState.QUEUED,
        "queued": TaskState.QUEUED,
        "submitted": TaskState.QUEUED,
        "processing": TaskState.WORKING,
        "in_progress": TaskState.WORKING,
        "running": TaskState.WORKING,
        "completed": TaskState.DONE,
        "succeeded": TaskState.DONE,
        "success": TaskState.DONE,
        "failed": TaskState.FAILED,
        "error": TaskState.FAILED,
        "expired": TaskState.FAILED,
        "cancelled": TaskState.CANCELLED,
        "canceled": TaskState.CANCELLED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesWire:
    """The dialect `images`: generations as JSON, edits as multipart.

    The paths follow the base address; `{model}` in them is the model's name, for upstreams that have a deployment
    there. `query` goes behind each address. `sends_model`: the body names the model. An empty field is not
    taken. `response_format`: what is asked for, where it is taken at all. `partial_images`: previews asked for
    when the answer streams, 0 to 3.
    """

    generations: str = "/images/generations"
    edits: str = "/images/edits"
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    sends_model: bool = True
    image_field: str = "image[]"
    mask_field: str = "mask"
    size_field: str = "size"
    quality_field: str = "quality"
    background_field: str = "background"
    format_field: str = "output_format"
    compression_field: str = "output_compression"
    response_format: Literal["", "url", "b64_json"] = ""
    partial_images: int = 0
    extra: Mapping[str, object] = field(default_factory=_empty)


Wire = ChatWire | TasksWire | ImagesWire
