"""Mentions and commands in what a user typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.playground.decode import decode_text


@pytest.mark.parametrize(
    ("typed", "text", "to_me"),
    [
        ("a fox", "a fox", False),
        ("@easel a fox", "a fox", True),
        ("@EASEL, a fox", "a fox", True),
        ("@easel: a fox", "a fox", True),
        ("  @easel\na fox\n", "a fox", True),
        ("a fox @easel", "a fox", True),
        ("paint @Easel a fox", "paint a fox", True),
        ("one\n@easel two", "one\n two", True),
        ("@easel", "", True),
        ("@easel @easel fox", "fox", True),
        ("write to amber@easel.example", "write to amber@easel.example", False),
        ("@easels are nice", "@easels are nice", False),
        ("@easel_bot", "@easel_bot", False),
        ("@画@easel 狐狸", "@画@easel 狐狸", False),
        ("/imagine a fox", "/imagine a fox", True),
        ("/imagine@easel a fox", "/imagine a fox", True),
        ("/IMAGINE@Easel\na fox", "/IMAGINE\na fox", True),
        ("/quota", "/quota", True),
        ("/imagine@other a fox", "/imagine@other a fox", False),
        ("@easel /imagine a fox", "/imagine a fox", True),
        ("/usr/bin is a folder", "/usr/bin is a folder", False),
        ("/ me", "/ me", False),
        ("so /imagine", "so /imagine", False),
        ("/imagine a fox for amber@easel.example", "/imagine a fox for amber@easel.example", True),
    ],
)
def test_the_mention_is_stripped_and_reported(typed: str, text: str, to_me: bool) -> None:
    assert decode_text(typed) == (text, to_me)


@given(st.text())
def test_text_without_the_bot_s_name_or_a_slash_stays_as_it_is(typed: str) -> None:
    if "@" not in typed and not typed.strip().startswith("/"):
        assert decode_text(typed) == (typed.strip(), False)
