"""The wire format of each dialect as data: paths, field names, status words, poll intervals. Presets fill these in.

Values only. The providers in `bot.providers.chat`, `.tasks` and `.images` read them; the presets stand beside this
module, and operators override them under the same names (`overrides`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bot.providers.presets.task_states import STATES, TaskState
from bot.providers.presets.wire_fields import (
    FieldName,
    Headers,
    ModelPath,
    Path,
    Paths,
    QualityText,
    SizeText,
    Table,
    TaskPath,
    Texts,
    Words,
    empty_table,
)

Option = Literal["size", "tier", "quality", "background", "format", "compression"]
"""What a user may choose beside the prompt, the pictures and their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWire:
    """What the wires of all dialects say about a request."""

    FIXED_FIELDS: ClassVar[tuple[str, ...]] = ("stream",)
    """Fields that Easel sends under names that no wire changes."""

    query: Mapping[str, str] = field(default_factory=dict[str, str])
    """Query parameters of every address."""

    headers: Headers = field(default_factory=dict[str, str])
    """Further headers of every request."""

    size_field: FieldName = ""
    """Field that carries the size; empty: there is none."""

    tier_field: FieldName = ""
    """Field that carries the resolution tier (1K, 2K, 4K); empty: there is none."""

    quality_field: FieldName = ""
    """Field that carries the quality; empty: there is none."""

    background_field: FieldName = ""
    """Field that carries the background; empty: there is none."""

    format_field: FieldName = ""
    """Field that carries the file format; empty: there is none."""

    compression_field: FieldName = ""
    """Field that carries the compression, percent; empty: there is none."""

    safety_field: FieldName = ""
    """Field that carries a name of the user of which nobody can tell whose it is (`safety_identifier`); empty: there is
    none."""

    markup_field: FieldName = ""
    """Field that carries marks drawn by hand, as a transparent PNG of the first reference's size, written like a
    reference; empty: there is none, and a marked copy is sent as the second reference. Never sent beside a mask."""

    defaults: Mapping[Option, str | int] = field(default_factory=dict[Option, str | int])
    """What is sent of options that were not chosen, as the upstream spells it: `{ quality = "medium" }`. Those of size
    and tier only where neither was chosen."""

    spellings: Mapping[str, str] = field(default_factory=dict[str, str])
    """The upstream's spelling of what was chosen, by Easel's, where they differ: `{ jpeg = "jpg" }`."""

    credits_path: Path = ()
    """Where an answer holds the upstream's own credits for the request; empty: not reported."""

    extra: Table = field(default_factory=empty_table)
    """Further fields of every request to paint, sent as they are."""

    extra_edits: Table = field(default_factory=empty_table)
    """Further fields of requests with references only, beside and before `extra`."""

    def carries(self, option: Option) -> bool:
        """Whether a request can say what was chosen."""
        return bool(self.option_field(option))

    def option_field(self, option: Option) -> str:
        """The field that carries an option; empty: there is none."""
        return str(getattr(self, f"{option}_field"))

    @property
    def request_paths(self) -> tuple[str, ...]:
        """Paths of the requests to paint, as templates."""
        return ()

    @property
    def carries_several(self) -> bool:
        """Whether several images can be asked for."""
        return True

    @property
    def carries_masks(self) -> bool:
        """Whether a mask can be sent."""
        return False

    @property
    def max_references(self) -> int | None:
        """Most references that a request can carry; None: any number."""
        return None

    def sent_fields(self) -> Mapping[str, str]:
        """The names of all fields that Easel may send, each with the wire's field that names it, or itself."""
        named = {key: str(getattr(self, key)) for key in type(self).__dataclass_fields__ if key.endswith("_field")}
        return {**{name: name for name in self.FIXED_FIELDS}, **{name: key for key, name in named.items() if name}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatWire(RequestWire):
    """Wire format of the dialect `chat`: chat completions."""

    FIXED_FIELDS: ClassVar[tuple[str, ...]] = ("model", "messages", "stream", "modalities")
    """As of every wire."""

    path: ModelPath = "/chat/completions"
    """Path of the endpoint, behind the base address; `{model}` is the model's name."""

    modalities: Texts = ()
    """Value of the request's field `modalities`; empty: the field is left out. Models that answer with an image alone
    refuse a request for text beside it."""

    prompt_size_suffix: SizeText = ""
    """Text behind the prompt that carries the size as `{size}`, used without a `size_field`; empty: no size is sent."""

    prompt_quality_suffix: QualityText = ""
    """Text behind the prompt that carries the quality as `{quality}`, used without a `quality_field`; empty: no quality
    is sent."""

    @property
    def request_paths(self) -> tuple[str, ...]:
        """Paths of the requests to paint, as templates."""
        return (self.path,)

    def carries(self, option: Option) -> bool:
        """Whether a request can say what was chosen, in a field or in the prompt."""
        in_prompt = {"size": self.prompt_size_suffix, "quality": self.prompt_quality_suffix}
        return bool(self.option_field(option) or in_prompt.get(option))


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadWire:
    """Wire format of an upstream's own upload service for reference images and masks.

    An upstream without such a service gets images in the request itself, as data URLs.
    """

    path: str
    """Path of the endpoint, behind `files_base_url`, or behind the base address where there is none."""

    form: Literal["multipart", "base64"] = "multipart"
    """Encoding of the request: a multipart form with a file, or a JSON object with a data URL."""

    file_field: FieldName = "file"
    """Field that carries the file (multipart) or the data URL (base64)."""

    name_field: FieldName = ""
    """Field of the JSON object that carries a file name; empty: none is sent. Not used with multipart."""

    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further fields of the request, sent as they are."""

    url_paths: Paths = (("data", "url"),)
    """Where the answer holds the address of the uploaded file; the first path that leads to one counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksWire(RequestWire):
    """Wire format of the dialect `tasks`: submit, then poll the task or be called back."""

    FIXED_FIELDS: ClassVar[tuple[str, ...]] = ()
    """As of every wire."""

    submit: ModelPath = "/images/generations"
    """Path of the submit (POST), behind the base address; `{model}` is the model's name."""

    task: TaskPath = "/images/generations/{id}"
    """Path of a poll, behind the base address; `{id}` is the task's id, `{model}` the model's name."""

    poll_body: Table = field(default_factory=empty_table)
    """JSON of a poll, with the task's id in place of `{id}`; the poll is then a POST. Empty: it is a GET."""

    result: TaskPath = ""
    """Path of the finished result (GET), as `task`, for an upstream whose polls do not hold it; empty: they do."""

    upload: UploadWire | None = None
    """The upstream's upload service; None (in settings: false): it has none, and images are sent as data URLs."""

    model_field: FieldName = "model"
    """Field of the submit that names the model; empty: it is not sent."""

    prompt_field: FieldName = "prompt"
    """Field of the submit that carries the prompt."""

    references_field: FieldName = "image_urls"
    """Field of the submit that carries the references' addresses; empty: there is none."""

    single_reference: bool = False
    """Whether `references_field` carries one reference itself, and not a list of them."""

    reference_item: object = "{url}"
    """A reference as JSON, with its address in place of `{url}`: a text, or a table around it."""

    mask_field: FieldName = "mask_url"
    """Field of the submit that carries the mask's address; empty: there is none."""

    size_field: FieldName = "size"
    """Field of the submit that carries the size; empty: there is none."""

    n_field: FieldName = "n"
    """Field of the submit that carries the number of images; empty: there is none, and only one is painted."""

    callback_field: FieldName = ""
    """Field of the submit that carries the callback address; empty: the upstream calls nobody back."""

    id_paths: Paths = (("id",), ("task_id",), ("data", "id"), ("data", "task_id"))
    """Where an answer holds the task's id, tried in order."""

    status_paths: Paths = (("status",), ("data", "status"), ("state",))
    """Where an answer holds the status word, tried in order."""

    progress_paths: Paths = (("progress",), ("data", "progress"))
    """Where an answer holds the progress, tried in order."""

    result_paths: Paths = (
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

    error_paths: Paths = tuple(
        (*outer, name)
        for outer in ((), ("data",))
        for name in (
            "error", "fail_reason", "failReason", "failure_reason", "error_message", "errorMessage", "error_msg",
            "failMsg", "fail_msg", "failCode",
        )
    )  # fmt: skip
    """Where an answer holds the error of a failed task, tried in order."""

    states: Words[TaskState] = field(default_factory=lambda: STATES)
    """Meaning of each status word (or number, as text), in any case: `queued`, `working`, `done`, `failed` or
    `cancelled`."""

    progress_scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """Factor that makes the upstream's progress a percentage; > 0, 100 for an upstream that reports 0 to 1."""

    failed_is_free: bool = False
    """Whether a failed task costs nothing at the upstream, so that another provider may paint the request."""

    first_poll_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 2.0
    """Pause between the submit and the first poll, seconds; >= 0, and up to a quarter more at random."""

    poll_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 3.0
    """Pause between the first and the second poll, seconds; > 0, and up to a quarter more at random."""

    poll_growth: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.2
    """Factor between one pause and the next; >= 1."""

    poll_cap_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 15.0
    """Longest pause between two polls, seconds, before the random part; > 0."""

    @property
    def request_paths(self) -> tuple[str, ...]:
        """Paths of the requests to paint, as templates."""
        return (self.submit,)

    @property
    def carries_several(self) -> bool:
        """Whether several images can be asked for."""
        return bool(self.n_field)

    @property
    def carries_masks(self) -> bool:
        """Whether a mask can be sent."""
        return bool(self.mask_field and self.references_field)

    @property
    def max_references(self) -> int | None:
        """Most references that a request can carry; None: any number."""
        if not self.references_field:
            return 0
        return 1 if self.single_reference else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesWire(RequestWire):
    """Wire format of the dialect `images` (OpenAI's Images API): generations as JSON, edits as a form or as JSON."""

    FIXED_FIELDS: ClassVar[tuple[str, ...]] = ("stream", "partial_images")
    """As of every wire."""

    generations: ModelPath = "/images/generations"
    """Path for requests without references, behind the base address; `{model}` is the model's name, for upstreams
    that have a deployment there (Azure)."""

    edits: ModelPath = "/images/edits"
    """Path for requests with references, as `generations`; empty: it takes no references."""

    edits_form: Literal["multipart", "json"] = "multipart"
    """Encoding of requests with references: a multipart form with files, or a JSON object with data URLs."""

    model_field: FieldName = "model"
    """Field that names the model; empty: it is not sent."""

    prompt_field: FieldName = "prompt"
    """Field that carries the prompt."""

    n_field: FieldName = "n"
    """Field that carries the number of images, where that is not 1; empty: there is none, and only one is painted."""

    image_field: FieldName = "image[]"
    """Field that carries the references: each of them in a form, a list of them in JSON."""

    single_reference: bool = False
    """Whether `image_field` carries one reference only, in JSON itself and not in a list."""

    reference_item: object = "{url}"
    """A reference as JSON, with its data URL in place of `{url}`: a text, or a table around it."""

    mask_field: FieldName = "mask"
    """Field that carries the mask; empty: there is none."""

    size_field: FieldName = "size"
    """Field that carries the size; empty: there is none."""

    quality_field: FieldName = "quality"
    """Field that carries the quality; empty: there is none."""

    background_field: FieldName = "background"
    """Field that carries the background; empty: there is none."""

    format_field: FieldName = "output_format"
    """Field that carries the file format; empty: there is none."""

    compression_field: FieldName = "output_compression"
    """Field that carries the compression, percent; empty: there is none."""

    response_format: Literal["", "url", "b64_json"] = ""
    """Value of the field `response_format`; empty: the upstream does not take the field."""

    partial_images: Annotated[int, Field(ge=0, le=3)] = 0
    """Previews requested when the answer streams; 0 to 3, the range of OpenAI's API."""

    @property
    def request_paths(self) -> tuple[str, ...]:
        """Paths of the requests to paint, as templates."""
        return (self.generations, self.edits)

    @property
    def carries_several(self) -> bool:
        """Whether several images can be asked for."""
        return bool(self.n_field)

    @property
    def carries_masks(self) -> bool:
        """Whether a mask can be sent."""
        return bool(self.mask_field and self.edits and self.image_field)

    @property
    def max_references(self) -> int | None:
        """Most references that a request can carry; None: any number."""
        if not (self.edits and self.image_field):
            return 0
        return 1 if self.single_reference else None

    def sent_fields(self) -> Mapping[str, str]:
        """As of every wire, and `response_format` where it is sent."""
        own = {"response_format": "response_format"} if self.response_format else {}
        return {**RequestWire.sent_fields(self), **own}


Wire = ChatWire | TasksWire | ImagesWire
