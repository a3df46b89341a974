"""A result that is taken away: pictures that others start from stay, refusals are said, a stop is made good."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat import Action
from bot.errors import ChatFailed, NotDeleted
from bot.sandbox import Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import books, click
from tests.flow.world import MemoryWorld, world
from tests.support.platform import AMBER

DELETED = translate("en", "answer-deleted", credits=1)


@pytest.fixture
async def easel(tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox) as made:
        yield made


async def test_pictures_go_but_for_those_that_other_jobs_start_from(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    [first] = await easel.settled(1)
    await click(easel, first, Action.VARY)
    first, second = await easel.settled(2)
    assert (await click(easel, first, Action.DELETE)).text == DELETED
    assert (await click(easel, second, Action.DELETE)).text == DELETED
    assert (first.deleted, second.deleted) == (True, True)
    assert easel.platform.deleted_files == [f"{second.id}/0"]
    assert await books(easel) == (48, 0)
    history = await easel.app.store.history(AMBER.key)
    assert [(job.delivered, job.charged) for job in history] == [((), 1), ((), 1)]
    assert all(job.deleted for job in history)


async def test_a_chat_that_keeps_the_message_is_said_and_the_picture_is_forgotten(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    [post] = await easel.settled(1)
    easel.platform.failures.append(ChatFailed(detail="refused for a test"))
    assert (await click(easel, post, Action.DELETE)).text == translate_error("en", NotDeleted())
    await easel.settled(1)
    assert (await click(easel, post, Action.RETRY)).text == translate("en", "refusal-already-finished")
    assert (await click(easel, post, Action.DELETE)).text == DELETED
    assert post.deleted


async def test_a_deletion_that_a_stop_has_cut_short_is_finished_by_the_next_start(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox:
        async with world(tmp_path, sandbox) as easel:
            await easel.say("a cat")
            [post] = await easel.settled(1)
            [job] = await easel.app.store.history(AMBER.key)
            await easel.app.store.deletions.begin_deletion(job.id)
        assert not post.deleted
        async with world(tmp_path, sandbox, easel.platform) as again:
            await again.settled(1)
            assert post.deleted
