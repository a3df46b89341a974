"""Takes what was wrapped around a downloaded body off it: compression, the frames of an upload, base64. Pure.

A header is only a hint: result stores name encodings that the body does not have, and the bytes decide. Nothing grows
beyond the limit of the download, however small it was compressed.
"""

import binascii
import re
import zlib

from bot.errors import FetchTooLarge

PIECE_BYTES = 256 * 1024  # of base64 that are decoded at once: decoding holds the interpreter
_GZIP = b"\x1f\x8b"
_FRAME = re.compile(rb"([0-9a-fA-F]{1,8})(?:;chunk-signature=[0-9a-fA-F]{64})?\r\n")  # of S3's `aws-chunked`
# Base64 of a PNG, JPEG, WebP, GIF, AVIF or HEIC, bare or in a data URL
_BASE64 = re.compile(
    rb"\s*(?:data:[\w/.+;=-]{0,80};base64,\s*)?(?=iVBORw0KGgo|/9j/|UklGR|R0lGOD|AAAA[A-Za-z0-9+/]{2}Z0eXB)"
)


def is_encoded(body: bytes, header: str) -> bool:
    """Whether `decode_body` would change the body. `header`: its Content-Encoding."""
    return _is_compressed(body, header) or _is_framed(body, header) or _BASE64.match(body) is not None


def decode_body(body: bytes, header: str, limit: int) -> bytes:
    """The body without what is around it, at most `limit` bytes (> 0). `header`: its Content-Encoding. What cannot be
    decoded comes back as it is. Takes up to a second for the largest bodies: not for the event loop.

    Raises FetchTooLarge.
    """
    if _is_framed(body, header):
        body = _without_frames(body)
    if _is_compressed(body, header):
        body = _decompress(body, limit)
    if text := _BASE64.match(body):
        body = _decode_base64(body[text.end() :]) or body
    return body


def _is_compressed(body: bytes, header: str) -> bool:
    """Whether the body is compressed: gzip's magic number, whatever its header says; a head of zlib's where that names
    it."""
    if body.startswith(_GZIP):
        return True
    head = int.from_bytes(body[:2], "big")
    return "deflate" in header.lower() and head >> 8 & 0x0F == 8 and head % 31 == 0  # RFC 1950, 2.2


def _is_framed(body: bytes, header: str) -> bool:
    return "aws-chunked" in header.lower() and _FRAME.match(body) is not None


def _without_frames(body: bytes) -> bytes:
    parts, at = list[bytes](), 0
    while frame := _FRAME.match(body, at):
        at = frame.end() + int(frame[1], 16)
        parts.append(body[frame.end() : at])
        at += 2  # the line end behind it
    return b"".join(parts)


def _decompress(body: bytes, limit: int) -> bytes:
    decompressor = zlib.decompressobj(47)  # gzip or zlib, by its head
    try:
        plain = decompressor.decompress(body, limit + 1)
    except zlib.error:
        return body
    if len(plain) > limit:
        raise FetchTooLarge(detail=f"more than {limit} bytes after decompression")
    return plain


def _decode_base64(text: bytes) -> bytes | None:
    """The bytes behind base64, wrapped or not; None: it is broken."""
    decoded, rest = list[bytes](), b""
    for start in range(0, len(text), PIECE_BYTES):
        piece = rest + text[start : start + PIECE_BYTES].translate(None, b" \t\r\n=")
        whole = len(piece) // 4 * 4
        rest = piece[whole:]
        decoded.append(binascii.a2b_base64(piece[:whole]))
    try:
        decoded.append(binascii.a2b_base64(rest + b"=" * (-len(rest) % 4)))
    except binascii.Error:
        return None
    return b"".join(decoded)
