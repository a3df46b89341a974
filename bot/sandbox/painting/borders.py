"""Goes on with a picture beyond its edges, as an upstream does whose mask leaves only the border to paint.

Pure drawing. The scene is mirrored at each edge, which in a landscape looks like more of it; brush strokes are added.
"""

import random
import re

from PIL import Image, ImageOps

from bot.sandbox.painting.landscape import brush_strokes
from bot.sandbox.painting.pillow_types import apply_curve

# Words of a request for more of the scene; a mask whose rest happens to be a border is one like others.
ASKS_FOR_MORE = re.compile(r"\blarger canvas\b|холсте большего|更大的画布", re.I)
MIN_KEPT_SHARE = 0.98  # of the box around what is kept, that is kept as well; below, the mask is no border
STROKES = 90
HALF = 128  # of 255


def kept_box(keep: Image.Image) -> tuple[int, int, int, int] | None:
    """The box that a mask keeps, where all else is a border around it (L, 255 where the picture stays); None: the mask
    has another form."""
    keep = apply_curve(keep, lambda value: 255 if value >= HALF else 0)  # scaling has left a soft edge
    box = keep.getbbox()
    if box is None or box == (0, 0, *keep.size):
        return None
    inside = keep.crop(box).histogram()
    return box if inside[255] >= MIN_KEPT_SHARE * sum(inside) else None


def continue_scene(picture: Image.Image, box: tuple[int, int, int, int], rng: random.Random) -> Image.Image:
    """A picture of the same size, whose border mirrors what stands in `box`."""
    inner = picture.crop(box)
    canvas = Image.new("RGB", picture.size)
    for x, column in _tiles(box[0], inner.width, canvas.width):
        for y, row in _tiles(box[1], inner.height, canvas.height):
            tile = ImageOps.mirror(inner) if column % 2 else inner
            canvas.paste(ImageOps.flip(tile) if row % 2 else tile, (x, y))
    brush_strokes(canvas, rng, STROKES)
    return canvas


def _tiles(start: int, length: int, whole: int) -> list[tuple[int, int]]:
    """Where each tile begins, and its number counted from the middle one, which begins at `start`."""
    first = -(-start // length)
    return [(start + number * length, number) for number in range(-first, -(-(whole - start) // length))]
