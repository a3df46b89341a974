"""Which messages the bot gets to see: privacy mode, membership. Pure. Source: "Privacy mode" of Telegram's
documents for bots."""

import re

from tests.servers.telegram.entities import Message, User

COMMAND = re.compile(r"/[A-Za-z0-9_]+(?:@([A-Za-z0-9_]+))?(?!\S)")


def sees(message: Message, bot: User) -> bool:
    """Whether a message of somebody reaches the bot as an update."""
    chat, sender = message.chat, message.sender
    if not chat.bot_in or (sender is not None and sender.bot):  # bots do not see bots
        return False
    if chat.kind == "channel":
        return True
    if chat.kind == "private" or not chat.privacy or chat.bot_status in ("administrator", "creator"):
        return True
    return _meant(message, bot)


def _meant(message: Message, bot: User) -> bool:
    """Service messages, messages via the bot, replies to its messages, commands. A mention is not enough."""
    if message.content.service is not None or message.via_bot is bot:
        return True
    if message.reply_to is not None and bot in (message.reply_to.sender, message.reply_to.via_bot):
        return True
    found = COMMAND.match(message.content.text)
    if found is None:
        return False
    if found[1] is not None:
        return found[1].lower() == (bot.username or "").lower()
    return message.chat.last_bot is bot  # a bare command goes to the bot that spoke last
