"""Why a reply holds no image: the failure that it reports, or its prose. Pure.

Counts only when there is no image: relays announce a failure and then try again.
"""

from dataclasses import dataclass
from enum import Enum

from bot.providers.chat.patterns import (
    FAILURE,
    FAILURE_REASON,
    MODERATION,
    PROGRESS_LINE,
    RATE_LIMIT,
    REFUSAL,
    RETRY_NOTICE,
    STAGES,
    UPLOAD_NOTICE,
    to_half_width,
)
from bot.providers.http.quoting import quote, without_images

MAX_PROSE_CHARS = 1000  # characters of prose kept; a quote needs fewer
_MAX_FAILURE_LINE_CHARS = 4096  # characters; no line that reports a failure is longer
_MAX_STAGE_LINE_CHARS = 60  # characters; a longer line with a word for a stage is prose


class VerdictKind(Enum):
    """Kind of a reply without an image."""

    FAILED = "failed"  # the relay reports a failure
    MODERATED = "moderated"  # … because of content rules
    BUSY = "busy"  # a rate limit: the same request may succeed later
    REFUSED = "refused"  # prose instead of an image


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why there is no image."""

    kind: VerdictKind
    """What it means."""

    words: str
    """The upstream's own words, shortened."""


class VerdictBuilder:
    """Collects the lines that could explain a missing image."""

    def __init__(self) -> None:
        self._failure: list[str] = []
        self._prose: list[str] = []
        self._prose_chars = 0

    def add_failure_line(self, line: str) -> bool:
        """Adds a line that reports a failure, or the reason of the one before; False for any other line.

        The last failure counts, and one that is being tried again does not.
        """
        if len(line) > _MAX_FAILURE_LINE_CHARS:
            return False
        words = to_half_width(line)
        if self._failure and FAILURE_REASON.search(words):
            self._failure.append(line)
            return True
        if not FAILURE.search(words):
            return False
        self._failure = [] if RETRY_NOTICE.search(words) else [line]
        return True

    def add_prose_line(self, line: str) -> None:
        """Adds a line of prose; lines that only report progress are left out."""
        if self._prose_chars >= MAX_PROSE_CHARS:
            return
        line = without_images(line[:MAX_PROSE_CHARS]).strip("]()[!|*# \t\r")
        words = to_half_width(line)
        if UPLOAD_NOTICE.search(words) or PROGRESS_LINE.search(words):
            return
        if (
            len(words) <= _MAX_STAGE_LINE_CHARS
            and not REFUSAL.search(words)
            and any(form.search(words) for _, form in STAGES)
        ):
            return
        if any(char.isalpha() for char in line):
            self._prose.append(line)
            self._prose_chars += len(line)

    def build(self) -> Verdict | None:
        """The verdict; None: there was neither a failure nor prose."""
        if self._failure:
            words = quote(" ".join(line.strip("*_ \t\r") for line in self._failure))
            return Verdict(VerdictKind.MODERATED if MODERATION.search(words) else VerdictKind.FAILED, words)
        if self._prose:
            prose = " ".join(self._prose)
            return Verdict(VerdictKind.BUSY if RATE_LIMIT.search(prose) else VerdictKind.REFUSED, quote(prose))
        return None
