"""A file is looked at as it is uploaded: what no request could use is refused in words, and not kept."""

import io
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from tests.flow.playground.page_client import PageServer, encode_plain, run_playground
from tests.flow.playground.test_requests import painting


def animation() -> bytes:
    kept = io.BytesIO()
    first, *others = [Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    first.save(kept, "GIF", save_all=True, append_images=others)
    return kept.getvalue()


async def test_what_no_request_could_use_is_refused_in_the_language_of_the_page(tmp_path: Path) -> None:
    files = [
        ("contract.pdf", b"%PDF-1.7 hello", "en", "not a picture"),
        ("photo.png", b"%PDF-1.7 hello", "en", "not a picture"),
        ("broken.png", encode_plain(size=(320, 240))[:90], "ru", "«broken.png»"),
        ("dance.gif", animation(), "en", "moves"),
        ("notes.txt", b"\xff\xfe\x00", "en", "“notes.txt”"),
        ("long.txt", b"a" * 100_000, "zh", "long.txt"),
    ]
    sound = [("notes.txt", b"a fox"), ("photo.png", encode_plain()), ("photo.jpg", encode_plain(kind="JPEG"))]
    async with painting(tmp_path) as world, world.served() as address, aiohttp.ClientSession() as http:

        async def upload(name: str, data: bytes, locale: str = "en") -> dict[str, object]:
            query, origin = {"name": name, "as": "jade", "locale": locale}, {"Origin": address}
            async with http.post(f"{address}/files", params=query, data=data, headers=origin) as answer:
                assert answer.status == 200
                return await answer.json()

        for name, data, locale, words in files:
            answer = await upload(name, data, locale)
            assert list(answer) == ["refusal"]
            assert words in str(answer["refusal"])
        for name, data in sound:
            assert (await upload(name, data))["name"] == name
    with closing(sqlite3.connect(tmp_path / "playground.db")) as db:
        assert [row[0] for row in db.execute("SELECT name FROM files")] == [name for name, _ in sound]


@pytest.mark.forms(1)
@pytest.mark.parametrize(("as_", "looked_for"), [("jade", "jade"), ("nobody", "amber")])
async def test_a_file_is_looked_at_for_whoever_uploads_it(tmp_path: Path, as_: str, looked_for: str) -> None:
    async with run_playground(tmp_path) as server:
        await upload_as(server, as_)
        assert server.core.checked == [(looked_for, "ru", "photo.png", "image/png")]


async def upload_as(server: PageServer, user: str) -> None:
    query, origin = {"name": "photo.png", "as": user, "locale": "ru"}, {"Origin": server.base}
    async with server.http.post(f"{server.base}/files", params=query, data=encode_plain(), headers=origin) as answer:
        assert answer.status == 200
