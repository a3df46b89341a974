"""What the books say of an upstream's pictures: reserved as asked for, charged as delivered, by table or by usage."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.job import State
from bot.sandbox import Fault, Sandbox
from bot.texts import translate
from tests.flow.scenes import books, job_of
from tests.flow.world import sandbox_provider, world
from tests.support.platform import AMBER


def hk(sandbox: Sandbox, **given: Any) -> dict[str, Any]:
    """A provider that counts tokens."""
    return {"preset": "openai-hk", "base_url": f"{sandbox.address}/hk/v1", "api_key": "sandbox", **given}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(pace=0, edge=256) as upstream:
        yield upstream


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


@pytest.mark.forms(2)
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


@pytest.mark.forms(1)
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
    async with world(tmp_path, sandbox, providers=[sandbox_provider(sandbox, "images", price=TABLE)]) as easel:
        await easel.say(said)
        [post] = await easel.settled()
        job = await easel.app.store.get_job(job_of(post))
        assert job is not None
        assert (job.state, job.cost, job.charged) == (State.DONE, cost, charged)
        assert await books(easel) == (50 - charged, 0)


@pytest.mark.forms(1)
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
        flat = {**sandbox_provider(up, "chat", price=5), "name": "flat"}
        tables = [
            {**sandbox_provider(up, "images", price=TABLE), "name": "dear"},
            {**sandbox_provider(down, "images", price={"low": 1, "high": 2}), "name": "down"},
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
    async with world(tmp_path, sandbox, providers=[sandbox_provider(sandbox, "images", price=TABLE)]) as easel:
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


@pytest.mark.forms(1)
@pytest.mark.parametrize("dialect", ["tasks", "images"])
async def test_of_several_pictures_only_those_delivered_are_charged(
    tmp_path: Path, sandbox: Sandbox, dialect: str
) -> None:
    async with world(tmp_path, sandbox, providers=[sandbox_provider(sandbox, dialect)]) as easel:
        await easel.say("foxes --n 4 [[partial:3]]")
        [post] = await easel.settled()
        assert len(post.images) == 3
        assert await books(easel) == (47, 0)
