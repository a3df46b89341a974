"""The soak: a stream of requests, random upstream faults, and a process killed again and again at random moments.

In the end every message that a job knows of is final, and the ledger agrees with the chats.
"""

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
from tests.flow.store.stores import books_agree, query
from tests.kill.kill_points import DIALECTS, PLATFORMS
from tests.kill.matrix import FINAL_ACTIONS
from tests.kill.world import BotMessage, KillWorld, PrivateUser, kill_world
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("preloaded_texts")

MINUTES = float(os.environ.get("SOAK_MINUTES", "1"))  # for each dialect
USERS = 9
CREDITS = 10_000
TASK_TIMEOUT_S = 30.0  # after which a task that never answers is given up
REFUSALS = ("429", "500", "400", "moderation")  # nothing was painted, nothing is charged
UNCERTAIN = ("cut", "quiet", "no-answer", "reset", "slow", "torn", "no-picture")  # the upstream may have painted


class RandomFaults:
    """A random fault for one request in three. `injected`: count of each; `accepted`: those not refused, by prompt."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.injected: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()

    def __call__(self, received: RecordedRequest) -> Fault | None:
        name = self._dice.choice((*REFUSALS, *UNCERTAIN)) if self._dice.random() < 1 / 3 else None
        if name not in REFUSALS:
            self.accepted[received.prompt] += 1
        if name is None:
            return None
        self.injected[name] += 1
        return Fault(name, 2.0) if name in ("quiet", "no-answer", "slow") else Fault(name)


@pytest.mark.soak
@pytest.mark.timeout(MINUTES * 60 + 600)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_random_kills_under_load(
    tmp_path: Path, dialect: str, record_property: Callable[[str, object], None]
) -> None:
    seed = DIALECTS.index(dialect)
    faults, dice = RandomFaults(seed), random.Random(100 + seed)
    async with kill_world(tmp_path, dialect, faults=faults) as world:
        world.timeout_s = TASK_TIMEOUT_S
        world.settings["limits"] = {"user_daily": CREDITS, "user_per_minute": 10_000}
        users = [world.add_user(PLATFORMS[number % len(PLATFORMS)]) for number in range(USERS)]
        sent, kills, stops = 0, 0, 0
        until = time.monotonic() + MINUTES * 60
        while time.monotonic() < until:
            async with world.process() as running:
                for _ in range(dice.randint(1, 3)):
                    for user in dice.sample(users, 4):
                        sent += 1
                        user.say(f"a cat {sent}")
                    await asyncio.sleep(dice.uniform(0.1, 2.0))
                if (kills + stops) % 4 < 3:
                    kills += 1
                    await running.kill()
                else:
                    stops += 1
                    assert await running.stop() == 0
        async with world.process() as last:
            await world.wait_until_settled()

            async def all_final() -> bool:
                return not await asyncio.to_thread(unfinished_messages, world, users)

            with suppress(TimeoutError):  # then the discrepancies name them
                await wait_until(all_final)
            assert await last.stop() == 0
        discrepancies = await find_discrepancies(world, users, faults)
        strays = [each for known in (await asyncio.to_thread(find_strays, world, users)).values() for each in known]
    assert await asyncio.to_thread(books_agree, world.database_url)
    pictures = sum(each.pictures for user in users for each in user.messages())
    injected = ", ".join(f"{name} {count}" for name, count in sorted(faults.injected.items()))
    record_property(
        "table",
        f"{dialect}: {MINUTES:g} minutes, {sent} requests, {sum(faults.accepted.values())} paintings begun, {pictures} "
        f"pictures, {kills} kills, {stops} stops, {faults.injected.total()} faults ({injected}), "
        f"{len(strays)} strays ({sum(each.pictures for each in strays)} of them pictures), "
        f"{len(discrepancies)} discrepancies",
    )
    assert kills
    assert pictures
    assert discrepancies == []


def find_strays(world: KillWorld, users: list[PrivateUser]) -> dict[str, list[BotMessage]]:
    """By user: messages with buttons that no job knows."""
    known_ids = {
        str(each)
        for row in query(world.database_url, "SELECT status_id, delivered_id FROM job")
        for each in row
        if each is not None
    }
    return {user.key: [each for each in user.messages() if each.actions and each.id not in known_ids] for user in users}


def unfinished_messages(world: KillWorld, users: list[PrivateUser]) -> list[str]:
    """Descriptions of messages that still have the buttons of an unfinished job, strays left out."""
    strays = find_strays(world, users)
    return [
        f"{user.key} sees {each.text!r} with {each.actions}"
        for user in users
        for each in user.messages()
        if each.actions and each.actions not in FINAL_ACTIONS.values() and each not in strays.get(user.key, [])
    ]


async def find_discrepancies(world: KillWorld, users: list[PrivateUser], faults: RandomFaults) -> list[str]:
    """Descriptions of what does not agree between chats, ledger and upstream."""
    found = [f"{prompt!r} painted {count} times" for prompt, count in faults.accepted.items() if count > 1]
    found += await asyncio.to_thread(unfinished_messages, world, users)
    strays = await asyncio.to_thread(find_strays, world, users)
    async with world.store() as store:
        for user in users:
            balance = await store.balance(user.key, CREDITS)
            shown = sum(each.pictures for each in user.messages() if each not in strays.get(user.key, []))
            if balance.reserved:
                found.append(f"{user.key}: {balance.reserved} reserved")
            if CREDITS - balance.available - balance.reserved != shown:
                found.append(f"{user.key}: {CREDITS - balance.available - balance.reserved} charged for {shown}")
    return found
