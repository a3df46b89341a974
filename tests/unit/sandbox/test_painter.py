"""The sandbox's painter: honest labels, the asked size, every script; same order, same picture."""

import io
import random
import re
from dataclasses import replace

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from bot.sandbox import references
from bot.sandbox.chat.progress_formats import CHINESE, PROGRESS_FORMATS
from bot.sandbox.chat.timeline import progress_steps
from bot.sandbox.faults import Fault, parse_faults, combine_effects
from bot.sandbox.painting import painter, text_layout
from bot.sandbox.painting.landscape import scene
from bot.sandbox.painting.painter import AbandonedError, Order, paint, quality_of, size_of, unfinished
from bot.sandbox.painting.pillow_types import curved
from bot.sandbox.references import BrokenReferenceError, read_reference
from bot.sandbox.renderer import REMEMBERED, Views
from bot.sandbox.served_files import MAX_FILES, FileCache

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


def encoded(image: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def plain(colour: str, size: tuple[int, int] = (60, 40), kind: str = "PNG") -> references.Reference:
    return read_reference(encoded(Image.new("RGB", size, colour), kind))


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png), formats=("PNG",)).convert("RGB")


def area(picture: Image.Image, colour: tuple[int, int, int]) -> int:
    return next((n for n, value in picture.getcolors(1 << 24) or [] if value == colour), 0)


def commonest(picture: Image.Image) -> tuple[int, ...]:
    _, colour = max(picture.getcolors(1 << 24) or [])
    assert isinstance(colour, tuple)
    return colour


@pytest.mark.parametrize("prompt", PROMPTS)
def test_every_script_is_painted_in_the_asked_size_and_small_enough(prompt: str):
    png = paint(Order(prompt=PROMPTS[prompt], width=768, height=512))
    assert opened(png).size == (768, 512)
    assert len(png) < 2_000_000


def test_the_same_order_gives_the_same_picture_and_any_difference_another():
    red, blue = plain("red"), plain("blue")
    orders = [
        Order(prompt="a fox", width=96, height=96),
        Order(prompt="a hare", width=96, height=96),
        Order(prompt="a fox", width=96, height=96, variation=1),
        Order(prompt="a fox", width=96, height=96, references=(red,)),
        Order(prompt="a fox", width=96, height=96, references=(blue,)),
        Order(prompt="a fox", width=96, height=96, references=(red, blue)),
        Order(prompt="a fox", width=96, height=96, references=(blue, red)),
        Order(prompt="a fox", width=96, height=96, references=(red,), mask=blue),
    ]
    pictures = [paint(order) for order in orders]
    assert len(set(pictures)) == len(orders)
    assert [paint(order) for order in orders] == pictures


@pytest.mark.parametrize("count", [1, 2, 3, 5, 12])
def test_each_reference_is_seen_unstyled_in_its_order(count: int):
    colours = ["#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff"]
    shown = tuple(plain(colours[i % 5], (50, 50)) for i in range(count))
    picture = opened(paint(Order(prompt="them", references=shown)))
    places: list[int] = []
    for colour in colours[: min(count, 5)]:
        rgb = tuple(bytes.fromhex(colour[1:]))
        mask = Image.frombytes("1", picture.size, _matching(picture, rgb))
        box = mask.getbbox()
        assert box is not None
        places.append(box[0])
    assert places == sorted(places)


def _matching(picture: Image.Image, rgb: tuple[int, ...]) -> bytes:
    wanted = Image.new("RGB", picture.size, rgb)
    difference = ImageChops.difference(picture, wanted).convert("L")
    return curved(difference, lambda value: 0 if value else 255).convert("1").tobytes()


def test_the_first_reference_becomes_the_canvas():
    picture = opened(paint(Order(prompt="like this", references=(plain("#2060c0"), plain("#c06020")))))
    r, g, b = commonest(picture.crop((100, 20, 900, 300)))
    assert b > g > r


def test_a_hat_is_drawn_only_on_somebody():
    grey = plain("#808080", (200, 200))
    bare = opened(paint(Order(prompt="a portrait", references=(grey,))))
    with_hat = opened(paint(Order(prompt="a portrait with a hat", references=(grey,))))
    straw = (240, 206, 130)
    assert area(bare, straw) == 0
    assert area(with_hat, straw) > 1000
    assert area(opened(paint(Order(prompt="a hat"))), straw) < 1000


@pytest.mark.parametrize("words", ["night city", "sunset sea", "autumn hills", "snow", "a garden", "something"])
def test_words_choose_the_light_and_the_place(words: str):
    one = scene((128, 96), words, random.Random(3), lambda: None)
    assert one.size == (128, 96)
    assert len(one.getcolors(1 << 16) or []) > 200


