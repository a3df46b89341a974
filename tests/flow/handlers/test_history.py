"""What leads back from a result: Undo, Compare, Tree, From the original, Details. Free but for the one that paints."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat import Action
from bot.errors import NothingBefore, ParentDeleted, ParentGone
from bot.sandbox import Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import books, click
from tests.flow.world import MemoryWorld, world
from tests.support.images import png
from tests.support.platform import AMBER, Post

DELETED, EXPIRED = translate_error("en", ParentDeleted()), translate_error("en", ParentGone())


@pytest.fixture
async def easel(tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox) as made:
        yield made


async def edited(easel: MemoryWorld, post: Post, words: str) -> Post:
    """The picture that a reply makes of another one."""
    posts = len(easel.platform.posts)
    await easel.say(words, reply_to=post)
    return (await easel.settled(posts + 1))[-1]


async def three(easel: MemoryWorld) -> tuple[Post, Post, Post]:
    await easel.say("a lighthouse")
    [first] = await easel.settled(1)
    second = await edited(easel, first, "add a boat")
    return first, second, await edited(easel, second, "make it night")


async def jobs_of(easel: MemoryWorld) -> list[tuple[str, str | None]]:
    """Prompts with the prompts of their parents, oldest first."""
    jobs = (await easel.app.store.history(AMBER.key))[::-1]
    prompts = {job.id: job.prompt for job in jobs}
    return [(job.prompt, prompts.get(job.parent or "")) for job in jobs]


async def test_every_way_to_a_picture_keeps_its_parent(easel: MemoryWorld) -> None:
    _, second, _ = await three(easel)
    assert "undo" not in easel.platform.posts[0].actions
    await click(easel, second, Action.RETRY)
    await easel.settled(4)
    await click(easel, second, Action.VARY)
    await easel.settled(5)
    assert await jobs_of(easel) == [
        ("a lighthouse", None),
        ("add a boat", "a lighthouse"),
        ("make it night", "add a boat"),
        ("add a boat", "a lighthouse"),
        ("add a boat", "add a boat"),
    ]
    assert all("undo" in post.actions for post in easel.platform.posts[1:])


async def test_undo_posts_the_parent_once_at_no_cost_and_goes_with_it(easel: MemoryWorld) -> None:
    first, second, _ = await three(easel)
    before = await books(easel)
    await click(easel, second, Action.UNDO)
    assert (await click(easel, second, Action.UNDO)).text == translate("en", "press-again")
    assert len(easel.platform.posts) == 4
    again = easel.platform.posts[3]
    assert (again.reply_to, again.actions) == (second.id, first.actions)
    assert again.images[0].data == first.images[0].data
    assert await books(easel) == before
    other = await edited(easel, again, "add a dog")
    assert (await jobs_of(easel))[-1] == ("add a dog", "a lighthouse")
    await click(easel, first, Action.DELETE)
    assert again.deleted
    assert (await click(easel, second, Action.UNDO, picture=2)).text == DELETED
    assert (await click(easel, other, Action.UNDO)).text == DELETED


async def test_undo_of_the_first_edit_of_a_photo_shows_the_photo_while_it_is_there(easel: MemoryWorld) -> None:
    photo = easel.platform.upload(png(size=(48, 32)))
    await easel.say("make it blue", photo)
    [post] = await easel.settled(1)
    await click(easel, post, Action.UNDO)
    shown = easel.platform.posts[1]
    assert (shown.text, shown.images[0].width) == (translate("en", "undo-photo"), 48)
    del easel.platform.files[photo.ref]
    assert (await click(easel, post, Action.COMPARE)).text == EXPIRED


async def test_compare_shows_both_and_tree_leads_to_each(easel: MemoryWorld) -> None:
    first, second, third = await three(easel)
    await click(easel, third, Action.COMPARE)
    both = easel.platform.posts[3]
    assert [each.data for each in both.images] == [second.images[0].data, third.images[0].data]
    await click(easel, third, Action.TREE)
    tree = easel.platform.posts[4]
    assert len(tree.images) == 1
    assert tree.text.splitlines()[1:] == [
        f"1. “a lighthouse” memory://direct/{first.id}",
        f"2. “add a boat” memory://direct/{second.id}",
        f"3. “make it night” memory://direct/{third.id}",
    ]


async def test_from_the_original_paints_all_wishes_at_once_for_the_price_that_was_shown(
    easel: MemoryWorld,
) -> None:
    first, second, third = await three(easel)
    menu = (await click(easel, second, Action.MORE)).card
    assert menu is not None
    assert Action.ORIGINAL not in [each.action for each in menu.buttons]
    menu = (await click(easel, third, Action.MORE)).card
    assert menu is not None
    label = next(each.label for each in menu.buttons if each.action is Action.ORIGINAL)
    assert label == f"{translate('en', 'button-original')} (1 credit)"
    await click(easel, third, Action.ORIGINAL)
    await easel.settled(4)
    assert (await jobs_of(easel))[-1] == ("add a boat\nmake it night", "a lighthouse")
    assert await books(easel) == (46, 0)
    assert (await click(easel, first, Action.ORIGINAL)).text == translate_error("en", NothingBefore())


async def test_a_long_branch_is_told_that_edits_wear_a_picture_out(easel: MemoryWorld) -> None:
    *_, post = await three(easel)
    post = await edited(easel, post, "add a moon")
    assert translate("en", "done-wears") not in post.text
    post = await edited(easel, post, "add a star")
    assert translate("en", "done-wears") in post.text


async def test_details_are_for_the_owner_and_can_be_painted_again(easel: MemoryWorld) -> None:
    await easel.say("a lighthouse --n 2")
    [post] = await easel.settled(1)
    card = (await click(easel, post, Action.DETAILS)).card
    assert card is not None
    assert card.copyable == "a lighthouse --n 2"
    assert [each.action for each in card.buttons] == [Action.RETRY]
    easel.platform.private_replies = False
    await click(easel, post, Action.DETAILS)
    assert easel.platform.posts[1].cards[-1].copyable == "a lighthouse --n 2"
