"""The wire format of each dialect as data: paths, field names, status words, poll intervals. Presets fill these in.

Values only. The providers in `bot.providers.chat`, `.tasks` and `.images` read them; the presets stand beside this
module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatch
from types import MappingProxyType
from typing import Literal

Path = tuple[str | int, ...]
"""Path of a value inside a JSON document, from the outside in: names of fields, positions in lists."""


def _empty() -> Mapping[str, object]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatWire:
    """Wire format of the dialect `chat`: chat completions."""

    path: str = "/chat/completions"
    """Path of the endpoint, behind the base address."""

    modalities: tuple[str, ...] = ()
    """Value of the request's field `modalities`; empty: the field is left out."""

    image_only_models: tuple[str, ...] = ()
    """Patterns (as of `fnmatch`) of models that answer with an image alone, and refuse a request for text beside it."""

    extra: Mapping[str, object] = field(default_factory=_empty)
    """Further fields of the request, sent as they are."""

    size_field: tuple[str, ...] = ()
    """Field that carries the size, names from the outside in; empty: the size goes into the prompt."""

    tier_field: tuple[str, ...] = ()
    """Field that carries the tier (1K, 2K, 4K), names from the outside in; empty: no tier is sent."""

    prompt_size_suffix: str = ""
    """Text behind the prompt that carries the size as `{size}`, used without a `size_field`; empty: no size is sent."""

    prompt_quality_suffix: str = ""
    """Text behind the prompt that carries the quality as `{quality}`; empty: no quality is sent."""

    credits_field: str = ""
    """Field of the answer's `usage` with the upstream's own credits for the request; empty: not reported."""

    def modalities_of(self, model: str) -> tuple[str, ...]:
        """The modalities to ask a model for."""
        is_image_only = bool(self.modalities) and any(fnmatch(model, each) for each in self.image_only_models)
        return ("image",) if is_image_only else self.modalities


