"""Whose requests the server of a page takes: its own page's, under its public address or on this computer."""

import pytest

from adapters.page_origins import may_change, may_read

PUBLIC = "https://easel.example/bot"


@pytest.mark.parametrize(
    ("host", "origin", "site", "public_url", "allowed"),
    [
        ("easel.example", "https://easel.example", "same-origin", PUBLIC, True),
        ("127.0.0.1:8080", "https://easel.example", None, PUBLIC, True),  # behind a proxy
        ("easel.example", "https://EASEL.example", None, PUBLIC, True),
        ("easel.example", "http://easel.example", None, PUBLIC, False),
        ("easel.example", "https://evil.example", "cross-site", PUBLIC, False),
        ("easel.example", "https://evil.example", None, PUBLIC, False),
        ("easel.example", "null", None, PUBLIC, False),
        ("easel.example", "https://easel.example", "cross-site", PUBLIC, False),
        ("127.0.0.1:8080", "http://127.0.0.1:8080", "same-origin", None, True),
        ("localhost:8080", "http://localhost:8080", None, PUBLIC, True),
        ("[::1]:8080", "http://[::1]:8080", None, None, True),
        ("127.0.0.1:8080", "http://127.0.0.1:9999", None, None, False),
        ("evil.example", "http://evil.example", None, None, False),  # DNS rebinding
        ("localhost", "http://localhost", None, None, True),
    ],
)
def test_the_page_alone_may_paint(
    host: str, origin: str, site: str | None, public_url: str | None, allowed: bool
) -> None:
    headers = {"Host": host, "Origin": origin} | ({} if site is None else {"Sec-Fetch-Site": site})
    assert may_change(headers, public_url) is allowed
    assert may_read(headers, public_url) is allowed


def test_what_is_only_read_needs_no_origin() -> None:
    assert may_read({"Host": "easel.example"}, PUBLIC)
    assert may_read({"Host": "easel.example", "Sec-Fetch-Site": "same-origin"}, PUBLIC)
    assert not may_read({"Host": "easel.example", "Sec-Fetch-Site": "cross-site"}, PUBLIC)
    assert not may_change({"Host": "easel.example"}, PUBLIC)
