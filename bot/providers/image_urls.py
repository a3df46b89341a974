"""Finds the image in a JSON item (an address, inline base64, or both), completes addresses, decodes data URLs. Pure.

Does not look at the bytes of an image: `bot.pictures` does.
"""

import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

from bot.errors import BadResult
from bot.painting import Link
from bot.providers.http.json_safe import parse_json_documents

PIECE_CHARS = 256 * 1024  # of base64 decoded at once
MAX_URLS = 1000  # of one answer that are looked at; the most that anybody asks for is ten
MAX_RELATIVE_CHARS = 2048  # characters of an address without a host; base64 that begins with a slash is longer
MAX_LISTED_CHARS = 20_000  # characters of a text that may list several addresses
MIN_BARE_CHARS = 64  # characters of base64 in a field for addresses; any image has more
_MAX_DEPTH = 3  # tables inside of an item that are searched: {"image": {"source": {"data": …}}}
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NO_BASE64 = bytes(each for each in range(256) if each not in _BASE64)
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")  # RFC 4648, section 5
_ESCAPES = (("%2B", "+"), ("%2F", "/"), ("%3D", "="), ("%0A", ""), ("%0D", ""), ("%20", ""))  # of a data URL
_SCHEMES = ("http://", "https://", "data:")
_BARE_BASE64 = "data:;base64,"  # prefix for base64 that came without a data URL; the type is sniffed later
# How the base64 of a PNG, JPEG, WebP, GIF, AVIF or HEIC begins
_IMAGE_AS_BASE64 = re.compile(r"iVBORw0KGgo|/9j/|UklGR|R0lGOD|AAAA[A-Za-z0-9+/]{2}Z0eXB")
_BASE64_HEADER = re.compile(r"[\w./+;=-]{0,60}base64,\s*")  # of a data URL that lost its scheme
_AMPERSAND = re.compile(r"&(?:(?:amp|#38|#x26);)+|\\u0026", re.IGNORECASE)  # escaped, once or twice
_IMAGE_FILE = re.compile(r"\.(?:png|jpe?g|webp|gif|avif|heic|bmp)(?:$|[?#])", re.IGNORECASE)
_VERSION = re.compile(r"/v\d+(?:beta\d*)?$")

_INLINE_FIELDS = ("b64_json", "b64", "base64", "image_base64")
_ADDRESS_FIELDS = ("inline_data", "inlineData", "image_url", "imageUrl", "url", "image", "source", "download_url")
_MEDIA_TYPE_FIELDS = ("mime_type", "mimeType", "media_type", "mediaType")
_LISTED = re.compile(r"\s*[,;\n]\s*(?=https?://)")  # between addresses that a text lists
_MARKDOWN_ADDRESS = re.compile(r"!\[[^\[\]]{0,200}\]\(\s{0,3}<?([^\s<>()]+)")  # in a field of a document
_MAX_MARKDOWN_CHARS = 64 * 1024
_MAX_SEARCH_DEPTH = 7  # levels of a document that are searched: {"data": {"result": {"images": [{"image": {"url": …
# Names of fields, without underscores and case, whose addresses are those of results, …
_RESULTS = frozenset(
    {
        "data", "image", "images", "imageurl", "imageurls", "img", "imgs", "imgurl", "imgurls", "link", "output",
        "outputs", "outputurl", "picture", "pictures", "result", "results", "resulturl", "resulturls", "src", "uri",
        "url", "urls", "fileurl", "downloadurl", "artifacts", "content", "sample",
    }
)  # fmt: skip
# … which repeat the request, and which may do that.
_INPUTS = frozenset(
    {
        "input", "inputs", "request", "params", "parameters", "requestparams", "prompt", "references", "reference",
        "referenceimages", "referenceimage", "mask", "maskurl", "callback", "callbackurl", "webhook", "links",
        "thought", "error", "errors",
    }
)  # fmt: skip
_PERHAPS_INPUTS = frozenset({"imageurls", "thumbnail", "thumbnailurl", "preview", "previewurl"})
_DRAFT_MARKS = ("thought", "is_thought", "draft", "is_draft")
_DRAFT_TYPES = ("thought", "thinking", "reasoning", "draft")  # beginnings, of `reasoning.image` as well


# ---------------------------------------------------------------- items


