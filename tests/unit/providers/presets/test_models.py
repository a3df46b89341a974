"""What each model can do: which row it belongs to, and what becomes of sizes, tiers and qualities there."""

from dataclasses import fields
from typing import Any, get_args

import pytest

from bot.intake.sizes import ResolvedSize, resolve_size
from bot.painting import Capabilities
from bot.providers.presets import DIALECTS, PRESETS, resolve_upstream
from bot.providers.presets.abilities import find_rule
from bot.providers.presets.models import EVOLINK_MODELS, OPENAI_MODELS, OPENROUTER_MODELS
from bot.providers.presets.wires import Option

CLASSIC = ("auto", "1024x1024", "1536x1024", "1024x1536")


def able(preset: str, model: str | None = None, **given: Any) -> Capabilities:
    return resolve_upstream(name="a", preset=preset, model=model, base_url="http://x.example", **given).capabilities


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("gpt-image-1", "gpt-image-1"),
        ("openai/gpt-image-1", "gpt-image-1"),
        ("gpt-image-1-mini", "gpt-image-1-mini"),
        ("gpt-image-1.5-2025-12-16", "gpt-image-1.5"),
        ("GPT_Image 2", "gpt-image-2"),
        ("gpt-image-2-2026-04-21", "gpt-image-2"),
        ("gpt-image-2.5-flare", "gpt-image-2.5"),
        ("team-gpt-image-1-5-prod", "gpt-image-1"),
        ("chatgpt-image-latest", "chatgpt-image"),
        ("dall-e-3", "dall-e-3"),
        ("gpt-image-20", None),
        ("mygpt-image-2", None),
        ("flux", None),
    ],
)
def test_a_family_is_found_in_names_with_vendors_dates_and_versions(name: str, family: str | None) -> None:
    found = find_rule(name, OPENAI_MODELS)
    assert (found and found[1]) == family


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("nano-banana-2-lite", "nano-banana-2-lite"),
        ("nano-banana-beta", "nano-banana"),
        ("gpt-image-2-beta", "gpt-image-2-beta"),
    ],
)
def test_the_longest_family_in_a_name_decides(name: str, family: str) -> None:
    found = find_rule(name, EVOLINK_MODELS)
    assert found is not None
    assert found[1] == family


def test_rows_change_only_fields_that_their_wires_have() -> None:
    for preset in (*PRESETS.values(), *DIALECTS.values()):
        names = {each.name for each in fields(preset.wire)}
        assert all(names >= rule.wire.keys() for rule in preset.models)
        assert find_rule(preset.model, preset.models)  # what is painted with by default is known
    assert find_rule("google/gemini-3-pro-image-preview", OPENROUTER_MODELS)


@pytest.mark.parametrize("preset", ["openai-hk", "openai", "azure"])
@pytest.mark.parametrize("model", ["gpt-image-1", "gpt-image-1.5", "openai/gpt-image-1-mini"])
def test_older_models_of_openai_paint_three_sizes(preset: str, model: str) -> None:
    capabilities = able(preset, model)
    assert (capabilities.sizes, capabilities.size_rules) == (CLASSIC, ())
    assert resolve_size("3:2", None, capabilities) == ResolvedSize(size="1536x1024")
    assert resolve_size("2:3", None, capabilities) == ResolvedSize(size="1024x1536")
    for refused in (("16:9", None), ("3:2", "2K"), ("1008x672", None)):
        assert resolve_size(*refused, capabilities) is None


@pytest.mark.parametrize("preset", ["evolink", "toapis"])
def test_task_upstreams_take_tier_and_quality_of_their_current_model_in_fields(preset: str) -> None:
    capabilities = able(preset, "gpt-image-2")
    assert resolve_size("16:9", "2K", capabilities) == ResolvedSize(size="16:9", tier="2K")
    assert resolve_size("16:9", None, capabilities) == ResolvedSize(size="16:9")
    assert resolve_size("9:21", "4K", capabilities) == ResolvedSize(size="9:21", tier="4K")
    assert (capabilities.qualities, capabilities.tiers) == (("low", "medium", "high"), ("1K", "2K", "4K"))
    assert (capabilities.max_prompt_chars, capabilities.max_references) == (32_000, 16)


