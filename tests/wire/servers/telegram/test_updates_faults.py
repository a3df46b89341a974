"""The test Telegram server with the real python-telegram-bot: planned faults, held calls and downtime."""

import asyncio

import pytest
import telegram
from telegram import (
    Bot,
)
from telegram.error import (
    NetworkError,
    RetryAfter,
    TimedOut,
)

from tests.servers.telegram.real_bot import make_bot, polling_application
from tests.servers.telegram.scenes import Scene, one_message, png


async def test_planned_faults(place: Scene, bot: Bot, whole_seconds: None) -> None:
    server, chat = place.server, place.chat
    server.faults.fail("sendMessage")
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(chat.id, "1")
    server.faults.garble("sendMessage")
    with pytest.raises(telegram.error.TelegramError, match="Invalid server response"):
        await bot.send_message(chat.id, "2")
    server.faults.limit("sendMessage", retry_after=7)
    with pytest.raises(RetryAfter):
        await bot.send_message(chat.id, "3")
    server.faults.drop("sendMessage")
    with pytest.raises(NetworkError):
        await bot.send_message(chat.id, "4")
    assert not chat.visible_messages
    server.faults.drop("sendMessage", when="after")
    with pytest.raises(NetworkError):
        await bot.send_message(chat.id, "5")
    server.faults.fail("sendMessage", when="after", status=504)
    with pytest.raises(NetworkError):
        await bot.send_message(chat.id, "6")
    assert [message.text for message in chat.visible_messages] == ["5", "6"], "carried out though nobody heard of it"
    server.faults.delay("sendMessage", 0.01)
    await bot.send_message(chat.id, "7")
    assert [call.status for call in server.calls("sendMessage")] == [502, 200, 429, 0, 0, 504, 200]


async def test_a_call_can_be_held_and_still_be_carried_out_when_nobody_waits(place: Scene, bot: Bot) -> None:
    gate = place.server.faults.hold("sendMessage")
    with pytest.raises(TimedOut):
        await bot.send_message(place.chat.id, "slow", read_timeout=0.05)
    assert gate.arrived.is_set()
    assert not place.chat.visible_messages
    gate.open()
    await place.server.until(lambda: place.chat.visible_messages)
    shown = place.server.faults.hold("sendMessage", when="after")
    sending = asyncio.create_task(bot.send_message(place.chat.id, "seen before it is answered"))
    await shown.arrived.wait()
    assert len(place.chat.visible_messages) == 2
    assert not sending.done()
    shown.open()
    await sending


async def test_downloads_can_fail_too(place: Scene, bot: Bot) -> None:
    place.server.photo(place.ada, place.chat, png())
    file = await bot.get_file((await one_message(bot, place)).photo[-1])
    place.server.faults.fail("file", status=500)
    with pytest.raises(NetworkError):
        await file.download_as_bytearray()
    place.server.faults.drop("file")
    with pytest.raises(NetworkError):
        await file.download_as_bytearray()
    assert await file.download_as_bytearray()


async def test_the_server_goes_down_and_comes_back_on_its_port(place: Scene) -> None:
    server = place.server
    async with polling_application(server) as heard, make_bot(server) as bot:
        await server.until(lambda: server.core.updates.polled)
        address = server.api_base
        await server.down()
        with pytest.raises(NetworkError):
            await bot.send_message(place.chat.id, "x")
        server.say(place.ada, place.chat, "are you there?")
        await server.up()
        assert server.api_base == address
        await server.until(lambda: heard.updates)
        assert heard.errors
        await bot.send_message(place.chat.id, "here again")
