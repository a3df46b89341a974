"""Encoding of a painted picture for the images dialect: its size, its transparency, its file format.

Pure and slow, for worker threads. What is painted stands in painter.py.
"""

import io

from PIL import Image, ImageDraw

from bot.sandbox.painting.pillow_types import resize

MAX_PAINTED_EDGE = 1536  # pixels; a longer edge is painted smaller and enlarged, since strokes cost by their area
MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


def painted_size(width: int, height: int) -> tuple[int, int]:
    """The pixels at which a picture of `width` by `height` is painted: the same, or a fraction of them."""
    shrink = max(1.0, max(width, height) / MAX_PAINTED_EDGE)
    return round(width / shrink), round(height / shrink)


def encode_picture(png: bytes, size: tuple[int, int], *, file_format: str, quality: int, transparent: bool) -> bytes:
    """The picture at `size` pixels.

    `file_format`: a key of MEDIA_TYPES.
    `quality`: of JPEG and WebP, 0 to 100.
    `transparent`: only a rounded rectangle in the middle is left of the picture.
    """
    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        if file_format == "png" and opened.size == size and not transparent:
            return png
        image = opened.convert("RGB")
    if image.size != size:
        image = resize(image, size)
    if transparent:
        image.putalpha(_rounded_alpha(size))
    out = io.BytesIO()
    if file_format == "png":
        image.save(out, "PNG", compress_level=4)
    else:
        image.save(out, file_format.upper(), quality=quality)
    return out.getvalue()


def _rounded_alpha(size: tuple[int, int]) -> Image.Image:
    """An alpha channel: an opaque rounded rectangle with a transparent margin."""
    margin = max(1, min(size) // 32)
    alpha = Image.new("L", size)
    box = (margin, margin, size[0] - margin - 1, size[1] - margin - 1)
    ImageDraw.Draw(alpha).rounded_rectangle(box, 3 * margin, fill=255)
    return alpha
