"""The receiving half of the adapter: the connection, the dispatcher of updates, their handler, the command menus.

Begins in `TelegramAdapter.start`, once the core can take events; sends nothing but answers to queries, and the menus.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import structlog
import telegram

from adapters.telegram import ids
from adapters.telegram.commands import sync_command_menus_with_retry
from adapters.telegram.connection import Connection
from adapters.telegram.decode import BotIdentity
from adapters.telegram.dispatcher import UpdateDispatcher
from adapters.telegram.events import UpdateHandler
from adapters.telegram.ids import PLATFORM
from adapters.telegram.inline import InlineMode
from adapters.telegram.message_ids import MessageIds
from adapters.telegram.payments import StarCharges, StarPayments
from adapters.telegram.permissions import ChatPermissions
from adapters.telegram.region_links import RegionLinks
from adapters.telegram.state import TelegramState, TelegramStorage
from adapters.telegram.updates import RawUpdate, read_update
from adapters.telegram.webhook import Webhook
from bot.cluster.chat_routing import ChatRouting
from bot.errors import StoreFailed
from bot.intake.models import offered_models
from bot.ports import Cluster, EventSink, Lease
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor, TaskInterrupted
from bot.settings import Telegram as TelegramSettings

log = structlog.get_logger()

MENUS_LEASE = f"{PLATFORM}.menus"
MENU_SHUTDOWN_S = 1.0  # at the end, for menus that are being sent


class Receiver:
    """Receives updates for one bot and hands their events to the core."""

    def __init__(
        self,
        bot: telegram.Bot,
        settings: TelegramSettings,
        *,
        connection: Connection,
        webhook: Webhook | None,
        state: TelegramState,
        message_ids: MessageIds,
        storage: TelegramStorage,
        permissions: ChatPermissions,
        charges: StarCharges,
        events: EventSink,
        admins: Sequence[str],
        page_url: str | None,
        cluster: Cluster,
        chats: ChatRouting,
        clock: Clock,
    ) -> None:
        """`page_url`: HTTPS address of the server with Easel's pages; None: there is none."""
        self._page_url = page_url
        self._bot = bot
        self._settings = settings
        self._connection = connection
        self._webhook = webhook
        self._state = state
        self._message_ids = message_ids
        self._storage = storage
        self._permissions = permissions
        self._events = events
        self._admins = admins
        self._clock = clock
        self._payments: StarPayments | None = None
        if settings.star_packs:
            self._payments = StarPayments(bot, settings.star_packs, charges=charges, events=events, clock=clock)
        self._cluster = cluster
        self._chats = chats
        self._saved_updates: Sequence[RawUpdate] = ()
        self._dispatcher: UpdateDispatcher | None = None
        self._supervisor = Supervisor(clock)
        self._menu_sync = self._supervisor.add_worker("telegram commands", self._sync_menus)
        self._moves = self._supervisor.add_worker("telegram moves", self._load_moves)
        cluster.bus.on_gap(self._moves.start)

    async def start(self) -> None:
        """Calls getMe, and receives in the background from then on.

        Raises SettingsWrong when the token is not accepted; an unreachable Telegram is retried.
        """
        self._saved_updates = await self._state.load()
        await self._connection.open(self._begin)

    async def stop(self) -> None:
        """Receives nothing more; returns when what was received is handed over, or saved for the next start. Menus not
        sent by then are sent after the next start."""
        with suppress(TimeoutError):
            async with asyncio.timeout(MENU_SHUTDOWN_S):
                await self._menu_sync.wait()
        await self._supervisor.stop()
        if self._webhook is not None:
            self._webhook.close()
        await self._connection.stop_receiving()
        await self._chats.stop()
        if self._dispatcher is not None:
            await self._dispatcher.close()
        await self._chats.close()

    async def report_migration(self, old: int, new: int) -> None:
        """Reports a group's migration that a rejected call has revealed, maybe before the group's own message does."""
        try:
            await self._events.chat_moved(ids.make_chat(old, direct=False), ids.make_chat(new, direct=False))
        except StoreFailed as failed:
            log.warning("move of a chat waits for its message", old=old, detail=failed.detail)

    def problem(self) -> str | None:
        """Why nothing is received right now, or what was received not handled; None when all works."""
        inbox = None if self._dispatcher is None else self._dispatcher.problem()
        return self._connection.problem() or inbox or self._chats.problem() or self._supervisor.problem()

    # ------------------------------------------------------------ within

    async def _begin(self) -> UpdateDispatcher:
        """Called once getMe has returned the bot's identity."""
        handler = UpdateHandler(
            bot=self._bot,
            identity=self._identity(),
            state=self._state,
            message_ids=self._message_ids,
            permissions=self._permissions,
            events=self._events,
            inline=InlineMode(self._bot, self._events),
            payments=self._payments,
            regions=None if self._page_url is None else self._region_links(self._page_url),
            channels=self._settings.channels,
            clock=self._clock,
        )
        read = partial(read_update, bot=self._bot)
        dispatcher = self._dispatcher = UpdateDispatcher(
            self._state, handler, self._clock, chats=self._chats, read=read
        )
        self._chats.start(dispatcher.look_for, on_moves=self._events.chats_changed_hands, on_lapse=dispatcher.abandon)
        await dispatcher.resume([read(raw) for raw in self._saved_updates])
        self._saved_updates = ()
        if self._webhook is not None:
            self._webhook.open(dispatcher)
        self._menu_sync.start()
        return dispatcher

    async def _load_moves(self) -> None:
        try:
            await self._state.reload_moves()
        except StoreFailed as failed:
            raise TaskInterrupted(f"moved chats are not known ({failed.detail})") from failed

    async def _sync_menus(self) -> None:
        await self._cluster.leases.run_held(MENUS_LEASE, self._sync_menus_alone)

    async def _sync_menus_alone(self, _: Lease) -> None:
        await sync_command_menus_with_retry(
            self._bot,
            self._storage,
            self._admins,
            payments=self._payments is not None,
            has_models=bool(offered_models(self._events.capabilities.models)),
            clock=self._clock,
        )

    def _region_links(self, page_url: str) -> RegionLinks:
        has_main_app = self._identity().main_app
        return RegionLinks(self._bot, self._events, public_url=page_url, has_main_app=has_main_app)

    def _identity(self) -> BotIdentity:
        return BotIdentity(
            id=self._bot.id,
            username=self._bot.username,
            reads_groups=bool(self._bot.can_read_all_group_messages),
            guest=bool(self._bot.bot.supports_guest_queries) and self._settings.storage_chat is not None,
            main_app=bool(self._bot.bot.has_main_web_app),
        )
