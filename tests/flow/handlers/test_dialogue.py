"""What goes with an answer: pictures, masks, options and words of the request that the bot could not paint."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bot.chat import Attachment, DeletedMessage
from bot.sandbox import Sandbox
from bot.texts import translate
from tests.flow.scenes import ask, books
from tests.flow.world import MemoryWorld, world
from tests.support.images import encode_image, png
from tests.support.platform import AMBER, GROUP, JADE, Post
from tests.support.world import reference_sizes

NIGHT = "make it night"


@pytest.fixture
async def sandbox() -> AsyncGenerator[Sandbox]:
    async with Sandbox(pace=0, edge=64) as upstream:
        yield upstream


@pytest.fixture
async def easel(tmp_path: Path, sandbox: Sandbox) -> AsyncGenerator[MemoryWorld]:
    async with world(tmp_path, sandbox) as made:
        yield made


def photo(easel: MemoryWorld, width: int = 120, **given: str) -> Attachment:
    return easel.platform.upload(png(size=(width, 80)), **given)


async def painted(easel: MemoryWorld, posts: int) -> tuple[str, list[tuple[int, int]]]:
    """The prompt and the references of the last picture, once so many messages stand."""
    await easel.settled(posts)
    assert easel.platform.posts[-1].images
    return easel.sandbox.requests[-1].prompt.split("\n")[0], reference_sizes(easel.sandbox)


@pytest.mark.thorough
async def test_a_correction_keeps_the_pictures_of_the_replied_message_and_the_other_options_of_a_form(
    easel: MemoryWorld,
) -> None:
    refused = easel.platform.message("a fox", photo(easel), chat=GROUP)
    theirs = replace(easel.platform.message("look", photo(easel, 130), sender=JADE, chat=GROUP), to_me=False)
    options = {"size": "3:2", "quality": "best"}
    await easel.app.events.receive_message(replace(refused, reply_to=theirs, options=options, command="edit"))
    [question] = await easel.settled(1)
    assert "best" in question.text
    await easel.say(NIGHT, chat=GROUP, reply_to=question)
    assert await painted(easel, 2) == (NIGHT, [(120, 80), (130, 80)])
    assert "3:2" in easel.sandbox.requests[-1].prompt


@pytest.mark.thorough
async def test_a_mask_is_kept_with_its_picture(tmp_path: Path, sandbox: Sandbox) -> None:
    mask = encode_image(Image.new("RGBA", (120, 80)), "PNG")
    settings = {"preset": "sandbox", "dialect": "images", "base_url": sandbox.address, "api_key": "sandbox"}
    async with world(tmp_path, sandbox, providers=[settings]) as easel:
        first = easel.platform.message(
            f"mask: {NIGHT} --quality best", easel.platform.upload(mask, filename="mask.png"), chat=GROUP
        )
        theirs = easel.platform.message("look", photo(easel), sender=JADE, chat=GROUP)
        await easel.app.events.receive_message(replace(first, reply_to=theirs))
        [question] = await easel.settled(1)
        await easel.say(NIGHT, chat=GROUP, reply_to=question)
        assert await painted(easel, 2) == (NIGHT, [(120, 80)])
        assert sandbox.requests[-1].mask is not None


@pytest.mark.forms(1)
@pytest.mark.parametrize("replies", [True, False])
async def test_a_picture_alone_answers_a_request_that_lacked_one(easel: MemoryWorld, replies: bool) -> None:
    question = await ask(easel, f"/edit {NIGHT}")
    assert question.text == translate("en", "refusal-nothing-to-edit")
    await easel.say("", photo(easel), **({"reply_to": question} if replies else {}))
    assert await painted(easel, 2) == (NIGHT, [(120, 80)])


async def test_another_picture_takes_the_place_of_one_that_cannot_be_opened(easel: MemoryWorld) -> None:
    bad = easel.platform.upload(b"no picture at all" * 9, filename="bad.png")
    await easel.say(NIGHT, bad)
    [ended] = await easel.settled(1)
    assert "bad.png" in ended.text
    await easel.say("", photo(easel), reply_to=ended)
    assert await painted(easel, 2) == (NIGHT, [(120, 80)])


async def test_other_words_for_a_job_that_failed_go_with_its_pictures_for_its_owner(easel: MemoryWorld) -> None:
    await easel.say("a fox [[moderation]]", photo(easel), chat=GROUP)
    [ended] = await easel.settled(1)
    await easel.say(NIGHT, chat=GROUP, reply_to=ended)
    assert await painted(easel, 2) == (NIGHT, [(120, 80)])
    await easel.say("a green hill", chat=GROUP, sender=JADE, reply_to=ended)
    assert await painted(easel, 3) == ("a green hill", [])


async def test_fewer_pictures_take_the_place_of_too_many_or_words_take_the_first(easel: MemoryWorld) -> None:
    await easel.say(NIGHT, *(photo(easel, 100 + number) for number in range(7)))
    [question] = await easel.settled(1)
    await easel.say("a collage", reply_to=question)
    assert await painted(easel, 2) == ("a collage", [(100 + number, 80) for number in range(5)])
    await easel.say("", photo(easel, 140), reply_to=question)
    assert await painted(easel, 3) == (NIGHT, [(140, 80)])


async def test_another_member_answers_for_herself_with_the_pictures_that_all_can_see(easel: MemoryWorld) -> None:
    first = easel.platform.message("/edit", chat=GROUP)
    theirs = easel.platform.message("look", photo(easel), sender=JADE, chat=GROUP)
    await easel.app.events.receive_message(replace(first, reply_to=theirs))
    [question] = await easel.settled(1)
    await easel.say(NIGHT, chat=GROUP, sender=JADE, reply_to=question)
    assert await painted(easel, 2) == (NIGHT, [(120, 80)])
    assert (await books(easel, AMBER), await books(easel, JADE)) == ((50, 0), (49, 0))
    await easel.say("a moon", chat=GROUP, reply_to=question)  # it still waits for the one who was asked
    assert await painted(easel, 3) == ("a moon", [(120, 80)])


@pytest.mark.forms(1)
@pytest.mark.parametrize("how", ["forgotten", "old", "restarted and old"])
async def test_an_old_question_is_answered_from_its_words(tmp_path: Path, sandbox: Sandbox, how: str) -> None:
    async with world(tmp_path, sandbox) as easel:
        await easel.say("", photo(easel))
        [question] = await easel.settled(1)
        if how == "forgotten":
            await easel.say("/forget")
            await easel.settled(2)
        elif how == "old":
            easel.clock.move_on(11 * 60)
            await answered_from_words(easel, question)
    platform = easel.platform
    async with world(tmp_path, sandbox, platform) as easel:
        easel.clock.move_on(0 if how == "forgotten" else 40 * 24 * 3600)
        await answered_from_words(easel, question)


async def answered_from_words(easel: MemoryWorld, question: Post) -> None:
    posts = len(easel.platform.posts)
    await easel.say("a fox", reply_to=question)
    assert await painted(easel, posts + 1) == ("a fox", [])


async def test_a_command_in_reply_to_a_question_is_a_command(easel: MemoryWorld) -> None:
    question = await ask(easel, "/imagine")
    await easel.say("/quota", reply_to=question)
    await easel.settled(2)
    assert easel.platform.posts[-1].text.startswith("50 credits")
    await easel.say("/paint a fox", reply_to=question)
    await easel.settled(3)
    assert "/paint" in easel.platform.posts[-1].text
    await easel.say("/imagine a fox", reply_to=question)
    assert await painted(easel, 4) == ("a fox", [])


async def test_the_picture_of_a_deleted_message_is_sent_again(easel: MemoryWorld) -> None:
    first = easel.platform.message(NIGHT)
    await easel.app.events.receive_message(replace(first, reply_to=DeletedMessage(id="u0")))
    await easel.settled(1)
    await easel.say("", photo(easel))
    assert await painted(easel, 2) == (NIGHT, [(120, 80)])


async def test_a_message_that_is_delivered_again_changes_nothing(easel: MemoryWorld) -> None:
    shown = easel.platform.message("", photo(easel))
    words = easel.platform.message(NIGHT)
    for message in (shown, shown, words, shown, words):
        await easel.app.events.receive_message(message)
    assert await painted(easel, 2) == (NIGHT, [(120, 80)])
    assert len(easel.sandbox.requests) == 1
    assert len(easel.platform.posts) == 2
