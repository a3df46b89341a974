"""The gateway: what happens on Discord is decoded and handed to the reception. Interactions are interactions.py's.

Every event is answered for: an exception in one is logged and ends nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import discord
import structlog
from discord import app_commands

from adapters.discord import decode, encode, ids
from adapters.discord.answers import Answers
from adapters.discord.commands import Words, add_commands, tell_discord
from adapters.discord.decode import pictures_of
from adapters.discord.errors import Refused
from adapters.discord.files import Files
from adapters.discord.ids import PLATFORM
from adapters.discord.interactions import InteractionHandler, JobButton
from adapters.discord.sender import OnlyByToken, Sender
from adapters.discord.state import DiscordState
from bot.chat import Card, DeletedMessage, MessageRef, User
from bot.clock import Clock
from bot.errors import ChatBusy, ChatUnreachable
from bot.ports import AdapterStorage, EventSink
from bot.texts import choose, say

log = structlog.get_logger()
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody here speaks

SPOKEN = (discord.MessageType.default, discord.MessageType.reply)
TELL_AGAIN, TELL_SELDOM = 60.0, 3600.0  # seconds before the commands are written once more; doubles
HANDING_OVER = 5.0  # seconds at the end for what came in
TRIES = 4  # of a sentence of the adapter's own
NEEDED = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "attach_files": "Attach Files",
    "read_message_history": "Read Message History",
}


class Gateway(discord.AutoShardedClient):
    """A connection to Discord, from login to `leave`. `content`: asks for the message-content intent."""

    def __init__(
        self,
        *,
        sender: Sender,
        files: Files,
        notebook: DiscordState,
        memory: AdapterStorage,
        reception: EventSink,
        clock: Clock,
        content: bool,
        shard_count: int | None,
        shard_ids: list[int] | None,
    ) -> None:
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = True
        intents.message_content = content
        super().__init__(
            intents=intents,
            shard_count=shard_count,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=30.0,
            guild_ready_timeout=0.2,  # nothing here waits for the list of guilds
        )
        self.shard_ids = shard_ids
        self._sender = sender
        self._files = files
        self._notebook = notebook
        self._memory = memory
        self._reception = reception
        self._clock = clock
        self._down: set[int] = set()
        self._telling: asyncio.Task[None] | None = None
        self._work: set[asyncio.Task[None]] = set()
        self._answers = Answers(sender=sender, notebook=notebook, clock=clock)
        self.counter = InteractionHandler(
            answers=self._answers, files=files, notebook=notebook, memory=memory, reception=reception, clock=clock
        )
        self.tree: app_commands.CommandTree[Gateway] = app_commands.CommandTree(self, fallback_to_global=True)

    async def setup_hook(self) -> None:
        self.add_dynamic_items(JobButton)
        await self.tree.set_translator(Words())
        add_commands(self.tree, self.counter, lambda: self._reception.capabilities)

    async def leave(self) -> None:
        """Closes the connection; what came in is handed over first. What then still waits for its answer to be
        shown ends with the core."""
        if self._telling is not None:
            self._telling.cancel()
        await self.close()
        if self._work:
            await asyncio.wait(self._work, timeout=HANDING_OVER)

    def trouble(self) -> str | None:
        """Why it is not connected; None when it is."""
        if not self.is_ready():
            return "connecting"
        return f"shards without connection: {sorted(self._down)}" if self._down else None

    def in_turn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Work that is finished before the connection is left."""
        task = asyncio.create_task(work, name="discord event")
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    # ------------------------------------------------------------ the connection; every event may come again

    async def on_ready(self) -> None:
        log.info("discord is connected", guilds=len(self.guilds), shards=self.shard_count)
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell(), name="discord commands")

    async def _tell(self) -> None:
        """Writes the commands where they differ, however often it takes."""
        assert self.application_id is not None  # READY has told it
        pause = TELL_AGAIN
        while True:
            try:
                if await tell_discord(self.tree, self._memory, self.application_id):
                    log.info("commands written")
            except (discord.DiscordException, OSError) as failed:
                log.error("commands not written", failure=type(failed).__name__, detail=str(failed)[:200])
                await self._clock.sleep(pause)
                pause = min(pause * 2, TELL_SELDOM)
            else:
                return

    async def on_shard_ready(self, shard: int) -> None:
        self._down.discard(shard)

    async def on_shard_resumed(self, shard: int) -> None:
        self._down.discard(shard)

    async def on_shard_connect(self, shard: int) -> None:
        self._down.discard(shard)

    async def on_shard_disconnect(self, shard: int) -> None:
        self._down.add(shard)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.exception("discord event broke", happening=event_method)

    # ------------------------------------------------------------ messages

    async def on_message(self, message: discord.Message) -> None:
        await self.in_turn(self._hear(message))

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self.in_turn(self._deleted(payload.guild_id, payload.channel_id, payload.message_id))

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        for message in payload.message_ids:
            await self.in_turn(self._deleted(payload.guild_id, payload.channel_id, message))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.modal_submit:
            await self.in_turn(self.counter.form(interaction))

    async def _deleted(self, guild: int | None, channel: int, message: int) -> None:
        if self._notebook.is_mine(str(message)):
            chat = ids.chat(guild, channel, direct=guild is None)
            await self._reception.message_deleted(MessageRef(chat=chat, message_id=str(message)))

    async def _hear(self, message: discord.Message) -> None:
        if self.user is None or message.author.bot or message.webhook_id or message.type not in SPOKEN:
            return
        me = self.user.id
        roles = self._my_roles(message)
        direct = message.guild is None
        called = any(each.id == me for each in message.mentions) or not set(roles).isdisjoint(message.raw_role_mentions)
        reply = await self._replied(message) if direct or called or self._answers_me(message) else None
        answers_me = isinstance(reply, discord.Message) and reply.author.id == me
        to_me = direct or called or answers_me
        if not to_me and not message.content.startswith("/"):
            return
        sender = self._user(message)
        locale = choose(sender.locale)
        own = self._own_words(message, reply, locale, read_by_mention=direct or called) if to_me else None
        if own is not None:
            refused = await self._reception.command_refusal(sender, decode.decode_chat(message))
            if words := own if refused is None else refused:
                await self._complain(message, words)
            return
        for source in (message, reply):
            if isinstance(source, discord.Message):
                for place, given in pictures_of(source):
                    self._files.know(str(place), given.url)
        await self._reception.receive_message(
            decode.decode_message(message, me=me, my_roles=roles, sender=sender, reply=reply, to_me=to_me)
        )

    def _user(self, message: discord.Message) -> User:
        """Who writes. A message tells no language: their own as last seen, else that of a community."""
        author, guild = message.author, message.guild
        locale = self._notebook.locale(str(author.id))
        if locale is None and guild is not None and "COMMUNITY" in guild.features:
            locale = guild.preferred_locale.value
        return self._answers.member(author, locale, guild.id if guild else None)

    def _my_roles(self, message: discord.Message) -> list[int]:
        role = message.guild.self_role if message.guild else None
        return [] if role is None else [role.id]

    def _answers_me(self, message: discord.Message) -> bool:
        """Whether a reply without a mention may be one to the bot."""
        reference = message.reference
        if reference is None or reference.type is not discord.MessageReferenceType.reply:
            return False
        resolved = reference.resolved
        return resolved is None or (
            isinstance(resolved, discord.Message) and self.user is not None and resolved.author.id == self.user.id
        )

    async def _replied(self, message: discord.Message) -> discord.Message | DeletedMessage | None:
        """What a message answers, read where the event does not bring it."""
        reference = message.reference
        if reference is None or reference.message_id is None or reference.type is discord.MessageReferenceType.forward:
            return None
        if isinstance(reference.resolved, discord.Message):
            return reference.resolved
        if isinstance(reference.resolved, discord.DeletedReferencedMessage):
            return DeletedMessage(id=str(reference.message_id))
        try:
            return await message.channel.fetch_message(reference.message_id)
        except discord.NotFound:
            return DeletedMessage(id=str(reference.message_id))
        except (discord.DiscordException, OSError) as failed:
            log.warning("replied message not read", failure=type(failed).__name__)
            return None

    def _hidden(
        self, message: discord.Message, reply: discord.Message | DeletedMessage | None, *, read_by_mention: bool
    ) -> bool:
        """Whether what is meant lies where the bot cannot look without the message-content intent: in a reply
        that does not mention it, or in somebody else's message that is replied to."""
        if self.intents.message_content or message.guild is None:
            return False
        if not read_by_mention:
            return True
        return (
            isinstance(reply, discord.Message)
            and not (reply.content or reply.attachments or reply.embeds or reply.message_snapshots)
            and not pictures_of(message)
            and self.user is not None
            and reply.author.id != self.user.id
        )

    # ------------------------------------------------------------ the adapter's own words

    def _own_words(
        self,
        message: discord.Message,
        reply: discord.Message | DeletedMessage | None,
        locale: str,
        *,
        read_by_mention: bool,
    ) -> str | None:
        """Why the core cannot be asked there at all; None: it can."""
        if missing := self._missing(message):
            log.warning("permissions are missing", channel=message.channel.id, missing=missing)
            return say(locale, "discord-no-permission", missing=", ".join(missing))
        if self._hidden(message, reply, read_by_mention=read_by_mention):
            return say(locale, "discord-hidden", menu=say(locale, "discord-menu-edit"))
        return None

    def _missing(self, message: discord.Message) -> list[str]:
        """Permissions without which nothing can be shown there."""
        guild, channel = message.guild, message.channel
        if guild is None or isinstance(channel, discord.PartialMessageable | discord.DMChannel | discord.GroupChannel):
            return []
        may = channel.permissions_for(guild.me)
        if may.administrator:
            return []
        names = dict(NEEDED)
        if isinstance(channel, discord.Thread):
            del names["send_messages"]
            names["send_messages_in_threads"] = "Send Messages in Threads"
        return [shown for name, shown in names.items() if not getattr(may, name)]

    async def _complain(self, message: discord.Message, text: str) -> None:
        """There where it may be said, else to the member alone."""
        if await self._say(message, text):
            return
        payload, member = encode.encode_card(Card(text=text)), str(message.author.id)
        await self._insist(lambda: self._sender.direct(member, payload, (), key=f"{PLATFORM}:{message.id}:alone"))

    async def _say(self, message: discord.Message, text: str) -> bool:
        """A sentence that is no business of the core."""
        chat, payload, identity = decode.decode_chat(message), encode.encode_card(Card(text=text)), str(message.id)
        return await self._insist(
            lambda: self._sender.new(chat, payload, (), reply_to=identity, key=f"{PLATFORM}:{identity}")
        )

    async def _insist(self, say: Callable[[], Awaitable[object]]) -> bool:
        """Says it, again when the channel is busy. Whether it stands."""
        for _ in range(TRIES):
            try:
                await say()
            except ChatBusy as busy:
                await self._clock.sleep(busy.retry_after)
            except ChatUnreachable:
                await self._clock.sleep(1.0)
            except (Refused, OnlyByToken) as refused:
                log.warning("not said", detail=str(refused))
                return False
            else:
                return True
        log.warning("not said", detail="the channel stays busy")
        return False
