"""Cancelling a job in every state: by button, by command, by deletion. Credits are released, and no task goes on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Action
from bot.errors import AlreadyFinished, ChatBusy, NotYours
from bot.sandbox import Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import BOSS, LONG, HeldPlatform, books, click, running_jobs, until_stored, wait_for_stage
from tests.flow.world import MemoryWorld, world
from tests.servers.upstream.picture_host import picture_host
from tests.support.images import png
from tests.support.platform import AMBER, GROUP, JADE, Post
from tests.support.waiting import wait_until

STOPPED = translate("en", "answer-cancelled", count=1)
FINISHED = translate_error("en", AlreadyFinished())
CANCELLED = translate("en", "cancelled")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(pace=LONG) as upstream:
        yield upstream


async def painting(easel: MemoryWorld) -> Post:
    """The status message of the only job, once the upstream paints for it."""
    await wait_until(lambda: easel.sandbox.running == 1 and len(easel.platform.posts) == 1)
    return easel.platform.posts[0]


async def stopped(easel: MemoryWorld, post: Post, expected: tuple[int, int] = (50, 0)) -> None:
    """Waits until the message shows the cancellation, the credits are released and no task runs."""
    await easel.platform.until(lambda: post.text == CANCELLED)
    assert post.actions == ["retry"]
    assert not post.images
    await wait_until(lambda: not running_jobs())
    assert await books(easel) == expected


async def test_a_job_that_waits_in_line_never_reaches_the_upstream(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, limits={"user_concurrent": 1}) as easel:
        await easel.say("first")
        await easel.say("second")
        second = await wait_for_stage(easel, "waiting", at=1)
        await wait_until(lambda: len(sandbox.requests) == 1)
        assert (await click(easel, second, Action.CANCEL)).text == STOPPED
        await easel.platform.until(lambda: second.text == CANCELLED)
        assert await books(easel) == (49, 1)
        assert [request.prompt for request in sandbox.requests] == ["first"]


async def test_a_job_is_cancelled_while_its_references_are_fetched(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform("fetch")
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
        post = await wait_for_stage(easel, "preparing")
        assert (await click(easel, post, Action.CANCEL)).text == STOPPED
        await stopped(easel, post)
        assert not sandbox.requests


async def test_a_job_is_cancelled_before_the_upstream_answers(easel: MemoryWorld) -> None:
    await easel.say(f"a cat [[no-answer:{LONG:g}]]")
    await wait_until(lambda: len(easel.sandbox.requests) == 1)
    post = await wait_for_stage(easel, "sending")
    assert (await click(easel, post, Action.CANCEL)).text == STOPPED
    await stopped(easel, post)
    await wait_until(lambda: easel.sandbox.dropped == 1)


async def test_cancelling_a_job_closes_the_connection_to_the_upstream(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    post = await painting(easel)
    assert (await click(easel, post, Action.CANCEL)).text == STOPPED
    await stopped(easel, post)
    await wait_until(lambda: easel.sandbox.dropped == 1 and easel.sandbox.running == 0)


async def test_a_job_is_cancelled_while_it_waits_for_a_busy_upstream(easel: MemoryWorld) -> None:
    await easel.say("a cat [[429:100]]")
    post = await wait_for_stage(easel, "retrying")
    assert (await click(easel, post, Action.CANCEL)).text == STOPPED
    await stopped(easel, post)
    assert len(easel.sandbox.requests) == 1


async def test_a_job_is_cancelled_while_its_picture_is_downloaded(tmp_path: Path, sandbox: Sandbox) -> None:
    async with picture_host(png()) as upstream, world(tmp_path, sandbox, **upstream.settings) as easel:
        await easel.say("a cat")
        await upstream.fetched.wait()
        post = await wait_for_stage(easel, "saving")
        assert (await click(easel, post, Action.CANCEL)).text == STOPPED
        await stopped(easel, post)


async def test_a_job_that_is_being_delivered_cannot_be_cancelled(tmp_path: Path) -> None:
    platform = HeldPlatform("deliver")
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, platform) as easel:
        await easel.say("a cat")
        await platform.reached.wait()
        [post] = platform.posts
        assert (await click(easel, post, Action.CANCEL)).text == translate("en", "press-too-late")
        platform.release()
        await easel.settled()
        assert len(post.images) == 1
        assert await books(easel) == (49, 0)


async def test_a_failed_job_whose_end_is_not_shown_yet_cannot_be_cancelled(tmp_path: Path) -> None:
    platform = HeldPlatform(refuses=True)
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, platform) as easel:
        await easel.say("a cat [[no-picture]]")
        await platform.until(lambda: platform.refused > 0)
        [post] = platform.posts
        assert (await click(easel, post, Action.CANCEL)).text == translate_error("en", AlreadyFinished())
        assert await books(easel) == (50, 0)


async def test_a_finished_job_cannot_be_cancelled(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        assert (await click(easel, post, Action.CANCEL)).text == translate_error("en", AlreadyFinished())
        assert post.actions == ["retry", "vary", "edit", "more"]


async def test_a_status_message_of_an_unknown_job_loses_its_cancel_button(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        ref = await easel.platform.post(post.chat, post.cards[0], reply_to=None, key="of-a-killed-process")
        stray = easel.platform.posts[-1]
        assert stray.actions == ["cancel"]
        assert (await click(easel, stray, Action.CANCEL)).text == translate_error("en", AlreadyFinished())
        await easel.platform.until(lambda: not stray.actions)
        assert (stray.id, stray.text) == (ref.message_id, translate_error("en", AlreadyFinished()))
        assert post.actions == ["retry", "vary", "edit", "more"]


async def test_two_concurrent_clicks_cancel_a_job_once(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    post = await painting(easel)
    answers = await asyncio.gather(*(click(easel, post, Action.CANCEL) for _ in range(5)))
    assert (
        {STOPPED} <= {answer.text for answer in answers} <= {STOPPED, FINISHED}
    )  # whoever reads the job after its end
    await stopped(easel, post)
    assert (await click(easel, post, Action.CANCEL)).text == FINISHED


async def test_two_concurrent_clicks_cancel_a_waiting_job_once(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, limits={"user_concurrent": 1}) as easel:
        await easel.say("first")
        await easel.say("second")
        second = await wait_for_stage(easel, "waiting", at=1)
        answers = await asyncio.gather(*(click(easel, second, Action.CANCEL) for _ in range(2)))
        assert {STOPPED} <= {answer.text for answer in answers} <= {STOPPED, FINISHED}
        assert await books(easel) == (49, 1)


async def test_a_click_is_answered_while_the_chat_is_rate_limited(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform(refuses=True)
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("a cat")
        post = await painting(easel)
        assert (await click(easel, post, Action.CANCEL)).text == STOPPED
        assert await books(easel) == (50, 0)


async def test_another_user_may_not_cancel_and_an_admin_may(easel: MemoryWorld) -> None:
    await easel.say("a cat", chat=GROUP)
    post = await painting(easel)
    assert (await click(easel, post, Action.CANCEL, sender=JADE)).text == translate_error("zh", NotYours())
    assert easel.sandbox.running == 1
    assert (await click(easel, post, Action.CANCEL, sender=BOSS)).text == STOPPED
    await stopped(easel, post)


async def test_the_cancel_command_cancels_all_jobs_of_the_caller_only(easel: MemoryWorld) -> None:
    for prompt in ("first", "second", "third"):
        await easel.say(prompt)
    await easel.say("not yours", sender=JADE)
    await wait_until(lambda: easel.sandbox.running == 3)
    await easel.say("/cancel")
    await easel.platform.until(lambda: easel.platform.posts[-1].text == translate("en", "answer-cancelled", count=3))
    await wait_until(lambda: easel.sandbox.running == 1)
    assert sorted(request.prompt for request in easel.sandbox.requests) == ["first", "not yours", "second"]
    assert await books(easel) == (50, 0)
    assert await books(easel, JADE) == (49, 1)


async def test_the_cancel_command_without_jobs_says_so(easel: MemoryWorld) -> None:
    await easel.say("/cancel")
    [post] = await easel.settled()
    assert post.text == translate("en", "answer-nothing-to-cancel")


async def test_deleting_the_status_message_cancels_the_job(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    post = await painting(easel)
    await until_stored(easel, post)
    await easel.app.events.message_deleted(easel.platform.delete(post))
    assert await books(easel) == (50, 0)
    await wait_until(lambda: easel.sandbox.dropped == 1 and not running_jobs())
    assert len(easel.platform.posts) == 1


async def test_a_deletion_without_an_event_is_noticed_at_the_next_edit(
    tmp_path: Path,
) -> None:
    async with Sandbox(pace=20) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("a cat")
        await painting(easel)
        easel.platform.delete(easel.platform.posts[0])
        await wait_until(lambda: sandbox.dropped == 1 and not running_jobs())
        assert await books(easel) == (50, 0)
        assert len(easel.platform.posts) == 1


async def test_the_deletion_of_a_finished_picture_changes_nothing(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        await easel.app.events.message_deleted(easel.platform.delete(post))
        assert await books(easel) == (49, 0)


async def test_a_cancelled_job_can_be_retried(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    post = await painting(easel)
    await click(easel, post, Action.CANCEL)
    await stopped(easel, post)
    assert (await click(easel, post, Action.RETRY)).text == ""
    await wait_until(lambda: easel.sandbox.running == 1 and len(easel.platform.posts) == 2)
    again = easel.platform.posts[1]
    assert again.reply_to == post.reply_to  # the wish, and not "Cancelled"
    await click(easel, again, Action.CANCEL, sender=AMBER)
    await stopped(easel, again)


async def test_a_paused_chat_delays_no_other_chat(tmp_path: Path) -> None:
    """A picture that waits for its chat holds no slot of the jobs that are still to be painted."""
    platform = HeldPlatform()
    crowded: dict[str, Any] = {"jobs": {"concurrency": 1}, "limits": {"user_concurrent": 1}}
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, platform, **crowded) as easel:
        platform.holds.add("deliver")
        await easel.say("first", chat=GROUP)
        await platform.reached.wait()
        platform.holds.clear()
        await easel.say("second", sender=JADE)
        await platform.until(lambda: len(platform.posts) == 2 and bool(platform.posts[1].images))
        assert not platform.posts[0].images
        platform.release()
        await easel.settled()
        assert platform.posts[0].images
        assert await books(easel) == (49, 0)


async def test_a_job_in_a_busy_chat_is_cancelled(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    post = await painting(easel)
    easel.platform.failures = [ChatBusy(retry_after=0.02)]
    await click(easel, post, Action.CANCEL)
    await stopped(easel, post)
