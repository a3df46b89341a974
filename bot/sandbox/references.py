"""Reference pictures as the sandbox received them: sniffed, measured, never trusted by their label.

Pure functions over bytes, for worker threads: reading ten megabytes takes its time. No HTTP, no drawing.
"""

import hashlib
import io
from dataclasses import dataclass, field

from PIL import Image, ImageOps, UnidentifiedImageError

MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
MAX_PIXELS = 80_000_000  # of one reference; more is not decoded. Pillow itself warns from 89 million on
_BROKEN = (
    UnidentifiedImageError,
    Image.DecompressionBombWarning,  # where warnings are errors
    Image.DecompressionBombError,
    OSError,
    SyntaxError,
    ValueError,
)


class InvalidReferenceError(ValueError):
    """The bytes are no picture of a format in MEDIA_TYPES, or one of more than MAX_PIXELS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One picture that came with a request. Equal references have equal bytes."""

    kind: str
    """Format by content, a key of MEDIA_TYPES."""
    media_type: str
    width: int
    """Pixels, as stored."""
    height: int
    """Pixels, as stored."""
    length: int
    """Bytes."""
    digest: str
    """SHA-256 of the bytes, hex."""
    exif: bool
    """Whether the file still carried EXIF metadata."""
    data: bytes = field(repr=False, compare=False)


def parse_reference(data: bytes) -> Reference:
    """Identifies and decodes the bytes. Raises InvalidReferenceError."""
    try:
        image = Image.open(io.BytesIO(data), formats=tuple(MEDIA_TYPES))
        if image.width * image.height <= MAX_PIXELS:
            image.load()
        exif = bool(image.getexif())
    except _BROKEN as exc:
        raise InvalidReferenceError("no readable PNG, JPEG, WebP or GIF") from exc
    if image.width * image.height > MAX_PIXELS:
        raise InvalidReferenceError(f"{image.width}x{image.height} pixels are too many")
    kind = str(image.format)
    return Reference(
        kind=kind,
        media_type=MEDIA_TYPES[kind],
        width=image.width,
        height=image.height,
        length=len(data),
        digest=hashlib.sha256(data).hexdigest(),
        exif=exif,
        data=data,
    )


def open_reference(reference: Reference, *, within: int) -> Image.Image:
    """The picture upright, in RGB over white, no edge much longer than `within` pixels."""
    image = Image.open(io.BytesIO(reference.data), formats=(reference.kind,))
    image.draft("RGB", (within, within))  # a JPEG is decoded at a fraction of its size
    ImageOps.exif_transpose(image, in_place=True)
    image.thumbnail((within, within), reducing_gap=2.0)
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def open_layer(reference: Reference) -> Image.Image:
    """The picture in RGBA, as it is."""
    return Image.open(io.BytesIO(reference.data), formats=(reference.kind,)).convert("RGBA")


def alpha_channel(reference: Reference) -> Image.Image:
    """The opacity of each pixel in grey: 255 opaque, 0 transparent."""
    return open_layer(reference).getchannel("A")
