"""Starting point for tests of a bot on this server: a server with Ada, her private chat and a group."""

import io
from typing import Any

import telegram
from PIL import Image
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LabeledPrice,
    Update,
)

from tests.servers.telegram import Chat, TelegramServer
from tests.support.images import plain_image


def png(size: tuple[int, int] = (40, 30), colour: str = "teal") -> bytes:
    return plain_image(colour, size=size)


def size_of(data: bytes | None) -> tuple[str | None, tuple[int, int]]:
    with Image.open(io.BytesIO(data or b"")) as picture:
        return picture.format, picture.size


def keyboard(text: str = "Cancel", data: str = "cancel") -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(text, callback_data=data)]])


class Scene:
    """A server with Ada, her private chat, and a group she and the bot are in."""

    def __init__(self, server: TelegramServer) -> None:
        self.server = server
        self.ada = server.add_user("Ada")
        self.chat = server.private(self.ada, opened=True)
        self.group = server.add_group("Painters", members=[self.ada])


async def poll_updates(bot: Bot, place: Scene) -> list[Update]:
    """What waits for the bot, confirmed."""
    updates = list(await bot.get_updates())
    if updates:
        await bot.get_updates(offset=updates[-1].update_id + 1, timeout=0)
    assert not place.server.pending
    return updates


async def one_message(bot: Bot, place: Scene) -> telegram.Message:
    (update,) = await poll_updates(bot, place)
    assert update.message is not None
    return update.message


async def invoice(bot: Bot, chat: Chat, **changed: Any) -> telegram.Message:
    """An invoice over 50 Stars, but for what is `changed`."""
    given: dict[str, Any] = {
        "title": "Pictures",
        "description": "Ten of them",
        "payload": "pack:10",
        "provider_token": "",
        "currency": "XTR",
        "prices": [LabeledPrice("Ten", 50)],
    }
    return await bot.send_invoice(chat.id, **(given | changed))
