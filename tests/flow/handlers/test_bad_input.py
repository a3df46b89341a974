"""What members get wrong: one clear sentence, nothing spent, nothing stuck, nothing asked upstream."""

import asyncio
import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import PIL.Image
import pytest

from bot.chat import Action, Attachment, ButtonPress, DeletedMessage, MessageRef
from bot.errors import (
    AnimatedPicture,
    BadOption,
    BrokenPicture,
    EaselError,
    Forgotten,
    NotAPicture,
    NothingToEdit,
    OptionWithoutValue,
    PictureGone,
    PicturesWithoutPrompt,
    PictureTooComplex,
    PictureTooManyPixels,
    PromptEmpty,
    PromptTooLong,
    ReplyGone,
    ReplyHasNoPicture,
    StillPainting,
    TooManyPictures,
    UnknownCommand,
    UnknownOption,
)
from bot.job import Job
from bot.pictures.inspection import SUPPORTED_FORMATS
from bot.pictures.price import DEFAULT_LIMITS
from bot.sandbox import Fault, Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import BOSS, LONG, HeldPlatform, books, click, has_status_message, job_of, running_jobs
from tests.flow.world import MemoryWorld, world
from tests.support.hostile_images import scanned_jpeg
from tests.support.images import png
from tests.support.platform import AMBER, DIRECT, GROUP, Platform
from tests.support.waiting import wait_until

OPTIONS = "--size, --quality, --n, --file"
SIZES = "1:1, 2:3, 3:2, 1024x1024, 1024x1536, 1536x1024"


async def refused(easel: MemoryWorld, error: EaselError, posts: int = 1) -> None:
    """One message with exactly these words; no credits gone, no job left, nobody asked."""
    await easel.settled(posts)
    assert len(easel.platform.posts) == posts
    post = easel.platform.posts[-1]
    await easel.platform.until(lambda: post.text == translate_error("en", error))
    assert post.actions == []
    assert not post.images
    assert await books(easel) == (50, 0)
    await wait_until(lambda: not running_jobs())
    assert not easel.sandbox.requests


def text_file() -> bytes:
    return b"Dear diary, today I was renamed.\n" * 20


