"""The parser of requests of the images dialect: a value, or the rule of the API that the request breaks.

Pure: no sockets, no clock. The rules are OpenAI's for GPT image models (its published API description); what
another server of the API does otherwise is an ApiVariant's data.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, cast

from bot.sandbox.references import InvalidReferenceError, Reference, alpha_channel, parse_reference

MAX_PROMPT_CHARACTERS = 32_000
MAX_IMAGES = 16
MAX_IMAGE_BYTES = 50_000_000  # of one image
MAX_MASK_BYTES = 4_000_000
MAX_EDGE = 3840  # pixels
EDGE_STEP = 16  # pixels; both edges are multiples of it
MAX_RATIO = 3  # of the longer edge to the shorter
PIXEL_RANGE = (655_360, 8_294_400)  # width times height
SIZE_PATTERN = re.compile(r"(\d{2,4})x(\d{2,4})")
CLASSIC_SIZES = {"1024x1024": (1024, 1024), "1536x1024": (1536, 1024), "1024x1536": (1024, 1536)}
CLASSIC_ONLY_MODELS = re.compile(r"(gpt-image-1\b.*|chatgpt-image-latest)")  # models that paint no other sizes
MARKUP_MODELS = re.compile(r"gpt-image-2\.[56]\b.*")  # models that take marks; by the types of OpenAI's client 3.57
IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp")

# Allowed values of each field that is a choice; the lowest and highest of each that is an integer.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "quality": ("low", "medium", "high", "auto"),
    "background": ("transparent", "opaque", "auto"),
    "output_format": ("png", "jpeg", "webp"),
    "moderation": ("low", "auto"),
    "input_fidelity": ("high", "low"),
    "response_format": ("url", "b64_json"),
}
INTEGER_RANGES: Mapping[str, tuple[int, int]] = {"n": (1, 10), "output_compression": (0, 100), "partial_images": (0, 3)}
TEXT_FIELDS = ("prompt", "model", "size", "user", "safety_identifier")
COMMON_FIELDS = frozenset({*TEXT_FIELDS, *INTEGER_RANGES, "quality", "background", "output_format", "stream"})
KNOWN_FIELDS = {"generations": COMMON_FIELDS | {"moderation"}, "edits": COMMON_FIELDS | {"input_fidelity"}}


class InvalidParameterError(ValueError):
    """The request is refused; the text, `code` and `param` are for the error body."""

    def __init__(self, message: str, *, code: str | None = "invalid_value", param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVariant:
    """How one server of the images API differs from the others."""

    accepts_response_format: bool = False
    """Whether the field `response_format` is known."""
    default_format: str = "b64_json"
    """`url` or `b64_json`: how pictures are returned without that field."""
    base64_prefix: str = ""
    """Text before base64 letters."""
    requires_model: bool = True
    """False where the address names the deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFile:
    """One file of a multipart form."""

    part: str
    """Name of the part."""
    name: str
    """File name that the part gives."""
    media_type: str
    """Content-Type of the part."""
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesRequest:
    """A valid request; fields that were missing have the API's defaults."""

    dialect: ClassVar[Literal["images"]] = "images"
    prompt: str
    references: tuple[Reference, ...]
    """The images to edit, in order; empty for a generation."""
    mask: Reference | None
    """Same dimensions as the first reference; its transparent part may change."""
    markup: Reference | None
    """Marks over the first reference, a PNG of its dimensions; never beside a mask."""
    picture_count: int
    """1 to 10."""
    size: tuple[int, int]
    """Width and height, pixels."""
    quality: str
    """`low`, `medium`, `high` or `auto`."""
    background: str
    """`transparent`, `opaque` or `auto`."""
    output_format: str
    """`png`, `jpeg` or `webp`."""
    compression: int
    """Quality of JPEG and WebP, 0 to 100."""
    stream: bool
    partial_images: int
    """Unfinished pictures wanted in a stream, 0 to 3."""
    response_format: str
    """`url` or `b64_json`."""
    body: Mapping[str, object]
    """The fields as received; files are described instead of their bytes."""


def parse_generation(raw: bytes, variant: ApiVariant) -> ImagesRequest:
    """The JSON body of a generation. Raises InvalidParameterError."""
    try:
        document: object = json.loads(raw)
    except ValueError as exc:
        raise InvalidParameterError("We could not parse the JSON body of your request.", code=None) from exc
    if not isinstance(document, dict):
        raise InvalidParameterError("The body is not a JSON object.", code=None)
    fields = cast("dict[str, object]", document)
    return _build_request(fields, "generations", variant, (), (None, None), fields)