class TaskState(StrEnum):
    """Meaning of an upstream's status word for a task. A word in no table counts as WORKING."""

    QUEUED = "queued"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_STATES: Mapping[str, TaskState] = MappingProxyType(
    {
        "pending": TaskState.QUEUED,
        "queued": TaskState.QUEUED,
        "submitted": TaskState.QUEUED,
        "processing": TaskState.WORKING,
        "in_progress": TaskState.WORKING,
        "running": TaskState.WORKING,
        "completed": TaskState.DONE,
        "complete": TaskState.DONE,
        "finished": TaskState.DONE,
        "done": TaskState.DONE,
        "succeeded": TaskState.DONE,
        "succeed": TaskState.DONE,
        "success": TaskState.DONE,
        "failed": TaskState.FAILED,
        "failure": TaskState.FAILED,
        "fail": TaskState.FAILED,
        "error": TaskState.FAILED,
        "expired": TaskState.FAILED,
        "cancelled": TaskState.CANCELLED,
        "canceled": TaskState.CANCELLED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadWire:
    """Wire format of an upstream's own upload service for reference images and masks.

    An upstream without such a service gets images in the request itself, as data URLs.
    """

    path: str
    """Path of the endpoint, behind `files_base_url`, or behind the base address where there is none."""

    form: Literal["multipart", "base64"]
    """Encoding of the request: a multipart form with a file, or a JSON object with a data URL."""

    file_field: str = "file"
    """Field that carries the file (multipart) or the data URL (base64)."""

    name_field: str = ""
    """Field of the JSON object that carries a file name; empty: none is sent. Not used with multipart."""

    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further fields of the request, sent as they are."""

    url_paths: tuple[Path, ...] = (("data", "url"),)
    """Where the answer holds the address of the uploaded file; the first path that leads to one counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksWire:
    """Wire format of the dialect `tasks`: submit, then poll the task or be called back."""

    submit: str = "/images/generations"
    """Path of the submit (POST), behind the base address."""

    task: str = "/images/generations/{id}"
    """Path of a poll (GET), behind the base address; `{id}` is the task's id."""

    upload: UploadWire | None = None
    """The upstream's upload service; None: it has none, and images are sent as data URLs."""

    references_field: str = "image_urls"
    """Field of the submit that carries the list of reference addresses; empty: not supported."""

    mask_field: str = "mask_url"
    """Field of the submit that carries the mask's address; empty: not supported."""

    size_field: str = "size"
    """Field of the submit that carries the size; empty: not supported."""

    tier_field: str = ""
    """Field of the submit that carries the tier (1K, 2K, 4K); empty: not supported."""

    quality_field: str = ""
    """Field of the submit that carries the quality; empty: not supported."""

    n_field: str = "n"
    """Field of the submit that carries the number of images; empty: not supported."""

    callback_field: str = ""
    """Field of the submit that carries the callback address; empty: the upstream calls nobody back."""

    extra: Mapping[str, object] = field(default_factory=_empty)
    """Further fields of the submit, sent as they are."""

    id_paths: tuple[Path, ...] = (("id",), ("task_id",), ("data", "id"), ("data", "task_id"))
    """Where an answer holds the task's id, tried in order."""

    status_paths: tuple[Path, ...] = (("status",), ("data", "status"), ("state",))
    """Where an answer holds the status word, tried in order."""

    progress_paths: tuple[Path, ...] = (("progress",), ("data", "progress"))
    """Where an answer holds the progress, tried in order."""

    result_paths: tuple[Path, ...] = (
        ("results",),
        ("result", "data"),
        ("result", "url"),
        ("data", "results"),
        ("data", "url"),
        ("output",),
        ("data", "result", "images"),
        ("result", "images"),
        ("images",),
        ("result",),
        ("data",),
        ("url",),
    )
    """Where an answer holds the finished images, tried in order: an address, base64, an object with either or both of
    the same image, or a list of these. A relative address is completed with the base address."""

    error_paths: tuple[Path, ...] = tuple(
        (*outer, name)
        for outer in ((), ("data",))
        for name in (
            "error", "fail_reason", "failReason", "failure_reason", "error_message", "errorMessage", "error_msg",
            "failMsg", "fail_msg", "failCode",
        )
    )  # fmt: skip
    """Where an answer holds the error of a failed task, tried in order."""

    credits_path: Path = ()
    """Where an answer holds the upstream's own credits for the task; empty: not reported."""

    states: Mapping[str, TaskState] = field(default_factory=lambda: _STATES)
    """Meaning of each status word (or number, as text), in lower case."""

    progress_scale: float = 1.0
    """Factor that makes the upstream's progress a percentage; > 0, 100 for an upstream that reports 0 to 1."""

    failed_is_free: bool = False
    """Whether a failed task costs nothing at the upstream, so that another provider may paint the request."""

    first_poll_s: float = 2.0
    """Pause between the submit and the first poll, seconds; >= 0, and up to a quarter more at random."""

    poll_s: float = 3.0
    """Pause between the first and the second poll, seconds; > 0, and up to a quarter more at random."""

    poll_growth: float = 1.2
    """Factor between one pause and the next; >= 1."""

    poll_cap_s: float = 15.0
    """Longest pause between two polls, seconds, before the random part; > 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesWire:
    """Wire format of the dialect `images` (OpenAI's Images API): generations as JSON, edits as a multipart form."""

    generations: str = "/images/generations"
    """Path for requests without references, behind the base address; `{model}` is the model's name, for upstreams
    that have a deployment there (Azure)."""

    edits: str = "/images/edits"
    """Path for requests with references, behind the base address; `{model}` as above."""

    query: Mapping[str, str] = field(default_factory=dict[str, str])
    """Query parameters of every address."""

    sends_model: bool = True
    """Whether the body names the model."""

    image_field: str = "image[]"
    """Field of the form that carries each reference."""

    mask_field: str = "mask"
    """Field of the form that carries the mask."""

    size_field: str = "size"
    """Field that carries the size; empty: not supported."""

    quality_field: str = "quality"
    """Field that carries the quality; empty: not supported."""

    background_field: str = "background"
    """Field that carries the background; empty: not supported."""

    format_field: str = "output_format"
    """Field that carries the file format; empty: not supported."""

    compression_field: str = "output_compression"
    """Field that carries the compression, percent; empty: not supported."""

    response_format: Literal["", "url", "b64_json"] = ""
    """Value of the field `response_format`; empty: the upstream does not take the field."""

    partial_images: int = 0
    """Previews requested when the answer streams; 0 to 3, the range of OpenAI's API."""

    extra: Mapping[str, object] = field(default_factory=_empty)
    """Further fields of the request, sent as they are."""


Wire = ChatWire | TasksWire | ImagesWire