def find_images(items: Iterable[object]) -> list[Link]:
    """The images in a list of items of any of the known shapes: one an item, however often it is in it. Of at most
    MAX_URLS items; drafts are left out where a finished image is beside them."""
    taken = [each for _, each in zip(range(MAX_URLS), _one_by_one(items), strict=False)]
    finished = _images_of(item for item in taken if not is_draft(item))
    return finished or _images_of(taken)[-1:]


def find_image(item: object) -> Link | None:
    """The image in an item, None: there is none. Inline bytes are preferred to an address of the same image, which
    may have expired, refuse, or not be there yet; the address is the fallback for bytes that are broken."""
    urls = list(dict.fromkeys(_addresses(item)))
    urls.sort(key=lambda url: not url.startswith("data:"))
    image: Link | None = None
    for url in reversed(urls):
        image = Link(url=url, fallback=image)
    return image


def find_images_anywhere(document: object) -> list[Link]:
    """The images of a document whose shape nobody knows: the first list or object with any, the outermost first. What
    the upstream repeats of the request is left out."""
    return _search(document, _INPUTS | _PERHAPS_INPUTS) or _search(document, _INPUTS)


def find_field(document: object, names: Sequence[str]) -> str | int | None:
    """The text or number in the first field with one of these names (without underscores and case), the outermost
    first; None: there is none."""
    level: list[tuple[str, object]] = [("", document)]
    for _ in range(_MAX_SEARCH_DEPTH):
        level = [each for name, value in level for each in _fields(name, value) if each[0] not in _INPUTS][:MAX_URLS]
        for wanted in names:
            for name, value in level:
                if name == wanted and isinstance(value, str | int) and not isinstance(value, bool):
                    return value
    return None


def _search(document: object, left_out: frozenset[str]) -> list[Link]:
    level: list[tuple[str, object]] = [("data", document)]
    for _ in range(_MAX_SEARCH_DEPTH):
        for name, value in level:
            if found := _images_in_field(name, value):
                return found
        inner = (each for name, value in level for each in _fields(name, value) if each[0] not in left_out)
        level = [each for _, each in zip(range(MAX_URLS), inner, strict=False)]
    return []


def _images_in_field(name: str, value: object) -> list[Link]:
    """The images of one field. An address that does not look like one of an image counts in a field for results."""
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    taken = [each for _, each in zip(range(MAX_URLS), items, strict=False)]
    if name not in _RESULTS:
        taken = [each for each in taken if not isinstance(each, str) or _is_surely_image(each)]
    return find_images(taken)


def _is_surely_image(text: str) -> bool:
    return parse_image_url(text) is not None and (not text.startswith("http") or _IMAGE_FILE.search(text) is not None)


def _fields(name: str, value: object) -> Iterator[tuple[str, object]]:
    """The fields of an object by their names without underscores and case, the items of a list by that of the list,
    and the document in a text."""
    if isinstance(value, Mapping):
        for each, inner in cast(Mapping[str, Any], value).items():
            yield each.lower().replace("_", ""), inner
    elif isinstance(value, list):
        yield from ((name, each) for each in cast("list[object]", value))
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        yield from ((name, each) for each in parse_json_documents(value))
    elif isinstance(value, str):
        yield from (("url", found[1]) for found in _MARKDOWN_ADDRESS.finditer(value, 0, _MAX_MARKDOWN_CHARS))


def is_draft(item: object) -> bool:
    """Whether an item is marked as one of the model's thoughts, not as its answer."""
    table = _table(item)
    google = _table(_table(table.get("extra_content")).get("google"))  # Google's OpenAI-compatible endpoint
    marks = (*map(table.get, _DRAFT_MARKS), google.get("thought"))
    return True in marks or _text(table.get("type")).startswith(_DRAFT_TYPES)


def _images_of(items: Iterable[object]) -> list[Link]:
    return list(dict.fromkeys(image for item in items if (image := find_image(item))))


def _one_by_one(items: Iterable[object]) -> Iterator[object]:
    """The items; one with a list of addresses (`{"url": ["…", "…"]}`) as so many."""
    for item in items:
        table = _table(item)
        if isinstance(item, str) and item.startswith("http") and len(item) <= MAX_LISTED_CHARS:
            yield from _LISTED.split(item)
            continue
        lists = [cast("list[object]", each) for name in _ADDRESS_FIELDS if isinstance(each := table.get(name), list)]
        yield from lists[0] if lists else [item]