def parse_edit(texts: Sequence[tuple[str, str]], files: Sequence[FormFile], variant: ApiVariant) -> ImagesRequest:
    """The form of an edit: its text fields and its files. Raises InvalidParameterError."""
    fields: dict[str, object] = {}
    for name, value in texts:
        if name in fields:
            raise InvalidParameterError(f"Duplicate parameter: '{name}'.", code="duplicate_parameter", param=name)
        fields[name] = _parse_form_value(name, value)
    names = [file.part for file in files]
    if any(names.count(each) > 1 for each in ("image", "mask", "markup")) or {"image", "image[]"} <= set(names):
        raise InvalidParameterError("Duplicate parameter: 'image'.", code="duplicate_parameter", param="image")
    images = [file for file in files if file.part in {"image", "image[]"}]
    masks, markups = ([file for file in files if file.part == part] for part in ("mask", "markup"))
    if unknown := set(names) - {"image", "image[]", "mask", "markup"}:
        raise InvalidParameterError(
            f"Unknown parameter: '{min(unknown)}'.", code="unknown_parameter", param=min(unknown)
        )
    if not 1 <= len(images) <= MAX_IMAGES:
        raise InvalidParameterError(f"1 to {MAX_IMAGES} images are needed.", code="invalid_value", param="image")
    references = tuple(_parse_image(file) for file in images)
    if masks and markups:
        raise InvalidParameterError("'markup' cannot be combined with 'mask'.", param="markup")
    mask = _parse_mask(masks[0], references[0]) if masks else None
    markup = _parse_markup(markups[0], references[0], str(fields.get("model", ""))) if markups else None
    body: dict[str, object] = {**fields}
    for file in files:
        description = f"{file.name} {file.media_type} ({len(file.data)} bytes)"
        body[file.part] = [*cast("list[str]", body.get(file.part, [])), description]
    return _build_request(fields, "edits", variant, references, (mask, markup), body)


def _parse_form_value(name: str, value: str) -> object:
    """The value of a form field: forms have only text, with numbers and booleans written out."""
    if name in INTEGER_RANGES and value.isdecimal():
        return int(value)
    if name == "stream" and value in {"true", "false"}:
        return value == "true"
    return value


def _parse_image(file: FormFile) -> Reference:
    if file.media_type not in IMAGE_TYPES:
        message = f"Invalid file 'image': unsupported mimetype ('{file.media_type}')."
        raise InvalidParameterError(message, code="unsupported_file_mimetype", param="image")
    if len(file.data) >= MAX_IMAGE_BYTES:
        raise InvalidParameterError("Invalid image file: too large.", code="invalid_image_file", param="image")
    try:
        reference = parse_reference(file.data)
    except InvalidReferenceError as exc:
        raise InvalidParameterError(f"Invalid image file: {exc}", code="invalid_image_file", param="image") from exc
    if reference.media_type != file.media_type:
        raise InvalidParameterError("Invalid image file or mode.", code="invalid_image_file", param="image")
    return reference


def _parse_mask(file: FormFile, first: Reference) -> Reference:
    mask = _parse_image(file)
    if mask.media_type != "image/png" or len(file.data) >= MAX_MASK_BYTES:
        raise InvalidParameterError("The mask is a PNG below 4 MB.", code="invalid_image_file", param="mask")
    if (mask.width, mask.height) != (first.width, first.height):
        message = "Invalid mask image format - mask size does not match image size."
        raise InvalidParameterError(message, code="invalid_mask_image_format", param="mask")
    if alpha_channel(mask).getextrema()[0] != 0:
        raise InvalidParameterError("The mask has no transparent part.", code="invalid_mask_image_format", param="mask")
    return mask


def _parse_markup(file: FormFile, first: Reference, model: str) -> Reference:
    if not MARKUP_MODELS.fullmatch(model):
        raise InvalidParameterError(f"'markup' is not supported by {model}.", param="markup")
    markup = _parse_image(file)
    if markup.media_type != "image/png" or (markup.width, markup.height) != (first.width, first.height):
        message = "The markup is a PNG of the first image's dimensions."
        raise InvalidParameterError(message, code="invalid_image_file", param="markup")
    if alpha_channel(markup).getextrema()[0] != 0:
        raise InvalidParameterError("The markup has no transparent part.", code="invalid_image_file", param="markup")
    return markup


