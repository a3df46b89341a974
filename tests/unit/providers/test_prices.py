"""What a painting costs at an upstream that counts tokens."""

import pytest

from bot.providers.presets import PRESETS
from bot.providers.prices import usage_credits
from bot.quota import charge

HK = PRESETS["openai-hk"].token_price


@pytest.mark.parametrize(
    ("text", "images", "output", "taken"),
    [
        (6, 0, 272, 774.61),  # low, 1024x1024: "about 800"
        (6, 0, 1056, 3001.17),  # medium: "about 3000"
        (100, 1000, 272, 1518.0),
    ],
)
def test_the_formula_of_the_price_list(text: int, images: int, output: int, taken: float) -> None:
    usage = {
        "input_tokens": text + images,
        "input_tokens_details": {"text_tokens": text, "image_tokens": images},
        "output_tokens": output,
    }
    assert usage_credits(HK, usage) == pytest.approx((text * 5 + images * 10 + output * 40) * 7.1 * 10_000 / 1_000_000)
    assert usage_credits(HK, usage) == pytest.approx(taken, rel=0.001)


def test_without_details_all_that_goes_in_is_text() -> None:
    assert usage_credits(HK, {"input_tokens": 6, "output_tokens": 272}) == pytest.approx(774.61)
    assert usage_credits(HK, {"output_tokens": 272}) == pytest.approx(772.48)


def test_where_there_is_no_formula_or_no_number_nothing_is_known() -> None:
    assert usage_credits(None, {"output_tokens": 272}) is None
    assert usage_credits(HK, {}) is None
    assert usage_credits(HK, {"output_tokens": "many"}) is None
    assert usage_credits(HK, {"output_tokens": 10**400}) is None
    assert usage_credits(HK, {"output_tokens": 1e308}) is None


@pytest.mark.parametrize(
    ("rate", "spent", "charged"),
    [
        (None, 775.0, 6),
        (0.01, None, 6),
        (0.01, 775.0, 8),
        (0.01, 0.0, 0),
        (1.0, 775.0, 10),
        (0.001, 3000.0, 3),
        (1.0, -5.0, 0),
    ],
)
def test_members_are_charged_by_picture_or_by_usage_and_never_more_than_was_reserved(
    rate: float | None, spent: float | None, charged: int
) -> None:
    assert charge(6, spent=spent, usage_rate=rate, reserved=10) == charged
