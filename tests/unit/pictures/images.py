"""Test images, and helpers that compare images."""

import io
from typing import Any

import pillow_heif
from PIL import Image as Pillow

from bot.painting import Capabilities, Image
from bot.pictures.processing import ImageProcessor
from bot.pictures.worker_pool import WorkerPool
from tests.support.patience import PICTURE_DEADLINE_S

CAPABILITIES = Capabilities()
NAME = "holiday.png"
PROCESSOR = ImageProcessor(pool=WorkerPool(deadline_s=PICTURE_DEADLINE_S))
OWNER = "memory:amber"


async def prepare_reference(data: bytes, *, name: str = NAME, capabilities: Capabilities = CAPABILITIES) -> Image:
    return await PROCESSOR.prepare_reference(data, name=name, capabilities=capabilities, owner=OWNER)


async def validate_result(data: bytes) -> Image:
    return await PROCESSOR.validate_result(data, owner=OWNER)


async def prepare_preview(data: bytes, *, edge: int = 512) -> Image:
    return await PROCESSOR.prepare_preview(data, edge=edge, owner=OWNER)


async def fit_to_limit(image: Image, *, max_bytes: int) -> tuple[Image, bool]:
    return await PROCESSOR.fit_to_limit(image, max_bytes=max_bytes, owner=OWNER)


ORIENTATION = 0x0112
GPS = 0x8825
MODEL = 0x0110
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def four_corners(width: int = 60, height: int = 40, mode: str = "RGB") -> Pillow.Image:
    """An image with a colour of its own in each quarter, which shows its orientation."""
    image = Pillow.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(WHITE, (width // 2, height // 2, width, height))
    return image.convert(mode)


def noise(width: int, height: int, mode: str = "RGB") -> Pillow.Image:
    """Random pixels, which compress badly."""
    return Pillow.merge(mode, [Pillow.effect_noise((width, height), 90) for _ in mode])


def heif(image: Pillow.Image) -> Any:
    return pillow_heif.from_pillow(image)


def encoded(image: Pillow.Image, kind: str, **how: Any) -> bytes:
    written = io.BytesIO()
    if kind == "HEIF":
        heif(image).save(written, **how)
    else:
        image.save(written, kind, **how)
    return written.getvalue()


def decoded(image: Image) -> Pillow.Image:
    picture = Pillow.open(io.BytesIO(image.data))
    assert (picture.width, picture.height) == (image.width, image.height)
    assert picture.get_format_mimetype() == image.media_type  # type: ignore[attr-defined] - only files have it
    picture.load()
    return picture


def is_close(pixel: Any, colour: tuple[int, ...]) -> bool:
    return len(pixel) == len(colour) and all(abs(a - b) < 24 for a, b in zip(pixel, colour, strict=True))


def corners(picture: Pillow.Image) -> list[Any]:
    """Clockwise from the top left."""
    right, bottom = picture.width - 6, picture.height - 6
    return [picture.getpixel(at) for at in ((5, 5), (right, 5), (right, bottom), (5, bottom))]


EXIF = Pillow.Exif()
EXIF[ORIENTATION] = 6
EXIF[0x010F] = "Camera of Somebody"
EXIF.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 29: "2026:03:14"})
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><secret>xmp secret</secret></x:xmpmeta>"
SECRETS = (
    b"Camera of Somebody",
    b"2026:03:14",
    b"xmp secret",
    b"Exif",
    b"spoken secret",
    b"http://ns.adobe.com",
)
