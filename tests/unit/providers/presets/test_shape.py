"""Addresses made of a base address and a path."""

import pytest

from bot.providers.presets import join_url
from bot.providers.presets.wires import RequestWire


@pytest.mark.parametrize(
    ("base", "path", "address"),
    [
        ("https://toapis.com", "/v1/images/generations", "https://toapis.com/v1/images/generations"),
        ("https://toapis.com/v1", "/v1/images/generations", "https://toapis.com/v1/images/generations"),
        ("https://toapis.com/v1/", "/v1/images/generations", "https://toapis.com/v1/images/generations"),
        (
            "https://toapis.com/v1/images/generations",
            "/v1/images/generations",
            "https://toapis.com/v1/images/generations",
        ),
        ("https://relay.example/api/v1", "/api/v1/x", "https://relay.example/api/v1/x"),
        ("https://relay.example/v1", "/v2/x", "https://relay.example/v1/v2/x"),
        ("https://images", "/images/x", "https://images/images/x"),
    ],
)
def test_segments_that_overlap_are_written_once(base: str, path: str, address: str) -> None:
    assert join_url(base, path) == address


def test_a_wire_without_requests_has_no_paths():
    assert RequestWire().request_paths == ()
