"""What leads back from a result: Undo, Compare, Tree, From the original, Details. Free but for the one that paints."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Action, MessageRef, User
from bot.errors import NothingBefore, NotYours, ParentDeleted, ParentForgotten, ParentGone, TooFast
from bot.handlers import result_history
from bot.ports import ButtonReply
from bot.sandbox import Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import HeldPlatform, ask, books, click, job_of
from tests.flow.world import MemoryWorld, world
from tests.support.images import png
from tests.support.platform import AMBER, GROUP, JADE, Platform, Post
from tests.support.waiting import wait_until

DELETED, EXPIRED = translate_error("en", ParentDeleted()), translate_error("en", ParentGone())


@pytest.fixture
async def easel(tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox) as made:
        yield made


async def edited(easel: MemoryWorld, post: Post, words: str, **given: Any) -> Post:
    """The picture that a reply makes of another one."""
    posts = len(easel.platform.posts)
    await easel.say(words, reply_to=post, chat=post.chat, **given)
    return (await easel.settled(posts + 1))[-1]


async def undone(easel: MemoryWorld, post: Post, *, sender: User = AMBER) -> Post:
    """What *Undo* posts."""
    posts = len(easel.platform.posts)
    assert not (await click(easel, post, Action.UNDO, sender=sender)).text
    assert len(easel.platform.posts) == posts + 1
    return easel.platform.posts[-1]


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
    await click(easel, first, Action.DELETE)
    assert (tree.deleted, both.deleted) == (True, False)  # what shows it as well goes with it
    await click(easel, second, Action.DELETE)
    assert both.deleted


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


# ---------------------------------------------------------------- another member's picture


async def of_another(easel: MemoryWorld) -> tuple[Post, Post]:
    """Amber's picture in a group, with a prompt that begins with a picture of hers; and what Jade has made of it."""
    await easel.say("a lighthouse", chat=GROUP)
    [root] = await easel.settled(1)
    first = await edited(easel, root, "add a boat")
    return first, await edited(easel, first, "make it night", sender=JADE)


async def test_what_undo_shows_of_another_members_works_for_whoever_pressed_and_on_their_account(
    easel: MemoryWorld,
) -> None:
    first, second = await of_another(easel)
    amber, jade = await books(easel), await books(easel, JADE)
    again = await undone(easel, second, sender=JADE)
    assert again.actions == first.actions
    assert next(each.label for each in again.cards[-1].buttons) == translate("zh", "button-retry")
    for number, (action, words) in enumerate(
        ((Action.RETRY, "add a boat"), (Action.VARY, "add a boat"), (Action.ORIGINAL, "add a boat")), start=1
    ):
        posts = len(easel.platform.posts)
        reply = await click(easel, again, action, sender=JADE)
        if action is Action.ORIGINAL:  # it is what Retry is: one wish, of the root
            assert not reply.text
        await easel.settled(posts + 1)
        assert (await easel.app.store.history(JADE.key))[0].prompt == words
        assert await books(easel, JADE) == (jade[0] - number, 0)
    card = (await click(easel, again, Action.MORE, sender=JADE)).card
    assert card is not None
    assert Action.DETAILS in [each.action for each in card.buttons]
    assert Action.DELETE not in [each.action for each in card.buttons]  # it is Amber's
    assert (await click(easel, again, Action.DETAILS, sender=JADE)).card is not None
    assert (await click(easel, again, Action.DELETE, sender=JADE)).text == translate_error("zh", NotYours())
    root = await undone(easel, again, sender=JADE)  # an Undo of an Undo, two steps from what is hers
    assert root.images[0].data == easel.platform.posts[0].images[0].data
    assert not (await click(easel, root, Action.VARY, sender=JADE)).text
    await easel.settled(len(easel.platform.posts))
    assert await books(easel, JADE) == (jade[0] - 4, 0)
    assert await books(easel) == amber


async def test_others_may_do_nothing_with_what_undo_shows(easel: MemoryWorld) -> None:
    first, second = await of_another(easel)
    cy = User(platform="memory", id="cy", name="Cy", locale="ru")
    again = await undone(easel, second, sender=JADE)
    for action in (Action.RETRY, Action.VARY, Action.EDIT, Action.UNDO, Action.MORE, Action.TREE):
        assert (await click(easel, again, action, sender=cy)).text == translate_error("ru", NotYours())
    assert (await click(easel, second, Action.UNDO)).text == translate_error("en", NotYours())  # it is not Amber's
    third = await edited(easel, first, "add a dog", sender=cy)  # who has gone on from the same picture may
    assert third.images
    assert not (await click(easel, again, Action.RETRY, sender=cy)).text
    await easel.settled(len(easel.platform.posts))
    assert await books(easel, cy) == (48, 0)


async def test_undo_says_what_has_become_of_another_members_picture(tmp_path: Path) -> None:
    platform = Platform()
    async with Sandbox(pace=0) as sandbox:
        async with world(tmp_path, sandbox, platform) as easel:
            _, second = await of_another(easel)
        async with world(tmp_path, sandbox, platform) as easel:  # another process
            again = await undone(easel, second, sender=JADE)
            await ask(easel, "/forget")
            said = (await click(easel, second, Action.UNDO, sender=JADE, picture=2)).text
            assert said == translate_error("zh", ParentForgotten())
            assert (await click(easel, again, Action.RETRY, sender=JADE)).text  # in words as well


