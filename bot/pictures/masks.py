"""Masks: which pixels of an image are to change, as a PNG that every upstream reads the same way.

Blocking; called in worker threads and processes only. Nothing here reads bytes from outside.
"""

from PIL import Image as Pillow

from bot.painting import Image
from bot.pictures.decoding import resize
from bot.pictures.encoding import encode_image

ALPHA_THRESHOLD = 128  # of 255; pixels with less alpha are to change. Half, because brushes leave soft edges
ASPECT_TOLERANCE = 0.01  # relative difference of two aspect ratios; scaled-down copies differ by a pixel's rounding


def has_transparency(mask: Pillow.Image) -> bool:
    """Whether any pixel has less alpha than ALPHA_THRESHOLD."""
    return mask.mode == "RGBA" and any(mask.getchannel("A").histogram()[:ALPHA_THRESHOLD])


def same_aspect_ratio(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes (width, height) have the same aspect ratio, whatever their scale."""
    return abs(size[0] * other[1] / (size[1] * other[0]) - 1) <= ASPECT_TOLERANCE


def kept_pixels(mask: Pillow.Image) -> Pillow.Image:
    """Where the image stays (L): 255 where a mask of `encode_mask` is opaque, 0 where the image is to change."""
    return mask.getchannel("A")


def encode_mask(mask: Pillow.Image, size: tuple[int, int]) -> Image:
    """A PNG of `size` pixels: alpha 0 where `mask` (RGBA, or its alpha alone as L) is transparent, else 255. Its colour
    is black and has no meaning."""
    levels = [0] * ALPHA_THRESHOLD + [255] * (256 - ALPHA_THRESHOLD)
    alpha = resize(mask if mask.mode == "L" else mask.getchannel("A"), size)
    alpha = alpha.point(levels)  # pyright: ignore[reportUnknownMemberType] - hints at numpy
    encoded = Pillow.new("RGBA", size)
    encoded.putalpha(alpha)
    return encode_image(encoded, "image/png", 100)
