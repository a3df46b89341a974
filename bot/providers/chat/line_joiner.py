"""Joins the lines of a reply over which one image of markdown is wrapped: base64, alt text, address, link. Pure.

Knows where an image is open; `progress` parses the joined lines.
"""

import re
from enum import Enum, auto

MAX_HELD_LINES = 8  # lines that are held for the end of an alt text or an address
MAX_HELD_CHARS = 4096  # their characters; a prompt as alt text has fewer
_DATA_URL = "data:image/"
_HTML_LINK_BEGUN = re.compile(r"<a\s(?:(?!</a>).)*$", re.IGNORECASE | re.DOTALL)  # around an image, to its end
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=_\-\s%\\]")  # line breaks may also be escaped
_NOT_BASE64_OR_BLANK = re.compile(r"[^A-Za-z0-9+/=_\-]")
_BRACKET = re.compile(r"[\[\]]")
_INLINE = re.compile(r"data:image/[^\"'`<>()]*+")  # a whole data URL, in markdown or HTML
_LINK_TEXT = r"[^\[\]]{0,80}"  # beside the thumbnail
_BEFORE_THUMBNAIL = re.compile(rf"\[{_LINK_TEXT}$")
_LINK_BEGUN = re.compile(
    rf"{_LINK_TEXT}(?:\]\s?(?:\([^()]*|\[[^\[\]]*)?)?"
)  # behind a thumbnail, of `](https://x.example/a.png)` or `][1]`
_LINK_ENDED = re.compile(rf"{_LINK_TEXT}\]\s?(?:\([^()]*\)|\[[^\[\]]*\])")
_CLOSERS = "\"'`<>()"  # of a data URL, in markdown or HTML


class LineJoiner:
    """Takes complete lines one after another, and gives them back, joined where they belong together.

    Base64 is joined without anything between its lines, everything else by line breaks. Each line is searched a fixed
    number of times.
    """

    def __init__(self) -> None:
        self._held: list[str] = []
        self._joins = 0  # lines that were added to the first one, but for those of base64
        self._in_markdown = False  # the base64 ends at a parenthesis, not at a blank
        self.in_base64 = False
        """Whether the next line may be base64."""

    def add(self, line: str) -> list[str]:
        """The lines that are complete with this one: none while an image is open."""
        if not self._held:
            may_begin = "![" in line or _DATA_URL in line or "[" in line[-82:] or "<a " in line[:MAX_HELD_CHARS]
            return self._begin(line) if may_begin else [line]
        return self._continue_base64(line) if self.in_base64 else self._continue_text(line)

    def end(self) -> list[str]:
        """The lines that were held when the reply ended: base64 joined, others as they came."""
        held = ["".join(self._held)] if self.in_base64 else self._held
        self._held, self._joins, self.in_base64 = [], 0, False
        return held

    def _begin(self, text: str, *, joins: int = 0) -> list[str]:
        """Holds a text at whose end an image is open, else gives it back. `joins`: lines that were joined to it."""
        data = _open_data_url(text)
        outline = _INLINE.sub("", text) if "<a " in text[:MAX_HELD_CHARS] else text  # the end of the link may be far
        if data < 0 and not _open_part(outline):
            return [text]
        self._held, self._joins = [text], joins
        self.in_base64 = data >= 0
        self._in_markdown = self.in_base64 and text[:data].rstrip(" \n<").endswith("(")
        return []

    def _continue_text(self, line: str) -> list[str]:
        """After an alt text, an address or a link that is open."""
        held = "\n".join(self._held)
        joined = f"{held}\n{line}"
        outline = _INLINE.sub("", joined)  # images of markdown without megabytes
        is_over = self._joins >= MAX_HELD_LINES - 1 or len(outline) > MAX_HELD_CHARS
        is_other_image = "![" in line and "![" in held
        if is_over or is_other_image or line.startswith((">", "```")):
            return [*self.end(), *self._begin(line)]
        if _open_data_url(joined) < 0:
            if _open_part(outline):
                self._held.append(line)
                self._joins += 1
                return []
            if _open_part(_INLINE.sub("", held)) is _Open.LINK and not _is_link_ended(outline):
                return [*self.end(), *self._begin(line)]
        joins = self._joins + 1
        self.end()
        return self._begin(joined, joins=joins)

    def _continue_base64(self, line: str) -> list[str]:
        end = (_NOT_BASE64 if self._in_markdown else _NOT_BASE64_OR_BLANK).search(line)
        is_closed = end is not None and end[0] in _CLOSERS
        is_whole = self._held[-1].endswith("=") and not self._in_markdown  # padded: what follows is something else
        if (is_whole and not (end and is_closed and end.start() == 0)) or (end and not is_closed):
            return [*self.end(), *self._begin(line)]
        if not line and not self._in_markdown:
            return [*self.end(), line]
        if end is None:
            self._held.append(line)
            return []
        joins = self._joins + 1
        self._held.append(line[: end.end()])
        [image] = self.end()
        rest = line[end.end() :]
        whole = image + rest
        begin = _next_image(whole, len(image)) if _DATA_URL in rest else -1
        if begin < 0:
            return self._begin(whole, joins=joins)  # the link around it may be open
        return [whole[:begin], *self._begin(whole[begin:])]


