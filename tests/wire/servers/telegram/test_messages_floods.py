"""The test Telegram server with the real python-telegram-bot: flood limits of chats and of the whole bot."""

from datetime import timedelta

import pytest
from telegram import (
    InputMediaPhoto,
)
from telegram.error import (
    RetryAfter,
)

from tests.servers.telegram import Limits, Rate, TelegramServer
from tests.servers.telegram.real_bot import make_bot
from tests.servers.telegram.scenes import png
from tests.support.clocks import FakeClock

TEN = timedelta(seconds=10)


async def test_sends_and_edits_of_a_private_chat_draw_on_one_window(whole_seconds: None) -> None:
    limits = Limits(private=Rate(slots=2, period=10.0))
    async with TelegramServer(limits=limits, time=FakeClock().monotonic) as server, make_bot(server) as bot:
        chat = server.private(server.add_user("Ada"), opened=True)
        sent = await bot.send_message(chat.id, "one")
        await bot.edit_message_text("two", chat_id=chat.id, message_id=sent.message_id)
        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(chat.id, "three")
        assert refused.value.retry_after == TEN
        (request,) = [request for request in server.requests if request.status == 429]
        assert (request.method, request.error) == ("sendMessage", "Too Many Requests: retry after 10")
        assert [(one.method, one.chat_id, one.retry_after) for one in server.refusals] == [("sendMessage", chat.id, 10)]
        await bot.send_chat_action(chat.id, "typing")
        await bot.set_message_reaction(chat.id, sent.message_id, "👍")
        server.advance_clocks(10)
        await bot.send_message(chat.id, "three")


async def test_a_group_has_twenty_a_minute_and_albums_count_by_their_items(whole_seconds: None) -> None:
    clock = FakeClock()
    limits = Limits(burst=None)
    async with TelegramServer(now=clock.now, time=clock.monotonic, limits=limits) as server, make_bot(server) as bot:
        group = server.add_group("Painters")
        sent = [await bot.send_message(group.id, str(number)) for number in range(9)]
        await bot.send_media_group(group.id, [InputMediaPhoto(png((9, 9)))] * 10)
        await clock.advance(12)
        await bot.edit_message_text("changed", chat_id=group.id, message_id=sent[0].message_id)
        with pytest.raises(RetryAfter) as refused:
            await bot.edit_message_text("again", chat_id=group.id, message_id=sent[0].message_id)
        assert refused.value.retry_after == timedelta(seconds=48)
        other = server.add_group("Others")
        await bot.send_message(other.id, "another group has its own")
        await clock.advance(48)
        await bot.edit_message_text("again", chat_id=group.id, message_id=sent[0].message_id)


async def test_a_group_has_bursts_of_five_besides(whole_seconds: None) -> None:
    clock = FakeClock()
    async with TelegramServer(now=clock.now, time=clock.monotonic) as server, make_bot(server) as bot:
        group = server.add_group("Painters")
        for number in range(5):
            await bot.send_message(group.id, str(number))
        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(group.id, "6")
        assert refused.value.retry_after == timedelta(seconds=5)
        await clock.advance(5)
        await bot.send_media_group(group.id, [InputMediaPhoto(png((9, 9)))] * 5)
        with pytest.raises(RetryAfter):
            await bot.send_message(group.id, "7")


async def test_the_whole_bot_has_thirty_a_second_and_a_refused_chat_may_stay_shut(whole_seconds: None) -> None:
    async with TelegramServer(limits=Limits(penalty=5.0), time=lambda: 0.0) as server, make_bot(server) as bot:
        users = [server.add_user(f"Reader {number}") for number in range(31)]
        for user in users[:30]:
            await bot.send_message(server.private(user, opened=True).id, "news")
        last = server.private(users[30], opened=True)
        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(last.id, "news")
        assert refused.value.retry_after == timedelta(seconds=6)
        server.advance_clocks(3)
        with pytest.raises(RetryAfter):
            await bot.send_message(last.id, "news")
        server.advance_clocks(3)
        await bot.send_message(last.id, "news")
