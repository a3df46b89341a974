"""Marks drawn on pictures are found in what comes back from a phone: really recompressed, scaled and cropped."""

import asyncio
import io
import random
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw, ImageEnhance, ImageFilter, ImageOps

from bot.errors import NothingDrawn
from bot.painting import DrawnMarks, Image
from bot.pictures.drawn_marks import Marks, find_marks
from bot.pictures.likeness import Likeness
from bot.pictures.masks import kept_pixels
from bot.pictures.price import Limits
from bot.pictures.processing import ImageProcessor
from bot.sandbox.painting.landscape import draw_landscape
from tests.unit.pictures.images import OWNER, PROCESSOR, encoded
from tests.unit.pictures.scenery import keep_around, scene

SIZE = (960, 720)
PLACE = (0.3, 0.3, 0.6, 0.65)  # of both sides: where something is drawn

Pen = Callable[[ImageDraw.ImageDraw, str, int], None]
"""Draws in a color, in strokes of so many pixels."""


@cache
def picture(name: str) -> Pillow.Image:
    if name == "photo":
        return scene(*SIZE)
    if name == "sandbox":
        return draw_landscape(SIZE, "hills", random.Random(1), lambda: None)
    return Pillow.new("RGB", SIZE, "#c8b496")


def box(inset: float = 0) -> tuple[float, float, float, float]:
    return (
        SIZE[0] * PLACE[0] + inset,
        SIZE[1] * PLACE[1] + inset,
        SIZE[0] * PLACE[2] - inset,
        SIZE[1] * PLACE[3] - inset,
    )


def circle(draw: ImageDraw.ImageDraw, color: str, width: int) -> None:
    draw.ellipse(box(), outline=color, width=width)


def nearly_closed(draw: ImageDraw.ImageDraw, color: str, width: int) -> None:
    draw.arc(box(), 4, 356, fill=color, width=width)


def covered(draw: ImageDraw.ImageDraw, color: str, width: int) -> None:
    draw.ellipse(box(), fill=color)


