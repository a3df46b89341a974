"""Circuit breakers of providers and models: after failures in a row one is tried last for a while, then probed by one
request.

Pure: times are parameters, in seconds of a monotonic clock.

    closed ──(FAILURES_TO_OPEN in a row, or a lasting one)──> open ──(its pause is over)──> half-open
       ^                                                       ^                               │
       └────────────────── the probe succeeded ────────────────┼───────────────────────────────┤
                                                               └── the probe failed: the pause doubles
"""

from enum import Enum, auto

from bot.errors import Lost, PaintFailed, Retry

FAILURES_TO_OPEN = 3  # failures in a row; one or two happen to every upstream
FIRST_PAUSE_S = 30.0  # seconds that the circuit first stays open
MAX_PAUSE_S = 600.0  # seconds; a corrected key is noticed within ten minutes


class Circuit(Enum):
    """State of a circuit: whether a provider should be tried."""

    CLOSED = auto()
    HALF_OPEN = auto()  # by one request, the probe, while the others go elsewhere
    OPEN = auto()


class Breaker:
    """Outcomes of the last requests to a provider, or to one of its models."""

    def __init__(self) -> None:
        self._failures = 0
        self._pause_s = FIRST_PAUSE_S
        self._open_until: float | None = None
        self._probing = False
        self.trouble: PaintFailed | None = None
        """The failure that opened the circuit, or kept it open; None while it is closed."""
        self.has_succeeded = False
        """Whether a request was answered since the start."""

    def circuit(self, now: float) -> Circuit:
        """The state at `now`; OPEN for all others while a probe is in progress."""
        if self._open_until is None:
            return Circuit.CLOSED
        return Circuit.OPEN if now < self._open_until or self._probing else Circuit.HALF_OPEN

    def begin_request(self, now: float) -> bool:
        """Registers a request. True: it is the probe, and must end with `record` or `abandon_probe`."""
        if self.circuit(now) is not Circuit.HALF_OPEN:
            return False
        self._probing = True
        return True

    def record(self, failure: PaintFailed | None, now: float) -> None:
        """Records the outcome of a request; `failure` None: success. A refusal of the request itself counts as success
        of the provider, and a rate limit (`Retry.LATER`) as neither."""
        self._probing = False
        if failure is not None and failure.retry is Retry.LATER:
            return
        if failure is None or not _is_outage(failure):
            self._failures, self._pause_s, self._open_until = 0, FIRST_PAUSE_S, None
            self.trouble, self.has_succeeded = None, True
            return
        self._failures += 1
        if self._open_until is not None and now >= self._open_until:
            self._pause_s = min(self._pause_s * 2, MAX_PAUSE_S)
            self._open_until = now + self._pause_s
        elif self._open_until is None and (self._failures >= FAILURES_TO_OPEN or failure.lasting):
            self._open_until = now + self._pause_s
        if self._open_until is not None:
            self.trouble = failure

    def abandon_probe(self) -> None:
        """Ends a cancelled probe without an outcome: the next request is the probe."""
        self._probing = False


class ModelBreaker:
    """The breakers of a model and of its provider as one: a failure is counted where its cause is."""

    def __init__(self, provider: Breaker) -> None:
        """`provider`: shared by all of its models."""
        self.provider = provider
        """Shared by all of its models."""
        self.model = Breaker()
        """Of the model alone."""

    def circuit(self, now: float) -> Circuit:
        """The worse state of the two at `now`."""
        states = (self.provider.circuit(now), self.model.circuit(now))
        return max(states, key=(Circuit.CLOSED, Circuit.HALF_OPEN, Circuit.OPEN).index)

    def model_circuit(self, now: float) -> Circuit:
        """The state of the model alone at `now`."""
        return self.model.circuit(now)

    def begin_request(self, now: float) -> bool:
        """As of a Breaker."""
        probes = [self.provider.begin_request(now), self.model.begin_request(now)]
        return any(probes)

    def record(self, failure: PaintFailed | None, now: float) -> None:
        """As of a Breaker. What concerns the model alone is a sign of life of its provider, and what concerns the
        provider says nothing of the model."""
        is_models_own = failure is not None and failure.concerns_model
        self.provider.record(None if is_models_own else failure, now)
        if is_models_own or not _is_outage(failure):
            self.model.record(failure, now)
        else:
            self.model.abandon_probe()

    def abandon_probe(self) -> None:
        """As of a Breaker."""
        self.provider.abandon_probe()
        self.model.abandon_probe()


def _is_outage(failure: PaintFailed | None) -> bool:
    """Whether a failure counts against whom it concerns."""
    return failure is not None and (failure.retry is Retry.ELSEWHERE or isinstance(failure, Lost))