def test_a_night_is_darker_than_a_dawn():
    night, dawn = (
        ImageStat.Stat(scene((64, 64), words, random.Random(3), lambda: None).convert("L")).mean[0]
        for words in ("a night at sea", "dawn at sea")
    )
    assert night < dawn * 0.7


@pytest.mark.parametrize("refs", [(), (plain("red"),)])
def test_an_abandoned_painting_stops_at_the_next_step(refs: tuple[references.Reference, ...]):
    order = Order(prompt="a fox", references=refs, width=64, height=64)
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
    assert opened(unfinished(paint(Order(prompt="a fox")))).size == (512, 512)


@pytest.mark.parametrize(
    ("prompt", "wish", "size"),
    [
        ("a fox", None, (1024, 1024)),
        ("a fox", "1536x1024", (1536, 1024)),
        ("a fox", "2:3", (1024, 1536)),
        ("a fox", "auto", (1024, 1024)),
        ("a fox, 1024x1536", None, (1024, 1536)),
        ("a fox (3:2)", None, (1536, 1024)),
        ("一只狐狸，比例3：2", None, (1536, 1024)),
        ("a fox in 16:9 format", None, (1536, 864)),
        ("a fox 9:16", None, (864, 1536)),
        ("a fox 1:1", None, (1024, 1024)),
        ("a fox 1:9", None, (1024, 1024)),
        ("a fox 9:1", None, (1024, 1024)),
        ("a fox 0:3", None, (1024, 1024)),
        ("a fox 3:0", None, (1024, 1024)),
        ("a fox 32x32", None, (1024, 1024)),
        ("a fox 4000x4000", None, (1024, 1024)),
        ("at 3:2 the fox woke up and looked around", None, (1024, 1024)),
        ("a fox 3:2", "1:1", (1024, 1024)),
        ("a fox\n\nImage size: 3:2\n\nImage quality: high", None, (1536, 1024)),
        ("a fox\n\nImage quality: high", "2:3", (1024, 1536)),
    ],
)
def test_the_size_field_counts_then_the_end_of_the_prompt(prompt: str, wish: str | None, size: tuple[int, int]):
    assert size_of(prompt, wish) == size


@pytest.mark.parametrize(
    ("prompt", "shown", "quality"),
    [
        ("a fox", "a fox", None),
        ("a fox\n\nImage size: 3:2\n\nImage quality: High\n", "a fox\n\nImage size: 3:2", "high"),
        ("image quality: low", "", "low"),
        ("a fox of image quality: high fidelity", "a fox of image quality: high fidelity", None),
        ("a fox, image quality: superb", "a fox, image quality: superb", None),
    ],
)
def test_a_quality_that_ends_the_prompt_is_taken_out(prompt: str, shown: str, quality: str | None):
    assert quality_of(prompt) == (shown, quality)


def test_the_plate_names_the_quality_and_changes_nothing_else():
    plain, fine = (opened(paint(Order(prompt="a fox", width=768, height=512, quality=each))) for each in (None, "high"))
    box = ImageChops.difference(plain, fine).getbbox()
    assert box is not None
    assert box[3] - box[1] < 30  # the one small line at the foot of the plate
    assert box[1] > 400


# ---------------------------------------------------------------- references


def test_a_reference_is_what_its_bytes_say():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = read_reference(encoded(Image.new("RGB", (80, 40), "red"), "JPEG", exif=exif))
    assert (turned.media_type, turned.width, turned.height, turned.exif) == ("image/jpeg", 80, 40, True)
    assert references.open_reference(turned, within=100).size == (40, 80)
    assert "EXIF" in painter._weight(turned)  # pyright: ignore[reportPrivateUsage] - the words of the label
    assert not plain("red", kind="GIF").exif
    assert "data" not in repr(turned)


def test_a_transparent_reference_is_shown_over_white():
    clear = read_reference(encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0))))
    assert references.open_reference(clear, within=8).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(("length", "told"), [(999, "PNG 999 B"), (1499, "PNG 1 kB"), (2_340_000, "PNG 2.3 MB")])
def test_weights_are_told_in_fitting_units(length: int, told: str):
    assert painter._weight(replace(plain("red"), length=length)) == told  # pyright: ignore[reportPrivateUsage] - the words of the label


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        encoded(Image.new("RGB", (9, 9)), "BMP"),
        encoded(Image.new("RGB", (300, 300)))[:-60],
    ],
)
def test_what_is_no_picture_is_refused(data: bytes):
    with pytest.raises(BrokenReferenceError):
        read_reference(data)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded():
    bomb = encoded(Image.new("1", (9_000, 9_000)))
    assert len(bomb) < 100_000
    with pytest.raises(BrokenReferenceError, match="9000x9000"):
        read_reference(bomb)


# ---------------------------------------------------------------- lettering


