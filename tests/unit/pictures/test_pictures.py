"""Pictures as members and upstreams send them: good ones, broken ones and ones made to do harm."""

import asyncio
import io
import random
import resource
import struct
import zlib
from typing import Any

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageCms
from PIL.PngImagePlugin import PngInfo

from bot.errors import AnimatedPicture, BadResult, BrokenPicture, NotAPicture, PictureTooLarge, PictureTooManyPixels
from bot.painting import Capabilities, Image
from bot.pictures import jpeg
from bot.pictures.decoding import MAX_MEGAPIXELS, SUPPORTED_FORMATS, sniff_media_type
from bot.pictures.processing import prepare_preview, prepare_reference, validate_result

CAPABILITIES = Capabilities()
NAME = "holiday.png"
ORIENTATION = 0x0112
GPS = 0x8825
MODEL = 0x0110
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def four_corners(width: int = 60, height: int = 40, mode: str = "RGB") -> Pillow.Image:
    """Four corners, each of its own colour, so that it is seen which way up it is."""
    image = Pillow.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(WHITE, (width // 2, height // 2, width, height))
    return image.convert(mode)


def noise(width: int, height: int, mode: str = "RGB") -> Pillow.Image:
    """What compresses badly."""
    return Pillow.merge(mode, [Pillow.effect_noise((width, height), 90) for _ in mode])


def heif(image: Pillow.Image) -> Any:
    return pillow_heif.from_pillow(image)


def encoded(image: Pillow.Image, kind: str, **how: Any) -> bytes:
    written = io.BytesIO()
    if kind == "HEIF":
        heif(image).save(written, **how)
    else:
        image.save(written, kind, **how)
    return written.getvalue()


def decoded(image: Image) -> Pillow.Image:
    picture = Pillow.open(io.BytesIO(image.data))
    assert (picture.width, picture.height) == (image.width, image.height)
    assert picture.get_format_mimetype() == image.media_type  # type: ignore[attr-defined] - only files have it
    picture.load()
    return picture


def is_close(pixel: Any, colour: tuple[int, ...]) -> bool:
    return len(pixel) == len(colour) and all(abs(a - b) < 24 for a, b in zip(pixel, colour, strict=True))


def corners(picture: Pillow.Image) -> list[Any]:
    """Clockwise from the top left."""
    right, bottom = picture.width - 6, picture.height - 6
    return [picture.getpixel(at) for at in ((5, 5), (right, 5), (right, bottom), (5, bottom))]


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
EXIF = Pillow.Exif()
EXIF[ORIENTATION] = 6
EXIF[0x010F] = "Camera of Somebody"
EXIF.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 29: "2026:03:14"})
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><secret>xmp secret</secret></x:xmpmeta>"
SECRETS = (
    b"Camera of Somebody",
    b"2026:03:14",
    b"xmp secret",
    b"Exif",
    b"spoken secret",
    b"http://ns.adobe.com",
)


# ---------------------------------------------------------------- kinds


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
async def test_a_picture_is_known_by_its_bytes_and_painted_the_same(kind: str, media_type: str):
    data = encoded(four_corners(), kind)
    assert sniff_media_type(data[:64]) == media_type
    made = decoded(await prepare_reference(data, name="notes.txt", capabilities=CAPABILITIES))
    assert made.size == (60, 40)
    assert all(map(is_close, corners(made), [RED, GREEN, WHITE, BLUE]))


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
def test_only_the_kinds_we_take_are_sniffed(head: bytes, media_type: str | None):
    assert sniff_media_type(head) == media_type


@pytest.mark.parametrize("data", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"BM" * 99])
async def test_what_is_no_picture_is_named_whatever_its_name_says(data: bytes):
    with pytest.raises(NotAPicture) as refusal:
        await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    assert refusal.value.facts == {"name": NAME, "kinds": SUPPORTED_FORMATS}
    for look in (validate_result, prepare_preview):
        with pytest.raises(BadResult):
            await look(data)


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
async def test_every_way_to_store_colours_becomes_rgb(mode: str, kind: str, colour: tuple[int, ...]):
    source = Pillow.new("RGB", (40, 40), WHITE if mode == "1" else RED).convert(mode)
    made = decoded(await prepare_reference(encoded(source, kind), name=NAME, capabilities=CAPABILITIES))
    assert (made.mode, is_close(made.getpixel((20, 20)), colour)) == ("RGB", True)


