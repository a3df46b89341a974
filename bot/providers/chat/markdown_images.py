"""Finds the images in a line of markdown, and what is meant by an address as models and relays write it. Pure.

Images of HTML are made images of markdown first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.painting import Link
from bot.providers.chat.patterns import IMAGE_PATH
from bot.providers.image_urls import clean_address, is_relative_address, parse_image_url

MAX_IMAGES_A_LINE = 250  # that are looked at: each takes some 30 µs, and a line may be megabytes long
MAX_ADDRESS_CHARS = 8192  # of one that is no data URL; a signed one has one or two thousand
_MAX_URL_PARENTHESES = 8  # pairs of parentheses within one address; with more it is no address
_SCHEMES = ("http://", "https://", "data:image/")
_BEFORE_ADDRESS = re.compile(r"\][ \n]?\(")
# In `[![](thumbnail)](picture)` and `[Look: ![](thumbnail) larger][1]`
_BEFORE_THUMBNAIL = re.compile(r"\[[^\[\]]{0,80}$")
_AFTER_THUMBNAIL = re.compile(r"[^\[\]]{0,80}\](?:[ \n]?\(|[ \n]?\[([^\[\]]{1,200})\])")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")  # `\_`, which markdown allows before any punctuation
_BASE64_HEADER = re.compile(
    r"(?:data:)?(?:image/[\w.+-]{1,20}|application/octet-stream)?;?\s*base64,\s*", re.IGNORECASE
)
_REFERENCE = re.compile(r"!\[([^\[\]]*+)\](?:[ \n]?\[([^\[\]]*+)\])?+(?![ \n]?\()")  # `![a fox][image1]`, `![image1]`
_DEFINITION = re.compile(r"\[([^\[\]]{1,200})\]:\s*(\S.*)", re.DOTALL)  # `[image1]: https://x.example/a.png`
# `[![a fox][2]][1]`, `[![a fox][2]](https://x.example/a.png)`: what begins it, the image, the link
_LINKED_REFERENCE = re.compile(
    r"\[[^\[\]]{0,80}!\[([^\[\]]*+)\](?:[ \n]?\[([^\[\]]*+)\])?+[^\[\]]{0,80}\]"
    r"[ \n]?(?:\[([^\[\]]{1,200})\]|(?=\())"
)
_TITLE = re.compile(r"""\s+(?:"[^"]*"|'[^']*'|\([^()]*\))$""")
_QUOTE = re.compile("[\"']")  # begins a title
_LINE_BREAK = re.compile(r"\s*\n\s*")
_HTML_IMAGE = re.compile(r"<img\b([^<>]*+)>", re.IGNORECASE)
_HOME_PAGE = re.compile(r"https?://[^/?#]*/?")
_HTML_LINKED_IMAGE = re.compile(
    r"<a\b([^<>]*+)>(?:\s|<(?!/?a\b)[^<>]*+>)*+(!\[\]\([^()]*+\))(?:\s|<(?!/?a\b)[^<>]*+>)*+</a>", re.IGNORECASE
)
_HTML_ADDRESS = re.compile(r"""\b(?:src|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MarkdownImage:
    """An image in a line."""

    begin: int
    """Index of its first character, that of the link around it if there is one."""

    end: int
    """Index behind its last character."""

    image: Link
    """What it shows; where it is a thumbnail that links to the picture, that picture."""

    link_label: str = ""
    """Label of the link around it, whose address stands on another line; empty: there is no such link."""


def find_markdown_images(line: str) -> Iterator[MarkdownImage]:
    """The complete images of a line that hold an address, in order, of the first MAX_IMAGES_A_LINE. Those that nobody
    can open are left out."""
    at = 0
    for _ in range(MAX_IMAGES_A_LINE):
        begin = line.find("![", at)
        if begin < 0:
            return
        if reference := _REFERENCE.match(line, begin):
            at = reference.end()
            continue
        bracket = _BEFORE_ADDRESS.search(line, begin)
        if bracket is None:
            return
        end = _closing_parenthesis(line, bracket.end())
        if end < 0:
            return
        at = end + 1
        if image := parse_address(line[bracket.end() : end]):
            opened = _BEFORE_THUMBNAIL.search(line, max(begin - 82, 0), begin)
            linked = _AFTER_THUMBNAIL.match(line, at) if opened else None
            if opened and linked and linked[1]:
                yield MarkdownImage(opened.start(), linked.end(), image, _label(linked[1]))
                at = linked.end()
                continue
            link_end = _closing_parenthesis(line, linked.end()) if linked else -1
            if opened and linked and link_end >= 0:
                begin, at = opened.start(), link_end + 1
                image = full_picture(image, parse_address(line[linked.end() : link_end]))
            yield MarkdownImage(begin, at, image)


def find_image_labels(line: str) -> Iterator[str]:
    """The labels of the images of a line whose addresses are defined on lines of their own, in order."""
    for found in _REFERENCE.finditer(line):
        if label := _label(found[2] or found[1]):
            yield label


def find_linked_labels(line: str) -> Iterator[tuple[str, str, Link | None]]:
    """The labels of the images of a line that are thumbnails, each with the label of the link around it; where the
    line has the address of that, with its picture, and the address as its label."""
    for found in _LINKED_REFERENCE.finditer(line):
        label = _label(found[2] or found[1])
        if found[3]:
            yield label, _label(found[3]), None
            continue
        end = _closing_parenthesis(line, found.end() + 1)
        if end >= 0 and (picture := parse_address(line[found.end() + 1 : end])):
            yield label, picture.url, picture


def parse_definition(line: str) -> tuple[str, Link] | None:
    """A label and the address that a line gives it; None: it is no such line, or the address is none of an image."""
    found = _DEFINITION.fullmatch(line)
    image = parse_address(found[2]) if found else None
    return (_label(found[1]), image) if found and image else None


def _label(text: str) -> str:
    """A label as labels are compared: without differences of case and blanks."""
    return " ".join(text.split()).casefold()


def full_picture(thumbnail: Link, linked: Link | None) -> Link:
    """The picture behind a thumbnail; the thumbnail itself where it links to a website. Behind an address that may be
    a picture's or a page's, both: a page is no picture, and the thumbnail is taken at once."""
    if linked is None or linked.url == thumbnail.url or _HOME_PAGE.fullmatch(linked.url):
        return thumbnail
    is_sure = linked.url.startswith("data:") or IMAGE_PATH.search(linked.url)
    if is_sure or thumbnail.url.startswith("data:"):
        return Link(url=linked.url, mirrors=linked.mirrors, fallback=thumbnail)
    return Link(url=linked.url, mirrors=(*linked.mirrors, thumbnail.url, *thumbnail.mirrors))


def parse_address(text: str) -> Link | None:
    """The address between the parentheses of a link or an image: with a title, in angle brackets, with blanks or line
    breaks in it. Where blanks leave several readings, the others are mirrors. None: it is no address of an image."""
    text = text.strip()
    if text.startswith("<"):
        text = text[1:].partition(">")[0].strip()
    elif len(text) <= MAX_ADDRESS_CHARS:
        text = _TITLE.sub("", text)
    if text[:11].lower().startswith("data:image/"):
        return Link(url=_QUOTE.split(text, 1)[0].strip())
    header = _BASE64_HEADER.match(text)
    if text[:5].lower() == "data:" and not header:
        return None
    if header or len(text) > MAX_ADDRESS_CHARS:
        url = parse_image_url(text[header.end() if header else 0 :])
        return Link(url=url) if url and url.startswith("data:") else None
    text = _ESCAPED.sub(r"\1", _LINE_BREAK.sub("", text))
    first = text.partition(" ")[0]
    readings = [text.replace(" ", "%20"), first, text.replace(" ", "")]
    if IMAGE_PATH.search(first) or not IMAGE_PATH.search(text):
        readings = [first, *readings]  # what follows is a size: `![](https://x.example/a.png =512x512)`
    url, *mirrors = dict.fromkeys(map(clean_address, readings))
    if (inline := parse_image_url(text)) and inline.startswith("data:"):
        return Link(url=inline)
    is_path = "/" in url[:-1] and is_relative_address(url)  # not a file's name, which models make up
    if not is_path and not url[:8].lower().startswith(_SCHEMES):
        return None
    return Link(url=url, mirrors=tuple(mirrors))


def _closing_parenthesis(line: str, start: int) -> int:
    """Index of the parenthesis that closes an address, or -1; addresses may contain pairs of their own."""
    if line.startswith("<", start):
        start = max(line.find(">", start), start)
    end = line.find(")", start)
    for _ in range(_MAX_URL_PARENTHESES):
        if end < 0 or line.count("(", start, end) <= line.count(")", start, end):
            break
        end = line.find(")", end + 1)
    return end


def html_images_to_markdown(text: str) -> str:
    """The text with its HTML images, and links around them, as markdown."""
    if "<img" not in text and "<IMG" not in text:
        return text
    text = _HTML_IMAGE.sub(lambda tag: f"![]({_html_address(tag[1])})", text)
    return _HTML_LINKED_IMAGE.sub(lambda link: f"[{link[2]}]({_html_address(link[1])})", text)


def _html_address(attributes: str) -> str:
    found = _HTML_ADDRESS.search(attributes)
    return (found[1] or found[2] or found[3] or "") if found else ""
