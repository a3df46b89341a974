"""Images in markdown and HTML as models and relays write them: the address that is meant, once."""

import pytest

from bot.painting import Link
from bot.providers.chat.markdown_images import (
    MAX_IMAGES_A_LINE,
    find_markdown_images,
    html_images_to_markdown,
    parse_address,
)
from tests.unit.providers.chat.replies import OTHER, PICTURE, parse_reply, urls

DATA = "data:image/png;base64,iVBORw0KGgo="
BLANK = "https://files.example/my fox.png"
BLANKS = ("https://files.example/my%20fox.png", "https://files.example/my", "https://files.example/myfox.png")


def images(line: str) -> list[Link]:
    return [each.image for each in find_markdown_images(line)]


@pytest.mark.parametrize(
    ("text", "image"),
    [
        (PICTURE, Link(url=PICTURE)),
        (f" \n{PICTURE} ", Link(url=PICTURE)),
        (f"<{PICTURE}>", Link(url=PICTURE)),
        (f'{PICTURE} "a title"', Link(url=PICTURE)),
        (f"{PICTURE} 'a title'", Link(url=PICTURE)),
        (f"{PICTURE} (a title)", Link(url=PICTURE)),
        (f'{PICTURE}\n"a title"', Link(url=PICTURE)),
        (f'<{PICTURE}> "a title"', Link(url=PICTURE)),
        (f"{PICTURE}?a=1&amp;b=2", Link(url=f"{PICTURE}?a=1&b=2")),
        ("https://files.example/tem/\n  4abe.png", Link(url=PICTURE)),
        (BLANK, Link(url=BLANKS[0], mirrors=BLANKS[1:])),
        (f"<{BLANK}>", Link(url=BLANKS[0], mirrors=BLANKS[1:])),
        (f'{BLANK} "a title"', Link(url=BLANKS[0], mirrors=BLANKS[1:])),
        (f"{PICTURE} =512x512", Link(url=PICTURE, mirrors=(f"{PICTURE}%20=512x512", f"{PICTURE}=512x512"))),
        (
            "https://x.example/a b",
            Link(url="https://x.example/a", mirrors=("https://x.example/a%20b", "https://x.example/ab")),
        ),
        ("/images/a.jpg", Link(url="/images/a.jpg")),
        ("/files/1", Link(url="/files/1")),
        ("images/a.jpg", Link(url="images/a.jpg")),
        ("./a.jpg", Link(url="./a.jpg")),
        ("//cdn.example/a", Link(url="//cdn.example/a")),
        (DATA, Link(url=DATA)),
        (f'{DATA} "a title"', Link(url=DATA)),
        ("data:image/png;base64,iVBO\nRw0K", Link(url="data:image/png;base64,iVBO\nRw0K")),
        ("data:text/html;base64,iVBO", None),
        ("fox.png", None),
        ("image_url", None),
        ("sandbox:/mnt/a.png", None),
        ("attachment://a.png", None),
        ("/", None),
        ("", None),
        ("https://x.example/" + "a" * 9000, None),
    ],
)
def test_what_is_meant_by_an_address(text: str, image: Link | None) -> None:
    assert parse_address(text) == image


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"![a]({PICTURE}) and ![b]({OTHER})", [Link(url=PICTURE), Link(url=OTHER)]),
        (f"![a] ({PICTURE})", [Link(url=PICTURE)]),
        (f"![a [b] c]({PICTURE})", [Link(url=PICTURE)]),
        (f"![a\nb\n\nc]({PICTURE})", [Link(url=PICTURE)]),
        ("![](<https://x.example/(2.png>)", [Link(url="https://x.example/(2.png")]),
        (f"![]({PICTURE}", []),
        (f"![{PICTURE}", []),
        (f"[![thumb]({OTHER})]({PICTURE})", [Link(url=PICTURE, fallback=Link(url=OTHER))]),
        (f"[ ![thumb]({OTHER}) ]({PICTURE} 'large')", [Link(url=PICTURE, fallback=Link(url=OTHER))]),
        (f"[![]({OTHER})](/full/a.png)", [Link(url="/full/a.png", fallback=Link(url=OTHER))]),
        (f"[![]({OTHER})](https://x.org/?fm=png)", [Link(url="https://x.org/?fm=png", fallback=Link(url=OTHER))]),
        (f"[![]({OTHER})]({DATA})", [Link(url=DATA, fallback=Link(url=OTHER))]),
        (f"[![]({OTHER})]({OTHER})", [Link(url=OTHER)]),
        (f"[![]({OTHER})](https://x.example/page)", [Link(url="https://x.example/page", mirrors=(OTHER,))]),
        (f"[![]({OTHER})](https://x.example/)", [Link(url=OTHER)]),
        (f"[![]({OTHER})](fox)", [Link(url=OTHER)]),
        (f"[![]({OTHER})]({PICTURE}", [Link(url=OTHER)]),
        (f"[![]({OTHER})] ![]({PICTURE})", [Link(url=OTHER), Link(url=PICTURE)]),
    ],
)  # fmt: skip
def test_the_images_of_a_line(line: str, found: list[Link]) -> None:
    assert images(line) == found


