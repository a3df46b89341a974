"""Addresses of pictures and text files in a request: what they add to it, and what stays words."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat import Attachment, Message
from bot.errors import (
    AnimatedPicture,
    EaselError,
    PicturesWithoutPrompt,
    PromptTooLong,
    TextFileTooLong,
    TextFileUnreadable,
    TooManyPictures,
)
from bot.intake.text_files import is_text_file
from bot.sandbox import Sandbox
from bot.texts import translate_error
from tests.flow.world import SPEED, MemoryWorld, world
from tests.support.clocks import PausableClock
from tests.support.images import png
from tests.support.platform import AMBER, GROUP, Platform
from tests.support.website import Website, website
from tests.support.world import reference_sizes

REFUSED = " [[moderation]]"
LIMIT = 4000  # characters of a prompt that the sandbox takes


@pytest.fixture
async def site() -> AsyncGenerator[Website]:
    async with website() as made:
        yield made


@pytest.fixture
async def easel(tmp_path: Path, sandbox: Sandbox, site: Website) -> AsyncGenerator[MemoryWorld]:
    allowed = {"allow_hosts": [sandbox.address.removeprefix("http://"), site.host]}
    async with world(tmp_path, sandbox, fetch=allowed, limits={"user_waiting": 50, "user_strikes": 0}) as made:
        yield made


async def painted(easel: MemoryWorld, message: Message) -> tuple[str, list[tuple[int, int]]]:
    """The prompt that went upstream for a message, and the sizes of its references. Painted only for text files: the
    upstream refuses the others, which is quicker."""
    quoted = message.reply_to.attachments if isinstance(message.reply_to, Message) else ()
    if not any(map(is_text_file, (*message.attachments, *quoted))):
        message = replace(message, text=f"{message.text}{REFUSED}")
    before = len(easel.sandbox.requests)
    assert await easel.app.events.receive_message(message)
    await easel.wait_until_settled()
    assert len(easel.sandbox.requests) == before + 1, easel.platform.posts[-1].text
    prompt, _, _ = easel.sandbox.requests[-1].prompt.partition("\n\nImage size")
    return prompt.removesuffix(REFUSED), reference_sizes(easel.sandbox)


async def refused(easel: MemoryWorld, message: Message, error: EaselError) -> None:
    before = len(easel.sandbox.requests)
    assert await easel.app.events.receive_message(message)
    assert easel.platform.posts[-1].text == translate_error("en", error)
    assert len(easel.sandbox.requests) == before


def quoting(message: Message, *attachments: Attachment, text: str = "", links: tuple[str, ...] = ()) -> Message:
    """The message as a reply to another member's."""
    other = replace(message, id="other", sender=AMBER, text=text, attachments=attachments, links=links, to_me=False)
    return replace(message, reply_to=other)


# ---------------------------------------------------------------- addresses


async def test_addresses_of_pictures_are_references_and_leave_the_prompt(easel: MemoryWorld, site: Website) -> None:
    say, at = easel.platform.message, site.address
    photo = easel.platform.upload(png(size=(90, 40)))
    assert await painted(easel, say(f"make {at}/50.png like ({at}/51.png), at night")) == (
        "make like, at night",
        [(50, 40), (51, 40)],
    )
    assert await painted(easel, say(f"night {at}/50.png {at}/to/51.png", photo)) == (
        "night",
        [(90, 40), (50, 40), (51, 40)],
    )
    assert await painted(easel, say(f"/edit {at.upper()}/50.png make it night --size 3:2")) == (
        "make it night",
        [(50, 40)],
    )
    assert await painted(easel, say(f"{at}/50.png and again {at}/50.png")) == ("and again", [(50, 40)])
    linked = replace(say("make this night", chat=GROUP), links=(f"{at}/52.png", f"{at}/page"))
    assert await painted(easel, linked) == ("make this night", [(52, 40)])
    assert await painted(easel, quoting(say("night"), text=f"look {at}/53.png")) == ("night", [(53, 40)])
    assert await painted(easel, quoting(say(f"night {at}/50.png"), text="x", links=(f"{at}/53.png",))) == (
        "night",
        [(50, 40), (53, 40)],
    )
    assert await painted(easel, quoting(say(f"night {at}/50.png"), text=f"{at}/50.png")) == ("night", [(50, 40)])


async def test_an_address_that_shows_no_picture_stays_words(easel: MemoryWorld, site: Website) -> None:
    for path in ("page", "gone", "endless", "slow", "to/page"):
        text = f"a fox as in {site.address}/{path}, at night"
        assert await painted(easel, easel.platform.message(text)) == (text, [])
    for address in ("http://127.0.0.1:1/a.png", "http://169.254.169.254/50.png", "http://no-such-host.invalid/50.png"):
        assert await painted(easel, easel.platform.message(f"a fox {address}")) == (f"a fox {address}", [])


async def test_an_address_alone_waits_for_words(easel: MemoryWorld, site: Website) -> None:
    await refused(easel, easel.platform.message(f"<{site.address}/50.png>"), PicturesWithoutPrompt())
    assert await painted(easel, easel.platform.message("make it night")) == ("make it night", [(50, 40)])


async def test_more_pictures_than_the_limit_are_refused(easel: MemoryWorld, site: Website) -> None:
    limit = easel.app.events.capabilities.max_references
    text = " ".join(f"{site.address}/{50 + number}.png" for number in range(limit + 1))
    await refused(easel, easel.platform.message(f"night {text}"), TooManyPictures(count=limit + 1, limit=limit))
    assert (await painted(easel, easel.platform.message(f"night {text.rpartition(' ')[0]}")))[1] == [
        (50 + number, 40) for number in range(limit)
    ]