def _addresses(item: object, depth: int = 0) -> Iterator[str]:
    """All addresses and data URLs of the one image in an item."""
    if isinstance(item, str):
        if url := parse_image_url(item):
            yield url
        return
    if depth >= _MAX_DEPTH:
        return
    table = _table(item)
    is_data_inline = depth > 0 or any(name in table for name in _MEDIA_TYPE_FIELDS)
    for name in (*_INLINE_FIELDS, "data") if is_data_inline else _INLINE_FIELDS:
        if encoded := _text(table.get(name)).strip():
            yield _inline_url(encoded)
    for name in _ADDRESS_FIELDS:
        if value := table.get(name):
            yield from _addresses(value, depth + 1)


def _inline_url(encoded: str) -> str:
    """The data URL of a field for base64, in which some relays put a data URL or an address."""
    if encoded[:8].lower().startswith(_SCHEMES):
        return clean_address(encoded)
    header = _BASE64_HEADER.match(encoded)
    return _BARE_BASE64 + (encoded[header.end() :] if header else encoded)


# ---------------------------------------------------------------- addresses


def parse_image_url(text: str) -> str | None:
    """The address or data URL that a text is; an address may be relative. None: it is neither."""
    text = text.strip()
    if text[:8].lower().startswith(_SCHEMES):
        return clean_address(text)
    if len(text) >= MIN_BARE_CHARS and _IMAGE_AS_BASE64.match(text):
        return _BARE_BASE64 + text
    return clean_address(text) if is_relative_address(text) else None


def is_relative_address(text: str) -> bool:
    """Whether a text is an address without a scheme: a path that begins with a slash or dots, or that names an image
    file."""
    if len(text) > MAX_RELATIVE_CHARS or any(each.isspace() for each in text) or ":" in text.partition("/")[0]:
        return False
    return text.startswith(("/", "./", "../")) or _IMAGE_FILE.search(text) is not None


def clean_address(text: str) -> str:
    """An address as it is meant: `&amp;` is an ampersand. A data URL is left alone."""
    return text if text[:5].lower() == "data:" else _AMPERSAND.sub("&", text)


def complete_link(link: Link, base_url: str) -> Link:
    """The link with whole addresses: relative ones against the API's base address, with every part of its path that
    they may be relative to."""
    fallback = complete_link(link.fallback, base_url) if link.fallback else None
    if link.url[:8].lower().startswith(_SCHEMES):
        return Link(url=link.url, mirrors=link.mirrors, fallback=fallback)
    first, *mirrors = dict.fromkeys(_complete_addresses(link.url, base_url))
    return Link(url=first, mirrors=(*mirrors, *link.mirrors), fallback=fallback)


def _complete_addresses(address: str, base_url: str) -> Iterator[str]:
    parts = urlsplit(base_url)
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # never with the operator's password
    if address.startswith("//"):
        yield f"{parts.scheme}:{address}"
        return
    path = parts.path.rstrip("/")
    prefixes = ["", _VERSION.sub("", path), path]  # what follows the host, a proxy's prefix, the whole base address
    for prefix in prefixes if address.startswith("/") else reversed(prefixes):
        yield urljoin(f"{origin}{prefix}/", "./" + address.lstrip("/"))


# ---------------------------------------------------------------- data URLs


def decode_data_url(url: str) -> bytes:
    """The bytes of a data URL: with the alphabet of base64 or the one for URLs, wrapped or not, padded or not.

    Raises BadResult when it is not base64, or empty.
    """
    header, comma, encoded = url.partition(",")
    if not comma or "base64" not in map(str.strip, header.lower().split(";")[1:]):
        raise BadResult(detail="a data URL without base64")
    if "%" in encoded[:PIECE_CHARS] or "%" in encoded[-8:]:
        for escape, char in _ESCAPES:
            encoded = encoded.replace(escape, char).replace(escape.lower(), char)
    if "\\" in encoded[:PIECE_CHARS]:  # escaped once more than JSON needs
        encoded = encoded.replace("\\n", "").replace("\\r", "")
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
        text = encoded[start : start + PIECE_CHARS].encode("ascii")
        piece = rest + text.translate(_FROM_URL_SAFE).translate(None, _NO_BASE64)
        whole = len(piece) // 4 * 4
        rest = piece[whole:]
        yield binascii.a2b_base64(piece[:whole])
    yield binascii.a2b_base64(rest + b"=" * (-len(rest) % 4))


def _table(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
