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

from bot.chat import Attachment, DeletedMessage
from bot.errors import (
    AnimatedPicture,
    BadOption,
    BrokenPicture,
    EaselError,
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
from bot.pictures.inspection import SUPPORTED_FORMATS
from bot.pictures.price import DEFAULT_LIMITS
from bot.sandbox import Sandbox
from bot.texts import translate_error
from tests.flow.scenes import HeldPlatform, books, has_status_message, running_jobs
from tests.flow.world import MemoryWorld, world
from tests.support.hostile_images import scanned_jpeg
from tests.support.images import png
from tests.support.platform import AMBER, GROUP, Platform
from tests.support.waiting import wait_until

OPTIONS = "--size, --quality, --n, --file, --loose"
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


@pytest.mark.forms(4)
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


@pytest.mark.forms(1)
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
