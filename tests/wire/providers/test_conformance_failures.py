"""Conformance of every preset: each fault of an upstream raises the same exception, whatever the dialect."""

from collections.abc import Mapping

import pytest

from bot.errors import (
    BadCredentials,
    Busy,
    CutShort,
    Lost,
    Moderated,
    NoPicture,
    OutOfFunds,
    PaintFailed,
    Rejected,
    Unfetched,
    UpstreamDown,
    WrongEndpoint,
    WrongModel,
)
from bot.painting import (
    FinishedImage,
    Link,
    PaintRequest,
)
from tests.wire.providers.conformance import EVERY, KEY, ROWS, Row, bench

# What each fault of the sandbox is called, in every dialect or in some. A fault that is refused paints nothing.
FAILURES: tuple[tuple[str, Mapping[str, type[PaintFailed]]], ...] = (
    ("400", {"chat": BadCredentials, "tasks": Rejected, "images": Rejected}),
    ("401", {"chat": BadCredentials, "tasks": BadCredentials, "images": BadCredentials}),
    ("402", {"chat": OutOfFunds, "tasks": OutOfFunds, "images": OutOfFunds}),
    ("403", dict.fromkeys(("chat", "tasks", "images"), WrongModel)),  # a model that is not for this key
    ("404", {"chat": WrongEndpoint, "tasks": WrongEndpoint, "images": WrongEndpoint}),
    ("429", {"chat": Busy, "tasks": Busy, "images": Busy}),
    ("500", {"chat": UpstreamDown, "tasks": UpstreamDown, "images": UpstreamDown}),
    ("html502", {"chat": UpstreamDown, "tasks": UpstreamDown, "images": UpstreamDown}),
    ("api_not_implemented", {"chat": WrongEndpoint, "images": WrongEndpoint}),
    ("apitype", {"chat": WrongEndpoint, "tasks": WrongEndpoint, "images": WrongEndpoint}),
    ("moderation", {"chat": Moderated, "images": Moderated}),
    ("policy", {"chat": Moderated, "images": Moderated}),
    ("content-filter", {"chat": Moderated, "images": Moderated}),
    ("no-funds", {"chat": OutOfFunds, "tasks": OutOfFunds, "images": OutOfFunds}),
    ("billing", {"chat": OutOfFunds, "images": OutOfFunds}),
    ("unverified", {"chat": BadCredentials, "images": BadCredentials}),
    ("reset", {"chat": CutShort, "tasks": CutShort, "images": CutShort}),
    ("cut", {"chat": Lost, "images": Lost}),
    ("no-picture", {"chat": NoPicture, "tasks": NoPicture, "images": NoPicture}),
    ("error-in-stream", {"chat": PaintFailed, "images": PaintFailed}),
    ("task-content_policy_violation", {"tasks": Moderated}),
    ("task-invalid_parameters", {"tasks": Rejected}),
)
BEGUN = frozenset({"reset", "cut", "no-picture", "error-in-stream"})  # the upstream may have painted by then
CASES = [
    pytest.param(row, fault, failures[row.dialect], id=f"{row}-{fault}")
    for fault, failures in FAILURES
    for row in ROWS
    if row.dialect in failures
]


@pytest.mark.forms(32)
@pytest.mark.parametrize(("row", "fault", "failure"), CASES)
async def test_every_error_has_its_name(row: Row, fault: str, failure: type[PaintFailed]) -> None:
    async with bench(row) as at:
        failed = await at.fails(f"a fox [[{fault}]]")
        assert isinstance(failed, failure)
        assert len(at.sandbox.requests) == 1, "it was sent once"
        assert at.sandbox.painted == 0 or fault in BEGUN
        assert KEY not in f"{failed.detail} {failed.facts} {failed.trace}"


@EVERY
async def test_a_limit_of_the_moment_says_how_long_to_wait(row: Row) -> None:
    async with bench(row) as at:
        failed = await at.fails("a fox [[429:3]]")
    assert isinstance(failed, Busy)
    assert failed.retry_after == 3.0


@EVERY
async def test_a_wrong_key_is_the_operators_matter(row: Row) -> None:
    async with bench(row, wanted="another") as at:
        assert isinstance(await at.fails("a fox"), BadCredentials)


@pytest.mark.forms(4)
@EVERY
async def test_a_link_that_has_expired_is_a_picture_that_could_not_be_had(row: Row) -> None:
    async with bench(row) as at:
        events = await at.paint(PaintRequest(prompt="a fox [[gone]]"))
        sources = [each.source for each in events if isinstance(each, FinishedImage)]
        assert [isinstance(each, Link) for each in sources] == [row.links]
        if row.links:
            with pytest.raises(Unfetched):
                await at.pictures(events)
        else:
            assert len(await at.pictures(events)) == 1
