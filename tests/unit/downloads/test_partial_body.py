"""What a download asks for after it broke off, and which answers it takes for the rest."""

import pytest

from bot.downloads.partial_body import PartialBody
from bot.errors import FetchTooLarge, FetchUnavailable

ETAG = {"Content-Length": "10", "ETag": '"v1"'}


def broken_off(**headers: str) -> PartialBody:
    """After five of at most ten bytes."""
    body = PartialBody(10)
    body.begin(200, {name.replace("_", "-"): value for name, value in headers.items()})
    body.add(b"01234")
    return body


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({"ETag": '"v1"'}, {"Range": "bytes=5-", "If-Range": '"v1"'}),
        ({"ETag": 'W/"v1"', "Content_Length": "10"}, {"Range": "bytes=5-"}),
        ({"ETag": 'W/"v1"', "Last_Modified": "Monday"}, {"Range": "bytes=5-", "If-Range": "Monday"}),
        ({"Content_Length": "10"}, {"Range": "bytes=5-"}),
        ({"Content_Length": "10", "Accept_Ranges": "none"}, {}),
        ({"Content_Length": "many"}, {}),
        ({}, {}),
    ],
)
def test_the_rest_is_asked_for_where_it_will_be_known_again(headers: dict[str, str], asked: dict[str, str]) -> None:
    assert broken_off(**headers).request_headers == asked


def test_nothing_is_left_out_before_anything_has_come() -> None:
    assert PartialBody(10).request_headers == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": "bytes 5-9/10", "ETag": '"v1"'},
        {"Content-Range": "Bytes 5-9/*"},
        {"Content-Range": "bytes 5-9/10", "ETag": ""},
    ],
)
def test_a_part_that_goes_on_is_taken(headers: dict[str, str]) -> None:
    body = broken_off(ETag='"v1"', Content_Length="10")
    body.begin(206, headers)
    body.add(b"56789")
    body.end()
    assert body.take() == b"0123456789"
    assert body.take() == b""  # kept no longer


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (206, {"Content-Range": "bytes 4-9/10"}),
        (206, {"Content-Range": "bytes 5-9/11"}),
        (206, {"Content-Range": "bytes 5-9/10", "ETag": '"v2"'}),
        (206, {}),
        (416, {"Content-Range": "bytes */10"}),
    ],
)
def test_a_part_of_something_else_is_not_taken_and_the_whole_asked_for(status: int, headers: dict[str, str]) -> None:
    body = broken_off(ETag='"v1"', Content_Length="10")
    with pytest.raises(FetchUnavailable):
        body.begin(status, headers)
    assert (body.take(), body.request_headers) == (b"", {})
    body.begin(200, {"Content-Length": "3"})
    body.add(b"new")
    body.end()
    assert body.take() == b"new"


def test_a_part_to_the_end_of_an_unknown_whole_says_how_much_it_is() -> None:
    body = broken_off(ETag='"v1"')
    body.begin(206, {"Content-Range": "bytes 5-9/10"})
    body.add(b"567")
    with pytest.raises(FetchUnavailable):
        body.end()


def test_more_than_the_limit_is_refused_announced_or_not() -> None:
    body = PartialBody(10)
    with pytest.raises(FetchTooLarge):
        body.begin(200, {"Content-Length": "11"})
    body.begin(200, {})
    with pytest.raises(FetchTooLarge):
        body.add(bytes(11))


@pytest.mark.parametrize("length", ["9" * 5000, "1" + "0" * 19, "٩" * 5000])
def test_a_length_of_thousands_of_digits_is_more_than_the_limit(length: str) -> None:
    with pytest.raises(FetchTooLarge):
        PartialBody(10).begin(200, {"Content-Length": length})


@pytest.mark.parametrize("part", ["bytes 5-9/{}", "bytes {}-9/10", "bytes 5-{}/10"])
def test_a_part_whose_place_has_thousands_of_digits_is_not_taken(part: str) -> None:
    with pytest.raises(FetchUnavailable):
        broken_off(ETag='"v1"', Content_Length="10").begin(206, {**ETAG, "Content-Range": part.format("9" * 5000)})


def test_what_was_not_asked_for_in_parts_is_the_whole_although_it_calls_itself_a_part() -> None:
    body = PartialBody(10)
    body.begin(206, {"Content-Length": "3"})
    body.add(b"012")
    body.end()
    assert body.take() == b"012"
    again = PartialBody(10)
    again.begin(206, {"Content-Range": "bytes 0-2/3"})
    again.add(b"012")
    again.end()
    assert again.take() == b"012"


def test_only_more_than_ever_before_is_growth() -> None:
    body = broken_off()
    assert body.has_grown()
    assert not body.has_grown()
    body.begin(200, {})
    body.add(b"0123")
    assert not body.has_grown()
    body.add(b"45")
    assert body.has_grown()