def _build_request(
    fields: Mapping[str, object],
    endpoint: str,
    variant: ApiVariant,
    references: tuple[Reference, ...],
    layers: tuple[Reference | None, Reference | None],
    body: Mapping[str, object],
) -> ImagesRequest:
    """`layers`: the mask and the marks."""
    known = KNOWN_FIELDS[endpoint] | ({"response_format"} if variant.accepts_response_format else set[str]())
    for name in fields:
        if name not in known:
            raise InvalidParameterError(f"Unknown parameter: '{name}'.", code="unknown_parameter", param=name)
    values = {name: value for name, value in fields.items() if value is not None}
    _check_fields(values, variant)
    return ImagesRequest(
        prompt=str(values["prompt"]),
        references=references,
        mask=layers[0],
        markup=layers[1],
        picture_count=_get_integer(values, "n", 1),
        size=_pixel_size(str(values.get("size", "auto")), str(values.get("model", "")), references),
        quality=str(values.get("quality", "auto")),
        background=str(values.get("background", "auto")),
        output_format=str(values.get("output_format", "png")),
        compression=_get_integer(values, "output_compression", 100),
        stream=values.get("stream") is True,
        partial_images=_get_integer(values, "partial_images", 0),
        response_format=str(values.get("response_format", variant.default_format)),
        body=body,
    )


def _get_integer(values: Mapping[str, object], name: str, default: int) -> int:
    value = values.get(name, default)
    assert isinstance(value, int), "checked"
    return value


def _check_fields(values: Mapping[str, object], variant: ApiVariant) -> None:
    """Checks every rule about one field, then those about two."""
    _check_text_fields(values, ("prompt", "model") if variant.requires_model else ("prompt",))
    for name, (lowest, highest) in INTEGER_RANGES.items():
        value = values.get(name, lowest)
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise InvalidParameterError(f"Invalid '{name}': {lowest} to {highest}.", param=name)
    for name, words in CHOICES.items():
        if values.get(name, words[0]) not in words:
            raise InvalidParameterError(f"Invalid value for '{name}': one of {', '.join(words)}.", param=name)
    if not isinstance(values.get("stream", False), bool):
        raise InvalidParameterError("'stream' is true or false.", code="invalid_type", param="stream")
    _check_combinations(values)


def _check_text_fields(values: Mapping[str, object], required: Sequence[str]) -> None:
    for name in TEXT_FIELDS:
        if name in values and not (isinstance(values[name], str) and str(values[name]).strip()):
            raise InvalidParameterError(f"'{name}' is a text that is not empty.", code="invalid_type", param=name)
    for name in required:
        if name not in values:
            message = f"Missing required parameter: '{name}'."
            raise InvalidParameterError(message, code="missing_required_parameter", param=name)
    if len(str(values["prompt"])) > MAX_PROMPT_CHARACTERS:
        message = f"Invalid 'prompt': string too long, at most {MAX_PROMPT_CHARACTERS}."
        raise InvalidParameterError(message, code="string_above_max_length", param="prompt")


def _check_combinations(values: Mapping[str, object]) -> None:
    output_format = values.get("output_format", "png")
    if values.get("background") == "transparent" and output_format == "jpeg":
        raise InvalidParameterError("Transparent background is not supported for JPEG.", param="background")
    if "output_compression" in values and values["output_compression"] != 100 and output_format == "png":
        message = "Compression less than 100 is not supported for PNG output format"
        raise InvalidParameterError(message, param="output_compression")
    if "partial_images" in values and values.get("stream") is not True:
        raise InvalidParameterError("'partial_images' needs 'stream'.", param="partial_images")


def _pixel_size(requested: str, model: str, references: Sequence[Reference]) -> tuple[int, int]:
    """The pixels to paint; for `auto` the classic size nearest to the first reference. Raises InvalidParameterError."""
    if requested == "auto":
        if not references or references[0].width == references[0].height:
            return CLASSIC_SIZES["1024x1024"]
        return CLASSIC_SIZES["1536x1024" if references[0].width > references[0].height else "1024x1536"]
    if requested in CLASSIC_SIZES:
        return CLASSIC_SIZES[requested]
    found = SIZE_PATTERN.fullmatch(requested)
    if found is None or CLASSIC_ONLY_MODELS.fullmatch(model):
        raise InvalidParameterError(
            f"Invalid value: '{requested}'. Supported: {', '.join(CLASSIC_SIZES)}, auto.", param="size"
        )
    width, height = int(found[1]), int(found[2])
    rules = {
        f"width and height must be divisible by {EDGE_STEP}": width % EDGE_STEP == height % EDGE_STEP == 0,
        f"the longest edge must be at most {MAX_EDGE}": max(width, height) <= MAX_EDGE,
        f"the ratio must be at most {MAX_RATIO}:1": max(width, height) <= MAX_RATIO * min(width, height),
        f"the pixels must be {PIXEL_RANGE[0]} to {PIXEL_RANGE[1]}": PIXEL_RANGE[0] <= width * height <= PIXEL_RANGE[1],
    }
    for rule, holds in rules.items():
        if not holds:
            raise InvalidParameterError(f"Invalid size '{requested}': {rule}.", param="size")
    return width, height
