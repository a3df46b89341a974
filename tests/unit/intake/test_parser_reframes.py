"""How a picture is to grow, as it is typed: `--zoom`, `--pan` and `--shape`, with words or without."""

from dataclasses import replace

import pytest

from bot.errors import BadOption, NothingToEdit, UnknownOption, Unsupported
from bot.intake.options import reframe_words
from bot.intake.parser import Paint, parse_request
from bot.painting import Capabilities, Options
from tests.unit.intake.test_parser import message, photo

ABLE = Capabilities(sizes=("1:1", "3:2", "16:9"), supports_masks=True, max_references=3)


def parsed(text: str, able: Capabilities = ABLE) -> object:
    return parse_request(message(text, photo("a")), able)


@pytest.mark.parametrize(
    ("typed", "reframe", "size"),
    [
        ("--zoom 1.5", "zoom 1.5", None),
        ("--zoom 2.0", "zoom 2", None),
        ("--zoom 1,5", "zoom 1.5", None),
        ("--ZOOM x2", "zoom 2", None),
        ("--zoom 2×", "zoom 2", None),
        ("—pan left", "pan left", None),
        ("--pan=Down", "pan down", None),
        ("--shape 16:9", "shape", "16:9"),
        ("--shape 16：9 --zoom 2", "zoom 2", "16:9"),
    ],
)
def test_a_way_to_grow(typed: str, reframe: str, size: str | None) -> None:
    for text in (typed, f"more of the sea {typed}"):
        made = parsed(text)
        assert isinstance(made, Paint)
        assert (made.options.reframe, made.options.size) == (reframe, size)
        assert made.options.grows
        assert made.prompt == ("more of the sea" if text != typed else reframe_words(made.options))


@pytest.mark.parametrize(
    ("typed", "option", "allowed"),
    [
        ("--zoom 3", "--zoom", "1.5, 2"),
        ("--zoom out", "--zoom", "1.5, 2"),
        ("--pan there", "--pan", "left, right, up, down"),
        ("--shape auto", "--shape", "1:1, 3:2, 16:9"),
        ("--shape 9:16", "--shape", "1:1, 3:2, 16:9"),
    ],
)
def test_another_value_is_refused_with_those_that_there_are(typed: str, option: str, allowed: str) -> None:
    refused = parsed(f"a fox {typed}")
    assert isinstance(refused, BadOption)
    assert (refused.facts["option"], refused.facts["allowed"]) == (option, allowed)


def test_where_nobody_takes_masks_there_is_no_such_option() -> None:
    assert isinstance(parsed("a fox --zoom 2", Capabilities(max_references=1)), UnknownOption)


def test_there_must_be_a_picture_and_no_mask_of_its_own() -> None:
    assert isinstance(parse_request(message("a fox --zoom 2"), ABLE), NothingToEdit)
    masked = parse_request(replace(message("--zoom 2", photo("a")), mask=photo("b")), ABLE)
    assert isinstance(masked, Unsupported)


def test_what_stands_for_the_words() -> None:
    assert reframe_words(Options(reframe="shape", size="16:9")) == "shape 16:9"
    assert reframe_words(Options(size="16:9")) == ""
