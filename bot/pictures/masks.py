"""Masks: which pixels of a picture are to change, as a PNG that every upstream reads the same way.

Blocking; called in worker threads only. Nothing here reads bytes from outside.
"""

from PIL import Image as Pillow

from bot.painting import Image
from bot.pictures.decoding import resize
from bot.pictures.encoding import encode_image

ALPHA_THRESHOLD = 128  # of 255: what shows through more than it covers is meant to change; brushes leave soft edges
ASPECT_TOLERANCE = 0.01  # relative; scaled-down copies differ by the rounding of a pixel


def has_transparency(drawn: Pillow.Image) -> bool:
    """Whether anything in it is transparent."""
    return drawn.mode == "RGBA" and any(drawn.getchannel("A").histogram()[:ALPHA_THRESHOLD])


def has_aspect_ratio_of(drawn: Pillow.Image, image: Pillow.Image) -> bool:
    """Whether the mask covers the picture, at whatever scale."""
    return abs(drawn.width * image.height / (drawn.height * image.width) - 1) <= ASPECT_TOLERANCE


def encode_mask(drawn: Pillow.Image, size: tuple[int, int]) -> Image:
    """A PNG of that size: alpha 0 where `drawn` shows through, else 255; its colour is black and says nothing."""
    levels = [0] * ALPHA_THRESHOLD + [255] * (256 - ALPHA_THRESHOLD)
    alpha = resize(drawn.getchannel("A"), size)
    alpha = alpha.point(levels)  # pyright: ignore[reportUnknownMemberType] - hints at numpy
    mask = Pillow.new("RGBA", size)
    mask.putalpha(alpha)
    return encode_image(mask, "image/png", 100)
