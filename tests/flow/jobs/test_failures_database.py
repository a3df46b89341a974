"""A database that fails for a moment or for good while a job runs: nothing is lost, charged twice or left unsaid."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Action, MessageRef
from bot.errors import ChatGone, StoreFailed
from bot.job import Job
from bot.jobs.settlement import STORE_RETRY_S
from bot.runtime.clock import STORE_PAUSES_S
from bot.sandbox import Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import (
    LONG,
    HeldPlatform,
    books,
    click,
    has_status_message,
    running_jobs,
    until_stored,
    wait_for_stage,
)
from tests.flow.world import world
from tests.servers.upstream.picture_host import picture_host
from tests.support.clocks import ShiftedClock
from tests.support.databases import clear_disk, execute, fill_disk
from tests.support.images import png
from tests.support.platform import Platform
from tests.support.waiting import wait_until

DOWN = translate_error("en", StoreFailed())


def break_database(url: str) -> None:
    """Makes every statement about jobs fail."""
    execute(url, "ALTER TABLE job RENAME TO hidden")


def mend_database(url: str) -> None:
    execute(url, "ALTER TABLE hidden RENAME TO job")


class Hasty(ShiftedClock):
    """Pauses of a job whose database failed are short; `paused` counts those of a job that still runs. Later tries in
    the background are put off until `goes_on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.paused = 0
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def sleep(self, seconds: float) -> None:
        self.paused += seconds in STORE_PAUSES_S
        if seconds == STORE_RETRY_S:
            await self.goes_on.wait()
        await super().sleep(seconds / 200 if seconds in (*STORE_PAUSES_S, STORE_RETRY_S) else seconds)


async def test_a_brief_database_failure_before_the_request_delays_the_job(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform("fetch")
    clock = Hasty()
    async with world(tmp_path, sandbox, platform, clock=clock) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
        await asyncio.to_thread(break_database, easel.database_url)
        platform.release()
        await wait_until(lambda: clock.paused > 0)
        await asyncio.to_thread(mend_database, easel.database_url)
        [post] = await easel.settled()
        assert len(post.images) == 1
        assert len(sandbox.requests) == 1
        assert await books(easel) == (49, 0)


async def test_a_brief_database_failure_after_the_delivery_delays_the_settlement(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    platform = HeldPlatform("after-deliver")
    clock = Hasty()
    async with world(tmp_path, sandbox, platform, clock=clock) as easel:
        await easel.say("a cat")
        await platform.reached.wait()
        await asyncio.to_thread(break_database, easel.database_url)
        platform.release()
        await wait_until(lambda: clock.paused > 0)
        await asyncio.to_thread(mend_database, easel.database_url)
        [post] = await easel.settled()
        assert (len(post.images), len(platform.posts)) == (1, 1)
        assert len(sandbox.requests) == 1
        assert await books(easel) == (49, 0)


@pytest.mark.forms(1)
@pytest.mark.parametrize("kind", ["fetch", "after-deliver"])
async def test_a_lasting_database_failure_is_shown_unless_the_picture_is_delivered(
    tmp_path: Path, sandbox: Sandbox, kind: str
) -> None:
    platform = HeldPlatform(kind)
    async with world(tmp_path, sandbox, platform, clock=Hasty()) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
        await platform.until(lambda: bool(platform.posts))
        [job] = await easel.app.store.unfinished_jobs()
        await wait_until(lambda: has_status_message(easel, job.id))
        await asyncio.to_thread(break_database, easel.database_url)
        platform.release()
        await wait_until(lambda: not running_jobs())
        [post] = platform.posts
        assert (post.text == DOWN) == (not post.images) == (kind == "fetch")
    await asyncio.to_thread(mend_database, easel.database_url)  # when the process is gone: it would go on with the job
    async with world(tmp_path, sandbox, platform) as easel:
        [post] = await easel.settled()
        assert len(post.images) == 1
        assert len(sandbox.requests) == 1
        assert await books(easel) == (49, 0)


async def test_a_picture_painted_during_a_database_failure_is_delivered(tmp_path: Path, sandbox: Sandbox) -> None:
    async with picture_host(png()) as upstream:
        clock = Hasty()
        async with world(tmp_path, sandbox, clock=clock, **upstream.settings) as easel:
            await easel.say("a cat")
            await upstream.fetched.wait()
            await asyncio.to_thread(fill_disk, easel.database_url, "UPDATE")
            upstream.open.set()
            await wait_until(lambda: clock.paused > 0)
            await asyncio.to_thread(clear_disk, easel.database_url)
            [post] = await easel.settled()
            assert len(post.images) == 1
            assert await books(easel) == (49, 0)


async def test_a_job_is_settled_once_the_database_works_again(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform("fetch")
    async with world(tmp_path, sandbox, platform, clock=Hasty()) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
        await asyncio.to_thread(break_database, easel.database_url)
        platform.release()
        await wait_until(lambda: not running_jobs())
        await asyncio.to_thread(mend_database, easel.database_url)
        [post] = await easel.settled()
        assert len(post.images) == 1
        assert len(sandbox.requests) == 1
        assert await books(easel) == (49, 0)


async def test_a_cancellation_during_a_database_failure_is_stored_later(tmp_path: Path) -> None:
    async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox, Platform(), clock=Hasty()) as easel:
        await easel.say("a cat")
        post = await wait_for_stage(easel, "painting")
        await asyncio.to_thread(fill_disk, easel.database_url, "UPDATE")
        assert (await click(easel, post, Action.CANCEL)).text == DOWN
        await asyncio.to_thread(clear_disk, easel.database_url)
        await easel.platform.until(lambda: post.text == translate("en", "cancelled"))
        assert await books(easel) == (50, 0)


async def test_a_job_waiting_for_the_database_can_be_cancelled(tmp_path: Path, sandbox: Sandbox) -> None:
    platform, clock = HeldPlatform("fetch"), Hasty()
    clock.goes_on.clear()
    async with world(tmp_path, sandbox, platform, clock=clock) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
        await platform.until(lambda: bool(platform.posts))
        await asyncio.to_thread(break_database, easel.database_url)
        platform.release()
        await wait_until(lambda: not running_jobs())
        [post] = platform.posts
        assert (await click(easel, post, Action.CANCEL)).text == DOWN
        await asyncio.to_thread(mend_database, easel.database_url)
        assert (await click(easel, post, Action.CANCEL)).text == translate("en", "answer-cancelled", count=1)
        clock.goes_on.set()
        await platform.until(lambda: post.text == translate("en", "cancelled"))
        assert await books(easel) == (50, 0)


async def test_a_cancellation_at_the_moment_at_which_a_job_begins_again_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("a cat")
        post = await wait_for_stage(easel, "painting")
        settle = easel.app.store.settle_job

        async def settle_late(job: Job, *facts: Any, **more: Any) -> bool:
            monkeypatch.undo()
            await easel.app.store.begin_attempt(job.id)
            return await settle(job, *facts, **more)

        monkeypatch.setattr(easel.app.store, "settle_job", settle_late)
        assert (await click(easel, post, Action.CANCEL)).text == translate("en", "answer-cancelled", count=1)
        await easel.platform.until(lambda: post.text == translate("en", "cancelled"))
        assert await books(easel) == (50, 0)


async def test_a_closed_chat_during_a_database_failure_is_tolerated(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform("fetch")
    async with world(tmp_path, sandbox, platform, clock=Hasty()) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
        await wait_for_stage(easel, "preparing")
        await asyncio.to_thread(break_database, easel.database_url)
        platform.failures = [ChatGone()]
        platform.release()
        await wait_until(lambda: not running_jobs())
        await asyncio.to_thread(mend_database, easel.database_url)


async def test_a_message_during_a_database_failure_is_answered(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox) as easel:
        await easel.say("/help")
        [post] = await easel.settled()
        await asyncio.to_thread(break_database, easel.database_url)
        await easel.say("a cat")
        await easel.platform.until(lambda: len(easel.platform.posts) == 2)
        assert easel.platform.posts[1].text == DOWN
        await easel.say("again", reply_to=post)
        await easel.platform.until(lambda: len(easel.platform.posts) == 3)
        assert easel.platform.posts[2].text == translate("en", "refusal-reply-has-no-picture")
        await easel.app.events.message_deleted(MessageRef(chat=post.chat, message_id=post.id))
        assert not sandbox.requests
        await asyncio.to_thread(mend_database, easel.database_url)


async def test_a_deletion_repeated_after_a_database_failure_cancels_the_job(tmp_path: Path) -> None:
    async with Sandbox(pace=1000) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("a cat")
        await wait_until(lambda: sandbox.running == 1 and bool(easel.platform.posts))
        await until_stored(easel, easel.platform.posts[0])
        await asyncio.to_thread(fill_disk, easel.database_url, "UPDATE")
        ref = easel.platform.delete(easel.platform.posts[0])
        await easel.app.events.message_deleted(ref)
        assert await books(easel) == (49, 1)
        await asyncio.to_thread(clear_disk, easel.database_url)
        await easel.app.events.message_deleted(ref)
        assert await books(easel) == (50, 0)
