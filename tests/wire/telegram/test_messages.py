"""What members write in Telegram, and what comes of it: private chats, groups, replies, albums, files."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.wire.house import png, sizes
from tests.wire.telegram.easel import Town, town


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[Town]:
    async with town(tmp_path) as made:
        yield made


async def test_plain_text_in_private_becomes_a_picture_in_one_message(place: Town) -> None:
    async with place.easel():
        request = place.server.say(place.ada, place.private, "a lighthouse")
        picture = await place.picture()
        assert len(place.mine()) == 1
        assert picture.reply_to is request
        assert picture.photo is not None
        assert "a lighthouse" in picture.caption
        assert [label for label, _ in picture.buttons] == ["Retry", "Vary", "Edit"]
        assert await place.left() == 49


async def test_a_photo_with_a_caption_is_edited(place: Town) -> None:
    async with place.easel():
        place.server.photo(place.ada, place.private, png(size=(200, 100)), caption="make it anime")
        await place.picture()
        assert sizes(place.sandbox) == [(200, 100)]
        assert place.sandbox.requests[-1].prompt.startswith("make it anime")
