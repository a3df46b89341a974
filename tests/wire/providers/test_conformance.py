"""Conformance of every preset: requests, references, shapes, counts, progress and cancellation, the same for each.

The upstream is the sandbox, which speaks each preset's dialect at an address of its own. Failures and callbacks have
modules of their own; what is special to one dialect is tested beside that dialect.
"""

import asyncio
import hashlib
from contextlib import aclosing

import pytest

from bot.intake import sizes
from bot.painting import (
    Accepted,
    FinishedImage,
    Options,
    PaintRequest,
    Preview,
    Progress,
    Stage,
    StageChanged,
    Usage,
)
from bot.providers.presets import PRESETS
from bot.providers.requirements import can_satisfy, masks_itself, requirements_of
from tests.wire.providers.conformance import (
    EVERY,
    KEY,
    ROWS,
    Bench,
    Row,
    bench,
    mask,
    poll_count,
    references,
    wait_for,
)


def test_every_preset_is_in_the_table() -> None:
    assert {row.preset for row in ROWS if row.preset} == set(PRESETS)


# ---------------------------------------------------------------- what comes of a request


@pytest.mark.forms(4)
@EVERY
async def test_words_become_one_picture(row: Row) -> None:
    async with bench(row) as at:
        events = await at.paint(PaintRequest(prompt="a fox in the snow"))
        [picture] = await at.pictures(events)
        [received] = at.sandbox.requests
    assert events[0] == StageChanged(Stage.SENDING)
    kinds = [type(event) for event in events]
    assert kinds.index(Accepted) < kinds.index(FinishedImage)
    assert any(isinstance(each, Usage) and bool(each.reported) for each in events) == row.counts
    assert received.prompt.startswith("a fox in the snow")
    assert received.references == ()
    assert picture.width > 0
    assert KEY not in repr(at.provider) + repr(events)


@pytest.mark.forms(14)
@EVERY
@pytest.mark.parametrize("count", [1, 3, "all"])
async def test_references_arrive_byte_for_byte_in_their_order(row: Row, count: int | str) -> None:
    async with bench(row) as at:
        most = at.provider.capabilities.max_references
        sent = references(most if count == "all" else int(count))
        await at.pictures(await at.paint(PaintRequest(prompt="all of them", references=sent)))
        [received] = at.sandbox.requests
    assert [each.digest for each in received.references] == [hashlib.sha256(each.data).hexdigest() for each in sent]
    assert [each.media_type for each in received.references] == [each.media_type for each in sent]


@pytest.mark.forms(4)
@EVERY
async def test_a_mask_arrives_or_is_known_to_be_too_much(row: Row) -> None:
    request = PaintRequest(prompt="a hat", references=references(1), mask=mask())
    async with bench(row) as at:
        needs, able = requirements_of(request), at.provider.capabilities
        assert can_satisfy(able, needs)
        assert masks_itself(able, needs) == (not row.is_chat)
        if row.is_chat:  # it is shown a marked copy (`bot.providers.candidates`)
            return
        await at.pictures(await at.paint(request))
        [received] = at.sandbox.requests
    assert received.mask is not None
    assert (received.mask.kind, received.mask.width, received.mask.height) == ("PNG", 60, 40)
    assert len(received.references) == 1


SHAPES = ("1:1", "3:2", "2:3", "16:9", "9:16", "4:3", "3:4", "5:4", "4:5", "21:9", "2:1", "3:1", "1024x1536", "auto")


@pytest.mark.forms(28)
@EVERY
@pytest.mark.parametrize("wish", SHAPES)
async def test_a_wished_shape_is_painted_or_known_to_be_too_much(row: Row, wish: str) -> None:
    request = PaintRequest(prompt="a fox", options=Options(size=wish))
    async with bench(row) as at:
        if not can_satisfy(at.provider.capabilities, requirements_of(request)):
            assert wish not in sizes.offered_sizes(at.provider.capabilities)
            assert sizes.suggest_sizes(wish, at.provider.capabilities)
            return
        [picture] = await at.pictures(await at.paint(request))
    if wish != "auto":
        across, down = (int(each) for each in wish.replace(":", "x").split("x"))
        assert picture.width / picture.height == pytest.approx(across / down, rel=0.035)


