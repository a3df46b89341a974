"""The scheduler: starts jobs in the queue's order, cancels them waiting or running, drains at shutdown."""

import asyncio
from collections.abc import Callable

import pytest

from bot.jobs.fair_queue import FairQueue
from bot.jobs.scheduler import Scheduler
from tests.support.clocks import FakeClock, settle


class ScriptedWorkflow:
    """A workflow of which each run lasts until its gate opens."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.interrupted: list[str] = []
        self.ended: list[str] = []
        self.positions: list[tuple[str, int]] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.release_slot: dict[str, Callable[[], None]] = {}
        self.too_late: set[str] = set()
        self.ending = asyncio.Event()
        self.ending.set()

    async def run(self, job_id: str, release_slot: Callable[[], None]) -> None:
        self.started.append(job_id)
        self.release_slot[job_id] = release_slot
        try:
            await self.gates.setdefault(job_id, asyncio.Event()).wait()
        except asyncio.CancelledError:
            self.interrupted.append(job_id)
            raise

    def update_queue_position(self, job_id: str, position: int) -> None:
        self.positions.append((job_id, position))

    def is_cancellable(self, job_id: str) -> bool:
        return job_id not in self.too_late

    async def settle_cancelled(self, job_id: str) -> bool:
        await self.ending.wait()
        if job_id in self.ended:
            return False
        self.ended.append(job_id)
        return True


@pytest.fixture
def workflow() -> ScriptedWorkflow:
    return ScriptedWorkflow()


def make_scheduler(workflow: ScriptedWorkflow, concurrency: int = 1, clock: FakeClock | None = None) -> Scheduler:
    return Scheduler(FairQueue(concurrency=concurrency, user_concurrent=concurrency), workflow, clock or FakeClock())


async def test_the_next_job_starts_when_one_ends(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    for job in ("a", "b", "c"):
        scheduler.submit(job, "user")
    await settle()
    assert workflow.started == ["a"]
    assert workflow.positions == [("b", 1), ("c", 2)]
    workflow.gates["a"].set()
    await settle()
    assert workflow.started == ["a", "b"]
    assert workflow.positions[2:] == [("c", 1)]
    await scheduler.drain(0)


async def test_the_next_job_starts_when_one_releases_its_slot(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    for job in ("a", "b"):
        scheduler.submit(job, "user")
    await settle()
    workflow.release_slot["a"]()
    await settle()
    assert workflow.started == ["a", "b"]
    assert scheduler.has_job("a")
    await scheduler.drain(0)


async def test_a_job_cancelled_before_its_first_step_is_settled(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    scheduler.submit("a", "user")
    scheduler.submit("b", "user")
    task = asyncio.create_task(scheduler.cancel("a"))
    assert await task
    await settle()
    assert workflow.ended == ["a"]
    assert workflow.started[-1] == "b"
    assert not scheduler.has_job("a")
    await scheduler.drain(0)


async def test_a_running_job_is_interrupted_before_it_is_settled(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    scheduler.submit("a", "user")
    await settle()
    assert await scheduler.cancel("a")
    assert workflow.interrupted == workflow.ended == ["a"]


async def test_a_cancelled_waiting_job_never_runs(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    for job in ("a", "b", "c"):
        scheduler.submit(job, "user")
    await settle()
    assert await scheduler.cancel("b")
    assert workflow.started == ["a"]
    assert workflow.positions[-1] == ("c", 1)
    await scheduler.drain(0)


async def test_a_second_request_while_a_job_is_being_ended_disturbs_nothing(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    scheduler.submit("a", "user")
    await settle()
    workflow.ending.clear()
    first = asyncio.create_task(scheduler.cancel("a"))
    await settle()
    second = asyncio.create_task(scheduler.cancel("a"))
    await settle()
    assert scheduler.has_job("a")
    workflow.ending.set()
    assert await asyncio.gather(first, second) == [True, True]
    assert workflow.ended == ["a"]
    assert not await scheduler.cancel("a")


async def test_cancelling_the_caller_does_not_stop_the_cancellation(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    scheduler.submit("a", "user")
    await settle()
    workflow.ending.clear()
    asking = asyncio.create_task(scheduler.cancel("a"))
    await settle()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    workflow.ending.set()
    await scheduler.drain(0)
    assert workflow.ended == ["a"]


async def test_a_job_that_is_not_cancellable_goes_on(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    scheduler.submit("a", "user")
    await settle()
    workflow.too_late.add("a")
    assert not await scheduler.cancel("a")
    assert not workflow.interrupted
    await scheduler.drain(0)


async def test_draining_starts_nothing_more_and_lets_running_jobs_end(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    scheduler.submit("a", "user")
    await settle()
    draining = asyncio.create_task(scheduler.drain(60))
    await settle()
    scheduler.submit("b", "user")
    workflow.gates["a"].set()
    await draining
    assert workflow.started == ["a"]
    assert not workflow.interrupted


async def test_draining_interrupts_jobs_after_the_grace(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow, concurrency=2)
    scheduler.submit("a", "user")
    scheduler.submit("b", "user")
    await settle()
    await scheduler.drain(0)
    assert sorted(workflow.interrupted) == ["a", "b"]
    assert not workflow.ended


async def test_an_idle_scheduler_drains_at_once(workflow: ScriptedWorkflow) -> None:
    await make_scheduler(workflow).drain(60)


async def test_a_claimed_slot_is_held_until_the_job_is_submitted(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    with scheduler.claim_slot("a", "user") as first:
        scheduler.submit("b", "other")
        await settle()
        assert first
        assert workflow.started == []
        assert scheduler.has_job("a")
        scheduler.submit("a", "user")
    await settle()
    assert workflow.started == ["a"]
    workflow.gates["a"].set()
    await settle()
    assert workflow.started == ["a", "b"]
    await scheduler.drain(0)


async def test_a_claimed_slot_without_a_job_goes_to_the_next(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    with scheduler.claim_slot("a", "user"):
        scheduler.submit("b", "other")
    await settle()
    assert workflow.started == ["b"]
    assert not scheduler.has_job("a")
    await scheduler.drain(0)


async def test_without_a_free_slot_none_is_claimed(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    scheduler.submit("a", "user")
    with scheduler.claim_slot("b", "user") as at_once:
        assert not at_once
        scheduler.submit("b", "user")
    assert workflow.positions == [("b", 1)]
    await scheduler.drain(0)


async def test_a_turn_claimed_before_the_end_starts_nothing_after_it(workflow: ScriptedWorkflow) -> None:
    scheduler = make_scheduler(workflow)
    with scheduler.claim_slot("a", "user") as at_once:
        await scheduler.drain(0)
        scheduler.submit("a", "user")
    await settle()
    assert at_once
    assert workflow.started == []


async def test_a_hurried_drain_interrupts_running_jobs_at_once(workflow: ScriptedWorkflow) -> None:
    scheduler, hurry = make_scheduler(workflow), asyncio.Event()
    scheduler.submit("a", "user")
    await settle()
    assert scheduler.is_busy
    draining = asyncio.create_task(scheduler.drain(3600, hurry))
    await settle()
    assert not workflow.interrupted
    hurry.set()
    await draining
    assert workflow.interrupted == ["a"]
    assert not scheduler.is_busy


async def test_a_held_job_has_its_slot_and_begins_when_its_hold_ends(workflow: ScriptedWorkflow) -> None:
    clock = FakeClock()
    scheduler = make_scheduler(workflow, clock=clock)
    scheduler.submit("a", "ann", hold_s=2.0)
    scheduler.submit("b", "ben")
    await clock.advance(1.9)
    assert workflow.started == []
    await clock.advance(0.1)
    assert workflow.started == ["a"]
    assert workflow.positions == [("b", 1)]
    await scheduler.drain(0)


async def test_a_hold_passes_while_its_job_waits_in_the_queue(workflow: ScriptedWorkflow) -> None:
    clock = FakeClock()
    scheduler = make_scheduler(workflow, clock=clock)
    scheduler.submit("a", "ann")
    scheduler.submit("b", "ben", hold_s=2.0)
    await clock.advance(5.0)
    workflow.release_slot["a"]()
    await settle()
    assert workflow.started == ["a", "b"]
    await scheduler.drain(0)


async def test_a_hold_can_be_moved_both_ways_and_a_begun_job_is_held_no_more(workflow: ScriptedWorkflow) -> None:
    clock = FakeClock()
    scheduler = make_scheduler(workflow, concurrency=2, clock=clock)
    scheduler.submit("a", "ann", hold_s=2.0)
    scheduler.submit("b", "ben", hold_s=2.0)
    await clock.advance(1.0)
    scheduler.move_hold("a", 5.0)
    scheduler.move_hold("b", 0.0)
    scheduler.move_hold("nobody", 1.0)
    await settle()
    assert workflow.started == ["b"]
    scheduler.move_hold("b", 9.0)
    await clock.advance(5.0)
    assert workflow.started == ["b", "a"]
    await scheduler.drain(0)


async def test_a_held_job_can_be_cancelled(workflow: ScriptedWorkflow) -> None:
    clock = FakeClock()
    scheduler = make_scheduler(workflow, clock=clock)
    scheduler.submit("a", "ann", hold_s=2.0)
    scheduler.submit("b", "ben")
    await settle()
    assert await scheduler.cancel("a")
    await clock.advance(2.0)
    assert workflow.started == ["b"]
    assert workflow.ended == ["a"]
    await scheduler.drain(0)


async def test_a_held_job_is_left_to_the_next_start_when_easel_ends(workflow: ScriptedWorkflow) -> None:
    clock = FakeClock()
    scheduler = make_scheduler(workflow, clock=clock)
    scheduler.submit("a", "ann", hold_s=2.0)
    await settle()
    await scheduler.drain(60.0)  # at once: no clock is moved
    assert workflow.started == workflow.ended == []
