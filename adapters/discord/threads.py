"""What a thread is about: the message that it was started on, or a forum post's first one.

Silent where Discord does not show it: a thread without one, missing rights, content that is hidden from the bot.
"""

from typing import Any

import discord
import structlog

from adapters.discord.files import Files
from adapters.discord.media import decode_files, make_attachment
from adapters.discord.message_reader import MessageReader
from bot.chat import Attachment
from bot.errors.machine import is_machine_failure
from bot.intake.deixis import refers_to_picture

log = structlog.get_logger()


class ThreadStarters:
    """Reads the first messages of threads, whose ids are those of their threads."""

    def __init__(self, client: discord.Client, files: Files, reader: MessageReader) -> None:
        self._client = client
        self._files = files
        self._reader = reader

    async def pictures(self, channel: Any, text: str) -> tuple[Attachment, ...]:
        """The pictures that a request without others is about; none outside of a thread, and where `text` asks for
        something new. `channel`: any of the library's kinds."""
        if not isinstance(channel, discord.Thread) or not refers_to_picture(text):
            return ()
        starter = await self._read(channel)
        if starter is None:
            return ()
        found = decode_files(starter)
        for ref, file in found:
            self._files.remember_url(str(ref), file.url)
        return tuple(make_attachment(file, ref) for ref, file in found)

    async def _read(self, thread: discord.Thread) -> discord.Message | None:
        in_thread = thread.parent is None or isinstance(thread.parent, discord.ForumChannel)
        place = thread if in_thread else self._client.get_partial_messageable(thread.parent_id)
        try:
            return await self._reader.fetch(place, thread.id)
        except (discord.DiscordException, OSError) as failed:
            if is_machine_failure(failed):
                raise
            log.info("first message of a thread not read", thread=thread.id, failure=type(failed).__name__)
            return None
