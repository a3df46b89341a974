"""Which providers paint a request with a mask or with marks, and what those are told that take no mask themselves."""

from dataclasses import replace
from typing import Any

import pytest

from bot.errors import (
    Busy,
    PromptTooLong,
    TooLarge,
    Unreachable,
    Unsupported,
)
from bot.painting import Capabilities, DrawnMarks, Image, Model, Options, PaintRequest
from bot.prices import PriceRange
from bot.providers.catalog import Order, ProviderCatalog
from bot.providers.fallback import AttemptStarted
from bot.providers.marks import MARKS_WORDS, MASK_WORDS
from bot.providers.requirements import Requirements, requirements_of
from tests.support.clocks import FakeClock
from tests.unit.providers.scripted import PAINTED, PIXEL, Act, Run, Scripted, fallback

MASKED = Image(data=b"x", media_type="image/png", width=1, height=1)
MASKING = Capabilities(supports_masks=True, max_masked_references=1, max_references=2, counts=(1, 2, 4))
SHOWN = Capabilities(max_references=2, max_prompt_chars=len(MASK_WORDS) + 9)  # takes no mask, but a marked copy


def catalog(*providers: Scripted) -> ProviderCatalog:
    return ProviderCatalog(providers, order="listed")


def models(*names: str, **capabilities: Any) -> Capabilities:
    only = PriceRange(least=1, most=1)
    return Capabilities(models=tuple(Model(name=name, price=only) for name in names), **capabilities)


def masked(*references: Image, own: bool = False) -> PaintRequest:
    return PaintRequest(prompt="a hat", references=references or (PIXEL,), mask=MASKED, is_own_mask=own)


async def draw_mask(request: PaintRequest, capabilities: Capabilities) -> Image:
    assert request.mask is MASKED
    return Image(data=b"marked", media_type=capabilities.reference_types[0], width=1, height=1)


async def test_who_takes_no_mask_is_shown_it_on_a_copy_and_told_so_and_keeps_the_others_in_order() -> None:
    shown = Scripted("shown", [PAINTED], capabilities=replace(SHOWN, max_references=3))
    other = replace(PIXEL, data=b"other")
    await Run(fallback(shown), masked(PIXEL, other), mark=draw_mask).run()
    [sent] = shown.requests
    assert sent.mask is None
    assert [each.data for each in sent.references] == [PIXEL.data, b"marked", b"other"]
    assert sent.prompt == "a hat" + MASK_WORDS


@pytest.mark.parametrize("order", ["listed", "cheapest"])
async def test_who_takes_the_mask_itself_comes_first_and_either_stands_in_for_the_other(order: Order) -> None:
    for first, second in ((Unreachable(), PAINTED), (PAINTED, PAINTED)):
        shown = Scripted("shown", [second], capabilities=SHOWN)
        native = Scripted("native", [first], price=5, capabilities=MASKING)
        run = Run(fallback(shown, native, order=order), masked(), mark=draw_mask)
        await run.run()
        assert run.events[0] == AttemptStarted("native", 5)
        assert [each.mask for each in (*native.requests, *shown.requests)] == [MASKED, None][: 1 + shown.paint_calls]
        assert run.events[-1] == PAINTED
    shown, native = Scripted("shown", [Unreachable()], capabilities=SHOWN), Scripted("native", [PAINTED])
    native.capabilities = replace(MASKING, max_masked_references=1, max_references=1)
    made = fallback(shown, native)
    for _ in range(9):
        made.catalog.entries[1].breaker.record(Unreachable(), FakeClock().monotonic())  # so that it is asked last
    run = Run(made, masked(), mark=draw_mask)
    await run.run()
    assert [each for each in run.events if isinstance(each, AttemptStarted)] == [
        AttemptStarted("shown", 1),
        AttemptStarted("native", 1),
    ]
    assert native.requests[0].mask is MASKED


async def test_of_one_provider_the_model_that_takes_the_mask_itself_paints() -> None:
    shown = Scripted("a", [PAINTED], capabilities=models("shown", max_references=2))
    native = Scripted("a", [PAINTED], price=3, capabilities=models("native", supports_masks=True))
    made = fallback(shown, native)
    needs = requirements_of(masked())
    assert made.catalog.price_range(needs).most == 3
    run = Run(made, masked(), mark=draw_mask)
    await run.run()
    assert (shown.paint_calls, native.paint_calls) == (0, 1)