async def test_sixteen_bits_of_grey_become_eight_without_clipping():
    made = decoded(
        await prepare_reference(
            encoded(Pillow.new("I;16", (9, 9), 0x8000), "PNG"), name=NAME, capabilities=CAPABILITIES
        )
    )
    assert made.getpixel((4, 4)) == (128, 128, 128)


# ---------------------------------------------------------------- harm


@pytest.mark.parametrize(
    "data",
    [
        huge_png(50_000, 50_000),
        huge_png(2_000_000_000, 2_000_000_000),
        huge_png(MAX_MEGAPIXELS * 1_000_000 + 1, 1),
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
    assert refusal.value.facts == {"name": NAME, "megapixels": MAX_MEGAPIXELS}
    for look in (validate_result, prepare_preview):
        with pytest.raises(BadResult):
            await look(data)
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


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
async def test_metadata_that_swells_is_not_swelled(kind: bytes):
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
    with pytest.raises(BrokenPicture):
        await prepare_reference(data[:scan] + data[scan:-2] * 5000 + data[-2:], name=NAME, capabilities=CAPABILITIES)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF"])
@pytest.mark.parametrize("left", [0.02, 0.5, 0.9])
async def test_a_picture_cut_short_is_broken(kind: str, left: float):
    data = encoded(noise(300, 200), kind)
    cut = data[: max(64, int(len(data) * left))]
    with pytest.raises(BrokenPicture) as refusal:
        await prepare_reference(cut, name=NAME, capabilities=CAPABILITIES)
    assert refusal.value.facts == {"name": NAME}
    for look in (validate_result, prepare_preview):
        with pytest.raises(BadResult):
            await look(cut)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF"])
async def test_a_header_and_rubbish_is_broken(kind: str):
    data = encoded(four_corners(), kind)[:40] + b"<script>alert(1)</script>" * 40
    with pytest.raises(BrokenPicture):
        await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    with pytest.raises(BadResult):
        await validate_result(data)


@pytest.mark.parametrize("data", [b"GIF89a" + bytes(40), ZERO_WEBP, huge_png(0, 0)])
async def test_a_picture_without_an_area_is_broken(data: bytes):
    with pytest.raises(BrokenPicture):
        await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)


async def test_a_page_that_begins_like_a_picture_is_broken():
    with pytest.raises(BadResult):
        await validate_result(b"GIF89a/*<html><script>alert(1)</script></html>*/=1;")


async def test_what_hangs_on_behind_a_picture_does_not_reach_the_upstream():
    data = encoded(four_corners(), "GIF") + b"<html><script>alert(1)</script></html>"
    made = await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    assert b"script" not in made.data


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
async def test_a_moving_picture_is_refused(kind: str):
    data = encoded(
        four_corners(), kind, save_all=True, append_images=[four_corners().transpose(Pillow.Transpose.ROTATE_180)]
    )
    with pytest.raises(AnimatedPicture) as refusal:
        await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    assert refusal.value.facts == {"name": NAME}


async def test_of_several_pictures_in_a_heic_the_main_one_counts():
    file = heif(four_corners())
    file.add_from_pillow(Pillow.new("RGB", (60, 40), BLUE))
    written = io.BytesIO()
    file.save(written, primary_index=0)
    made = decoded(await prepare_reference(written.getvalue(), name=NAME, capabilities=CAPABILITIES))
    assert all(map(is_close, corners(made), [RED, GREEN, WHITE, BLUE]))


# ---------------------------------------------------------------- upright and bare

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
    made = decoded(await prepare_reference(data, name=NAME, capabilities=CAPABILITIES))
    assert made.size == (60, 40)
    assert all(map(is_close, corners(made), [RED, GREEN, WHITE, BLUE]))
    shown = await validate_result(data)
    assert (shown.width, shown.height) == (60, 40)


async def test_a_photo_of_a_phone_in_heic_is_turned_upright_once():
    turned = four_corners().transpose(Pillow.Transpose.ROTATE_90)
    written = io.BytesIO()
    heif(turned).save(written, exif=EXIF.tobytes())
    made = decoded(await prepare_reference(written.getvalue(), name=NAME, capabilities=CAPABILITIES))
    assert made.size == (60, 40)
    assert all(map(is_close, corners(made), [RED, GREEN, WHITE, BLUE]))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
@pytest.mark.parametrize("types", [("image/png",), ("image/jpeg",), ("image/webp",)])
async def test_nothing_but_the_pixels_leaves_the_house(kind: str, types: tuple[str, ...]):
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
    made = await prepare_reference(data, name=NAME, capabilities=Capabilities(reference_types=types))
    assert made.media_type == types[0]
    assert [secret for secret in SECRETS if secret in made.data] == []
    assert not decoded(made).getexif()


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}], ids=str)
async def test_a_jpeg_that_is_fine_already_keeps_every_pixel_and_nothing_else(how: dict[str, Any]):
    source = noise(200, 100)
    plain = encoded(source, "JPEG", quality=70, **how)
    exif = Pillow.Exif()
    exif[MODEL] = "Camera of Somebody"
    told = encoded(source, "JPEG", quality=70, exif=exif, xmp=XMP, comment=b"spoken secret", **how)
    assert b"Camera of Somebody" in told
    made = await prepare_reference(told + b"<html>spoken secret</html>", name=NAME, capabilities=CAPABILITIES)
    assert (made.media_type, made.width, made.height) == ("image/jpeg", 200, 100)
    kept = jpeg.strip_metadata(plain)
    assert kept is not None
    assert made.data == kept.data
    assert decoded(made).tobytes() == Pillow.open(io.BytesIO(plain)).convert("RGB").tobytes()
    assert [secret for secret in SECRETS if secret in made.data] == []


