"""How the words of a reply are shared between a caption and the message below it."""

import pytest

from bot.handlers.replies import MAX_CAPTION_CHARS, split_caption

LINE = "x" * 300


@pytest.mark.parametrize(
    ("text", "caption", "rest"),
    [
        ("a few\nwords", "a few\nwords", ""),
        ("x" * MAX_CAPTION_CHARS, "x" * MAX_CAPTION_CHARS, ""),
        (f"{LINE}\n{LINE}\n{LINE}\nend", f"{LINE}\n{LINE}", f"{LINE}\nend"),
        ("x" * (MAX_CAPTION_CHARS + 1), "", "x" * (MAX_CAPTION_CHARS + 1)),
    ],
)
def test_a_caption_gets_whole_lines(text: str, caption: str, rest: str) -> None:
    assert split_caption(text) == (caption, rest)
