"""The strip below a picture: its properties, the file sizes of references, and that it is found again."""

from dataclasses import replace

import pytest
from PIL import ImageChops

from bot.sandbox.painting.painter import paint
from bot.sandbox.painting.picture_spec import PictureSpec
from bot.sandbox.painting.strip import describe_reference
from tests.unit.sandbox.pictures import decode_png, plain_reference


def test_the_strip_names_the_quality_and_nothing_else_changes():
    plain_reference, fine = (
        decode_png(paint(PictureSpec(prompt="a fox", width=768, height=512, quality=each))) for each in (None, "high")
    )
    box = ImageChops.difference(plain_reference, fine).getbbox()
    assert box is not None
    assert box[3] - box[1] < 30  # the one small line at the foot of the strip
    assert box[1] > 400


@pytest.mark.parametrize(("length", "told"), [(999, "PNG 999 B"), (1499, "PNG 1 kB"), (2_340_000, "PNG 2.3 MB")])
def test_file_sizes_have_fitting_units(length: int, told: str):
    assert describe_reference(replace(plain_reference("red"), length=length)) == told
