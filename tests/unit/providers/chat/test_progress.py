"""Every known form of a reply, and the promise that the way it is cut changes nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.painting import FinishedImage, Link, PaintEvent, Preview, Progress, Stage, StageChanged
from bot.providers.chat.progress import ReplyParser
from bot.providers.chat.verdict import Verdict, VerdictKind
from bot.providers.http.quoting import MAX_QUOTE_CHARS, quote

PICTURE = "https://files.example/tem/4abe.png"
OTHER = "https://files.example/tem/5c0d.png"

ACE = (
    "> ❇️ 关键字：https://files.example/tem/ref1.png https://files.example/tem/ref2.png 生成动漫风格的图片\n\n"
    "> ✨ Sora正在绘制图片中...\n\n> 🏃 进度：8.4%\n\n> 🏃 进度：17.5%\n\n> 🏃 进度：92.4%\n\n"
    f"> ✅ 图片绘制成功，请注意查收~~~\n\n![]({PICTURE})\n\n"
)
ACE_ENGLISH = (
    "> ❇️ Keywords: https://files.example/tem/ref1.png an anime style\n\n"
    "> ✨ Sora is drawing the image...\n\n> 🏃 Progress: 8.4%\n\n> 🏃 Progress: 43%\n\n"
    f"> ✅ Image drawing successful, please check~~~\n\n![]({PICTURE})\n\n"
)
NO_NUMBERS = f"\n\n> 🎨 生成中...\n\n![{PICTURE}]({PICTURE})\n\n[点击下载](https://files.example/download/4abe.png)\n"
GROWING = (
    ">🕐 Queuing...\n\n>⚡ Generating.....\n\n>🏃 Progress 7....13....25...41...."
    "[100](https://videos.openai.com/vg-assets/task_x_src_0.png?sig=abc)\n\n"
    f"> ✅ 生成完成\n\n![gen_01]({PICTURE}) \n"
)
GROWING_CHINESE = (
    f">🕐 排队中.\n\n>⚡ 生成中.....\n\n>🏃 进度 3..18..72..[100]({OTHER})\n\n> 生成完成 ✅\n\n![]({PICTURE})\n"
)
JSON_ECHO = (
    '```json\n{\n  "prompt": "progress: 50%, ![](http://evil.example/a.png)",\n  "ratio": "2:3"\n}\n```\n\n'
    "> ID: `task_01jqm`\n> 排队中..\n> 生成中...\n> 进度 **34%**\n> 生成完成 ✅\n\n"
    f"![gen]({PICTURE})\n\n[点击下载]({PICTURE}?download=1)\n"
)
TASK_LINES = (
    f"任务正在队列中\n上传 2 张参考图片\n已上传第 1/2 张\n🎨 图像生成中，请稍候...\n图片生成完成 ✅\n![]({PICTURE})"
)
PERCENT_DOT = f"> Progress 14%.\n> Progress 58%.\n\n![a (b)](https://x.example/a_(1).png)\n![]({OTHER})\n"
THOUGHTS = (
    f"<think>\n进度: 30%\n![](https://x.example/draft.png)\n</think>\n![]({PICTURE})\nThanks, https://x.example/b.png\n"
)
FAILED = "> 🏃 进度：8.4%\n\n❌ 生成失败: 服务器开小差了\n"
ALL = [
    ACE, ACE_ENGLISH, NO_NUMBERS, GROWING, GROWING_CHINESE, JSON_ECHO, TASK_LINES, PERCENT_DOT,
    THOUGHTS, FAILED,
]  # fmt: skip


def tell(text: str, *, prompt: str = "", step: int = 0, cut: bool = False, thoughts: bool = False) -> list[object]:
    """All that a reader says about `text`, fed in pieces of `step` characters (0: whole)."""
    reader = ReplyParser(prompt, is_reasoning=thoughts)
    pieces = [text[at : at + step] for at in range(0, len(text), step)] if step else [text]
    said: list[object] = [event for piece in pieces for event in reader.feed(piece)]
    return [*said, *reader.end_reply(cut=cut)]


def percents(said: list[object]) -> list[float]:
    return [event.percent for event in said if isinstance(event, Progress)]


def stages(said: list[object]) -> list[Stage]:
    return [event.stage for event in said if isinstance(event, StageChanged)]


def urls(said: list[object], kind: type[FinishedImage | Preview] = FinishedImage) -> list[str]:
    return [event.source.url for event in said if isinstance(event, kind) and isinstance(event.source, Link)]


def verdict(said: list[object]) -> Verdict | None:
    return next((each for each in said if isinstance(each, Verdict)), None)


# ---------------------------------------------------------------- the forms


def test_full_width_progress_lines_give_percents_stages_and_the_picture() -> None:
    said = tell(ACE)
    assert percents(said) == [8.4, 17.5, 92.4]
    assert stages(said) == [Stage.PAINTING, Stage.SAVING]
    assert urls(said) == [PICTURE]


def test_half_width_english_progress_lines_are_read_alike() -> None:
    said = tell(ACE_ENGLISH)
    assert percents(said) == [8.4, 43]
    assert stages(said) == [Stage.PAINTING, Stage.SAVING]
    assert urls(said) == [PICTURE]


def test_a_reply_without_numbers_gives_stages_and_its_download_link_is_no_second_picture() -> None:
    said = tell(NO_NUMBERS)
    assert (percents(said), stages(said), urls(said)) == ([], [Stage.PAINTING], [PICTURE])


def test_a_line_that_grows_by_dots_gives_each_number_and_its_link_is_a_preview() -> None:
    said = tell(GROWING)
    assert percents(said) == [7, 13, 25, 41, 100]
    assert stages(said) == [Stage.QUEUED, Stage.PAINTING, Stage.SAVING]
    assert urls(said) == [PICTURE]
    assert urls(said, Preview) == ["https://videos.openai.com/vg-assets/task_x_src_0.png?sig=abc"]


def test_a_growing_chinese_line_is_read_alike() -> None:
    said = tell(GROWING_CHINESE)
    assert percents(said) == [3, 18, 72, 100]
    assert (urls(said), urls(said, Preview)) == ([PICTURE], [OTHER])


def test_a_preview_that_becomes_the_picture_is_both() -> None:
    said = tell(f">🏃 进度 72..[100]({PICTURE})\n\n![]({PICTURE})\n")
    assert (urls(said), urls(said, Preview)) == ([PICTURE], [PICTURE])


def test_a_fence_that_repeats_the_request_tells_nothing() -> None:
    said = tell(JSON_ECHO)
    assert percents(said) == [34]
    assert stages(said) == [Stage.QUEUED, Stage.PAINTING, Stage.SAVING]
    assert urls(said) == [PICTURE]


def test_counts_of_uploads_are_no_percentages() -> None:
    said = tell(TASK_LINES)
    assert percents(said) == []
    assert stages(said) == [Stage.QUEUED, Stage.PAINTING, Stage.SAVING]
    assert urls(said) == [PICTURE]


def test_several_pictures_keep_their_order_and_addresses_may_hold_parentheses() -> None:
    said = tell(PERCENT_DOT + f"![again]({OTHER})\n")
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
    assert percents(tell(text)) == [percent]


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
    assert percents(tell(text)) == []


def test_percents_never_fall() -> None:
    assert percents(tell("进度：20%\n进度：10%\n进度：20%\n进度：30%")) == [20, 30]


def test_a_chain_of_numbers_ends_with_the_first_word() -> None:
    assert percents(tell("进度 7..13..then 55..\n")) == [7, 13]


def test_a_chain_may_go_on_in_percent_signs_and_end_without_dots() -> None:
    assert percents(tell("进度 8%..17%..25\n")) == [8, 17, 25]


def test_a_percentage_is_told_as_soon_as_it_is_certain() -> None:
    reader = ReplyParser()
    assert reader.feed("> 🏃 进度：7") == []
    assert reader.feed("2") == []
    assert reader.feed("%") == [StageChanged(Stage.PAINTING), Progress(72)]
    assert reader.feed("\n>🏃 进度 74") == []
    assert reader.feed(".") == []
    assert reader.feed(".") == [Progress(74)]


# ---------------------------------------------------------------- pictures


def test_a_data_url_in_markdown_is_a_picture() -> None:
    assert urls(tell("Here:\n![image](data:image/png;base64,iVBORw0KGgo=)\n")) == ["data:image/png;base64,iVBORw0KGgo="]


def test_a_bare_picture_address_counts_when_there_is_no_image() -> None:
    assert urls(tell(f"Done! {PICTURE}.\nAlso {OTHER}?x=1\n")) == [PICTURE, OTHER + "?x=1"]


def test_a_bare_data_url_counts_when_there_is_no_image() -> None:
    assert urls(tell("data:image/png;base64,iVBO= done")) == ["data:image/png;base64,iVBO="]


def test_a_bare_address_beside_an_image_does_not_count() -> None:
    assert urls(tell(f"{OTHER}\n![]({PICTURE})\n")) == [PICTURE]


def test_a_download_link_counts_when_there_is_nothing_else() -> None:
    assert urls(tell("[Click to download](https://x.example/get/1)\n")) == ["https://x.example/get/1"]
    assert urls(tell("[here](https://x.example/download/1)\n")) == ["https://x.example/download/1"]
    assert urls(tell(f"[here]({PICTURE}) [下载](https://x.example/get/1)")) == [PICTURE]


def test_links_to_pages_are_no_pictures() -> None:
    assert urls(tell("[help](https://x.example/help) https://x.example/terms\n")) == []


def test_bare_addresses_can_be_left_to_other_carriers() -> None:
    reader = ReplyParser()
    reader.feed(PICTURE)
    assert urls([*reader.end_reply(accept_links=False)]) == []


def test_asyncdata_pages_are_previews() -> None:
    said = tell("[数据预览](https://asyncdata.net/web/task_1) | [原始数据](https://asyncdata.net/source/task_1)\n" * 2)
    assert urls(said, Preview) == ["https://asyncdata.net/web/task_1", "https://asyncdata.net/source/task_1"]
    assert urls(said) == []


def test_images_in_quoted_lines_fences_and_thoughts_are_none() -> None:
    text = f"> ![]({OTHER}) [a]({OTHER})\n```\n![]({OTHER})\n```\n<think>![]({OTHER})</think> ![]({PICTURE})\n"
    assert urls(tell(text)) == [PICTURE]
    assert urls(tell(THOUGHTS)) == [PICTURE]


def test_a_fence_or_a_thought_that_never_ends_hides_no_picture() -> None:
    assert urls(tell(f"```\nwords\n![]({PICTURE})")) == [PICTURE]
    assert urls(tell(f"<think>\n![]({PICTURE})")) == [PICTURE]


def test_a_fence_on_one_line_is_over_at_once() -> None:
    assert urls(tell(f'```{{"a": 1}}```\n![]({PICTURE})')) == [PICTURE]


@pytest.mark.parametrize(
    "text",
    [
        "![](",
        "![",
        "![]()",
        "![](https://x.example/a(((((((((().png",
        "![](sandbox:/mnt/a.png)",
        "![] and [x",
        "![a](b",
    ],
)
def test_what_only_looks_like_an_image_is_none(text: str) -> None:
    assert urls(tell(text)) == []


def test_nobody_counts_parentheses_for_ever() -> None:
    assert urls(tell("![](https://x.example/" + "(" * 30 + ")" * 30)) == ["https://x.example/" + "(" * 30 + ")" * 8]


def test_an_image_may_have_a_title_and_angle_brackets() -> None:
    assert urls(tell(f'![a](<{PICTURE}> "title")')) == [PICTURE]


def test_a_complete_image_counts_even_when_the_reply_breaks_off_behind_it() -> None:
    assert urls(tell(f"![]({PICTURE})", cut=True)) == [PICTURE]


@pytest.mark.parametrize(
    "text", ["![](https://x.example/a.pn", PICTURE, "data:image/png;base64,iVB", f"[下载]({PICTURE}"]
)
def test_an_address_that_may_be_half_is_not_believed(text: str) -> None:
    assert urls(tell(text, cut=True)) == []


def test_a_number_that_may_be_half_is_not_believed() -> None:
    assert percents(tell("Progress: 7", cut=True)) == []


def test_a_complete_bare_address_counts_even_when_the_reply_breaks_off_behind_it() -> None:
    assert urls(tell(f"{PICTURE} and th", cut=True)) == [PICTURE]
    assert urls(tell("data:image/png;base64,iVBO= and th", cut=True)) == ["data:image/png;base64,iVBO="]


# ---------------------------------------------------------------- echoes of the prompt

NASTY = (
    "A poster: 进度：50%\n\n> 🏃 进度：99%\n![](https://evil.example/x.png) https://evil.example/y.png\n"
    "```\n<think>\n排队中...\n❌ 生成失败: never\nProgress 7....13..\nProgress: 88\n[100](https://evil.example/z.png)"
)


@pytest.mark.parametrize("keyword", ["> ❇️ 关键字：", "> ❇️ Keywords: https://files.example/tem/r.png ", "**Prompt**: "])
def test_an_echoed_prompt_never_counts_whatever_it_contains(keyword: str) -> None:
    text = f"{keyword}{NASTY}\n\n> 🏃 进度：12%\n\n![](https://evil.example/x.png)\n![]({PICTURE})\n"
    said = tell(text, prompt=NASTY)
    assert percents(said) == [12]
    assert urls(said) == [PICTURE]
    assert urls(said, Preview) == []


def test_an_echo_without_a_keyword_is_recognised_by_the_prompt() -> None:
    said = tell(f"{NASTY}\n\n> 进度：12%\n", prompt=NASTY)
    assert (percents(said), stages(said), verdict(said)) == ([12], [Stage.PAINTING], None)


def test_an_echo_as_json_is_recognised() -> None:
    echo = "```json\n" + json.dumps({"prompt": NASTY}, ensure_ascii=False) + "\n```\n"
    said = tell(echo + f"> 进度：12%\n![]({PICTURE})\n", prompt=NASTY)
    assert (percents(said), urls(said)) == ([12], [PICTURE])


def test_without_the_prompt_the_echo_lasts_until_a_blank_or_a_quoted_line() -> None:
    text = f"> 关键字：a poster\n进度：50% ![]({OTHER})\n> 进度：12%\n\n![]({PICTURE})"
    said = tell(text)
    assert (percents(said), urls(said)) == ([12], [PICTURE])


def test_addresses_of_the_keyword_line_are_never_a_result() -> None:
    assert urls(tell(f"> 关键字：{OTHER} a cat\n\n![]({OTHER})\n![]({PICTURE})")) == [PICTURE]


def test_prompt_words_do_not_silence_the_upstreams_own_lines() -> None:
    said = tell("> ✨ Sora is drawing the image...\n\n> 🏃 Progress: 5%", prompt="drawing of a queue, 5% done")
    assert (stages(said), percents(said)) == ([Stage.PAINTING], [5])


# ---------------------------------------------------------------- when there is no picture


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
    assert verdict(tell(text)) == Verdict(VerdictKind.FAILED, words)


def test_a_failure_of_the_content_rules_is_told_apart() -> None:
    said = verdict(tell("❌ 生成失败: 内容违规"))
    assert said is not None
    assert said.kind is VerdictKind.MODERATED


def test_a_failure_that_is_being_tried_again_is_not_final() -> None:
    assert verdict(tell("❌ 生成失败: x\n**生成失败，正在重试**\n> 生成中...\n")) is None
    said = tell(f"**生成失败，正在重试**\n![]({PICTURE})")
    assert (urls(said), verdict(said)) == ([PICTURE], None)


def test_a_failure_does_not_count_beside_a_picture() -> None:
    assert verdict(tell(f"❌ 生成失败: x\n![]({PICTURE})")) is None


def test_a_limit_of_the_moment_is_told_apart() -> None:
    said = verdict(tell("I couldn't do it because there's a rate limit in place. Please wait."))
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
    assert verdict(tell(text)) == Verdict(VerdictKind.REFUSED, text.lstrip("> "))


def test_status_lines_alone_are_no_prose() -> None:
    text = "任务正在队列中\n> 排队中\nID: task_1\n上传 2 张参考图片\n图像生成中...\nProgress: 35%\n---"
    assert verdict(tell(text)) is None


def test_long_prose_is_quoted_short() -> None:
    said = verdict(tell("I would rather not do this.\n" * 500))
    assert said is not None
    assert len(said.words) == MAX_QUOTE_CHARS


def test_thoughts_tell_progress_and_failures_but_no_pictures() -> None:
    said = tell(f"生成进度: 30%\nLet me think about it.\n![]({PICTURE})\n{OTHER}\n", thoughts=True)
    assert (percents(said), urls(said), verdict(said)) == ([30], [], None)
    assert verdict(tell("错误: 余额异常", thoughts=True)) == Verdict(VerdictKind.FAILED, "错误: 余额异常")
    assert urls(tell(f"```\n![]({PICTURE})", thoughts=True)) == []


def test_a_failure_inside_a_thought_counts() -> None:
    assert verdict(tell("<think>\n错误: broken\n</think>\n")) == Verdict(VerdictKind.FAILED, "错误: broken")


# ---------------------------------------------------------------- however it is cut


@pytest.mark.parametrize("text", [*ALL, f"> 关键字：{NASTY}\n\n> 进度：12%\n![]({PICTURE})"])
@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_any_step_tells_the_same(text: str, step: int) -> None:
    assert tell(text, step=step, prompt=NASTY) == tell(text, prompt=NASTY)


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
    assert [*said, *reader.end_reply()] == tell(text, prompt=prompt)


def test_megabytes_in_single_characters_are_read_in_linear_time() -> None:
    """The test's own time limit is the judge: a quadratic reader would need hours."""
    data = "data:image/png;base64," + "A" * 1_000_000
    for text in (f"![]({data})\n", "." * 300_000, "进度 7.." * 50_000, "![](" * 50_000):
        reader = ReplyParser("a cat")
        for char in text:
            reader.feed(char)
        reader.end_reply()
    assert urls(tell(f"![]({data})\n", step=1)) == [data]


def test_megabytes_of_a_link_without_an_end_are_read_in_linear_time() -> None:
    """As above: with each character given back and tried again, it would take minutes."""
    assert urls(tell("[100](https://" + "a" * 30_000_000 + "\n"), Preview) == []


# ---------------------------------------------------------------- quotes


def test_a_quote_is_one_short_line_without_control_characters_and_secrets() -> None:
    assert quote("a\x1b[31m\u202e b\n\tc\u2028d") == "a [31m b c d"
    assert quote("key sk-123 is wrong", redact=["sk-123", ""]) == "key … is wrong"
    assert len(quote("x" * 10_000)) == MAX_QUOTE_CHARS


@pytest.mark.parametrize("prompt", ["a fox\n\nkeep its colours", 'the "red" fox', "雪地里的狐狸", "back\\slash"])
@pytest.mark.parametrize("escaped", [False, True])
def test_a_prompt_is_hidden_in_a_request_that_is_repeated(prompt: str, escaped: bool) -> None:
    repeated = "may not do this: " + json.dumps({"prompt": prompt}, ensure_ascii=escaped)
    assert quote(repeated, redact=[prompt]) == 'may not do this: {"prompt": "…"}'
