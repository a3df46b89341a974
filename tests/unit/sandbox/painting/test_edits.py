"""Edits of a reference: what words ask for is seen, and the strip of the last picture is not painted into the next."""

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.sandbox.painting.edits import EDITS
from bot.sandbox.painting.painter import paint
from bot.sandbox.painting.picture_spec import PictureSpec
from bot.sandbox.painting.strip import lay_out_strip, without_strip
from bot.sandbox.references import parse_reference
from tests.unit.sandbox.pictures import decode_png, encode

SIZE = 192, 128
BASE = paint(PictureSpec(prompt="a lake in summer", width=SIZE[0], height=SIZE[1]))


def edited(prompt: str, picture: bytes = BASE, **given: object) -> Image.Image:
    """The picture after an edit, without its strip."""
    spec = PictureSpec(
        prompt=prompt,
        references=(parse_reference(picture),),
        width=SIZE[0],
        height=SIZE[1],
        **given,  # pyright: ignore[reportArgumentType] - fields of PictureSpec
    )
    return decode_png(paint(spec)).crop((0, 0, SIZE[0], SIZE[1] - lay_out_strip(spec).height))


def brightness(picture: Image.Image) -> float:
    return ImageStat.Stat(picture.convert("L")).mean[0]


def colour_left(picture: Image.Image) -> float:
    return ImageStat.Stat(picture.convert("HSV")).mean[1]


def difference(one: Image.Image, other: Image.Image) -> float:
    return ImageStat.Stat(ImageChops.difference(one, other.resize(one.size)).convert("L")).mean[0]  # pyright: ignore[reportUnknownMemberType] - a numpy type in its signature


@pytest.mark.parametrize(
    "words",
    [
        ("make it night", "夜晚", "сделай ночь"),
        ("make it a rainy night", "雨夜", "дождливой ночью"),
        ("rain", "下雨", "дождь"),
        ("let it snow", "下雪", "зимой, снег"),
        ("thick fog", "大雾", "в тумане"),
        ("sepia", "老照片", "старинное фото"),
        ("black and white", "黑白", "чёрно-белым"),
        ("at sunset", "日落时", "на закате"),
        ("in autumn", "秋天", "осенью"),
        ("bigger", "放大", "крупнее"),
        ("zoom out", "更远", "отдали"),
        ("mirrored", "镜像", "отрази"),
        ("brighter", "更亮", "ярче"),
        ("darker", "更暗", "темнее"),
        ("add a hat", "戴帽子", "надень шляпу"),
    ],
)
def test_each_change_is_asked_for_in_each_language_and_seen(words: tuple[str, ...]):
    found = [{edit for pattern, edit in EDITS if pattern.search(word)} for word in words]
    assert found[0]
    assert all(each == found[0] for each in found)
    assert difference(edited(words[0]), without_strip(decode_png(BASE))) > 3


def test_every_change_has_words_of_its_own():
    assert len({edit for _, edit in EDITS}) == len(EDITS)


def test_night_is_dark_rain_dim_fog_pale_and_sepia_brown():
    day = without_strip(decode_png(BASE))
    assert brightness(edited("make it night")) < brightness(day) * 0.6
    assert brightness(edited("make it a rainy night")) < brightness(day) * 0.6
    assert brightness(edited("rain")) < brightness(day)
    assert colour_left(edited("fog")) < colour_left(day) * 0.6
    red, _, blue = ImageStat.Stat(edited("sepia")).mean
    assert red > blue + 20


def test_an_edit_keeps_what_it_does_not_name():
    assert difference(edited("a hat"), without_strip(decode_png(BASE))) < 25
    assert difference(edited("as anime, with a hat"), edited("a hat")) > 1  # a drawing only where one is asked for


@pytest.mark.forms(5)
@pytest.mark.parametrize("quality", [None, 90, 60])
@pytest.mark.parametrize("scale", [1.0, 0.75, 1.5])
@pytest.mark.parametrize("words", ["a lake in summer", "sunset hills " * 30])
def test_a_strip_is_found_again_after_saving_and_scaling(words: str, scale: float, quality: int | None):
    spec = PictureSpec(prompt=words, width=768, height=512)
    picture = decode_png(paint(spec))
    sized = picture.resize((round(768 * scale), round(512 * scale)))  # pyright: ignore[reportUnknownMemberType] - a numpy type in its signature
    if quality is not None:
        sized = Image.open(io.BytesIO(encode(sized, "JPEG", quality=quality))).convert("RGB")
    expected = (512 - lay_out_strip(spec).height) * scale
    assert expected - 12 <= without_strip(sized).height <= expected + 1


@pytest.mark.parametrize("colour", ["white", "#fbf7ef", "#bc6048", "black"])
def test_a_photo_has_no_strip(colour: str):
    photo = Image.new("RGB", (300, 200), colour)
    assert without_strip(photo).size == photo.size
    framed = Image.new("RGB", (300, 200), "#408040")
    framed.paste((251, 247, 239), (0, 160, 300, 200))
    assert without_strip(framed).size == framed.size


def test_a_masked_edit_of_a_photo_changes_the_mask_and_nothing_else():
    photo = Image.radial_gradient("L").resize((256, 256)).convert("RGB")  # pyright: ignore[reportUnknownMemberType] - a numpy type in its signature
    mask = Image.new("RGBA", photo.size, "black")
    mask.paste((0, 0, 0, 0), (40, 40, 120, 120))
    references = (parse_reference(encode(photo)),)
    spec = PictureSpec(prompt="night", references=references, mask=parse_reference(encode(mask)), width=256, height=256)
    changed = ImageChops.difference(decode_png(paint(spec)), photo).getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    assert left >= 38
    assert top >= 38
    assert right <= 122
    assert bottom <= 122
    assert (right - left) * (bottom - top) > 60 * 60
