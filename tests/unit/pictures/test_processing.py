"""Images made ready for upstreams and chats: encodings, limits, results, previews, memory."""

import asyncio
import io
import random
import resource
from typing import Any

import pytest
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from bot.errors import BadResult, PictureTooLarge
from bot.painting import Capabilities, Image
from bot.pictures.headers import sniff_media_type
from tests.unit.pictures.images import (
    BLUE,
    CAPABILITIES,
    EXIF,
    GREEN,
    NAME,
    RED,
    SECRETS,
    WHITE,
    XMP,
    corners,
    decoded,
    encoded,
    fit_to_limit,
    four_corners,
    is_close,
    noise,
    prepare_preview,
    prepare_reference,
    validate_result,
)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
@pytest.mark.parametrize("types", [("image/png",), ("image/jpeg",), ("image/webp",)])
async def test_no_metadata_reaches_the_upstream(kind: str, types: tuple[str, ...]):
    how: dict[str, Any] = {"exif": EXIF.tobytes(), "xmp": XMP}
    if kind == "JPEG":
        how["comment"] = b"spoken secret"
    if kind == "PNG":
        info = PngInfo()
        info.add_text("Comment", "spoken secret")
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        how = {"exif": EXIF.tobytes(), "pnginfo": info}
    data = encoded(four_corners(), kind, **how)
    assert b"Camera of Somebody" in data
    prepared = await prepare_reference(data, name=NAME, capabilities=Capabilities(reference_types=types))
    assert prepared.media_type == types[0]
    assert [secret for secret in SECRETS if secret in prepared.data] == []
    assert not decoded(prepared).getexif()


async def test_a_png_within_the_limits_keeps_every_pixel():
    source = noise(200, 100)
    prepared = await prepare_reference(encoded(source, "PNG"), name=NAME, capabilities=CAPABILITIES)
    assert (prepared.media_type, decoded(prepared).tobytes()) == ("image/png", source.tobytes())


@pytest.mark.parametrize(
    ("mode", "kind", "types", "media_type"),
    [
        ("RGB", "PNG", CAPABILITIES.reference_types, "image/png"),
        ("RGB", "JPEG", CAPABILITIES.reference_types, "image/jpeg"),
        ("RGB", "JPEG", ("image/png", "image/webp"), "image/webp"),
        ("RGB", "JPEG", ("image/png",), "image/png"),
        ("RGB", "PNG", ("image/jpeg",), "image/jpeg"),
        ("RGB", "HEIF", CAPABILITIES.reference_types, "image/jpeg"),
        ("RGBA", "PNG", CAPABILITIES.reference_types, "image/png"),
        ("RGBA", "WEBP", CAPABILITIES.reference_types, "image/png"),
        ("RGBA", "PNG", ("image/jpeg", "image/webp"), "image/webp"),
        ("RGBA", "PNG", ("image/jpeg",), "image/jpeg"),
    ],
)
async def test_the_encoding_is_one_that_the_upstream_accepts(
    mode: str, kind: str, types: tuple[str, ...], media_type: str
):
    source = four_corners(mode=mode)
    if mode == "RGBA":
        source.putalpha(100)
    prepared = await prepare_reference(
        encoded(source, kind), name=NAME, capabilities=Capabilities(reference_types=types)
    )
    decoded(prepared)
    assert prepared.media_type == media_type


async def test_transparency_is_kept_or_becomes_white():
    source = Pillow.new("RGBA", (20, 20), (255, 0, 0, 0))
    prepared = decoded(await prepare_reference(encoded(source, "PNG"), name=NAME, capabilities=CAPABILITIES))
    assert prepared.getpixel((9, 9)) == (255, 0, 0, 0)
    flat = decoded(
        await prepare_reference(
            encoded(source, "PNG"), name=NAME, capabilities=Capabilities(reference_types=("image/jpeg",))
        )
    )
    assert is_close(flat.getpixel((9, 9)), WHITE)


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
async def test_a_transparent_palette_colour_becomes_transparent(mode: str):
    source = four_corners().convert(mode)
    red = source.getpixel((1, 1))
    prepared = decoded(
        await prepare_reference(encoded(source, "PNG", transparency=red), name=NAME, capabilities=CAPABILITIES)
    )
    assert [pixel[3] for pixel in corners(prepared)] == [0, 255, 255, 255]


async def test_an_opaque_alpha_channel_is_dropped():
    prepared = await prepare_reference(encoded(four_corners(mode="RGBA"), "WEBP"), name=NAME, capabilities=CAPABILITIES)
    assert prepared.media_type == "image/jpeg"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "HEIF"])
@pytest.mark.parametrize(("size", "edge", "fits"), [((600, 300), 200, (200, 100)), ((90, 900), 300, (30, 300))])
async def test_an_image_is_scaled_down_to_the_longest_edge(
    kind: str, size: tuple[int, int], edge: int, fits: tuple[int, int]
):
    data = encoded(four_corners(*size), kind)
    prepared = decoded(await prepare_reference(data, name=NAME, capabilities=Capabilities(max_reference_edge=edge)))
    assert prepared.size == fits
    assert all(map(is_close, corners(prepared), [RED, GREEN, WHITE, BLUE]))


async def test_a_scaled_line_keeps_one_pixel_of_height():
    data = encoded(Pillow.new("RGB", (20_000, 2), RED), "PNG")
    prepared = await prepare_reference(data, name=NAME, capabilities=Capabilities(max_reference_edge=100_000))
    assert (prepared.width, prepared.height) == (16_383, 2)
    prepared = await prepare_reference(data, name=NAME, capabilities=Capabilities(max_reference_edge=1000))
    assert (prepared.width, prepared.height) == (1000, 1)


