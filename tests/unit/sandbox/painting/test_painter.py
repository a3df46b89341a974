"""The painter: the requested size, every script; same spec, same picture."""

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from bot.sandbox import references
from bot.sandbox.painting.painter import AbandonedError, blur_preview, paint
from bot.sandbox.painting.picture_spec import PictureSpec
from bot.sandbox.painting.pillow_types import apply_curve
from bot.sandbox.references import parse_reference
from tests.unit.sandbox.pictures import decode_png, encode, plain_reference

PROMPTS = {
    "english": "a fox in the snow",
    "chinese": "创建一张未来城市日落的图片，并且带上个帽子",
    "russian": "Закат над морем, одинокий парусник и чайки",
    "emoji": "a teapot 🫖, a family 👨‍👩‍👧 and a thumb 👍🏽",
    "runes and a lone mark": "ᚠᚢᚦ \u0300 \U000e0041",
    "arabic": "قطة على القمر",
    "long": "An old clockmaker who lives by the river. " * 60,
    "one long word": "Donaudampfschifffahrtsgesellschaft" * 8,
    "blank": " \n ",
    "lines": "one\n\ntwo\tthree",
    "half a surrogate": "\ud83d",
}


def count_pixels(picture: Image.Image, colour: tuple[int, int, int]) -> int:
    return next((n for n, value in picture.getcolors(1 << 24) or [] if value == colour), 0)


def most_common_colour(picture: Image.Image) -> tuple[int, ...]:
    _, colour = max(picture.getcolors(1 << 24) or [])
    assert isinstance(colour, tuple)
    return colour


def _match_mask(picture: Image.Image, rgb: tuple[int, ...]) -> bytes:
    wanted = Image.new("RGB", picture.size, rgb)
    difference = ImageChops.difference(picture, wanted).convert("L")
    return apply_curve(difference, lambda value: 0 if value else 255).convert("1").tobytes()


@pytest.mark.forms(4)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_every_script_is_painted_in_the_requested_size_and_below_two_megabytes(prompt: str):
    png = paint(PictureSpec(prompt=PROMPTS[prompt], width=768, height=512))
    assert decode_png(png).size == (768, 512)
    assert len(png) < 2_000_000


def test_the_same_spec_gives_the_same_picture_and_any_difference_another():
    red, blue = plain_reference("red"), plain_reference("blue")
    orders = [
        PictureSpec(prompt="a fox", width=96, height=96),
        PictureSpec(prompt="a hare", width=96, height=96),
        PictureSpec(prompt="a fox", width=96, height=96, variation=1),
        PictureSpec(prompt="a fox", width=96, height=96, references=(red,)),
        PictureSpec(prompt="a fox", width=96, height=96, references=(blue,)),
        PictureSpec(prompt="a fox", width=96, height=96, references=(red, blue)),
        PictureSpec(prompt="a fox", width=96, height=96, references=(blue, red)),
        PictureSpec(prompt="a fox", width=96, height=96, references=(red,), mask=blue),
    ]
    pictures = [paint(order) for order in orders]
    assert len(set(pictures)) == len(orders)
    assert [paint(order) for order in orders] == pictures


@pytest.mark.forms(2)
@pytest.mark.parametrize("count", [1, 2, 3, 5, 12])
def test_each_reference_is_seen_unstyled_in_its_order(count: int):
    colours = ["#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff"]
    shown = tuple(plain_reference(colours[i % 5], (50, 50)) for i in range(count))
    picture = decode_png(paint(PictureSpec(prompt="them", references=shown)))
    places: list[int] = []
    for colour in colours[: min(count, 5)]:
        rgb = tuple(bytes.fromhex(colour[1:]))
        mask = Image.frombytes("1", picture.size, _match_mask(picture, rgb))
        box = mask.getbbox()
        assert box is not None
        places.append(box[0])
    assert places == sorted(places)


def test_the_first_reference_becomes_the_canvas():
    picture = decode_png(
        paint(PictureSpec(prompt="like this", references=(plain_reference("#2060c0"), plain_reference("#c06020"))))
    )
    r, g, b = most_common_colour(picture.crop((100, 20, 900, 300)))
    assert b > g > r


@pytest.mark.thorough
def test_a_hat_is_drawn_only_on_somebody():
    grey = plain_reference("#808080", (200, 200))
    bare = decode_png(paint(PictureSpec(prompt="a portrait", references=(grey,))))
    with_hat = decode_png(paint(PictureSpec(prompt="a portrait with a hat", references=(grey,))))
    straw = (240, 206, 130)
    assert count_pixels(bare, straw) == 0
    assert count_pixels(with_hat, straw) > 1000
    assert count_pixels(decode_png(paint(PictureSpec(prompt="a hat"))), straw) < 1000


@pytest.mark.parametrize("refs", [(), (plain_reference("red"),)])
def test_an_abandoned_painting_stops_at_the_next_step(refs: tuple[references.Reference, ...]):
    order = PictureSpec(prompt="a fox", references=refs, width=64, height=64)
    asked = 0

    def never() -> bool:
        nonlocal asked
        asked += 1
        return False

    paint(order, never)
    steps = asked
    assert steps >= 5
    for last in range(steps):
        countdown = iter([False] * last + [True])
        with pytest.raises(AbandonedError):
            paint(order, lambda steps=countdown: next(steps))


def test_a_preview_is_smaller():
    assert decode_png(blur_preview(paint(PictureSpec(prompt="a fox")))).size == (512, 512)


def test_a_drawing_with_lines_is_inked():
    face = Image.new("RGB", (400, 400), "#f0d0b0")
    ImageDraw.Draw(face).ellipse((100, 100, 300, 300), fill="#204080")
    picture = decode_png(
        paint(PictureSpec(prompt="ink it", references=(parse_reference(encode(face)),), width=256, height=256))
    )
    darkest = ImageStat.Stat(picture.crop((0, 0, 256, 120)).convert("L")).extrema[0][0]
    assert darkest < ImageStat.Stat(face.convert("L")).extrema[0][0]


def test_a_mask_lets_only_its_transparent_part_change():
    photo = plain_reference("#2060c0", (256, 256))
    mask = Image.new("RGBA", (256, 256), "black")
    mask.paste((0, 0, 0, 0), (0, 0, 128, 256))
    picture = decode_png(
        paint(
            PictureSpec(prompt="rain", references=(photo,), mask=parse_reference(encode(mask)), width=512, height=512)
        )
    )
    kept, changed = picture.crop((260, 0, 512, 200)), picture.crop((0, 0, 250, 200))
    assert count_pixels(kept, (0x20, 0x60, 0xC0)) == kept.width * kept.height
    assert count_pixels(changed, (0x20, 0x60, 0xC0)) < changed.width * changed.height / 2
