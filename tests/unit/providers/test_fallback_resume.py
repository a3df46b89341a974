"""Lost or interrupted upstream tasks are resumed where the provider can, and never painted a second time."""

import asyncio

import pytest
import structlog.testing

from bot.errors import CutShort, Moderated, Restarted, TookTooLong
from bot.painting import Accepted, Progress
from bot.providers.fallback import AttemptStarted
from tests.support.clocks import FakeClock
from tests.unit.providers.scripted import PAINTED, REQUEST, Act, Run, Scripted, fallback, run_to_end


async def test_what_was_accepted_and_lost_is_asked_about_and_not_painted_again() -> None:
    clock = FakeClock()
    first = Scripted("first", [Accepted("t1"), CutShort()], resumed=[[CutShort()], [Accepted("t1"), PAINTED]])
    run = Run(fallback(first, Scripted("second", [PAINTED]), clock=clock))
    running = asyncio.create_task(run.run())
    await clock.advance(1)
    await clock.advance(2)
    await running
    assert run.events == [AttemptStarted("first", 1), Accepted("t1"), Accepted("t1"), PAINTED]
    assert (first.paint_calls, first.resumed_ids) == (1, ["t1", "t1"])


@pytest.mark.parametrize(
    "act",
    [
        [Accepted("t1"), TookTooLong(seconds=5)],  # there is no time left to ask in
        [Accepted(), CutShort()],  # nothing to ask by
        [Accepted("t1"), PAINTED, CutShort()],  # there is a picture, which counts
    ],
)
async def test_what_cannot_be_asked_about_stays_lost(act: Act) -> None:
    first = Scripted("first", act, resumed=[[PAINTED]])
    run = await run_to_end(fallback(first, Scripted("second", [PAINTED])))
    assert run.failure is act[-1]
    assert first.resumed_ids == []


async def test_after_a_restart_the_same_task_goes_on() -> None:
    first = Scripted("first", [PAINTED], resumed=[[Accepted("t1"), Progress(50), PAINTED]])
    made = fallback(Scripted("other", [PAINTED]), first)
    assert [event async for event in made.resume("first", REQUEST, "t1")] == [Accepted("t1"), Progress(50), PAINTED]
    assert (first.paint_calls, first.resumed_ids) == (0, ["t1"])
    assert (made.resumable("first"), made.resumable("other"), made.resumable("gone")) == (True, False, False)


@pytest.mark.parametrize(("model", "asked"), [("one", "one"), ("two", "two"), ("gone", "one")])
async def test_after_a_restart_a_task_goes_on_with_its_model_or_another_of_its_provider(model: str, asked: str) -> None:
    models = [Scripted("first", [PAINTED], resumed=[[Accepted("t1"), PAINTED]]) for _ in range(2)]
    for scripted, name in zip(models, ("one", "two"), strict=True):
        scripted.model = name
    made = fallback(*models)
    assert [event async for event in made.resume("first", REQUEST, "t1", model=model)][-1] == PAINTED
    assert [each.model for each in models if each.resumed_ids] == [asked]


async def test_after_a_restart_a_failed_task_fails_the_job() -> None:
    failure = Moderated(trace="t1")
    made = fallback(Scripted("first", [PAINTED], resumed=[[failure]]))
    with structlog.testing.capture_logs() as logs, pytest.raises(Moderated):
        _ = [event async for event in made.resume("first", REQUEST, "t1")]
    assert [(each["event"], each["failure"], each["trace_id"]) for each in logs] == [
        ("upstream failed", "Moderated", "t1")
    ]


@pytest.mark.parametrize("name", ["other", "gone"])
async def test_after_a_restart_without_its_provider_a_task_is_lost(name: str) -> None:
    made = fallback(Scripted("other", [PAINTED]))
    with pytest.raises(Restarted) as lost:
        _ = [event async for event in made.resume(name, REQUEST, "t1")]
    assert lost.value.trace == "t1"
