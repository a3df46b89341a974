"""Draws a mask on a copy of its picture, so that a model sees where it is to change something.

Blocking; called in worker threads and processes only. What the drawing looks like is said to models in words
(`bot.providers.marks`).
"""

from PIL import Image as Pillow
from PIL import ImageChops, ImageFilter

TINT = (255, 0, 0)
TINT_ALPHA = 115  # of 255: what is to change is still seen through it
OUTLINE_SHARE = 0.005  # of the longest side; what models look at is scaled down to a thousand pixels or so
RIM_SHARE = 0.5  # of the outline: a dark line around it, which is seen on white
SEEN = 12  # of 255, of what is blurred: as far as that reaches


def mark_copy(original: Pillow.Image, keep: Pillow.Image) -> Pillow.Image:
    """`original` (RGB) with what is to change tinted red, in a white outline with a dark rim. `keep` (L, its size): 0
    where it is to change, 255 elsewhere. `original` is worked on in place."""
    inside = ImageChops.invert(keep)
    width = max(1.0, OUTLINE_SHARE * max(original.size))
    outline, rim = _grown(inside, width), _grown(inside, width * (1 + RIM_SHARE))
    original.paste((0, 0, 0), mask=ImageChops.subtract(rim, outline))
    original.paste((255, 255, 255), mask=ImageChops.subtract(outline, inside))
    tint = inside.point([level * TINT_ALPHA // 255 for level in range(256)])
    original.paste(TINT, mask=tint)
    return original


def _grown(area: Pillow.Image, by: float) -> Pillow.Image:
    """The area, larger on every side by that many pixels."""
    blurred = area.filter(ImageFilter.BoxBlur(by))
    return blurred.point([255 if level >= SEEN else 0 for level in range(256)])
