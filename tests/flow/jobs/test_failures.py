"""Failures inside Easel: a database that fails for a while or for good, a chat that rejects an image, several providers
of which some are down. The ledger stays exact, and every message says how its job ended."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Action, Card, Chat, Delivered, Message, MessageRef, User
from bot.clock import STORE_PAUSES_S, SystemClock
from bot.errors import BadCredentials, ChatFailed, ChatGone, EaselError, SettingsWrong, Stale, StoreFailed, Undelivered
from bot.job import Job, State
from bot.jobs.settlement import STORE_RETRY_S
from bot.painting import Image
from bot.sandbox import Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import LONG, HeldPlatform, books, click, jobs_under_way, shows, stands
from tests.flow.world import World, settings, world
from tests.servers.upstream.picture_host import picture_host
from tests.support.chat_world import open_app
from tests.support.images import png
from tests.support.platform import AMBER, Platform
from tests.support.waiting import wait_until

DOWN = translate_error("en", StoreFailed())


@pytest.fixture
async def sandbox() -> AsyncGenerator[Sandbox]:
    async with Sandbox(pace=0) as upstream:
        yield upstream


def break_database(folder: Path) -> None:
    """Everything about jobs fails from here on."""
    with closing(sqlite3.connect(folder / "easel.db")) as connection:
        connection.execute("ALTER TABLE job RENAME TO hidden")


def mend_database(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "easel.db")) as connection:
        connection.execute("ALTER TABLE hidden RENAME TO job")


def fill_disk(folder: Path) -> None:
    """No job is changed from here on."""
    with closing(sqlite3.connect(folder / "easel.db")) as connection:
        connection.execute("CREATE TRIGGER full BEFORE UPDATE ON job BEGIN SELECT RAISE(ABORT, 'disk full'); END")


def clear_disk(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "easel.db")) as connection:
        connection.execute("DROP TRIGGER full")


class Hasty(SystemClock):
    """Pauses of a job whose database failed are short; `paused` counts those of a job that still runs."""

    def __init__(self) -> None:
        self.paused = 0

    async def sleep(self, seconds: float) -> None:
        self.paused += seconds in STORE_PAUSES_S
        await super().sleep(seconds / 200 if seconds in (*STORE_PAUSES_S, STORE_RETRY_S) else seconds)


class Opened:
    """An app that is closed at the end of the test, with a clock of its own."""

    def __init__(self, folder: Path, sandbox: Any, platform: Platform) -> None:
        self.clock = Hasty()
        self._folder, self._sandbox, self._platform = folder, sandbox, platform

    async def __aenter__(self) -> World:
        made = settings(self._folder, self._sandbox)
        self._opened = open_app(made, {"memory": self._platform}, self.clock)
        app = await self._opened.__aenter__()
        await app.start()
        return World(app=app, platform=self._platform, sandbox=self._sandbox)

    async def __aexit__(self, *_: object) -> None:
        await self._opened.__aexit__(None, None, None)


# ---------------------------------------------------------------- the database


async def test_a_database_that_fails_for_a_moment_before_the_upstream_is_asked(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    platform = HeldPlatform("fetch")
    opened = Opened(tmp_path, sandbox, platform)
    async with opened as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
        await asyncio.to_thread(break_database, tmp_path)
        platform.release()
        await wait_until(lambda: opened.clock.paused > 0)
        await asyncio.to_thread(mend_database, tmp_path)
        [post] = await easel.settled()
        assert len(post.images) == 1
        assert len(sandbox.requests) == 1
        assert await books(easel) == (49, 0)


async def test_a_database_that_fails_for_a_moment_after_the_picture_was_delivered(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    platform = HeldPlatform("after-deliver")
    opened = Opened(tmp_path, sandbox, platform)
    async with opened as easel:
        await easel.say("a cat")
        await platform.reached.wait()
        await asyncio.to_thread(break_database, tmp_path)
        platform.release()
        await wait_until(lambda: opened.clock.paused > 0)
        await asyncio.to_thread(mend_database, tmp_path)
        [post] = await easel.settled()
        assert (len(post.images), len(platform.posts)) == (1, 1)
        assert len(sandbox.requests) == 1
        assert await books(easel) == (49, 0)


@pytest.mark.parametrize("kind", ["fetch", "after-deliver"])
async def test_a_database_that_stays_away_is_said_unless_the_picture_stands_there(
    tmp_path: Path, sandbox: Sandbox, kind: str
) -> None:
    platform = HeldPlatform(kind)
    async with Opened(tmp_path, sandbox, platform) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
        await platform.until(lambda: bool(platform.posts))
        [job] = await easel.app.store.unfinished_jobs()
        await wait_until(lambda: stands(easel, job.id))
        await asyncio.to_thread(break_database, tmp_path)
        platform.release()
        await wait_until(lambda: not jobs_under_way())
        [post] = platform.posts
        assert (post.text == DOWN) == (not post.images) == (kind == "fetch")
    await asyncio.to_thread(mend_database, tmp_path)  # when the process is gone: it would go on with the job
    async with world(tmp_path, sandbox, platform) as easel:
        [post] = await easel.settled()
        assert len(post.images) == 1
        assert len(sandbox.requests) == 1
        assert await books(easel) == (49, 0)


async def test_a_picture_that_was_painted_while_the_database_was_away_is_not_lost(tmp_path: Path) -> None:
    async with picture_host(png()) as upstream:
        opened = Opened(tmp_path, upstream, Platform())
        async with opened as easel:
            await easel.say("a cat")
            await upstream.fetched.wait()
            await asyncio.to_thread(fill_disk, tmp_path)
            upstream.open.set()
            await wait_until(lambda: opened.clock.paused > 0)
            await asyncio.to_thread(clear_disk, tmp_path)
            [post] = await easel.settled()
            assert len(post.images) == 1
            assert await books(easel) == (49, 0)


async def test_a_job_ends_by_itself_once_the_database_is_back(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform("fetch")
    async with Opened(tmp_path, sandbox, platform) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
        await asyncio.to_thread(break_database, tmp_path)
        platform.release()
        await wait_until(lambda: not jobs_under_way())
        await asyncio.to_thread(mend_database, tmp_path)
        [post] = await easel.settled()
        assert len(post.images) == 1
        assert len(sandbox.requests) == 1
        assert await books(easel) == (49, 0)


async def test_a_click_on_cancel_that_the_database_did_not_take_is_made_good(tmp_path: Path) -> None:
    async with Sandbox(pace=LONG) as sandbox, Opened(tmp_path, sandbox, Platform()) as easel:
        await easel.say("a cat")
        post = await shows(easel, "painting")
        await asyncio.to_thread(fill_disk, tmp_path)
        assert (await click(easel, post, Action.CANCEL)).text == DOWN
        await asyncio.to_thread(clear_disk, tmp_path)
        await easel.platform.until(lambda: post.text == translate("en", "cancelled"))
        assert await books(easel) == (50, 0)


async def test_a_job_that_the_database_let_down_can_still_be_stopped(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform("fetch")
    async with Opened(tmp_path, sandbox, platform) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
        await platform.until(lambda: bool(platform.posts))
        await asyncio.to_thread(break_database, tmp_path)
        platform.release()
        await wait_until(lambda: not jobs_under_way())
        [post] = platform.posts
        assert (await click(easel, post, Action.CANCEL)).text == DOWN
        await asyncio.to_thread(mend_database, tmp_path)
        assert (await click(easel, post, Action.CANCEL)).text == translate("en", "answer-cancelled", count=1)
        await platform.until(lambda: post.text == translate("en", "cancelled"))
        assert await books(easel) == (50, 0)


async def test_a_chat_that_is_closed_when_the_database_has_failed_harms_nobody(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    platform = HeldPlatform("fetch")
    async with Opened(tmp_path, sandbox, platform) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
        await shows(easel, "preparing")
        await asyncio.to_thread(break_database, tmp_path)
        platform.failures = [ChatGone()]
        platform.release()
        await wait_until(lambda: not jobs_under_way())
        await asyncio.to_thread(mend_database, tmp_path)


async def test_a_message_while_the_database_is_away_is_answered(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox) as easel:
        await easel.say("/help")
        [post] = await easel.settled()
        await asyncio.to_thread(break_database, tmp_path)
        await easel.say("a cat")
        await easel.platform.until(lambda: len(easel.platform.posts) == 2)
        assert easel.platform.posts[1].text == DOWN
        await easel.say("again", reply_to=post)
        await easel.platform.until(lambda: len(easel.platform.posts) == 3)
        assert easel.platform.posts[2].text == translate("en", "refusal-reply-has-no-picture")
        await easel.app.events.message_deleted(MessageRef(chat=post.chat, message_id=post.id))
        assert not sandbox.requests
        await asyncio.to_thread(mend_database, tmp_path)


async def test_a_deletion_that_the_database_does_not_take_harms_nobody(tmp_path: Path) -> None:
    async with Sandbox(pace=1000) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("a cat")
        await wait_until(lambda: sandbox.running == 1 and bool(easel.platform.posts))
        ref = easel.platform.delete(easel.platform.posts[0])
        await asyncio.to_thread(fill_disk, tmp_path)
        await easel.app.events.message_deleted(ref)
        assert await books(easel) == (49, 1)
        await asyncio.to_thread(clear_disk, tmp_path)
        await easel.app.events.message_deleted(ref)
        assert await books(easel) == (50, 0)


# ---------------------------------------------------------------- the chat


class Picky(Platform):
    """Takes no pictures."""

    failure: Exception = ChatFailed(detail="the upload was refused")

    async def deliver(
        self,
        chat: Chat,
        ref: MessageRef | None,
        card: Card,
        images: Sequence[Image],
        *,
        reply_to: str | None,
        key: str,
    ) -> Delivered:
        raise self.failure


async def test_a_picture_that_the_chat_does_not_take_is_not_charged_and_said(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, Picky()) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        assert post.text == translate_error("en", Undelivered())
        assert post.actions == ["retry"]
        assert await books(easel) == (50, 0)


async def test_a_bug_while_the_picture_is_delivered_is_not_charged_and_said(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = Picky()
    platform.failure = RuntimeError("a bug in an adapter")
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        assert post.text == translate_error("en", Undelivered())
        assert await books(easel) == (50, 0)


class Odd(Platform):
    """Breaks wherever credits change."""

    broken = True

    def balance_changed(self, user: User) -> None:
        if self.broken:
            raise RuntimeError("a bug in an adapter")


async def test_a_bug_while_a_message_is_read_is_said(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox) as easel:
        broken = easel.platform.message("a cat")
        object.__setattr__(broken, "text", 7)  # an adapter without a type checker
        await easel.app.events.receive_message(broken)
        [post] = await easel.settled()
        assert post.text == translate_error("en", EaselError())


async def test_a_bug_while_a_click_is_answered_is_said(tmp_path: Path) -> None:
    platform = Odd()
    async with Sandbox(pace=1000) as sandbox:
        async with world(tmp_path, sandbox, platform) as easel:
            await easel.say("a cat")
            await wait_until(lambda: sandbox.running == 1 and bool(platform.posts))
            [post] = platform.posts
            assert (await click(easel, post, Action.CANCEL)).text == translate_error("en", EaselError())
            assert await books(easel) == (50, 0)
        platform.broken = False
        async with world(tmp_path, sandbox, platform) as easel:
            await platform.until(lambda: post.text == translate("en", "cancelled"))


async def test_a_bug_while_a_failure_is_written_down_leaves_it_to_the_next_start(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    platform = Odd()
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("a cat [[400]]")
        await wait_until(lambda: bool(sandbox.requests) and not jobs_under_way())
        assert await books(easel) == (50, 0)
    platform.broken = False
    async with world(tmp_path, sandbox, platform) as easel:
        [post] = await easel.settled()
        assert post.actions == ["retry"]


async def test_a_reply_that_is_no_picture_of_a_finished_job(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox) as easel:
        await easel.say("a cat [[400]]")
        [post] = await easel.settled()
        message: Message = easel.platform.message("at night", reply_to=post)
        await easel.app.events.receive_message(message)
        await easel.settled(2)
        assert easel.platform.posts[1].text == translate("en", "refusal-reply-has-no-picture")


# ---------------------------------------------------------------- providers


async def test_a_provider_that_is_down_is_passed_over(tmp_path: Path, sandbox: Sandbox) -> None:
    async with Sandbox(pace=0) as away:
        closed = away.address
    providers = [
        {"name": "closed", "preset": "sandbox", "base_url": closed, "price": 3},
        {"name": "wrong key", "preset": "sandbox", "base_url": sandbox.address, "api_key": "no"},
        {"name": "good", "preset": "sandbox", "base_url": sandbox.address, "api_key": "sandbox", "price": 2},
    ]
    async with world(tmp_path, sandbox, providers=providers) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        assert len(post.images) == 1
        assert await books(easel) == (48, 0)
        [job] = await easel.app.store.history(AMBER.key)
        assert (job.cost, job.charged, job.provider, job.state) == (3, 2, "good", State.DONE)
        assert sorted(name for name in job.checkpoints if name.startswith("attempt-rejected")) == [
            "attempt-rejected:1",
            "attempt-rejected:2",
        ]


async def test_when_all_are_down_the_last_failure_is_said(tmp_path: Path, sandbox: Sandbox) -> None:
    providers = [{"name": "wrong key", "preset": "sandbox", "base_url": sandbox.address, "api_key": "no"}]
    async with world(tmp_path, sandbox, providers=providers) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        assert post.text == translate_error("en", BadCredentials())
        assert await books(easel) == (50, 0)


async def test_without_any_provider_nothing_opens(tmp_path: Path, sandbox: Sandbox) -> None:
    with pytest.raises(SettingsWrong, match="providers"):
        async with open_app(settings(tmp_path, sandbox, providers=[]), {}, SystemClock()):
            pass


async def test_previews_are_shown_and_left_behind_at_the_end(tmp_path: Path) -> None:
    async with Sandbox(pace=0.5, previews=True) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        assert any(card.preview for card in post.cards)
        assert post.cards[-1].preview is None
        assert not jobs_under_way()


async def test_a_result_that_takes_too_long_can_be_left_at_the_end(tmp_path: Path, sandbox: Sandbox) -> None:
    async with picture_host(png()) as upstream:
        async with world(tmp_path, sandbox, **upstream.settings) as easel:
            await easel.say("a cat")
            await upstream.fetched.wait()
        assert not jobs_under_way()


async def test_a_link_that_could_not_be_noted_is_no_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox) as easel:
        save = easel.app.store.save_checkpoint
        refused: list[str] = []

        async def failing(job: Job, name: str, value: Any, facts: Mapping[str, Any] | None = None) -> None:
            if name.startswith("image:"):
                refused.append(name)
                raise Stale
            await save(job, name, value, facts)

        monkeypatch.setattr(easel.app.store, "save_checkpoint", failing)
        await easel.say("a fox")
        [post] = await easel.settled()
        assert refused == ["image:0"]
        assert len(post.images) == 1
        assert await books(easel) == (49, 0)
