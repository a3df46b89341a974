"""Downloads that break off in the middle: continued where the server can do that, else begun again, never mixed."""

import pytest

from bot.downloads.fetcher import Fetcher
from bot.errors import FetchTooLarge, FetchUnavailable
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.wire.downloads.serving import (
    LIMIT,
    PICTURE,
    Naps,
    Store,
    get,
    half,
    part,
    reply,
    rest,
    targets,
    url_of,
    whole,
)

OTHER = bytes(reversed(PICTURE))


async def test_a_body_that_breaks_off_is_continued_where_it_ended():
    async with scripted_upstream(Store(half, rest)) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        assert await get(fetcher, url_of(server)) == PICTURE
        first, second = server.calls
    assert "range" not in first.headers
    assert second.headers["range"] == f"bytes={len(PICTURE) // 2}-"
    assert second.headers["if-range"] == '"v1"'


async def test_a_body_may_break_off_many_times_while_it_grows():
    async def handler(call: Call) -> None:
        if "range" not in call.headers:
            await call.send(reply(PICTURE, Last_Modified="Sat, 14 Mar 2026 12:00:00 GMT")[: 2_000 - len(PICTURE)])
            return
        start = int(call.headers["range"][6:-1])
        await call.send(part(call, len(PICTURE))[: -max(len(PICTURE) - start - 2_000, 0) or None])

    naps = Naps()
    async with scripted_upstream(handler) as server, Fetcher([server.host], sleep=naps) as fetcher:
        assert await get(fetcher, url_of(server)) == PICTURE
        assert server.calls[1].headers["if-range"] == "Sat, 14 Mar 2026 12:00:00 GMT"
    assert len(naps.taken) > 10
    assert set(naps.taken) == {0.5}


async def test_parts_shorter_than_asked_for_are_put_together():
    def next_thousand(call: Call) -> bytes:
        start = int(call.headers["range"][6:-1])
        return part(call, min(start + 5_000, len(PICTURE)))

    async with scripted_upstream(Store(half, next_thousand)) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        assert await get(fetcher, url_of(server)) == PICTURE


async def test_a_whole_body_after_a_broken_one_replaces_it():
    def another(call: Call) -> bytes:
        return reply(OTHER, ETag='"v2"')

    async with scripted_upstream(Store(half, another)) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        assert await get(fetcher, url_of(server)) == OTHER


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Range": f"bytes 0-99/{len(PICTURE)}"},
        {"Content_Range": f"bytes {len(PICTURE) // 2}-{len(PICTURE) - 1}/{len(PICTURE) + 1}"},
        {"Content_Range": "items 1-2"},
        {"ETag": '"v2"'},
    ],
)
async def test_a_part_that_does_not_fit_is_not_taken(headers: dict[str, str]):
    def wrong(call: Call) -> bytes:
        return part(call, len(PICTURE), **headers)

    async with scripted_upstream(Store(half, wrong, whole)) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        assert await get(fetcher, url_of(server)) == PICTURE
        assert "range" not in server.calls[2].headers


async def test_a_range_that_is_refused_is_not_asked_for_again():
    def refused(call: Call) -> bytes:
        return reply(status="416 Range Not Satisfiable")

    async with (
        scripted_upstream(Store(half, refused, whole)) as server,
        Fetcher([server.host], sleep=Naps()) as fetcher,
    ):
        assert await get(fetcher, url_of(server)) == PICTURE
        assert ["range" in call.headers for call in server.calls] == [False, True, False]


async def test_a_body_that_always_breaks_off_at_the_same_place_fails_soon():
    async with scripted_upstream(Store(half)) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        with pytest.raises(FetchUnavailable):
            await get(fetcher, url_of(server))
        assert len(targets(server)) == 4


async def test_the_limit_holds_for_all_parts_together():
    def grown(call: Call) -> bytes:
        start = int(call.headers["range"][6:-1])
        head = f"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{9 * LIMIT}/*\r\n\r\n"
        return head.encode() + bytes(LIMIT)

    async with scripted_upstream(Store(half, grown)) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        with pytest.raises(FetchTooLarge):
            await get(fetcher, url_of(server))


async def test_a_redirect_is_followed_again_for_the_rest():
    async def handler(call: Call) -> None:
        if call.target == "/moved":
            await call.send(reply(status="302 Found", Location="/picture"))
        else:
            await call.send(rest(call) if "range" in call.headers else half(call))

    async with scripted_upstream(handler) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        assert await get(fetcher, url_of(server, "/moved")) == PICTURE
        assert targets(server) == ["/moved", "/picture"] * 2


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "410 Gone", "503 Busy"])
async def test_what_may_be_there_later_is_said_to_be_unavailable(status: str):
    async def handler(call: Call) -> None:
        await call.send(reply(status=status))

    async with scripted_upstream(handler) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        with pytest.raises(FetchUnavailable):
            await get(fetcher, url_of(server))
