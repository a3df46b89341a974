"""The circuit breaker of one provider: after failures in a row it is left alone for a while, then tried by one.

Pure: moments are handed in, in seconds of a clock that never falls.

    closed ──(FAILURES in a row, or one that no waiting mends)──> open ──(its pause is over)──> half-open
       ^                                                           ^                               │
       └────────────────────── the probe found it alive ───────────┼───────────────────────────────┤
                                                                   └── the probe failed: the pause doubles
"""

from enum import Enum, auto

from bot.errors import Lost, PaintFailed, Retry

FAILURES_TO_OPEN = 3  # in a row that open it; one or two happen to the best
FIRST_PAUSE_S = 30.0  # seconds it first stays open
MAX_PAUSE_S = 600.0  # seconds; a key that was mended is found out within ten minutes


class Circuit(Enum):
    """Whether a provider is worth asking."""

    CLOSED = auto()
    HALF_OPEN = auto()  # by one request, while the others go elsewhere
    OPEN = auto()


class Breaker:
    """What the last requests to a provider came to."""

    def __init__(self) -> None:
        self._failures = 0
        self._pause = FIRST_PAUSE_S
        self._until: float | None = None
        self._probing = False

    def circuit(self, now: float) -> Circuit:
        """Where it stands. While its probe is under way it is open to all others."""
        if self._until is None:
            return Circuit.CLOSED
        return Circuit.OPEN if now < self._until or self._probing else Circuit.HALF_OPEN

    def begin_request(self, now: float) -> bool:
        """A request is about to be sent. True: it is the probe, and its end must be told by `heard` or `given_up`."""
        if self.circuit(now) is not Circuit.HALF_OPEN:
            return False
        self._probing = True
        return True

    def record(self, failure: PaintFailed | None, now: float) -> None:
        """A request has ended; None: with a picture. A refusal of what was asked for is a sign of life, and a
        limit of the moment says nothing."""
        self._probing = False
        if failure is not None and failure.retry is Retry.LATER:
            return
        if failure is None or not (failure.retry is Retry.ELSEWHERE or isinstance(failure, Lost)):
            self._failures, self._pause, self._until = 0, FIRST_PAUSE_S, None
            return
        self._failures += 1
        if self._until is not None and now >= self._until:
            self._pause = min(self._pause * 2, MAX_PAUSE_S)
            self._until = now + self._pause
        elif self._until is None and (self._failures >= FAILURES_TO_OPEN or failure.lasting):
            self._until = now + self._pause

    def abandon_probe(self) -> None:
        """The probe was cancelled: the next request is one."""
        self._probing = False