@pytest.mark.forms(8)
@pytest.mark.parametrize("types", [("image/png",), ("image/jpeg",), ("image/webp",), CAPABILITIES.reference_types])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("limit", [400_000, 60_000, 9_000])
async def test_an_image_is_encoded_within_the_byte_limit(types: tuple[str, ...], mode: str, limit: int):
    data = encoded(noise(500, 300, mode), "PNG")
    capabilities = Capabilities(reference_types=types, max_reference_bytes=limit)
    prepared = await prepare_reference(data, name=NAME, capabilities=capabilities)
    decoded(prepared)
    assert len(prepared.data) <= limit
    assert prepared.media_type in types


async def test_quality_is_lowered_before_size():
    data = encoded(noise(500, 300), "JPEG", quality=100)
    best = await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    less = await prepare_reference(data, name=NAME, capabilities=Capabilities(max_reference_bytes=len(best.data) - 1))
    assert (less.width, less.height) == (500, 300)


async def test_an_unreachable_byte_limit_is_refused():
    with pytest.raises(PictureTooLarge) as refusal:
        await prepare_reference(
            encoded(noise(99, 99), "JPEG"), name=NAME, capabilities=Capabilities(max_reference_bytes=100)
        )
    assert refusal.value.facts == {"name": NAME, "limit": "0.0001 MB"}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF"])
async def test_the_bytes_of_a_result_stay_unchanged(kind: str):
    data = encoded(four_corners(), kind)
    prepared = await validate_result(data)
    assert (prepared.data, prepared.media_type, prepared.width, prepared.height) == (
        data,
        sniff_media_type(data),
        60,
        40,
    )


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
async def test_an_animated_result_stays_unchanged_and_every_frame_is_decoded(kind: str):
    first, *others = (noise_image("RGB", 90, seed) for seed in range(3))  # the same each time: a cut may look whole
    data = encoded(first, kind, save_all=True, append_images=others)
    assert (await validate_result(data)).data == data
    with pytest.raises(BadResult):
        await validate_result(data[: len(data) * 2 // 3])


@pytest.mark.forms(3)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF"])
async def test_a_preview_is_a_small_jpeg(kind: str):
    prepared = await prepare_preview(encoded(four_corners(1200, 800), kind))
    assert (prepared.media_type, prepared.width, prepared.height) == ("image/jpeg", 512, 341)
    assert all(map(is_close, corners(decoded(prepared)), [RED, GREEN, WHITE, BLUE]))
    assert len(prepared.data) < 20_000


async def test_a_preview_shows_the_first_frame_on_white_and_is_never_enlarged():
    source = Pillow.new("RGBA", (20, 10), (255, 0, 0, 0))
    data = encoded(source, "PNG", save_all=True, append_images=[four_corners(20, 10, "RGBA")])
    prepared = await prepare_preview(data, edge=64)
    assert (prepared.width, prepared.height) == (20, 10)
    assert is_close(decoded(prepared).getpixel((9, 5)), WHITE)


@pytest.mark.thorough
async def test_many_photos_at_once_stay_within_memory():
    data = encoded(Pillow.effect_noise((4000, 3000), 20).convert("RGB"), "JPEG", quality=75)
    capabilities = Capabilities(max_reference_edge=1024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    prepared = await asyncio.gather(*[prepare_reference(data, name=NAME, capabilities=capabilities) for _ in range(20)])
    assert {(each.width, each.height) for each in prepared} == {(1024, 768)}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kB; whole, 20 take a million


def test_processing_works_in_successive_event_loops():
    for _ in range(2):
        assert asyncio.run(validate_result(encoded(four_corners(), "PNG"))).width == 60


# ---------------------------------------------------------------- chat limits


def noise_image(mode: str, edge: int, seed: int = 1) -> Pillow.Image:
    return Pillow.frombytes(mode, (edge, edge), random.Random(seed).randbytes(edge * edge * len(mode)))


def noise_png(mode: str, edge: int) -> Image:
    held = io.BytesIO()
    noise_image(mode, edge).save(held, "PNG")
    return Image(data=held.getvalue(), media_type="image/png", width=edge, height=edge)


async def test_an_image_within_the_limit_stays_unchanged() -> None:
    image = noise_png("RGB", 64)
    assert await fit_to_limit(image, max_bytes=len(image.data)) == (image, False)


async def test_an_image_above_the_limit_is_encoded_again() -> None:
    image = noise_png("RGB", 256)
    fitted, changed = await fit_to_limit(image, max_bytes=len(image.data) // 2)
    assert changed
    assert (fitted.media_type, fitted.width) == ("image/jpeg", 256)
    assert len(fitted.data) <= len(image.data) // 2


async def test_transparency_is_kept_when_encoding_again() -> None:
    image = noise_png("RGBA", 256)
    fitted, _ = await fit_to_limit(image, max_bytes=len(image.data) // 2)
    assert fitted.media_type == "image/webp"


async def test_an_image_is_scaled_down_when_no_encoding_fits() -> None:
    image = noise_png("RGB", 256)
    fitted, _ = await fit_to_limit(image, max_bytes=10_000)
    assert len(fitted.data) <= 10_000
    assert fitted.width < 256


async def test_an_unreachable_limit_is_a_bad_result() -> None:
    with pytest.raises(BadResult):
        await fit_to_limit(noise_png("RGB", 256), max_bytes=10)
