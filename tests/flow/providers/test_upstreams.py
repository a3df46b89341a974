"""What the core adds around upstreams: masks, tasks that outlive a restart, other providers, and exact books."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from bot.chat import Action
from bot.job import State
from bot.sandbox import Fault, Sandbox
from bot.texts import translate
from tests.flow.scenes import books, click, job_of, wait_for_stage
from tests.flow.world import MemoryWorld, world
from tests.support.images import png
from tests.support.platform import AMBER, Platform
from tests.support.waiting import wait_until

PAINTS_ON = 30.0  # seconds that a sandbox paints for, where its end is not waited for


def provider(sandbox: Sandbox, dialect: str, **given: Any) -> dict[str, Any]:
    return {
        "name": dialect,
        "preset": "sandbox",
        "dialect": dialect,
        "base_url": sandbox.address,
        "api_key": "sandbox",
        **given,
    }


def hk(sandbox: Sandbox, **given: Any) -> dict[str, Any]:
    """A provider that counts tokens."""
    return {"preset": "openai-hk", "base_url": f"{sandbox.address}/hk/v1", "api_key": "sandbox", **given}


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


@pytest.mark.parametrize("dialect", ["images", "tasks"])
async def test_a_mask_from_a_form_reaches_the_upstream_as_a_png_of_the_pictures_size(
    tmp_path: Path, sandbox: Sandbox, dialect: str
) -> None:
    async with world(tmp_path, sandbox, providers=[provider(sandbox, dialect)]) as easel:
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


async def test_a_reply_that_says_mask_masks_the_picture_it_replies_to(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, providers=[provider(sandbox, "images")]) as easel:
        await easel.say("a lighthouse --size 1024x768")
        [first] = await easel.settled()
        size = first.images[0].width, first.images[0].height
        await easel.say("mask: a red sky", easel.platform.upload(drawn(size)), reply_to=first)
        await easel.settled(2)
        request = sandbox.requests[1]
        assert request.prompt == "a red sky"
        assert request.mask is not None
        assert [(each.width, each.height) for each in request.references] == [size]


async def test_the_clear_part_of_an_edited_png_is_its_mask_where_somebody_takes_one(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    providers = [provider(sandbox, "chat"), provider(sandbox, "images")]
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
    providers = [provider(sandbox, "images", max_n=1), provider(sandbox, "chat")]
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
    async with world(tmp_path, sandbox) as easel:
        message = easel.platform.message("a hat", easel.platform.upload(png()))
        await easel.app.events.receive_message(replace(message, mask=easel.platform.upload(drawn())))
        [post] = await easel.settled()
        assert post.text == translate("en", "refusal-unsupported", what="mask")
        assert sandbox.requests == []
        assert await books(easel) == (50, 0)


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
    async with world(tmp_path, sandbox, providers=[provider(sandbox, "images")]) as easel:
        message = easel.platform.message("a hat", easel.platform.upload(png()))
        await easel.app.events.receive_message(replace(message, mask=easel.platform.upload(mask)))
        [post] = await easel.settled()
        assert post.text == translate("en", key, **facts)
        assert sandbox.requests == []
        assert await books(easel) == (50, 0)


async def test_retry_takes_the_mask_along_and_vary_leaves_it(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, providers=[provider(sandbox, "images")]) as easel:
        message = easel.platform.message("a hat", easel.platform.upload(png()))
        await easel.app.events.receive_message(replace(message, mask=easel.platform.upload(drawn())))
        [post] = await easel.settled()
        await click(easel, post, Action.RETRY)
        await easel.settled(2)
        await click(easel, post, Action.VARY)
        await easel.settled(3)
        assert [request.mask is not None for request in sandbox.requests] == [True, True, False]


# ---------------------------------------------------------------- options


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
    async with world(tmp_path, sandbox, providers=[provider(sandbox, "images")]) as easel:
        await easel.say(f"a fox {typed}")
        await easel.settled()
        assert sandbox.requests[0].body["size"] == size


async def test_a_size_that_cannot_be_is_answered_with_the_nearest_and_spends_nothing(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    async with world(tmp_path, sandbox, providers=[provider(sandbox, "images")]) as easel:
        await easel.say("a fox --size 1000x1000")
        [post] = await easel.settled()
        assert "1008x1008" in post.text
        assert (sandbox.requests, await books(easel)) == ([], (50, 0))


async def test_options_reach_the_upstream_that_takes_them(tmp_path: Path, sandbox: Sandbox) -> None:
    providers = [provider(sandbox, "chat"), provider(sandbox, "images")]
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
        providers = [provider(down, "images", price=3), provider(up, "tasks", price=2)]
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
    providers = [provider(sandbox, "images"), provider(sandbox, "tasks"), provider(sandbox, "chat")]
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
        providers = [provider(sandbox, "tasks")]
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
        async with world(tmp_path, sandbox, platform, providers=[provider(sandbox, "tasks")]) as easel:
            await easel.say("a fox")
            await wait_until(lambda: accepted(easel))
        async with world(tmp_path, sandbox, platform, providers=[provider(sandbox, "chat")]) as easel:
            [post] = await easel.settled()
            assert post.text == translate("en", "failed-restarted")
            assert await books(easel) == (50, 0)
            assert len(sandbox.requests) == 1


# ---------------------------------------------------------------- books


async def test_the_books_know_what_the_upstream_took(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, providers=[hk(sandbox)], admins=[AMBER.key]) as easel:
        await easel.say("a fox --quality low --size 1024x1024")
        [post] = await easel.settled()
        job = await easel.app.store.get_job(job_of(post))
        assert job is not None
        assert job.usage is not None
        usage = job.usage
        details = usage["input_tokens_details"]
        tokens = details["text_tokens"] * 5 + details["image_tokens"] * 10 + usage["output_tokens"] * 40
        assert job.spent == pytest.approx(tokens * 7.1 * 10_000 / 1_000_000)
        assert (job.provider, job.model, job.price, job.charged) == ("openai-hk", "gpt-image-2", 1, 1)
        await easel.say("/admin stats")
        [_, stats] = await easel.settled(2)
        assert translate("en", "answer-stats-spent", spent=round(job.spent or 0)) in stats.text


@pytest.mark.parametrize(("rate", "charged"), [(0.001, 1), (0.01, 8), (1.0, 20)])
async def test_who_charges_by_usage_never_takes_more_than_was_reserved(
    tmp_path: Path, sandbox: Sandbox, rate: float, charged: int
) -> None:
    async with world(tmp_path, sandbox, providers=[hk(sandbox, price=20, usage_rate=rate)]) as easel:
        await easel.say("a fox --quality low --size 1024x1024")
        [post] = await easel.settled()
        job = await easel.app.store.get_job(job_of(post))
        assert job is not None
        assert job.spent == pytest.approx(775, abs=10)
        assert (job.cost, job.charged) == (20, charged)
        assert await books(easel) == (50 - charged, 0)


TABLE = {"low": 1, "medium": 4, "high": 16, "4K": 2.0}


@pytest.mark.parametrize(
    ("said", "cost", "charged"),
    [
        ("a fox --quality low --size 1:1", 1, 1),
        ("a fox --quality medium --size 16:9@4K", 8, 8),
        ("a fox --quality medium --size 2880x2880", 8, 8),
        ("foxes --quality low --size 1:1@1K --n 3 [[partial:2]]", 3, 2),
        ("a fox", 32, 4),  # auto: reserved as the dearest, and medium came, in the first tier
        ("a fox --quality auto --size 4K", 32, 8),
    ],
)
async def test_a_table_of_prices_reserves_what_is_asked_and_charges_what_came(
    tmp_path: Path, sandbox: Sandbox, said: str, cost: int, charged: int
) -> None:
    async with world(tmp_path, sandbox, providers=[provider(sandbox, "images", price=TABLE)]) as easel:
        await easel.say(said)
        [post] = await easel.settled()
        job = await easel.app.store.get_job(job_of(post))
        assert job is not None
        assert (job.state, job.cost, job.charged) == (State.DONE, cost, charged)
        assert await books(easel) == (50 - charged, 0)


@pytest.mark.parametrize(
    ("said", "cost", "charged"),
    [
        ("a fox --quality low --size 1:1", 10, 8),  # about 800 of the upstream's own credits
        ("a fox --quality medium --size 1:1", 40, 30),  # about 3,000
        ("a fox --size 1:1", 45, 30),  # auto became medium
        ("foxes --quality low --size 1:1 --n 2", 20, 16),
    ],
)
async def test_usage_is_charged_exactly_within_a_table_of_prices(
    tmp_path: Path, sandbox: Sandbox, said: str, cost: int, charged: int
) -> None:
    table = {"low": 10, "medium": 40, "high": 45}
    async with world(tmp_path, sandbox, providers=[hk(sandbox, price=table, usage_rate=0.01)]) as easel:
        await easel.say(said)
        [post] = await easel.settled()
        job = await easel.app.store.get_job(job_of(post))
        assert job is not None
        assert (job.state, job.cost, job.charged) == (State.DONE, cost, charged)
        assert await books(easel) == (50 - charged, 0)


async def test_the_next_cheapest_paints_where_the_operator_wants_it_so(tmp_path: Path) -> None:
    async with (
        Sandbox(pace=0, faults=lambda _: Fault("500")) as down,
        Sandbox(pace=0, edge=256) as up,
    ):
        hosts = [each.address.removeprefix("http://") for each in (down, up)]
        flat = {**provider(up, "chat", price=5), "name": "flat"}
        tables = [
            {**provider(up, "images", price=TABLE), "name": "dear"},
            {**provider(down, "images", price={"low": 1, "high": 2}), "name": "down"},
        ]
        settings: dict[str, Any] = {"fetch": {"allow_hosts": hosts}, "providers_order": "cheapest"}
        async with world(tmp_path, up, providers=[flat, *tables], **settings) as easel:
            painted: list[tuple[str, int | None]] = []
            for said in ("a fox --quality high", "a fox --quality low --size 1:1"):
                await easel.say(said)
                post = (await easel.settled(len(painted) + 1))[-1]
                job = await easel.app.store.get_job(job_of(post))
                assert job is not None
                painted.append((job.provider or "", job.charged))
            assert painted == [("flat", 5), ("dear", 1)]
            assert len(down.requests) == 1  # as dear as the one before it in the list


async def test_a_refusal_names_the_cost_and_what_would_be_cheaper(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, providers=[provider(sandbox, "images", price=TABLE)]) as easel:
        await easel.say("foxes --quality high --size 1:1@4K --n 2")
        [refused] = await easel.settled()
        assert refused.text.startswith("This costs 64 credits, and you have 50 left.")
        assert "--quality medium (16), --size 1:1@2K (32), --n 1 (32)" in refused.text
        assert await books(easel) == (50, 0)
        await easel.say("/help")
        [_, told] = await easel.settled(2)
        assert "auto (1–32 credits), low (1–2 credits), medium (4–8 credits), high (16–32 credits)" in told.text
        assert "1K (1–16 credits)" in told.text
        assert "A picture costs 1–32 credits." in told.text


@pytest.mark.parametrize("dialect", ["tasks", "images"])
async def test_of_several_pictures_only_those_delivered_are_charged(
    tmp_path: Path, sandbox: Sandbox, dialect: str
) -> None:
    async with world(tmp_path, sandbox, providers=[provider(sandbox, dialect)]) as easel:
        await easel.say("foxes --n 4 [[partial:3]]")
        [post] = await easel.settled()
        assert len(post.images) == 3
        assert await books(easel) == (47, 0)
