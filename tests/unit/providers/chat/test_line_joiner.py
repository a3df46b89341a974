"""Lines over which an image is wrapped are joined, and no others; nothing is lost, whatever follows."""

import pytest

from bot.providers.chat.line_joiner import MAX_HELD_CHARS, MAX_HELD_LINES, LineJoiner

DATA = "data:image/png;base64,"


def joined(*lines: str) -> list[str]:
    joiner = LineJoiner()
    return [each for line in lines for each in joiner.add(line)] + joiner.end()


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        ([f"![image]({DATA}iVBO", "Rw0K", "Ggo=)"], [f"![image]({DATA}iVBORw0KGgo=)"]),
        ([f"![image]({DATA}", "iVBO", "", "Rw0K", ")"], [f"![image]({DATA}iVBORw0K)"]),
        ([f"![image]({DATA}iV", 'BO "title")', "x"], [f'![image]({DATA}iVBO "title")', "x"]),
        ([f"![image](<{DATA}iV", "BO>)"], [f"![image](<{DATA}iVBO>)"]),
        ([f"[![]({DATA}iV", "BO)](https://x.example/a.png)"], [f"[![]({DATA}iVBO)](https://x.example/a.png)"]),
        ([f"![]({DATA}iV", f"BO) ![]({DATA}AA", "BB)"], [f"![]({DATA}iVBO) ", f"![]({DATA}AABB)"]),
        ([f"![]({DATA}iV", f"BO) ![]({DATA}AA)"], [f"![]({DATA}iVBO) ![]({DATA}AA)"]),
        ([f"![]({DATA}iV", f"BO) {DATA}AA", "BB"], [f"![]({DATA}iVBO) ", f"{DATA}AABB"]),
        ([f"[![]({DATA}iV", "BO)", "](/a.png)", "x"], [f"[![]({DATA}iVBO)\n](/a.png)", "x"]),
        ([f"[![]({DATA}iV", "BO)](", "/a.png)"], [f"[![]({DATA}iVBO)](\n/a.png)"]),
        ([f"[![]({DATA}iVBO)]", "[1]"], [f"[![]({DATA}iVBO)]\n[1]"]),
        ([f"[![]({DATA}iV", "BO)", "words"], [f"[![]({DATA}iVBO)", "words"]),
        (
            [f"[![]({DATA}iV", f"BO)](/a.png) [![]({DATA}AA", "BB)", "](/b.png)"],
            [f"[![]({DATA}iVBO)](/a.png) ", f"[![]({DATA}AABB)\n](/b.png)"],
        ),
        (
            [f"[![]({DATA}iV", f"BO) ![]({DATA}AA", "BB)](/b.png)"],
            [f"[![]({DATA}iVBO) ", f"![]({DATA}AABB)](/b.png)"],
        ),
        (
            [f'<img src="{DATA}iV', f'BO"><img src="{DATA}AA', 'BB">'],
            [f'<img src="{DATA}iVBO">', f'<img src="{DATA}AABB">'],
        ),
        (
            ["<a href='/a.png'>", f"<img src='{DATA}iV", "BO='", "/></a>"],
            [f"<a href='/a.png'>\n<img src='{DATA}iVBO='\n/></a>"],
        ),
        (
            [f'<a href="/a.png"><img src="{DATA}iV', f'BO"></a><a href="/b.png"><img src="{DATA}AA', 'BB"></a>'],
            [f'<a href="/a.png"><img src="{DATA}iVBO"></a>', f'<a href="/b.png"><img src="{DATA}AABB"></a>'],
        ),
        ([f"![]({DATA}iV", "Done! *really*"], [f"![]({DATA}iV", "Done! *really*"]),
        ([f"![]({DATA}iV", "BO"], [f"![]({DATA}iVBO"]),
        ([f"{DATA}iV", "BO", "", "BO"], [f"{DATA}iVBO", "", "BO"]),
        ([f"{DATA}iVB=", "BO"], [f"{DATA}iVB=", "BO"]),
        ([f"{DATA}iV", "two words"], [f"{DATA}iV", "two words"]),
        ([f'<img src="{DATA}iV', 'BO">'], [f'<img src="{DATA}iVBO">']),
        ([f"![]({DATA}iV)", "BO"], [f"![]({DATA}iV)", "BO"]),
        (["![a fox", "in the snow](https://x.example/a.png)"], ["![a fox\nin the snow](https://x.example/a.png)"]),
        (["![a", "", "b](/c/d.png) e"], ["![a\n\nb](/c/d.png) e"]),
        (["![a](", "https://x.example/a.png", ")"], ["![a](\nhttps://x.example/a.png\n)"]),
        (["![a", f"b]({DATA}iV", "BO)"], [f"![a\nb]({DATA}iVBO)"]),
        (["Wow![", "![a](b)"], ["Wow![", "![a](b)"]),
        (["Wow![", "> 50%"], ["Wow![", "> 50%"]),
        (["Wow![", "```", "x"], ["Wow![", "```", "x"]),
        (["> ![a", "b](c)"], ["> ![a", "b](c)"]),
        ([f"> {DATA}iV", "BO"], [f"> {DATA}iV", "BO"]),
        (["Wow![", "x"], ["Wow![", "x"]),
        (["![a](b) c", "d"], ["![a](b) c", "d"]),
        (["[![](/a.png)", "](/b.png)"], ["[![](/a.png)\n](/b.png)"]),
        (["[![](/a.png)]", "(/b.png)"], ["[![](/a.png)]\n(/b.png)"]),
        (["[![](/a.png)](", "/b.png", ") x"], ["[![](/a.png)](\n/b.png\n) x"]),
        (["[![", "a](/a.png)", "](/b.png)"], ["[![\na](/a.png)\n](/b.png)"]),
        (["[", "![](/a.png)", "](/b.png)"], ["[\n![](/a.png)\n](/b.png)"]),
        (["[", "words"], ["[", "words"]),
        (["Here: [look", "![](/a.png)", "](/b.png)"], ["Here: [look\n![](/a.png)\n](/b.png)"]),
        (["[note", "words](/b.png)"], ["[note", "words](/b.png)"]),
        (
            ['<p><a href="/b.png">', '<img src="/a.png">', "</a></p>"],
            ['<p><a href="/b.png">\n<img src="/a.png">\n</a></p>'],
        ),
        (["[![](/a.png)", "words"], ["[![](/a.png)", "words"]),
        (["[![](/a.png)", "[save](/b.png)"], ["[![](/a.png)", "[save](/b.png)"]),
        (["[![](/a.png)](/b.png)", "words"], ["[![](/a.png)](/b.png)", "words"]),
        (["![](/a.png)", "](/b.png)"], ["![](/a.png)", "](/b.png)"]),
        (["![a fox][1]", "[1]: /a.png"], ["![a fox][1]", "[1]: /a.png"]),
        (["![a fox][", "1] x", "y"], ["![a fox][\n1] x", "y"]),
        (["![a fox] in words", "y"], ["![a fox] in words", "y"]),
        (["words", "", "more"], ["words", "", "more"]),
        ([DATA.partition(",")[0], "iVBO"], [DATA.partition(",")[0] + "iVBO"]),
        ([], []),
    ],
)
def test_what_belongs_together_is_joined(lines: list[str], whole: list[str]) -> None:
    assert joined(*lines) == whole


def test_an_image_that_never_ends_holds_no_line_for_ever() -> None:
    lines = ["![", *(f"line {number}" for number in range(3 * MAX_HELD_LINES))]
    joiner = LineJoiner()
    given = [joiner.add(line) for line in lines]
    assert given[:MAX_HELD_LINES] == [[]] * MAX_HELD_LINES
    assert [each for some in given for each in some] == lines
    assert joined("![", "x" * MAX_HELD_CHARS) == ["![", "x" * MAX_HELD_CHARS]


def test_base64_may_have_any_number_of_lines() -> None:
    lines = ["A" * 76] * 20_000
    assert joined(f"![]({DATA}", *lines, ")") == [f"![]({DATA}{''.join(lines)})"]


def test_images_of_one_chain_are_joined_up_to_a_limit() -> None:
    lines = [f"[![]({DATA}iV", *[f"BO) ![]({DATA}iV", "BO) ![", f"]({DATA}iV"] * 20, "BO)](/a.png)"]
    assert "".join(joined(*lines)).replace("\n", "") == "".join(lines)