@pytest.mark.forms(5)
@pytest.mark.parametrize("row", [row for row in ROWS if row.dialect == "images"], ids=str)
@pytest.mark.parametrize(
    ("size", "tier", "pixels"),
    [
        ("16:9", "2K", (2048, 1152)),
        ("16:9", None, (1280, 720)),
        ("1280x720", None, (1280, 720)),
        ("21:9", "1K", (1344, 576)),
        ("3:2", "1K", (1008, 672)),
        (None, "2K", (2048, 2048)),
    ],
)
async def test_sizes_by_rule_are_painted_to_the_pixel(
    row: Row, size: str | None, tier: str | None, pixels: tuple[int, int]
) -> None:
    async with bench(row) as at:
        options = Options(size=size, tier=tier)
        [picture] = await at.pictures(await at.paint(PaintRequest(prompt="a fox", options=options)))
        assert (picture.width, picture.height) == pixels
        for wrong in ("1000x1000", "4096x4096", "4:1"):
            assert sizes.resolve_size(wrong, None, at.provider.capabilities) is None
            assert sizes.suggest_sizes(wrong, at.provider.capabilities)


@pytest.mark.forms(14)
@EVERY
@pytest.mark.parametrize("count", [1, 2, 3, "all"])
async def test_as_many_pictures_as_asked_for(row: Row, count: int | str) -> None:
    async with bench(row) as at:
        capabilities = at.provider.capabilities
        n = capabilities.allowed_counts[-1] if count == "all" else int(count)
        request = PaintRequest(prompt="a fox", options=Options(n=n))
        if n not in capabilities.allowed_counts:
            assert not can_satisfy(capabilities, requirements_of(request))
            return
        found = await at.pictures(await at.paint(request))
        assert len(found) == n
        assert len({hashlib.sha256(each.data).digest() for each in found}) == n


@pytest.mark.forms(3)
@pytest.mark.parametrize("row", [row for row in ROWS if not row.is_chat], ids=str)  # there each is its own request
async def test_fewer_pictures_than_asked_for_are_no_failure(row: Row) -> None:
    async with bench(row) as at:
        events = await at.paint(PaintRequest(prompt="a fox [[partial:3]]", options=Options(n=4)))
        assert len(await at.pictures(events)) == 3


@pytest.mark.forms(4)
@EVERY
async def test_it_tells_how_far_it_is(row: Row) -> None:
    async def watched(_: float) -> None:
        """Time passes for a task when somebody asked about it."""
        if row.dialect == "tasks":
            before = poll_count(box[0].sandbox)
            while poll_count(box[0].sandbox) == before:  # noqa: ASYNC110 - the sandbox's counters wake nobody
                await asyncio.sleep(0)

    box: list[Bench] = []
    async with bench(row, sleep=watched) as at:
        box.append(at)
        events = await at.paint(PaintRequest(prompt="a fox"))
    told = [event for event in events if isinstance(event, row.tells)]
    assert StageChanged(Stage.PAINTING) in events
    if row.tells is Progress:
        percents = [each.percent for each in told if isinstance(each, Progress)]
        assert len(percents) > 5
        assert percents == sorted(percents)
        assert all(0 <= each <= 100 for each in percents)
    if row.tells is Preview:
        assert len(told) == 2
    kinds = [type(event) for event in events]
    assert kinds.index(row.tells) < kinds.index(FinishedImage)


# ---------------------------------------------------------------- when it is called off


@EVERY
async def test_closing_it_leaves_the_upstream_alone(row: Row) -> None:
    async def never(_: float) -> None:
        await asyncio.Event().wait()

    async with bench(row, pace=1, sleep=never) as at:
        async with aclosing(at.provider.paint(PaintRequest(prompt="a fox"))) as events:
            async for event in events:
                if isinstance(event, Accepted) or event == StageChanged(Stage.PAINTING):
                    break
            await wait_for(lambda: at.sandbox.running == 1)
        if row.dialect == "tasks":
            polls = poll_count(at.sandbox)
            await asyncio.sleep(0.05)
            assert poll_count(at.sandbox) == polls
        else:
            await wait_for(lambda: at.sandbox.dropped == 1)
        assert at.sandbox.painted == 0
