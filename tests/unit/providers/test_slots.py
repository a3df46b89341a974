"""The line at one provider: whose turn it is, what its answers teach, and a crowd at one that takes few."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from prometheus_client import REGISTRY

from bot.errors import Busy, Moderated, NoAnswer, PaintFailed, UpstreamDown
from bot.painting import Accepted, Capabilities, PaintEvent, PaintRequest, Stage, StageChanged
from bot.prices import Price
from bot.providers.concurrency import START, TAKEN_AFTER_S, PendingRequest
from bot.providers.fallback import FallbackProvider
from bot.providers.http.failures import failure_of_response
from bot.providers.slots import RequestSlots, Ticket, acquire_first
from tests.support.clocks import FakeClock, settle
from tests.unit.providers.scripted import PAINTED, Run, Scripted, fallback


def shown_limit(provider: str) -> float | None:
    """The number in the metrics."""
    return REGISTRY.get_sample_value("easel_provider_concurrency", {"provider": provider})


async def acquire(slots: RequestSlots, ticket: Ticket | None = None) -> PendingRequest:
    return (await acquire_first([(slots, slots.draw_ticket() if ticket is None else ticket)]))[1]


# ---------------------------------------------------------------- the line


async def test_who_has_come_before_is_served_before() -> None:
    slots = RequestSlots("line", FakeClock(), max_concurrency=1, most=9)
    early = slots.draw_ticket()
    held = await acquire(slots)
    order: list[str] = []

    async def wait(name: str, ticket: int) -> None:
        request = await acquire(slots, ticket)
        order.append(name)
        slots.release(request)

    waiting = [asyncio.create_task(wait("late", slots.draw_ticket()))]
    await settle()
    waiting.append(asyncio.create_task(wait("refused before", early)))
    await settle()
    assert slots.is_full
    slots.release(held)
    await asyncio.gather(*waiting)
    assert order == ["refused before", "late"]
    assert not slots.is_full


@pytest.mark.parametrize("turns", range(4))
async def test_who_leaves_just_when_the_turn_comes_hands_it_on(turns: int) -> None:
    slots = RequestSlots("left", FakeClock(), max_concurrency=1, most=9)
    held = await acquire(slots)
    leaving = asyncio.create_task(acquire(slots))
    await settle()
    slots.release(held)
    for _ in range(turns):
        await asyncio.sleep(0)
    leaving.cancel()
    for done in await asyncio.gather(leaving, return_exceptions=True):
        if not isinstance(done, BaseException):
            slots.release(done)
    assert not slots.is_full


async def test_who_waits_at_an_upstream_that_answers_late_is_let_in_after_a_moment() -> None:
    clock = FakeClock()
    slots = RequestSlots("late", clock, max_concurrency=None, most=500)
    waiting = [asyncio.create_task(acquire(slots)) for _ in range(START + 1)]
    await clock.advance(TAKEN_AFTER_S / 2)
    assert [each.done() for each in waiting].count(True) == START
    await clock.advance(TAKEN_AFTER_S / 2)
    assert all(each.done() for each in waiting)
    assert shown_limit("late") == START + 2


async def test_what_waits_for_long_is_let_in_by_what_ends() -> None:
    clock = FakeClock()
    slots = RequestSlots("slow", clock, max_concurrency=2, most=500)
    held = [await acquire(slots) for _ in range(2)]
    waiting = asyncio.create_task(acquire(slots))
    await clock.advance(10 * TAKEN_AFTER_S)  # the cap is the cap
    assert not waiting.done()
    slots.release(held[0])
    await waiting


# ---------------------------------------------------------------- what answers teach


@pytest.mark.parametrize(
    ("failure", "limit"),
    [
        (Busy(retry_after=1e9), 4),
        (failure_of_response(503, {}, b""), 4),
        (UpstreamDown(), 8),
        (NoAnswer(), 8),
        (Moderated(), 8),
    ],
)
async def test_a_refusal_for_too_much_work_halves_what_is_sent_at_once(failure: PaintFailed, limit: int) -> None:
    await Run(fallback(Scripted("refusing", [failure]), slots=8)).run()
    assert shown_limit("refusing") == limit


async def test_an_answer_that_begins_lets_others_in() -> None:
    gate = asyncio.Event()
    made = fallback(Scripted("answering", [Accepted(), gate, PAINTED]), slots=None)
    runs = [Run(made) for _ in range(100)]
    running = [asyncio.create_task(each.run()) for each in runs]
    await settle()
    assert all(Accepted() in each.events for each in runs)
    assert (shown_limit("answering") or 0) >= 100
    gate.set()
    await asyncio.gather(*running)


async def test_models_of_one_provider_share_what_it_takes_at_once() -> None:
    gate = asyncio.Event()
    models = [Scripted("shared", [gate, PAINTED], capabilities=Capabilities(max_references=n)) for n in (0, 5)]
    made = fallback(*models, slots=1)
    runs = [Run(made), Run(made)]
    running = [asyncio.create_task(each.run()) for each in runs]
    await settle()
    assert runs[1].events == [StageChanged(Stage.WAITING)]
    gate.set()
    await asyncio.gather(*running)


class Limited:
    """An upstream that takes so many requests and refuses the others with a time to wait."""

    name, model, price, resumable = "limited", "", Price(), False
    capabilities = Capabilities()

    def __init__(self, clock: FakeClock, *, hidden: int) -> None:
        self._clock = clock
        self._hidden = hidden
        self.painting = self.peak = self.refused = 0

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        await self._clock.sleep(0.2)
        if self.painting >= self._hidden:
            self.refused += 1
            raise Busy(retry_after=5.0)
        self.painting += 1
        self.peak = max(self.peak, self.painting)
        try:
            yield Accepted()
            await self._clock.sleep(20.0)
        finally:
            self.painting -= 1
        yield PAINTED

    async def resume(self, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        raise NotImplementedError
        yield Accepted()


async def test_a_crowd_at_a_provider_that_takes_few_is_painted_whole() -> None:
    clock = FakeClock()
    upstream = Limited(clock, hidden=6)
    made = FallbackProvider(
        [(upstream, None)], concurrency=500, budget_s=3600.0, wait_s=3600.0, clock=clock, jitter=float
    )
    runs = [Run(made) for _ in range(60)]
    running = [asyncio.create_task(each.run()) for each in runs]
    while not all(each.done() for each in running):
        await clock.advance(20.0)
    assert [each.failure for each in runs] == [None] * 60
    assert upstream.peak == 6
    assert upstream.refused < 30
    assert clock.monotonic() < 1000.0 + 2 * 60 / 6 * 20.0
