"""The test Telegram server with the real python-telegram-bot: file downloads, their links and size limits."""

from pathlib import Path

import aiohttp
import pytest
from telegram import (
    Bot,
)
from telegram.error import (
    BadRequest,
)

from tests.servers.telegram import TelegramServer
from tests.servers.telegram.real_bot import make_bot
from tests.servers.telegram.scenes import Scene, one_message, png, size_of


async def test_files_are_fetched_up_to_twenty_megabytes(place: Scene, bot: Bot) -> None:
    server = place.server
    photo = server.photo(place.ada, place.chat, png((900, 600)))
    message = await one_message(bot, place)
    sizes = [await (await bot.get_file(size)).download_as_bytearray() for size in message.photo]
    assert [size_of(bytes(size))[1] for size in sizes] == [(90, 60), (320, 213), (800, 533), (900, 600)]
    assert bytes(sizes[-1]) == photo.photo
    server.document(place.ada, place.chat, size=(20 << 20) + 1, filename="big.psd")
    big = await one_message(bot, place)
    assert big.document is not None
    assert big.document.file_size == (20 << 20) + 1
    with pytest.raises(BadRequest, match="File is too big"):
        await bot.get_file(big.document.file_id)
    with pytest.raises(BadRequest, match="Invalid file_id"):
        await bot.get_file("nonsense")
    async with aiohttp.ClientSession() as session:
        for path, status in ((f"bot{server.token}/photos/none.jpg", 404), ("bot1:no/photos/file_1.jpg", 401)):
            async with session.get(f"{server.api_base}/file/{path}") as response:
                assert response.status == status


async def test_a_link_is_given_by_get_file_and_lives_an_hour(place: Scene, bot: Bot) -> None:
    server = place.server
    message = server.photo(place.ada, place.chat, png())
    assert message.media is not None
    address = f"{server.api_base}/file/bot{server.token}/{message.media.file.path}"
    statuses: list[int] = []
    async with aiohttp.ClientSession() as session:
        for step in ("nothing", "ask", "wait", "ask"):
            if step == "ask":
                await bot.get_file(message.media.file.file_id)
            elif step == "wait":
                server.advance_clocks(3601)
            async with session.get(address) as response:
                statuses.append(response.status)
    assert statuses == [404, 200, 404, 200]


async def test_a_server_of_ones_own_has_files_on_disk_and_no_limits(tmp_path: Path) -> None:
    async with TelegramServer(local=True) as server, make_bot(server, local=True) as bot:
        ada = server.add_user("Ada")
        chat = server.private(ada)
        server.document(ada, chat, size=25_000_000, filename="big.psd")
        (update,) = await bot.get_updates()
        assert update.message is not None
        assert update.message.document is not None
        file = await bot.get_file(update.message.document.file_id)
        assert file.file_path is not None
        assert file.file_path.startswith("/")
        assert len(await file.download_as_bytearray()) == 25_000_000
        mine = tmp_path / "mine.png"
        mine.write_bytes(png())
        await bot.send_document(chat.id, mine)
        assert chat.last.document is not None
        assert (chat.last.document.filename, chat.last.document.data) == ("mine.png", png())
