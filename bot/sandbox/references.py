"""Reference pictures as the sandbox received them: sniffed, measured, never trusted by their label.

Pure functions over bytes, for worker threads: reading ten megabytes takes its time. No HTTP, no drawing.
"""

import hashlib
import io
from dataclasses import dataclass, field

from PIL import Image, ImageOps, UnidentifiedImageError

KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
MAX_PIXELS = 80_000_000  # of one reference; more is not decoded. Pillow itself warns from 89 million on
_BROKEN = (
    UnidentifiedImageError,
    Image.DecompressionBombWarning,  # where warnings are errors
    Image.DecompressionBombError,
    OSError,
    SyntaxError,
    ValueError,
)


class BrokenReferenceError(ValueError):
    """The bytes are no picture of a kind in KINDS, or one of more than MAX_PIXELS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One picture that came with a request. `exif`: it still carried metadata. Width and height in pixels,
    as stored. `digest`: SHA-256 of the bytes, in hex. Equal digests, equal bytes."""

    kind: str
    media_type: str
    width: int
    height: int
    length: int
    digest: str
    exif: bool
    data: bytes = field(repr=False, compare=False)


def read_reference(data: bytes) -> Reference:
    """Looks inside the bytes. Raises BrokenReferenceError."""
    try:
        image = Image.open(io.BytesIO(data), formats=tuple(KINDS))
        if image.width * image.height <= MAX_PIXELS:
            image.load()
        exif = bool(image.getexif())
    except _BROKEN as exc:
        raise BrokenReferenceError("no readable PNG, JPEG, WebP or GIF") from exc
    if image.width * image.height > MAX_PIXELS:
        raise BrokenReferenceError(f"{image.width}x{image.height} pixels are too many")
    kind = str(image.format)
    return Reference(
        kind=kind,
        media_type=KINDS[kind],
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


def open_alpha(reference: Reference) -> Image.Image:
    """How opaque each pixel is, in grey: 255 all of it, 0 not at all."""
    return Image.open(io.BytesIO(reference.data), formats=(reference.kind,)).convert("RGBA").getchannel("A")
