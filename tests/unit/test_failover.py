"""Who is asked, and who next, by failure class alone; nobody twice where something may have been accepted."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from bot.errors import (
    Busy,
    CutShort,
    Moderated,
    NoAnswer,
    PaintFailed,
    Rejected,
    Unreachable,
    Unsupported,
    UpstreamDown,
)
from bot.painting import (
    Abilities,
    Accepted,
    Blob,
    Event,
    Image,
    Options,
    PaintRequest,
    Picture,
    Progress,
    Stage,
    Staged,
    Usage,
)
from bot.providers.failover import Asked, Failover, TurnedDown
from bot.providers.needs import Needs, merged
from tests.clocks import FakeClock, settle

REQUEST = PaintRequest(prompt="a cat")
PAINTED = Picture(Blob(data=b"x"))
RETRYING = Staged(Stage.RETRYING)
PIXEL = Image(data=b"x", media_type="image/png", width=1, height=1)

Act = list[Event | PaintFailed | asyncio.Event]


class Scripted:
    """A provider that plays one act each time it is asked; the last one again and again."""

    def __init__(self, name: str, *acts: Act, price: int = 1, abilities: Abilities | None = None) -> None:
        self.name = name
        self.model = ""
        self.resumable = False
        self.abilities = abilities or Abilities()
        self.price = price
        self.asked = 0
        self.closed = 0
        self._acts = list(acts)

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Event, None]:
        self.asked += 1
        act = self._acts.pop(0) if len(self._acts) > 1 else self._acts[0]
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


class Walk:
    """One painting, walked through to its end."""

    def __init__(self, failover: Failover, request: PaintRequest = REQUEST) -> None:
        self.told: list[object] = []
        self.failure: PaintFailed | None = None
        self._steps = failover.paint(request)

    async def run(self) -> None:
        try:
            async for event in self._steps:
                self.told.append(event)
        except PaintFailed as failed:
            self.failure = failed


def failover(
    *providers: Scripted, clock: FakeClock | None = None, budget: float = 100.0, jitter: float = 0.0, slots: int = 8
) -> Failover:
    return Failover(
        [(provider, slots) for provider in providers],
        budget=budget,
        clock=clock or FakeClock(),
        jitter=lambda: jitter,
    )


async def walked(made: Failover) -> Walk:
    walk = Walk(made)
    await walk.run()
    return walk


# ---------------------------------------------------------------- who next


async def test_one_that_paints_is_the_only_one_asked() -> None:
    first, second = Scripted("first", [Accepted("t1"), PAINTED], price=3), Scripted("second", [PAINTED])
    walk = await walked(failover(first, second))
    assert walk.told == [Asked("first", 3), Accepted("t1"), PAINTED]
    assert second.asked == 0


@pytest.mark.parametrize("failure", [Unreachable(), UpstreamDown(), NoAnswer()])
async def test_where_certainly_nothing_was_accepted_the_next_one_is_asked(failure: PaintFailed) -> None:
    first, second = Scripted("first", [Staged(Stage.SENDING), failure]), Scripted("second", [PAINTED], price=2)
    walk = await walked(failover(first, second))
    assert walk.told == [
        Asked("first", 1),
        Staged(Stage.SENDING),
        TurnedDown(type(failure).__name__),
        RETRYING,
        Asked("second", 2),
        PAINTED,
    ]
    assert first.asked == second.asked == 1


@pytest.mark.parametrize("failure", [Moderated(), Rejected(quote="no"), CutShort()])
async def test_after_anything_else_nobody_is_asked_again(failure: PaintFailed) -> None:
    first, second = Scripted("first", [Accepted(), failure]), Scripted("second", [PAINTED])
    walk = await walked(failover(first, second))
    assert walk.told == [Asked("first", 1), Accepted()]
    assert walk.failure is failure
    assert second.asked == 0


@pytest.mark.parametrize("failure", [UpstreamDown(), Busy(retry_after=0)])
async def test_once_a_picture_has_come_nobody_is_asked_again(failure: PaintFailed) -> None:
    first, second = Scripted("first", [PAINTED, failure]), Scripted("second", [PAINTED])
    walk = await walked(failover(first, second))
    assert walk.told == [Asked("first", 1), PAINTED]
    assert walk.failure is failure
    assert (first.asked, second.asked) == (1, 0)


async def test_the_last_failure_is_told_when_nobody_is_left() -> None:
    last = NoAnswer()
    walk = await walked(failover(Scripted("first", [Unreachable()]), Scripted("second", [last])))
    assert walk.failure is last
    assert walk.told[-1] == TurnedDown("NoAnswer")


# ---------------------------------------------------------------- busy


async def test_a_busy_one_is_waited_for_as_long_as_it_says() -> None:
    clock = FakeClock()
    first, second = Scripted("first", [Busy(retry_after=30)], [PAINTED]), Scripted("second", [PAINTED])
    walk = Walk(failover(first, second, clock=clock))
    running = asyncio.create_task(walk.run())
    await clock.advance(29.9)
    assert walk.told == [Asked("first", 1), TurnedDown("Busy"), RETRYING]
    await clock.advance(0.1)
    await running
    assert walk.told[3:] == [Asked("first", 1), PAINTED]
    assert second.asked == 0


@pytest.mark.parametrize(("retry_after", "budget"), [(100.0, 100.0), (1e9, 100.0)])
async def test_one_that_is_busy_for_longer_than_there_is_time_is_left(retry_after: float, budget: float) -> None:
    first, second = Scripted("first", [Busy(retry_after=retry_after)]), Scripted("second", [PAINTED])
    walk = await walked(failover(first, second, budget=budget))
    assert walk.told[-2:] == [Asked("second", 1), PAINTED]
    assert first.asked == 1


@pytest.mark.parametrize(("jitter", "pauses"), [(0.0, (1.0, 2.0, 4.0)), (0.5, (1.25, 2.5, 5.0))])
async def test_one_that_names_no_time_is_asked_again_ever_later(jitter: float, pauses: tuple[float, ...]) -> None:
    clock = FakeClock()
    first, second = Scripted("first", [Busy()]), Scripted("second", [PAINTED])
    walk = Walk(failover(first, second, clock=clock, jitter=jitter))
    running = asyncio.create_task(walk.run())
    for count, pause in enumerate(pauses, start=1):
        await settle()
        assert (first.asked, clock.next_in) == (count, pause)
        await clock.advance(pause)
    await running
    assert (first.asked, second.asked) == (4, 1)
    assert walk.told.count(TurnedDown("Busy")) == 4


async def test_the_time_that_was_waited_counts() -> None:
    clock = FakeClock()
    first = Scripted("first", [Busy(retry_after=60)])
    walk = Walk(failover(first, clock=clock, budget=100))
    running = asyncio.create_task(walk.run())
    await clock.advance(60)
    await running
    assert first.asked == 2
    assert isinstance(walk.failure, Busy)


# ---------------------------------------------------------------- abilities and prices


SQUARE = Abilities(sizes=("1:1",), max_n=1, max_references=1, max_prompt=10, reference_types=("image/png",))
WIDE = Abilities(sizes=("3:2",), qualities=("high",), max_n=4, max_references=0)


@pytest.mark.parametrize(
    ("request_", "asked"),
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
async def test_only_those_are_asked_who_can_do_all_of_it(request_: PaintRequest, asked: str) -> None:
    square, wide = (Scripted(name, [PAINTED], abilities=a) for name, a in (("square", SQUARE), ("wide", WIDE)))
    walk = Walk(failover(square, wide), request_)
    await walk.run()
    assert walk.told == [Asked(asked, 1), PAINTED]


async def test_what_nobody_can_do_is_refused_in_the_words_that_were_typed() -> None:
    made = failover(Scripted("square", [PAINTED], abilities=SQUARE), Scripted("wide", [PAINTED], abilities=WIDE))
    needs = Needs(options=Options(size="1:1", quality="high", n=3), references=2, prompt=5)
    with pytest.raises(Unsupported) as refused:
        made.price(needs)
    assert refused.value.facts == {"what": "--size 1:1 --quality high --n 3 🖼🖼"}
    with pytest.raises(Unsupported):
        await Walk(made, PaintRequest(prompt="a", options=Options(size="1:1", n=2))).run()


def test_as_much_is_reserved_as_the_dearest_may_cost() -> None:
    cheap, dear = Scripted("cheap", [], price=1), Scripted("dear", [], price=5, abilities=WIDE)
    made = failover(cheap, dear)
    assert made.price(Needs(options=Options(), references=0, prompt=5)) == 5
    assert made.price(Needs(options=Options(), references=1, prompt=5)) == 1
    assert [each.name for each in made.able(Needs(options=Options(), references=0, prompt=5))] == ["cheap", "dear"]


def test_together_they_can_do_what_one_can_and_references_fit_all() -> None:
    assert failover(Scripted("a", [], abilities=SQUARE), Scripted("b", [], abilities=WIDE)).abilities == Abilities(
        sizes=("1:1", "3:2"),
        qualities=("high",),
        max_n=4,
        max_references=1,
        max_prompt=4000,
        reference_types=("image/png",),
    )
    assert merged([SQUARE]) == SQUARE


# ---------------------------------------------------------------- how they are asked


async def test_nothing_is_sent_before_it_is_known_who_is_asked() -> None:
    first = Scripted("first", [PAINTED])
    async with aclosing(failover(first).paint(REQUEST)) as events:
        assert await anext(events) == Asked("first", 1)
        assert first.asked == 0
        assert await anext(events) == PAINTED


async def test_everything_that_is_told_is_passed_on() -> None:
    events: Act = [Staged(Stage.SENDING), Accepted("t"), Progress(5), PAINTED, Usage({"tokens": 3})]
    assert (await walked(failover(Scripted("first", events)))).told == [Asked("first", 1), *events]


async def test_whoever_closes_the_walk_closes_the_providers_connection() -> None:
    first = Scripted("first", [Accepted(), Progress(5), PAINTED])
    made = failover(first, slots=1)
    async with aclosing(made.paint(REQUEST)) as events:
        async for event in events:
            if isinstance(event, Progress):
                break
    assert first.closed == 1
    assert (await walked(made)).told[-1] == PAINTED  # its place is free again


async def test_a_provider_paints_so_many_at_once() -> None:
    gate = asyncio.Event()
    first = Scripted("first", [Accepted(), gate, PAINTED])
    made = failover(first, slots=2)
    walks = [Walk(made) for _ in range(3)]
    running = [asyncio.create_task(walk.run()) for walk in walks]
    await settle()
    assert [len(walk.told) for walk in walks] == [2, 2, 0]
    gate.set()
    await asyncio.gather(*running)
    assert all(walk.told[-1] == PAINTED for walk in walks)


async def test_a_place_is_free_while_a_busy_provider_is_waited_for() -> None:
    clock = FakeClock()
    first = Scripted("first", [Busy(retry_after=30)], [PAINTED])
    made = failover(first, clock=clock, slots=1)
    waiting = Walk(made)
    running = asyncio.create_task(waiting.run())
    await settle()
    assert (await walked(made)).told[-1] == PAINTED
    await clock.advance(30)
    await running
    assert waiting.told[-1] == PAINTED
