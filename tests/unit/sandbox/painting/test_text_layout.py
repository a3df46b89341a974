"""Text layout: line breaks, words without a font, text that does not fit."""

import re

from bot.sandbox.painting import text_layout


def line_texts(lines: list[text_layout.Line]) -> list[str]:
    return ["".join(run.text for run in line) for line in lines]


def test_lines_break_at_spaces_and_hold_the_width():
    lines = text_layout.wrap_lines("one two three four five six seven", 20, 120)
    assert len(lines) > 1
    assert all(
        sum(run.width for run in line) <= 120 or " " in text
        for line, text in zip(lines, line_texts(lines), strict=True)
    )
    assert " ".join(text.strip() for text in line_texts(lines)) == "one two three four five six seven"


def test_chinese_breaks_anywhere_but_before_a_full_stop():
    lines = line_texts(text_layout.wrap_lines("狐狸在雪地里。" * 6, 20, 20 * 6))
    assert len(lines) >= 6
    assert not any(line.startswith("。") for line in lines)


def test_a_word_wider_than_the_line_is_cut():
    lines = text_layout.wrap_lines("x" * 100, 20, 100)
    assert "".join(line_texts(lines)) == "x" * 100
    assert all(sum(run.width for run in line) <= 100 for line in lines)


def test_a_character_without_a_font_is_drawn_as_its_code_point():
    [line] = line_texts(text_layout.wrap_lines("\U000f1234", 20, 500))
    assert line == "[U+F1234]"


def test_what_does_not_fit_is_counted():
    lines, size = text_layout.fit_lines("word " * 500, width=300, height=200, sizes=(40, 20))
    assert size == 20
    assert (
        re.fullmatch(r"… and about \d+ more characters", line_texts(lines)[-1].strip())
        or "… and" in line_texts(lines)[-1]
    )
    assert len(lines) * text_layout.line_height(size) <= 200