async def test_a_jpeg_that_says_how_its_colours_are_meant_still_says_so():
    plain = encoded(
        four_corners(), "JPEG", keep_rgb=True
    )  # three planes that are no brightness and colour: APP14 tells
    made = await prepare_reference(plain, name=NAME, capabilities=CAPABILITIES)
    assert all(map(is_close, corners(decoded(made)), [RED, GREEN, WHITE, BLUE]))
    assert b"Adobe" in made.data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8rubbish",
        b"\xff\xd8\xff\xdb\xff\xff",
        b"\xff\xd8\xff\xcc\x00\x02\xff\xd9",
        encoded(four_corners(), "JPEG")[:-2],
    ],
)
def test_what_is_no_whole_jpeg_of_the_usual_kind_is_left_to_the_decoder(data: bytes):
    assert jpeg.strip_metadata(data) is None


GRAIN = Pillow.frombytes("RGB", (200, 100), random.Random(1).randbytes(60_000))
PHOTOS = [encoded(GRAIN, "JPEG", **how) for how in ({}, {"progressive": True}, {"restart_marker_rows": 1})]


def decoder_rejects(data: bytes) -> bool:
    """Whether a decoder that reads it from end to end takes it for broken."""
    try:
        Pillow.open(io.BytesIO(data)).load()
    except (OSError, SyntaxError):
        return True
    return False


@given(
    st.sampled_from(PHOTOS),
    st.dictionaries(st.integers(2, 800) | st.integers(2, min(map(len, PHOTOS)) - 1), st.integers(0, 255), max_size=4),
)
@settings(max_examples=300)
def test_what_a_decoder_refuses_of_a_jpeg_it_refuses_of_its_sample(photo: bytes, changes: dict[int, int]):
    data = bytearray(photo)
    for at, value in changes.items():
        data[at] = value
    kept = jpeg.strip_metadata(bytes(data))
    if kept is not None:
        assert decoder_rejects(kept.sample) == decoder_rejects(kept.data)
        assert len(kept.sample) <= len(kept.data)


async def test_a_jpeg_without_its_tables_is_broken():
    photo, at = PHOTOS[0], PHOTOS[0].index(b"\xff\xdb")
    tables = int.from_bytes(photo[at + 2 : at + 4], "big")
    with pytest.raises(BrokenPicture):
        await prepare_reference(photo[:at] + photo[at + 2 + tables :], name=NAME, capabilities=CAPABILITIES)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"Exif\0\0rubbish", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"])
