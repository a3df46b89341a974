"""Files that carry provenance data as C2PA has it embedded: a chunk or a segment that decoders leave alone."""

import struct

from tests.support.hostile_images import png_chunk
from tests.support.images import plain_image

MANIFEST = b"\x00\x00\x00\x28jumb\x00\x00\x00\x20jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71\x03c2pa\x00"
SIZE = (64, 48)  # pixels


def png_with_manifest() -> bytes:
    """A PNG with the chunk `caBX` before its pixels."""
    made = plain_image("teal", "PNG", SIZE)
    at = made.index(b"IDAT") - 4
    return made[:at] + png_chunk(b"caBX", MANIFEST) + made[at:]


def jpeg_with_manifest() -> bytes:
    """A JPEG with an APP11 segment of JUMBF."""
    made = plain_image("teal", "JPEG", SIZE)
    body = b"JP\x00\x01\x00\x00\x00\x01" + MANIFEST
    return made[:2] + b"\xff\xeb" + struct.pack(">H", len(body) + 2) + body + made[2:]


def webp_with_manifest() -> bytes:
    """A WebP with the chunk `C2PA` at its end, which only the extended format may have."""
    made = plain_image("teal", "WEBP", SIZE)
    width, height = (side - 1 for side in SIZE)
    head = b"VP8X" + struct.pack("<I", 10) + bytes(4) + width.to_bytes(3, "little") + height.to_bytes(3, "little")
    padding = b"\0" * (len(MANIFEST) % 2)
    body = b"WEBP" + head + made[12:] + b"C2PA" + struct.pack("<I", len(MANIFEST)) + MANIFEST + padding
    return b"RIFF" + struct.pack("<I", len(body)) + body


FILES = {"PNG": png_with_manifest, "JPEG": jpeg_with_manifest, "WebP": webp_with_manifest}
