"""The order in which jobs run: limits of running and waiting jobs, shown positions, and a group's own credits."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.chat import Action, Chat, User
from bot.errors import ChatOutOfCredits, TooManyWaiting
from bot.quota import hours_to_refill
from bot.runtime.clock import SystemClock
from bot.sandbox import Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import LONG, ask, books, click
from tests.flow.world import MemoryWorld, world
from tests.support.platform import AMBER, GROUP, JADE, Post
from tests.support.waiting import wait_until

OTHER_GROUP = Chat(platform="memory", id="group-2", kind="group")


@pytest.fixture
async def sandbox() -> AsyncGenerator[Sandbox]:
    async with Sandbox(pace=LONG) as upstream:
        yield upstream


async def place(easel: MemoryWorld, post: Post, ahead: int) -> None:
    """Waits until a message shows its position in the queue."""
    words = [translate(locale, "status-place", ahead=ahead) for locale in ("en", "zh")]
    await easel.platform.until(lambda: any(each in post.text for each in words))


async def test_a_user_runs_a_limited_number_of_jobs_at_once(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, limits={"user_concurrent": 2}) as easel:
        posts = [await ask(easel, f"cat {number}") for number in range(4)]
        await wait_until(lambda: sandbox.running == 2)
        await place(easel, posts[2], ahead=0)
        await place(easel, posts[3], ahead=1)
        await click(easel, posts[0], Action.CANCEL)
        await place(easel, posts[3], ahead=0)
        await wait_until(lambda: sorted(each.prompt for each in sandbox.requests) == ["cat 0", "cat 1", "cat 2"])


async def test_a_job_beyond_the_waiting_limit_is_refused_and_not_charged(tmp_path: Path, sandbox: Sandbox) -> None:
    limits = {"user_concurrent": 1, "user_waiting": 2}
    async with world(tmp_path, sandbox, limits=limits) as easel:
        for number in range(4):
            await easel.say(f"cat {number}")
        refused = translate_error("en", TooManyWaiting(limit=2))
        await easel.platform.until(lambda: any(post.text == refused for post in easel.platform.posts))
        assert await books(easel) == (47, 3)
        await easel.say("a dog", sender=JADE)
        await wait_until(lambda: sandbox.running == 2)


async def test_a_flood_of_one_user_delays_no_other_user(tmp_path: Path, sandbox: Sandbox) -> None:
    limits = {"user_concurrent": 2, "user_waiting": 10}
    async with world(tmp_path, sandbox, limits=limits, jobs={"concurrency": 2}) as easel:
        cats = [await ask(easel, f"cat {number}") for number in range(8)]
        dog = await ask(easel, "a dog", sender=JADE)
        await place(easel, dog, ahead=0)
        await wait_until(lambda: sandbox.running == 2)
        await click(easel, cats[0], Action.CANCEL)
        await wait_until(lambda: len(sandbox.requests) == 3)
        assert sandbox.requests[2].prompt == "a dog"


async def test_the_number_of_running_jobs_is_limited(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, jobs={"concurrency": 3}) as easel:
        users = [User(platform="memory", id=f"{number}", name="x", locale="en") for number in range(5)]
        posts = [await ask(easel, "a cat", sender=user) for user in users]
        await place(easel, posts[3], ahead=0)
        await place(easel, posts[4], ahead=1)
        await wait_until(lambda: sandbox.running == 3)
        assert sandbox.queued == 0


async def test_users_take_turns(tmp_path: Path) -> None:
    limits = {"user_concurrent": 1, "user_waiting": 10}
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, limits=limits, jobs={"concurrency": 1}) as easel:
        for number in range(3):
            await easel.say(f"amber {number}")
        for number in range(2):
            await easel.say(f"jade {number}", sender=JADE)
        await easel.settled(5)
        prompts = [each.prompt for each in sandbox.requests]
        for name in ("amber", "jade"):
            own = [prompt for prompt in prompts if prompt.startswith(name)]
            assert own == sorted(own)
        assert await books(easel) == (47, 0)
        assert await books(easel, JADE) == (48, 0)


async def test_a_group_has_credits_of_its_own_and_a_direct_chat_does_not(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, limits={"chat_daily": 2}) as easel:
        await easel.say("two cats --n 2", chat=GROUP)
        await easel.settled(1)
        await easel.say("a dog", chat=GROUP, sender=JADE)
        await easel.platform.until(lambda: len(easel.platform.posts) == 2)
        refill = hours_to_refill(SystemClock().now())
        assert easel.platform.posts[1].text == translate_error("zh", ChatOutOfCredits(left=0, cost=1, refill=refill))
        assert await books(easel, JADE) == (50, 0)
        await easel.say("a dog", sender=JADE)
        await easel.say("a bird", chat=OTHER_GROUP)
        await easel.settled(4)
        assert await books(easel, JADE) == (49, 0)
        assert await books(easel, AMBER) == (47, 0)


async def test_a_groups_credits_are_released_when_nothing_was_painted(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, limits={"chat_daily": 1}) as easel:
        await easel.say("a cat [[400]]", chat=GROUP)
        await easel.settled(1)
        await easel.say("a dog", chat=GROUP, sender=JADE)
        await easel.settled(2)
        assert len(easel.platform.posts[1].images) == 1
