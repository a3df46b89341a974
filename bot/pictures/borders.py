"""What stands in the new part of a canvas before it is painted: the edges of the picture, drawn out, then blurred.

Blocking; called in worker threads and processes only. Models go on best from colours that are there already; where one
leaves a strip unpainted, nothing shows but more of the same.
"""

from PIL import Image as Pillow
from PIL import ImageFilter

from bot.pictures.frames import Frame

BLUR_SHARE = 0.04  # of the longest side, of a Gaussian
NEAR_SHARE = 0.03  # of the longest side: so near the picture nothing is blurred, for there the painted part fades in
COARSENESS = 8  # what is blurred is computed at an eighth of the size


def extend_edges(picture: Pillow.Image, frame: Frame) -> Pillow.Image:
    """The canvas of a frame around a picture of its size, whose pixels stand in it as they are."""
    small = (max(1, frame.width // COARSENESS), max(1, frame.height // COARSENESS))
    box = _scaled_box(frame, small)
    inner = picture.resize((box[2] - box[0], box[3] - box[1]), Pillow.Resampling.BOX)
    blurred = _draw_out(inner, box, small).filter(ImageFilter.GaussianBlur(BLUR_SHARE * max(small)))
    far = Pillow.new("L", small, 255)
    near = NEAR_SHARE * max(small)
    far.paste(0, (round(box[0] - near), round(box[1] - near), round(box[2] + near), round(box[3] + near)))
    far = far.filter(ImageFilter.GaussianBlur(near / 2))
    size = (frame.width, frame.height)
    canvas = _draw_out(picture, frame.box, size)
    canvas.paste(blurred.resize(size, Pillow.Resampling.BILINEAR), mask=far.resize(size, Pillow.Resampling.BILINEAR))
    canvas.paste(picture, frame.box)
    return canvas


def _scaled_box(frame: Frame, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box of the picture at another size of the canvas; not empty, and within it."""
    left, top, right, bottom = frame.box
    across, down = size[0] / frame.width, size[1] / frame.height
    left, top = min(size[0] - 1, round(left * across)), min(size[1] - 1, round(top * down))
    return left, top, max(left + 1, round(right * across)), max(top + 1, round(bottom * down))


def _draw_out(picture: Pillow.Image, box: tuple[int, int, int, int], size: tuple[int, int]) -> Pillow.Image:
    """A canvas of `size` with the picture in `box`, whose edges reach to the canvas's."""
    left, top, right, bottom = box
    canvas = Pillow.new(picture.mode, size)
    columns = ((0, left, 0), (left, right, None), (right, size[0], picture.width - 1))
    rows = ((0, top, 0), (top, bottom, None), (bottom, size[1], picture.height - 1))
    for start, end, column in columns:
        for first, last, row in rows:
            if end > start and last > first:
                across = (0, picture.width) if column is None else (column, column + 1)
                down = (0, picture.height) if row is None else (row, row + 1)
                part = picture.crop((across[0], down[0], across[1], down[1]))
                canvas.paste(part.resize((end - start, last - first), Pillow.Resampling.NEAREST), (start, first))
    return canvas
