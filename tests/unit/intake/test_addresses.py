"""Addresses as people write them, and the text that is left without them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.addresses import find_addresses, is_gif_page, name_picture, normalize_address, remove_addresses

FOX = "https://example.org/fox.png"


@pytest.mark.parametrize(
    ("text", "url", "left"),
    [
        (f"make it night {FOX}", FOX, "make it night"),
        (f"{FOX} make it night", FOX, "make it night"),
        (f"{FOX}: make it night", FOX, "make it night"),
        (f"make {FOX} a painting", FOX, "make a painting"),
        (f"like {FOX}, at night.", FOX, "like, at night."),
        (f"at night, like {FOX}.", FOX, "at night, like."),
        (f"is it like {FOX}?!", FOX, "is it like?!"),
        (f"<{FOX}> make it night", FOX, "make it night"),
        (f"the fox ({FOX}) at night", FOX, "the fox at night"),
        (f'"{FOX}" at night', FOX, "at night"),
        (f"**{FOX}** at night", FOX, "at night"),
        (f"`{FOX}` at night", FOX, "at night"),
        (f"[this fox]({FOX}) at night", FOX, "this fox at night"),
        (f"[this fox](<{FOX}>) at night", FOX, "this fox at night"),
        (f'[this fox]({FOX} "a title") at night', FOX, "this fox at night"),
        (f"![]({FOX}) at night", FOX, "at night"),
        (f"see [{FOX}]({FOX}) at night", FOX, "see at night"),
        (f"]({FOX}) at night", FOX, "] at night"),
        ("HTTPS://Example.ORG/fox.png at night", "HTTPS://Example.ORG/fox.png", "at night"),
        ("https://en.example.org/Fox_(animal).png at night", "https://en.example.org/Fox_(animal).png", "at night"),
        ("(https://en.example.org/Fox_(animal)) at night", "https://en.example.org/Fox_(animal)", "at night"),
        ("https://例子.测试/图/狐.png at night", "https://例子.测试/图/狐.png", "at night"),
        (f"把{FOX}变成油画", FOX, "把 变成油画"),
        ("把example.org/fox.png变成油画", FOX, "把 变成油画"),
        (f"把这个变成油画：{FOX}。", FOX, "把这个变成油画：。"),
        (f"夜晚（{FOX}）", FOX, "夜晚"),
        ("example.org/fox.PNG?x=1 at night", "https://example.org/fox.PNG?x=1", "at night"),
        ("www.example.org:8080/a/fox.webp, at night", "https://www.example.org:8080/a/fox.webp", "at night"),
        (f"first line\n{FOX}\nlast line", FOX, "first line\n\nlast line"),
        (f"{FOX} --size 3:2", FOX, "--size 3:2"),
        (f"a  fox {FOX}  at\x00 night", FOX, "a  fox at\ufffd night"),
        ("http://[::1]:80/a.png fox", "http://[::1]:80/a.png", "fox"),
    ],
)
def test_an_address_is_found_and_leaves_no_gap(text: str, url: str, left: str) -> None:
    addresses = find_addresses(text)
    assert [each.url for each in addresses] == [url]
    assert remove_addresses(text, addresses) == left


@pytest.mark.parametrize(
    "text",
    [
        "a fox",
        "https://",
        "https://...",
        "http:///fox.png",
        "xhttps://example.org/fox.png",
        "a fox and/or.png",
        "me@example.org/fox.png",
        "example.org/fox",
        "ftp://example.org/fox.png",
        "1.5/2.5",
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert find_addresses(text) == []


def test_several_addresses_keep_their_order_and_those_that_stay_are_untouched() -> None:
    text = f"put {FOX} and ||https://example.org/owl.png|| into https://example.org/page, please"
    fox, owl, page = find_addresses(text)
    assert (fox.spoiler, owl.spoiler, page.spoiler) == (False, True, False)
    assert remove_addresses(text, [owl, fox]) == "put and into https://example.org/page, please"


def test_one_address_has_many_spellings() -> None:
    same = [
        "https://example.org/a%20b.png",
        "HTTPS://EXAMPLE.org/a b.png/",
        "https://example.org/a b.png#part",
    ]
    assert len({normalize_address(each) for each in same}) == 1
    assert normalize_address("https://example.org/a?x=1") != normalize_address("https://example.org/a?x=2")
    assert normalize_address("http://[oops/a.png") == "http://[oops/a.png"


PARTS = (FOX, "example.org/a.gif", "[", "](", ")", "(", "<", ">", "||", "**", " ", "\n", "狐", "，", "\x00")


@given(st.lists(st.sampled_from(PARTS)))
def test_no_address_is_left_of_any_text(parts: list[str]) -> None:
    text = "".join(parts)
    left = remove_addresses(text, find_addresses(text))
    assert FOX not in left
    assert "\x00" not in left


def test_pages_of_gif_pickers_are_known() -> None:
    assert is_gif_page("https://tenor.com/view/fox-gif-1")
    assert is_gif_page("https://media1.giphy.com/media/x/giphy.gif")
    assert not is_gif_page("https://media.tenor.com/x/fox.png")
    assert not is_gif_page("https://nottenor.com/view/fox")
    assert not is_gif_page("http://[oops/a.png")


def test_a_picture_is_named_by_its_file_or_its_host() -> None:
    assert name_picture("https://example.org/a/fox%20red.png?x=1") == "fox red.png"
    assert name_picture("https://example.org/") == "example.org"
