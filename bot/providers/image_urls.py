"""Finds the image in a JSON item (a link or inline base64), and decodes data URLs. Pure.

Does not look at the bytes of an image: `bot.pictures` does.
"""

import binascii
from collections.abc import Iterator, Mapping
from typing import Any, cast

from bot.errors import BadResult

PIECE_CHARS = 256 * 1024  # of base64 decoded at once
MAX_URLS = 1000  # of one answer that are looked at; the most that anybody asks for is ten
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NO_BASE64 = bytes(each for each in range(256) if each not in _BASE64)
_SCHEMES = ("http://", "https://", "data:")
_BARE_BASE64 = "data:;base64,"  # prefix for base64 that came without a data URL; the type is sniffed later


def find_image_urls(item: object) -> Iterator[str]:
    """The addresses of the image in an item of a list of parts, in any of the known shapes: links or data URLs."""
    if isinstance(item, str):
        if item.startswith(_SCHEMES):
            yield item
        return
    table = _table(item)
    image = table.get("image_url")
    url = _text(image) or _text(_table(image).get("url")) or _text(table.get("url"))
    if url.startswith(_SCHEMES):
        yield url
    if encoded := _text(table.get("b64_json")):
        yield encoded if encoded.startswith("data:") else _BARE_BASE64 + encoded
    inline = _table(table.get("inline_data")) or _table(table.get("inlineData"))
    if encoded := _text(inline.get("data")):
        yield _BARE_BASE64 + encoded


def decode_data_url(url: str) -> bytes:
    """The bytes of a data URL.

    Raises BadResult when it is not base64, or empty.
    """
    header, comma, encoded = url.partition(",")
    if not comma or not header.endswith(";base64"):
        raise BadResult(detail="a data URL without base64")
    try:
        data = b"".join(_decode_pieces(encoded.rstrip("=")))
    except (binascii.Error, ValueError) as exc:
        raise BadResult(detail="broken base64") from exc
    if not data:
        raise BadResult(detail="an empty data URL")
    return data


def _decode_pieces(encoded: str) -> Iterator[bytes]:
    """The bytes behind base64 without padding, which some relays leave out. In pieces: decoding holds the interpreter.
    What is no character of the alphabet is ignored, as `base64` does."""
    rest = b""
    for start in range(0, len(encoded), PIECE_CHARS):
        piece = rest + encoded[start : start + PIECE_CHARS].encode("ascii").translate(None, _NO_BASE64)
        whole = len(piece) // 4 * 4
        rest = piece[whole:]
        yield binascii.a2b_base64(piece[:whole])
    yield binascii.a2b_base64(rest + b"=" * (-len(rest) % 4))


def _table(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
