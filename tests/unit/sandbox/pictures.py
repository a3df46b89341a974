"""Reference pictures for the sandbox's unit tests, and a decoder of painted ones."""

import io

from PIL import Image

from bot.sandbox import references
from bot.sandbox.references import parse_reference


def encode(image: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def plain_reference(colour: str, size: tuple[int, int] = (60, 40), kind: str = "PNG") -> references.Reference:
    return parse_reference(encode(Image.new("RGB", size, colour), kind))


def decode_png(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png), formats=("PNG",)).convert("RGB")
