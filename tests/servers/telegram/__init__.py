"""Telegram's Bot API as a protocol server on loopback. The real python-telegram-bot runs against it.

    async with TelegramServer() as server:
        ada = server.add_user("Ada")
        chat = server.private(ada)
        # start the bot: token server.token, base_url f"{server.api_base}/bot",
        # base_file_url f"{server.api_base}/file/bot"
        server.say(ada, chat, "hello")
        await server.until(lambda: chat.last.sender is server.bot)

It speaks for itself alone: nothing of Easel is imported here.
"""

from tests.servers.telegram.attachment_actions import AlbumItem
from tests.servers.telegram.core import Action, RejectedCall, Request, Switches
from tests.servers.telegram.entities import Chat, Content, Media, Message, Stored, Topic, Upload, User
from tests.servers.telegram.faults import Gate
from tests.servers.telegram.limits import UNLIMITED, Limits, Rate
from tests.servers.telegram.queries import Answer, CallbackQuery, GuestQuery, InlineQuery, Payment
from tests.servers.telegram.server import TelegramServer, ViolationsError
from tests.servers.telegram.updates import Update

__all__ = [
    "UNLIMITED",
    "Action",
    "AlbumItem",
    "Answer",
    "CallbackQuery",
    "Chat",
    "Content",
    "Gate",
    "GuestQuery",
    "InlineQuery",
    "Limits",
    "Media",
    "Message",
    "Payment",
    "Rate",
    "RejectedCall",
    "Request",
    "Stored",
    "Switches",
    "TelegramServer",
    "Topic",
    "Update",
    "Upload",
    "User",
    "ViolationsError",
]
