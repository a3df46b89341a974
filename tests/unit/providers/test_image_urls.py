"""Where an item has its image, in every shape that relays are known to send; addresses and base64 as they come."""

import base64

import pytest

from bot.errors import BadResult
from bot.painting import Link
from bot.providers.image_urls import MAX_URLS, complete_link, decode_data_url, find_image, find_images, parse_image_url

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) + b"\xfb\xff\xfe"
B64 = base64.b64encode(PNG).decode()
BARE = "data:;base64," + B64
DATA = "data:image/png;base64," + B64
URL = "https://files.example/a.png"
OTHER = "https://files.example/b.png"
BOTH = Link(url=BARE, fallback=Link(url=URL))


@pytest.mark.parametrize(
    ("item", "image"),
    [
        (URL, Link(url=URL)),
        (DATA, Link(url=DATA)),
        (B64, Link(url=BARE)),
        (f" {URL}\n", Link(url=URL)),
        ({"url": URL}, Link(url=URL)),
        ({"url": DATA}, Link(url=DATA)),
        ({"url": B64}, Link(url=BARE)),
        ({"url": {"url": URL}}, Link(url=URL)),
        ({"image_url": URL}, Link(url=URL)),
        ({"image_url": {"url": URL, "detail": "auto"}, "type": "image_url", "index": 0}, Link(url=URL)),
        ({"imageUrl": {"url": URL}}, Link(url=URL)),
        ({"image": URL}, Link(url=URL)),
        ({"image": {"url": URL}}, Link(url=URL)),
        ({"image": {"b64_json": B64}}, Link(url=BARE)),
        ({"image": B64}, Link(url=BARE)),
        ({"b64_json": B64}, Link(url=BARE)),
        ({"b64_json": f"\n{B64}\n"}, Link(url=BARE)),
        ({"b64_json": DATA}, Link(url=DATA)),
        ({"b64_json": URL}, Link(url=URL)),
        ({"b64_json": f"image/png;base64,{B64}"}, Link(url=BARE)),
        ({"b64_json": f"base64, {B64}"}, Link(url=BARE)),
        ({"base64": B64}, Link(url=BARE)),
        ({"inline_data": {"mime_type": "image/png", "data": B64}}, Link(url=BARE)),
        ({"inlineData": {"mimeType": "image/png", "data": B64}}, Link(url=BARE)),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": B64}}, Link(url=BARE)),
        ({"type": "image", "source": {"type": "url", "url": URL}}, Link(url=URL)),
        ({"type": "image", "data": B64, "mimeType": "image/png"}, Link(url=BARE)),
        ({"b64_json": B64, "url": URL}, BOTH),
        ({"url": URL, "b64_json": B64}, BOTH),
        ({"url": URL, "b64_json": DATA}, Link(url=DATA, fallback=Link(url=URL))),
        ({"image_url": {"url": URL}, "b64_json": B64}, BOTH),
        ({"image_url": {"url": URL, "b64_json": B64}}, BOTH),
        ({"url": URL, "image_url": {"url": URL}}, Link(url=URL)),
        ({"url": URL, "image_url": OTHER}, Link(url=OTHER, fallback=Link(url=URL))),
        ({"url": "", "b64_json": B64}, Link(url=BARE)),
        ({"url": None, "b64_json": None}, None),
        ({"url": "/images/a.jpg"}, Link(url="/images/a.jpg")),
        ({"url": "images/a.jpg?x=1"}, Link(url="images/a.jpg?x=1")),
        ({"url": "https://files.example/a.png?x=1&amp;y=2&amp;amp;z"}, Link(url=f"{URL}?x=1&y=2&z")),
        ({"url": "https://files.example/a.png?x=1\\u0026y=2"}, Link(url=f"{URL}?x=1&y=2")),
        ({"url": "HTTPS://files.example/a.png"}, Link(url="HTTPS://files.example/a.png")),
        ({"url": "a fox in the snow.png"}, None),
        ({"url": "sandbox:/mnt/a.png"}, None),
        ({"url": "ftp://x.example/a.png"}, None),
        ({"url": "/" + "a" * 3000}, None),
        ({"image": {"image": {"image": {"image": URL}}}}, None),
        ({"type": "text", "text": URL}, None),
        ({"data": B64}, None),
        (7, None),
        (None, None),
    ],
)
def test_an_item_has_one_image_or_none(item: object, image: Link | None) -> None:
    assert find_image(item) == image


