"""A painting from the message to the picture, through the real core, a real database and real HTTP."""

from pathlib import Path

import pytest

from bot.chat import User
from bot.errors import ChatBusy, ChatGone, ChatUnreachable
from bot.sandbox import Fault, Sandbox
from tests.flow.world import MemoryWorld, world
from tests.support.images import png
from tests.support.platform import AMBER, GROUP, JADE


async def left(easel: MemoryWorld) -> tuple[int, int]:
    balance = await easel.app.events.balance(AMBER)
    return balance.available, balance.reserved


async def test_a_prompt_becomes_a_picture_in_one_message(easel: MemoryWorld) -> None:
    await easel.say("a lighthouse at dusk")
    [post] = await easel.settled()
    assert len(post.images) == 1
    assert post.images[0].media_type == "image/png"
    assert post.actions == ["retry", "vary", "edit", "more"]
    assert "a lighthouse at dusk" in post.text
    assert await left(easel) == (49, 0)


async def test_the_upstream_gets_the_members_pictures_in_order_as_data_urls(easel: MemoryWorld) -> None:
    red, blue = easel.platform.upload(png("red")), easel.platform.upload(png("blue", (30, 30)))
    await easel.say("make it anime, with a hat", red, blue)
    await easel.settled()
    [request] = easel.sandbox.requests
    assert request.prompt == "make it anime, with a hat"
    assert [(r.kind, r.width, r.height) for r in request.references] == [("PNG", 64, 48), ("PNG", 30, 30)]


async def test_size_and_quality_reach_an_upstream_that_takes_them_in_words(easel: MemoryWorld) -> None:
    await easel.say("a fox --quality high --size 3:2")
    [post] = await easel.settled()
    assert [(each.width, each.height) for each in post.images] == [(1536, 1024)]
    [request] = easel.sandbox.requests
    assert request.prompt == "a fox\n\nImage size: 3:2\n\nImage quality: high"


async def test_a_reply_to_a_result_makes_it_the_first_reference(easel: MemoryWorld) -> None:
    await easel.say("a lighthouse")
    [first] = await easel.settled()
    await easel.say("now at night", easel.platform.upload(png(size=(20, 20))), reply_to=first)
    await easel.settled(2)
    references = easel.sandbox.requests[1].references
    assert [(r.width, r.height) for r in references] == [
        (first.images[0].width, first.images[0].height),
        (20, 20),
    ]
    assert await left(easel) == (48, 0)


async def test_several_pictures_come_in_one_message_and_cost_several_credits(easel: MemoryWorld) -> None:
    await easel.say("two cats --n 2 --size 3:2")
    [post] = await easel.settled()
    assert len(post.images) == 2
    assert all(image.width > image.height for image in post.images)
    assert await left(easel) == (48, 0)


async def test_pictures_that_failed_are_not_charged_and_the_others_are_delivered(tmp_path: Path) -> None:
    async with Sandbox(pace=0, faults=(Fault("no-picture"),)) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("two cats --n 2")
        [post] = await easel.settled()
        assert len(post.images) == 1
        assert "1" in post.text
        assert "2" in post.text
        assert await left(easel) == (49, 0)


@pytest.mark.forms(2)
@pytest.mark.usefixtures("results_at_once")
@pytest.mark.parametrize(
    "fault",
    [
        "400",
        "401",
        "500",
        "html502",
        "error-in-stream",
        "cut",
        "no-picture",
        "refuse",
        "moderation",
        "svg",
        "failed",
    ],
)
async def test_a_failure_is_shown_and_not_charged(easel: MemoryWorld, fault: str) -> None:
    await easel.say(f"a cat [[{fault}]]")
    [post] = await easel.settled()
    assert not post.images
    assert post.actions == ["retry"]
    assert len(post.text) > 20
    assert await left(easel) == (50, 0)


@pytest.mark.parametrize("user", [AMBER, JADE])
async def test_messages_are_in_the_users_language(easel: MemoryWorld, user: User) -> None:
    await easel.say("/help", sender=user)
    [post] = await easel.settled()
    assert ("画" in post.text) == (user is JADE)


async def test_a_repeated_event_is_one_job(easel: MemoryWorld) -> None:
    message = easel.platform.message("a lighthouse")
    await easel.app.events.receive_message(message)
    await easel.app.events.receive_message(message)
    await easel.settled()
    assert len(easel.sandbox.requests) == 1
    assert await left(easel) == (49, 0)


async def test_ten_requests_against_one_credit_paint_one_picture(tmp_path: Path, sandbox: Sandbox) -> None:
    limits = {"user_daily": 1, "user_waiting": 20}
    async with world(tmp_path, sandbox, limits=limits) as easel:
        for _ in range(10):
            await easel.say("a lighthouse")
        posts = await easel.settled(10)
        assert sum(bool(post.images) for post in posts) == 1
        assert await left(easel) == (0, 0)


async def test_the_message_becomes_the_picture_in_a_group_as_a_reply(easel: MemoryWorld) -> None:
    await easel.say("nothing for you", chat=GROUP, to_me=False)
    request = easel.platform.message("a lighthouse", chat=GROUP)
    await easel.app.events.receive_message(request)
    [post] = await easel.settled()
    assert post.reply_to == request.id


async def test_a_rate_limited_chat_gets_its_picture_later(easel: MemoryWorld) -> None:
    easel.platform.failures = [ChatBusy(retry_after=0.05), ChatUnreachable()]
    await easel.say("a lighthouse")
    [post] = await easel.settled()
    assert len(post.images) == 1
    assert post.deliveries == 1


async def test_a_job_in_a_chat_that_removed_the_bot_is_not_charged(easel: MemoryWorld) -> None:
    easel.platform.failures = [ChatGone()] * 50
    await easel.say("a lighthouse")
    await easel.settled(0)
    assert await left(easel) == (50, 0)
    assert not easel.platform.posts