@pytest.mark.parametrize(
    ("html", "found"),
    [
        (f'<img src="{PICTURE}" alt="a fox">', [Link(url=PICTURE)]),
        (f"<IMG alt='a' SRC='{PICTURE}'/>", [Link(url=PICTURE)]),
        (f"<img width=1 src={PICTURE} >", [Link(url=PICTURE)]),
        ('<img src="/images/a.jpg">', [Link(url="/images/a.jpg")]),
        (f'<img src="{DATA}">', [Link(url=DATA)]),
        (f'<a id="x" href="{PICTURE}"> <img src="{OTHER}"></a>', [Link(url=PICTURE, fallback=Link(url=OTHER))]),
        (
            f'<a href="https://x.example/page"><img src="{OTHER}"></a>',
            [Link(url="https://x.example/page", mirrors=(OTHER,))],
        ),
        ("<img alt='none'>", []),
        ("<img src=", []),
    ],
)  # fmt: skip
def test_images_of_html_are_images(html: str, found: list[Link]) -> None:
    assert images(html_images_to_markdown(html)) == found


def test_a_thumbnail_and_its_picture_are_one_in_a_reply() -> None:
    for reply in (
        f"[![a fox]({OTHER})]({PICTURE})\n\n[下载]({PICTURE})",
        f'<a href="{PICTURE}"><img src="{OTHER}"></a>',
    ):
        assert urls(parse_reply(reply)) == [PICTURE]


def test_a_wrapped_image_is_one_however_it_is_wrapped() -> None:
    lines = "![image](data:image/png;base64,iVBO\nRw0K\nGgo=)\n"
    assert urls(parse_reply(lines)) == [DATA]
    assert urls(parse_reply(lines, step=1)) == [DATA]
    assert urls(parse_reply(lines.rstrip(")\n"))) == [DATA]
    assert urls(parse_reply(lines.rstrip("=)\n"), cut=True)) == []
    assert urls(parse_reply("data:image/png;base64,iVBO\nRw0K\nGgo=\n\nDone")) == [DATA]
    assert urls(parse_reply(f"![a fox\nin the snow]({PICTURE})\n> ![no\n> no]({OTHER})")) == [PICTURE]
    assert urls(parse_reply(f"![a fox\n\n{'in the snow ' * 50}\n]({PICTURE})", cut=True)) == [PICTURE]


@pytest.mark.thorough
def test_wrapped_megabytes_are_read_in_linear_time() -> None:
    """The test's own time limit is the judge."""
    line = "A" * 76 + "\n"
    for text in (
        f"![](data:image/png;base64,\n{line * 20_000})",
        "![\n" * 50_000,
        "![](data:image/png;base64,A\n" * 20_000,
    ):
        parse_reply(text, step=50)
    for text in (
        "<img src=a " * 50_000,
        '<a href="x">' * 50_000 + "<img>",
        "[![](" * 50_000,
        '![](https://x "' * 20_000 + ")",
    ):
        parse_reply(text)


def test_a_line_of_images_without_end_is_read_to_a_limit() -> None:
    assert len(list(find_markdown_images("![](https://x.example/a.png)" * 10_000))) == MAX_IMAGES_A_LINE
    assert list(find_markdown_images("![]()" * 10_000 + "![](https://x.example/a.png)")) == []


# ---------------------------------------------------------------- addresses on lines of their own


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"![a fox][id]\n\n[id]: {PICTURE}\n", [PICTURE]),
        (f"[id]: {PICTURE}\n\nHere it is: ![a fox] [id].\n", [PICTURE]),
        (f"![a fox][A  Fox]\n[a fox]: <{PICTURE}> 'title'\n", [PICTURE]),
        (f"![a fox][]\n[A fox]: {PICTURE}\n", [PICTURE]),
        (f"![image1]\n\n[image1]: <{DATA}>\n", [DATA]),
        (f"![a][1] ![b][2]\n[1]: {PICTURE}\n[2]: {OTHER}\n", [PICTURE, OTHER]),
        ("![a][1]\n[1]: https://files.example/view?id=7\n", ["https://files.example/view?id=7"]),
        (f"![a][1] [download](https://x.example/download/7)\n[1]: {PICTURE}\n", [PICTURE]),
        (f"![a][1] ![b]({OTHER})\n[1]: {PICTURE}\n", [OTHER, PICTURE]),
        (f"![a][1]\n[1]: {PICTURE}\n[1]: {OTHER}\n", [PICTURE]),
        (f"![a][1]\n[2]: {PICTURE}\n", [PICTURE]),  # as a bare address
        (f"![a][1]\n[1]: nowhere\n{PICTURE}\n", [PICTURE]),
        (f"> ![a][1]\n\n> [1]: {OTHER}\n\n![b]({PICTURE})\n", [PICTURE]),
        (f"![][]\n[1]: {PICTURE}\n![]({OTHER})\n", [OTHER]),
        (f"[![thumb]({OTHER})\n]({PICTURE})\n", [PICTURE]),
        (f"[\n![thumb]({OTHER})\n]({PICTURE})\nEnjoy!\n", [PICTURE]),
    ],
)
@pytest.mark.parametrize("step", [0, 1, 7])
def test_an_image_whose_address_stands_elsewhere(text: str, found: list[str], step: int) -> None:
    assert urls(parse_reply(text, step=step)) == found
