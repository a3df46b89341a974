"""Order of providers by failure class alone; no second request where something may have been accepted."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest
import structlog.testing

from bot.errors import (
    Busy,
    CutShort,
    Moderated,
    NoAnswer,
    PaintFailed,
    Rejected,
    Restarted,
    TookTooLong,
    Unreachable,
    Unsupported,
    UpstreamDown,
)
from bot.painting import (
    Accepted,
    Blob,
    Capabilities,
    FinishedImage,
    Image,
    Options,
    PaintEvent,
    PaintRequest,
    Progress,
    Stage,
    StageChanged,
    Usage,
)
from bot.providers.breaker import FAILURES_TO_OPEN, FIRST_PAUSE_S
from bot.providers.fallback import AttemptRejected, AttemptStarted, FallbackProvider
from bot.providers.requirements import Requirements, merge_capabilities
from tests.support.clocks import FakeClock, settle

REQUEST = PaintRequest(prompt="a cat")
PAINTED = FinishedImage(Blob(data=b"x"))
RETRYING = StageChanged(Stage.RETRYING)
PIXEL = Image(data=b"x", media_type="image/png", width=1, height=1)

Act = list[PaintEvent | PaintFailed | asyncio.Event]


class Scripted:
    """A provider that plays one act for each request; the last one again and again."""

    def __init__(
        self,
        name: str,
        *acts: Act,
        price: int = 1,
        capabilities: Capabilities | None = None,
        resumed: Sequence[Act] = (),
    ) -> None:
        """`resumed`: the acts of `resume`; without any it is not resumable."""
        self.name = name
        self.model = ""
        self.resumable = bool(resumed)
        self.resumed_ids: list[str] = []
        self._resumed = list(resumed)
        self.capabilities = capabilities or Capabilities()
        self.price = price
        self.paint_calls = 0
        self.closed = 0
        self._acts = list(acts)

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        self.paint_calls += 1
        async with aclosing(self._play(self._acts)) as events:
            async for event in events:
                yield event

    async def resume(self, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        self.resumed_ids.append(upstream_id)
        async with aclosing(self._play(self._resumed)) as events:
            async for event in events:
                yield event

    async def _play(self, acts: list[Act]) -> AsyncGenerator[PaintEvent, None]:
        act = acts.pop(0) if len(acts) > 1 else acts[0]
        try:
            for step in act:
                if isinstance(step, PaintFailed):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield step
        finally:
            self.closed += 1


class Run:
    """One generation, run to its end."""

    def __init__(self, fallback: FallbackProvider, request: PaintRequest = REQUEST) -> None:
        self.events: list[object] = []
        self.failure: PaintFailed | None = None
        self._steps = fallback.paint(request)

    async def run(self) -> None:
        try:
            async for event in self._steps:
                self.events.append(event)
        except PaintFailed as failed:
            self.failure = failed


def fallback(
    *providers: Scripted, clock: FakeClock | None = None, budget: float = 100.0, jitter: float = 0.0, slots: int = 8
) -> FallbackProvider:
    return FallbackProvider(
        [(provider, slots) for provider in providers],
        budget_s=budget,
        clock=clock or FakeClock(),
        jitter=lambda: jitter,
    )


async def run_to_end(made: FallbackProvider) -> Run:
    run = Run(made)
    await run.run()
    return run


# ---------------------------------------------------------------- who next


async def test_one_that_paints_is_the_only_one_asked() -> None:
    first, second = Scripted("first", [Accepted("t1"), PAINTED], price=3), Scripted("second", [PAINTED])
    run = await run_to_end(fallback(first, second))
    assert run.events == [AttemptStarted("first", 3), Accepted("t1"), PAINTED]
    assert second.paint_calls == 0


@pytest.mark.parametrize("failure", [Unreachable(), UpstreamDown(), NoAnswer()])
async def test_where_certainly_nothing_was_accepted_the_next_one_is_asked(failure: PaintFailed) -> None:
    first, second = Scripted("first", [StageChanged(Stage.SENDING), failure]), Scripted("second", [PAINTED], price=2)
    run = await run_to_end(fallback(first, second))
    assert run.events == [
        AttemptStarted("first", 1),
        StageChanged(Stage.SENDING),
        AttemptRejected(type(failure).__name__),
        RETRYING,
        AttemptStarted("second", 2),
        PAINTED,
    ]
    assert first.paint_calls == second.paint_calls == 1


@pytest.mark.parametrize("failure", [Moderated(), Rejected(quote="no"), CutShort()])
async def test_after_anything_else_nobody_is_asked_again(failure: PaintFailed) -> None:
    first, second = Scripted("first", [Accepted(), failure]), Scripted("second", [PAINTED])
    run = await run_to_end(fallback(first, second))
    assert run.events == [AttemptStarted("first", 1), Accepted()]
    assert run.failure is failure
    assert second.paint_calls == 0


@pytest.mark.parametrize("failure", [UpstreamDown(), Busy(retry_after=0)])
async def test_once_a_picture_has_come_nobody_is_asked_again(failure: PaintFailed) -> None:
    first, second = Scripted("first", [PAINTED, failure]), Scripted("second", [PAINTED])
    run = await run_to_end(fallback(first, second))
    assert run.events == [AttemptStarted("first", 1), PAINTED]
    assert run.failure is failure
    assert (first.paint_calls, second.paint_calls) == (1, 0)


async def test_the_last_failure_is_told_when_nobody_is_left() -> None:
    last = NoAnswer()
    run = await run_to_end(fallback(Scripted("first", [Unreachable()]), Scripted("second", [last])))
    assert run.failure is last
    assert run.events[-1] == AttemptRejected("NoAnswer")


# ---------------------------------------------------------------- busy


async def test_a_busy_one_is_waited_for_as_long_as_it_says() -> None:
    clock = FakeClock()
    first, second = Scripted("first", [Busy(retry_after=30)], [PAINTED]), Scripted("second", [PAINTED])
    run = Run(fallback(first, second, clock=clock))
    running = asyncio.create_task(run.run())
    await clock.advance(29.9)
    assert run.events == [AttemptStarted("first", 1), AttemptRejected("Busy"), RETRYING]
    await clock.advance(0.1)
    await running
    assert run.events[3:] == [AttemptStarted("first", 1), PAINTED]
    assert second.paint_calls == 0


@pytest.mark.parametrize(("retry_after", "budget"), [(100.0, 100.0), (1e9, 100.0)])
async def test_one_that_is_busy_for_longer_than_there_is_time_is_left(retry_after: float, budget: float) -> None:
    first, second = Scripted("first", [Busy(retry_after=retry_after)]), Scripted("second", [PAINTED])
    run = await run_to_end(fallback(first, second, budget=budget))
    assert run.events[-2:] == [AttemptStarted("second", 1), PAINTED]
    assert first.paint_calls == 1


@pytest.mark.parametrize(("jitter", "pauses"), [(0.0, (1.0, 2.0, 4.0)), (0.5, (1.25, 2.5, 5.0))])
async def test_one_that_names_no_time_is_asked_again_ever_later(jitter: float, pauses: tuple[float, ...]) -> None:
    clock = FakeClock()
    first, second = Scripted("first", [Busy()]), Scripted("second", [PAINTED])
    run = Run(fallback(first, second, clock=clock, jitter=jitter))
    running = asyncio.create_task(run.run())
    for count, pause in enumerate(pauses, start=1):
        await settle()
        assert (first.paint_calls, clock.next_in) == (count, pause)
        await clock.advance(pause)
    await running
    assert (first.paint_calls, second.paint_calls) == (4, 1)
    assert run.events.count(AttemptRejected("Busy")) == 4


async def test_the_time_that_was_waited_counts() -> None:
    clock = FakeClock()
    first = Scripted("first", [Busy(retry_after=60)])
    run = Run(fallback(first, clock=clock, budget=100))
    running = asyncio.create_task(run.run())
    await clock.advance(60)
    await running
    assert first.paint_calls == 2
    assert isinstance(run.failure, Busy)


# ---------------------------------------------------------------- capabilities and prices


SQUARE = Capabilities(sizes=("1:1",), max_n=1, max_references=1, max_prompt_chars=10, reference_types=("image/png",))
WIDE = Capabilities(sizes=("3:2",), qualities=("high",), max_n=4, max_references=0)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (PaintRequest(prompt="a", options=Options(size="1:1")), "square"),
        (PaintRequest(prompt="a", options=Options(size="3:2")), "wide"),
        (PaintRequest(prompt="a", options=Options(quality="high")), "wide"),
        (PaintRequest(prompt="a", options=Options(n=2)), "wide"),
        (PaintRequest(prompt="a" * 11), "wide"),
        (PaintRequest(prompt="a", references=(PIXEL,)), "square"),
        (PaintRequest(prompt="a"), "square"),
    ],
)
async def test_only_capable_providers_are_tried(request_: PaintRequest, expected: str) -> None:
    square, wide = (Scripted(name, [PAINTED], capabilities=a) for name, a in (("square", SQUARE), ("wide", WIDE)))
    run = Run(fallback(square, wide), request_)
    await run.run()
    assert run.events == [AttemptStarted(expected, 1), PAINTED]


async def test_what_nobody_can_do_is_refused_in_the_words_that_were_typed() -> None:
    made = fallback(Scripted("square", [PAINTED], capabilities=SQUARE), Scripted("wide", [PAINTED], capabilities=WIDE))
    needs = Requirements(options=Options(size="1:1", quality="high", n=3), reference_count=2, prompt_chars=5)
    with pytest.raises(Unsupported) as refused:
        made.price(needs)
    assert refused.value.facts == {"what": "--size 1:1 --quality high --n 3 🖼🖼"}
    with pytest.raises(Unsupported):
        await Run(made, PaintRequest(prompt="a", options=Options(size="1:1", n=2))).run()


def test_as_much_is_reserved_as_the_dearest_may_cost() -> None:
    cheap, dear = Scripted("cheap", [], price=1), Scripted("dear", [], price=5, capabilities=WIDE)
    made = fallback(cheap, dear)
    assert made.price(Requirements(options=Options(), reference_count=0, prompt_chars=5)) == 5
    assert made.price(Requirements(options=Options(), reference_count=1, prompt_chars=5)) == 1
    assert [
        each.name for each in made.capable_providers(Requirements(options=Options(), reference_count=0, prompt_chars=5))
    ] == [
        "cheap",
        "dear",
    ]


def test_together_they_can_do_what_one_can_and_references_fit_all() -> None:
    assert fallback(
        Scripted("a", [], capabilities=SQUARE), Scripted("b", [], capabilities=WIDE)
    ).capabilities == Capabilities(
        sizes=("1:1", "3:2"),
        qualities=("high",),
        max_n=4,
        max_references=1,
        max_prompt_chars=4000,
        reference_types=("image/png",),
    )
    assert merge_capabilities([SQUARE]) == SQUARE


# ---------------------------------------------------------------- order and retries


async def test_nothing_is_sent_before_it_is_known_who_is_asked() -> None:
    first = Scripted("first", [PAINTED])
    async with aclosing(fallback(first).paint(REQUEST)) as events:
        assert await anext(events) == AttemptStarted("first", 1)
        assert first.paint_calls == 0
        assert await anext(events) == PAINTED


async def test_everything_that_is_told_is_passed_on() -> None:
    events: Act = [StageChanged(Stage.SENDING), Accepted("t"), Progress(5), PAINTED, Usage({"tokens": 3})]
    assert (await run_to_end(fallback(Scripted("first", events)))).events == [AttemptStarted("first", 1), *events]


async def test_whoever_closes_the_walk_closes_the_providers_connection() -> None:
    first = Scripted("first", [Accepted(), Progress(5), PAINTED])
    made = fallback(first, slots=1)
    async with aclosing(made.paint(REQUEST)) as events:
        async for event in events:
            if isinstance(event, Progress):
                break
    assert first.closed == 1
    assert (await run_to_end(made)).events[-1] == PAINTED  # its place is free again


async def test_a_provider_paints_so_many_at_once() -> None:
    gate = asyncio.Event()
    first = Scripted("first", [Accepted(), gate, PAINTED])
    made = fallback(first, slots=2)
    walks = [Run(made) for _ in range(3)]
    running = [asyncio.create_task(run.run()) for run in walks]
    await settle()
    assert [len(run.events) for run in walks] == [2, 2, 0]
    gate.set()
    await asyncio.gather(*running)
    assert all(run.events[-1] == PAINTED for run in walks)


async def test_a_place_is_free_while_a_busy_provider_is_waited_for() -> None:
    clock = FakeClock()
    first = Scripted("first", [Busy(retry_after=30)], [PAINTED])
    made = fallback(first, clock=clock, slots=1)
    waiting = Run(made)
    running = asyncio.create_task(waiting.run())
    await settle()
    assert (await run_to_end(made)).events[-1] == PAINTED
    await clock.advance(30)
    await running
    assert waiting.events[-1] == PAINTED


# ---------------------------------------------------------------- breakers

DOWN: list[Act] = [[UpstreamDown()] for _ in range(FAILURES_TO_OPEN)]


async def test_one_that_failed_again_and_again_comes_last_until_one_request_finds_it_alive() -> None:
    clock = FakeClock()
    first, second = Scripted("first", *DOWN, [PAINTED]), Scripted("second", [PAINTED])
    made = fallback(first, second, clock=clock)
    for _ in range(FAILURES_TO_OPEN):
        assert (await run_to_end(made)).events[0] == AttemptStarted("first", 1)
    assert (await run_to_end(made)).events == [AttemptStarted("second", 1), PAINTED]
    await clock.advance(FIRST_PAUSE_S)
    assert (await run_to_end(made)).events == [AttemptStarted("first", 1), PAINTED]
    assert (await run_to_end(made)).events == [AttemptStarted("first", 1), PAINTED]
    assert second.paint_calls == FAILURES_TO_OPEN + 1


async def test_while_one_probes_the_others_go_elsewhere() -> None:
    clock, gate = FakeClock(), asyncio.Event()
    first, second = Scripted("first", *DOWN, [gate, PAINTED]), Scripted("second", [PAINTED])
    made = fallback(first, second, clock=clock)
    for _ in range(FAILURES_TO_OPEN):
        await run_to_end(made)
    await clock.advance(FIRST_PAUSE_S)
    probe = Run(made)
    probing = asyncio.create_task(probe.run())
    await settle()
    assert (await run_to_end(made)).events == [AttemptStarted("second", 1), PAINTED]
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    gate.set()
    assert (await run_to_end(made)).events == [
        AttemptStarted("first", 1),
        PAINTED,
    ]  # the probe was given up: this is the next


async def test_an_open_circuit_is_better_than_nobody() -> None:
    first = Scripted("first", *DOWN, [PAINTED])
    made = fallback(first)
    for _ in range(FAILURES_TO_OPEN):
        await run_to_end(made)
    assert (await run_to_end(made)).events == [AttemptStarted("first", 1), PAINTED]


# ---------------------------------------------------------------- one budget of time


async def test_what_is_not_painted_in_the_time_of_the_job_is_given_up() -> None:
    clock = FakeClock()
    first = Scripted("first", [Accepted(), asyncio.Event()])
    run = Run(fallback(first, Scripted("second", [PAINTED]), clock=clock, budget=100))
    running = asyncio.create_task(run.run())
    await clock.advance(99.9)
    assert run.failure is None
    await clock.advance(0.1)
    await running
    assert isinstance(run.failure, TookTooLong)
    assert run.failure.facts == {"seconds": 100}
    assert (first.closed, run.events) == (1, [AttemptStarted("first", 1), Accepted()])


async def test_who_waits_for_a_place_gets_it_in_time_and_who_leaves_the_line_takes_none() -> None:
    clock, gate = FakeClock(), asyncio.Event()
    made = fallback(Scripted("first", [Accepted(), gate, PAINTED]), clock=clock, slots=1, budget=100)
    walks = [Run(made) for _ in range(3)]
    holding, leaving, waiting = [asyncio.create_task(run.run()) for run in walks]
    await settle()
    leaving.cancel()
    await clock.advance(99)
    gate.set()
    await asyncio.gather(holding, waiting)
    assert [run.events[-1:] for run in walks] == [[PAINTED], [], [PAINTED]]


@pytest.mark.parametrize("turns", range(24))
async def test_who_is_cancelled_just_when_a_place_comes_free_leaves_it_to_others(turns: int) -> None:
    gate = asyncio.Event()
    made = fallback(Scripted("first", [gate, PAINTED], [PAINTED]), slots=1)
    holding, waiting = asyncio.create_task(Run(made).run()), asyncio.create_task(Run(made).run())
    await settle()
    gate.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(holding, waiting, return_exceptions=True)
    assert (await run_to_end(made)).events[-1] == PAINTED


async def test_a_place_that_comes_free_too_late_is_not_taken_and_nobody_else_is_asked_then() -> None:
    clock = FakeClock()
    first, second = Scripted("first", [Accepted(), asyncio.Event()]), Scripted("second", [PAINTED])
    made = fallback(first, second, clock=clock, slots=1, budget=100)
    walks = [Run(made) for _ in range(3)]
    running = [asyncio.create_task(run.run()) for run in walks]
    await clock.advance(100)
    await asyncio.gather(*running)
    assert [type(run.failure) for run in walks] == [TookTooLong, Busy, Busy]
    assert (first.paint_calls, first.closed, second.paint_calls) == (1, 1, 0)


async def test_who_gets_no_place_in_time_is_told_that_it_is_busy() -> None:
    clock = FakeClock()
    first, second = (
        Scripted("first", [Busy(retry_after=50)], [Accepted(), asyncio.Event()]),
        Scripted("second", [PAINTED]),
    )
    made = fallback(first, second, clock=clock, slots=1, budget=100)
    early, late = Run(made), Run(made)
    running = asyncio.create_task(early.run())
    await clock.advance(40)
    holding = asyncio.create_task(late.run())  # has the place, and time until 140
    await clock.advance(60)
    await running
    assert isinstance(early.failure, Busy)
    assert (first.paint_calls, second.paint_calls) == (2, 0)
    await clock.advance(40)
    await holding
    assert isinstance(late.failure, TookTooLong)


# ---------------------------------------------------------------- lost, then resumed


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


# ---------------------------------------------------------------- needs


MASKED = Image(data=b"x", media_type="image/png", width=1, height=1)
MASKING = Capabilities(supports_masks=True, max_masked_references=1, counts=(1, 2, 4))
STYLED = Capabilities(
    backgrounds=("transparent",), formats=("webp",), supports_compression=True, tiers=("2K",), max_n=10
)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (PaintRequest(prompt="a", references=(PIXEL,), mask=MASKED), "masking"),
        (PaintRequest(prompt="a", options=Options(n=3)), "styled"),
        (PaintRequest(prompt="a", options=Options(background="transparent")), "styled"),
        (PaintRequest(prompt="a", options=Options(format="webp")), "styled"),
        (PaintRequest(prompt="a", options=Options(compression=80)), "styled"),
        (PaintRequest(prompt="a", options=Options(tier="2K")), "styled"),
        (PaintRequest(prompt="a", options=Options(n=4)), "masking"),
    ],
)
async def test_need_comes_before_order(request_: PaintRequest, expected: str) -> None:
    masking, styled = (
        Scripted(name, [PAINTED], capabilities=a) for name, a in (("masking", MASKING), ("styled", STYLED))
    )
    run = Run(fallback(masking, styled), request_)
    await run.run()
    assert run.events == [AttemptStarted(expected, 1), PAINTED]


def test_what_nobody_takes_together_is_named_in_full() -> None:
    made = fallback(
        Scripted("masking", [PAINTED], capabilities=MASKING), Scripted("styled", [PAINTED], capabilities=STYLED)
    )
    options = Options(size="3:2", tier="2K", background="transparent", format="webp", compression=80, n=3)
    with pytest.raises(Unsupported) as refused:
        made.price(Requirements(options=options, reference_count=2, prompt_chars=5, has_mask=True))
    said = "--size 3:2@2K --background transparent --format webp --compression 80 --n 3 🖼🖼 mask"
    assert refused.value.facts == {"what": said}
    assert not made.can_satisfy(Requirements(options=Options(), reference_count=2, prompt_chars=5, has_mask=True))
    assert made.can_satisfy(Requirements(options=Options(), reference_count=1, prompt_chars=5, has_mask=True))


def test_counts_are_told_one_by_one_only_where_they_have_gaps() -> None:
    assert merge_capabilities([MASKING]).counts == (1, 2, 4)
    assert merge_capabilities([MASKING, STYLED]).counts == ()
    assert merge_capabilities([MASKING, STYLED]).max_n == 10
    assert merge_capabilities([MASKING, STYLED]).max_masked_references == 1
