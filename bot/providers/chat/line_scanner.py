"""Scans the unfinished line of a reply for percentages and stages, and reports each as soon as it is certain.

Pure. Complete lines are parsed in `progress`.
"""

import re
from collections.abc import Callable

from bot.painting import PaintEvent, Progress, Stage, StageChanged
from bot.providers.chat.patterns import (
    NEXT_PERCENT,
    NEXT_PERCENT_AT_LINE_END,
    PERCENT,
    PERCENT_AT_LINE_END,
    PERCENT_BEFORE_DOTS,
    PERCENT_CHAIN,
    STAGES,
    to_half_width,
)

MAX_STATUS_LINE_CHARS = 4096  # characters; a line that grows by dots for ten minutes stays below it
WINDOW_CHARS = 96  # characters before a mark that are searched: a word, a progress bar, a number
MAX_SCANS = 5_000  # marks of one reply at which its window is searched; ten minutes of progress need some hundreds
MARKS = frozenset(".%％…")  # only at these can anything become certain before a line ends

_MARK = re.compile(r"[.%％…]")
_STAGE_RANKS = {Stage.QUEUED: 1, Stage.PAINTING: 2, Stage.SAVING: 3}


class LineScanner:
    """Scans lines one after another, each in pieces; percentages and stages never fall over all lines."""

    def __init__(self, is_ignored: Callable[[str], bool], is_echo: Callable[[str], bool]) -> None:
        """`is_ignored(head)`: whether a line that begins with `head` is skipped. `is_echo(words)`: whether the prompt
        contains the words."""
        self._is_ignored = is_ignored
        self._is_echo = is_echo
        self._percent = -1.0
        self._stage_rank = 0
        self._scans = 0
        self._reset_line()

    def _reset_line(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._scanned_pieces = 0  # number of pieces that the window has moved over
        self._window = ""
        self._skips_line = False
        self._in_percent_chain = False  # a percentage was found; the next may follow after dots alone

    def add_char(self, char: str) -> None:
        """Adds one character that is neither a mark nor the end of the line."""
        self._pieces.append(char)
        self._length += 1

    def add_text(self, text: str, events: list[PaintEvent]) -> None:
        """Adds text that does not contain the end of the line."""
        start = 0
        scanned = 0 if self._scans >= MAX_SCANS else max(MAX_STATUS_LINE_CHARS - self._length, 0)
        for mark in _MARK.finditer(text, 0, scanned):
            self._pieces.append(text[start : mark.end()])
            start = mark.end()
            self._scan_at_mark(events)
        if start < len(text):
            self._pieces.append(text[start:])
        self._length += len(text)

    def end_line(self, events: list[PaintEvent], *, cut: bool) -> str:
        """Ends the line and returns it. `cut`: the reply broke off here, so a number at the end may be half of one."""
        if 0 < self._length <= MAX_STATUS_LINE_CHARS and not cut and self._scans < MAX_SCANS:
            self._scans += 1
            self._advance_window()
            if not self._skips_line:
                self._scan_at_end(events)
        line = "".join(self._pieces)
        self._reset_line()
        return line

    def report_percent(self, percent: float, events: list[PaintEvent]) -> None:
        """Reports a percentage, wherever it was found, unless it is above 100 or not above the last one."""
        if self._percent < percent <= 100:
            self._percent = percent
            self._report_stage(Stage.PAINTING, events)
            events.append(Progress(percent))

    def _report_stage(self, stage: Stage, events: list[PaintEvent]) -> None:
        if _STAGE_RANKS[stage] > self._stage_rank:
            self._stage_rank = _STAGE_RANKS[stage]
            events.append(StageChanged(stage))

    def _advance_window(self) -> str:
        """Moves the window to the end of the line so far; returns the text that is new."""
        new_text = "".join(self._pieces[self._scanned_pieces :])
        if not self._scanned_pieces:
            self._skips_line = self._is_ignored(new_text)
        self._scanned_pieces = len(self._pieces)
        self._window = (self._window + new_text[-WINDOW_CHARS:])[-WINDOW_CHARS:]
        return new_text

    def _scan_at_mark(self, events: list[PaintEvent]) -> None:
        """Searches the window at a mark, where a percentage or a stage becomes certain."""
        self._scans += 1
        new_text = self._advance_window()
        if self._skips_line:
            return
        if self._in_percent_chain and not PERCENT_CHAIN.fullmatch(new_text):
            self._in_percent_chain = False
        mark, before, before_that = self._window[-1], self._window[-2:-1], self._window[-3:-2]
        if mark in "%％":
            self._find_percent((PERCENT, NEXT_PERCENT), events)
        elif (mark == "." == before and before_that.isdigit()) or (mark == "…" and before.isdigit()):
            self._find_percent((PERCENT_BEFORE_DOTS, NEXT_PERCENT), events)
        elif before not in ".…":  # the first dot of a row; the others add nothing
            self._find_stage(events)

    def _scan_at_end(self, events: list[PaintEvent]) -> None:
        self._find_percent((PERCENT_AT_LINE_END, NEXT_PERCENT_AT_LINE_END), events)
        self._find_stage(events)

    def _find_percent(self, patterns: tuple[re.Pattern[str], re.Pattern[str]], events: list[PaintEvent]) -> None:
        window = to_half_width(self._window)
        first, following = patterns
        if match := first.search(window):
            if self._is_echo(match[0]):
                self._skips_line = True
                return
        elif not self._in_percent_chain or not (match := following.search(window)):
            return
        self._in_percent_chain = True
        self.report_percent(float(match[1].replace(",", ".")), events)

    def _find_stage(self, events: list[PaintEvent]) -> None:
        window = to_half_width(self._window)
        for stage, words in STAGES:
            if _STAGE_RANKS[stage] <= self._stage_rank:
                return  # reported already, as are all that follow
            if words.search(window):
                if not self._is_echo(window.lstrip("> ")):
                    self._report_stage(stage, events)
                return
