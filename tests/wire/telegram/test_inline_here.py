"""Inline mode in chats that the bot is in, where it also sees the message that was chosen: painted and charged once."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.servers.telegram import Chat, Message
from tests.support.world import reference_sizes
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import Edge, edge, wired
from tests.wire.telegram.inline_chats import chosen, finished, queried


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Edge]:
    async with edge(tmp_path, members=["Bo"], http_webhooks=True) as made:
        yield made


def chat_of(place: TelegramWorld, where: str) -> Chat:
    """The bot's private chat, or a group where it sees what is meant for it (`group`) or everything (`open`)."""
    if where == "open":
        place.server.promote(place.group)
    return place.private if where == "private" else place.group


async def chosen_here(place: TelegramWorld, chat: Chat, *, message_first: bool = False) -> Message:
    query = await queried(place, "a red fox")
    return place.server.choose_result(place.ada, query, "paint", chat=chat, message_first=message_first)


@pytest.mark.forms(1)
@pytest.mark.parametrize("where", ["private", "group", "open"])
@pytest.mark.parametrize("message_first", [False, True])
async def test_a_result_chosen_where_the_bot_is_is_painted_once(
    place: TelegramWorld, storage: Chat, where: str, message_first: bool
) -> None:
    chat = chat_of(place, where)
    async with place.easel(storage_chat=storage.id):
        message = await chosen_here(place, chat, message_first=message_first)
        await finished(place, message)
        await place.wait_until_heard()
        await place.wait_until_settled()
        assert place.bot_messages(chat) == []
        assert len(place.sandbox.requests) == 1
        assert await place.available_credits() == 49


async def test_it_is_painted_once_behind_a_webhook(place: TelegramWorld, storage: Chat) -> None:
    async with wired(place, mode="webhook", storage_chat=storage.id):
        await place.until(lambda: place.server.webhook.url)
        message = await chosen_here(place, place.private, message_first=True)
        await finished(place, message)
        await place.wait_until_heard()
        assert place.bot_messages() == []
        assert await place.available_credits() == 49


async def test_it_is_painted_once_when_the_message_is_seen_after_a_restart(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
        query = await queried(place, "a blue boat")
    here = place.server.choose_result(place.ada, query, "paint", chat=place.private)
    async with place.easel(storage_chat=storage.id):
        await finished(place, here)
        await place.wait_until_heard()
        assert place.bot_messages() == []
        assert await place.available_credits() == 48


@pytest.mark.forms(1)
@pytest.mark.parametrize("where", ["private", "group"])
async def test_a_reply_to_it_changes_the_picture(place: TelegramWorld, storage: Chat, where: str) -> None:
    chat = chat_of(place, where)
    async with place.easel(storage_chat=storage.id):
        message = await chosen_here(place, chat)
        await finished(place, message)
        request = place.server.say(place.ada, chat, "make it night", reply_to=message)
        await place.wait_for_picture(chat, after=request)
        assert len(reference_sizes(place.sandbox)) == 1
        assert await place.available_credits() == 48
