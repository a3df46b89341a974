"""The last touch to a painted picture: its size, its transparency, its file format.

Pure and slow, for worker threads. What is painted stands in painter.py.
"""

import io

from PIL import Image, ImageDraw

from bot.sandbox.painting.pillow_types import resized

LARGEST = 1536  # pixels; a longer edge is painted smaller and enlarged, since strokes cost by their area
FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


def painted_size(width: int, height: int) -> tuple[int, int]:
    """The size at which a picture of `width` by `height` pixels is painted: the same, or a fraction of it."""
    shrink = max(1.0, max(width, height) / LARGEST)
    return round(width / shrink), round(height / shrink)


def finish(png: bytes, size: tuple[int, int], *, kind: str, compression: int, transparent: bool) -> bytes:
    """The picture at `size`, as `kind` of FORMATS. `compression`: the quality of JPEG and WebP, 0 to 100.
    `transparent`: only a rounded sheet in the middle is left of it."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        image = opened.convert("RGB")
    if image.size != size:
        image = resized(image, size)
    if transparent:
        image.putalpha(_sheet(size))
    out = io.BytesIO()
    if kind == "png":
        image.save(out, "PNG", compress_level=4)
    else:
        image.save(out, kind.upper(), quality=compression)
    return out.getvalue()


def _sheet(size: tuple[int, int]) -> Image.Image:
    """How opaque each pixel is: a rounded rectangle with a transparent margin."""
    margin = max(1, min(size) // 32)
    sheet = Image.new("L", size)
    box = (margin, margin, size[0] - margin - 1, size[1] - margin - 1)
    ImageDraw.Draw(sheet).rounded_rectangle(box, 3 * margin, fill=255)
    return sheet
