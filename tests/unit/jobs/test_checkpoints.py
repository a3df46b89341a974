"""Links on their way to a checkpoint and back."""

import json

import pytest

from bot.jobs.checkpoints import decode_link, encode_link
from bot.painting import Link

URL = "https://x.example/a.png"


@pytest.mark.parametrize(
    "link",
    [
        Link(url=URL),
        Link(url=URL, mirrors=(f"{URL}?1", f"{URL}?2")),
        Link(url=URL, fallback=Link(url=f"{URL}?small", fallback=Link(url=f"{URL}?smaller"))),
    ],
)
def test_a_link_comes_back_as_it_was(link: Link) -> None:
    assert decode_link(json.loads(json.dumps(encode_link(link)))) == link


def test_a_link_alone_is_its_address() -> None:
    assert encode_link(Link(url=URL)) == {"link": URL}
