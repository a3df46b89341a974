"""Flood control: whether the bot may write to a chat now, by the chat's limit and its own. Time is a parameter.

The numbers are those of Telegram's FAQ for bots; sends and edits draw on the same windows.
"""

import math
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most `slots` in any `period` seconds."""

    slots: int
    period: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The rates in force; None switches one off. `private`: one a second to a private chat, with short bursts.
    `burst`: the same for a group, supergroup or channel, which besides has `group`: twenty a minute, each item of an
    album counting. `overall`: the whole bot. `penalty`: seconds for which a refused chat stays shut beyond its
    window."""

    private: Rate | None = Rate(slots=5, period=5.0)
    burst: Rate | None = Rate(slots=5, period=5.0)
    group: Rate | None = Rate(slots=20, period=60.0)
    overall: Rate | None = Rate(slots=30, period=1.0)
    penalty: float = 0.0


UNLIMITED = Limits(private=None, burst=None, group=None, overall=None)


class FloodControl:
    """All windows of the bot. What is refused uses nothing up."""

    def __init__(self, limits: Limits, time: Callable[[], float]) -> None:
        self.limits = limits
        self._time = time
        self._taken: dict[Hashable, deque[float]] = {}
        self._shut: dict[Hashable, float] = {}

    def reserve(self, chat: Hashable, *, private: bool, count: int = 1) -> int:
        """0 when `count` messages may go to the chat now, else whole seconds to wait. `chat` None: no chat that
        is counted (an inline message)."""
        rates: list[tuple[Hashable, Rate | None]] = [("overall", self.limits.overall)]
        if chat is not None:
            own = [self.limits.private] if private else [self.limits.burst, self.limits.group]
            rates += [((chat, rate), rate) for rate in own]
        waits = [self._wait(key, rate, count) for key, rate in rates if rate is not None]
        waits.append(self._wait_while_shut(chat))
        if (wait := max(waits, default=0.0)) > 0:
            if self.limits.penalty and chat is not None and chat not in self._shut:
                wait += self.limits.penalty
                self._shut[chat] = self._time() + wait
            return math.ceil(wait)
        for key, rate in rates:
            if rate is not None:
                self._taken[key].extend([self._time()] * count)
        return 0

    def _wait_while_shut(self, chat: Hashable) -> float:
        wait = self._shut.get(chat, 0.0) - self._time()
        if wait <= 0:
            self._shut.pop(chat, None)
        return max(0.0, wait)

    def _wait(self, key: Hashable, rate: Rate, count: int) -> float:
        now = self._time()
        taken = self._taken.setdefault(key, deque())
        while taken and taken[0] + rate.period <= now:
            taken.popleft()
        excess = len(taken) + count - rate.slots
        if excess <= 0 or not taken:  # an album larger than the whole window passes an empty one
            return 0.0
        return taken[min(excess, len(taken)) - 1] + rate.period - now