async def test_a_page_of_a_gif_picker_is_refused_as_a_gif(easel: MemoryWorld) -> None:
    for address in ("https://tenor.com/view/fox-gif-1", "https://media.giphy.com/media/x/giphy.gif"):
        await refused(easel, easel.platform.message(f"night {address}"), AnimatedPicture(name="GIF"))


async def test_nothing_is_fetched_for_what_is_no_request_or_not_admitted(
    tmp_path: Path, sandbox: Sandbox, site: Website
) -> None:
    allowed = {"allow_hosts": [sandbox.address.removeprefix("http://"), site.host]}
    closed = {"blocked_users": [AMBER.key]}
    async with world(tmp_path, sandbox, fetch=allowed, access=closed) as easel:
        say = easel.platform.message
        for message in (
            say(f"night {site.address}/50.png"),
            say(f"night {site.address}/50.png", chat=GROUP, to_me=False),
            say(f"/help {site.address}/50.png"),
        ):
            await easel.app.events.receive_message(message)
        assert site.asked == []


async def test_a_slow_host_delays_its_message_alone(tmp_path: Path, sandbox: Sandbox, site: Website) -> None:
    allowed, clock = {"allow_hosts": [sandbox.address.removeprefix("http://"), site.host]}, PausableClock(SPEED)
    async with world(tmp_path, sandbox, fetch=allowed, clock=clock) as easel:
        with clock.paused():  # or a busy machine would use up the time that a host has
            slow = asyncio.create_task(easel.say(f"slow fox {site.address}/slow"))
            await site.arrived.wait()
            await easel.say("a quick fox")
            assert not slow.done()
            site.go.set()
            await slow
        await easel.settled(2)
        assert sorted(each.prompt for each in sandbox.requests) == ["a quick fox", "slow fox"]


async def test_the_end_of_easel_leaves_the_message_to_the_next_start(
    tmp_path: Path, sandbox: Sandbox, site: Website
) -> None:
    allowed = {"allow_hosts": [sandbox.address.removeprefix("http://"), site.host]}
    platform = Platform()
    message = platform.message(f"night {site.address}/slow")
    async with world(tmp_path, sandbox, platform, fetch=allowed) as easel:
        handling = asyncio.create_task(easel.app.events.receive_message(message))
        await site.arrived.wait()
    assert await handling is False
    site.go.set()
    async with world(tmp_path, sandbox, platform, fetch=allowed) as easel:
        assert (await painted(easel, message))[0] == "night"


async def test_a_stored_picture_outlives_the_site_and_not_its_owner(
    tmp_path: Path, sandbox: Sandbox, site: Website
) -> None:
    allowed = {"allow_hosts": [sandbox.address.removeprefix("http://"), site.host]}
    platform = Platform()
    async with world(tmp_path, sandbox, platform, fetch=allowed) as easel:
        await refused(easel, platform.message(f"{site.address}/50.png"), PicturesWithoutPrompt())
    async with world(tmp_path, sandbox, platform, fetch=allowed) as easel:
        assert await painted(easel, platform.message("night")) == ("night", [(50, 40)])
        assert site.asked == ["/50.png"]
        async with easel.store() as store:
            (job,) = await store.history(AMBER.key)
            (reference,) = job.references
            assert await store.adapter_store.cached_blob(reference.ref)
            await easel.say("/forget")
            assert await store.adapter_store.cached_blob(reference.ref) is None


# ---------------------------------------------------------------- text files


def text_file(platform: Platform, data: bytes, name: str = "message.txt") -> Attachment:
    return platform.upload(data, filename=name, media_type="text/plain; charset=utf-8")


async def test_a_text_file_is_the_prompt_behind_the_messages_own_words(easel: MemoryWorld) -> None:
    platform = easel.platform
    photo = platform.upload(png(size=(90, 40)))
    long = "a fox, " * 400
    assert await painted(easel, platform.message("", text_file(platform, long.encode()))) == (long.strip(), [])
    assert await painted(
        easel, platform.message("/edit in oil:", photo, text_file(platform, b"a red fox --size 3:2"))
    ) == ("in oil:\na red fox", [(90, 40)])
    utf_16 = text_file(platform, "лиса".encode("utf-16"), "лиса.txt")
    assert await painted(easel, platform.message("first", utf_16, text_file(platform, b"last"))) == (
        "first\nлиса\nlast",
        [],
    )
    quoted = quoting(platform.message("/imagine"), text_file(platform, b"a red fox"))
    assert await painted(easel, quoted) == ("a red fox", [])
    quoted = quoting(platform.message("night"), text_file(platform, b"a red fox"), photo)
    assert await painted(easel, quoted) == ("night", [(90, 40)])


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"x" * LIMIT, PromptTooLong(length=LIMIT + len("a fox\n"), limit=LIMIT)),
        (b"x" * 30_000, TextFileTooLong(name="message.txt", limit=LIMIT)),
        ("лиса".encode("cp1251"), TextFileUnreadable(name="message.txt")),
        (png(), TextFileUnreadable(name="message.txt")),
    ],
    ids=["long", "huge", "cp1251", "binary"],
)
async def test_a_text_file_that_is_no_prompt_is_refused_in_words(
    easel: MemoryWorld, data: bytes, error: EaselError
) -> None:
    await refused(easel, easel.platform.message("a fox", text_file(easel.platform, data)), error)
    assert easel.platform.calls.count("fetch") == (0 if len(data) == 30_000 else 1)
