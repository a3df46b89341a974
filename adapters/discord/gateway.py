"""The gateway client: Discord's events, each given to its handler, and the commands that Discord shows.

Every event is answered for: an exception in one is logged and ends nothing else. Starts again by connection.py.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

import aiohttp
import discord
import structlog
from discord import app_commands

from adapters.discord.commands import TextTranslator, add_commands, sync_commands
from adapters.discord.events import MessageEvents
from adapters.discord.files import Files
from adapters.discord.inbox import GUILD_POLL_S, GUILD_POLLS, RECORDED_EVENTS, Event, EventInbox, ParseEvent
from adapters.discord.interaction_replies import InteractionReplies
from adapters.discord.interactions import AnswerButton, InteractionHandler, JobButton
from adapters.discord.sender import Sender
from adapters.discord.state import DiscordState
from adapters.discord.threads import ThreadStarters
from adapters.discord.unfolding import LinkUnfolding
from adapters.discord.users import Users
from bot import descriptors
from bot.clock import Clock
from bot.errors.machine import is_machine_failure
from bot.ports import AdapterStorage, EventSink

log = structlog.get_logger()
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # no voice here

COMMANDS_RETRY_S, COMMANDS_RETRY_MAX_S = 60.0, 3600.0  # before the commands are written once more; doubles
MAX_CONNECTIONS = 256  # at once: a crowd is acknowledged in a second, a tenth of a second each
MACHINE_RETRY_S = 5.0  # before a message is handled again that the machine had no room for
HANDOVER_TIMEOUT_S = 5.0  # at the end, for events that came in
MAX_RATELIMIT_WAIT_S = 30.0  # discord.py raises where its own calls would have to wait longer
GUILD_READY_TIMEOUT_S = 0.2  # nothing here waits for the list of guilds


class GatewayClient(discord.AutoShardedClient):
    """A connection to Discord, from login to `stop`; not to be used again."""

    def __init__(
        self,
        *,
        sender: Sender,
        files: Files,
        state: DiscordState,
        storage: AdapterStorage,
        inbox: EventInbox,
        events: EventSink,
        clock: Clock,
        message_content: bool,
        shard_count: int | None,
        shard_ids: Sequence[int] | None,
        http_trace: aiohttp.TraceConfig,
    ) -> None:
        """`message_content`: asks for the intent, so that messages without a mention are read. `shard_count` None: as
        many as Discord recommends. `shard_ids` None: all of them. `http_trace`: holds back and watches the library's
        own calls."""
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = True
        intents.message_content = message_content
        connections = min(MAX_CONNECTIONS, descriptors.chat_connections(descriptors.limit()))
        super().__init__(
            intents=intents,
            connector=aiohttp.TCPConnector(limit=connections),  # discord.py's own opens one for each call of a crowd
            shard_count=shard_count,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=MAX_RATELIMIT_WAIT_S,
            guild_ready_timeout=GUILD_READY_TIMEOUT_S,
            http_trace=http_trace,
        )
        self.shard_ids = None if shard_ids is None else list(shard_ids)
        self._storage = storage
        self._inbox = inbox
        self._events = events
        self._clock = clock
        self._disconnected_shards: set[int] = set()
        self._command_sync: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._taking_up: asyncio.Task[None] | None = None
        self._parsers = dict(self._connection.parsers)
        for name in RECORDED_EVENTS:
            self._connection.parsers[name] = partial(self._record, name, self._parsers[name])
        self._unfolding = LinkUnfolding(clock)
        self._connection.parsers["MESSAGE_UPDATE"] = partial(
            self._note_update, self._connection.parsers["MESSAGE_UPDATE"]
        )
        users, starters = Users(state), ThreadStarters(self, files)
        self._messages = MessageEvents(
            self,
            sender=sender,
            files=files,
            state=state,
            users=users,
            starters=starters,
            unfolding=self._unfolding,
            events=events,
            clock=clock,
        )
        self.interactions = InteractionHandler(
            replies=InteractionReplies(sender=sender, state=state, inbox=inbox, clock=clock),
            users=users,
            starters=starters,
            files=files,
            state=state,
            storage=storage,
            events=events,
            clock=clock,
        )
        self.tree: app_commands.CommandTree[GatewayClient] = app_commands.CommandTree(self, fallback_to_global=True)

    async def setup_hook(self) -> None:
        self.add_dynamic_items(JobButton, AnswerButton)
        await self.tree.set_translator(TextTranslator())
        add_commands(self.tree, self.interactions, lambda: self._events.capabilities)

    async def stop(self) -> None:
        """Closes the connection and hands over what came in. Events whose replies are still waiting to be shown after
        HANDOVER_TIMEOUT_S end with the core."""
        for task in (self._command_sync, self._taking_up):
            if task is not None:
                task.cancel()
        await self.close()
        self._unfolding.close()
        if self._running:
            await asyncio.wait(self._running, timeout=HANDOVER_TIMEOUT_S)

    def problem(self) -> str | None:
        """Why it is not connected; None when it is."""
        if not self.is_ready():
            return "connecting"
        shards = sorted(self._disconnected_shards)
        return f"shards without connection: {shards}" if shards else None

    def run_event(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts the handling of an event, which `stop` waits for."""
        task = asyncio.create_task(work, name="discord event")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    # ------------------------------------------------------------ the connection; every event may come again

    async def on_ready(self) -> None:
        log.info("discord is connected", guilds=len(self.guilds), shards=self.shard_count)
        if self._command_sync is None:
            self._command_sync = asyncio.create_task(self._sync_commands(), name="discord commands")
        if self._taking_up is None:
            self._taking_up = asyncio.create_task(self._take_up_events(), name="discord events of before")

    async def _sync_commands(self) -> None:
        """Writes the commands where they differ, however often it takes."""
        assert self.application_id is not None  # came with READY
        pause_s = COMMANDS_RETRY_S
        while True:
            try:
                if await sync_commands(self.tree, self._storage, self.application_id):
                    log.info("commands written")
            except (discord.DiscordException, OSError) as failed:
                log.error("commands not written", failure=type(failed).__name__, detail=str(failed)[:200])
                await self._clock.sleep(pause_s)
                pause_s = min(pause_s * 2, COMMANDS_RETRY_MAX_S)
            else:
                return

    def _record(self, name: str, parse: ParseEvent, data: Event) -> None:
        """Has an event saved before discord.py hands it to its handlers."""
        try:
            self._inbox.record(name, data, "" if self.user is None else str(self.user.id))
        except Exception:
            log.exception("event not recorded", event_name=name)
        parse(data)

    def _note_update(self, parse: ParseEvent, data: Event) -> None:
        """Notes what a message shows now before discord.py reads it."""
        try:
            self._unfolding.note_update(data)
        except Exception:
            log.exception("update of a message not noted")
        parse(data)

    async def _take_up_events(self) -> None:
        """Handles the events that an earlier process has left behind."""
        while (left_behind := self._inbox.pop_left_behind()) is not None:
            name, data = left_behind
            if name == "MESSAGE_CREATE" and not await self._knows_guild(data.get("guild_id")):
                self._inbox.set_handled(int(data["id"]))
                continue
            log.info("event of before is taken up", event_name=name, event_id=data["id"])
            try:
                self._parsers[name](data)
            except Exception as unreadable:  # of another version of Discord's, or damaged: the others are taken up
                log.exception("event of before not read", event_id=data["id"])
                self._inbox.set_aside(name, data, type(unreadable).__name__, event_id=int(data["id"]))

    async def _knows_guild(self, guild_id: str | None) -> bool:
        """Whether an event's guild, if it has one, is known; Discord lists the guilds after READY, one by one. Until
        then discord.py would take the event for one of a direct chat."""
        for _ in range(GUILD_POLLS):
            if guild_id is None or self.get_guild(int(guild_id)) is not None:
                return True
            await self._clock.sleep(GUILD_POLL_S)
        return False

    async def on_shard_ready(self, shard: int) -> None:
        self._disconnected_shards.discard(shard)

    async def on_shard_resumed(self, shard: int) -> None:
        self._disconnected_shards.discard(shard)

    async def on_shard_connect(self, shard: int) -> None:
        self._disconnected_shards.discard(shard)

    async def on_shard_disconnect(self, shard: int) -> None:
        self._disconnected_shards.add(shard)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.exception("discord event failed", event_name=event_method)

    # ------------------------------------------------------------ messages and interactions

    async def on_message(self, message: discord.Message) -> None:
        await self.run_event(self._handle_message(message))

    async def _handle_message(self, message: discord.Message) -> None:
        """Handles a message, again and again while the machine has no room for it."""
        while True:
            try:
                handled = await self._messages.handle_message(message)
            except Exception as failed:
                if is_machine_failure(failed):
                    log.warning("message waits", message=message.id, failure=type(failed).__name__)
                    await self._clock.sleep(MACHINE_RETRY_S)
                    continue
                self._inbox.set_handled(message.id)  # it would fail the next time too
                raise
            if handled:
                self._inbox.set_handled(message.id)
            return

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self.run_event(self._messages.handle_deleted(payload.guild_id, payload.channel_id, payload.message_id))

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        for message_id in payload.message_ids:
            await self.run_event(self._messages.handle_deleted(payload.guild_id, payload.channel_id, message_id))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Modals only: commands and buttons come by the command tree and JobButton."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self.run_event(self.interactions.handle_modal(interaction))
