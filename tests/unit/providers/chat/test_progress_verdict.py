"""The verdict of a chat reply without an image: a reported failure, a refusal, a rate limit, or none."""

import pytest

from bot.providers.chat.verdict import Verdict, VerdictKind
from bot.providers.http.quoting import MAX_QUOTE_CHARS
from tests.unit.providers.chat.replies import OTHER, PICTURE, parse_reply, percents, urls, verdict


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("> 进度：8%\n\n❌ 生成失败: 服务器开小差了\n", "❌ 生成失败: 服务器开小差了"),
        ("图片生成失败 ❌ - upstream timeout", "图片生成失败 ❌ - upstream timeout"),
        ("生成图片失败: no reason", "生成图片失败: no reason"),
        ("> 生成失败 ❌\n> 失败原因：output blocked\n", "生成失败 ❌ 失败原因：output blocked"),
        ("**Generation failed**\nReason: none", "Generation failed Reason: none"),
    ],
)
def test_a_reported_failure_is_quoted(text: str, words: str) -> None:
    assert verdict(parse_reply(text)) == Verdict(VerdictKind.FAILED, words)


def test_a_failure_of_the_content_rules_is_told_apart() -> None:
    said = verdict(parse_reply("❌ 生成失败: 内容违规"))
    assert said is not None
    assert said.kind is VerdictKind.MODERATED


def test_a_failure_that_is_being_tried_again_is_not_final() -> None:
    assert verdict(parse_reply("❌ 生成失败: x\n**生成失败，正在重试**\n> 生成中...\n")) is None
    said = parse_reply(f"**生成失败，正在重试**\n![]({PICTURE})")
    assert (urls(said), verdict(said)) == ([PICTURE], None)


def test_a_failure_does_not_count_beside_a_picture() -> None:
    assert verdict(parse_reply(f"❌ 生成失败: x\n![]({PICTURE})")) is None


def test_a_limit_of_the_moment_is_told_apart() -> None:
    said = verdict(parse_reply("I couldn't do it because there's a rate limit in place. Please wait."))
    assert said is not None
    assert said.kind is VerdictKind.BUSY


@pytest.mark.parametrize(
    "text",
    [
        "I can't help with generating that image.",
        "> I'm sorry, this violates our policies.",
        "抱歉，我无法生成这张图片。",
        "Here is a poem about a cat instead, since that is nicer than any image",
        "Ich male das nicht.",
    ],
)
def test_prose_instead_of_a_picture_is_quoted(text: str) -> None:
    assert verdict(parse_reply(text)) == Verdict(VerdictKind.REFUSED, text.lstrip("> "))


def test_status_lines_alone_are_no_prose() -> None:
    text = "任务正在队列中\n> 排队中\nID: task_1\n上传 2 张参考图片\n图像生成中...\nProgress: 35%\n---"
    assert verdict(parse_reply(text)) is None


def test_long_prose_is_quoted_short() -> None:
    said = verdict(parse_reply("I would rather not do this.\n" * 500))
    assert said is not None
    assert len(said.words) == MAX_QUOTE_CHARS


def test_thoughts_tell_progress_and_failures_but_no_pictures() -> None:
    said = parse_reply(f"生成进度: 30%\nLet me think about it.\n![]({PICTURE})\n{OTHER}\n", thoughts=True)
    assert (percents(said), urls(said), verdict(said)) == ([30], [], None)
    assert verdict(parse_reply("错误: 余额异常", thoughts=True)) == Verdict(VerdictKind.FAILED, "错误: 余额异常")
    assert urls(parse_reply(f"```\n![]({PICTURE})", thoughts=True)) == []


def test_a_failure_inside_a_thought_counts() -> None:
    assert verdict(parse_reply("<think>\n错误: broken\n</think>\n")) == Verdict(VerdictKind.FAILED, "错误: broken")