def _next_image(text: str, at: int) -> int:
    """Index, not below `at`, of the image whose base64 is open at the end of a text, or of the link around it; -1:
    there is none."""
    data = _open_data_url(text)
    if data < at:
        return -1
    begin = max(text.rfind("![", at, data), text.rfind("<img", at, data))
    begin = data if begin < 0 else begin
    link = _BEFORE_THUMBNAIL.search(text, at, begin) or _HTML_LINK_BEGUN.search(text, at, begin)
    return link.start() if link else begin


def _open_data_url(line: str) -> int:
    """Index of the data URL that is open at the end of a line; -1: there is none."""
    begin = -1 if line.startswith((">", "```")) else line.rfind(_DATA_URL)
    if begin < 0:
        return -1
    is_in_markdown = line[:begin].rstrip(" \n<").endswith("(")
    end = (_NOT_BASE64 if is_in_markdown else _NOT_BASE64_OR_BLANK).search(line, line.find(",", begin) + 1 or len(line))
    return -1 if end else begin


class _Open(Enum):
    """The part of the last image of a line that is open at its end."""

    IMAGE = auto()
    """Its alt text or its address, or an address may follow on the next line."""

    LINK = auto()
    """The link around it."""


def _open_part(line: str) -> _Open | None:
    """What is open at the end of a line; None: nothing."""
    begin = -1 if line.startswith((">", "```")) else line.rfind("![")
    if begin < 0:
        is_begun = _BEFORE_THUMBNAIL.search(line[-82:]) or _HTML_LINK_BEGUN.search(line[:MAX_HELD_CHARS])
        return _Open.LINK if is_begun else None
    alt_end = _closing_bracket(line, begin + 1)
    after = line[alt_end + 1 :].lstrip(" \n") if alt_end >= 0 else ""
    if not after:
        return _Open.IMAGE
    closer = {"(": ")", "[": "]"}.get(after[0], "")
    if closer not in after:
        return _Open.IMAGE
    is_linked = _BEFORE_THUMBNAIL.search(line, max(begin - 82, 0), begin)
    return _Open.LINK if closer and is_linked and _LINK_BEGUN.fullmatch(after, after.find(closer) + 1) else None


def _is_link_ended(line: str) -> bool:
    """Whether the last image of a line is a thumbnail with a whole link around it."""
    if "</a>" in line:
        return True
    begin = line.rfind("![")
    return begin >= 0 and _LINK_ENDED.match(line, line.find(")", begin) + 1) is not None


def _closing_bracket(line: str, begin: int) -> int:
    """Index of the bracket that closes the one at `begin`; -1: none does."""
    depth = 0
    for found in _BRACKET.finditer(line, begin):
        depth += 1 if found[0] == "[" else -1
        if depth == 0:
            return found.start()
    return -1
