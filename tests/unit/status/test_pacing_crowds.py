"""Crowds in one chat, simulated with the real pacer and a simulated clock, so every number here is exact: no call is
rejected, and none waits longer than the platform's limits require."""

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
        Budget(key="telegram:-1", slots=5, period_s=5.0),
        Budget(key="telegram:-1:minute", slots=20, period_s=60.0),
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
    grant: SendGrant
    start: float
    end: float


@dataclass(slots=True, kw_only=True)
class DiscordWindow:
    """A window as Discord counts it: it begins with the first call that reaches it; responses report when it ends."""

    budget: Budget
    ends_at: float = -inf
    used: int = 0
    rejected: int = 0

    def count_call(self, now: float) -> None:
        if now >= self.ends_at:
            self.ends_at, self.used = now + self.budget.period_s, 0
        self.used += 1
        self.rejected += self.used > self.budget.slots


@dataclass(slots=True, kw_only=True)
class CrowdSimulation:
    """A discrete-event simulation of jobs in one chat, whose calls take time."""

    lane: Lane
    """Budgets of the chat."""

    window: DiscordWindow | None = None
    """The window of a platform that reports when its window resets."""

    latencies_s: "cycle[float]" = field(default_factory=lambda: cycle([0.05]))
    """Seconds until a call reaches the platform, in turn."""

    progress_events: int = 15
    """Progress events of a job, evenly spread over its run."""

    status_call_s: float = 0.2
    """Duration of a call without an image, seconds."""

    image_call_s: float = 0.6
    """Duration of a call with an image, seconds."""

    pacer: Pacer = field(default_factory=Pacer)
    calls: list[Call] = field(default_factory=list[Call])
    """Calls made, in order of their start."""

    painted_at: dict[str, float] = field(default_factory=dict[str, float])
    """Time at which each job's image was ready, by job."""

    _events: list[tuple[float, int, Callable[[float], None]]] = field(
        default_factory=list[tuple[float, int, Callable[[float], None]]]
    )
    _order: "count[int]" = field(default_factory=count)

    def schedule(self, when: float, do: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), do))

    def add_job(self, name: str, begins: float, takes: float) -> None:
        def begin(now: float) -> None:
            self.pacer.expect_final(name, self.lane)
            self.pacer.request_call(name, FIRST, self.lane, now)

        def line(now: float) -> None:
            if any(call.grant.key == name for call in self.calls):
                self.pacer.request_call(name, PROGRESS, self.lane, now)

        def end(now: float) -> None:
            self.painted_at[name] = now
            self.pacer.request_call(name, FINAL, self.lane, now)

        self.schedule(begins, begin)
        for number in range(1, self.progress_events + 1):
            self.schedule(begins + takes * number / (self.progress_events + 1), line)
        self.schedule(begins + takes, end)

    def run(self) -> "CrowdSimulation":
        while self._events:
            now, _, do = heapq.heappop(self._events)
            do(now)
            while isinstance(grant := self.pacer.next_call(now), SendGrant):
                self._start_call(grant, now)
            if grant is not None:
                assert grant > now
                self.schedule(grant, lambda _: None)
        assert len(self.pacer) == 0 or self.pacer.next_call(1e9) is None
        assert len(self.pacer) == 0
        return self

    def _start_call(self, grant: SendGrant, now: float) -> None:
        reaches = now + next(self.latencies_s)
        end = max(reaches, now + (self.image_call_s if grant.urgency is FINAL else self.status_call_s))
        self.pacer.start_call(grant, now)
        self.calls.append(Call(grant=grant, start=now, end=end))
        resets: dict[str, float] = {}

        def reached(now: float) -> None:
            if self.window is not None:
                self.window.count_call(now)
                resets[self.window.budget.key] = self.window.ends_at

        def ended(now: float) -> None:
            self.pacer.finish_call(grant, now, resets)
            if grant.urgency is FINAL:
                self.pacer.drop_message(grant.key)

        self.schedule(reaches, reached)
        self.schedule(end, ended)

    # results

    def final_delays_s(self) -> list[float]:
        """Seconds from each finished image to its delivery, sorted; asserts that every job was delivered."""
        shown = {call.grant.key: call.end for call in self.calls if call.grant.urgency is FINAL}
        assert shown.keys() == self.painted_at.keys()
        return sorted(shown[job] - done for job, done in self.painted_at.items())

    def count_calls(self, urgency: Urgency) -> int:
        return sum(call.grant.urgency is urgency for call in self.calls)

    def rejected_calls(self) -> int:
        """Number of calls that a platform counting by its budgets would have rejected with 429."""
        reported = None if self.window is None else self.window.budget
        counted = sum(count_overdrawn(budget, self.calls) for budget in self.lane.budgets if budget is not reported)
        return counted + (0 if self.window is None else self.window.rejected)


