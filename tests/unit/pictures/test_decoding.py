"""Decoding: media types, broken and malicious images, orientation, colour profiles."""

import io
import resource
import struct
import zlib
from typing import Any

import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from bot.errors import AnimatedPicture, BadResult, BrokenPicture, NotAPicture, PictureTooComplex, PictureTooManyPixels
from bot.pictures.headers import sniff_media_type
from bot.pictures.inspection import SUPPORTED_FORMATS
from bot.pictures.price import DEFAULT_LIMITS
from tests.unit.pictures.images import (
    BLUE,
    CAPABILITIES,
    EXIF,
    GREEN,
    NAME,
    ORIENTATION,
    RED,
    WHITE,
    corners,
    decoded,
    encoded,
    four_corners,
    heif,
    is_close,
    noise,
    prepare_preview,
    prepare_reference,
    validate_result,
)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def huge_png(width: int, height: int, *before: bytes) -> bytes:
    """A PNG that is all zeros: a few bytes a million pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), *before, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    )


def huge_webp(kind: bytes, width: int, height: int) -> bytes:
    sizes = {
        b"VP8X": bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
        b"VP8L": b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little") + bytes(5),
        b"VP8 ": b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width & 0x3FFF, height & 0x3FFF),
    }
    body = b"WEBP" + kind + struct.pack("<I", len(sizes[kind])) + sizes[kind]
    return b"RIFF" + struct.pack("<I", len(body)) + body


ZERO_WEBP = huge_webp(b"VP8 ", 1 << 14, 1 << 14)  # fourteen bits a side


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("AVIF", "image/avif"),
        ("HEIF", "image/heic"),
    ],
)
async def test_the_media_type_comes_from_the_bytes_and_the_pixels_stay(kind: str, media_type: str):
    data = encoded(four_corners(), kind)
    assert sniff_media_type(data[:64]) == media_type
    prepared = decoded(await prepare_reference(data, name="notes.txt", capabilities=CAPABILITIES))
    assert prepared.size == (60, 40)
    assert all(map(is_close, corners(prepared), [RED, GREEN, WHITE, BLUE]))


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "image/avif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf", "image/heif"),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp41heiX", None),
        (b"\0\0\0\x10ftypisom\0\0\0\0heic", None),  # a brand after the end of its box
        (b"\0\0\0\x00ftyp", None),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<!DOCTYPE html>", None),
        (b"BM\0\0\0\0", None),
        (b"II*\0", None),
        (b"%PDF-1.7", None),
        (b"\x89PNG", None),
        (b"", None),
    ],
)
def test_only_supported_media_types_are_sniffed(head: bytes, media_type: str | None):
    assert sniff_media_type(head) == media_type


@pytest.mark.parametrize("data", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"BM" * 99])
async def test_a_file_that_is_no_image_is_refused_whatever_its_name(data: bytes):
    with pytest.raises(NotAPicture) as refusal:
        await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    assert refusal.value.facts == {"name": NAME, "kinds": SUPPORTED_FORMATS}
    for check in (validate_result, prepare_preview):
        with pytest.raises(BadResult):
            await check(data)


@pytest.mark.parametrize(
    ("mode", "kind", "colour"),
    [
        ("1", "PNG", (255, 255, 255)),
        ("L", "PNG", (76, 76, 76)),
        ("L", "JPEG", (76, 76, 76)),
        ("P", "PNG", (255, 0, 0)),
        ("P", "GIF", (255, 0, 0)),
        ("CMYK", "JPEG", (255, 0, 0)),
        ("YCbCr", "JPEG", (255, 0, 0)),
    ],
)
async def test_every_colour_mode_becomes_rgb(mode: str, kind: str, colour: tuple[int, ...]):
    source = Pillow.new("RGB", (40, 40), WHITE if mode == "1" else RED).convert(mode)
    prepared = decoded(await prepare_reference(encoded(source, kind), name=NAME, capabilities=CAPABILITIES))
    assert (prepared.mode, is_close(prepared.getpixel((20, 20)), colour)) == ("RGB", True)


async def test_sixteen_bits_of_grey_become_eight_without_clipping():
    prepared = decoded(
        await prepare_reference(
            encoded(Pillow.new("I;16", (9, 9), 0x8000), "PNG"), name=NAME, capabilities=CAPABILITIES
        )
    )
    assert prepared.getpixel((4, 4)) == (128, 128, 128)


@pytest.mark.parametrize(
    "data",
    [
        huge_png(50_000, 50_000),
        huge_png(2_000_000_000, 2_000_000_000),
        huge_png(DEFAULT_LIMITS.max_megapixels * 1_000_000 + 1, 1),
        huge_webp(b"VP8X", 16_000_000, 200),
        huge_webp(b"VP8L", 16_384, 16_384),
        huge_webp(b"VP8 ", 16_383, 16_383),
        b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02D\x01\x00;",
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02D\x01\x00;",
    ],
    ids=["png", "png overflow", "png line", "webp canvas", "webp lossless", "webp lossy", "gif", "gif frame"],
)
async def test_too_many_pixels_are_refused_before_any_is_decoded(data: bytes):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PictureTooManyPixels) as refusal:
        await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    largest = (16, 17) if data.startswith(b"RIFF") else (DEFAULT_LIMITS.max_megapixels,)  # WebP takes more for each
    assert refusal.value.facts["megapixels"] in largest
    for check in (validate_result, prepare_preview):
        with pytest.raises(BadResult):
            await check(data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def heif_of(width: int, height: int) -> bytes:
    """A HEIC whose header claims another size than its pixels have."""
    data = encoded(four_corners(64, 64), "HEIF")
    assert data.count(b"ispe\0\0\0\0") == 1
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


async def test_a_heic_that_claims_too_many_pixels_is_refused():
    with pytest.raises((PictureTooManyPixels, BrokenPicture)):
        await prepare_reference(heif_of(50_000, 50_000), name=NAME, capabilities=CAPABILITIES)


@pytest.mark.forms(1)
@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
async def test_compressed_metadata_is_not_decompressed(kind: bytes):
    bomb = zlib.compress(bytes(200_000_000))
    body = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0"}[kind] + bomb
    data = huge_png(100, 100, chunk(kind, body))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BrokenPicture):
        await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


async def test_a_jpeg_with_thousands_of_scans_is_refused():
    data = encoded(four_corners(), "JPEG", progressive=True)
    await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    scan = data.rindex(b"\xff\xda")
    with pytest.raises(PictureTooComplex):
        await prepare_reference(data[:scan] + data[scan:-2] * 5000 + data[-2:], name=NAME, capabilities=CAPABILITIES)


@pytest.mark.forms(4)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF"])
@pytest.mark.parametrize("left", [0.02, 0.5, 0.9])
async def test_a_truncated_image_is_broken(kind: str, left: float):
    data = encoded(noise(300, 200), kind)
    cut = data[: max(64, int(len(data) * left))]
    with pytest.raises(BrokenPicture) as refusal:
        await prepare_reference(cut, name=NAME, capabilities=CAPABILITIES)
    assert refusal.value.facts == {"name": NAME}
    for check in (validate_result, prepare_preview):
        with pytest.raises(BadResult):
            await check(cut)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF"])
async def test_a_header_followed_by_rubbish_is_broken(kind: str):
    data = encoded(four_corners(), kind)[:40] + b"<script>alert(1)</script>" * 40
    with pytest.raises(BrokenPicture):
        await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    with pytest.raises(BadResult):
        await validate_result(data)


@pytest.mark.parametrize("data", [b"GIF89a" + bytes(40), ZERO_WEBP, huge_png(0, 0)])
async def test_an_image_without_area_is_broken(data: bytes):
    with pytest.raises(BrokenPicture):
        await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)


async def test_an_html_page_that_begins_like_an_image_is_broken():
    with pytest.raises(BadResult):
        await validate_result(b"GIF89a/*<html><script>alert(1)</script></html>*/=1;")


async def test_bytes_after_the_end_of_an_image_do_not_reach_the_upstream():
    data = encoded(four_corners(), "GIF") + b"<html><script>alert(1)</script></html>"
    prepared = await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    assert b"script" not in prepared.data


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
async def test_an_animation_is_refused(kind: str):
    data = encoded(
        four_corners(), kind, save_all=True, append_images=[four_corners().transpose(Pillow.Transpose.ROTATE_180)]
    )
    with pytest.raises(AnimatedPicture) as refusal:
        await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    assert refusal.value.facts == {"name": NAME}


async def test_of_several_images_in_a_heic_the_primary_one_counts():
    file = heif(four_corners())
    file.add_from_pillow(Pillow.new("RGB", (60, 40), BLUE))
    written = io.BytesIO()
    file.save(written, primary_index=0)
    prepared = decoded(await prepare_reference(written.getvalue(), name=NAME, capabilities=CAPABILITIES))
    assert all(map(is_close, corners(prepared), [RED, GREEN, WHITE, BLUE]))


STORED_TRANSPOSES = {  # what a camera with that orientation wrote, so that the upright picture is the drawing
    1: None,
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_90,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED_TRANSPOSES)
async def test_a_photo_is_turned_upright(kind: str, orientation: int):
    turn, exif = STORED_TRANSPOSES[orientation], Pillow.Exif()
    exif[ORIENTATION] = orientation
    stored = four_corners() if turn is None else four_corners().transpose(turn)
    data = encoded(stored, kind, exif=exif)
    prepared = decoded(await prepare_reference(data, name=NAME, capabilities=CAPABILITIES))
    assert prepared.size == (60, 40)
    assert all(map(is_close, corners(prepared), [RED, GREEN, WHITE, BLUE]))
    shown = await validate_result(data)
    assert (shown.width, shown.height) == (60, 40)


async def test_a_rotated_heic_photo_is_turned_upright_once():
    turned = four_corners().transpose(Pillow.Transpose.ROTATE_90)
    written = io.BytesIO()
    heif(turned).save(written, exif=EXIF.tobytes())
    prepared = decoded(await prepare_reference(written.getvalue(), name=NAME, capabilities=CAPABILITIES))
    assert prepared.size == (60, 40)
    assert all(map(is_close, corners(prepared), [RED, GREEN, WHITE, BLUE]))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"Exif\0\0rubbish", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"])
async def test_broken_exif_does_not_make_a_photo_broken(exif: bytes):
    prepared = decoded(
        await prepare_reference(encoded(four_corners(), "JPEG", exif=exif), name=NAME, capabilities=CAPABILITIES)
    )
    assert all(map(is_close, corners(prepared), [RED, GREEN, WHITE, BLUE]))


def swapped_profile() -> bytes:
    """An RGB profile in which red and green have changed places."""
    plain: Any = ImageCms
    data = bytearray(ImageCms.ImageCmsProfile(plain.createProfile("sRGB")).tobytes())
    red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data).replace("sRGB".encode("utf-16-be"), "Test".encode("utf-16-be"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_colours_are_converted_from_the_icc_profile(kind: str):
    data = encoded(four_corners(), kind, icc_profile=swapped_profile())
    prepared = decoded(await prepare_reference(data, name=NAME, capabilities=CAPABILITIES))
    assert "icc_profile" not in prepared.info
    assert all(map(is_close, corners(prepared), [GREEN, RED, WHITE, BLUE]))


@pytest.mark.parametrize("profile", [b"rubbish", bytes(16) + b"RGB " + bytes(200), b"x" * 3_000_000])
async def test_an_unusable_icc_profile_is_ignored(profile: bytes):
    data = encoded(four_corners(), "JPEG", icc_profile=profile)
    prepared = decoded(await prepare_reference(data, name=NAME, capabilities=CAPABILITIES))
    assert "icc_profile" not in prepared.info
    assert all(map(is_close, corners(prepared), [RED, GREEN, WHITE, BLUE]))


async def test_an_srgb_profile_leaves_the_pixels_of_a_png_unchanged():
    plain: Any = ImageCms
    profile = ImageCms.ImageCmsProfile(plain.createProfile("sRGB")).tobytes()
    source = noise(50, 50)
    prepared = decoded(
        await prepare_reference(encoded(source, "PNG", icc_profile=profile), name=NAME, capabilities=CAPABILITIES)
    )
    assert prepared.tobytes() == source.tobytes()
