"""An echo of the prompt in a chat reply is never read as progress, as an image or as a verdict."""

import json

import pytest

from bot.painting import Preview, Stage
from tests.unit.providers.chat.replies import (
    NASTY,
    OTHER,
    PICTURE,
    parse_reply,
    percents,
    stages,
    urls,
    verdict,
)


@pytest.mark.parametrize("keyword", ["> ❇️ 关键字：", "> ❇️ Keywords: https://files.example/tem/r.png ", "**Prompt**: "])
def test_an_echoed_prompt_never_counts_whatever_it_contains(keyword: str) -> None:
    text = f"{keyword}{NASTY}\n\n> 🏃 进度：12%\n\n![](https://evil.example/x.png)\n![]({PICTURE})\n"
    said = parse_reply(text, prompt=NASTY)
    assert percents(said) == [12]
    assert urls(said) == [PICTURE]
    assert urls(said, Preview) == []


def test_an_echo_without_a_keyword_is_recognised_by_the_prompt() -> None:
    said = parse_reply(f"{NASTY}\n\n> 进度：12%\n", prompt=NASTY)
    assert (percents(said), stages(said), verdict(said)) == ([12], [Stage.PAINTING], None)


def test_an_echo_as_json_is_recognised() -> None:
    echo = "```json\n" + json.dumps({"prompt": NASTY}, ensure_ascii=False) + "\n```\n"
    said = parse_reply(echo + f"> 进度：12%\n![]({PICTURE})\n", prompt=NASTY)
    assert (percents(said), urls(said)) == ([12], [PICTURE])


def test_without_the_prompt_the_echo_lasts_until_a_blank_or_a_quoted_line() -> None:
    text = f"> 关键字：a poster\n进度：50% ![]({OTHER})\n> 进度：12%\n\n![]({PICTURE})"
    said = parse_reply(text)
    assert (percents(said), urls(said)) == ([12], [PICTURE])


def test_addresses_of_the_keyword_line_are_never_a_result() -> None:
    assert urls(parse_reply(f"> 关键字：{OTHER} a cat\n\n![]({OTHER})\n![]({PICTURE})")) == [PICTURE]


def test_prompt_words_do_not_silence_the_upstreams_own_lines() -> None:
    said = parse_reply("> ✨ Sora is drawing the image...\n\n> 🏃 Progress: 5%", prompt="drawing of a queue, 5% done")
    assert (stages(said), percents(said)) == ([Stage.PAINTING], [5])