async def test_smaller_pictures_have_a_copy_of_their_own() -> None:
    smaller = replace(PIXEL, data=b"smaller")
    drawn: list[bytes] = []

    async def draw(request: PaintRequest, capabilities: Capabilities) -> Image:
        drawn.append(request.references[0].data)
        return await draw_mask(request, capabilities)

    async def shrink(request: PaintRequest) -> PaintRequest:
        return replace(request, references=(smaller,))

    shown = Scripted("shown", [Busy(retry_after=0.0)], [TooLarge()], [PAINTED], capabilities=SHOWN)
    await Run(fallback(shown), masked(), shrink=shrink, mark=draw).run()
    assert drawn == [PIXEL.data, b"smaller"]  # and not again for the one that was busy
    assert [each.references[0].data for each in shown.requests] == [PIXEL.data, PIXEL.data, b"smaller"]


async def test_a_copy_with_marks_is_explained_in_words_which_count() -> None:
    marks = DrawnMarks(overlay=MASKED, keep=None)
    request = PaintRequest(prompt="a hat", references=(PIXEL, PIXEL), marks=marks)
    provider = Scripted("a", [PAINTED], capabilities=Capabilities(max_prompt_chars=5 + len(MARKS_WORDS)))
    made = fallback(provider)
    await Run(made, request).run()
    [sent] = provider.requests
    assert (sent.prompt, sent.marks, sent.references) == ("a hat" + MARKS_WORDS, None, (PIXEL, PIXEL))
    assert not made.catalog.can_satisfy(requirements_of(replace(request, prompt="a hat!")))
    assert [each.keeps_a_part for each in (request, replace(request, marks=None), masked())] == [False, False, True]
    assert replace(request, marks=replace(marks, keep=MASKED)).keeps_a_part


async def test_who_takes_marks_as_a_layer_gets_no_copy_and_no_words_and_each_kind_stands_in_for_the_other() -> None:
    marks = DrawnMarks(overlay=MASKED, keep=None)
    other = replace(PIXEL, data=b"other")
    request = PaintRequest(prompt="a hat", references=(PIXEL, replace(PIXEL, data=b"copy"), other), marks=marks)
    for first, second in (("layer", "copy"), ("copy", "layer")):
        acts: dict[str, Act] = {first: [Unreachable()], second: [PAINTED]}
        taking = Capabilities(supports_markup=True)
        providers = {
            name: Scripted(name, acts[name], capabilities=able)
            for name, able in (("layer", taking), ("copy", Capabilities()))
        }
        await Run(fallback(providers[first], providers[second]), request).run()
        [layered], [shown] = providers["layer"].requests, providers["copy"].requests
        assert (layered.prompt, layered.references, layered.markup, layered.marks) == (
            "a hat",
            (PIXEL, other),
            MASKED,
            None,
        )
        assert (shown.prompt, shown.references, shown.markup) == ("a hat" + MARKS_WORDS, request.references, None)
    tight = Capabilities(supports_markup=True, max_references=2, max_prompt_chars=5)
    assert catalog(Scripted("layer", [], capabilities=tight)).can_satisfy(requirements_of(request))
    assert not catalog(Scripted("layer", [], capabilities=replace(tight, max_references=1))).can_satisfy(
        requirements_of(request)
    )


async def test_the_transparent_part_of_a_picture_is_shown_to_nobody_on_a_copy() -> None:
    needs = requirements_of(masked(own=True))
    assert not catalog(Scripted("shown", [], capabilities=SHOWN)).can_satisfy(needs)
    assert catalog(Scripted("native", [], capabilities=MASKING)).can_satisfy(needs)


def test_the_words_about_a_copy_count_and_a_prompt_that_leaves_them_no_room_is_too_long() -> None:
    made = catalog(Scripted("shown", [], capabilities=SHOWN))
    needs = Requirements(options=Options(), reference_count=1, prompt_chars=9, has_mask=True)
    assert made.can_satisfy(needs)
    with pytest.raises(PromptTooLong) as refused:
        made.price_range(replace(needs, prompt_chars=10))
    assert refused.value.facts == {"length": 10, "limit": 9}
    with pytest.raises(Unsupported):
        made.price_range(replace(needs, reference_count=2))
