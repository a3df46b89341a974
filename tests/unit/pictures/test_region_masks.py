"""Masks of what was painted by hand: each tool, the order of strokes, the exact size of the picture, upright."""

import io
import json

import pytest
from PIL import Image as Pillow

from bot.errors import EverythingMarked, NothingMarked, RegionOfOtherPicture
from bot.painting import Image
from bot.pictures.region_masks import draw_mask, draw_region
from bot.pictures.strokes import Drawing, Stroke, Tool, read_drawing
from tests.unit.pictures.images import OWNER, PROCESSOR

RECTANGLE = Stroke(Tool.RECTANGLE, points=((60, 50), (20, 10)))


def drawing(*strokes: Stroke, width: int = 100, height: int = 80) -> Drawing:
    return Drawing(width=width, height=height, strokes=strokes)


def count(*strokes: Stroke) -> int:
    return draw_region(drawing(*strokes)).histogram()[255]


def kept(mask: Image) -> Pillow.Image:
    with Pillow.open(io.BytesIO(mask.data)) as opened:
        return opened.convert("RGBA").getchannel("A")


def test_a_rectangle_is_its_whole_pixels_whichever_corner_came_first() -> None:
    assert draw_region(drawing(RECTANGLE)).getbbox() == (20, 10, 60, 50)
    assert count(RECTANGLE) == 40 * 40
    assert count(Stroke(Tool.RECTANGLE, points=((20.2, 10), (20.4, 50)))) == 0


def test_a_line_is_as_thick_as_its_brush_with_round_ends() -> None:
    region = draw_region(drawing(Stroke(Tool.BRUSH, 20, ((30, 40), (70, 40)))))
    assert region.getbbox() in {(20, 30, 81, 51), (20, 30, 80, 50)}
    assert region.getpixel((50, 32)) == region.getpixel((50, 48)) == 255
    assert region.getpixel((21, 31)) == 0  # the corner of its box
    dot = draw_region(drawing(Stroke(Tool.BRUSH, 20, ((30, 40),))))
    assert dot.getpixel((30, 40)) == 255
    assert 290 < dot.histogram()[255] < 350  # of 314


def test_strokes_act_in_their_order() -> None:
    hole = Stroke(Tool.HOLE, points=((20, 10), (40, 50)))
    assert count(RECTANGLE, hole) == 20 * 40
    assert count(hole, RECTANGLE) == 40 * 40
    assert count(RECTANGLE, Stroke(Tool.INVERT)) == 100 * 80 - 40 * 40
    assert count(RECTANGLE, Stroke(Tool.INVERT), Stroke(Tool.INVERT)) == 40 * 40
    assert count(RECTANGLE, Stroke(Tool.ERASER, 30, ((0, 0), (100, 80)))) < 40 * 40


def test_what_is_marked_is_transparent_and_the_rest_opaque() -> None:
    mask = draw_mask(drawing(RECTANGLE))
    assert (mask.media_type, mask.width, mask.height) == ("image/png", 100, 80)
    alpha = kept(mask)
    assert alpha.getpixel((30, 30)) == 0
    assert alpha.getpixel((10, 10)) == 255
    assert alpha.histogram()[0] == 40 * 40


def test_nothing_and_everything_are_said() -> None:
    for strokes in ((), (Stroke(Tool.ERASER, 10, ((5, 5),)),), (Stroke(Tool.BRUSH, 5, ((-90, -90),)),)):
        with pytest.raises(NothingMarked):
            draw_mask(drawing(*strokes))
    for strokes in ((Stroke(Tool.INVERT),), (Stroke(Tool.RECTANGLE, points=((-5, -5), (500, 500))),)):
        with pytest.raises(EverythingMarked):
            draw_mask(drawing(*strokes))


def photo(size: tuple[int, int], orientation: int = 1) -> bytes:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Pillow.new("RGB", size, "teal").save(file, "JPEG", exif=exif)
    return file.getvalue()


@pytest.mark.parametrize(
    ("stored", "orientation", "upright"),
    [((100, 80), 1, (100, 80)), ((80, 100), 6, (100, 80)), ((400, 320), 1, (400, 320))],
)
async def test_a_mask_has_the_size_of_the_picture_when_upright(
    stored: tuple[int, int], orientation: int, upright: tuple[int, int]
) -> None:
    mask = await PROCESSOR.draw_mask(photo(stored, orientation), drawing(RECTANGLE), name="", owner=OWNER)
    assert (mask.width, mask.height) == upright
    assert kept(mask).histogram()[0] == 40 * 40 * upright[0] ** 2 // 100**2


async def test_what_was_painted_on_another_picture_is_refused() -> None:
    with pytest.raises(RegionOfOtherPicture):
        await PROCESSOR.draw_mask(photo((80, 100)), drawing(RECTANGLE), name="", owner=OWNER)


def test_a_4k_picture_takes_many_strokes() -> None:
    zigzag = [each for at in range(200) for each in (at * 19, (at % 2) * 2159)]
    raw = {"width": 3840, "height": 2160, "strokes": [{"tool": "brush", "size": 120, "points": zigzag}] * 3}
    mask = draw_mask(read_drawing(json.dumps(raw).encode()))
    assert (mask.width, mask.height) == (3840, 2160)
    assert len(mask.data) < 200_000
