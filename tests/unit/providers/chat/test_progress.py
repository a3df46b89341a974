"""Progress and stages that `ReplyParser` reads from a chat reply: every known form of a reply."""

import pytest

from bot.painting import Preview, Progress, Stage, StageChanged
from bot.providers.chat.progress import ReplyParser
from tests.unit.providers.chat.replies import (
    ACE,
    ACE_ENGLISH,
    GROWING,
    GROWING_CHINESE,
    JSON_ECHO,
    NO_NUMBERS,
    OTHER,
    PERCENT_DOT,
    PICTURE,
    TASK_LINES,
    parse_reply,
    percents,
    stages,
    urls,
)


def test_full_width_progress_lines_give_percents_stages_and_the_picture() -> None:
    said = parse_reply(ACE)
    assert percents(said) == [8.4, 17.5, 92.4]
    assert stages(said) == [Stage.PAINTING, Stage.SAVING]
    assert urls(said) == [PICTURE]


def test_half_width_english_progress_lines_are_read_alike() -> None:
    said = parse_reply(ACE_ENGLISH)
    assert percents(said) == [8.4, 43]
    assert stages(said) == [Stage.PAINTING, Stage.SAVING]
    assert urls(said) == [PICTURE]


def test_a_reply_without_numbers_gives_stages_and_its_download_link_is_no_second_picture() -> None:
    said = parse_reply(NO_NUMBERS)
    assert (percents(said), stages(said), urls(said)) == ([], [Stage.PAINTING], [PICTURE])


def test_a_line_that_grows_by_dots_gives_each_number_and_its_link_is_a_preview() -> None:
    said = parse_reply(GROWING)
    assert percents(said) == [7, 13, 25, 41, 100]
    assert stages(said) == [Stage.QUEUED, Stage.PAINTING, Stage.SAVING]
    assert urls(said) == [PICTURE]
    assert urls(said, Preview) == ["https://videos.openai.com/vg-assets/task_x_src_0.png?sig=abc"]


def test_a_growing_chinese_line_is_read_alike() -> None:
    said = parse_reply(GROWING_CHINESE)
    assert percents(said) == [3, 18, 72, 100]
    assert (urls(said), urls(said, Preview)) == ([PICTURE], [OTHER])


def test_a_preview_that_becomes_the_picture_is_both() -> None:
    said = parse_reply(f">🏃 进度 72..[100]({PICTURE})\n\n![]({PICTURE})\n")
    assert (urls(said), urls(said, Preview)) == ([PICTURE], [PICTURE])


def test_a_fence_that_repeats_the_request_tells_nothing() -> None:
    said = parse_reply(JSON_ECHO)
    assert percents(said) == [34]
    assert stages(said) == [Stage.QUEUED, Stage.PAINTING, Stage.SAVING]
    assert urls(said) == [PICTURE]


def test_counts_of_uploads_are_no_percentages() -> None:
    said = parse_reply(TASK_LINES)
    assert percents(said) == []
    assert stages(said) == [Stage.QUEUED, Stage.PAINTING, Stage.SAVING]
    assert urls(said) == [PICTURE]


def test_several_pictures_keep_their_order_and_addresses_may_hold_parentheses() -> None:
    said = parse_reply(PERCENT_DOT + f"![again]({OTHER})\n")
    assert percents(said) == [14, 58]
    assert urls(said) == ["https://x.example/a_(1).png", OTHER]


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("**Video Generation Progress**: 35% (processing)", 35),
        ("生成进度: 30%", 30),
        ("> 🏃 进度：８．４％\n", 8.4),
        ("прогресс: 8,5 %", 8.5),
        ("进度: [█████░░░░░] 50%", 50),
        ("生成中... 35%", 35),
        ("Progress: 72\n", 72),
        ("> 进度 72…", 72),
        ("progress is at 0%", 0),
    ],
)
def test_further_ways_of_naming_a_percentage(text: str, percent: float) -> None:
    assert percents(parse_reply(text)) == [percent]


@pytest.mark.parametrize(
    "text",
    [
        "a cat at 50%",
        "Progress: 1/4",
        "progress bar, painted at 50%",
        "进度：150%",
        "Progress 3 of 5..",
        "已上传第 1/2 张.. 50%",
        "x" * 5000 + " progress: 50%\n",
        "..... 50% .. 12..",
    ],
)
def test_numbers_that_are_no_progress(text: str) -> None:
    assert percents(parse_reply(text)) == []


def test_percents_never_fall() -> None:
    assert percents(parse_reply("进度：20%\n进度：10%\n进度：20%\n进度：30%")) == [20, 30]


def test_a_chain_of_numbers_ends_with_the_first_word() -> None:
    assert percents(parse_reply("进度 7..13..then 55..\n")) == [7, 13]


def test_a_chain_may_go_on_in_percent_signs_and_end_without_dots() -> None:
    assert percents(parse_reply("进度 8%..17%..25\n")) == [8, 17, 25]


def test_a_percentage_is_told_as_soon_as_it_is_certain() -> None:
    reader = ReplyParser()
    assert reader.feed("> 🏃 进度：7") == []
    assert reader.feed("2") == []
    assert reader.feed("%") == [StageChanged(Stage.PAINTING), Progress(72)]
    assert reader.feed("\n>🏃 进度 74") == []
    assert reader.feed(".") == []
    assert reader.feed(".") == [Progress(74)]
