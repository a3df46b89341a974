"""What the core adds around upstreams: masks, tasks that outlive a restart, and other providers."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from bot.chat import Action
from bot.job import State
from bot.pictures.masks import encode_mask
from bot.providers.marks import MARKS_WORDS, MASK_WORDS
from bot.sandbox import Fault, Sandbox
from bot.texts import translate
from tests.flow.scenes import books, click, job_of, wait_for_stage
from tests.flow.world import MemoryWorld, sandbox_provider, world
from tests.support.images import png
from tests.support.marked_copies import OUTSIDE, differ, encircled
from tests.support.platform import Platform
from tests.support.waiting import wait_until
from tests.unit.pictures.images import encoded
from tests.unit.pictures.scenery import keep_around, scene

PAINTS_ON = 30.0  # seconds that a sandbox paints for, where its end is not waited for


def drawn(size: tuple[int, int] = (64, 48)) -> bytes:
    """A PNG whose left half is transparent."""
    image = Pillow.new("RGBA", size, "red")
    image.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(pace=0, edge=256) as upstream:
        yield upstream


# ---------------------------------------------------------------- masks


@pytest.mark.forms(1)
@pytest.mark.parametrize("dialect", ["images", "tasks"])
async def test_a_mask_from_a_form_reaches_the_upstream_as_a_png_of_the_pictures_size(
    tmp_path: Path, sandbox: Sandbox, dialect: str
) -> None:
    async with world(tmp_path, sandbox, providers=[sandbox_provider(sandbox, dialect)]) as easel:
        photo, mask = easel.platform.upload(png("blue")), easel.platform.upload(drawn((128, 96)))
        await easel.app.events.receive_message(replace(easel.platform.message("a hat", photo), mask=mask))
        [post] = await easel.settled()
        assert len(post.images) == 1
        [request] = sandbox.requests
        assert request.mask is not None
        assert (request.mask.media_type, request.mask.width, request.mask.height) == ("image/png", 64, 48)
        assert [(each.kind, each.width, each.height) for each in request.references] == [("PNG", 64, 48)]
        job = await easel.app.store.get_job(job_of(post))
        assert job is not None
        assert (job.mask, job.references) == (mask, (photo,))


@pytest.mark.thorough
async def test_a_reply_that_says_mask_masks_the_picture_it_replies_to(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, providers=[sandbox_provider(sandbox, "images")]) as easel:
        await easel.say("a lighthouse --size 1024x768")
        [first] = await easel.settled()
        size = first.images[0].width, first.images[0].height
        await easel.say("mask: a red sky", easel.platform.upload(drawn(size)), reply_to=first)
        await easel.settled(2)
        request = sandbox.requests[1]
        assert request.prompt == "a red sky"
        assert request.mask is not None
        assert [(each.width, each.height) for each in request.references] == [size]


@pytest.mark.thorough
async def test_the_clear_part_of_an_edited_png_is_its_mask_where_somebody_takes_one(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    providers = [sandbox_provider(sandbox, "chat"), sandbox_provider(sandbox, "images")]
    async with world(tmp_path, sandbox, providers=providers) as easel:
        await easel.say("a hat", easel.platform.upload(drawn()))
        await easel.settled()
        await easel.say("a hat --quality high", easel.platform.upload(drawn()), easel.platform.upload(png()))
        await easel.settled(2)
        masked, two = sandbox.requests
        assert masked.path.endswith("/images/edits")  # the first provider has no mask
        assert masked.mask is not None
        assert two.mask is None


async def test_the_clear_part_of_a_png_gives_way_to_what_was_asked_for_in_words(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    providers = [sandbox_provider(sandbox, "images", max_n=1), sandbox_provider(sandbox, "chat")]
    async with world(tmp_path, sandbox, providers=providers) as easel:
        await easel.say("a hat --n 2", easel.platform.upload(drawn()))
        [post] = await easel.settled()
        assert len(post.images) == 2
        assert all(request.mask is None for request in sandbox.requests)


async def test_the_clear_part_of_a_png_is_a_picture_like_any_where_nobody_takes_a_mask(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    async with world(tmp_path, sandbox) as easel:
        await easel.say("a hat", easel.platform.upload(drawn()))
        [post] = await easel.settled()
        assert len(post.images) == 1
        assert [each.kind for each in sandbox.requests[0].references] == ["PNG"]


async def test_where_nobody_takes_a_mask_it_is_said_before_anything_is_spent(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, providers=[sandbox_provider(sandbox, "chat", max_references=1)]) as easel:
        message = easel.platform.message("a hat", easel.platform.upload(png()))
        await easel.app.events.receive_message(replace(message, mask=easel.platform.upload(drawn())))
        [post] = await easel.settled()
        assert post.text == translate("en", "refusal-unsupported", what="mask")
        assert sandbox.requests == []
        assert await books(easel) == (50, 0)


async def test_an_upstream_without_masks_is_shown_a_marked_copy_and_nothing_else_moves(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    async with world(tmp_path, sandbox, providers=[sandbox_provider(sandbox, "chat")]) as easel:
        photo, keep = scene(256, 192), keep_around((256, 192))
        message = easel.platform.message("make it night", easel.platform.upload(encoded(photo, "PNG")))
        mask = encode_mask(keep, keep.size)
        await easel.app.events.receive_message(replace(message, mask=easel.platform.upload(mask.data)))
        [post] = await easel.settled()
        [request] = sandbox.requests
        assert request.prompt == "make it night" + MASK_WORDS
        assert [(each.width, each.height) for each in request.references] == [(256, 192)] * 2
        [painted] = post.images
        before, after, stays = (np.asarray(each) for each in (photo, Pillow.open(io.BytesIO(painted.data)), keep))
        assert (before[stays == 255] == after[stays == 255]).all()
        assert after[96, 118].astype(int).sum() < before[96, 118].astype(int).sum() / 2  # night
        job = await easel.app.store.get_job(job_of(post))
        assert job is not None
        assert (job.prompt, job.charged) == ("make it night", 1)
        assert await books(easel) == (49, 0)


@pytest.mark.parametrize(
    ("mask", "key", "facts"),
    [
        (png(), "refusal-mask-not-transparent", {"name": "photo.png"}),
        (drawn((48, 64)), "refusal-mask-of-other-size", {"mask": "48×64", "picture": "64×48"}),
    ],
)
async def test_a_mask_that_is_none_is_said_and_costs_nothing(
    tmp_path: Path, sandbox: Sandbox, mask: bytes, key: str, facts: dict[str, str]
) -> None:
    async with world(tmp_path, sandbox, providers=[sandbox_provider(sandbox, "images")]) as easel:
        message = easel.platform.message("a hat", easel.platform.upload(png()))
        await easel.app.events.receive_message(replace(message, mask=easel.platform.upload(mask)))
        [post] = await easel.settled()
        assert post.text == translate("en", key, **facts)
        assert sandbox.requests == []
        assert await books(easel) == (50, 0)


async def test_retry_takes_the_mask_along_and_vary_leaves_it(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, providers=[sandbox_provider(sandbox, "images")]) as easel:
        message = easel.platform.message("a hat", easel.platform.upload(png()))
        await easel.app.events.receive_message(replace(message, mask=easel.platform.upload(drawn())))
        [post] = await easel.settled()
        await click(easel, post, Action.RETRY)
        await easel.settled(2)
        await click(easel, post, Action.VARY)
        await easel.settled(3)
        assert [request.mask is not None for request in sandbox.requests] == [True, True, False]


@pytest.mark.thorough
async def test_retry_and_vary_of_a_picture_that_was_marked_by_hand_are_the_same_edit_with_its_marks(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    async with world(tmp_path, sandbox) as easel:
        original = encoded(scene(), "PNG")
        photos = easel.platform.upload(original), easel.platform.upload(encircled(original))
        await easel.say("red circle: night", *photos)
        [post] = await easel.settled()
        await click(easel, post, Action.RETRY)
        await easel.settled(2)
        await click(easel, post, Action.VARY)
        [first, *again] = await easel.settled(3)
        assert [each.prompt for each in sandbox.requests] == ["red circle: night" + MARKS_WORDS] * 3
        assert len({each.digest for request in sandbox.requests for each in request.references}) == 2
        for each in (first, *again):
            assert not differ(original, each.images[0].data, OUTSIDE)
        assert await books(easel) == (47, 0)


# ---------------------------------------------------------------- options


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("typed", "size"),
    [
        ("--size 16:9 --size 2K", "2048x1152"),
        ("--size 16:9@2k", "2048x1152"),
        ("--size 1280x720", "1280x720"),
        ("--size auto", "auto"),
    ],
)
async def test_a_wish_lands_on_a_legal_size(tmp_path: Path, sandbox: Sandbox, typed: str, size: str) -> None:
    async with world(tmp_path, sandbox, providers=[sandbox_provider(sandbox, "images")]) as easel:
        await easel.say(f"a fox {typed}")
        await easel.settled()
        assert sandbox.requests[0].body["size"] == size


async def test_a_size_that_cannot_be_is_answered_with_the_nearest_and_spends_nothing(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    async with world(tmp_path, sandbox, providers=[sandbox_provider(sandbox, "images")]) as easel:
        await easel.say("a fox --size 1000x1000")
        [post] = await easel.settled()
        assert "1008x1008" in post.text
        assert (sandbox.requests, await books(easel)) == ([], (50, 0))


async def test_options_reach_the_upstream_that_takes_them(tmp_path: Path, sandbox: Sandbox) -> None:
    providers = [sandbox_provider(sandbox, "chat"), sandbox_provider(sandbox, "images")]
    async with world(tmp_path, sandbox, providers=providers) as easel:
        await easel.say("a fox --background transparent --format webp --compression 70 --quality low")
        [post] = await easel.settled()
        body = sandbox.requests[0].body
        assert (body["background"], body["output_format"], body["output_compression"]) == ("transparent", "webp", 70)
        assert post.images[0].media_type == "image/webp"


# ---------------------------------------------------------------- one provider, and the next


async def test_another_provider_paints_when_one_is_down_and_no_raw_error_is_shown(tmp_path: Path) -> None:
    async with (
        Sandbox(pace=0, faults=lambda _: Fault("500")) as down,
        Sandbox(pace=0, edge=256) as up,
    ):
        hosts = [each.address.removeprefix("http://") for each in (down, up)]
        providers = [sandbox_provider(down, "images", price=3), sandbox_provider(up, "tasks", price=2)]
        async with world(tmp_path, up, providers=providers, fetch={"allow_hosts": hosts}) as easel:
            await easel.say("a fox")
            [post] = await easel.settled()
            job = await easel.app.store.get_job(job_of(post))
            assert job is not None
            assert (job.state, job.provider, job.price, job.charged, job.cost) == (State.DONE, "tasks", 2, 2, 3)
            assert len(down.requests) == 1
            assert not any("500" in card.text for card in post.cards)
            assert await books(easel) == (48, 0)


async def test_moderation_is_neither_retried_nor_asked_elsewhere(tmp_path: Path, sandbox: Sandbox) -> None:
    providers = [
        sandbox_provider(sandbox, "images"),
        sandbox_provider(sandbox, "tasks"),
        sandbox_provider(sandbox, "chat"),
    ]
    async with world(tmp_path, sandbox, providers=providers) as easel:
        await easel.say("a fox [[moderation]]")
        [post] = await easel.settled()
        assert post.text == translate("en", "failed-moderated")
        assert len(sandbox.requests) == 1
        job = await easel.app.store.get_job(job_of(post))
        assert job is not None
        assert (job.provider, job.model, job.price, job.charged) == ("images", "gpt-image-2", 1, 0)


# ---------------------------------------------------------------- tasks that outlive a restart


async def test_after_a_restart_the_same_message_becomes_the_picture_of_the_same_task(tmp_path: Path) -> None:
    async with Sandbox(pace=0.5, edge=256) as sandbox:
        platform = Platform()
        providers = [sandbox_provider(sandbox, "tasks")]
        async with world(tmp_path, sandbox, platform, providers=providers) as easel:
            await easel.say("a fox --n 2")
            post = await wait_for_stage(easel, "queued")
            await wait_until(lambda: accepted(easel))
        assert not post.images
        async with world(tmp_path, sandbox, platform, providers=providers) as easel:
            posts = await easel.settled()
            assert posts == [post]
            assert len(post.images) == 2
            job = await easel.app.store.get_job(job_of(post))
            assert job is not None
            assert (job.state, job.charged, job.attempt) == (State.DONE, 2, 2)
            assert (job.provider, job.upstream_id) == ("tasks", sandbox.tasks[0].id)
            assert (len(sandbox.requests), len(sandbox.tasks)) == (1, 1)
            assert await books(easel) == (48, 0)


async def accepted(easel: MemoryWorld) -> bool:
    return any("accepted" in job.checkpoints for job in await easel.app.store.unfinished_jobs())


async def test_after_a_restart_without_the_provider_the_credits_come_back(tmp_path: Path) -> None:
    async with Sandbox(pace=PAINTS_ON, edge=256) as sandbox:
        platform = Platform()
        async with world(tmp_path, sandbox, platform, providers=[sandbox_provider(sandbox, "tasks")]) as easel:
            await easel.say("a fox")
            await wait_until(lambda: accepted(easel))
        async with world(tmp_path, sandbox, platform, providers=[sandbox_provider(sandbox, "chat")]) as easel:
            [post] = await easel.settled()
            assert post.text == translate("en", "failed-restarted")
            assert await books(easel) == (50, 0)
            assert len(sandbox.requests) == 1