async def test_a_photo_with_broken_exif_is_a_photo(exif: bytes):
    made = decoded(
        await prepare_reference(encoded(four_corners(), "JPEG", exif=exif), name=NAME, capabilities=CAPABILITIES)
    )
    assert all(map(is_close, corners(made), [RED, GREEN, WHITE, BLUE]))


def swapped_profile() -> bytes:
    """An RGB profile in which red and green have changed places."""
    plain: Any = ImageCms
    data = bytearray(ImageCms.ImageCmsProfile(plain.createProfile("sRGB")).tobytes())
    red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data).replace("sRGB".encode("utf-16-be"), "Test".encode("utf-16-be"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_colours_are_those_that_the_profile_means(kind: str):
    data = encoded(four_corners(), kind, icc_profile=swapped_profile())
    made = decoded(await prepare_reference(data, name=NAME, capabilities=CAPABILITIES))
    assert "icc_profile" not in made.info
    assert all(map(is_close, corners(made), [GREEN, RED, WHITE, BLUE]))


@pytest.mark.parametrize("profile", [b"rubbish", bytes(16) + b"RGB " + bytes(200), b"x" * 3_000_000])
async def test_a_profile_that_cannot_be_used_is_left_out(profile: bytes):
    data = encoded(four_corners(), "JPEG", icc_profile=profile)
    made = decoded(await prepare_reference(data, name=NAME, capabilities=CAPABILITIES))
    assert "icc_profile" not in made.info
    assert all(map(is_close, corners(made), [RED, GREEN, WHITE, BLUE]))


async def test_a_plain_profile_leaves_a_png_as_it_is():
    plain: Any = ImageCms
    profile = ImageCms.ImageCmsProfile(plain.createProfile("sRGB")).tobytes()
    source = noise(50, 50)
    made = decoded(
        await prepare_reference(encoded(source, "PNG", icc_profile=profile), name=NAME, capabilities=CAPABILITIES)
    )
    assert made.tobytes() == source.tobytes()


# ---------------------------------------------------------------- within limits


async def test_a_png_without_need_to_shrink_keeps_every_pixel():
    source = noise(200, 100)
    made = await prepare_reference(encoded(source, "PNG"), name=NAME, capabilities=CAPABILITIES)
    assert (made.media_type, decoded(made).tobytes()) == ("image/png", source.tobytes())


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
async def test_the_encoding_is_one_that_the_upstream_takes(
    mode: str, kind: str, types: tuple[str, ...], media_type: str
):
    source = four_corners(mode=mode)
    if mode == "RGBA":
        source.putalpha(100)
    made = await prepare_reference(encoded(source, kind), name=NAME, capabilities=Capabilities(reference_types=types))
    decoded(made)
    assert made.media_type == media_type


async def test_transparency_survives_and_where_it_cannot_it_becomes_white():
    source = Pillow.new("RGBA", (20, 20), (255, 0, 0, 0))
    made = decoded(await prepare_reference(encoded(source, "PNG"), name=NAME, capabilities=CAPABILITIES))
    assert made.getpixel((9, 9)) == (255, 0, 0, 0)
    flat = decoded(
        await prepare_reference(
            encoded(source, "PNG"), name=NAME, capabilities=Capabilities(reference_types=("image/jpeg",))
        )
    )
    assert is_close(flat.getpixel((9, 9)), WHITE)


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
async def test_a_colour_that_stands_for_transparent_is_transparent(mode: str):
    source = four_corners().convert(mode)
    red = source.getpixel((1, 1))
    made = decoded(
        await prepare_reference(encoded(source, "PNG", transparency=red), name=NAME, capabilities=CAPABILITIES)
    )
    assert [pixel[3] for pixel in corners(made)] == [0, 255, 255, 255]


async def test_an_alpha_channel_that_hides_nothing_is_dropped():
    made = await prepare_reference(encoded(four_corners(mode="RGBA"), "WEBP"), name=NAME, capabilities=CAPABILITIES)
    assert made.media_type == "image/jpeg"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "HEIF"])
@pytest.mark.parametrize(("size", "edge", "fits"), [((600, 300), 200, (200, 100)), ((90, 900), 300, (30, 300))])
async def test_a_picture_is_scaled_down_to_the_longest_edge(
    kind: str, size: tuple[int, int], edge: int, fits: tuple[int, int]
):
    data = encoded(four_corners(*size), kind)
    made = decoded(await prepare_reference(data, name=NAME, capabilities=Capabilities(max_reference_edge=edge)))
    assert made.size == fits
    assert all(map(is_close, corners(made), [RED, GREEN, WHITE, BLUE]))


