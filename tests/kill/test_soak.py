"""Hours in short: members ask all the time, the upstream fails in many ways, and the process is killed again and again
at moments drawn by lot. In the end every message that a job knows of is final, and the books agree with the chats."""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bot.sandbox import Fault
from bot.sandbox.request_log import RecordedRequest
from bot.texts import preload_locales
from tests.flow.store.stores import books_agree, query
from tests.kill.house import House, Seat, Shown, house
from tests.kill.matrix import FINAL
from tests.kill.steps import DIALECTS, PLATFORMS, POSTS_TWICE
from tests.support.waiting import wait_until

MINUTES = float(os.environ.get("SOAK_MINUTES", "1"))  # for each dialect
SEATS = 9
CREDITS = 10_000
TIMEOUT = 30.0  # seconds, after which a task that is quiet for ever is given up
REFUSALS = ("429", "500", "400", "moderation")  # nothing was painted, nothing will be paid
LOSSES = ("cut", "quiet", "no-answer", "reset", "slow", "torn", "no-picture")  # what became of it is open, or good


@pytest.fixture(autouse=True, scope="module")
def words() -> None:
    """Read outside of the event loop, as the app does."""
    preload_locales()


class Weather:
    """Faults by lot, one request in three. `met`: how often each; `taken`: requests by prompt that were no refusals."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.met: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()

    def __call__(self, received: RecordedRequest) -> Fault | None:
        name = self._dice.choice((*REFUSALS, *LOSSES)) if self._dice.random() < 1 / 3 else None
        if name not in REFUSALS:
            self.taken[received.prompt] += 1
        if name is None:
            return None
        self.met[name] += 1
        return Fault(name, 2.0) if name in ("quiet", "no-answer", "slow") else Fault(name)


@pytest.mark.soak
@pytest.mark.timeout(MINUTES * 60 + 600)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_killed_by_lot_under_load(
    tmp_path: Path, dialect: str, record_property: Callable[[str, object], None]
) -> None:
    seed = DIALECTS.index(dialect)
    weather, dice = Weather(seed), random.Random(100 + seed)
    async with house(tmp_path, dialect, faults=weather) as place:
        place.configure(timeout_s=TIMEOUT, limits__user_daily=CREDITS, limits__user_per_minute=10_000)
        seats = [place.seat(PLATFORMS[number % len(PLATFORMS)]) for number in range(SEATS)]
        asked, kills, ends = 0, 0, 0
        until = time.monotonic() + MINUTES * 60
        while time.monotonic() < until:
            async with place.process() as running:
                for _ in range(dice.randint(1, 3)):
                    for seat in dice.sample(seats, 4):
                        asked += 1
                        seat.say(f"a cat {asked}")
                    await asyncio.sleep(dice.uniform(0.1, 2.0))
                if (kills + ends) % 4 < 3:
                    kills += 1
                    await running.kill()
                else:
                    ends += 1
                    assert await running.stop() == 0
        async with place.process() as last, place.store() as store:
            await place.settled(store)

            async def all_final() -> bool:
                return not await asyncio.to_thread(unfinished, place, seats)

            with suppress(TimeoutError):  # then the discrepancies name them
                await wait_until(all_final)
            assert await last.stop() == 0
        wrong = await discrepancies(place, seats, weather)
        strays = [each for known in (await asyncio.to_thread(stray, place, seats)).values() for each in known]
    assert await asyncio.to_thread(books_agree, place.database_url)
    pictures = sum(each.pictures for seat in seats for each in seat.standing())
    faults = ", ".join(f"{name} {count}" for name, count in sorted(weather.met.items()))
    record_property(
        "table",
        f"{dialect}: {MINUTES:g} minutes, {asked} requests, {sum(weather.taken.values())} paintings begun, {pictures} "
        f"pictures, {kills} kills, {ends} stops, {weather.met.total()} faults ({faults}), "
        f"{len(strays)} strays ({sum(each.pictures for each in strays)} of them pictures), {len(wrong)} discrepancies",
    )
    assert kills
    assert pictures
    assert wrong == []


def stray(place: House, seats: list[Seat]) -> dict[str, list[Shown]]:
    """By member: messages about jobs that no job has heard of, on a platform that tells nobody what was posted. The
    process was killed between the post and the note of it, and what followed was posted anew."""
    heard = {
        str(each)
        for row in query(place.database_url, "SELECT status_id, delivered_id FROM job")
        for each in row
        if each is not None
    }
    return {
        seat.user: [each for each in seat.standing() if each.actions and each.id not in heard]
        for seat in seats
        if seat.user.partition(":")[0] in POSTS_TWICE
    }


def unfinished(place: House, seats: list[Seat]) -> list[str]:
    """Messages that still offer what only a job under way can do, in words; strays apart."""
    strays = stray(place, seats)
    return [
        f"{seat.user} sees {each.text!r} with {each.actions}"
        for seat in seats
        for each in seat.standing()
        if each.actions and each.actions not in FINAL.values() and each not in strays.get(seat.user, [])
    ]


async def discrepancies(place: House, seats: list[Seat], weather: Weather) -> list[str]:
    """Between chats, books and upstream, in words."""
    found = [f"{prompt!r} painted {count} times" for prompt, count in weather.taken.items() if count > 1]
    found += await asyncio.to_thread(unfinished, place, seats)
    strays = await asyncio.to_thread(stray, place, seats)
    async with place.store() as store:
        for seat in seats:
            balance = await store.balance(seat.user, CREDITS)
            shown = sum(each.pictures for each in seat.standing() if each not in strays.get(seat.user, []))
            if balance.reserved:
                found.append(f"{seat.user}: {balance.reserved} held")
            if CREDITS - balance.available - balance.reserved != shown:
                found.append(f"{seat.user}: {CREDITS - balance.available - balance.reserved} charged for {shown}")
    return found
