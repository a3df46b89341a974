"""Buttons under a result: each is one job at a time, whoever presses it how often and at whatever moment."""

import asyncio
from pathlib import Path

import pytest

from bot.chat import Action, MessageRef
from bot.errors import (
    Forgotten,
    StillPainting,
)
from bot.job import Job
from bot.ports import ButtonPress
from bot.sandbox import Fault, Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import BOSS, LONG, HeldPlatform, books, click, job_of
from tests.flow.world import MemoryWorld, world
from tests.support.images import png
from tests.support.platform import AMBER, DIRECT, Platform
from tests.support.waiting import wait_until


async def test_two_clicks_on_retry_are_one_job(tmp_path: Path) -> None:
    async with (
        Sandbox(pace=0, faults=(Fault("400"), Fault("quiet", LONG))) as sandbox,
        world(tmp_path, sandbox) as easel,
    ):
        await easel.say("a cat")
        [post] = await easel.settled()
        answers = await asyncio.gather(*(click(easel, post, Action.RETRY) for _ in range(2)))
        assert sorted(answer.text for answer in answers) == ["", translate("en", "press-again")]
        await wait_until(lambda: len(sandbox.requests) == 2)
        assert len(easel.platform.posts) == 2
        assert await books(easel) == (49, 1)
        await easel.say("/cancel")
        assert await books(easel) == (50, 0)


async def test_a_later_click_on_retry_is_another_job(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    [post] = await easel.settled()
    for expected in (2, 3):
        assert (await click(easel, post, Action.RETRY)).text == ""
        await easel.settled(expected)
    assert [len(each.images) for each in easel.platform.posts] == [1, 1, 1]
    assert await books(easel) == (47, 0)


def finished(platform: Platform) -> int:
    return sum(bool(post.images) for post in platform.posts)


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("slow", "other"), [(Action.VARY, Action.RETRY), (Action.RETRY, Action.VARY)], ids=["vary", "retry"]
)
async def test_a_button_is_one_job_until_that_has_ended_whatever_else_is_pressed(
    tmp_path: Path, slow: Action, other: Action
) -> None:
    platform = Platform()
    async with Sandbox(pace=0, faults=(None, Fault("quiet", LONG))) as sandbox:
        async with world(tmp_path, sandbox, platform) as easel:
            await easel.say("a cat")
            [post] = await easel.settled()
            assert (await click(easel, post, slow)).text == ""
            await wait_until(lambda: len(sandbox.requests) == 2)
            for posts in (3, 4):  # the other one's jobs come and go
                assert (await click(easel, post, other)).text == ""
                await wait_until(lambda done=posts - 1: finished(platform) == done)
                assert (await click(easel, post, slow)).text == translate("en", "press-again")
            assert len(platform.posts) == 4
            assert len(sandbox.requests) == 4
        async with world(tmp_path, sandbox, platform) as easel:  # the slow one ends as what a restart made of it
            await easel.settled(4)
            assert (await click(easel, post, slow)).text == ""
            await easel.settled(5)
            assert len(sandbox.requests) == 5


async def test_a_press_that_is_delivered_again_is_no_second_job(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    [post] = await easel.settled()
    press = ButtonPress(
        id="again",
        message=MessageRef(chat=post.chat, message_id=post.id),
        sender=AMBER,
        action=Action.RETRY,
        job_id=job_of(post),
    )
    for said in ("", translate("en", "press-again")):
        assert (await easel.app.events.press_button(press)).text == said
        await easel.settled(2)
    assert await books(easel) == (48, 0)


async def test_two_who_press_one_button_get_a_job_each(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    [post] = await easel.settled()
    replies = await asyncio.gather(*(click(easel, post, Action.VARY, sender=who) for who in (AMBER, BOSS, AMBER)))
    assert sorted(reply.text for reply in replies) == ["", "", translate("en", "press-again")]
    await easel.settled(3)
    assert await books(easel) == (48, 0)
    assert await books(easel, BOSS) == (49, 0)


async def test_vary_sends_the_picture_along_and_a_variation_of_it_says_so_once(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    [post] = await easel.settled()
    await click(easel, post, Action.VARY)
    _, varied = await easel.settled(2)
    await click(easel, varied, Action.VARY)
    await easel.settled(3)
    first, second, third = easel.sandbox.requests
    assert second.prompt == third.prompt == f"{first.prompt}\n\n{translate('en', 'prompt-vary')}"
    assert [len(each.references) for each in (first, second, third)] == [0, 1, 1]
    assert all("“a cat”" in post.text for post in easel.platform.posts)


async def test_a_picture_that_a_result_does_not_have_is_refused_and_costs_nothing(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    [post] = await easel.settled()
    for number in (0, 2, -1):
        refused = await click(easel, post, Action.VARY, picture=number)
        assert refused.text == translate("en", "refusal-picture-gone", name=str(number))
    assert len(easel.platform.posts) == 1
    assert await books(easel) == (49, 0)


async def test_vary_keeps_within_what_can_be_sent(easel: MemoryWorld) -> None:
    await easel.say("all of them", *(easel.platform.upload(png()) for _ in range(5)))
    [post] = await easel.settled()
    await click(easel, post, Action.VARY)
    await easel.settled(2)
    assert [len(each.references) for each in easel.sandbox.requests] == [5, 1]


async def test_a_click_that_comes_with_the_picture_waits_for_its_job_to_be_closed(tmp_path: Path) -> None:
    platform = HeldPlatform("after-deliver")
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, platform) as easel:
        await easel.say("a cat")
        await platform.reached.wait()
        [post] = platform.posts
        clicked = asyncio.create_task(click(easel, post, Action.RETRY))
        await asyncio.sleep(0)
        platform.release()
        assert (await clicked).text == ""
        _, second = await easel.settled(2)
        assert len(second.images) == 1


async def test_edit_opens_a_reply(easel: MemoryWorld) -> None:
    await easel.say("a cat")
    [post] = await easel.settled()
    answer = await click(easel, post, Action.EDIT)
    assert answer.open_reply
    assert answer.text == translate("en", "answer-edit-how")


async def test_a_repeat_while_it_still_paints(tmp_path: Path) -> None:
    platform = HeldPlatform("fetch")
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, platform) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.until(lambda: bool(platform.posts))
        answer = await click(easel, platform.posts[0], Action.RETRY)
        assert answer.text == translate_error("en", StillPainting())


async def test_a_repeat_that_is_looked_up_while_the_picture_lands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = HeldPlatform("fetch")
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, platform) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.until(lambda: bool(platform.posts))
        get = easel.app.store.get_job

        async def slow(job_id: str) -> Job | None:
            """Reads the job, and hands it on when it has ended."""
            monkeypatch.undo()
            job = await get(job_id)
            platform.release()
            await easel.settled()
            return job

        monkeypatch.setattr(easel.app.store, "get_job", slow)
        answer = await click(easel, platform.posts[0], Action.RETRY)
        assert answer.text == ""
        await easel.settled(2)
        assert await books(easel) == (48, 0)


async def test_a_button_of_a_job_that_nobody_knows(easel: MemoryWorld) -> None:
    press = ButtonPress(
        id="c",
        message=MessageRef(chat=DIRECT, message_id="m99"),
        sender=AMBER,
        action=Action.RETRY,
        job_id="unknown",
    )
    assert (await easel.app.events.press_button(press)).text == translate_error("en", Forgotten())