def said(lines: list[text_layout.Line]) -> list[str]:
    return ["".join(run.text for run in line) for line in lines]


def test_lines_break_at_spaces_and_hold_the_width():
    lines = text_layout.wrap("one two three four five six seven", 20, 120)
    assert len(lines) > 1
    assert all(
        sum(run.width for run in line) <= 120 or " " in text for line, text in zip(lines, said(lines), strict=True)
    )
    assert " ".join(text.strip() for text in said(lines)) == "one two three four five six seven"


def test_chinese_breaks_anywhere_but_before_a_full_stop():
    lines = said(text_layout.wrap("狐狸在雪地里。" * 6, 20, 20 * 6))
    assert len(lines) >= 6
    assert not any(line.startswith("。") for line in lines)


def test_a_word_wider_than_the_line_is_cut():
    lines = text_layout.wrap("x" * 100, 20, 100)
    assert "".join(said(lines)) == "x" * 100
    assert all(sum(run.width for run in line) <= 100 for line in lines)


def test_what_no_font_can_write_stands_as_its_code_point():
    [line] = said(text_layout.wrap("\U000f1234", 20, 500))
    assert line == "[U+F1234]"


def test_what_does_not_fit_is_counted():
    lines, size = text_layout.fit("word " * 500, width=300, height=200, sizes=(40, 20))
    assert size == 20
    assert re.fullmatch(r"… and about \d+ more characters", said(lines)[-1].strip()) or "… and" in said(lines)[-1]
    assert len(lines) * text_layout.leading(size) <= 200


# ---------------------------------------------------------------- tables, script, shelf


def test_faults_are_read_out_of_a_prompt_and_put_together():
    assert parse_faults("a [[429:2.5]] fox [[TORN]] [[fox]] [[429]]") == [
        Fault("429", 2.5),
        Fault("torn"),
        Fault("429"),
    ]
    twist = combine_effects([Fault("torn"), Fault("forms", 4), Fault("two", 9), Fault("slow", 2)])
    assert (twist.fragmented, twist.progress_format, twist.picture_count, twist.slowdown) == (True, 4, 2, 2)


def test_all_forms_are_there():
    assert sorted(PROGRESS_FORMATS) == list(range(1, 27))
    assert CHINESE.step == "> 🏃 进度：{percent:.1f}%\n\n"


@pytest.mark.parametrize("seed", range(20))
def test_percentages_rise_and_stay_short_of_a_hundred(seed: int):
    steps = progress_steps(random.Random(seed))
    rising = [percent for percent, _ in steps]
    assert rising == sorted(set(rising))
    assert 88 <= rising[-1] < 95
    assert sum(share for _, share in steps) == pytest.approx(1)


def test_the_shelf_holds_so_many_files_and_so_many_bytes():
    shelf = FileCache()
    for number in range(MAX_FILES + 1):
        shelf.add_file(str(number), b"x")
    assert shelf.get_file("0") is None
    assert shelf.get_file("1") is not None
    shelf.add_file("heavy", bytes(256_000_001))
    assert shelf.get_file("heavy") is not None
    assert shelf.get_file("100") is None


def test_views_are_counted_for_the_orders_of_late():
    views = Views()
    assert [views.count("a fox"), views.count("a fox"), views.count("a hare")] == [0, 1, 0]
    for number in range(REMEMBERED):
        views.count(number)
    assert views.count("a fox") == 0


def test_a_bomb_is_refused_whatever_warnings_do():
    bomb = encoded(Image.new("1", (14_000, 14_000)))
    with pytest.raises(BrokenReferenceError):
        read_reference(bomb)


def test_a_drawing_with_lines_is_inked():
    face = Image.new("RGB", (400, 400), "#f0d0b0")
    ImageDraw.Draw(face).ellipse((100, 100, 300, 300), fill="#204080")
    picture = opened(paint(Order(prompt="ink it", references=(read_reference(encoded(face)),), width=256, height=256)))
    darkest = ImageStat.Stat(picture.crop((0, 0, 256, 120)).convert("L")).extrema[0][0]
    assert darkest < ImageStat.Stat(face.convert("L")).extrema[0][0]


def test_a_mask_lets_only_its_transparent_part_change():
    photo = plain("#2060c0", (256, 256))
    mask = Image.new("RGBA", (256, 256), "black")
    mask.paste((0, 0, 0, 0), (0, 0, 128, 256))
    picture = opened(
        paint(Order(prompt="rain", references=(photo,), mask=read_reference(encoded(mask)), width=512, height=512))
    )
    kept, changed = picture.crop((260, 0, 512, 200)), picture.crop((0, 0, 250, 200))
    assert area(kept, (0x20, 0x60, 0xC0)) == kept.width * kept.height
    assert area(changed, (0x20, 0x60, 0xC0)) < changed.width * changed.height / 2
