"""The menu behind *More…*: where it opens, for whom, and what it offers; it spends nothing and counts as a request."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat import Action
from bot.errors import NotYours
from bot.jobs.result_menu import MAX_RESULT_BUTTONS
from bot.sandbox import Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import books, click
from tests.flow.world import MemoryWorld, world
from tests.support.platform import GROUP, JADE


@pytest.fixture
async def easel(tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox) as made:
        yield made


async def test_it_is_a_card_of_its_own_where_one_user_alone_can_see_it(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    [post] = await easel.settled(1)
    assert len(post.actions) <= MAX_RESULT_BUTTONS
    before = list(post.cards)
    reply = await click(easel, post, Action.MORE)
    assert reply.card is not None
    assert reply.card.text == translate("en", "menu-title")
    assert Action.DELETE in [each.action for each in reply.card.buttons]
    assert post.cards == before
    assert await books(easel) == (49, 0)


async def test_elsewhere_it_takes_the_place_of_the_buttons_until_one_goes_back(easel: MemoryWorld) -> None:
    easel.platform.private_replies = False
    await easel.say("a cat")
    [post] = await easel.settled(1)
    shown, text = post.actions, post.text
    assert (await click(easel, post, Action.MORE)).card is None
    await easel.platform.until(lambda: "delete" in post.actions)
    assert post.actions[-1] == "back"
    assert post.text == text
    await click(easel, post, Action.BACK)
    await easel.platform.until(lambda: post.actions == shown)
    assert len(easel.platform.posts) == 1


async def test_others_get_none_of_it_and_each_press_counts(easel: MemoryWorld) -> None:
    await easel.say("a cat", chat=GROUP)
    [post] = await easel.settled(1)
    assert (await click(easel, post, Action.MORE, sender=JADE)).text == translate_error("zh", NotYours())
    answers = [await click(easel, post, Action.MORE) for _ in range(60)]
    assert answers[0].card is not None
    assert answers[-1].card is None
