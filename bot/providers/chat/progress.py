"""Reply text into painting events, however the text is cut. Pure: no I/O, no clock.

The forms are those that chat-style relays are known to send; pictures beside the text are read in `messages`.

How a reply is read
- Line by line. Only percentages and stages are read before their line is complete, and only from its first
  STATUS_LINE characters. Each character is looked at a fixed number of times, so a reply of many megabytes in
  single characters costs linear time.
- A percentage follows a word for progress, with nothing but punctuation between them. It is certain at its
  `%`, at the second of the dots after it (`72..`), or at the end of the line: the 7 of `72%` is never 7 %.
- What the upstream repeats of the prompt tells nothing: the line of keywords, fences, lines that stand in the
  prompt, and every percentage ("progress: 50%", with its word) and address that the prompt contains.
- Pictures are the markdown images outside of quoted lines, fences and thoughts; failing those, bare picture
  addresses; failing those, download links.
- A failure counts only when no picture came: relays announce one and then try again.
"""

from collections.abc import Iterator

from bot.painting import FinishedImage, Link, PaintEvent, Preview
from bot.providers.chat.line_scanner import MARKS, WINDOW_CHARS, LineScanner
from bot.providers.chat.patterns import (
    DATA_URL_END,
    DATA_URL_PREFIX,
    DOWNLOAD,
    KEYWORDS,
    MARKDOWN_LINK,
    PICTURE_PATH,
    REFUSAL,
    THINK,
    URL,
    normalize_for_comparison,
    to_half_width,
)
from bot.providers.chat.verdict import Verdict, VerdictBuilder

_SCHEMES = ("http://", "https://", DATA_URL_PREFIX)
_MAX_URL_PARENTHESES = 8  # parentheses within one address; more is no address
_MAX_TAG_OFFSET_CHARS = 4096  # characters; a tag for thoughts further on in a line is not looked for


