"""Jobs are started in turn and ended on request, wherever they are and whoever asks how often."""

import asyncio
from collections.abc import Callable

import pytest

from bot.jobs.fair_queue import FairQueue
from bot.jobs.scheduler import Scheduler
from tests.support.clocks import settle


class Script:
    """A plot of which each run lasts until its gate opens."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.interrupted: list[str] = []
        self.ended: list[str] = []
        self.placed_at: list[tuple[str, int]] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.settled: dict[str, Callable[[], None]] = {}
        self.too_late: set[str] = set()
        self.ending = asyncio.Event()
        self.ending.set()

    async def run(self, job_id: str, settled: Callable[[], None]) -> None:
        self.started.append(job_id)
        self.settled[job_id] = settled
        try:
            await self.gates.setdefault(job_id, asyncio.Event()).wait()
        except asyncio.CancelledError:
            self.interrupted.append(job_id)
            raise

    def placed(self, job_id: str, place: int) -> None:
        self.placed_at.append((job_id, place))

    def may_cancel(self, job_id: str) -> bool:
        return job_id not in self.too_late

    async def cancelled(self, job_id: str) -> bool:
        await self.ending.wait()
        if job_id in self.ended:
            return False
        self.ended.append(job_id)
        return True


@pytest.fixture
def plot() -> Script:
    return Script()


def dispatcher(plot: Script, concurrency: int = 1) -> Scheduler:
    return Scheduler(FairQueue(concurrency=concurrency, user_concurrent=concurrency), plot)


async def test_the_next_job_starts_when_one_ends(plot: Script) -> None:
    dispatch = dispatcher(plot)
    for job in ("a", "b", "c"):
        dispatch.submit(job, "user")
    await settle()
    assert plot.started == ["a"]
    assert plot.placed_at == [("b", 1), ("c", 2)]
    plot.gates["a"].set()
    await settle()
    assert plot.started == ["a", "b"]
    assert plot.placed_at[2:] == [("c", 1)]
    await dispatch.drain(0)


async def test_the_next_job_starts_when_one_needs_its_place_no_more(plot: Script) -> None:
    dispatch = dispatcher(plot)
    for job in ("a", "b"):
        dispatch.submit(job, "user")
    await settle()
    plot.settled["a"]()
    await settle()
    assert plot.started == ["a", "b"]
    assert dispatch.has("a")
    await dispatch.drain(0)


async def test_a_job_that_is_stopped_before_its_first_step_is_ended_all_the_same(plot: Script) -> None:
    dispatch = dispatcher(plot)
    dispatch.submit("a", "user")
    dispatch.submit("b", "user")
    task = asyncio.create_task(dispatch.cancel("a"))
    assert await task
    await settle()
    assert plot.ended == ["a"]
    assert plot.started[-1] == "b"
    assert not dispatch.has("a")
    await dispatch.drain(0)


async def test_a_running_job_is_interrupted_before_it_is_ended(plot: Script) -> None:
    dispatch = dispatcher(plot)
    dispatch.submit("a", "user")
    await settle()
    assert await dispatch.cancel("a")
    assert plot.interrupted == plot.ended == ["a"]


async def test_a_waiting_job_is_ended_without_having_run(plot: Script) -> None:
    dispatch = dispatcher(plot)
    for job in ("a", "b", "c"):
        dispatch.submit(job, "user")
    await settle()
    assert await dispatch.cancel("b")
    assert plot.started == ["a"]
    assert plot.placed_at[-1] == ("c", 1)
    await dispatch.drain(0)


async def test_a_second_request_while_a_job_is_being_ended_disturbs_nothing(plot: Script) -> None:
    dispatch = dispatcher(plot)
    dispatch.submit("a", "user")
    await settle()
    plot.ending.clear()
    first = asyncio.create_task(dispatch.cancel("a"))
    await settle()
    second = asyncio.create_task(dispatch.cancel("a"))
    await settle()
    assert dispatch.has("a")
    plot.ending.set()
    assert await asyncio.gather(first, second) == [True, True]
    assert plot.ended == ["a"]
    assert not await dispatch.cancel("a")


async def test_whoever_goes_away_while_a_job_is_being_ended_stops_nothing(plot: Script) -> None:
    dispatch = dispatcher(plot)
    dispatch.submit("a", "user")
    await settle()
    plot.ending.clear()
    asking = asyncio.create_task(dispatch.cancel("a"))
    await settle()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    plot.ending.set()
    await dispatch.drain(0)
    assert plot.ended == ["a"]


async def test_too_late_is_too_late(plot: Script) -> None:
    dispatch = dispatcher(plot)
    dispatch.submit("a", "user")
    await settle()
    plot.too_late.add("a")
    assert not await dispatch.cancel("a")
    assert not plot.interrupted
    await dispatch.drain(0)


async def test_draining_starts_nothing_more_and_lets_what_runs_end(plot: Script) -> None:
    dispatch = dispatcher(plot)
    dispatch.submit("a", "user")
    await settle()
    draining = asyncio.create_task(dispatch.drain(60))
    await settle()
    dispatch.submit("b", "user")
    plot.gates["a"].set()
    await draining
    assert plot.started == ["a"]
    assert not plot.interrupted


async def test_draining_interrupts_what_takes_too_long(plot: Script) -> None:
    dispatch = dispatcher(plot, concurrency=2)
    dispatch.submit("a", "user")
    dispatch.submit("b", "user")
    await settle()
    await dispatch.drain(0)
    assert sorted(plot.interrupted) == ["a", "b"]
    assert not plot.ended


async def test_an_idle_dispatcher_drains_at_once(plot: Script) -> None:
    await dispatcher(plot).drain(60)


async def test_a_claimed_turn_is_kept_until_the_job_is_submitted(plot: Script) -> None:
    dispatch = dispatcher(plot)
    with dispatch.claimed("a", "user") as first:
        dispatch.submit("b", "other")
        await settle()
        assert first
        assert plot.started == []
        assert dispatch.has("a")
        dispatch.submit("a", "user")
    await settle()
    assert plot.started == ["a"]
    plot.gates["a"].set()
    await settle()
    assert plot.started == ["a", "b"]


async def test_a_claimed_turn_that_nobody_takes_is_the_next_ones(plot: Script) -> None:
    dispatch = dispatcher(plot)
    with dispatch.claimed("a", "user"):
        dispatch.submit("b", "other")
    await settle()
    assert plot.started == ["b"]
    assert not dispatch.has("a")


async def test_where_no_turn_is_free_none_is_claimed(plot: Script) -> None:
    dispatch = dispatcher(plot)
    dispatch.submit("a", "user")
    with dispatch.claimed("b", "user") as at_once:
        assert not at_once
        dispatch.submit("b", "user")
    assert plot.placed_at == [("b", 1)]


async def test_a_turn_claimed_before_the_end_starts_nothing_after_it(plot: Script) -> None:
    dispatch = dispatcher(plot)
    with dispatch.claimed("a", "user") as at_once:
        await dispatch.drain(0)
        dispatch.submit("a", "user")
    await settle()
    assert at_once
    assert plot.started == []
