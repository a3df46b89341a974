"""Which providers are tried for a request, in which order, at what price; what no single one can do is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.errors import (
    BadCredentials,
    PromptTooLong,
    Unreachable,
    Unsupported,
    UnsupportedByModel,
    UpstreamDown,
    WrongModel,
)
from bot.intake.prices import Painted
from bot.painting import Capabilities, Image, Model, Options, PaintRequest
from bot.prices import PriceRange, parse_price
from bot.providers.catalog import Order, ProviderCatalog
from bot.providers.fallback import AttemptRejected, AttemptStarted
from bot.providers.requirements import Requirements, merge_capabilities
from tests.unit.providers.scripted import PAINTED, PIXEL, RETRYING, Act, Run, Scripted, fallback, run_to_end


def catalog(*providers: Scripted) -> ProviderCatalog:
    return ProviderCatalog(providers, order="listed")


# ---------------------------------------------------------------- capabilities and prices

SQUARE = Capabilities(sizes=("1:1",), max_n=1, max_references=1, max_prompt_chars=10, reference_types=("image/png",))
WIDE = Capabilities(sizes=("3:2",), qualities=("high",), max_n=4, max_references=0)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (PaintRequest(prompt="a", options=Options(size="1:1")), "square"),
        (PaintRequest(prompt="a", options=Options(size="3:2")), "wide"),
        (PaintRequest(prompt="a", options=Options(quality="high")), "wide"),
        (PaintRequest(prompt="a", options=Options(n=2)), "wide"),
        (PaintRequest(prompt="a" * 11), "wide"),
        (PaintRequest(prompt="a", references=(PIXEL,)), "square"),
        (PaintRequest(prompt="a"), "square"),
    ],
)
async def test_only_capable_providers_are_tried(request_: PaintRequest, expected: str) -> None:
    square, wide = (Scripted(name, [PAINTED], capabilities=a) for name, a in (("square", SQUARE), ("wide", WIDE)))
    run = Run(fallback(square, wide), request_)
    await run.run()
    assert run.events == [AttemptStarted(expected, 1), PAINTED]


async def test_what_nobody_can_do_is_refused_in_the_words_that_were_typed() -> None:
    made = fallback(Scripted("square", [PAINTED], capabilities=SQUARE), Scripted("wide", [PAINTED], capabilities=WIDE))
    needs = Requirements(options=Options(size="1:1", quality="high", n=3), reference_count=2, prompt_chars=5)
    with pytest.raises(Unsupported) as refused:
        made.catalog.price_range(needs)
    assert refused.value.facts == {"what": "--size 1:1 --quality high --n 3 🖼🖼"}
    with pytest.raises(Unsupported):
        await Run(made, PaintRequest(prompt="a", options=Options(size="1:1", n=2))).run()


def models(*names: str, **capabilities: Any) -> Capabilities:
    only = PriceRange(least=1, most=1)
    return Capabilities(models=tuple(Model(name=name, price=only) for name in names), **capabilities)


def test_what_the_chosen_model_cannot_do_is_refused_with_those_that_can() -> None:
    made = catalog(
        Scripted("a", [PAINTED], capabilities=models("plain", max_references=0, max_prompt_chars=9)),
        Scripted("b", [PAINTED], capabilities=models("deft", qualities=("high",))),
        Scripted("c", [PAINTED], capabilities=models("fine", qualities=("high",))),
    )
    needs = Requirements(options=Options(model="plain", quality="high"), reference_count=1, prompt_chars=5)
    with pytest.raises(UnsupportedByModel) as refused:
        made.price_range(needs)
    assert refused.value.facts == {"what": "--quality high 🖼", "model": "plain", "models": "deft, fine"}
    with pytest.raises(PromptTooLong) as long:
        made.price_range(Requirements(options=Options(model="plain"), reference_count=0, prompt_chars=10))
    assert long.value.facts == {"length": 10, "limit": 9}
    with pytest.raises(Unsupported) as gone:
        made.price_range(Requirements(options=Options(model="other"), reference_count=0, prompt_chars=5))
    assert gone.value.facts == {"what": "--model other"}


def test_what_no_model_can_do_is_refused_without_naming_one() -> None:
    made = catalog(
        Scripted("a", [], capabilities=models("sharp", qualities=("high",), max_references=0)),
        Scripted("b", [], capabilities=models("deft")),
    )
    with pytest.raises(Unsupported) as refused:
        made.price_range(
            Requirements(options=Options(model="sharp", quality="high"), reference_count=1, prompt_chars=5)
        )
    assert type(refused.value) is Unsupported
    assert refused.value.facts == {"what": "--model sharp --quality high 🖼"}


def test_a_job_whose_model_has_another_name_now_is_refused_by_that_name_alone() -> None:
    renamed = Capabilities(models=(Model(name="new", price=PriceRange(least=1, most=1), aliases=("old",)),))
    with pytest.raises(Unsupported) as refused:
        catalog(Scripted("a", [], capabilities=renamed)).price_range(
            Requirements(options=Options(model="old"), reference_count=0, prompt_chars=5)
        )
    assert type(refused.value) is Unsupported
    assert refused.value.facts == {"what": "--model old"}


async def test_of_a_provider_the_first_of_its_models_that_can_paints_unless_one_is_chosen() -> None:
    plain = Scripted("a", [Unreachable()], price=1, capabilities=models("plain", max_references=0))
    deft = Scripted("a", [PAINTED], price=9, capabilities=models("deft"))
    other = Scripted("b", [PAINTED], price=2, capabilities=models("other"))
    made = fallback(plain, deft, other)
    assert made.catalog.price_range(Requirements(options=Options(), reference_count=0, prompt_chars=5)).most == 2
    assert made.catalog.price_range(Requirements(options=Options(), reference_count=1, prompt_chars=5)).most == 9
    run = await run_to_end(made)
    assert run.events[-2:] == [AttemptStarted("b", 2), PAINTED]
    assert (plain.paint_calls, deft.paint_calls) == (1, 0)
    chosen = Run(made, PaintRequest(prompt="a cat", options=Options(model="deft")))
    await chosen.run()
    assert chosen.events == [AttemptStarted("a", 9), PAINTED]


async def test_models_of_one_provider_share_its_circuit() -> None:
    broken = BadCredentials()
    first = Scripted("a", [broken], capabilities=models("one"))
    second = Scripted("a", [PAINTED], capabilities=models("two"))
    spare = Scripted("b", [PAINTED], capabilities=models("two"))
    made = fallback(first, second, spare)
    await Run(made, PaintRequest(prompt="a cat", options=Options(model="one"))).run()
    await Run(made, PaintRequest(prompt="a cat", options=Options(model="two"))).run()
    assert (second.paint_calls, spare.paint_calls) == (0, 1)


GONE: Act = [WrongModel()]


async def test_where_the_first_model_is_gone_the_next_that_costs_no_more_paints_and_others_are_left() -> None:
    gone = Scripted("a", GONE, price=4, model="gone", capabilities=models("gone"))
    dear = Scripted("a", [PAINTED], price=5, model="dear", capabilities=models("dear"))
    cheap = Scripted("a", [PAINTED], price=4, model="cheap", capabilities=models("cheap"))
    made = fallback(gone, dear, cheap, Scripted("b", [PAINTED], price=1))
    assert made.catalog.price_range(Requirements(options=Options(), reference_count=0, prompt_chars=5)).most == 4
    first, second = await run_to_end(made), await run_to_end(made)
    assert first.events == [
        AttemptStarted("a", 4, "gone"),
        AttemptRejected("WrongModel"),
        RETRYING,
        AttemptStarted("a", 4, "cheap"),
        PAINTED,
    ]
    assert second.events == [AttemptStarted("a", 4, "cheap"), PAINTED], "the wrong one comes last"
    assert (gone.paint_calls, dear.paint_calls) == (1, 0)


async def test_a_wrong_model_leaves_the_others_of_its_provider_to_those_who_choose_them() -> None:
    gone = Scripted("a", GONE, model="gone", capabilities=models("gone"))
    other = Scripted("a", [PAINTED], model="other", capabilities=models("other"))
    spare = Scripted("b", [PAINTED], model="x", capabilities=models("gone", "other"))
    made = fallback(gone, other, spare)
    for chosen, asked in (("gone", ["a", "b"]), ("gone", ["b"]), ("other", ["a"])):
        run = Run(made, PaintRequest(prompt="a cat", options=Options(model=chosen)))
        await run.run()
        assert [event.provider for event in run.events if isinstance(event, AttemptStarted)] == asked, chosen


async def test_the_operator_reads_which_model_is_wrong_and_a_choice_of_it_ends_in_words() -> None:
    gone = Scripted("a", GONE, model="gone", capabilities=models("gone"))
    other = Scripted("a", [PAINTED], model="other", capabilities=models("other"))
    run = Run(fallback(gone, other), PaintRequest(prompt="a cat", options=Options(model="gone")))
    with capture_logs() as logs:
        await run.run()
    assert isinstance(run.failure, WrongModel)
    assert other.paint_calls == 0, "what was chosen is not replaced"
    assert [(each["log_level"], each["provider"], each["model"]) for each in logs] == [
        ("warning", "a", "gone"),
        ("error", "a", "gone"),
    ]
    assert "model or models" in str(logs[1]["hint"])


def test_models_without_references_do_not_narrow_those_of_others() -> None:
    merged = merge_capabilities([Capabilities(max_references=0), Capabilities(max_reference_bytes=50_000_000)])
    assert merged.max_reference_bytes == 50_000_000


def test_as_much_is_reserved_as_the_dearest_may_cost() -> None:
    made = catalog(Scripted("cheap", [], price=1), Scripted("dear", [], price=5, capabilities=WIDE))
    without, with_one = (Requirements(options=Options(), reference_count=n, prompt_chars=5) for n in (0, 1))
    assert made.price_range(without).most == 5
    assert made.price_range(with_one).most == 1
    assert [each.provider.name for [each] in made.in_order(without, 0.0)] == ["cheap", "dear"]
    assert [each.provider.name for [each] in made.in_order(with_one, 0.0)] == ["cheap"]


@pytest.mark.parametrize(
    ("order", "quality", "tried"),
    [
        ("listed", "low", ["first", "second", "third"]),
        ("cheapest", "low", ["third", "first", "second"]),  # of equals, the one that is listed first
        ("cheapest", "high", ["second", "first", "third"]),
        ("cheapest", None, ["second", "first", "third"]),
    ],
)
async def test_providers_are_tried_as_listed_or_by_what_this_request_costs_there(
    order: Order, quality: str | None, tried: list[str]
) -> None:
    prices = {
        "first": {"low": 2, "high": 10},
        "second": {"low": 2, "high": 4},
        "third": {"low": 1, "high": 16},
    }
    offered = Capabilities(qualities=("low", "high"))
    down = [Scripted(name, [UpstreamDown()], price=parse_price(prices[name]), capabilities=offered) for name in prices]
    run = Run(fallback(*down, order=order), PaintRequest(prompt="a", options=Options(quality=quality)))
    await run.run()
    assert [event.provider for event in run.events if isinstance(event, AttemptStarted)] == tried


async def test_a_cheap_provider_whose_circuit_is_open_comes_last() -> None:
    cheap, dear = Scripted("cheap", [UpstreamDown()], price=1), Scripted("dear", [PAINTED], price=5)
    made = fallback(dear, cheap, order="cheapest")
    for _ in range(3):
        await run_to_end(made)
    last = await run_to_end(made)
    assert [event for event in last.events if isinstance(event, AttemptStarted)] == [AttemptStarted("dear", 5)]
    assert cheap.paint_calls == 3


def test_what_came_is_priced_by_its_provider_and_not_at_all_once_that_is_gone() -> None:
    offered = Capabilities(qualities=("low", "high"))
    made = catalog(Scripted("one", [], price=parse_price({"low": 1, "high": 16}), capabilities=offered))
    came = [Painted(width=9, height=9, quality="low"), Painted(width=9, height=9)]
    assert made.price_of_images("one", "", Options(), came) == 17
    assert made.price_of_images("one", "other", Options(), came) is None
    assert (str(made.prices.image), set(made.prices.qualities)) == ("1–16", {"low", "high"})


def test_together_they_can_do_what_one_can_and_references_fit_all() -> None:
    assert catalog(
        Scripted("a", [], capabilities=SQUARE), Scripted("b", [], capabilities=WIDE)
    ).capabilities == Capabilities(
        sizes=("1:1", "3:2"),
        qualities=("high",),
        max_n=4,
        max_references=1,
        max_prompt_chars=4000,
        reference_types=("image/png",),
    )
    assert merge_capabilities([SQUARE]) == SQUARE


# ---------------------------------------------------------------- needs

MASKED = Image(data=b"x", media_type="image/png", width=1, height=1)
MASKING = Capabilities(supports_masks=True, max_masked_references=1, max_references=2, counts=(1, 2, 4))
STYLED = Capabilities(
    backgrounds=("transparent",),
    formats=("webp",),
    supports_compression=True,
    tiers=("2K",),
    max_n=10,
    max_references=1,
)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (PaintRequest(prompt="a", references=(PIXEL,), mask=MASKED), "masking"),
        (PaintRequest(prompt="a", options=Options(n=3)), "styled"),
        (PaintRequest(prompt="a", options=Options(background="transparent")), "styled"),
        (PaintRequest(prompt="a", options=Options(format="webp")), "styled"),
        (PaintRequest(prompt="a", options=Options(compression=80)), "styled"),
        (PaintRequest(prompt="a", options=Options(tier="2K")), "styled"),
        (PaintRequest(prompt="a", options=Options(n=4)), "masking"),
    ],
)
async def test_need_comes_before_order(request_: PaintRequest, expected: str) -> None:
    masking, styled = (
        Scripted(name, [PAINTED], capabilities=a) for name, a in (("masking", MASKING), ("styled", STYLED))
    )
    run = Run(fallback(masking, styled), request_)
    await run.run()
    assert run.events == [AttemptStarted(expected, 1), PAINTED]


def test_what_nobody_takes_together_is_named_in_full() -> None:
    made = catalog(
        Scripted("masking", [PAINTED], capabilities=MASKING), Scripted("styled", [PAINTED], capabilities=STYLED)
    )
    options = Options(size="3:2", tier="2K", background="transparent", format="webp", compression=80, n=3)
    with pytest.raises(Unsupported) as refused:
        made.price_range(Requirements(options=options, reference_count=2, prompt_chars=5, has_mask=True))
    said = "--size 3:2@2K --background transparent --format webp --compression 80 --n 3 🖼🖼 mask"
    assert refused.value.facts == {"what": said}
    assert not made.can_satisfy(Requirements(options=Options(), reference_count=2, prompt_chars=5, has_mask=True))
    assert made.can_satisfy(Requirements(options=Options(), reference_count=1, prompt_chars=5, has_mask=True))


def test_counts_are_told_one_by_one_only_where_they_have_gaps() -> None:
    assert merge_capabilities([MASKING]).counts == (1, 2, 4)
    assert merge_capabilities([MASKING, STYLED]).counts == ()
    assert merge_capabilities([MASKING, STYLED]).max_n == 10
    assert merge_capabilities([MASKING, STYLED]).max_masked_references == 1


# ---------------------------------------------------------------- other providers while Easel runs


async def test_a_request_is_charged_at_the_prices_at_which_it_was_accepted() -> None:
    first, second = datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 1, 31, 13, tzinfo=UTC)
    made = catalog(Scripted("one", [PAINTED], price=2))
    came = [Painted(width=8, height=8)]
    dearer = Scripted("one", [PAINTED], price=5)
    made.replace([dearer, Scripted("new", [PAINTED], price=3)], order="listed", since=second)
    assert made.price_of_images("one", "", Options(), came, accepted=first) == 2
    assert made.price_of_images("one", "", Options(), came, accepted=second) == 5
    assert made.price_of_images("one", "", Options(), came) == 5
    assert made.price_of_images("new", "", Options(), came, accepted=first) == 3  # nobody knew it then
    made.replace([dearer], order="listed", since=second)
    assert made.price_of_images("gone", "", Options(), came, accepted=first) is None


async def test_what_members_are_offered_follows_at_once() -> None:
    made = catalog(Scripted("one", [PAINTED], capabilities=SQUARE))
    assert made.capabilities.sizes == SQUARE.sizes
    assert made.prices is made.prices
    made.replace([Scripted("two", [PAINTED], capabilities=WIDE)], order="cheapest", since=datetime.now(UTC))
    assert made.capabilities.sizes == WIDE.sizes


async def test_the_health_of_providers_that_stay_is_kept() -> None:
    stays, changes = Scripted("stays", [PAINTED]), Scripted("changes", [PAINTED])
    made = catalog(stays, changes)
    before = made.entries
    made.replace([stays, Scripted("changes", [PAINTED])], order="listed", since=datetime.now(UTC))
    assert made.entries[0] is before[0]
    assert made.entries[1].breaker.provider is not before[1].breaker.provider


async def test_a_request_that_has_begun_goes_on_and_the_next_one_goes_elsewhere() -> None:
    old, new = Scripted("old", [PAINTED]), Scripted("new", [PAINTED])
    made = fallback(old)
    events = made.paint(PaintRequest(prompt="a"))
    assert await anext(events) == AttemptStarted("old", 1)
    made.replace([(new, 2), (old, None)], budget_s=60, wait_s=60, order="listed")
    assert [each async for each in events] == [PAINTED]
    assert [each async for each in made.paint(PaintRequest(prompt="b"))] == [AttemptStarted("new", 1), PAINTED]
