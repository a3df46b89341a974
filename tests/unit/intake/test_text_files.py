"""Text files in place of a prompt: which they are, and what they say."""

import pytest

from bot.chat import Attachment
from bot.errors import TextFileUnreadable
from bot.intake.text_files import decode_text_file, is_text_file, max_bytes
from tests.support.images import png


@pytest.mark.parametrize(
    ("media_type", "filename", "expected"),
    [
        ("text/plain; charset=utf-8", "message.txt", True),
        ("text/plain", None, True),
        ("TEXT/Markdown", "prompt.md", True),
        ("", "prompt.TXT", True),
        ("application/octet-stream", "prompt.md", True),
        ("application/octet-stream", None, False),
        ("", "fox.png", False),
        ("text/html", "page.txt", False),
        ("image/png", "fox.txt", False),
    ],
)
def test_a_text_file_is_known_by_its_type_or_name(media_type: str, filename: str | None, expected: bool) -> None:
    assert is_text_file(Attachment(ref="a", media_type=media_type, filename=filename)) is expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_in_what_editors_write(encoding: str) -> None:
    assert decode_text_file("\n лиса 狐狸 🦊 \r\n".encode(encoding), "a.txt") == "лиса 狐狸 🦊"


def test_utf_16_may_begin_with_either_byte() -> None:
    assert decode_text_file(b"\xfe\xff" + "лиса".encode("utf-16-be"), "a.txt") == "лиса"


@pytest.mark.parametrize("data", ["лиса".encode("cp1251"), b"MZ\x00\x01 program", png(), b"\xff\xfea", b"\x00f\x00o"])
def test_what_is_no_text_is_refused_by_its_name(data: bytes) -> None:
    with pytest.raises(TextFileUnreadable) as caught:
        decode_text_file(data, "a.txt")
    assert caught.value.facts == {"name": "a.txt"}


def test_the_largest_file_holds_a_prompt_of_the_widest_characters_and_its_options() -> None:
    assert max_bytes(4000) >= len(("🦊" * 4000).encode()) + 1000
