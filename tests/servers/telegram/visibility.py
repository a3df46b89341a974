"""Which messages reach the bot: privacy mode and membership. Pure.

Source: "Privacy mode" of Telegram's documents for bots.
"""

import re

from tests.servers.telegram.entities import Message, User

COMMAND = re.compile(r"/[A-Za-z0-9_]+(?:@([A-Za-z0-9_]+))?(?!\S)")


def bot_can_see(message: Message, bot: User) -> bool:
    """Whether a user's message becomes an update for the bot."""
    chat, sender = message.chat, message.sender
    if not chat.bot_in or (sender is not None and sender.bot):  # bots do not see bots
        return False
    if chat.kind == "channel":
        return True
    if chat.kind == "private" or not chat.privacy or chat.bot_status in ("administrator", "creator"):
        return True
    return _addresses_bot(message, bot)


def _addresses_bot(message: Message, bot: User) -> bool:
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
