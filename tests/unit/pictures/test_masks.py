"""Masks: from a user's drawing to the PNG that every upstream reads the same way."""

import io
import random

import pytest
from PIL import Image as Pillow

from bot.errors import BrokenPicture, MaskNotTransparent, MaskOfOtherSize, MaskTooLarge
from bot.painting import Capabilities, Image
from tests.unit.pictures.images import OWNER, PROCESSOR

CAPABILITIES = Capabilities(supports_masks=True)
CLEAR, SOLID = (0, 0, 0, 0), (0, 0, 0, 255)


def encoded(image: Pillow.Image, kind: str = "PNG") -> bytes:
    written = io.BytesIO()
    image.save(written, kind)
    return written.getvalue()


def photo(width: int = 64, height: int = 48, kind: str = "JPEG") -> bytes:
    return encoded(Pillow.new("RGB", (width, height), "teal"), kind)


def mask_image(width: int = 64, height: int = 48, *, clear: tuple[int, int, int, int] = (0, 0, 32, 48)) -> Pillow.Image:
    """Opaque magenta with a transparent box."""
    image = Pillow.new("RGBA", (width, height), (255, 0, 255, 255))
    image.paste(CLEAR, clear)
    return image


def alpha(mask: Image) -> Pillow.Image:
    picture = Pillow.open(io.BytesIO(mask.data))
    assert picture.format == "PNG"
    assert picture.mode == "RGBA"
    assert picture.size == (mask.width, mask.height)
    return picture.getchannel("A")


async def prepare(data: bytes, mask: bytes, capabilities: Capabilities = CAPABILITIES) -> tuple[Image, Image]:
    return await PROCESSOR.prepare_masked_reference(
        data, mask, name="photo.jpg", mask_name="mask.png", capabilities=capabilities, owner=OWNER
    )


async def prepare_lone(data: bytes) -> tuple[Image, Image | None]:
    return await PROCESSOR.prepare_lone_reference(data, name="photo.png", capabilities=CAPABILITIES, owner=OWNER)


async def test_a_mask_is_a_png_of_the_images_size_transparent_where_to_change() -> None:
    picture, mask = await prepare(photo(), encoded(mask_image()))
    assert (picture.media_type, picture.width, picture.height) == ("image/png", 64, 48)
    shown = alpha(mask)
    assert shown.size == (64, 48)
    assert (shown.getpixel((5, 5)), shown.getpixel((60, 5))) == (0, 255)
    assert sorted(value for _, value in shown.getcolors() or []) == [0, 255]


async def test_a_mask_of_another_scale_is_scaled_to_its_image() -> None:
    large = encoded(mask_image(640, 480, clear=(0, 0, 320, 480)))
    picture, mask = await prepare(photo(), large)
    assert (mask.width, mask.height) == (picture.width, picture.height) == (64, 48)
    assert (alpha(mask).getpixel((5, 5)), alpha(mask).getpixel((60, 5))) == (0, 255)


async def test_a_mask_is_scaled_down_with_its_image() -> None:
    small = Capabilities(supports_masks=True, max_reference_edge=32)
    picture, mask = await prepare(photo(64, 48), encoded(mask_image()), small)
    assert (picture.width, picture.height) == (mask.width, mask.height) == (32, 24)
    noise = Pillow.merge("RGB", [Pillow.effect_noise((256, 192), 90) for _ in "RGB"])
    tight = Capabilities(supports_masks=True, max_reference_bytes=50_000)
    picture, mask = await prepare(encoded(noise), encoded(mask_image(256, 192, clear=(0, 0, 9, 9))), tight)
    assert len(picture.data) <= 50_000
    assert (picture.width, picture.height) == (mask.width, mask.height)
    assert picture.width < 256


async def test_soft_mask_edges_become_hard() -> None:
    soft = Pillow.new("RGBA", (64, 48), SOLID)
    soft.putalpha(Pillow.linear_gradient("L").crop((96, 104, 160, 152)))
    shown = alpha((await prepare(photo(), encoded(soft)))[1])
    assert sorted(value for _, value in shown.getcolors() or []) == [0, 255]


@pytest.mark.parametrize(
    "mask",
    [
        encoded(Pillow.new("RGB", (64, 48), "white")),
        encoded(Pillow.new("RGBA", (64, 48), SOLID)),
        encoded(Pillow.new("RGBA", (64, 48), (0, 0, 0, 200))),
        photo(),
        encoded(mask_image(), "WEBP"),
        b"no picture at all",
    ],
)
async def test_a_file_without_transparency_is_no_mask(mask: bytes) -> None:
    with pytest.raises(MaskNotTransparent) as refusal:
        await prepare(photo(), mask)
    assert refusal.value.facts == {"name": "mask.png"}


async def test_a_mask_of_another_shape_is_refused_with_both_sizes() -> None:
    with pytest.raises(MaskOfOtherSize) as refusal:
        await prepare(photo(), encoded(mask_image(48, 64)))
    assert refusal.value.facts == {"mask": "48×64", "picture": "64×48"}


async def test_a_truncated_mask_is_broken() -> None:
    with pytest.raises(BrokenPicture):
        await prepare(photo(), encoded(mask_image(900, 675))[:200])


async def test_a_mask_above_the_byte_limit_is_refused_with_the_limit() -> None:
    dice = random.Random(1)
    specks = Pillow.new("RGBA", (200, 150), SOLID)
    specks.putalpha(Pillow.frombytes("L", (200, 150), bytes(dice.choice((0, 255)) for _ in range(200 * 150))))
    with pytest.raises(MaskTooLarge) as refusal:
        await prepare(photo(200, 150), encoded(specks), Capabilities(supports_masks=True, max_mask_bytes=1000))
    assert refusal.value.facts == {"limit": "0.001 MB"}


async def test_the_transparent_part_of_a_png_is_its_mask() -> None:
    picture, mask = await prepare_lone(encoded(mask_image()))
    assert mask is not None
    assert (picture.media_type, picture.width, picture.height) == ("image/png", 64, 48)
    assert (alpha(mask).getpixel((5, 5)), alpha(mask).getpixel((60, 5))) == (0, 255)


@pytest.mark.parametrize("data", [photo(), photo(kind="PNG"), encoded(mask_image(), "WEBP")])
async def test_an_opaque_image_or_another_format_has_no_mask_of_its_own(data: bytes) -> None:
    picture, mask = await prepare_lone(data)
    assert (picture.width, picture.height, mask) == (64, 48, None)