def scribbled(draw: ImageDraw.ImageDraw, color: str, width: int) -> None:
    left, top, right, bottom = box()
    steps = range(int(top), int(bottom), 2 * width)
    draw.line([(x, y) for y in steps for x in ((left, right) if (y // 2) % 2 else (right, left))], color, width)


def arrow(draw: ImageDraw.ImageDraw, color: str, width: int) -> None:
    left, top, right, bottom = box()
    draw.line((left, top, right, bottom), color, width)
    draw.line((right, bottom - 90, right, bottom, right - 90, bottom), color, width)


def written(draw: ImageDraw.ImageDraw, color: str, width: int) -> None:
    draw.text(box()[:2], "a hat", color, font_size=90)


def circle_and_arrow(draw: ImageDraw.ImageDraw, color: str, width: int) -> None:
    circle(draw, color, width)
    draw.line((40, 40, 40, 600), "blue", width)


def word_in_a_circle(draw: ImageDraw.ImageDraw, color: str, width: int) -> None:
    circle(draw, color, width)
    draw.text((370, 300), "hat", "blue", font_size=70)


def drawn(on: Pillow.Image, pen: Pen, color: str = "red", width: int = 8) -> Pillow.Image:
    marked = on.copy()
    pen(ImageDraw.Draw(marked), color, width)
    return marked


def sent(image: Pillow.Image, quality: int = 80, scale: float = 1.0) -> Pillow.Image:
    """As a messenger passes it on."""
    smaller = image.resize((round(image.width * scale), round(image.height * scale)), Pillow.Resampling.LANCZOS)
    file = io.BytesIO()
    smaller.save(file, "JPEG", quality=quality)
    return Pillow.open(io.BytesIO(file.getvalue())).convert("RGB")


def marks(original: Pillow.Image, copy: Pillow.Image) -> Marks:
    found = find_marks(original, copy)
    assert isinstance(found, Marks)
    assert found.overlay.size == original.size
    return found


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    ("name", "pen", "color", "width", "quality", "scale"),
    [
        ("photo", circle, "red", 8, 95, 1.0),
        ("photo", nearly_closed, "#ffd400", 10, 70, 0.8),
        ("photo", covered, "black", 8, 40, 0.6),
        ("sandbox", circle, "white", 10, 40, 1.3),
        ("sandbox", scribbled, "lime", 12, 70, 1.0),
        ("sandbox", word_in_a_circle, "red", 8, 70, 1.0),
        ("plain", circle, "#a08c6e", 10, 70, 0.7),  # a pen of nearly the picture's color
        ("plain", covered, "red", 8, 40, 1.0),
    ],
)
def test_what_marks_enclose_or_cover_is_to_change_with_what_is_near_to_it(
    name: str, pen: Pen, color: str, width: int, quality: int, scale: float
) -> None:
    original = picture(name)
    found = marks(sent(original, 92), sent(drawn(original, pen, color, width), quality, scale))
    assert found.keep is not None
    keep = np.asarray(found.keep) >= 128
    inner, outer = Pillow.new("L", SIZE), Pillow.new("L", SIZE)
    ImageDraw.Draw(inner).ellipse(box(20), fill=255)
    ImageDraw.Draw(outer).rectangle(box(-90), fill=255)
    assert not keep[np.asarray(inner) > 0].any()
    assert keep[np.asarray(outer) == 0].all()


@pytest.mark.forms(1)
@pytest.mark.parametrize("name", ["photo", "sandbox"])
@pytest.mark.parametrize(("pen", "color"), [(arrow, "red"), (written, "#2040c0"), (circle_and_arrow, "lime")])
def test_other_marks_are_marks_and_say_of_no_area_that_it_alone_is_meant(name: str, pen: Pen, color: str) -> None:
    original = picture(name)
    found = marks(original, sent(drawn(original, pen, color), 75))
    assert found.keep is None
    alpha = np.asarray(found.overlay.getchannel("A")) > 128
    truth = (np.asarray(drawn(original, pen, color)) != np.asarray(original)).any(axis=2)
    assert (alpha & truth).sum() > 0.7 * truth.sum()
    assert (alpha & ~truth).sum() < 0.8 * truth.sum()


def laid_over(on: Pillow.Image, stroke: Pillow.Image, color: str, alpha: float) -> Pillow.Image:
    """Ink of one color over a picture, as far as a stroke (L) is there."""
    marked = on.copy()
    marked.paste(color, mask=stroke.point([round(level * alpha) for level in range(256)]))
    return marked


def soft(on: Pillow.Image, stroke: Pillow.Image, color: str) -> Pillow.Image:
    return laid_over(on, stroke.filter(ImageFilter.GaussianBlur(5)), color, 1)


def neon(on: Pillow.Image, stroke: Pillow.Image, color: str) -> Pillow.Image:
    core = stroke.filter(ImageFilter.MinFilter(9)).filter(ImageFilter.GaussianBlur(1))
    return laid_over(laid_over(on, stroke.filter(ImageFilter.GaussianBlur(7)), color, 0.9), core, "white", 1)


def highlighter(on: Pillow.Image, stroke: Pillow.Image, color: str) -> Pillow.Image:
    return laid_over(on, stroke.filter(ImageFilter.GaussianBlur(2)), color, 0.4)


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    ("name", "pen"),
    [("photo", soft), ("sandbox", soft), ("sandbox", neon), ("photo", highlighter), ("sandbox", highlighter)],
)
@pytest.mark.parametrize(("color", "quality", "scale"), [("red", 92, 1.0), ("#ffe600", 60, 0.7)])
def test_pens_that_are_soft_or_glow_or_shine_through_are_pens(
    name: str, pen: Callable[[Pillow.Image, Pillow.Image, str], Pillow.Image], color: str, quality: int, scale: float
) -> None:
    original, stroke = picture(name), Pillow.new("L", SIZE)
    ImageDraw.Draw(stroke).ellipse(box(), outline=255, width=16)
    found = marks(sent(original, 90), sent(pen(original, stroke, color), quality, scale))
    alpha = np.asarray(found.overlay.getchannel("A")) > 128
    assert (alpha & (np.asarray(stroke) > 0)).sum() > 0.6 * (np.asarray(stroke) > 0).sum()
    if found.keep is not None:
        assert np.asarray(found.keep)[350, 430] == 0
        assert np.asarray(found.keep)[20, 940] == 255


@pytest.mark.thorough
def test_a_marker_through_which_the_picture_is_seen_is_a_pen_as_well() -> None:
    original = picture("photo")
    ink = Pillow.new("RGBA", SIZE)
    ImageDraw.Draw(ink).line((200, 300, 640, 300), (255, 230, 0, 130), 50)
    marked = Pillow.alpha_composite(original.convert("RGBA"), ink).convert("RGB")
    marks(original, sent(marked, 80))


@pytest.mark.forms(1)
@pytest.mark.parametrize("crop", [(0, 0, 1, 0.92), (0.04, 0.02, 0.98, 0.97)])
def test_a_screenshot_leaves_something_out(crop: tuple[float, float, float, float]) -> None:
    original = picture("photo")
    left, top, right, bottom = crop
    shown = (round(left * SIZE[0]), round(top * SIZE[1]), round(right * SIZE[0]), round(bottom * SIZE[1]))
    found = marks(original, sent(drawn(original, circle, width=12).crop(shown), 80, 0.8))
    assert found.keep is not None
    assert np.asarray(found.keep)[350, 430] == 0
    assert np.asarray(found.keep)[60, 900] == 255


@pytest.mark.forms(1)
@pytest.mark.parametrize("name", ["photo", "sandbox"])
@pytest.mark.parametrize(("quality", "scale"), [(95, 1.0), (40, 0.8)])
def test_a_copy_without_marks_is_the_same_picture(name: str, quality: int, scale: float) -> None:
    assert find_marks(sent(picture(name), 92), sent(picture(name), quality, scale)) is Likeness.SAME


def pasted(on: Pillow.Image, piece: Pillow.Image) -> Pillow.Image:
    changed = on.copy()
    changed.paste(piece, (300, 250))
    return changed


def blotches(width: int, height: int) -> Pillow.Image:
    """Many colors in areas with sharp borders."""
    colors = [tuple(random.Random(at).randbytes(3)) for at in range(12 * 10)]
    image = Pillow.new("RGB", (12, 10))
    image.putdata(colors)  # pyright: ignore[reportUnknownMemberType] - a numpy type in its signature
    return image.resize((width, height), Pillow.Resampling.NEAREST)


def noisy(image: Pillow.Image) -> Pillow.Image:
    """A piece of it with fine noise, in which nothing of a line's width hangs together."""
    piece = np.asarray(image.crop((300, 250, 540, 450)), dtype=float)
    piece = piece + np.random.default_rng(1).normal(scale=40, size=piece.shape)
    return pasted(image, Pillow.fromarray(np.clip(piece, 0, 255).astype(np.uint8)))


def blurred_in_part(image: Pillow.Image) -> Pillow.Image:
    return pasted(image, image.crop((300, 250, 540, 450)).filter(ImageFilter.GaussianBlur(6)))


CHANGES: dict[str, Callable[[Pillow.Image], Pillow.Image]] = {
    "another": lambda image: scene(*SIZE, seed=4),
    "another shape": lambda image: image.resize((720, 960)),
    "sepia": lambda image: ImageOps.colorize(image.convert("L"), (38, 24, 12), (250, 236, 206)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.25),
    "a little brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.1),
    "sharper": lambda image: image.filter(ImageFilter.UnsharpMask(3, 150, 2)),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(5)),
    "noise in a part": noisy,
    "a part blurred": blurred_in_part,
    "pasted": lambda image: pasted(image, blotches(240, 200)),
    "edited": lambda image: Pillow.composite(image, scene(*SIZE, seed=9), keep_around(SIZE)),
}


@pytest.mark.forms(2)
@pytest.mark.parametrize("change", CHANGES)
def test_another_picture_a_filter_and_what_was_painted_anew_are_no_marks(change: str) -> None:
    original = picture("photo")
    assert find_marks(original, sent(CHANGES[change](original), 85)) in (Likeness.OTHER, Likeness.CHANGED)


def test_a_picture_whose_copy_is_the_clean_one_has_the_marks_itself() -> None:
    original = picture("photo")
    assert not isinstance(find_marks(sent(drawn(original, circle, width=10), 80), original), Marks)


# ---------------------------------------------------------------- through a worker process


def ready(image: Pillow.Image) -> Image:
    return Image(data=encoded(image, "PNG"), media_type="image/png", width=image.width, height=image.height)


@pytest.mark.thorough
async def test_marks_come_back_as_pngs_of_the_originals_size() -> None:
    original = picture("photo")
    found = await PROCESSOR.find_marks(ready(original), ready(sent(drawn(original, circle), 80, 0.5)), owner=OWNER)
    assert isinstance(found, DrawnMarks)
    assert found.keep is not None
    for each in (found.overlay, found.keep):
        assert (each.media_type, each.width, each.height) == ("image/png", *SIZE)
    keep = kept_pixels(Pillow.open(io.BytesIO(found.keep.data)))
    assert (keep.getpixel((430, 350)), keep.getpixel((5, 5))) == (0, 255)


async def test_the_same_picture_is_refused_and_another_one_is_none_and_not_even_looked_at() -> None:
    one, other = ready(scene(320, 240)), ready(scene(320, 240, seed=4))
    with pytest.raises(NothingDrawn):
        await PROCESSOR.find_marks(one, one, owner=OWNER)
    assert await PROCESSOR.find_marks(one, other, owner=OWNER) is Likeness.OTHER
    assert await PROCESSOR.are_alike(one, one, owner=OWNER)
    assert not await PROCESSOR.are_alike(one, other, owner=OWNER)


async def test_without_memory_for_both_there_are_no_marks() -> None:
    small = ImageProcessor(Limits(memory_bytes=20_000_000))
    try:
        assert await small.find_marks(ready(scene(320, 240)), ready(scene(320, 240)), owner=OWNER) is Likeness.OTHER
    finally:
        await asyncio.to_thread(small.close)


def test_two_plain_pictures_are_not_known_to_be_one() -> None:
    assert find_marks(Pillow.new("RGB", (200, 160), "blue"), Pillow.new("RGB", (204, 160), "blue")) is Likeness.OTHER
