"""What the sandbox sees in a marked copy: an area that is covered or encircled, on pictures saved as JPEG."""

import io
import random

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from bot.sandbox.painting.landscape import draw_landscape
from bot.sandbox.painting.marked_area import find_marked_area
from bot.sandbox.painting.painter import paint
from bot.sandbox.painting.picture_spec import PictureSpec, size_like
from bot.sandbox.references import Reference, parse_reference
from tests.unit.sandbox.pictures import decode_png

SIZE = (320, 240)
BOX = (96, 60, 200, 150)
SAYS_SO = "make it night. The second picture is a copy of the first one, where the area to change is tinted."


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return draw_landscape(SIZE, "hills", random.Random(1), lambda: None)


def recompressed(picture: Image.Image) -> Image.Image:
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=70)
    return Image.open(io.BytesIO(written.getvalue())).convert("RGB")


def drawn(picture: Image.Image, *, filled: bool) -> Image.Image:
    marked = picture.copy()
    ImageDraw.Draw(marked).ellipse(BOX, fill="red" if filled else None, outline="red", width=4)
    return recompressed(marked)


def as_reference(picture: Image.Image) -> Reference:
    written = io.BytesIO()
    picture.save(written, "PNG")
    return parse_reference(written.getvalue())


@pytest.mark.parametrize("filled", [True, False])
def test_what_is_covered_or_encircled_is_the_area(photo: Image.Image, filled: bool) -> None:
    area = find_marked_area(photo, drawn(photo, filled=filled))
    assert area is not None
    expected = Image.new("L", SIZE)
    ImageDraw.Draw(expected).ellipse(BOX, fill=255)
    assert ImageStat.Stat(ImageChops.difference(area, expected)).mean[0] < 255 * 0.03


def test_the_same_picture_and_another_one_have_no_marks(photo: Image.Image) -> None:
    assert find_marked_area(photo, recompressed(photo)) is None
    assert find_marked_area(photo, ImageChops.invert(photo)) is None


@pytest.mark.parametrize(("prompt", "changes_all"), [(SAYS_SO, False), ("make it night", True)])
def test_a_marked_copy_counts_where_the_words_say_that_it_is_one(
    photo: Image.Image, prompt: str, changes_all: bool
) -> None:
    references = as_reference(photo), as_reference(drawn(photo, filled=True))
    assert size_like(references[0]) == SIZE
    picture = decode_png(paint(PictureSpec(prompt=prompt, references=references, width=SIZE[0], height=SIZE[1])))
    outside, inside = ((4, 4, 80, 50), (130, 90, 160, 120))
    changed = [ImageChops.difference(picture, photo).crop(box).getbbox() is not None for box in (outside, inside)]
    assert changed == [changes_all, True]


def test_a_copy_without_marks_leaves_all_to_change(photo: Image.Image) -> None:
    references = as_reference(photo), as_reference(photo)
    picture = decode_png(paint(PictureSpec(prompt=SAYS_SO, references=references, width=SIZE[0], height=SIZE[1])))
    assert ImageChops.difference(picture, photo).crop((4, 4, 80, 50)).getbbox() is not None
