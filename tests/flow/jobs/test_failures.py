"""Failures inside Easel outside the database: a chat that rejects an image, bugs in an adapter, providers down.

The ledger stays exact, and every message says how its job ended.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Action, Card, Chat, Delivered, Message, MessageRef, User
from bot.errors import BadCredentials, ChatFailed, EaselError, SettingsWrong, Stale, Undelivered
from bot.job import Job, State
from bot.painting import Image
from bot.runtime.clock import SystemClock
from bot.sandbox import Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import books, click, running_jobs
from tests.flow.world import settings, world
from tests.servers.upstream.picture_host import picture_host
from tests.support.images import png
from tests.support.platform import AMBER, Platform
from tests.support.waiting import wait_until
from tests.support.world import open_app

# ---------------------------------------------------------------- the chat


class Picky(Platform):
    """A platform that rejects images."""

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


async def test_a_picture_that_cannot_be_delivered_is_reported_and_not_charged(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, Picky()) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        assert post.text == translate_error("en", Undelivered())
        assert post.actions == ["retry"]
        assert await books(easel) == (50, 0)


async def test_a_bug_in_the_delivery_is_reported_and_not_charged(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = Picky()
    platform.failure = RuntimeError("a bug in an adapter")
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        assert post.text == translate_error("en", Undelivered())
        assert await books(easel) == (50, 0)


class Odd(Platform):
    """A platform that raises a bug wherever credits change."""

    broken = True

    def balance_changed(self, user: User) -> None:
        if self.broken:
            raise RuntimeError("a bug in an adapter")


async def test_a_bug_in_the_message_handler_is_reported(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox) as easel:
        broken = easel.platform.message("a cat")
        object.__setattr__(broken, "text", 7)  # an adapter without a type checker
        await easel.app.events.receive_message(broken)
        [post] = await easel.settled()
        assert post.text == translate_error("en", EaselError())


async def test_a_bug_in_the_button_handler_is_reported(tmp_path: Path) -> None:
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


async def test_a_bug_while_a_failure_is_stored_leaves_the_job_to_the_next_start(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    platform = Odd()
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("a cat [[400]]")
        await wait_until(lambda: bool(sandbox.requests) and not running_jobs())
        assert await books(easel) == (50, 0)
    platform.broken = False
    async with world(tmp_path, sandbox, platform) as easel:
        [post] = await easel.settled()
        assert post.actions == ["retry"]


async def test_a_reply_to_a_message_without_a_result_is_refused(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox) as easel:
        await easel.say("a cat [[400]]")
        [post] = await easel.settled()
        message: Message = easel.platform.message("at night", reply_to=post)
        await easel.app.events.receive_message(message)
        await easel.settled(2)
        assert easel.platform.posts[1].text == translate("en", "refusal-reply-has-no-picture")


# ---------------------------------------------------------------- providers


async def test_a_failed_provider_is_followed_by_the_next(tmp_path: Path, sandbox: Sandbox) -> None:
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


async def test_the_last_failure_is_shown_when_every_provider_is_down(tmp_path: Path, sandbox: Sandbox) -> None:
    providers = [{"name": "wrong key", "preset": "sandbox", "base_url": sandbox.address, "api_key": "no"}]
    async with world(tmp_path, sandbox, providers=providers) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        assert post.text == translate_error("en", BadCredentials())
        assert await books(easel) == (50, 0)


async def test_an_app_without_providers_is_refused(tmp_path: Path, sandbox: Sandbox) -> None:
    with pytest.raises(SettingsWrong, match="providers"):
        async with open_app(settings(tmp_path, sandbox, providers=[]), {}, SystemClock()):
            pass


async def test_previews_are_shown_and_replaced_by_the_picture(tmp_path: Path) -> None:
    async with Sandbox(pace=0.5, previews=True) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        assert any(card.preview for card in post.cards)
        assert post.cards[-1].preview is None
        assert not running_jobs()


async def test_a_result_that_takes_too_long_can_be_left_at_the_end(tmp_path: Path, sandbox: Sandbox) -> None:
    async with picture_host(png()) as upstream:
        async with world(tmp_path, sandbox, **upstream.settings) as easel:
            await easel.say("a cat")
            await upstream.fetched.wait()
        assert not running_jobs()


async def test_a_result_address_that_cannot_be_stored_fails_no_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
