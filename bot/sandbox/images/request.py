"""The images dialect's request: what it asks, or which of the API's rules it breaks. Pure: no sockets, no clock.

The rules are OpenAI's for GPT image models (its published API description); a relay's own manners are data.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from bot.sandbox.references import BrokenReferenceError, Reference, open_alpha, read_reference

MAX_PROMPT_CHARACTERS = 32_000  # characters of a prompt
MAX_IMAGES = 16
MAX_IMAGE_BYTES = 50_000_000  # of one image
MAX_MASK_BYTES = 4_000_000
MAX_EDGE, EDGE_STEP, MAX_RATIO, PIXEL_RANGE = 3840, 16, 3, (655_360, 8_294_400)  # pixels
SIZE_PATTERN = re.compile(r"(\d{2,4})x(\d{2,4})")
CLASSIC_SIZES = {"1024x1024": (1024, 1024), "1536x1024": (1536, 1024), "1024x1536": (1024, 1536)}
CLASSIC_ONLY_MODELS = re.compile(r"(gpt-image-1\b.*|chatgpt-image-latest)")  # models that paint no other sizes
IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp")

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
    """The request is refused; `code` and `param` for the error body."""

    def __init__(self, message: str, *, code: str | None = "invalid_value", param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVariant:
    """How one house of the images API differs from the others.

    `response_format`: whether that field is taken; `gives`: what is handed over without it. `prefix`: stands
    before base64. `needs_model`: false where the address names the deployment.
    """

    accepts_response_format: bool = False
    default_format: str = "b64_json"
    base64_prefix: str = ""
    requires_model: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFile:
    """One file of a form, in the part of this name. `media_type` as the part says."""

    part: str
    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesRequest:
    """A request that was understood. `size`: width and height in pixels. `partials`: unfinished pictures wanted
    in a stream. `gives`: `url` or `b64_json`. `body`: as received, files described instead of their bytes."""

    prompt: str
    references: tuple[Reference, ...]
    mask: Reference | None
    picture_count: int
    size: tuple[int, int]
    quality: str
    background: str
    output_format: str
    compression: int
    stream: bool
    partial_images: int
    response_format: str
    body: Mapping[str, object]


def parse_generation(raw: bytes, manners: ApiVariant) -> ImagesRequest:
    """Reads the JSON of a generation. Raises BrokenRuleError."""
    try:
        document: object = json.loads(raw)
    except ValueError as exc:
        raise InvalidParameterError("We could not parse the JSON body of your request.", code=None) from exc
    if not isinstance(document, dict):
        raise InvalidParameterError("The body is not a JSON object.", code=None)
    fields = cast("dict[str, object]", document)
    return _build_request(fields, "generations", manners, (), None, fields)


def parse_edit(texts: Sequence[tuple[str, str]], files: Sequence[FormFile], manners: ApiVariant) -> ImagesRequest:
    """Reads the form of an edit: its text fields and its files. Raises BrokenRuleError."""
    fields: dict[str, object] = {}
    for name, value in texts:
        if name in fields:
            raise InvalidParameterError(f"Duplicate parameter: '{name}'.", code="duplicate_parameter", param=name)
        fields[name] = _parse_form_value(name, value)
    names = [file.part for file in files]
    if names.count("image") > 1 or names.count("mask") > 1 or {"image", "image[]"} <= set(names):
        raise InvalidParameterError("Duplicate parameter: 'image'.", code="duplicate_parameter", param="image")
    images = [file for file in files if file.part in {"image", "image[]"}]
    masks = [file for file in files if file.part == "mask"]
    if unknown := set(names) - {"image", "image[]", "mask"}:
        raise InvalidParameterError(f"Unknown parameter: '{min(unknown)}'.", code="unknown_parameter", param=min(unknown))
    if not 1 <= len(images) <= MAX_IMAGES:
        raise InvalidParameterError(f"1 to {MAX_IMAGES} images are needed.", code="invalid_value", param="image")
    references = tuple(_parse_image(file) for file in images)
    mask = _parse_mask(masks[0], references[0]) if masks else None
    shown: dict[str, object] = {**fields}
    for file in files:
        described = f"{file.name} {file.media_type} ({len(file.data)} bytes)"
        shown[file.part] = [*cast("list[str]", shown.get(file.part, [])), described]
    return _build_request(fields, "edits", manners, references, mask, shown)


def _parse_form_value(name: str, value: str) -> object:
    """A form knows only text: numbers and booleans are written out in it."""
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
        reference = read_reference(file.data)
    except BrokenReferenceError as exc:
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
    if open_alpha(mask).getextrema()[0] != 0:
        raise InvalidParameterError("The mask has no transparent part.", code="invalid_mask_image_format", param="mask")
    return mask


def _build_request(
    fields: Mapping[str, object],
    endpoint: str,
    manners: ApiVariant,
    references: tuple[Reference, ...],
    mask: Reference | None,
    shown: Mapping[str, object],
) -> ImagesRequest:
    known = KNOWN_FIELDS[endpoint] | ({"response_format"} if manners.accepts_response_format else set[str]())
    for name in fields:
        if name not in known:
            raise InvalidParameterError(f"Unknown parameter: '{name}'.", code="unknown_parameter", param=name)
    said = {name: value for name, value in fields.items() if value is not None}
    _check_fields(said, manners)
    kind = str(said.get("output_format", "png"))
    return ImagesRequest(
        prompt=str(said["prompt"]),
        references=references,
        mask=mask,
        picture_count=_get_integer(said, "n", 1),
        size=_pixel_size(str(said.get("size", "auto")), str(said.get("model", "")), references),
        quality=str(said.get("quality", "auto")),
        background=str(said.get("background", "auto")),
        output_format=kind,
        compression=_get_integer(said, "output_compression", 100),
        stream=said.get("stream") is True,
        partial_images=_get_integer(said, "partial_images", 0),
        response_format=str(said.get("response_format", manners.default_format)),
        body=shown,
    )


def _get_integer(said: Mapping[str, object], name: str, default: int) -> int:
    value = said.get(name, default)
    assert isinstance(value, int), "checked"
    return value


def _check_fields(said: Mapping[str, object], manners: ApiVariant) -> None:
    """Every rule about one field, then those about two."""
    _check_text_fields(said, ("prompt", "model") if manners.requires_model else ("prompt",))
    for name, (least, most) in INTEGER_RANGES.items():
        value = said.get(name, least)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise InvalidParameterError(f"Invalid '{name}': {least} to {most}.", param=name)
    for name, words in CHOICES.items():
        if said.get(name, words[0]) not in words:
            raise InvalidParameterError(f"Invalid value for '{name}': one of {', '.join(words)}.", param=name)
    if not isinstance(said.get("stream", False), bool):
        raise InvalidParameterError("'stream' is true or false.", code="invalid_type", param="stream")
    _check_combinations(said)


def _check_text_fields(said: Mapping[str, object], required: Sequence[str]) -> None:
    for name in TEXT_FIELDS:
        if name in said and not (isinstance(said[name], str) and str(said[name]).strip()):
            raise InvalidParameterError(f"'{name}' is a text that is not empty.", code="invalid_type", param=name)
    for name in required:
        if name not in said:
            message = f"Missing required parameter: '{name}'."
            raise InvalidParameterError(message, code="missing_required_parameter", param=name)
    if len(str(said["prompt"])) > MAX_PROMPT_CHARACTERS:
        message = f"Invalid 'prompt': string too long, at most {MAX_PROMPT_CHARACTERS}."
        raise InvalidParameterError(message, code="string_above_max_length", param="prompt")


def _check_combinations(said: Mapping[str, object]) -> None:
    kind = said.get("output_format", "png")
    if said.get("background") == "transparent" and kind == "jpeg":
        raise InvalidParameterError("Transparent background is not supported for JPEG.", param="background")
    if "output_compression" in said and said["output_compression"] != 100 and kind == "png":
        message = "Compression less than 100 is not supported for PNG output format"
        raise InvalidParameterError(message, param="output_compression")
    if "partial_images" in said and said.get("stream") is not True:
        raise InvalidParameterError("'partial_images' needs 'stream'.", param="partial_images")


def _pixel_size(wish: str, model: str, references: Sequence[Reference]) -> tuple[int, int]:
    """The pixels to paint. Without a wish: the classic size that is most like the first reference."""
    if wish == "auto":
        if not references or references[0].width == references[0].height:
            return CLASSIC_SIZES["1024x1024"]
        return CLASSIC_SIZES["1536x1024" if references[0].width > references[0].height else "1024x1536"]
    if wish in CLASSIC_SIZES:
        return CLASSIC_SIZES[wish]
    found = SIZE_PATTERN.fullmatch(wish)
    if found is None or CLASSIC_ONLY_MODELS.fullmatch(model):
        raise InvalidParameterError(f"Invalid value: '{wish}'. Supported: {', '.join(CLASSIC_SIZES)}, auto.", param="size")
    width, height = int(found[1]), int(found[2])
    rules = {
        f"width and height must be divisible by {EDGE_STEP}": width % EDGE_STEP == height % EDGE_STEP == 0,
        f"the longest edge must be at most {MAX_EDGE}": max(width, height) <= MAX_EDGE,
        f"the ratio must be at most {MAX_RATIO}:1": max(width, height) <= MAX_RATIO * min(width, height),
        f"the pixels must be {PIXEL_RANGE[0]} to {PIXEL_RANGE[1]}": PIXEL_RANGE[0] <= width * height <= PIXEL_RANGE[1],
    }
    for rule, holds in rules.items():
        if not holds:
            raise InvalidParameterError(f"Invalid size '{wish}': {rule}.", param="size")
    return width, height
