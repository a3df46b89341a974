"""The line of a reply that is still growing: percentages and stages, as soon as they are certain.

Pure. What a complete line holds besides is read in `progress`.
"""

import re
from collections.abc import Callable

from bot.painting import PaintEvent, Progress, Stage, StageChanged
from bot.providers.chat.patterns import CHAIN, DOTTED, ENDING, NEXT, NEXT_ENDING, PERCENT, STAGES, to_half_width

MAX_STATUS_LINE_CHARS = 4096  # characters; a line that grows by dots for ten minutes stays below it
WINDOW_CHARS = 96  # characters before a mark that are looked at: a word, a progress bar, a number
MARKS = frozenset(".%％…")  # only at these can anything become certain before a line ends

_MARK = re.compile(r"[.%％…]")
_RANK = {Stage.QUEUED: 1, Stage.PAINTING: 2, Stage.SAVING: 3}


class LineScanner:
    """Takes a line piece by piece, then the next; percentages and stages never fall over all lines.

    `tells_nothing(head)`: whether a line that begins so is not to be read.
    `is_echo(words)`: whether the prompt contains the words.
    """

    def __init__(self, is_ignored: Callable[[str], bool], is_echo: Callable[[str], bool]) -> None:
        self._is_ignored = is_ignored
        self._is_echo = is_echo
        self._percent = -1.0
        self._rank = 0
        self._begin()

    def _begin(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._scanned_pieces = 0  # how many of the pieces have been looked at
        self._window = ""
        self._muted = False
        self._chained = False  # a number has come; the next may follow after dots alone

    def add_char(self, char: str) -> None:
        """One character that is neither a mark nor the end of the line."""
        self._pieces.append(char)
        self._length += 1

    def add_text(self, text: str, events: list[PaintEvent]) -> None:
        """Any text without the end of the line."""
        start = 0
        for mark in _MARK.finditer(text, 0, max(MAX_STATUS_LINE_CHARS - self._length, 0)):
            self._pieces.append(text[start : mark.end()])
            start = mark.end()
            self._scan_at_mark(events)
        if start < len(text):
            self._pieces.append(text[start:])
        self._length += len(text)

    def end_line(self, events: list[PaintEvent], *, cut: bool) -> str:
        """The line is over: returns it. `cut`: the reply broke off here, a last number may be half of one."""
        if 0 < self._length <= MAX_STATUS_LINE_CHARS and not cut:
            self._advance()
            if not self._muted:
                self._scan_at_end(events)
        line = "".join(self._pieces)
        self._begin()
        return line

    def report_percent(self, percent: float, events: list[PaintEvent]) -> None:
        """Notes a percentage, wherever it was read."""
        if self._percent < percent <= 100:
            self._percent = percent
            self._report_stage(Stage.PAINTING, events)
            events.append(Progress(percent))

    def _report_stage(self, stage: Stage, events: list[PaintEvent]) -> None:
        if _RANK[stage] > self._rank:
            self._rank = _RANK[stage]
            events.append(StageChanged(stage))

    def _advance(self) -> str:
        """Moves the window to the end of what has come; returns what is new in it."""
        piece = "".join(self._pieces[self._scanned_pieces :])
        if not self._scanned_pieces:
            self._muted = self._is_ignored(piece)
        self._scanned_pieces = len(self._pieces)
        self._window = (self._window + piece[-WINDOW_CHARS:])[-WINDOW_CHARS:]
        return piece

    def _scan_at_mark(self, events: list[PaintEvent]) -> None:
        """The line has come to a mark: what is certain now?"""
        piece = self._advance()
        if self._muted:
            return
        if self._chained and not CHAIN.fullmatch(piece):
            self._chained = False
        mark, before, further = self._window[-1], self._window[-2:-1], self._window[-3:-2]
        if mark in "%％":
            self._find_percent((PERCENT, NEXT), events)
        elif (mark == "." == before and further.isdigit()) or (mark == "…" and before.isdigit()):
            self._find_percent((DOTTED, NEXT), events)
        elif before not in ".…":  # the first dot of a row; the others add nothing
            self._find_stage(events)

    def _scan_at_end(self, events: list[PaintEvent]) -> None:
        self._find_percent((ENDING, NEXT_ENDING), events)
        self._find_stage(events)

    def _find_percent(self, forms: tuple[re.Pattern[str], re.Pattern[str]], events: list[PaintEvent]) -> None:
        window = to_half_width(self._window)
        first, following = forms
        if found := first.search(window):
            if self._is_echo(found[0]):
                self._muted = True
                return
        elif not self._chained or not (found := following.search(window)):
            return
        self._chained = True
        self.report_percent(float(found[1].replace(",", ".")), events)

    def _find_stage(self, events: list[PaintEvent]) -> None:
        window = to_half_width(self._window)
        for stage, words in STAGES:
            if _RANK[stage] <= self._rank:
                return  # known, as are all that follow
            if words.search(window):
                if not self._is_echo(window.lstrip("> ")):
                    self._report_stage(stage, events)
                return
