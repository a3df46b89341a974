"""Crowds in one chat, simulated with the real pacer and a made-up clock, so every number here is exact: nobody is
refused, and nobody waits longer than the platform's limits want."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count, cycle, pairwise
from math import inf
from statistics import mean, median

import pytest

from bot.chat import Budget, Lane
from bot.status.pacing import Pacer, SendGrant, Urgency

FINAL, FIRST, PROGRESS = Urgency.FINAL, Urgency.FIRST, Urgency.PROGRESS

TELEGRAM = Lane(
    budgets=(
        Budget(key="telegram:-1", slots=20, period_s=60.0),
        Budget(key="telegram", slots=30, period_s=1.0, shared=True),
    ),
    edit_gap_s=3.0,
)
DISCORD = Lane(
    budgets=(
        Budget(key="discord:1", slots=5, period_s=5.0),
        Budget(key="discord", slots=50, period_s=1.0, shared=True),
    ),
    edit_gap_s=1.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    turn: SendGrant
    start: float
    end: float


@dataclass(slots=True, kw_only=True)
class Window:
    """A window as Discord keeps it: it begins with the first call that reaches it, and answers tell when it ends."""

    budget: Budget
    ends: float = -inf
    used: int = 0
    refused: int = 0

    def reached(self, now: float) -> None:
        if now >= self.ends:
            self.ends, self.used = now + self.budget.period_s, 0
        self.used += 1
        self.refused += self.used > self.budget.slots


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Jobs in one chat, calls that take their time, and what came of it.

    `lines` progress lines come at even distances while a job runs; `quick` and `slow` are the seconds that a
    status call and a call with a picture take, `ways` those until a call reaches the platform, in turn. `window`:
    of a platform that tells of it.
    """

    lane: Lane
    window: Window | None = None
    ways: "cycle[float]" = field(default_factory=lambda: cycle([0.05]))
    lines: int = 15
    quick: float = 0.2
    slow: float = 0.6
    pacer: Pacer = field(default_factory=Pacer)
    calls: list[Call] = field(default_factory=list[Call])
    done: dict[str, float] = field(default_factory=dict[str, float])
    _agenda: list[tuple[float, int, Callable[[float], None]]] = field(
        default_factory=list[tuple[float, int, Callable[[float], None]]]
    )
    _order: "count[int]" = field(default_factory=count)

    def at(self, when: float, do: Callable[[float], None]) -> None:
        heapq.heappush(self._agenda, (when, next(self._order), do))

    def job(self, name: str, begins: float, takes: float) -> None:
        def begin(now: float) -> None:
            self.pacer.expect_final(name, self.lane)
            self.pacer.request_call(name, FIRST, self.lane, now)

        def line(now: float) -> None:
            if any(call.turn.key == name for call in self.calls):
                self.pacer.request_call(name, PROGRESS, self.lane, now)

        def end(now: float) -> None:
            self.done[name] = now
            self.pacer.request_call(name, FINAL, self.lane, now)

        self.at(begins, begin)
        for number in range(1, self.lines + 1):
            self.at(begins + takes * number / (self.lines + 1), line)
        self.at(begins + takes, end)

    def run(self) -> "Crowd":
        while self._agenda:
            now, _, do = heapq.heappop(self._agenda)
            do(now)
            while isinstance(turn := self.pacer.next_call(now), SendGrant):
                self._call(turn, now)
            if turn is not None:
                assert turn > now
                self.at(turn, lambda _: None)
        assert len(self.pacer) == 0 or self.pacer.next_call(1e9) is None
        assert len(self.pacer) == 0
        return self

    def _call(self, turn: SendGrant, now: float) -> None:
        reaches = now + next(self.ways)
        end = max(reaches, now + (self.slow if turn.urgency is FINAL else self.quick))
        self.pacer.start_call(turn, now)
        self.calls.append(Call(turn=turn, start=now, end=end))
        resets: dict[str, float] = {}

        def reached(now: float) -> None:
            if self.window is not None:
                self.window.reached(now)
                resets[self.window.budget.key] = self.window.ends

        def ended(now: float) -> None:
            self.pacer.finish_call(turn, now, resets)
            if turn.urgency is FINAL:
                self.pacer.drop_message(turn.key)

        self.at(reaches, reached)
        self.at(end, ended)

    # what came of it

    def delays(self) -> list[float]:
        """Seconds from the upstream's last word to the picture in the chat, sorted. Every job has come to its
        end."""
        shown = {call.turn.key: call.end for call in self.calls if call.turn.urgency is FINAL}
        assert shown.keys() == self.done.keys()
        return sorted(shown[job] - done for job, done in self.done.items())

    def count(self, urgency: Urgency) -> int:
        return sum(call.turn.urgency is urgency for call in self.calls)

    def refused(self) -> int:
        """Calls that a platform counting as its budget says would have answered with 429."""
        told = None if self.window is None else self.window.budget
        counted = sum(overdrawn(budget, self.calls) for budget in self.lane.budgets if budget is not told)
        return counted + (0 if self.window is None else self.window.refused)


