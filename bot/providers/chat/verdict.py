"""Why a reply holds no picture: the failure it reports, or its prose. Pure.

Only asked when there is no picture: relays announce a failure and then try again.
"""

from dataclasses import dataclass
from enum import Enum

from bot.providers.chat.patterns import (
    AGAIN,
    ERRAND,
    FAILURE,
    LIMITED,
    PROGRESS_LINE,
    REASON,
    REFUSAL,
    RULES,
    STAGES,
    plain,
)
from bot.providers.http.quoting import quote

PROSE = 1000  # characters kept: a quote needs fewer
_LONGEST = 4096  # characters; no line that reports a failure is longer
_SHORT = 60  # characters; a longer line with words for a stage is prose about it


class Saying(Enum):
    """What a reply without a picture says."""

    FAILED = "failed"  # the relay reports a failure
    MODERATED = "moderated"  # … because of content rules
    BUSY = "busy"  # a limit of the moment: the same may succeed later
    REFUSED = "refused"  # prose instead of a picture


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why there is no picture, in the upstream's own words."""

    saying: Saying
    words: str


class Excuses:
    """Gathers what could explain a missing picture."""

    def __init__(self) -> None:
        self._failure: list[str] = []
        self._prose: list[str] = []

    def note_failure(self, line: str) -> bool:
        """Whether the line reports a failure, or gives the reason of the one before.

        The last failure counts, and one that is being tried again does not.
        """
        if len(line) > _LONGEST:
            return False
        words = plain(line)
        if self._failure and REASON.search(words):
            self._failure.append(line)
            return True
        if not FAILURE.search(words):
            return False
        self._failure = [] if AGAIN.search(words) else [line]
        return True

    def note_prose(self, line: str) -> None:
        """A line outside of everything else; those that only report progress are left out."""
        line = line[:PROSE].strip("]()[!|*# \t\r")
        words = plain(line)
        if ERRAND.search(words) or PROGRESS_LINE.search(words):
            return
        if len(words) <= _SHORT and not REFUSAL.search(words) and any(form.search(words) for _, form in STAGES):
            return
        if any(char.isalpha() for char in line) and sum(map(len, self._prose)) < PROSE:
            self._prose.append(line)

    def verdict(self) -> Verdict | None:
        """None: nothing was said at all."""
        if self._failure:
            words = quote(" ".join(line.strip("*_ \t\r") for line in self._failure))
            return Verdict(Saying.MODERATED if RULES.search(words) else Saying.FAILED, words)
        if self._prose:
            prose = " ".join(self._prose)
            return Verdict(Saying.BUSY if LIMITED.search(prose) else Saying.REFUSED, quote(prose))
        return None
