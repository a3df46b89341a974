"""Parses reply text into painting events, in chunks of any size. Pure: no I/O, no clock.

The patterns are those that chat-style relays are known to send; `message_parts` finds images beside the text.

How a reply is parsed
- Line by line. Only percentages and stages are reported before their line is complete, and only from its first
  MAX_STATUS_LINE_CHARS. Each character is scanned a fixed number of times, so a reply of many megabytes in single
  characters costs linear time.
- A percentage follows a word for progress, with nothing but punctuation between them. It is certain at its
  `%`, at the second of the dots after it (`72..`), or at the end of the line: the 7 of `72%` is never 7 %.
- What the upstream repeats of the prompt is ignored: the line of keywords, fences, lines that are part of the
  prompt, and every percentage ("progress: 50%", with its word) and address that the prompt contains.
- Images are the markdown (or HTML) images outside of quoted lines, fences and reasoning; without those, bare image
  addresses; without those, download links. An image may be wrapped over lines, which `line_joiner` joins, its address
  may stand on a line of its own (`[1]: https://…`), and may be relative to the API's.
- A failure counts only when no image came: relays announce one and then try again.
"""

from collections.abc import Iterable, Iterator

from bot.painting import FinishedImage, Link, PaintEvent, Preview
from bot.providers.chat.last_resort import find_error_document, find_last_resort
from bot.providers.chat.line_joiner import LineJoiner
from bot.providers.chat.line_scanner import MARKS, WINDOW_CHARS, LineScanner
from bot.providers.chat.markdown_images import (
    find_image_labels,
    find_linked_labels,
    find_markdown_images,
    full_picture,
    html_images_to_markdown,
    parse_definition,
)
from bot.providers.chat.patterns import (
    DATA_URL_END,
    DATA_URL_PREFIX,
    DOWNLOAD_LABEL,
    IMAGE_LABEL,
    IMAGE_PATH,
    KEYWORDS_LABEL,
    MARKDOWN_LINK,
    REFUSAL,
    THINK_TAG,
    URL,
    normalize_for_comparison,
    to_half_width,
)
from bot.providers.chat.verdict import Verdict, VerdictBuilder, VerdictKind
from bot.providers.image_urls import MAX_URLS, clean_address

_MAX_LINKS_CHARS = 64 * 1024  # characters of a line, without its inline images, that are searched for links
_MAX_KEPT_CHARS = 8_000_000  # characters of a reply without a picture that are searched once more at its end
_MAX_TAGS = 250  # <think> tags of a line that are separated from its text; each takes some 10 µs
_MAX_TAG_OFFSET_CHARS = 4096  # characters; a <think> tag further on in a line is not searched for