def overdrawn(budget: Budget, calls: list[Call]) -> int:
    """Calls that began while all slots of the budget were taken."""
    taken = [(call.start, call.end + budget.period_s) for call in calls if budget in call.turn.lane.budgets]
    return sum(
        sum(start <= mine < until for start, until in taken[:number]) >= budget.slots
        for number, (mine, _) in enumerate(taken)
    )


def discord(*ways: float, **given: float) -> Crowd:
    return Crowd(lane=DISCORD, window=Window(budget=DISCORD.budgets[0]), ways=cycle(ways or [0.05]), **given)  # type: ignore[arg-type]


def crowd(made: Crowd, size: int, takes: float = 20.0) -> Crowd:
    """So many jobs at once, with progress every 1.25 s when they take 20 s."""
    for number in range(size):
        made.job(f"job-{number}", 0.0, takes)
    return made.run()


def test_twenty_at_once_in_a_telegram_group_are_never_refused_and_wait_22_seconds_in_the_mean() -> None:
    came = crowd(Crowd(lane=TELEGRAM), 20)
    assert came.refused() == 0
    assert mean(came.delays()) <= 22.0
    assert median(came.delays()) == pytest.approx(came.slow)  # most get their picture at once
    assert came.count(FIRST) == 8  # and some have seen that they are being served
    assert came.count(PROGRESS) == 0


@pytest.mark.parametrize("late", [0.0, 0.3, 0.8])  # between the first posts' slots and the pictures
def test_twenty_at_once_in_a_discord_channel_are_never_refused_and_wait_8_seconds_in_the_median(
    late: float,
) -> None:
    came = crowd(discord(0.0), 20, 20.0 + late)
    assert came.refused() == 0
    assert median(came.delays()) <= 8.3
    assert came.delays()[18] <= 16.5  # the 95th percentile of twenty
    assert came.count(FIRST) == 20


def test_calls_that_take_different_times_to_reach_discord_are_never_refused() -> None:
    """The first of a crowd open connections, those after them find them open."""
    came = crowd(discord(0.5, 0.5, 0.5, 0.5, 0.5, 0.02, 0.02, 0.3), 20)
    assert came.refused() == 0
    assert median(came.delays()) <= 9.0


@pytest.mark.parametrize("size", [2, 5, 8, 12])
def test_up_to_a_dozen_at_once_in_a_telegram_group_get_their_pictures_without_delay(size: int) -> None:
    came = crowd(Crowd(lane=TELEGRAM), size)
    assert came.refused() == 0
    assert came.delays()[-1] == pytest.approx(came.slow)


@pytest.mark.parametrize("lane", [TELEGRAM, DISCORD])
@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_that_comes_and_goes_irregularly_is_never_refused(lane: Lane, seed: int) -> None:
    chance = random.Random(seed)
    came = Crowd(lane=lane, quick=chance.uniform(0.1, 1.0), slow=chance.uniform(0.5, 3.0))
    for number in range(25):
        came.job(f"job-{number}", chance.uniform(0, 30), chance.uniform(5, 60))
    assert came.run().refused() == 0
    assert len(came.delays()) == 25


@pytest.mark.parametrize("lane", [TELEGRAM, DISCORD])
def test_jobs_one_after_another_are_never_held_back(lane: Lane) -> None:
    came = Crowd(lane=lane)
    for number in range(12):
        came.job(f"job-{number}", number * 21.0, 20.0)
    assert came.run().refused() == 0
    assert came.delays()[-1] == pytest.approx(came.slow)
    firsts = [call.start for call in came.calls if call.turn.urgency is FIRST]
    assert firsts == [number * 21.0 for number in range(12)]
    assert came.count(PROGRESS) >= 24  # and each shows that it moves


def test_a_long_lone_job_shows_progress_to_its_end() -> None:
    came = Crowd(lane=TELEGRAM, lines=300)
    came.job("long", 0.0, 300.0)
    starts = [call.start for call in came.run().calls]
    assert came.refused() == 0
    assert max(later - sooner for sooner, later in pairwise(starts)) <= 10.0
