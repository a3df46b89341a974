"""Files in the playground: what they are, how large they may be, how long they stay."""

import io
import re
from collections.abc import AsyncIterator

import PIL.Image
import pytest

from adapters.playground.protocol import FILE_BYTES
from bot.chat import Attachment
from bot.errors import PictureGone, PictureTooLarge
from tests.flow.playground.page_client import PageServer, encode_plain
from tests.support.images import encode_image, png


async def test_an_uploaded_picture_is_known_for_what_it_is(server: PageServer) -> None:
    file = await server.upload_file(encode_plain("teal", "JPEG"), "Übung.png")
    assert (file["media_type"], file["width"], file["height"]) == ("image/jpeg", 40, 30)
    assert (file["name"], file["size"]) == ("Übung.png", len(encode_plain("teal", "JPEG")))
    async with server.http.get(f"{server.base}/files/{file['id']}") as answer:
        assert answer.content_type == "image/jpeg"
        assert answer.headers["Content-Disposition"].startswith("inline")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert "immutable" in answer.headers["Cache-Control"]
        assert await answer.read() == encode_plain("teal", "JPEG")


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    "data",
    [
        b"<!doctype html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
        b"%PDF-1.7",
        b"",
    ],
)
async def test_what_is_no_picture_is_saved_and_never_opened_whatever_its_name(server: PageServer, data: bytes) -> None:
    file = await server.upload_file(data, "fox.png")
    assert (file["media_type"], file["width"]) == ("application/octet-stream", None)
    async with server.http.get(f"{server.base}/files/{file['id']}") as answer:
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''fox.png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert await answer.read() == data


async def test_the_bot_fetches_what_members_attached_within_its_limit(server: PageServer) -> None:
    file = await server.upload_file(encode_plain())
    async with server.connect() as page:
        id_ = await page.send_message("", files=[file["id"]])
        attachment = (await server.core.wait_for_message()).attachments[0]
        assert (attachment.media_type, attachment.filename, attachment.size) == ("image/png", "photo.png", file["size"])
        assert await server.playground.fetch(attachment, limit=1_000_000) == encode_plain()
        with pytest.raises(PictureTooLarge) as raised:
            await server.playground.fetch(attachment, limit=10)
        assert raised.value.facts["name"] == "photo.png"
        await page.send_frame("delete", chat="studio", message=id_)
        await page.receive_frame("deleted")
        with pytest.raises(PictureGone):
            await server.playground.fetch(attachment, limit=1_000_000)
        async with server.http.get(f"{server.base}/files/{file['id']}") as answer:
            assert answer.status == 404


async def test_a_file_shown_twice_outlives_one_of_its_messages(server: PageServer) -> None:
    file = await server.upload_file(encode_plain())
    async with server.connect() as page:
        first = await page.send_message("one", files=[file["id"]])
        await page.send_message("two", files=[file["id"]])
        await page.send_frame("delete", chat="studio", message=first)
        await page.receive_frame("deleted")
    assert (
        await server.playground.fetch(Attachment(ref=file["id"], media_type="image/png"), limit=9999) == encode_plain()
    )


@pytest.mark.forms(1)
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_file_beyond_the_limit_is_refused_in_words(server: PageServer, chunked: bool) -> None:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(FILE_BYTES // 1_048_576 + 1):
            yield b"\0" * 1_048_576

    data = drip() if chunked else io.BytesIO(b"\0" * (FILE_BYTES + 1))
    headers = {"Origin": server.base, "Accept-Language": "ru-RU,ru;q=0.9"}
    async with server.http.post(f"{server.base}/files?name=huge.png", data=data, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (413, "text/plain")
        assert "huge.png" in await answer.text()
        assert "25 MB" in await answer.text()


async def test_a_file_of_exactly_the_limit_is_taken(server: PageServer) -> None:
    assert (await server.upload_file(b"\0" * FILE_BYTES, "big.bin"))["size"] == FILE_BYTES


async def test_missing_things_are_answered_with_404(server: PageServer) -> None:
    for path in (
        "/files/none",
        f"/files/{'0' * 32}",
        "/previews/none",
        f"/thumbnails/640/{'0' * 32}",
        f"/thumbnails/481/{'0' * 32}",
        f"/thumbnails/{'9' * 5000}/{'0' * 32}",  # more digits than Python makes a number of
        "/static/none.js",
        "/static/none",
    ):
        async with server.http.get(server.base + path) as answer:
            assert answer.status == 404, path


async def test_the_page_runs_its_own_code_alone(server: PageServer) -> None:
    async with server.http.get(f"{server.base}/") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["connect-src"] == "'self'"
    assert (rules["frame-ancestors"], rules["base-uri"]) == ("'none'", "'none'")
    assert re.fullmatch(r"'sha256-\S+' 'sha256-\S+'", rules["script-src"])
    assert re.fullmatch(r"'sha256-\S+'", rules["style-src"])


async def test_a_browser_gets_the_page_small_and_once(server: PageServer) -> None:
    headers = {"Accept-Encoding": "gzip"}
    async with server.http.get(f"{server.base}/", headers=headers) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) < 60_000
        page, tag = await answer.text(), answer.headers["ETag"]
    async with server.http.get(f"{server.base}/", headers={"Accept-Encoding": "identity"}) as answer:
        assert "Content-Encoding" not in answer.headers
        assert await answer.text() == page
    async with server.http.get(f"{server.base}/", headers=headers | {"If-None-Match": tag}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")


async def test_a_large_picture_has_thumbnails(server: PageServer) -> None:
    photo = encode_image(PIL.Image.effect_noise((1200, 800), 60).convert("RGB"), "PNG")
    file = await server.upload_file(photo, "photo.png")
    for edge in (640, 960):
        async with server.http.get(f"{server.base}/thumbnails/{edge}/{file['id']}") as answer:
            assert answer.content_type == "image/jpeg"
            assert "immutable" in answer.headers["Cache-Control"]
            thumbnail = PIL.Image.open(io.BytesIO(await answer.read()))
        assert thumbnail.size == (edge, round(edge * 2 / 3))


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    "data", [encode_plain("teal", "JPEG"), png("teal", (2000, 1000)), b"\x89PNG\r\n\x1a\n no picture"]
)
async def test_what_is_small_or_no_picture_is_its_own_thumbnail(server: PageServer, data: bytes) -> None:
    file = await server.upload_file(data, "small.png")
    async with server.http.get(f"{server.base}/thumbnails/640/{file['id']}") as answer:
        assert await answer.read() == data
