"""Forwards that a comment follows: Discord's clients send what is forwarded first, and the comment as a message of its
own, which names the forward in no way. In a channel only the comment can mention the bot, and without the intent the
forward is empty.
"""

from datetime import timedelta

import discord
from cachetools import LRUCache

from adapters.discord.media import decode_files, is_empty

MAX_FORWARDS = 500  # remembered
COMMENT_SPAN = timedelta(seconds=3)  # from a forward to its comment: a client sends both at once


class RecentForwards:
    """The last forward of each user in each channel, if Discord shows pictures in it to the bot, or nothing at all."""

    def __init__(self) -> None:
        self._forwards: LRUCache[tuple[int, int], discord.Message] = LRUCache(MAX_FORWARDS)

    def note(self, message: discord.Message) -> None:
        """Remembers a message of a user if it forwards pictures, or what is hidden; forgets an earlier one."""
        key = message.channel.id, message.author.id
        self._forwards.pop(key, None)
        reference = message.reference
        is_forward = reference is not None and reference.type is discord.MessageReferenceType.forward
        if is_forward and (decode_files(message) or is_empty(message)):
            self._forwards[key] = message

    def commented(self, message: discord.Message) -> discord.Message | None:
        """The forward that a message without pictures and reply is the comment on; None: it is none."""
        forward = self._forwards.get((message.channel.id, message.author.id))
        if forward is None or message.reference is not None or message.attachments or message.id <= forward.id:
            return None
        return forward if message.created_at - forward.created_at <= COMMENT_SPAN else None
