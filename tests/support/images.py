"""Image files made for tests."""

import io
from typing import Any

import PIL.Image

from bot.painting import Image


def encode_image(picture: PIL.Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A file of that kind; `options` as of Pillow's `save`."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def plain_image(
    color: str | tuple[int, ...] = "red", kind: str = "PNG", size: tuple[int, int] = (64, 48), mode: str | None = None
) -> bytes:
    """A file of one color. `mode`: of Pillow; by default RGBA for four numbers, else RGB."""
    mode = mode or ("RGBA" if isinstance(color, tuple) and len(color) == 4 else "RGB")
    return encode_image(PIL.Image.new(mode, size, color), kind)


def png(color: str | tuple[int, ...] = "red", size: tuple[int, int] = (64, 48)) -> bytes:
    """A small PNG of one color."""
    return plain_image(color, "PNG", size)


def image(
    color: str | tuple[int, ...] = "red", kind: str = "PNG", size: tuple[int, int] = (64, 48), mode: str | None = None
) -> Image:
    """As `plain_image`, with its type and size."""
    width, height = size
    return Image(
        data=plain_image(color, kind, size, mode), media_type=f"image/{kind.lower()}", width=width, height=height
    )


def mask_for(picture: bytes) -> bytes:
    """A PNG as large as a picture, whose middle is transparent: a mask that marks the middle."""
    with PIL.Image.open(io.BytesIO(picture)) as opened:
        width, height = opened.size
    mask = PIL.Image.new("RGBA", (width, height), "white")
    mask.paste((0, 0, 0, 0), (width // 4, height // 4, width // 2, height // 2))
    return encode_image(mask)
