"""Options that agree and that conflict: the format of a compressed or transparent picture."""

import pytest

from bot.errors import BadOption
from bot.intake.options import extract_options
from bot.painting import Capabilities, Options

STYLED = Capabilities(backgrounds=("auto", "transparent"), formats=("png", "jpeg", "webp"), supports_compression=True)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a fox --compression 80", Options(compression=80, format="jpeg")),
        ("a fox --compression 80 --format webp", Options(compression=80, format="webp")),
        (
            "a fox --compression 80 --background transparent",
            Options(compression=80, background="transparent", format="webp"),
        ),
        ("a fox --background transparent", Options(background="transparent")),
        ("a fox --background transparent --format png", Options(background="transparent", format="png")),
        ("a fox --background auto --format jpeg", Options(background="auto", format="jpeg")),
    ],
)
def test_the_default_format_supports_the_other_options(text: str, options: Options) -> None:
    assert extract_options(text, STYLED).options == options


@pytest.mark.parametrize(
    ("text", "value", "allowed"),
    [
        ("a fox --format png --compression 80", "png", "jpeg, webp"),
        ("a fox --background transparent --format jpeg", "jpeg", "png, webp"),
        ("a fox --background transparent --format png --compression 5", "png", "webp"),
    ],
)
def test_a_format_that_conflicts_is_refused_with_those_that_do_not(text: str, value: str, allowed: str) -> None:
    with pytest.raises(BadOption) as caught:
        extract_options(text, STYLED)
    assert caught.value.facts == {"option": "--format", "value": value, "allowed": allowed}


def test_without_offered_formats_none_is_chosen() -> None:
    bare = Capabilities(supports_compression=True)
    assert extract_options("a fox --compression 80", bare).options == Options(compression=80)
