"""Images, previews and links that `ReplyParser` finds in a chat reply, whole or cut off."""

import pytest

from bot.painting import Preview
from bot.providers.chat.progress import ReplyParser
from tests.unit.providers.chat.replies import OTHER, PICTURE, THOUGHTS, parse_reply, percents, urls


def test_a_data_url_in_markdown_is_a_picture() -> None:
    assert urls(parse_reply("Here:\n![image](data:image/png;base64,iVBORw0KGgo=)\n")) == [
        "data:image/png;base64,iVBORw0KGgo="
    ]


def test_a_bare_picture_address_counts_when_there_is_no_image() -> None:
    assert urls(parse_reply(f"Done! {PICTURE}.\nAlso {OTHER}?x=1\n")) == [PICTURE, OTHER + "?x=1"]


def test_a_bare_data_url_counts_when_there_is_no_image() -> None:
    assert urls(parse_reply("data:image/png;base64,iVBO= done")) == ["data:image/png;base64,iVBO="]


def test_a_bare_address_beside_an_image_does_not_count() -> None:
    assert urls(parse_reply(f"{OTHER}\n![]({PICTURE})\n")) == [PICTURE]


def test_a_download_link_counts_when_there_is_nothing_else() -> None:
    assert urls(parse_reply("[Click to download](https://x.example/get/1)\n")) == ["https://x.example/get/1"]
    assert urls(parse_reply("[here](https://x.example/download/1)\n")) == ["https://x.example/download/1"]
    assert urls(parse_reply(f"[here]({PICTURE}) [下载](https://x.example/get/1)")) == [PICTURE]


def test_links_to_pages_are_no_pictures() -> None:
    assert urls(parse_reply("[help](https://x.example/help) https://x.example/terms\n")) == []


def test_bare_addresses_can_be_left_to_other_carriers() -> None:
    reader = ReplyParser()
    reader.feed(PICTURE)
    assert urls([*reader.end_reply(accept_links=False)]) == []


def test_asyncdata_pages_are_previews() -> None:
    said = parse_reply(
        "[数据预览](https://asyncdata.net/web/task_1) | [原始数据](https://asyncdata.net/source/task_1)\n" * 2
    )
    assert urls(said, Preview) == ["https://asyncdata.net/web/task_1", "https://asyncdata.net/source/task_1"]
    assert urls(said) == []


def test_images_in_quoted_lines_fences_and_thoughts_are_none() -> None:
    text = f"> ![]({OTHER}) [a]({OTHER})\n```\n![]({OTHER})\n```\n<think>![]({OTHER})</think> ![]({PICTURE})\n"
    assert urls(parse_reply(text)) == [PICTURE]
    assert urls(parse_reply(THOUGHTS)) == [PICTURE]


def test_a_fence_or_a_thought_that_never_ends_hides_no_picture() -> None:
    assert urls(parse_reply(f"```\nwords\n![]({PICTURE})")) == [PICTURE]
    assert urls(parse_reply(f"<think>\n![]({PICTURE})")) == [PICTURE]


def test_a_fence_on_one_line_is_over_at_once() -> None:
    assert urls(parse_reply(f'```{{"a": 1}}```\n![]({PICTURE})')) == [PICTURE]


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
    assert urls(parse_reply(text)) == []


def test_nobody_counts_parentheses_for_ever() -> None:
    assert urls(parse_reply("![](https://x.example/" + "(" * 30 + ")" * 30)) == [
        "https://x.example/" + "(" * 30 + ")" * 8
    ]


def test_an_image_may_have_a_title_and_angle_brackets() -> None:
    assert urls(parse_reply(f'![a](<{PICTURE}> "title")')) == [PICTURE]


def test_a_complete_image_counts_even_when_the_reply_breaks_off_behind_it() -> None:
    assert urls(parse_reply(f"![]({PICTURE})", cut=True)) == [PICTURE]


@pytest.mark.parametrize(
    "text", ["![](https://x.example/a.pn", PICTURE, "data:image/png;base64,iVB", f"[下载]({PICTURE}"]
)
def test_an_address_that_may_be_half_is_not_believed(text: str) -> None:
    assert urls(parse_reply(text, cut=True)) == []


def test_a_number_that_may_be_half_is_not_believed() -> None:
    assert percents(parse_reply("Progress: 7", cut=True)) == []


def test_a_complete_bare_address_counts_even_when_the_reply_breaks_off_behind_it() -> None:
    assert urls(parse_reply(f"{PICTURE} and th", cut=True)) == [PICTURE]
    assert urls(parse_reply("data:image/png;base64,iVBO= and th", cut=True)) == ["data:image/png;base64,iVBO="]
