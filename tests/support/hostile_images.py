"""Image files made to cost: a few bytes that claim many pixels, scans, frames or parts. Made in milliseconds."""

import io
import struct
import zlib
from typing import Any

import pillow_heif
from PIL import Image as Pillow

from tests.support.images import encode_image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def black_png(width: int, height: int, *, before: bytes = b"", colour: int = 2, pixels: bool = True) -> bytes:
    """A complete PNG that is all zeros: a few bytes a million pixels. `before`: chunks before the pixels. `colour`: its
    type, 0 (grey), 2 (RGB) or 6 (RGBA). Without `pixels` there are a million bytes of them, whatever the size."""
    channels = {0: 1, 2: 3, 6: 4}[colour]
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    packed, left = zlib.compressobj(9), (width * channels + 1) * height if pixels else 1_000_000
    data = bytearray()
    while left > 0:
        data += packed.compress(bytes(min(left, 1 << 20)))
        left -= 1 << 20
    data += packed.flush()
    body = png_chunk(b"IHDR", head) + before + png_chunk(b"IDAT", bytes(data)) + png_chunk(b"IEND", b"")
    return _SIGNATURE + body


def claiming_webp(kind: bytes, width: int, height: int) -> bytes:
    """A WebP of thirty to forty bytes that claims so many pixels and holds none. `kind`: the chunk that claims."""
    sizes = {
        b"VP8X": bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
        b"VP8L": b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little") + bytes(5),
        b"VP8 ": b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width & 0x3FFF, height & 0x3FFF),
    }
    body = b"WEBP" + kind + struct.pack("<I", len(sizes[kind])) + sizes[kind]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def scanned_jpeg(size: tuple[int, int], scans: int) -> bytes:
    """A progressive JPEG that goes over its pixels so many times: its last scan again and again."""
    data = encode_image(Pillow.new("RGB", size, "teal"), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    head, scan = data[:last], data[last:-2]
    return head + scan * (scans - head.count(b"\xff\xda")) + data[-2:]


def resized_avif(size: tuple[int, int], claimed: tuple[int, int]) -> bytes:
    """An AVIF of that size whose `ispe` box claims another."""
    data = encode_image(Pillow.new("RGB", size, "teal"), "AVIF", speed=10)
    return _claiming(data, claimed)


def resized_heic(size: tuple[int, int], claimed: tuple[int, int]) -> bytes:
    """A HEIC of that size whose `ispe` box claims another."""
    file, untyped = io.BytesIO(), pillow_heif
    made: Any = untyped.from_pillow(Pillow.new("RGB", size, "teal"))
    made.save(file)
    return _claiming(file.getvalue(), claimed)


def _claiming(data: bytes, claimed: tuple[int, int]) -> bytes:
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", *claimed) + data[at + 8 :]


def frames_apng(frames: int, size: tuple[int, int] = (1, 1)) -> bytes:
    """An APNG of so many one-coloured frames, each complete."""
    width, height = size
    pixels = zlib.compress((b"\0" + bytes(width * 3)) * height)
    parts = [_SIGNATURE, png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))]
    parts.append(png_chunk(b"acTL", struct.pack(">II", frames, 0)))
    for number in range(frames):
        sequence = 2 * number - 1 if number else 0
        parts.append(png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", sequence, width, height, 0, 0, 1, 10, 0, 0)))
        parts.append(
            png_chunk(b"fdAT", struct.pack(">I", sequence + 1) + pixels) if number else png_chunk(b"IDAT", pixels)
        )
    return b"".join([*parts, png_chunk(b"IEND", b"")])


def frames_gif(frames: int) -> bytes:
    """A GIF of so many frames of one pixel."""
    frame = b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0"
    return b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff" + frame * frames + b";"