def truncated_jpeg() -> bytes:
    held = io.BytesIO()
    PIL.Image.effect_noise((200, 200), 80).convert("RGB").save(held, "JPEG")
    return held.getvalue()[: len(held.getvalue()) // 2]


def enormous_png() -> bytes:
    """50,000 × 50,000 pixels in a few megabytes: rows of one byte's worth of black, deflated."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    side = 50_000
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(row * 1000) for _ in range(side // 1000)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def animated_gif() -> bytes:
    held = io.BytesIO()
    frames = [PIL.Image.new("RGB", (20, 20), color) for color in ("red", "green", "blue")]
    frames[0].save(held, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return held.getvalue()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("/imagine", PromptEmpty()),
        ("   ", PromptEmpty()),
        ("--size 3:2", PromptEmpty()),
        ("/edit make it night", NothingToEdit()),
        ("/paint a cat", UnknownCommand(command="/paint")),
        ("a cat --seed 5", UnknownOption(option="--seed", allowed=OPTIONS)),
        ("a cat --quality best", BadOption(option="--quality", value="best", allowed="low, medium, high")),
        ("a cat --quality", OptionWithoutValue(option="--quality", allowed="low, medium, high")),
        ("a cat --n 99", BadOption(option="--n", value="99", allowed="1-4")),
        ("a cat --n", OptionWithoutValue(option="--n", allowed="1-4")),
        ("a cat --n -1", BadOption(option="--n", value="-1", allowed="1-4")),
        ("a cat --size banana", BadOption(option="--size", value="banana", allowed=SIZES)),
        ("a cat --size 16:9", BadOption(option="--size", value="16:9", allowed="3:2, 1536x1024, 1:1")),
    ],
)
async def test_a_text_that_cannot_be_painted(easel: MemoryWorld, text: str, error: EaselError) -> None:
    await easel.say(text)
    await refused(easel, error)


async def test_a_prompt_of_ten_megabytes(easel: MemoryWorld) -> None:
    limit = 4000
    await easel.say("paint " * 1_700_000)
    await refused(easel, PromptTooLong(length=6 * 1_700_000 - 1, limit=limit))


async def test_forty_attachments_of_which_none_is_fetched(easel: MemoryWorld) -> None:
    pictures = [easel.platform.upload(png()) for _ in range(40)]
    await easel.say("all of them", *pictures)
    await refused(easel, TooManyPictures(count=40, limit=5))
    assert "fetch" not in easel.platform.calls


async def test_pictures_without_a_word(easel: MemoryWorld) -> None:
    await easel.say("", easel.platform.upload(png()))
    await refused(easel, PicturesWithoutPrompt())


async def test_a_file_that_says_it_is_no_picture(easel: MemoryWorld) -> None:
    await easel.say("read this", easel.platform.upload(b"%PDF", filename="a.pdf", media_type="application/pdf"))
    await refused(easel, NotAPicture(name="a.pdf", kinds=SUPPORTED_FORMATS))


@pytest.mark.parametrize(
    ("make", "name", "error"),
    [
        (text_file, "diary.png", NotAPicture(name="diary.png", kinds=SUPPORTED_FORMATS)),
        (truncated_jpeg, "half.jpg", BrokenPicture(name="half.jpg")),
        (enormous_png, "huge.png", PictureTooManyPixels(name="huge.png", megapixels=DEFAULT_LIMITS.max_megapixels)),
        (lambda: scanned_jpeg((64, 64), 300), "slow.jpg", PictureTooComplex(name="slow.jpg")),
        (animated_gif, "party.gif", AnimatedPicture(name="party.gif")),
        (bytes, "empty.png", NotAPicture(name="empty.png", kinds=SUPPORTED_FORMATS)),
    ],
)
async def test_bytes_that_are_not_the_picture_they_seem(
    easel: MemoryWorld, make: Callable[[], bytes], name: str, error: EaselError
) -> None:
    await easel.say("make it night", easel.platform.upload(await asyncio.to_thread(make), filename=name))
    await refused(easel, error)


async def test_one_bad_picture_among_good_ones(easel: MemoryWorld) -> None:
    good, bad = easel.platform.upload(png()), easel.platform.upload(text_file(), filename="b.png")
    await easel.say("join them", good, bad)
    await refused(easel, NotAPicture(name="b.png", kinds=SUPPORTED_FORMATS))


async def test_an_attachment_that_the_platform_no_longer_has(easel: MemoryWorld) -> None:
    await easel.say("make it night", Attachment(ref="gone", media_type="image/png", filename="old.png"))
    await refused(easel, PictureGone(name="old.png"))


async def test_a_reply_to_a_deleted_message(easel: MemoryWorld) -> None:
    message = replace(easel.platform.message("make it night"), reply_to=DeletedMessage(id="u99"))
    await easel.app.events.receive_message(message)
    await refused(easel, ReplyGone())


async def test_a_reply_to_words_of_the_bot(easel: MemoryWorld) -> None:
    await easel.say("/help")
    [words] = await easel.settled()
    await easel.say("make it night", reply_to=words)
    await refused(easel, ReplyHasNoPicture(), posts=2)


async def test_a_reply_to_a_picture_that_is_not_finished(tmp_path: Path) -> None:
    platform = HeldPlatform("fetch")
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, platform) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
        await platform.until(lambda: bool(platform.posts))
        [job] = await easel.app.store.unfinished_jobs()
        await wait_until(lambda: has_status_message(easel, job.id))
        await easel.say("and add a moon", reply_to=platform.posts[0])
        await platform.until(lambda: len(platform.posts) == 2)
        assert platform.posts[1].text == translate_error("en", StillPainting())
        platform.release()
        await easel.settled(2)
        assert await books(easel) == (49, 0)


async def test_in_a_group_what_is_not_for_the_bot_gets_no_answer(easel: MemoryWorld) -> None:
    await easel.say("--n 99 --size banana", chat=GROUP, to_me=False)
    await easel.say("/paint", chat=GROUP, to_me=False)
    await easel.say("/help")
    await easel.settled()
    assert len(easel.platform.posts) == 1


# ---------------------------------------------------------------- buttons


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


async def test_an_unknown_option_names_what_there_is_in_the_members_language(easel: MemoryWorld) -> None:
    await easel.say("кот --зерно 5", sender=replace(AMBER, locale="ru"))
    [post] = await easel.settled()
    assert post.text == translate_error("ru", UnknownOption(option="--зерно", allowed=OPTIONS))


async def test_a_bug_in_a_platform_is_said_and_costs_nothing(tmp_path: Path) -> None:
    class Buggy(Platform):
        async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
            raise RuntimeError("a bug in an adapter")

    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, Buggy()) as easel:
        await easel.say("make it night", easel.platform.upload(png()))
        [post] = await easel.settled()
        assert post.text == translate_error("en", EaselError())
        assert post.actions == ["retry"]
        assert await books(easel) == (50, 0)
        assert not sandbox.requests