class ReplyParser:
    """Reads one reply. `prompt`: what was sent, to recognise its echo.

    `thoughts`: the text is the model's reasoning, which tells progress and failures but holds no pictures.
    An inline picture comes as `Picture(Link(url="data:…"))`: decoding it is no work for the event loop.
    """

    def __init__(self, prompt: str = "", *, thoughts: bool = False) -> None:
        self._prompt = prompt
        self._comparable_prompt = normalize_for_comparison(prompt)
        self._thoughts = thoughts
        self._line = LineScanner(self._is_ignored, self._is_echo)
        self._verdict = VerdictBuilder()
        # where in the reply the line stands
        self._echoing = False
        self._fenced = False
        self._thinking = False
        self._deferred_lines: list[str] = []  # lines of the fence or thought that is open
        # addresses
        self._reference_urls: set[str] = set()  # re-hosted references
        self._picture_urls: set[str] = set()
        self._preview_urls: set[str] = set()
        self._bare_urls: dict[str, None] = {}
        self._download_urls: dict[str, None] = {}

    def feed(self, text: str) -> list[PaintEvent]:
        """The next piece of the reply, of any length. Returns what became certain with it."""
        said: list[PaintEvent] = []
        if text == "\n":
            self._end_line(said)
            return said
        if len(text) == 1 and text not in MARKS:
            self._line.add_char(text)
            return said
        first, *rest = text.split("\n")
        self._line.add_text(first, said)
        for segment in rest:
            self._end_line(said)
            self._line.add_text(segment, said)
        return said

    def finish(self, *, cut: bool = False, links: bool = True) -> list[PaintEvent | Verdict]:
        """The reply has ended. A Verdict, if any, comes last, and only where no picture was found.

        `cut`: the connection broke, so an address at the very end may be incomplete and is not believed.
        `links`: whether bare addresses and download links may stand for a missing picture.
        """
        said: list[PaintEvent] = []
        self._end_line(said, cut=cut)
        held, self._deferred_lines = self._deferred_lines, []
        for line in held:  # a fence or a thought that never ended was none
            self._read_pictures(line, said)
        if not self._picture_urls and links:
            for url in self._bare_urls or self._download_urls:
                self._report_picture(url, said)
        verdict = None if self._picture_urls else self._verdict.build()
        return [*said, verdict] if verdict else [*said]

    # ------------------------------------------------------------ echoes

    def _is_echo(self, words: str) -> bool:
        return normalize_for_comparison(words) in self._comparable_prompt

    def _is_reference(self, url: str) -> bool:
        """An address that came from us, or from the upstream's copy of our references."""
        return url in self._reference_urls or url in self._prompt

    def _is_ignored(self, head: str) -> bool:
        echoing = self._echoing and not head.lstrip().startswith(">")
        return self._fenced or echoing or bool(KEYWORDS.match(to_half_width(head[:WINDOW_CHARS])))

    def _is_echo_line(self, body: str, *, quoted: bool) -> bool:
        """Whether the complete line only repeats what was asked for."""
        if quoted:
            self._echoing = False
        if KEYWORDS.match(to_half_width(body[:WINDOW_CHARS])):
            self._reference_urls.update(URL.findall(body))
            self._echoing = not self._prompt  # a known prompt's further lines are recognised by themselves
            return True
        return self._echoing or (len(body) <= 2 * len(self._prompt) + 8 and self._is_echo(body))

    # ------------------------------------------------------------ complete lines

    def _end_line(self, events: list[PaintEvent], *, cut: bool = False) -> None:
        text = self._line.end_line(events, cut=cut).strip()
        quoted = text.startswith(">")
        body = text.lstrip("> \t")
        if not text:
            self._echoing = False
        elif self._fenced or not self._is_echo_line(body, quoted=quoted):
            if body.startswith("```"):
                self._toggle_fence(body)
            elif self._fenced:
                self._deferred_lines.append(body)
            else:
                self._read_line(body, events, quoted=quoted, cut=cut)

    def _toggle_fence(self, body: str) -> None:
        if "```" not in body[3:]:  # else it begins and ends on one line
            self._fenced = not self._fenced
            self._deferred_lines.clear()

    def _read_line(self, body: str, events: list[PaintEvent], *, quoted: bool, cut: bool) -> None:
        for part in self._outside_thoughts(body):
            if self._verdict.add_failure_line(part) or self._thoughts:
                continue
            if quoted:
                self._read_links(part, events, quoted=True, cut=cut)
                if REFUSAL.search(part[:_MAX_TAG_OFFSET_CHARS]):
                    self._verdict.add_prose_line(part)
            else:
                rest = self._read_pictures(part, events)
                self._verdict.add_prose_line(self._read_links(rest, events, quoted=False, cut=cut))

    def _outside_thoughts(self, body: str) -> Iterator[str]:
        if not self._thinking and not THINK.search(body, 0, _MAX_TAG_OFFSET_CHARS):
            yield body
            return
        for part in THINK.split(body):
            if THINK.fullmatch(part):
                self._thinking = not part.startswith("</")
                self._deferred_lines.clear()
            elif self._thinking:
                self._deferred_lines.append(part)
                self._verdict.add_failure_line(part)
            else:
                yield part

    # ------------------------------------------------------------ addresses

    def _report_picture(self, url: str, events: list[PaintEvent]) -> None:
        if not (url in self._picture_urls or self._is_reference(url) or self._thoughts):
            self._picture_urls.add(url)
            events.append(FinishedImage(Link(url=url)))

    def _read_pictures(self, text: str, events: list[PaintEvent]) -> str:
        """Shows the markdown images; returns what stands outside of them."""
        outside: list[str] = []
        at = 0
        for begin, end, url in _markdown_images(text):
            outside.append(text[at:begin])
            at = end
            self._report_picture(url, events)
        return " ".join([*outside, text[at:]])

    def _read_links(self, text: str, events: list[PaintEvent], *, quoted: bool, cut: bool) -> str:
        """Notes previews, links and bare addresses; returns what stands outside of them."""
        for found in MARKDOWN_LINK.finditer(text):
            self._read_link(found[1].strip(), found[2], events, quoted=quoted)
        rest = MARKDOWN_LINK.sub(" ", text)
        if quoted:
            return ""
        rest = self._read_data_url(rest, cut=cut)
        for found in URL.finditer(rest):
            url = found[0].rstrip(".,;:!?*_")
            if PICTURE_PATH.search(url) and not (cut and found.end() == len(rest)):
                self._bare_urls[url] = None
        return URL.sub(" ", rest)

    def _read_data_url(self, text: str, *, cut: bool) -> str:
        """Notes a bare data URL; returns the text without it."""
        begin = text.find(DATA_URL_PREFIX)
        if begin < 0:
            return text
        end = DATA_URL_END.search(text, begin)
        if end or not cut:
            self._bare_urls[text[begin : end.start() if end else None]] = None
        return text[:begin]

    def _read_link(self, label: str, url: str, events: list[PaintEvent], *, quoted: bool) -> None:
        is_number = label.isdecimal()
        if is_number or "asyncdata" in url.split("/")[2].lower():
            if is_number and quoted:
                self._line.report_percent(float(label), events)
            if url not in self._preview_urls and not self._is_reference(url):
                self._preview_urls.add(url)
                events.append(Preview(Link(url=url)))
        elif quoted:
            return
        elif DOWNLOAD.search(label) or "/download" in url:
            self._download_urls[url] = None
        elif PICTURE_PATH.search(url):
            self._bare_urls[url] = None


def _markdown_images(line: str) -> Iterator[tuple[int, int, str]]:
    """Where each complete markdown image of a line begins and ends, and its address."""
    at = 0
    while (begin := line.find("![", at)) >= 0 and (bracket := line.find("](", begin)) >= 0:
        start = bracket + 2
        end = _closing_parenthesis(line, start)
        if end < 0:
            return
        at = end + 1
        words = line[start:end].split(maxsplit=1)  # a title may follow the address
        url = words[0].strip("<>") if words else ""
        if url.startswith(_SCHEMES):
            yield begin, at, url


def _closing_parenthesis(line: str, start: int) -> int:
    """The parenthesis that closes an address, or -1; addresses may hold pairs of their own."""
    end = line.find(")", start)
    for _ in range(_MAX_URL_PARENTHESES):
        if end < 0 or line.count("(", start, end) <= line.count(")", start, end):
            break
        end = line.find(")", end + 1)
    return end
