"""What `easel check` says of each model."""

from typing import Any

import pytest

from bot.providers.offers import describe_idle_rate, describe_offer, describe_unknown
from bot.providers.presets import resolve_upstream


@pytest.mark.parametrize(
    ("preset", "model", "parts"),
    [
        (
            "openai-hk",
            "gpt-image-1.5",
            (
                "sizes auto, 1024x1024, 1536x1024, 1024x1536",
                "qualities auto, low, medium, high",
                "images 1-10",
                "references 16",
                "prompts up to 32,000 characters",
                "masks",
                "credits an image 3",
            ),
        ),
        (
            "openai",
            "gpt-image-1.5",
            ("backgrounds auto, transparent, opaque", "formats png, jpeg, webp", "compression"),
        ),
        ("openai", "gpt-image-2.6-sunburst", ("marks as a layer",)),
        ("openai", "dall-e-3", ("qualities standard, hd", "images 1", "no references")),
        ("evolink", "gpt-4o-image", ("qualities none", "images 1, 2, 4")),
        ("evolink", "gpt-image-2-beta", ("images 1",)),
    ],
)
def test_an_offer_is_what_members_can_ask_for(preset: str, model: str, parts: tuple[str, ...]) -> None:
    said = describe_offer(resolve_upstream(name="a", preset=preset, model=model, price=3)).split("; ")
    assert [part for part in parts if part not in said] == []


def test_a_rule_for_pixels_follows_the_sizes_that_have_names() -> None:
    said = describe_offer(resolve_upstream(name="a", preset="openai"))
    assert "4K, WxH in steps of 16 up to 3840, at most 3:1, 655,360 to 8,294,400 pixels; " in said


def test_a_model_of_no_family_is_said_to_be_taken_for_one() -> None:
    url = "http://x.example"
    unknown = describe_unknown(resolve_upstream(name="a", preset="azure", base_url=url, model="painter"))
    assert unknown.startswith("is in no table of the preset azure: offered as gpt-image-2.6; set family")
    assert "dialect chat" in describe_unknown(resolve_upstream(name="a", dialect="chat", base_url=url, model="x"))


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"preset": "openai-hk"}, None),
        ({"preset": "evolink"}, None),
        ({"preset": "openrouter"}, None),
        ({"preset": "toapis", "wire": {"credits_path": "usage.cost"}}, None),
        ({"preset": "openai", "token_price": {"text": 0, "image": 1, "output": 1, "factor": 1}}, None),
        ({"preset": "openai"}, "wire.credits_path, or token_price"),
        ({"preset": "toapis"}, "wire.credits_path"),
        ({"preset": "acedata"}, "wire.credits_path"),
    ],
)
def test_a_usage_rate_without_any_usage_is_told(given: dict[str, Any], missing: str | None) -> None:
    assert describe_idle_rate(resolve_upstream(name="up", **given)) is None
    told = describe_idle_rate(resolve_upstream(name="up", usage_rate=0.1, **given))
    assert told == (missing and f"usage_rate has no effect: nothing tells what an image costs there; set {missing}")
