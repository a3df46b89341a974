"""The line of a reply that is still growing: percentages and stages, as soon as they are certain.

Pure. What a complete line holds besides is read in `progress`.
"""

import re
from collections.abc import Callable

from bot.painting import PaintEvent, Progress, Stage, StageChanged
from bot.providers.chat.patterns import CHAIN, DOTTED, ENDING, NEXT, NEXT_ENDING, PERCENT, STAGES, plain

STATUS_LINE = 4096  # characters; a line that grows by dots for ten minutes stays below it
WINDOW = 96  # characters before a mark that are looked at: a word, a progress bar, a number
MARKS = frozenset(".%％…")  # only at these can anything become certain before a line ends

_MARK = re.compile(r"[.%％…]")
_RANK = {Stage.QUEUED: 1, Stage.PAINTING: 2, Stage.SAVING: 3}


class GrowingLine:
    """Takes a line piece by piece, then the next; percentages and stages never fall over all lines.

    `tells_nothing(head)`: whether a line that begins so is not to be read.
    `is_echo(words)`: whether the prompt contains the words.
    """

    def __init__(self, tells_nothing: Callable[[str], bool], is_echo: Callable[[str], bool]) -> None:
        self._tells_nothing = tells_nothing
        self._is_echo = is_echo
        self._percent = -1.0
        self._rank = 0
        self._begin()

    def _begin(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._looked = 0  # how many of the pieces have been looked at
        self._window = ""
        self._muted = False
        self._chained = False  # a number has come; the next may follow after dots alone

    def add_quickly(self, char: str) -> None:
        """One character that is neither a mark nor the end of the line."""
        self._pieces.append(char)
        self._length += 1

    def add(self, text: str, said: list[PaintEvent]) -> None:
        """Any text without the end of the line."""
        start = 0
        for mark in _MARK.finditer(text, 0, max(STATUS_LINE - self._length, 0)):
            self._pieces.append(text[start : mark.end()])
            start = mark.end()
            self._look(said)
        if start < len(text):
            self._pieces.append(text[start:])
        self._length += len(text)

    def end(self, said: list[PaintEvent], *, cut: bool) -> str:
        """The line is over: returns it. `cut`: the reply broke off here, a last number may be half of one."""
        if 0 < self._length <= STATUS_LINE and not cut:
            self._advance()
            if not self._muted:
                self._look_at_end(said)
        line = "".join(self._pieces)
        self._begin()
        return line

    def reach(self, percent: float, said: list[PaintEvent]) -> None:
        """Notes a percentage, wherever it was read."""
        if self._percent < percent <= 100:
            self._percent = percent
            self._enter(Stage.PAINTING, said)
            said.append(Progress(percent))

    def _enter(self, stage: Stage, said: list[PaintEvent]) -> None:
        if _RANK[stage] > self._rank:
            self._rank = _RANK[stage]
            said.append(StageChanged(stage))

    def _advance(self) -> str:
        """Moves the window to the end of what has come; returns what is new in it."""
        piece = "".join(self._pieces[self._looked :])
        if not self._looked:
            self._muted = self._tells_nothing(piece)
        self._looked = len(self._pieces)
        self._window = (self._window + piece[-WINDOW:])[-WINDOW:]
        return piece

    def _look(self, said: list[PaintEvent]) -> None:
        """The line has come to a mark: what is certain now?"""
        piece = self._advance()
        if self._muted:
            return
        if self._chained and not CHAIN.fullmatch(piece):
            self._chained = False
        mark, before, further = self._window[-1], self._window[-2:-1], self._window[-3:-2]
        if mark in "%％":
            self._look_for_percent((PERCENT, NEXT), said)
        elif (mark == "." == before and further.isdigit()) or (mark == "…" and before.isdigit()):
            self._look_for_percent((DOTTED, NEXT), said)
        elif before not in ".…":  # the first dot of a row; the others add nothing
            self._look_for_stage(said)

    def _look_at_end(self, said: list[PaintEvent]) -> None:
        self._look_for_percent((ENDING, NEXT_ENDING), said)
        self._look_for_stage(said)

    def _look_for_percent(self, forms: tuple[re.Pattern[str], re.Pattern[str]], said: list[PaintEvent]) -> None:
        window = plain(self._window)
        first, following = forms
        if found := first.search(window):
            if self._is_echo(found[0]):
                self._muted = True
                return
        elif not self._chained or not (found := following.search(window)):
            return
        self._chained = True
        self.reach(float(found[1].replace(",", ".")), said)

    def _look_for_stage(self, said: list[PaintEvent]) -> None:
        window = plain(self._window)
        for stage, words in STAGES:
            if _RANK[stage] <= self._rank:
                return  # known, as are all that follow
            if words.search(window):
                if not self._is_echo(window.lstrip("> ")):
                    self._enter(stage, said)
                return
