"""Supervised tasks: whatever ends one is logged, it starts again after a growing pause, and says why it is down."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.observability.metrics import TASK_RESTARTS
from bot.runtime.event_loop import enter_background, is_in_background
from bot.runtime.supervision import FIRST_PAUSE_S, MAX_PAUSE_S, SupervisedTask, Supervisor, TaskInterrupted
from tests.support.clocks import FakeClock, settle


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class Work:
    """Work that fails as often as it is told to, then runs until it is cancelled, or returns if it `ends`."""

    def __init__(self, *failures: BaseException | None, ends: bool = False) -> None:
        self.failures = list(failures)
        self.runs = 0
        self._ends = ends

    async def run(self) -> None:
        self.runs += 1
        if self.failures:
            failure = self.failures.pop(0)
            if failure is not None:
                raise failure
            return
        if not self._ends:
            await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (RuntimeError("the token is 123:abc"), "RuntimeError"),
        (asyncio.CancelledError(), "cancelled"),
        (TaskInterrupted("no network"), "no network"),
        (None, "ended"),
    ],
)
async def test_whatever_ends_a_task_is_logged_and_it_starts_again(
    clock: FakeClock, failure: BaseException | None, reason: str
) -> None:
    work, supervisor = Work(failure), Supervisor(clock)
    restarts = TASK_RESTARTS.labels("poller")
    before = restarts._value.get()  # type: ignore[reportPrivateUsage]  # a counter has no reader of its own
    with capture_logs() as logs:
        supervisor.keep_running("poller", work.run)
        await settle()
        assert supervisor.problem() == f"poller: {reason}"
        await clock.advance(FIRST_PAUSE_S)
    assert work.runs == 2
    assert [each["event"] for each in logs if each["log_level"] == "warning"] == ["task starts again"]
    assert {each["task"] for each in logs} == {"poller"}
    assert restarts._value.get() == before + 1  # type: ignore[reportPrivateUsage]  # as above
    assert supervisor.problem() == f"poller: {reason}"  # not before it has run for a while
    await clock.advance(FIRST_PAUSE_S)
    assert supervisor.problem() is None
    await supervisor.stop()


async def test_pauses_double_until_it_has_run_for_as_long_as_it_was_paused(clock: FakeClock) -> None:
    work, supervisor = Work(*(RuntimeError() for _ in range(8))), Supervisor(clock)
    task = supervisor.keep_running("poller", work.run)
    pauses: list[float] = []
    for _ in range(8):
        await settle()
        pauses.append(clock.next_in or 0.0)
        await clock.advance(pauses[-1])
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, MAX_PAUSE_S, MAX_PAUSE_S]
    await clock.advance(MAX_PAUSE_S - 1.0)
    assert supervisor.problem() is not None
    await clock.advance(1.0)
    assert supervisor.problem() is None
    assert task.is_running
    await supervisor.stop()
    assert not task.is_running
    assert supervisor.problem() is None


async def test_work_that_says_it_works_is_healthy_at_once(clock: FakeClock) -> None:
    work = Work(RuntimeError())
    task = SupervisedTask("poller", work.run, clock)
    task.start()
    await clock.advance(FIRST_PAUSE_S)
    assert task.problem == "RuntimeError"
    task.mark_healthy()
    assert task.problem is None
    await task.stop()


async def test_a_worker_rests_when_nothing_is_left_and_starts_when_told(clock: FakeClock) -> None:
    work, supervisor = Work(RuntimeError(), ends=True), Supervisor(clock)
    worker = supervisor.add_worker("writer", work.run)
    assert work.runs == 0
    await worker.wait()  # nothing runs
    worker.start()
    worker.start()  # runs already
    await settle()
    assert (work.runs, supervisor.problem()) == (1, "writer: RuntimeError")
    worker.start()  # waits to start again
    await clock.advance(FIRST_PAUSE_S)
    assert (work.runs, supervisor.problem(), worker.is_running) == (2, None, False)
    worker.start()
    await worker.wait()
    assert work.runs == 3


async def test_a_worker_that_is_told_to_start_as_it_ends_runs_once_more(clock: FakeClock) -> None:
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            worker.start()

    worker = Supervisor(clock).add_worker("writer", run)
    worker.start()
    await worker.wait()
    assert runs == 2


@pytest.mark.parametrize(("failures", "runs"), [(1, 2), (5, 2)])
async def test_a_worker_is_tried_once_more_at_the_end(clock: FakeClock, failures: int, runs: int) -> None:
    work = Work(*(RuntimeError() for _ in range(failures)), ends=True)
    worker = SupervisedTask("writer", work.run, clock, ends=True)
    worker.start()
    await settle()
    await worker.finish()
    assert work.runs == runs
    assert not worker.is_running


async def test_a_worker_that_begins_at_the_end_is_tried_once(clock: FakeClock) -> None:
    work = Work(RuntimeError(), ends=True)
    worker = SupervisedTask("writer", work.run, clock, ends=True)
    await worker.finish()
    worker.start()
    await worker.finish()
    assert (work.runs, worker.problem) == (1, "RuntimeError")


async def test_a_task_is_stopped_while_it_is_paused_and_while_it_runs(clock: FakeClock) -> None:
    for failures in ([RuntimeError()], []):
        work = Work(*failures)
        task = SupervisedTask("poller", work.run, clock)
        task.start()
        await settle()
        await task.stop()
        task.start()
        await clock.advance(MAX_PAUSE_S)
        assert work.runs == 1


@pytest.mark.parametrize("failure", [RuntimeError("the database is closed"), None])
@pytest.mark.parametrize("ends", [False, True])
async def test_work_that_answers_its_cancellation_by_another_end_is_stopped(
    clock: FakeClock, failure: Exception | None, ends: bool
) -> None:
    async def answer() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as cancelled:
            if failure is not None:
                raise failure from cancelled

    task = SupervisedTask("writer", answer, clock, ends=ends)
    task.start()
    await settle()
    await task.stop()
    assert not task.is_running
    assert clock.sleeping == 0


async def test_a_task_that_was_never_started_is_stopped(clock: FakeClock) -> None:
    task = SupervisedTask("poller", Work().run, clock)
    await task.stop()
    assert (task.is_running, task.problem) == (False, None)


async def test_a_worker_is_in_the_foreground_whoever_starts_it(clock: FakeClock) -> None:
    seen = list[bool]()

    async def work() -> None:
        seen.append(is_in_background())

    async def start() -> None:
        enter_background()
        worker.start()

    worker = Supervisor(clock).add_worker("worker", work)
    await asyncio.create_task(start())
    await worker.wait()
    assert seen == [False]