async def test_a_line_keeps_one_pixel_of_width():
    data = encoded(Pillow.new("RGB", (20_000, 2), RED), "PNG")
    made = await prepare_reference(data, name=NAME, capabilities=Capabilities(max_reference_edge=100_000))
    assert (made.width, made.height) == (16_383, 2)
    made = await prepare_reference(data, name=NAME, capabilities=Capabilities(max_reference_edge=1000))
    assert (made.width, made.height) == (1000, 1)


@pytest.mark.parametrize("types", [("image/png",), ("image/jpeg",), ("image/webp",), CAPABILITIES.reference_types])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("limit", [400_000, 60_000, 9_000])
async def test_a_picture_is_made_to_fit_the_limit_in_bytes(types: tuple[str, ...], mode: str, limit: int):
    data = encoded(noise(500, 300, mode), "PNG")
    capabilities = Capabilities(reference_types=types, max_reference_bytes=limit)
    made = await prepare_reference(data, name=NAME, capabilities=capabilities)
    decoded(made)
    assert len(made.data) <= limit
    assert made.media_type in types


async def test_quality_is_given_up_before_size():
    data = encoded(noise(500, 300), "JPEG", quality=100)
    best = await prepare_reference(data, name=NAME, capabilities=CAPABILITIES)
    less = await prepare_reference(data, name=NAME, capabilities=Capabilities(max_reference_bytes=len(best.data) - 1))
    assert (less.width, less.height) == (500, 300)


async def test_a_limit_that_nothing_meets_is_said():
    with pytest.raises(PictureTooLarge) as refusal:
        await prepare_reference(
            encoded(noise(99, 99), "JPEG"), name=NAME, capabilities=Capabilities(max_reference_bytes=100)
        )
    assert refusal.value.facts == {"name": NAME, "limit": "0.0001 MB"}


# ---------------------------------------------------------------- results and previews


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF"])
async def test_a_result_stays_as_it_came(kind: str):
    data = encoded(four_corners(), kind)
    made = await validate_result(data)
    assert (made.data, made.media_type, made.width, made.height) == (data, sniff_media_type(data), 60, 40)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
async def test_a_moving_result_stays_and_every_frame_of_it_is_looked_at(kind: str):
    data = encoded(noise(90, 90), kind, save_all=True, append_images=[noise(90, 90), noise(90, 90)])
    assert (await validate_result(data)).data == data
    with pytest.raises(BadResult):
        await validate_result(data[: len(data) * 2 // 3])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF"])
async def test_a_preview_is_a_small_jpeg(kind: str):
    made = await prepare_preview(encoded(four_corners(1200, 800), kind))
    assert (made.media_type, made.width, made.height) == ("image/jpeg", 512, 341)
    assert all(map(is_close, corners(decoded(made)), [RED, GREEN, WHITE, BLUE]))
    assert len(made.data) < 20_000


async def test_a_preview_shows_the_first_frame_on_white_and_is_never_enlarged():
    source = Pillow.new("RGBA", (20, 10), (255, 0, 0, 0))
    data = encoded(source, "PNG", save_all=True, append_images=[four_corners(20, 10, "RGBA")])
    made = await prepare_preview(data, edge=64)
    assert (made.width, made.height) == (20, 10)
    assert is_close(decoded(made).getpixel((9, 5)), WHITE)


# ---------------------------------------------------------------- many at once


async def test_many_photos_at_once_stay_within_memory_and_leave_the_loop_free():
    data = encoded(Pillow.effect_noise((4000, 3000), 20).convert("RGB"), "JPEG", quality=75)
    capabilities = Capabilities(max_reference_edge=1024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = await asyncio.gather(*[prepare_reference(data, name=NAME, capabilities=capabilities) for _ in range(20)])
    assert {(each.width, each.height) for each in made} == {(1024, 768)}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kB; whole, 20 take a million


def test_pictures_work_in_one_loop_after_another():
    for _ in range(2):
        assert asyncio.run(validate_result(encoded(four_corners(), "PNG"))).width == 60
