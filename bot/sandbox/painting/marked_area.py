"""What a marked copy of a picture shows: where the two differ, filled where an outline is closed around it.

Pure. The sandbox knows no more of it than a model would: two pictures, and words that say that one is a copy of the
other.
"""

import re

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bot.sandbox.painting.pillow_types import apply_curve, resize

SAYS_SO = re.compile(r"\bcopy of the first\b", re.I)
EDGE_PX = 160  # longest side at which the two are compared; outlines are followed in Python
MIN_DIFFERENCE = 24  # of 255, of any colour; JPEG leaves less of what was drawn nowhere
SHARE_RANGE = 0.0005, 0.9  # of the picture; beyond, nothing is marked, or it is another picture
OUTSIDE = 128  # between what differs (255) and what does not (0)


def find_marked_area(original: Image.Image, marked: Image.Image) -> Image.Image | None:
    """Where `marked` differs from `original`, both RGB, in the size of `original` (L): 255 there and within closed
    outlines. None: nothing is marked."""
    size = original.size
    scale = min(1.0, EDGE_PX / max(size))
    small = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    red, green, blue = ImageChops.difference(resize(original, small), resize(marked, small)).split()
    difference = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    drawn = apply_curve(difference, lambda value: 255 if value >= MIN_DIFFERENCE else 0)
    share = drawn.histogram()[255] / (small[0] * small[1])
    if not SHARE_RANGE[0] <= share <= SHARE_RANGE[1]:
        return None
    framed = Image.new("L", (small[0] + 2, small[1] + 2))  # around it, so that all that is outside hangs together
    framed.paste(drawn, (1, 1))
    ImageDraw.floodfill(framed, (0, 0), OUTSIDE)
    area = apply_curve(framed, lambda value: 0 if value == OUTSIDE else 255).crop((1, 1, small[0] + 1, small[1] + 1))
    return resize(area.filter(ImageFilter.MaxFilter(3)), size)
