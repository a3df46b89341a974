"""Addresses that a text holds: found where people write them, and taken out without leaving a gap.

Pure. Whether an address is a picture's is for whoever opens it; nothing here decides what may be opened.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_SUFFIXES = r"\.(?:png|jpe?g|jfif|webp|gif|heic|heif|avif)"
_STOPS = r"\s<>\"“”«»，。！？；：、（）【】《》「」『』…"
_ADDRESS = re.compile(  # without a scheme only where a picture's suffix shows what is meant
    rf"(?<![0-9A-Za-z])https?://[^{_STOPS}]++"
    rf"|(?<![0-9A-Za-z_@/.:%+-])(?:[a-z0-9-]++\.)+[a-z]{{2,24}}+(?::\d{{2,5}})?/"
    rf"[^{_STOPS}]*{_SUFFIXES}(?![0-9A-Za-z_])(?:\?[^{_STOPS}]*+)?",
    re.IGNORECASE,
)
_HAS_HOST = re.compile(r"https?://[^/?#]", re.IGNORECASE)
# Chinese, Japanese and Korean words stand before and behind an address without a space; before its suffix they may
# belong to it.
_SUFFIX_BEFORE_WORDS = re.compile(rf"{_SUFFIXES}(?=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])", re.IGNORECASE)
_TRAILING = ".,!?;:'*`|~"  # of a sentence or of markup around it, and hardly ever of an address
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_SPOILER = ("||", "||")
_WRAPPERS = (
    _SPOILER,
    ("<", ">"),
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("**", "**"),
    ("`", "`"),
    ('"', '"'),
    ("'", "'"),
    ("“", "”"),
    ("«", "»"),
    ("（", "）"),
    ("「", "」"),
    ("《", "》"),
)
_LABEL_ENDS = ("](<", "](")
_MARKDOWN_END = re.compile(r">?(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'))?[ \t]*\)")
_GAP = "\x00"  # stands for what was taken out
_STOP_MARKS = ",.;:!?，。；：！？、"
_GAP_AT_START = re.compile(rf"^[ \t]*(?:{_GAP}[ \t]*)+[{_STOP_MARKS}]*[ \t]*", re.MULTILINE)
_GAP_BEFORE_STOP = re.compile(rf"[ \t]*(?:{_GAP}[ \t]*)+(?=[{_STOP_MARKS})]|$)", re.MULTILINE)
_GAP_ELSEWHERE = re.compile(rf"[ \t]*(?:{_GAP}[ \t]*)+")
_GIF_HOSTS = ("tenor.com", "giphy.com", "gph.is", "klipy.com")  # of the GIF pickers, whose pages are no files
_STILL_SUFFIXES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address in a text."""

    url: str
    """With its scheme."""

    start: int
    """Where it begins, together with what is wrapped around it alone; characters."""

    end: int
    """Where that ends; characters."""

    label: str = ""
    """What stays in its place: the words of a Markdown link."""

    spoiler: bool = False
    """Hidden until a reader asks to see it."""


def find_addresses(text: str) -> list[Address]:
    """The addresses of a text, in order."""
    found: list[Address] = []
    position = 0
    while (match := _ADDRESS.search(text, position)) is not None:
        written = _trim(match[0])
        position = match.start() + max(1, len(written))
        url = written if "://" in written[:8] else f"https://{written}"
        if _HAS_HOST.match(url):
            address = _locate(text, match.start(), match.start() + len(written), url)
            if found and found[-1].start >= address.start:  # it was the label of this one
                found.pop()
            found.append(address)
    return found


def remove_addresses(text: str, addresses: Sequence[Address]) -> str:
    """The text without these addresses, with the spaces and stops of a text that never had them."""
    text = text.replace(_GAP, "\ufffd")
    for each in sorted(addresses, key=lambda address: address.start, reverse=True):
        text = f"{text[: each.start]}{each.label or _GAP}{text[each.end :]}"
    for gap, left in ((_GAP_AT_START, ""), (_GAP_BEFORE_STOP, ""), (_GAP_ELSEWHERE, " ")):
        text = gap.sub(left, text)
    return text.strip()


def normalize_address(url: str) -> str:
    """A spelling by which two ways to write one address are the same."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no IPv6 address
        return url
    query = f"?{unquote(parts.query)}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc.lower()}{unquote(parts.path).rstrip('/')}{query}"


def is_gif_page(url: str) -> bool:
    """Whether it is what a GIF picker sends: a page that shows a moving picture."""
    try:
        host, path = urlsplit(url).hostname or "", urlsplit(url).path.lower()
    except ValueError:
        return False
    return any(host == each or host.endswith(f".{each}") for each in _GIF_HOSTS) and not path.endswith(_STILL_SUFFIXES)


def name_picture(url: str) -> str:
    """What to call the picture behind an address that could be opened: its file's name, else its host."""
    parts = urlsplit(url)
    return unquote(parts.path).rstrip("/").rpartition("/")[2] or parts.netloc


# ------------------------------------------------------------ within


def _trim(written: str) -> str:
    """What of a match is the address: not the stops, brackets and words behind it."""
    written = written.partition("](")[0]
    if (suffix := _SUFFIX_BEFORE_WORDS.search(written)) is not None:
        written = written[: suffix.end()]
    while written and (
        written[-1] in _TRAILING
        or (written[-1] in _BRACKETS and written.count(written[-1]) > written.count(_BRACKETS[written[-1]]))
    ):
        written = written[:-1]
    return written


def _locate(text: str, start: int, end: int, url: str) -> Address:
    """An address with what is wrapped around it: Markdown's link, brackets, quotes, a spoiler's bars."""
    label, spoiler = "", False
    opening = next((each for each in _LABEL_ENDS if text.endswith(each, 0, start)), None)
    closing = _MARKDOWN_END.match(text, end)
    if opening is not None and closing is not None and (bracket := text.rfind("[", 0, start - len(opening))) >= 0:
        label = text[bracket + 1 : start - len(opening)]
        label = "" if _ADDRESS.search(label) else label
        start, end = bracket - text.endswith("!", 0, bracket), closing.end()
    while (around := next((each for each in _WRAPPERS if _is_wrapped(text, start, end, *each)), None)) is not None:
        start, end = start - len(around[0]), end + len(around[1])
        spoiler = spoiler or around == _SPOILER
    return Address(url=url, start=start, end=end, label=label, spoiler=spoiler)


def _is_wrapped(text: str, start: int, end: int, left: str, right: str) -> bool:
    return text.endswith(left, 0, start) and text.startswith(right, end)
