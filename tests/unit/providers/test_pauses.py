"""Providers that an administrator has paused: nobody new asks them, what is under way goes on, and nothing waits for
them."""

import asyncio
from contextlib import suppress

import pytest

from bot.errors import ProvidersPaused
from bot.providers.slots import ProviderPaused, RequestSlots, acquire_first
from tests.support.clocks import FakeClock, settle
from tests.unit.providers.scripted import PAINTED, Run, Scripted, fallback, run_to_end


async def test_a_paused_one_is_passed_over_and_asked_again_once_it_is_resumed() -> None:
    first, second = Scripted("first", [PAINTED]), Scripted("second", [PAINTED])
    provider = fallback(first, second)
    provider.pause({"first"})
    await run_to_end(provider)
    assert (first.paint_calls, second.paint_calls) == (0, 1)
    provider.pause(())
    await run_to_end(provider)
    assert first.paint_calls == 1


async def test_where_all_are_paused_nothing_is_sent_and_that_is_said() -> None:
    first = Scripted("first", [PAINTED])
    provider = fallback(first)
    provider.pause({"first"})
    with pytest.raises(ProvidersPaused):
        await Run(provider).run()
    assert first.paint_calls == 0
    assert provider.catalog.prices.image.most == 1  # what can be asked for, and at what price, stays as it was


async def test_who_waits_in_the_line_of_one_that_is_paused_leaves_it() -> None:
    slots = RequestSlots("paused", FakeClock(), max_concurrency=1, most=9)
    _, held = await acquire_first([(slots, slots.draw_ticket())])
    waiting = [asyncio.create_task(acquire_first([(slots, slots.draw_ticket())])) for _ in range(2)]
    await settle()
    slots.pause()
    slots.pause()
    waiting[1].cancel()
    with pytest.raises(ProviderPaused):
        await waiting[0]
    with suppress(asyncio.CancelledError):
        await waiting[1]
    assert (slots.under_way, slots.limit, slots.is_paused) == (1, 1, True)
    slots.release(held)
    slots.resume()
    await acquire_first([(slots, slots.draw_ticket())])


@pytest.mark.parametrize("comes_free", [False, True])
async def test_a_request_that_waits_for_one_that_is_paused_goes_to_nobody(comes_free: bool) -> None:
    first = Scripted("first", [PAINTED])
    provider = fallback(first, slots=1)
    slots = provider.slots_of("first")
    _, held = await acquire_first([(slots, slots.draw_ticket())])
    running = asyncio.create_task(Run(provider).run())
    await settle()
    if comes_free:
        slots.release(held)
    provider.pause({"first"})
    with pytest.raises(ProvidersPaused):
        await running
    assert first.paint_calls == 0
    assert slots.under_way == (0 if comes_free else 1)


async def test_a_pause_outlasts_a_reload_of_the_settings() -> None:
    first = Scripted("first", [PAINTED])
    provider = fallback(first)
    provider.pause({"first"})
    provider.replace([(Scripted("first", [PAINTED]), 2)], budget_s=100.0, wait_s=100.0, order="listed")
    with pytest.raises(ProvidersPaused):
        await Run(provider).run()
    assert provider.slots_of("first").is_paused
