"""Originals are put back outside the mask: not a pixel of them moves, and no seam is seen."""

import asyncio
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageChops, ImageDraw

from bot.errors import BadResult
from bot.painting import Image
from bot.pictures.alignment import Placement
from bot.pictures.composition import compose_edit
from bot.pictures.masks import encode_mask
from bot.pictures.price import Limits
from bot.pictures.processing import ImageProcessor
from tests.support.examples import examples
from tests.unit.pictures.images import OWNER, PROCESSOR, encoded
from tests.unit.pictures.scenery import keep_around, repainted, scene

MAX_SEAM = 8.0  # of 255: mean step of a colour over the border of the mask, where both sides show the same thing


def pixels(image: Pillow.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    return np.asarray(image).astype(np.int16)


def composed(
    edited: Pillow.Image, original: Pillow.Image | None = None, keep: Pillow.Image | None = None
) -> Pillow.Image:
    before = original or scene()
    result = compose_edit(before.copy(), keep or keep_around(before.size), edited)
    assert result is not None
    assert result.size == before.size
    return result


def seam(image: Pillow.Image, original: Pillow.Image, keep: Pillow.Image) -> float:
    """How much colours differ from the original's, on average, just within the mask: where the hole's edit is not."""
    inside = np.asarray(keep) == 0
    outer = np.asarray(keep.resize((keep.width // 2, keep.height // 2)).resize(keep.size)) > 0
    ring = inside & outer
    return float(np.abs(pixels(image) - pixels(original))[ring].mean())


@pytest.mark.forms(3)
@pytest.mark.parametrize(
    "moved", [None, Placement(shift_x=0.02, shift_y=-0.015), Placement(scale=1.04), Placement(scale=0.95)]
)
@pytest.mark.parametrize("scale", [1, 2])
def test_outside_the_mask_every_pixel_is_the_originals_and_within_it_is_the_edit(
    moved: Placement | None, scale: int
) -> None:
    original, keep = scene(), keep_around((320, 240))
    edited = repainted(original, moved, tint=(1.06, 0.97, 0.9))
    result = composed(edited.resize((320 * scale, 240 * scale)))
    kept = np.asarray(keep) == 255
    assert (pixels(result)[kept] == pixels(original)[kept]).all()
    red, green, blue = pixels(result)[126, 147]
    assert (red > 150, green < 110, blue < 110) == (True, True, True)  # crimson
    assert seam(result, original, keep) < MAX_SEAM


def test_a_tint_of_the_model_leaves_no_seam() -> None:
    original, keep = scene(), keep_around((320, 240))
    edited = repainted(original, tint=(0.85, 0.9, 1.1))
    pasted = Pillow.composite(original, edited, keep)
    assert seam(pasted, original, keep) > 1.5 * MAX_SEAM
    assert seam(composed(edited), original, keep) < MAX_SEAM


@pytest.mark.thorough
def test_a_thin_stroke_is_painted_all_the_same() -> None:
    original, keep = scene(), Pillow.new("L", (320, 240), 255)
    ImageDraw.Draw(keep).line((20, 60, 300, 180), fill=0, width=3)
    edited = Pillow.composite(original, Pillow.new("RGB", (320, 240), "lime"), keep)
    result = composed(edited, original, keep)
    changed = np.asarray(ImageChops.difference(result, original).convert("L"))[np.asarray(keep) == 0] > 30
    assert changed.mean() > 0.5


@pytest.mark.parametrize("edited", [scene(seed=3), scene(320, 160), scene().rotate(90)])
def test_another_frame_is_left_alone(edited: Pillow.Image) -> None:
    assert compose_edit(scene(), keep_around((320, 240)), edited) is None


def test_what_the_moved_edit_does_not_reach_stays_the_originals() -> None:
    original, keep = scene(), Pillow.new("L", (320, 240), 255)
    keep.paste(0, (0, 100, 60, 160))  # at the border that the edit has left
    result = composed(repainted(original, Placement(shift_x=0.1)), original, keep)
    assert (pixels(result) >= 0).all()
    edge = pixels(result)[100:160, 0:8]
    assert np.abs(edge - pixels(original)[100:160, 0:8]).mean() < 2 * MAX_SEAM


@pytest.mark.thorough
def test_a_hole_of_a_transparent_picture_is_filled() -> None:
    original, keep = scene().convert("RGBA"), keep_around((320, 240))
    original.putalpha(keep)
    for edited in (repainted(scene()), repainted(scene()).convert("RGBA")):
        result = composed(edited, original, keep)
        assert result.mode == "RGBA"
        assert pixels(result)[126, 147, 3] == 255
        assert result.getpixel((2, 2)) == original.getpixel((2, 2))


def test_a_mask_that_keeps_all_changes_nothing() -> None:
    original = scene()
    assert composed(repainted(original), original, Pillow.new("L", (320, 240), 255)).tobytes() == original.tobytes()


@settings(max_examples=examples(20), deadline=None)
@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    box=st.tuples(*[st.floats(0, 1)] * 4),
    mode=st.sampled_from(["RGB", "RGBA"]),
    seed=st.integers(0, 5),
)
def test_whatever_the_mask_what_it_keeps_is_kept(
    size: tuple[int, int], box: tuple[float, float, float, float], mode: str, seed: int
) -> None:
    original, edited = scene(48, 48, seed=seed).resize(size).convert(mode), scene(48, 48, seed=9).resize(size)
    keep = Pillow.new("L", size, 255)
    left, right = sorted((box[0], box[2]))
    top, bottom = sorted((box[1], box[3]))
    keep.paste(0, (int(left * size[0]), int(top * size[1]), int(right * size[0]), int(bottom * size[1])))
    result = compose_edit(original.copy(), keep, edited)
    if result is not None:
        kept = np.asarray(keep) == 255
        assert (pixels(result)[kept] == pixels(original)[kept]).all()


# ---------------------------------------------------------------- through a worker process


def ready(image: Pillow.Image, kind: str = "PNG") -> Image:
    media_type = f"image/{kind.lower()}"
    return Image(data=encoded(image, kind), media_type=media_type, width=image.width, height=image.height)


def mask_of(keep: Pillow.Image) -> Image:
    return encode_mask(keep, keep.size)


async def test_an_edit_comes_back_as_a_png_of_the_originals_size() -> None:
    original, keep = scene(), keep_around((320, 240))
    edit = ready(repainted(original, Placement(shift_x=0.02)).resize((480, 360)), "JPEG")
    result = await PROCESSOR.put_original_back(edit, ready(original), mask_of(keep), owner=OWNER)
    assert result is not None
    assert (result.media_type, result.width, result.height) == ("image/png", 320, 240)
    kept = np.asarray(keep) == 255
    assert (pixels(Pillow.open(io.BytesIO(result.data)))[kept] == pixels(original)[kept]).all()


@pytest.mark.thorough
async def test_another_frame_or_an_animation_stays_as_painted() -> None:
    original, mask = ready(scene()), mask_of(keep_around((320, 240)))
    animation = io.BytesIO()
    scene().save(animation, "GIF", save_all=True, append_images=[scene(seed=2)])
    moving = Image(data=animation.getvalue(), media_type="image/gif", width=320, height=240)
    for edit in (ready(scene(seed=2)), moving):
        assert await PROCESSOR.put_original_back(edit, original, mask, owner=OWNER) is None


async def test_without_memory_for_both_the_edit_stays_as_painted() -> None:
    original, mask = ready(scene()), mask_of(keep_around((320, 240)))
    small = ImageProcessor(Limits(memory_bytes=20_000_000))
    try:
        assert await small.put_original_back(ready(repainted(scene())), original, mask, owner=OWNER) is None
    finally:
        await asyncio.to_thread(small.close)


async def test_an_edit_that_is_no_picture_is_a_bad_result() -> None:
    original, mask = ready(scene()), mask_of(keep_around((320, 240)))
    with pytest.raises(BadResult):
        await PROCESSOR.put_original_back(
            Image(data=b"no picture", media_type="image/png", width=1, height=1), original, mask, owner=OWNER
        )