# ---------------------------------------------------------------- of several pictures


async def test_undo_shows_the_one_of_several_pictures_that_was_edited(easel: MemoryWorld) -> None:
    await easel.say("a lighthouse --n 4")
    [four] = await easel.settled(1)
    reply = easel.platform.read(four)
    third = replace(reply, attachments=reply.attachments[2:3])
    await easel.app.events.receive_message(replace(easel.platform.message("add a boat"), reply_to=third))
    edit = (await easel.settled(2))[-1]
    again = await undone(easel, edit)
    assert again.images[0].data == four.images[2].data
    assert {each.picture for each in again.cards[-1].buttons} == {3}
    await click(easel, again, Action.VARY, picture=3)
    await easel.settled(4)
    vary = (await easel.app.store.history(AMBER.key))[0]
    assert (vary.parent_picture, vary.references[0].ref) == (3, f"{four.id}/2")


# ---------------------------------------------------------------- where messages have no links


class Unlinked(Platform):
    def message_link(self, ref: MessageRef) -> str | None:
        return None


async def test_where_messages_have_no_links_a_button_leads_to_each_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_history, "MAX_LISTED", 4)
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, Unlinked()) as easel:
        photo = easel.platform.message("make it blue", easel.platform.upload(png(size=(48, 32))))
        await easel.app.events.receive_message(photo)
        [post] = await easel.settled(1)
        first = post
        for number in range(5):
            post = await edited(easel, post, f"wish {number}")
        before = await books(easel)
        await click(easel, post, Action.TREE)
        tree = easel.platform.posts[-1]
        lines = tree.text.splitlines()[1:]
        assert lines[:3] == ["1. your own picture", translate("en", "tree-more", count=3), "2. “wish 2”"]
        assert len(lines) == 5
        buttons = tree.cards[-1].buttons
        assert [each.label for each in buttons] == [f"↑ {number}" for number in range(1, 5)]
        await click(easel, tree, Action.STEP, picture=buttons[0].picture)
        assert easel.platform.posts[-1].reply_to == photo.id
        await click(easel, tree, Action.STEP, picture=6)  # the first result, which is not listed
        here = easel.platform.posts[-1]
        assert (here.reply_to, here.text) == (first.id, translate("en", "tree-here", step="“make it blue”"))
        await click(easel, first, Action.DELETE)
        for step, said in ((6, DELETED), (8, EXPIRED), (None, EXPIRED)):
            assert (await click(easel, tree, Action.STEP, picture=step)).text == said
        assert await books(easel) == before


# ---------------------------------------------------------------- the pace


@pytest.mark.parametrize("action", [Action.UNDO, Action.COMPARE, Action.TREE, Action.STEP, Action.DETAILS])
async def test_what_is_free_counts_towards_the_pace_of_requests(
    tmp_path: Path, sandbox: Sandbox, action: Action
) -> None:
    async with world(tmp_path, sandbox, limits={"user_per_minute": 4}) as easel:
        await easel.say("make it blue", easel.platform.upload(png(size=(48, 32))))
        [post] = await easel.settled(1)
        before = await books(easel)
        answers = [await click(easel, post, action, picture=1) for _ in range(5)]
        too_fast = translate("en", TooFast.key, seconds=60)[:20]  # how many are left is the clock's
        assert [each.text.startswith(too_fast) for each in answers] == [False, False, False, True, False]
        assert answers[4] == ButtonReply()  # it is said once
        assert await books(easel) == before


async def test_from_the_original_says_what_has_become_of_it_and_spends_nothing(easel: MemoryWorld) -> None:
    await easel.say("a lighthouse", chat=GROUP)
    [root] = await easel.settled(1)
    first = await edited(easel, root, "add a boat", sender=JADE)
    second = await edited(easel, first, "make it night", sender=JADE)
    before = await books(easel, JADE)
    await ask(easel, "/forget")
    said = (await click(easel, second, Action.ORIGINAL, sender=JADE)).text
    assert said == translate_error("zh", ParentForgotten())
    await click(easel, root, Action.DELETE)
    said = (await click(easel, second, Action.ORIGINAL, sender=JADE)).text
    assert said == translate_error("zh", ParentDeleted())
    assert await books(easel, JADE) == before


async def test_what_is_deleted_while_undo_posts_it_is_not_left_there(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform()
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("a lighthouse")
        [first] = await easel.settled(1)
        second = await edited(easel, first, "add a boat")
        platform.holds.add("after-deliver")
        undo = asyncio.create_task(click(easel, second, Action.UNDO))
        await platform.reached.wait()
        delete = asyncio.create_task(click(easel, first, Action.DELETE))

        async def is_deleted() -> bool:
            job = await easel.app.store.get_job(job_of(first))
            return job is not None and job.deleted is not None

        await wait_until(is_deleted)
        platform.release()
        await asyncio.gather(undo, delete)
        assert platform.posts[2].deleted
        assert not second.deleted