def count_overdrawn(budget: Budget, calls: list[Call]) -> int:
    """Number of calls that began while all slots of the budget were taken."""
    taken = [(call.start, call.end + budget.period_s) for call in calls if budget in call.grant.lane.budgets]
    return sum(
        sum(start <= mine < until for start, until in taken[:number]) >= budget.slots
        for number, (mine, _) in enumerate(taken)
    )


def discord_channel(*latencies_s: float) -> CrowdSimulation:
    """A simulation of one Discord channel; its calls reach Discord after these latencies, in turn."""
    return CrowdSimulation(
        lane=DISCORD, window=DiscordWindow(budget=DISCORD.budgets[0]), latencies_s=cycle(latencies_s or [0.05])
    )


def run_crowd(simulation: CrowdSimulation, size: int, paint_s: float = 20.0) -> CrowdSimulation:
    """Runs `size` jobs that start at once, with progress every 1.25 s when they take 20 s."""
    for number in range(size):
        simulation.add_job(f"job-{number}", 0.0, paint_s)
    return simulation.run()


def test_twenty_at_once_in_a_telegram_group_are_never_refused_and_wait_22_seconds_in_the_mean() -> None:
    simulation = run_crowd(CrowdSimulation(lane=TELEGRAM), 20)
    assert simulation.rejected_calls() == 0
    assert mean(simulation.final_delays_s()) <= 19.0
    assert median(simulation.final_delays_s()) <= 9.1  # most get their picture as fast as bursts of five allow
    assert simulation.count_calls(FIRST) == 7  # and some have seen that they are being served
    assert simulation.count_calls(PROGRESS) == 0


@pytest.mark.parametrize("late", [0.0, 0.3, 0.8])  # between the first posts' slots and the pictures
def test_twenty_at_once_in_a_discord_channel_are_never_refused_and_wait_8_seconds_in_the_median(
    late: float,
) -> None:
    simulation = run_crowd(discord_channel(0.0), 20, 20.0 + late)
    assert simulation.rejected_calls() == 0
    assert median(simulation.final_delays_s()) <= 8.3
    assert simulation.final_delays_s()[18] <= 16.5  # the 95th percentile of twenty
    assert simulation.count_calls(FIRST) == 20


def test_calls_that_take_different_times_to_reach_discord_are_never_refused() -> None:
    """The first of a crowd open connections, those after them find them open."""
    simulation = run_crowd(discord_channel(0.5, 0.5, 0.5, 0.5, 0.5, 0.02, 0.02, 0.3), 20)
    assert simulation.rejected_calls() == 0
    assert median(simulation.final_delays_s()) <= 9.0


@pytest.mark.parametrize("size", [2, 5, 8, 12])
def test_up_to_a_dozen_at_once_in_a_telegram_group_get_their_pictures_in_bursts_of_five(size: int) -> None:
    simulation = run_crowd(CrowdSimulation(lane=TELEGRAM), size)
    assert simulation.rejected_calls() == 0
    bursts = size // 5  # those after the first; progress just before the end may have taken of that one
    assert simulation.final_delays_s()[-1] <= simulation.image_call_s * (bursts + 1) + 5.0 * bursts + 0.01


@pytest.mark.parametrize("lane", [TELEGRAM, DISCORD])
@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_that_comes_and_goes_irregularly_is_never_refused(lane: Lane, seed: int) -> None:
    chance = random.Random(seed)
    simulation = CrowdSimulation(
        lane=lane, status_call_s=chance.uniform(0.1, 1.0), image_call_s=chance.uniform(0.5, 3.0)
    )
    for number in range(25):
        simulation.add_job(f"job-{number}", chance.uniform(0, 30), chance.uniform(5, 60))
    assert simulation.run().rejected_calls() == 0
    assert len(simulation.final_delays_s()) == 25


@pytest.mark.parametrize("lane", [TELEGRAM, DISCORD])
def test_jobs_one_after_another_are_never_held_back(lane: Lane) -> None:
    simulation = CrowdSimulation(lane=lane)
    for number in range(12):
        simulation.add_job(f"job-{number}", number * 21.0, 20.0)
    assert simulation.run().rejected_calls() == 0
    assert simulation.final_delays_s()[-1] == pytest.approx(simulation.image_call_s)
    firsts = [call.start for call in simulation.calls if call.grant.urgency is FIRST]
    assert firsts == [number * 21.0 for number in range(12)]
    assert simulation.count_calls(PROGRESS) >= 24  # and each shows that it moves


def test_a_long_lone_job_shows_progress_to_its_end() -> None:
    simulation = CrowdSimulation(lane=TELEGRAM, progress_events=300)
    simulation.add_job("long", 0.0, 300.0)
    starts = [call.start for call in simulation.run().calls]
    assert simulation.rejected_calls() == 0
    assert max(later - sooner for sooner, later in pairwise(starts)) <= 10.0