class ReplyParser:
    """Parses one reply.

    An inline image is reported as `FinishedImage(Link(url="data:…"))`: decoding it is no work for the event loop.
    """

    def __init__(self, prompt: str = "", *, is_reasoning: bool = False) -> None:
        """`prompt`: as sent, to recognise its echo. `is_reasoning`: the text is the model's reasoning, which reports
        progress and failures but holds no images."""
        self._prompt = prompt
        self._comparable_prompt = normalize_for_comparison(prompt)
        self._is_reasoning = is_reasoning
        self._line = LineScanner(self._is_ignored, self._is_echo)
        self._joiner = LineJoiner()
        self._verdict = VerdictBuilder()
        # what surrounds the current line
        self._in_echo = False
        self._in_fence = False
        self._in_think_tag = False
        self._deferred_lines: list[str] = []  # lines of the fence or <think> tag that is open
        self._kept_lines: list[str] = []  # the whole reply, until a picture is found
        self._kept_chars = 0
        # addresses
        self._reference_urls: set[str] = set()  # references that the upstream has hosted
        self._picture_urls: set[str] = set()
        self._preview_urls: set[str] = set()
        self._labels: set[str] = set()  # of images whose addresses are defined on other lines
        self._definitions: dict[str, Link] = {}
        self._linked_labels: dict[str, str] = {}  # labels of links, by those of the thumbnails in them
        self._thumbnails: dict[str, Link] = {}  # by the labels of the links around them
        self._bare_urls: dict[str, None] = {}
        self._download_urls: dict[str, None] = {}

    def feed(self, text: str) -> list[PaintEvent]:
        """Adds the next chunk of the reply, of any length. Returns the events that became certain with it."""
        events: list[PaintEvent] = []
        if text == "\n":
            self._end_line(events)
            return events
        if len(text) == 1 and text not in MARKS:
            self._line.add_char(text)
            return events
        first, *rest = text.split("\n")
        self._line.add_text(first, events)
        for segment in rest:
            self._end_line(events)
            self._line.add_text(segment, events)
        return events

    def end_reply(self, *, cut: bool = False, accept_links: bool = True) -> list[PaintEvent | Verdict]:
        """Ends the reply. A Verdict, if any, comes last, and only where no image was found.

        `cut`: the connection broke, so an address at the very end may be incomplete and is ignored.
        `accept_links`: whether bare addresses and download links count as images when there are no others.
        """
        events: list[PaintEvent] = []
        *lines, last = [*self._joiner.add(self._line.end_line(events, cut=cut).strip()), *self._joiner.end()]
        self._parse_complete_lines(lines, events)
        self._parse_complete_lines([last], events, cut=cut)
        deferred, self._deferred_lines = self._deferred_lines, []
        for line in deferred:  # a fence or a tag that was never closed was none
            self._extract_images(line, events)
        for thumbnail in self._thumbnails.values():
            self._report_picture(thumbnail, events)
        if not self._picture_urls and accept_links:
            for url in self._bare_urls or self._download_urls:
                self._report_picture(Link(url=url), events)
        verdict = (
            None if self._picture_urls else self._search_again(self._verdict.build(), events, accept_links and not cut)
        )
        return [*events, verdict] if verdict else [*events]

    def _search_again(self, verdict: Verdict | None, events: list[PaintEvent], accept_links: bool) -> Verdict | None:
        """Reports the pictures of a reply that has none where pictures are; else its verdict, None: neither."""
        if self._is_reasoning or (verdict and verdict.kind in (VerdictKind.FAILED, VerdictKind.MODERATED)):
            return verdict
        text = "\n".join(self._kept_lines)
        for image in find_last_resort(text, self._is_reference) if accept_links else ():
            self._report_picture(image, events)
        error = None if self._picture_urls else find_error_document(text)
        if error is not None:
            return Verdict(VerdictKind.FAILED, error)
        return None if self._picture_urls else verdict

    # ------------------------------------------------------------ echoes

    def _is_echo(self, words: str) -> bool:
        return normalize_for_comparison(words) in self._comparable_prompt

    def _is_reference(self, url: str) -> bool:
        """Whether an address is in the prompt, or is the upstream's copy of a reference."""
        return url in self._reference_urls or url in self._prompt

    def _is_ignored(self, head: str) -> bool:
        echoing = self._in_echo and not head.lstrip().startswith(">")
        return (
            self._in_fence
            or echoing
            or self._joiner.in_base64
            or bool(KEYWORDS_LABEL.match(to_half_width(head[:WINDOW_CHARS])))
        )

    def _is_echo_line(self, body: str, *, quoted: bool) -> bool:
        """Whether the complete line only repeats the prompt."""
        if quoted:
            self._in_echo = False
        if KEYWORDS_LABEL.match(to_half_width(body[:WINDOW_CHARS])):
            self._reference_urls.update(URL.findall(body))
            self._in_echo = not self._prompt  # a known prompt's further lines are recognised by themselves
            return True
        return self._in_echo or (len(body) <= 2 * len(self._prompt) + 8 and self._is_echo(body))

    # ------------------------------------------------------------ complete lines

    def _end_line(self, events: list[PaintEvent]) -> None:
        self._parse_complete_lines(self._joiner.add(self._line.end_line(events, cut=False).strip()), events)

    def _parse_complete_lines(self, lines: Iterable[str], events: list[PaintEvent], *, cut: bool = False) -> None:
        for text in lines:
            quoted = text.startswith(">")
            body = text.lstrip("> \t")
            if not text:
                self._in_echo = False
            elif self._in_fence or not self._is_echo_line(body, quoted=quoted):
                if body.startswith("```"):
                    self._keep_line(text)
                    self._toggle_fence(body)
                elif self._in_fence:
                    self._deferred_lines.append(body)
                    self._keep_line(text)
                else:
                    self._keep_line(text)
                    self._parse_line(body, events, quoted=quoted, cut=cut)

    def _keep_line(self, text: str) -> None:
        if self._picture_urls or self._kept_chars > _MAX_KEPT_CHARS:
            self._kept_lines.clear()
        else:
            self._kept_lines.append(text)
            self._kept_chars += len(text)

    def _toggle_fence(self, body: str) -> None:
        if "```" not in body[3:]:  # else it begins and ends on one line
            self._in_fence = not self._in_fence
            self._deferred_lines.clear()

    def _parse_line(self, body: str, events: list[PaintEvent], *, quoted: bool, cut: bool) -> None:
        for part in self._outside_think_tags(body):
            if self._verdict.add_failure_line(part) or self._is_reasoning:
                continue
            if quoted:
                self._extract_links(part, events, quoted=True, cut=cut)
                if REFUSAL.search(part[:_MAX_TAG_OFFSET_CHARS]):
                    self._verdict.add_prose_line(part)
            else:
                rest = self._extract_images(part, events)
                self._match_definitions(rest, events)
                self._verdict.add_prose_line(self._extract_links(rest, events, quoted=False, cut=cut))

    def _outside_think_tags(self, body: str) -> Iterator[str]:
        if not self._in_think_tag and not THINK_TAG.search(body, 0, _MAX_TAG_OFFSET_CHARS):
            yield body
            return
        for part in THINK_TAG.split(body, maxsplit=_MAX_TAGS):
            if THINK_TAG.fullmatch(part):
                self._in_think_tag = not part.startswith("</")
                self._deferred_lines.clear()
            elif self._in_think_tag:
                self._deferred_lines.append(part)
                self._verdict.add_failure_line(part)
            else:
                yield part

    # ------------------------------------------------------------ addresses

    def _report_picture(self, image: Link, events: list[PaintEvent]) -> None:
        if len(self._picture_urls) >= MAX_URLS:
            return
        if not (image.url in self._picture_urls or self._is_reference(image.url) or self._is_reasoning):
            self._picture_urls.add(image.url)
            events.append(FinishedImage(image))

    def _extract_images(self, text: str, events: list[PaintEvent]) -> str:
        """Reports the markdown and HTML images; returns the text outside of them."""
        outside: list[str] = []
        at = 0
        text = html_images_to_markdown(text)
        for found in find_markdown_images(text):
            outside.append(text[at : found.begin])
            at = found.end
            if found.link_label:
                self._thumbnails[found.link_label] = found.image
                self._match_label(found.link_label, events)
            else:
                self._report_picture(found.image, events)
        return " ".join([*outside, text[at:]])

    def _match_definitions(self, text: str, events: list[PaintEvent]) -> None:
        """Reports images whose labels and definitions (`![a fox][1]`, `[1]: https://…`) are both known by now."""
        if "[" not in text or len(self._definitions) + len(self._labels) >= MAX_URLS:
            return
        if definition := parse_definition(text.strip()):
            self._definitions.setdefault(*definition)
        for label, linked, picture in find_linked_labels(text):
            self._linked_labels[label] = linked
            if picture:
                self._definitions.setdefault(linked, picture)
        new = [definition[0]] if definition else list(find_image_labels(text))
        self._labels.update([] if definition else new)
        for label in new:
            self._match_label(label, events)

    def _match_label(self, label: str, events: list[PaintEvent]) -> None:
        definition = self._definitions.get(label)
        if definition and label in self._thumbnails:
            self._report_picture(full_picture(self._thumbnails.pop(label), definition), events)
        elif definition and label in self._labels and label in self._linked_labels:
            linked = self._linked_labels.pop(label)
            self._labels.discard(label)
            self._thumbnails[linked] = definition
            self._match_label(linked, events)
        elif definition and label in self._labels:
            self._report_picture(definition, events)

    def _extract_links(self, text: str, events: list[PaintEvent], *, quoted: bool, cut: bool) -> str:
        """Reports previews, records links and bare addresses; returns the text outside of them."""
        if not quoted:  # before any pattern sees it: it may be megabytes long
            text = self._extract_data_url(text, cut=cut)
        is_whole, text = len(text) <= _MAX_LINKS_CHARS, text[:_MAX_LINKS_CHARS]
        for found in MARKDOWN_LINK.finditer(text):
            self._classify_link(found[1].strip(), clean_address(found[2]), events, quoted=quoted)
        if quoted:
            return ""
        rest = MARKDOWN_LINK.sub(" ", text)
        for found in URL.finditer(rest):
            url = clean_address(found[0].rstrip(".,;:!?*_"))
            if IMAGE_PATH.search(url) and not ((cut or not is_whole) and found.end() == len(rest)):
                self._bare_urls[url] = None
        return URL.sub(" ", rest)

    def _extract_data_url(self, text: str, *, cut: bool) -> str:
        """Records a bare data URL; returns the text without it."""
        begin = text.find(DATA_URL_PREFIX)
        if begin < 0:
            return text
        end = DATA_URL_END.search(text, begin)
        if end or not cut:
            self._bare_urls[text[begin : end.start() if end else None]] = None
        return text[:begin]

    def _classify_link(self, label: str, url: str, events: list[PaintEvent], *, quoted: bool) -> None:
        is_number = label.isdecimal()
        if is_number or "asyncdata" in url.split("/")[2].lower():
            if is_number and quoted:
                self._line.report_percent(float(label), events)
            if url not in self._preview_urls and len(self._preview_urls) < MAX_URLS and not self._is_reference(url):
                self._preview_urls.add(url)
                events.append(Preview(Link(url=url)))
        elif quoted:
            return
        elif DOWNLOAD_LABEL.search(label) or "/download" in url:
            self._download_urls[url] = None
        elif IMAGE_PATH.search(url):
            self._bare_urls[url] = None
        elif IMAGE_LABEL.search(label):
            self._download_urls[url] = None
