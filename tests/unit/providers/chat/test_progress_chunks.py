"""The chunks in which a chat reply arrives do not change the events; parsing takes linear time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.painting import PaintEvent, Preview
from bot.providers.chat.progress import ReplyParser
from bot.providers.chat.verdict import Verdict
from tests.unit.providers.chat.replies import (
    ALL,
    NASTY,
    PICTURE,
    parse_reply,
    urls,
)


@pytest.mark.parametrize("text", [*ALL, f"> 关键字：{NASTY}\n\n> 进度：12%\n![]({PICTURE})"])
@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_any_step_tells_the_same(text: str, step: int) -> None:
    assert parse_reply(text, step=step, prompt=NASTY) == parse_reply(text, prompt=NASTY)


SCRAPS = st.sampled_from(
    [
        *ALL, "\n", "\n\n", "> ", "进度", "进度：", "5", "50%", "%", "．", ".", "..", "…", "```", "<think>",
        "</think>", "![", "](", ")", PICTURE, "[100](", "关键字：", "❌ 生成失败", "正在重试", "排队", " ",
        "\r", "a", "data:image/png;base64,AA==",
    ]
)  # fmt: skip


@given(
    st.lists(SCRAPS, max_size=25).map("".join),
    st.lists(st.integers(1, 40), min_size=1),
    st.sampled_from(["", NASTY]),
)
def test_any_cutting_tells_the_same(text: str, steps: list[int], prompt: str) -> None:
    reader = ReplyParser(prompt)
    said: list[PaintEvent | Verdict] = []
    at = turn = 0
    while at < len(text):
        step = steps[turn % len(steps)]
        said += reader.feed(text[at : at + step])
        at, turn = at + step, turn + 1
    assert [*said, *reader.end_reply()] == parse_reply(text, prompt=prompt)


def test_megabytes_in_single_characters_are_read_in_linear_time() -> None:
    """The test's own time limit is the judge: a quadratic reader would need hours."""
    data = "data:image/png;base64," + "A" * 1_000_000
    for text in (f"![]({data})\n", "." * 300_000, "进度 7.." * 50_000, "![](" * 50_000):
        reader = ReplyParser("a cat")
        for char in text:
            reader.feed(char)
        reader.end_reply()
    assert urls(parse_reply(f"![]({data})\n", step=1)) == [data]


@pytest.mark.thorough
def test_megabytes_of_a_link_without_an_end_are_read_in_linear_time() -> None:
    """As above: with each character given back and tried again, it would take minutes."""
    assert urls(parse_reply("[100](https://" + "a" * 30_000_000 + "\n"), Preview) == []
