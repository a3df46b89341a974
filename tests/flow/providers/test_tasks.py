"""Tasks through the whole core: who is asked after a failed one, what a lost one costs, and what came of a part."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Action
from bot.job import State
from bot.sandbox import Sandbox
from bot.texts import translate
from tests.flow.scenes import books, click, job_of, wait_for_stage
from tests.flow.world import MemoryWorld, world
from tests.support.clocks import ShiftedClock
from tests.support.waiting import wait_until


class QuickClock(ShiftedClock):
    """Real time, in which every wait takes a hundredth of its length."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)


@asynccontextmanager
async def tasks(folder: Path, *, at: str, then_chat: bool = True, **given: Any) -> AsyncGenerator[MemoryWorld]:
    """An Easel that asks the task upstream `at` first, then a chat."""
    async with Sandbox(pace=0, edge=128, **given) as sandbox:
        first = {"preset": at, "base_url": f"{sandbox.address}/{at}", "api_key": "sandbox", "price": 2}
        second = {"preset": "sandbox", "base_url": sandbox.address, "api_key": "sandbox"}
        providers = [first, second] if then_chat else [first]
        async with world(folder, sandbox, clock=QuickClock(), providers=providers) as easel:
            yield easel


@pytest.mark.forms(1)
@pytest.mark.parametrize("fault", ["task-service_error", "task-generation_timeout", "task-quota_exceeded"])
async def test_after_a_failed_task_that_was_free_the_next_one_paints(tmp_path: Path, fault: str) -> None:
    async with tasks(tmp_path, at="evolink") as easel:
        await easel.say(f"a fox [[{fault}]]")
        [post] = await easel.settled()
        assert len(post.images) == 1
        job = await easel.app.store.get_job(job_of(post))
        assert job is not None
        assert (job.state, job.provider, job.price, job.charged) == (State.DONE, "sandbox", 1, 1)
        assert str(job.upstream_id).startswith("chatcmpl-")  # not the failed task
        assert [each.path for each in easel.sandbox.requests] == ["/evolink/v1/images/generations", "/chat/completions"]
        assert await books(easel) == (49, 0)
        assert not any("could not be made" in card.text for card in post.cards)  # the task's own words


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("at", "fault", "key"),
    [
        ("toapis", "task-service_error", "failed-said"),
        ("evolink", "task-content_policy_violation", "failed-moderated"),
        ("evolink", "cancelled", "failed-called-off"),
        ("toapis", "moderation", "failed-moderated"),
        ("evolink", "reset", "failed-cut-short"),
        ("evolink", "no-picture", "failed-no-picture"),
    ],
)
async def test_after_other_ends_nobody_paints_again_and_the_credits_are_back(
    tmp_path: Path, at: str, fault: str, key: str
) -> None:
    async with tasks(tmp_path, at=at) as easel:
        await easel.say(f"a fox [[{fault}]]")
        [post] = await easel.settled()
        assert post.text == translate("en", key, quote="The picture could not be made")
        assert len(easel.sandbox.requests) == 1
        assert len(easel.sandbox.tasks) == (0 if (at, fault) == ("toapis", "moderation") else 1)
        assert await books(easel) == (50, 0)


async def test_a_part_of_the_pictures_is_charged_for_that_part(tmp_path: Path) -> None:
    async with tasks(tmp_path, at="evolink", then_chat=False) as easel:
        await easel.say("a fox [[partial:3]] --n 4")
        [post] = await easel.settled()
        assert len(post.images) == 3
        job = await easel.app.store.get_job(job_of(post))
        assert job is not None
        assert (job.cost, job.charged, job.spent) == (8, 6, 6.0)
        assert job.upstream_id == easel.sandbox.tasks[0].id
        assert await books(easel) == (44, 0)


async def test_cancel_stops_the_asking(tmp_path: Path) -> None:
    async def never(_: float) -> None:
        await asyncio.Event().wait()

    async with tasks(tmp_path, at="toapis", sleep=never) as easel:
        await easel.say("a fox")
        post = await wait_for_stage(easel, "painting")
        await wait_until(lambda: _asked(easel))
        await click(easel, post, Action.CANCEL)
        await easel.settled()
        polls = easel.sandbox.tasks[0].poll_count
        await asyncio.sleep(0.1)  # ten seconds of the quick clock: time for three questions
        assert easel.sandbox.tasks[0].poll_count == polls
        assert await books(easel) == (50, 0)


async def _asked(easel: MemoryWorld) -> bool:
    return easel.sandbox.tasks[0].poll_count > 0


async def test_the_sandbox_paints_every_model_of_its_task_preset_with_what_is_offered_of_it(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    models = ["gpt-image-2", "gpt-4o-image", "gpt-image-1.5", "gemini-3.1-flash-image"]
    up = {
        "preset": "sandbox",
        "dialect": "tasks",
        "base_url": sandbox.address,
        "api_key": "sandbox",
        "models": models,
    }
    asked = ("--size 21:9@4K --quality high --n 3", "--size 3:2 --n 4", "--size 3:2 --quality low", "--size 1:8@2K")
    async with world(tmp_path, sandbox, providers=[up], limits={"user_daily": 500}) as easel:
        for model, options in zip(models, asked, strict=True):
            await easel.say(f"a cat --model {model} {options}")
            await easel.wait_until_settled()
        assert [len(each.images) for each in easel.platform.posts] == [3, 4, 1, 1]