@pytest.mark.parametrize("size", [None, "auto"])
def test_a_tier_that_would_have_no_effect_alone_is_sent_with_a_shape(size: str | None) -> None:
    capabilities = able("evolink", "gpt-image-2")
    assert resolve_size(size, "4K", capabilities) == ResolvedSize(size="1:1", tier="4K")
    assert resolve_size(size, "4K", capabilities, (1200, 810)) == ResolvedSize(size="3:2", tier="4K")
    assert resolve_size(size, "4K", able("openrouter")) == (ResolvedSize(tier="4K") if size is None else None)


def test_evolinks_current_model_paints_fifteen_shapes_or_pixels_or_what_it_likes() -> None:
    capabilities = able("evolink", "gpt-image-2")
    assert len(capabilities.sizes) == 1 + 15
    assert resolve_size("1920x1088", None, capabilities) == ResolvedSize(size="1920x1088")
    assert resolve_size("1536x1024", None, capabilities) == ResolvedSize(size="1536x1024")
    assert resolve_size("auto", None, capabilities) == ResolvedSize(size="auto")
    assert resolve_size("1000x700", "2K", capabilities) is None
    assert (capabilities.max_reference_bytes, capabilities.supports_masks) == (50_000_000, False)


def test_toapis_models_have_the_narrower_of_its_two_pages() -> None:
    assert len(able("toapis", "gpt-image-2").sizes) == 1 + 13
    older = able("toapis", "gpt-4o-image")
    assert (older.allowed_counts, older.max_prompt_chars) == ((1, 2, 4), 1000)


def test_openrouter_lists_long_shapes_for_the_model_that_paints_them() -> None:
    assert resolve_size("1:8", "4K", able("openrouter")) == ResolvedSize(size="1:8", tier="4K")
    pro = able("openrouter", "google/gemini-3-pro-image-preview")
    assert resolve_size("1:8", None, pro) is None
    assert resolve_size("21:9", "2K", pro) == ResolvedSize(size="21:9", tier="2K")
    assert able("openrouter", "google/gemini-2.5-flash-image").tiers == ()


def test_nothing_is_offered_that_the_wire_has_no_field_for() -> None:
    for name, preset in PRESETS.items():
        for rule in preset.models:
            made = resolve_upstream(name="a", preset=name, base_url="http://x.example", model=rule.families[0])
            offered, wire = made.capabilities, made.wire
            asked = {
                "size": offered.sizes or offered.size_rules,
                "tier": offered.tiers,
                "quality": offered.qualities,
                "background": offered.backgrounds,
                "format": offered.formats,
                "compression": offered.supports_compression,
            }
            assert [each for each in get_args(Option) if asked[each] and not wire.carries(each)] == []
            assert wire.carries_several or offered.allowed_counts == (1,)
            assert wire.carries_masks or not offered.supports_masks
            assert wire.max_references is None or offered.max_references <= wire.max_references


def test_a_wire_without_fields_offers_none_of_their_options() -> None:
    bare = resolve_upstream(name="a", preset="evolink", model="gpt-image-2-beta").capabilities
    assert (bare.max_n, bare.supports_masks, bare.backgrounds, bare.formats) == (1, False, (), ())
    wire = {"size_field": "", "quality_field": "", "references_field": "", "n_field": ""}
    stripped = able("evolink", "gpt-image-2", wire=wire)
    assert (stripped.sizes, stripped.size_rules, stripped.qualities) == ((), (), ())
    assert (stripped.allowed_counts, stripped.max_references) == ((1,), 0)


@pytest.mark.parametrize("preset", ["evolink", "toapis"])
@pytest.mark.parametrize("model", ["gpt-image-1", "gpt-image-1.5", "gpt-image-1.5-lite", "openai/gpt-image-1-mini"])
def test_older_models_of_task_upstreams_paint_three_shapes_without_a_tier(preset: str, model: str) -> None:
    capabilities = able(preset, model)
    assert resolve_size("3:2", None, capabilities) == ResolvedSize(size="3:2")
    for refused in (("16:9", None), ("3:2", "2K"), (None, "4K")):
        assert resolve_size(*refused, capabilities) is None
    assert "high" in capabilities.qualities
    assert able("toapis", "gpt-image-1.5-official").tiers, "a page of its own"
