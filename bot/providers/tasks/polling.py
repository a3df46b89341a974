"""When an accepted task is asked about: soon, then ever less often, never by two jobs in step. Pure.

The numbers are the preset's; who waits stands in `tasks`.
"""

from collections.abc import Callable, Iterator

from bot.providers.presets import TasksWire

SPREAD = 0.25  # of each pause, at most, added at random


def pauses(wire: TasksWire, jitter: Callable[[], float], *, at_once: bool = False) -> Iterator[float]:
    """Seconds before each question, without end. `jitter`: 0 ≤ value < 1. `at_once`: no pause before the first."""
    pause = wire.poll_s
    yield 0.0 if at_once else wire.first_poll_s * (1 + jitter() * SPREAD)
    while True:
        yield min(pause, wire.poll_cap_s) * (1 + jitter() * SPREAD)
        pause = min(pause * wire.poll_growth, wire.poll_cap_s)
