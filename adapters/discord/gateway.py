"""The gateway client: Discord's events, each given to its handler, and the commands that Discord shows.

Every event is answered for: one that cannot be read, or breaks its handler, is logged and set aside, and ends nothing
else. Started again by connection.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket

from adapters.discord import ids
from adapters.discord.command_tree import GatewayCommandTree
from adapters.discord.commands import Interaction, TextTranslator, add_commands, sync_commands
from adapters.discord.event_reader import EventReader
from adapters.discord.events import MessageEvents
from adapters.discord.files import Files
from adapters.discord.gateway_socket import GatewaySocket
from adapters.discord.inbox import Event, EventInbox, event_number
from adapters.discord.interaction_replies import InteractionReplies
from adapters.discord.interactions import InteractionHandler
from adapters.discord.message_reader import MessageReader
from adapters.discord.permissions import ChannelPermissions
from adapters.discord.sender import Sender
from adapters.discord.shard_connections import ShardConnections
from adapters.discord.shards import ShardShare
from adapters.discord.state import DiscordState
from adapters.discord.threads import ThreadStarters
from adapters.discord.unfolding import LinkUnfolding
from adapters.discord.users import Users, interaction_locale
from bot.errors import StoreFailed
from bot.errors.machine import is_machine_failure
from bot.ports import AdapterStorage, Cluster, EventSink
from bot.runtime import descriptors
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor
from bot.texts import translate, translate_error

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
        cluster: Cluster,
        share: ShardShare,
        page_url: str | None,
        http_trace: aiohttp.TraceConfig,
    ) -> None:
        """`message_content`: asks for the intent, so that messages without a mention are read. `share`: the shards of
        this process. `page_url`: as of DiscordAdapter. `http_trace`: holds back and watches the library's own calls."""
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = True
        intents.message_content = message_content
        connections = min(MAX_CONNECTIONS, descriptors.chat_connections(descriptors.limit()))
        super().__init__(
            intents=intents,
            connector=aiohttp.TCPConnector(limit=connections),  # discord.py's own opens one for each call of a crowd
            shard_count=share.count,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=MAX_RATELIMIT_WAIT_S,
            guild_ready_timeout=GUILD_READY_TIMEOUT_S,
            http_trace=http_trace,
        )
        self.gateway_url: yarl.URL = DiscordWebSocket.DEFAULT_GATEWAY
        """Where new sessions begin; set after the login."""
        self.max_concurrency = 1
        """Sessions that may begin at the same time, each of another bucket of shards; set after the login."""
        self._cluster = cluster
        self._share = share
        self._storage = storage
        self._state = state
        self._inbox = inbox
        self._events = events
        self._clock = clock
        self._running: set[asyncio.Task[None]] = set()
        self._supervisor = Supervisor(clock)
        self._command_sync = self._supervisor.add_worker("discord commands", self._sync_commands)
        self.connections = ShardConnections(self, share=share, cluster=cluster, inbox=inbox, clock=clock)
        """What discord.py's sockets tell, and who opens and closes them."""
        self._has_been_ready = False
        reader = MessageReader(self._connection)
        self._unfolding = LinkUnfolding(clock, reader)
        self.permissions = ChannelPermissions(self)
        users, starters = Users(state), ThreadStarters(self, files, reader)
        self._messages = MessageEvents(
            self,
            sender=sender,
            files=files,
            state=state,
            reader=reader,
            users=users,
            starters=starters,
            unfolding=self._unfolding,
            events=events,
            permissions=self.permissions,
            clock=clock,
        )
        self._replies = InteractionReplies(sender=sender, state=state, inbox=inbox, page_url=page_url, clock=clock)
        self._reader = EventReader(
            self,
            inbox=inbox,
            reader=reader,
            unfolding=self._unfolding,
            replies=self._replies,
            messages=self._messages,
            clock=clock,
            may_come_twice=not cluster.is_local,
        )
        self._taking_up = self._supervisor.add_worker("discord events of before", self._reader.take_up_events)
        self.interactions = InteractionHandler(
            replies=self._replies,
            users=users,
            starters=starters,
            unfolding=self._unfolding,
            files=files,
            state=state,
            storage=storage,
            events=events,
            clock=clock,
        )
        self.tree = GatewayCommandTree(self, fallback_to_global=True)

    async def setup_hook(self) -> None:
        await self.tree.set_translator(TextTranslator())
        add_commands(self.tree, self.interactions, lambda: self._events.capabilities, lambda: self._events.prices)

    async def stop(self) -> None:
        """Closes the connection and hands over what came in. Events whose replies are still waiting to be shown after
        HANDOVER_TIMEOUT_S end with the core."""
        await self._supervisor.stop()
        await self.connections.leave_sessions_open()
        self._unfolding.close()
        if self._running:  # they still have to answer Discord
            await asyncio.wait(self._running, timeout=HANDOVER_TIMEOUT_S)
        await self.close()

    def problem(self) -> str | None:
        """Why it is not connected, by the signs of life of each shard; None when it is."""
        found = {
            shard: "not connected" if socket is None else socket.problem() for shard, socket in self.sockets().items()
        }
        problems = [f"shard {shard}: {problem}" for shard, problem in found.items() if problem is not None]
        if problems or not (self.is_ready() or self._share.is_standby):
            return "; ".join(problems) or "connecting"
        return self._supervisor.problem()

    def sockets(self) -> dict[int, GatewaySocket | None]:
        """The connection of each shard of this process, by its id; None before its first one."""
        found: dict[int, GatewaySocket | None] = {}
        for shard_id in self._share.held:
            try:
                found[shard_id] = cast(GatewaySocket, self._get_websocket(shard_id=shard_id))
            except KeyError:
                found[shard_id] = None
        return found

    def run_event(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts the handling of an event, which `stop` waits for."""
        task = asyncio.create_task(work, name="discord event")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def run_interaction(self, interaction: Interaction, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """As `run_event`; whoever started an interaction whose handling breaks is notified."""
        return self.run_event(self._handle_interaction(interaction, work))

    async def _handle_interaction(self, interaction: Interaction, work: Coroutine[Any, Any, None]) -> None:
        if not self._cluster.membership.reaches_database():
            work.close()
            await self._replies.refuse(interaction, translate_error(interaction_locale(interaction), StoreFailed()))
            return
        try:
            await work
        except Exception as failed:
            await self.handle_broken_interaction(interaction, failed)

    # ------------------------------------------------------------ the connection; every event may come again

    async def launch_shards(self) -> None:
        """Connects this process's shards, also those that it gets later. In place of discord.py's own, which connects
        all that there are."""
        if not self.is_closed():
            self._connection.shard_count = self.shard_count
            self._connection.shard_ids = self.connections.launched
            self._supervisor.keep_running("discord shards", self.connections.follow_share)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        await self.connections.begin_identify(shard_id)

    def forget_guilds(self, shard_id: int) -> None:
        """Those of a shard that is another process's now."""
        for guild in [each for each in self.guilds if each.shard_id == shard_id]:
            self._connection._remove_guild(guild)  # type: ignore[reportPrivateUsage]  # as for one that it is removed from

    async def take_up_shard(self, shard_id: int) -> None:
        """What the process that had a shard before has left of it: events, and the tokens that answer them."""
        await self._state.load()
        await self._inbox.load(lambda data: ids.shard_of(data, self._connection.shard_count or 1) == shard_id)
        if self._has_been_ready:
            self._taking_up.start()

    async def on_ready(self) -> None:
        log.info("discord is connected", guilds=len(self.guilds), shards=self.shard_count)
        if not self._has_been_ready:
            self._has_been_ready = True
            self._command_sync.start()
            self._taking_up.start()

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

    async def refuse_changed_command(self, interaction: Interaction) -> None:
        """A command as an earlier version had it, which a client has not forgotten yet."""
        log.warning("discord command of another version", name=(interaction.data or {}).get("name"))
        await self._replies.refuse(interaction, translate(interaction_locale(interaction), "discord-command-changed"))

    async def handle_broken_interaction(self, interaction: Interaction, failed: Exception) -> None:
        """An interaction that discord.py cannot read, or that breaks its handler: its user is notified, it is kept."""
        log.error("discord interaction failed", exc_info=failed)
        self._inbox.set_aside("INTERACTION_CREATE", None, f"handling: {type(failed).__name__}", event_id=interaction.id)
        await self._replies.refuse_broken(interaction)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.exception("discord event failed", event_name=event_method)

    # ------------------------------------------------------------ messages and interactions

    async def on_message(self, message: discord.Message) -> None:
        await self.run_event(self._handle_message(message))

    async def _handle_message(self, message: discord.Message) -> None:
        if not self._cluster.membership.reaches_database():
            await self._messages.refuse_for_now(message)
            self._inbox.set_handled(message.id)
            return
        if not await self._handle("MESSAGE_CREATE", message.id, lambda: self._messages.handle_message(message)):
            await self._messages.refuse_broken(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        await self.run_event(self._handle_edit(payload))

    async def _handle_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        number = event_number("MESSAGE_UPDATE", cast("Event", payload.data))
        await self._handle("MESSAGE_UPDATE", number, lambda: self._messages.handle_edited(payload.message))

    async def _handle(self, name: str, number: int, handle: Callable[[], Awaitable[bool]]) -> bool:
        """Handles an event, again and again while the machine has no room for it. False: it breaks its handler."""
        while True:
            try:
                handled = await handle()
            except Exception as failed:
                if is_machine_failure(failed):
                    log.warning("event waits", event_name=name, event_id=number, failure=type(failed).__name__)
                    await self._clock.sleep(MACHINE_RETRY_S)
                    continue
                log.exception("event failed", event_name=name, event_id=number)  # it would fail the next time too
                self._inbox.set_aside(name, None, f"handling: {type(failed).__name__}", event_id=number)
                return False
            if handled:
                self._inbox.set_handled(number)
            return True

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self.run_event(self._messages.handle_deleted(payload.guild_id, payload.channel_id, payload.message_id))

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        for message_id in payload.message_ids:
            await self.run_event(self._messages.handle_deleted(payload.guild_id, payload.channel_id, message_id))

    # ------------------------------------------------------------ places that are closed to the bot

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._events.chat_closed(ids.make_guild(guild.id))

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._events.chat_closed(ids.make_chat(channel.guild.id, channel.id, direct=False))

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        await self._events.chat_closed(ids.make_chat(payload.guild_id, payload.thread_id, direct=False))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Buttons and modals; commands come by the command tree."""
        if interaction.type is discord.InteractionType.component:
            await self.run_interaction(interaction, self.interactions.handle_component(interaction))
        elif interaction.type is discord.InteractionType.modal_submit:
            await self.run_interaction(interaction, self.interactions.handle_modal(interaction))
