"""What is taken off a body that was wrapped for its journey, and what is left alone."""

import base64
import gzip
import zlib

import pytest

from bot.downloads.content_encoding import PIECE_BYTES, decode_body, is_encoded
from bot.errors import FetchTooLarge
from tests.support.images import png

PICTURE = png("orange", (30, 20))
TEXT = base64.b64encode(PICTURE)
LONG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2000
SIGNED = b";chunk-signature=" + b"0" * 64
FRAMES = b"%x%b\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (20, SIGNED, PICTURE[:20], len(PICTURE) - 20, PICTURE[20:])


@pytest.mark.parametrize(
    ("body", "header", "is_encoded_", "decoded"),
    [
        (PICTURE, "gzip, deflate, aws-chunked, base64", False, PICTURE),
        (gzip.compress(PICTURE), "", True, PICTURE),
        (gzip.compress(PICTURE), "GZIP", True, PICTURE),
        (zlib.compress(PICTURE), "deflate", True, PICTURE),
        (b"\x1f\x8b no gzip", "gzip", True, b"\x1f\x8b no gzip"),
        (FRAMES, "aws-chunked", True, PICTURE),
        (FRAMES, "", False, FRAMES),
        (TEXT, "", True, PICTURE),
        (base64.encodebytes(PICTURE), "base64", True, PICTURE),
        (b"data:image/png;base64," + TEXT.rstrip(b"="), "", True, PICTURE),
        (base64.b64encode(LONG), "", True, LONG),
        (TEXT[:-3], "", True, TEXT[:-3]),
        (b"", "gzip", False, b""),
    ],
)
def test_the_bytes_decide(body: bytes, header: str, is_encoded_: bool, decoded: bytes) -> None:
    assert is_encoded(body, header) is is_encoded_
    assert decode_body(body, header, 10**6) == decoded


def test_no_body_grows_beyond_its_limit() -> None:
    assert len(base64.b64encode(LONG)) > PIECE_BYTES
    with pytest.raises(FetchTooLarge):
        decode_body(gzip.compress(bytes(1001)), "gzip", 1000)
    assert decode_body(gzip.compress(bytes(1000)), "gzip", 1000) == bytes(1000)
