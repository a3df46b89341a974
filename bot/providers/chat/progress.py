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
from bot.providers.chat.line_scanner import MARKS, WINDOW, GrowingLine
from bot.providers.chat.patterns import (
    ADDRESS,
    DOWNLOAD,
    INLINE,
    INLINE_END,
    KEYWORDS,
    LINK,
    PICTURE_PATH,
    REFUSAL,
    THINK,
    plain,
    squeeze,
)
from bot.providers.chat.verdict import Excuses, Verdict

_SCHEMES = ("http://", "https://", INLINE)
_PAIRS = 8  # parentheses within one address; more is no address
_HEAD = 4096  # characters; a tag for thoughts further on in a line is not looked for


class ReplyReader:
    """Reads one reply. `prompt`: what was sent, to recognise its echo.

    `thoughts`: the text is the model's reasoning, which tells progress and failures but holds no pictures.
    An inline picture comes as `Picture(Link(url="data:…"))`: decoding it is no work for the event loop.
    """

    def __init__(self, prompt: str = "", *, thoughts: bool = False) -> None:
        self._prompt = prompt
        self._squeezed = squeeze(prompt)
        self._thoughts = thoughts
        self._line = GrowingLine(self._tells_nothing, self._is_echo)
        self._excuses = Excuses()
        # where in the reply the line stands
        self._echoing = False
        self._fenced = False
        self._thinking = False
        self._held: list[str] = []  # lines of the fence or thought that is open
        # addresses
        self._foreign: set[str] = set()  # re-hosted references
        self._pictures: set[str] = set()
        self._previews: set[str] = set()
        self._bare: dict[str, None] = {}
        self._downloads: dict[str, None] = {}

    def feed(self, text: str) -> list[PaintEvent]:
        """The next piece of the reply, of any length. Returns what became certain with it."""
        said: list[PaintEvent] = []
        if text == "\n":
            self._end_line(said)
            return said
        if len(text) == 1 and text not in MARKS:
            self._line.add_quickly(text)
            return said
        first, *rest = text.split("\n")
        self._line.add(first, said)
        for segment in rest:
            self._end_line(said)
            self._line.add(segment, said)
        return said

    def close(self, *, cut: bool = False, links: bool = True) -> list[PaintEvent | Verdict]:
        """The reply has ended. A Verdict, if any, comes last, and only where no picture was found.

        `cut`: the connection broke, so an address at the very end may be incomplete and is not believed.
        `links`: whether bare addresses and download links may stand for a missing picture.
        """
        said: list[PaintEvent] = []
        self._end_line(said, cut=cut)
        held, self._held = self._held, []
        for line in held:  # a fence or a thought that never ended was none
            self._read_pictures(line, said)
        if not self._pictures and links:
            for url in self._bare or self._downloads:
                self._show(url, said)
        verdict = None if self._pictures else self._excuses.verdict()
        return [*said, verdict] if verdict else [*said]

    # ------------------------------------------------------------ echoes

    def _is_echo(self, words: str) -> bool:
        return squeeze(words) in self._squeezed

    def _is_known(self, url: str) -> bool:
        """An address that came from us, or from the upstream's copy of our references."""
        return url in self._foreign or url in self._prompt

    def _tells_nothing(self, head: str) -> bool:
        echoing = self._echoing and not head.lstrip().startswith(">")
        return self._fenced or echoing or bool(KEYWORDS.match(plain(head[:WINDOW])))

    def _skips_echo(self, body: str, *, quoted: bool) -> bool:
        """Whether the complete line only repeats what was asked for."""
        if quoted:
            self._echoing = False
        if KEYWORDS.match(plain(body[:WINDOW])):
            self._foreign.update(ADDRESS.findall(body))
            self._echoing = not self._prompt  # a known prompt's further lines are recognised by themselves
            return True
        return self._echoing or (len(body) <= 2 * len(self._prompt) + 8 and self._is_echo(body))

    # ------------------------------------------------------------ complete lines

    def _end_line(self, said: list[PaintEvent], *, cut: bool = False) -> None:
        text = self._line.end(said, cut=cut).strip()
        quoted = text.startswith(">")
        body = text.lstrip("> \t")
        if not text:
            self._echoing = False
        elif self._fenced or not self._skips_echo(body, quoted=quoted):
            if body.startswith("```"):
                self._toggle_fence(body)
            elif self._fenced:
                self._held.append(body)
            else:
                self._read_line(body, said, quoted=quoted, cut=cut)

    def _toggle_fence(self, body: str) -> None:
        if "```" not in body[3:]:  # else it begins and ends on one line
            self._fenced = not self._fenced
            self._held.clear()

    def _read_line(self, body: str, said: list[PaintEvent], *, quoted: bool, cut: bool) -> None:
        for part in self._outside_thoughts(body):
            if self._excuses.note_failure(part) or self._thoughts:
                continue
            if quoted:
                self._read_links(part, said, quoted=True, cut=cut)
                if REFUSAL.search(part[:_HEAD]):
                    self._excuses.note_prose(part)
            else:
                rest = self._read_pictures(part, said)
                self._excuses.note_prose(self._read_links(rest, said, quoted=False, cut=cut))

    def _outside_thoughts(self, body: str) -> Iterator[str]:
        if not self._thinking and not THINK.search(body, 0, _HEAD):
            yield body
            return
        for part in THINK.split(body):
            if THINK.fullmatch(part):
                self._thinking = not part.startswith("</")
                self._held.clear()
            elif self._thinking:
                self._held.append(part)
                self._excuses.note_failure(part)
            else:
                yield part

    # ------------------------------------------------------------ addresses

    def _show(self, url: str, said: list[PaintEvent]) -> None:
        if not (url in self._pictures or self._is_known(url) or self._thoughts):
            self._pictures.add(url)
            said.append(FinishedImage(Link(url=url)))

    def _read_pictures(self, text: str, said: list[PaintEvent]) -> str:
        """Shows the markdown images; returns what stands outside of them."""
        outside: list[str] = []
        at = 0
        for begin, end, url in _images(text):
            outside.append(text[at:begin])
            at = end
            self._show(url, said)
        return " ".join([*outside, text[at:]])

    def _read_links(self, text: str, said: list[PaintEvent], *, quoted: bool, cut: bool) -> str:
        """Notes previews, links and bare addresses; returns what stands outside of them."""
        for found in LINK.finditer(text):
            self._read_link(found[1].strip(), found[2], said, quoted=quoted)
        rest = LINK.sub(" ", text)
        if quoted:
            return ""
        rest = self._take_inline(rest, cut=cut)
        for found in ADDRESS.finditer(rest):
            url = found[0].rstrip(".,;:!?*_")
            if PICTURE_PATH.search(url) and not (cut and found.end() == len(rest)):
                self._bare[url] = None
        return ADDRESS.sub(" ", rest)

    def _take_inline(self, text: str, *, cut: bool) -> str:
        """Notes a bare data URL; returns the text without it."""
        begin = text.find(INLINE)
        if begin < 0:
            return text
        end = INLINE_END.search(text, begin)
        if end or not cut:
            self._bare[text[begin : end.start() if end else None]] = None
        return text[:begin]

    def _read_link(self, label: str, url: str, said: list[PaintEvent], *, quoted: bool) -> None:
        is_number = label.isdecimal()
        if is_number or "asyncdata" in url.split("/")[2].lower():
            if is_number and quoted:
                self._line.reach(float(label), said)
            if url not in self._previews and not self._is_known(url):
                self._previews.add(url)
                said.append(Preview(Link(url=url)))
        elif quoted:
            return
        elif DOWNLOAD.search(label) or "/download" in url:
            self._downloads[url] = None
        elif PICTURE_PATH.search(url):
            self._bare[url] = None


def _images(line: str) -> Iterator[tuple[int, int, str]]:
    """Where each complete markdown image of a line begins and ends, and its address."""
    at = 0
    while (begin := line.find("![", at)) >= 0 and (bracket := line.find("](", begin)) >= 0:
        start = bracket + 2
        end = _closing(line, start)
        if end < 0:
            return
        at = end + 1
        words = line[start:end].split(maxsplit=1)  # a title may follow the address
        url = words[0].strip("<>") if words else ""
        if url.startswith(_SCHEMES):
            yield begin, at, url


def _closing(line: str, start: int) -> int:
    """The parenthesis that closes an address, or -1; addresses may hold pairs of their own."""
    end = line.find(")", start)
    for _ in range(_PAIRS):
        if end < 0 or line.count("(", start, end) <= line.count(")", start, end):
            break
        end = line.find(")", end + 1)
    return end
