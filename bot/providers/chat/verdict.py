"""Why a reply holds no picture: the failure it reports, or its prose. Pure.

Only asked when there is no picture: relays announce a failure and then try again.
"""

from dataclasses import dataclass
from enum import Enum

from bot.providers.chat.patterns import (
    CONTENT_RULES,
    FAILURE,
    PROGRESS_LINE,
    RATE_LIMIT,
    REASON,
    REFUSAL,
    RETRY_NOTICE,
    STAGES,
    UPLOAD_NOTICE,
    to_half_width,
)
from bot.providers.http.quoting import quote

MAX_PROSE_CHARS = 1000  # characters kept: a quote needs fewer
_MAX_FAILURE_LINE_CHARS = 4096  # characters; no line that reports a failure is longer
_MAX_STAGE_LINE_CHARS = 60  # characters; a longer line with words for a stage is prose about it


class VerdictKind(Enum):
    """What a reply without a picture says."""

    FAILED = "failed"  # the relay reports a failure
    MODERATED = "moderated"  # … because of content rules
    BUSY = "busy"  # a limit of the moment: the same may succeed later
    REFUSED = "refused"  # prose instead of a picture


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why there is no picture, in the upstream's own words."""

    kind: VerdictKind
    words: str


class VerdictBuilder:
    """Gathers what could explain a missing picture."""

    def __init__(self) -> None:
        self._failure: list[str] = []
        self._prose: list[str] = []

    def add_failure_line(self, line: str) -> bool:
        """Whether the line reports a failure, or gives the reason of the one before.

        The last failure counts, and one that is being tried again does not.
        """
        if len(line) > _MAX_FAILURE_LINE_CHARS:
            return False
        words = to_half_width(line)
        if self._failure and REASON.search(words):
            self._failure.append(line)
            return True
        if not FAILURE.search(words):
            return False
        self._failure = [] if RETRY_NOTICE.search(words) else [line]
        return True

    def add_prose_line(self, line: str) -> None:
        """A line outside of everything else; those that only report progress are left out."""
        line = line[:MAX_PROSE_CHARS].strip("]()[!|*# \t\r")
        words = to_half_width(line)
        if UPLOAD_NOTICE.search(words) or PROGRESS_LINE.search(words):
            return
        if (
            len(words) <= _MAX_STAGE_LINE_CHARS
            and not REFUSAL.search(words)
            and any(form.search(words) for _, form in STAGES)
        ):
            return
        if any(char.isalpha() for char in line) and sum(map(len, self._prose)) < MAX_PROSE_CHARS:
            self._prose.append(line)

    def build(self) -> Verdict | None:
        """None: nothing was said at all."""
        if self._failure:
            words = quote(" ".join(line.strip("*_ \t\r") for line in self._failure))
            return Verdict(VerdictKind.MODERATED if CONTENT_RULES.search(words) else VerdictKind.FAILED, words)
        if self._prose:
            prose = " ".join(self._prose)
            return Verdict(VerdictKind.BUSY if RATE_LIMIT.search(prose) else VerdictKind.REFUSED, quote(prose))
        return None
