"""Masks drawn on copies of pictures: seen on any of them, and nothing but the mask is covered."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from bot.painting import Capabilities, Image
from bot.pictures.marking import OUTLINE_SHARE, RIM_SHARE, mark_copy
from bot.pictures.masks import encode_mask, same_aspect_ratio
from tests.unit.pictures.images import OWNER, PROCESSOR, encoded
from tests.unit.pictures.scenery import keep_around, scene

SIZE = (400, 300)
KEEP = keep_around(SIZE)


@pytest.mark.parametrize("color", ["white", "black", "red", "#808080"])
def test_a_mask_is_seen_on_a_picture_of_any_color(color: str) -> None:
    marked = np.asarray(mark_copy(Pillow.new("RGB", SIZE, color), KEEP)).astype(int)
    across = marked[150]  # through the middle of the mask
    steps = np.abs(np.diff(across, axis=0)).sum(axis=1)
    assert (steps > 200).sum() >= 4  # into the outline or its rim, and out of it, on either side


def test_what_stays_is_covered_only_by_the_outline() -> None:
    original = scene(*SIZE)
    marked = np.asarray(mark_copy(original.copy(), KEEP))
    changed = (marked != np.asarray(original)).any(axis=2)
    inside = np.asarray(KEEP) == 0
    assert changed[inside].mean() > 0.99
    reach = round(OUTLINE_SHARE * (1 + RIM_SHARE) * max(SIZE)) + 2
    near = np.zeros_like(inside)
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            near |= np.roll(inside, (down, across), axis=(0, 1))
    assert not changed[~near].any()


async def test_a_marked_copy_is_within_an_upstreams_limits_and_of_the_same_shape() -> None:
    original, keep = scene(640, 480), keep_around((640, 480))
    ready = Image(data=encoded(original, "PNG"), media_type="image/png", width=640, height=480)
    small = Capabilities(max_reference_bytes=20_000, reference_types=("image/jpeg",))
    marked = await PROCESSOR.mark_copy(ready, encode_mask(keep, keep.size), capabilities=small, owner=OWNER)
    assert (marked.media_type, len(marked.data) <= 20_000) == ("image/jpeg", True)
    assert same_aspect_ratio((marked.width, marked.height), original.size)
    assert Pillow.open(io.BytesIO(marked.data)).size == (marked.width, marked.height)
