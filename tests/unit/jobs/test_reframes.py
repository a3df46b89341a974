"""What the buttons behind *Reframe…* ask for, and what upstreams are told of it."""

from dataclasses import replace
from fractions import Fraction

import pytest

from bot.chat import Action, Attachment
from bot.jobs.reframes import (
    MAX_CONTEXT_CHARS,
    REFRAMES,
    is_of_use,
    reframed_options,
    shape_of_text,
    shape_text,
    shapes_for,
    upstream_prompt,
)
from bot.painting import Capabilities, Options, SizeRule
from bot.pictures.frames import FRAMES
from bot.providers.catalog import ProviderCatalog
from bot.texts import translate
from tests.flow.store.stores import new_job
from tests.unit.providers.scripted import Scripted

PNGS = Capabilities(formats=("png", "webp"))
RULE = SizeRule(step=16, max_edge=3840, max_ratio=3, min_pixels=655_360, max_pixels=8_294_400)
PICTURE = Attachment(ref="p", media_type="image/png")


def test_every_way_to_grow_has_a_button() -> None:
    assert {each["reframe"] for each in REFRAMES.values()} == {*FRAMES, "cutout", "upscale"}


def test_model_and_quality_stay_and_the_size_does_not() -> None:
    before = Options(model="m", quality="high", size="3:2", tier="4K", n=3, format="webp", loose=True, as_file=True)
    assert reframed_options(before, Action.ZOOM_2, PNGS) == Options(
        model="m", quality="high", as_file=True, reframe="zoom 2"
    )
    assert reframed_options(before, Action.SHAPE_16_9, PNGS).size == "16:9"
    assert reframed_options(before, Action.UPSCALE_2K, PNGS).tier == "2K"


@pytest.mark.parametrize(("able", "format_"), [(PNGS, "png"), (Capabilities(), None)])
def test_a_cut_out_keeps_its_shape_and_is_a_png_where_there_is_a_choice(able: Capabilities, format_: str) -> None:
    made = reframed_options(Options(size="3:2", tier="2K"), Action.CUTOUT, able)
    assert (made.size, made.tier, made.background, made.format) == ("3:2", "2K", "transparent", format_)
    assert not made.grows


@pytest.mark.parametrize(
    ("action", "before", "useful"),
    [
        (Action.UPSCALE_2K, Options(), True),
        (Action.UPSCALE_2K, Options(tier="2K"), False),
        (Action.UPSCALE_4K, Options(tier="2K"), True),
        (Action.CUTOUT, Options(), True),
        (Action.CUTOUT, Options(background="transparent"), False),
        (Action.SHAPE_3_2, Options(), True),
        (Action.SHAPE_3_2, Options(size="1536x1024"), False),
        (Action.SHAPE_3_2, Options(size="1:1"), True),
        (Action.PAN_UP, Options(), True),
    ],
)
def test_what_a_result_has_already_is_not_offered(action: Action, before: Options, useful: bool) -> None:
    assert is_of_use(before, action) is useful


def test_upstreams_are_told_what_to_do_and_what_the_picture_is_about() -> None:
    job = replace(new_job(), prompt="a fox", options=Options(reframe="pan left"))
    told = upstream_prompt(job)
    assert told == f"{translate('en', 'prompt-extend')}\n\n{translate('en', 'prompt-about', prompt='a fox')}"
    bare = replace(job, prompt="pan left")
    assert upstream_prompt(bare) == translate("en", "prompt-extend")
    again = replace(job, prompt="x" * 5000, options=Options(reframe="upscale"))
    assert upstream_prompt(again).startswith(translate("en", "prompt-upscale"))
    assert len(upstream_prompt(again)) < MAX_CONTEXT_CHARS + 300


def test_other_jobs_are_told_as_they_are() -> None:
    assert upstream_prompt(new_job()) == new_job().prompt
    varied = replace(new_job(), is_variation=True)
    assert upstream_prompt(varied) == f"{varied.prompt}\n\n{translate('en', 'prompt-vary')}"


def catalog(**able: object) -> ProviderCatalog:
    given = {"supports_masks": True, "sizes": (), **able}
    return ProviderCatalog([Scripted("one", capabilities=Capabilities(**given))], order="listed")  # type: ignore[arg-type]  # names and types are the fields' own


def test_shapes_are_what_can_be_painted_unless_one_is_asked_for() -> None:
    job = replace(new_job(), options=Options(reframe="zoom 2"), references=(PICTURE,))
    listed = shapes_for(job, catalog(sizes=("auto", "1024x1024", "3:2")))
    assert (listed.listed, listed.longest) == ((Fraction(1), Fraction(3, 2)), 0)
    assert shapes_for(job, catalog(size_rules=(RULE,))).longest == 3
    assert (
        shapes_for(replace(job, options=replace(job.options, model="other")), catalog(size_rules=(RULE,))).longest == 0
    )
    asked = replace(job, options=Options(reframe="shape", size="1536x1024"))
    assert shapes_for(asked, catalog(size_rules=(RULE,))).listed == (Fraction(3, 2),)
    auto = replace(job, options=Options(reframe="zoom 2", size="auto"))
    assert shapes_for(auto, catalog(sizes=("auto", "3:2"))).listed == (Fraction(3, 2),)


def test_the_shape_of_a_canvas_is_kept_as_text() -> None:
    assert shape_of_text(shape_text(Fraction(16, 9))).listed == (Fraction(16, 9),)
    assert shape_of_text("").listed == ()
