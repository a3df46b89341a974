"""The soak: a stream of requests, random upstream faults, and a process killed again and again at random moments.

In the end every request has one message, which says how it ended, and the ledger agrees with the chats.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.sandbox import Fault
from bot.sandbox.request_log import RecordedRequest
from tests.kill.kill_points import DIALECTS, PLATFORMS
from tests.kill.matrix import FINAL_ACTIONS
from tests.kill.world import BotMessage, KillWorld, PrivateUser, kill_world
from tests.support.databases import books_agree, query
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("preloaded_texts")

KILLS = int(os.environ.get("SOAK_KILLS", "334"))  # of each dialect: a thousand in all
STOP_EVERY = 10  # of so many processes one is stopped in order
PACE = 0.05  # of the upstream: a picture takes 0.4 s
MAX_LIFE_S = 1.2  # of a process after its last request; a job takes about half as long
MAX_WAITS = 6  # each as long as a test waits for anything, until the last process has settled all
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


@dataclass(slots=True, kw_only=True)
class SoakFigures:
    """What became of the requests of one dialect."""

    kills: int = 0
    stops: int = 0
    requests: int = 0
    unseen: int = 0
    """Requests in Discord that no process has taken in: Discord brings an event once, and tells the user of a command
    by itself that it was not answered."""
    pictures: int = 0
    lost: list[str] = field(default_factory=list[str])
    """Requests without a final message, in words."""
    doubled: list[str] = field(default_factory=list[str])
    """What was painted, posted or charged more than once, or charged otherwise than shown, in words."""
    strays: list[str] = field(default_factory=list[str])
    """Messages that no job knows, or that stay unfinished, in words."""

    def row(self, dialect: str, faults: int) -> str:
        counts = (self.kills, self.stops, self.requests, self.unseen, faults, self.pictures)
        found = (len(self.lost), len(self.doubled), len(self.strays))
        return "| " + " | ".join(map(str, (dialect, *counts, *found))) + " |"


@pytest.mark.soak
@pytest.mark.timeout(KILLS * 20 + 600)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_random_kills_under_load(
    tmp_path: Path, dialect: str, record_property: Callable[[str, object], None]
) -> None:
    seed = DIALECTS.index(dialect)
    faults, dice, figures = RandomFaults(seed), random.Random(100 + seed), SoakFigures()
    async with kill_world(tmp_path, dialect, faults=faults, pace=PACE) as world:
        world.timeout_s = TASK_TIMEOUT_S
        world.settings["limits"] = {"user_daily": CREDITS, "user_per_minute": 10_000, "user_waiting": 10_000}
        users = [world.add_user(PLATFORMS[number % len(PLATFORMS)]) for number in range(USERS)]
        sent: dict[str, list[str]] = {user.key: [] for user in users}
        while figures.kills < KILLS:
            async with world.process() as running:
                for user in dice.sample(users, dice.randint(1, 3)):
                    figures.requests += 1
                    sent[user.key].append(f"a cat {figures.requests}")
                    user.say(sent[user.key][-1])
                    await asyncio.sleep(dice.uniform(0.0, 0.1))
                await asyncio.sleep(dice.uniform(0.0, MAX_LIFE_S))
                if (figures.kills + figures.stops) % STOP_EVERY == STOP_EVERY - 1:
                    figures.stops += 1
                    assert await running.stop() == 0
                else:
                    figures.kills += 1
                    await running.kill()
            await asyncio.to_thread(running.log.unlink)
        async with world.process() as last:
            for _ in range(MAX_WAITS):  # processes that live for a second leave something for the last one
                with suppress(TimeoutError):
                    await world.wait_until_settled()
                    break

            async def all_final() -> bool:
                return all(is_final(each) for user in users for each in user.messages())

            with suppress(TimeoutError):  # then the figures name them
                await wait_until(all_final)
            assert await last.stop() == 0
        figures.doubled += [
            f"{prompt!r} painted {count} times" for prompt, count in faults.accepted.items() if count > 1
        ]
        for user in users:
            await judge_user(world, user, sent[user.key], figures)
    assert await asyncio.to_thread(books_agree, world.database_url)
    record_property("table", figures.row(dialect, faults.injected.total()))
    assert figures.pictures
    assert (figures.lost, figures.doubled, figures.strays) == ([], [], [])


async def judge_user(world: KillWorld, user: PrivateUser, prompts: list[str], figures: SoakFigures) -> None:
    """Adds to the figures what became of a user's requests."""
    jobs = await asyncio.to_thread(
        query, world.database_url, "SELECT prompt, status_id, delivered_id, user_key, charged FROM job"
    )
    own = {
        str(prompt): {str(status), str(delivered)} for prompt, status, delivered, owner, _ in jobs if owner == user.key
    }
    charged = sum(int(str(credits)) for *_, owner, credits in jobs if owner == user.key)
    messages = user.messages()
    known_ids = {each for ids in own.values() for each in ids}
    missing = [prompt for prompt in prompts if prompt not in own]
    if user.key.startswith("telegram:"):
        figures.lost += [f"{user.key}: {prompt!r} became no job" for prompt in missing]
    else:  # a process that is stopped in order answers a command in words
        figures.unseen += len(missing) - sum(not each.actions and each.id not in known_ids for each in messages)
    final_ids = {each.id for each in messages if is_final(each)}
    figures.lost += [f"{user.key}: {prompt!r} has no end" for prompt, ids in own.items() if not ids & final_ids]
    figures.strays += [
        f"{user.key} sees {each.text!r} with {each.actions}"
        for each in messages
        if (each.actions and each.id not in known_ids) or not is_final(each)
    ]
    shown = sum(each.pictures for each in messages)
    figures.pictures += shown
    if charged != shown:
        figures.doubled.append(f"{user.key}: {charged} charged for {shown}")
    balance = await world.balance(user.key)
    if balance.reserved:
        figures.lost.append(f"{user.key}: {balance.reserved} credits stay reserved")


def is_final(message: BotMessage) -> bool:
    """Whether a message says how its job ended; a refusal has no buttons."""
    return message.actions in FINAL_ACTIONS.values() or not message.actions