def test_several_addresses_in_one_item_are_several_images() -> None:
    assert find_images([{"url": [URL, OTHER], "expires_at": 1}]) == [Link(url=URL), Link(url=OTHER)]
    assert find_images([{"url": URL}, URL, OTHER]) == [Link(url=URL), Link(url=OTHER)]
    assert len(find_images([f"{URL}?{n}" for n in range(MAX_URLS + 5)])) == MAX_URLS


@pytest.mark.parametrize(
    "mark",
    [
        {"thought": True},
        {"is_draft": True},
        {"type": "reasoning.image"},
        {"type": "thinking"},
        {"extra_content": {"google": {"thought": True}}},
    ],
)
def test_a_draft_is_left_out_unless_there_is_nothing_else(mark: dict[str, object]) -> None:
    drafts = [{"url": f"{URL}?1", **mark}, {"url": f"{URL}?2", **mark}]
    assert find_images([*drafts, {"url": URL, "thought": False}]) == [Link(url=URL)]
    assert find_images(drafts) == [Link(url=f"{URL}?2")]
    assert find_images([]) == []


@pytest.mark.parametrize(
    ("url", "base", "wholes"),
    [
        (URL, "https://relay.example/v1", [URL]),
        (DATA, "https://relay.example/v1", [DATA]),
        ("/images/a.jpg", "https://relay.example", ["https://relay.example/images/a.jpg"]),
        (
            "/images/a.jpg?x=1&y",
            "https://relay.example/v1",
            ["https://relay.example/images/a.jpg?x=1&y", "https://relay.example/v1/images/a.jpg?x=1&y"],
        ),
        (
            "/images/a.jpg",
            "http://ann:secret@10.0.0.7:3000/grok/v1/",
            [
                "http://10.0.0.7:3000/images/a.jpg",
                "http://10.0.0.7:3000/grok/images/a.jpg",
                "http://10.0.0.7:3000/grok/v1/images/a.jpg",
            ],
        ),
        (
            "images/a.jpg",
            "https://relay.example/v1",
            ["https://relay.example/v1/images/a.jpg", "https://relay.example/images/a.jpg"],
        ),
        ("../a.jpg", "https://relay.example/v1", ["https://relay.example/a.jpg"]),
        ("/a:b/c.jpg", "https://relay.example", ["https://relay.example/a:b/c.jpg"]),
        ("//cdn.example/a.jpg", "https://relay.example/v1", ["https://cdn.example/a.jpg"]),
    ],
)
def test_a_relative_address_may_be_relative_to_every_part_of_the_base(url: str, base: str, wholes: list[str]) -> None:
    first, *mirrors = wholes
    assert complete_link(Link(url=url), base) == Link(url=first, mirrors=tuple(mirrors))
    assert complete_link(Link(url=URL, fallback=Link(url=url)), base).fallback == Link(
        url=first, mirrors=tuple(mirrors)
    )


WRAPPED = "\n".join(B64[at : at + 76] for at in range(0, len(B64), 76))


@pytest.mark.parametrize(
    "encoded",
    [
        B64,
        B64.rstrip("="),
        WRAPPED,
        WRAPPED + "\n",
        WRAPPED.replace("\n", "\r\n"),
        WRAPPED.replace("\n", "\\n"),
        WRAPPED.replace("\n", "  "),
        WRAPPED.replace("\n", "%0A"),
        base64.urlsafe_b64encode(PNG).decode(),
        base64.urlsafe_b64encode(PNG).decode().rstrip("="),
        B64.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
        B64.replace("+", "%2b").replace("/", "%2f").replace("=", "%3d"),
    ],
)
@pytest.mark.parametrize("header", ["data:image/png;base64,", "DATA:;Base64,", "data:image/png;charset=x;base64,"])
def test_base64_is_read_in_every_form(encoded: str, header: str) -> None:
    assert decode_data_url(header + encoded) == PNG


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png,abc",
        "data:base64,iVBO",
        "data:image/png;base64",
        "data:;base64,",
        "data:;base64,A",
        "data:;base64,é",
    ],
)
def test_what_is_no_base64_is_a_bad_result(url: str) -> None:
    with pytest.raises(BadResult):
        decode_data_url(url)


@pytest.mark.parametrize("text", ["", "words", "a:b/c.png", "/a b.png", "https", "png"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_image_url(text) is None
