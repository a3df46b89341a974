"""Telegram as a chat platform: ChatPort over the Bot API, and what is opened and closed for it.

What comes in is events.py's; how a card goes out, sender.py's, and how pictures do, delivery.py's.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

import structlog
import telegram
from aiohttp import web
from telegram import ReactionTypeEmoji

from adapters.telegram import ids
from adapters.telegram.api import call_api, make_bot
from adapters.telegram.commands import sync_command_menus
from adapters.telegram.connection import Connection, EnqueueUpdates
from adapters.telegram.decode import BotIdentity
from adapters.telegram.delivery import PictureDelivery
from adapters.telegram.errors import CallRejected, GroupMigrated, OutcomeUnknown
from adapters.telegram.events import UpdateHandler, allowed_updates
from adapters.telegram.files import FileDownloader
from adapters.telegram.ids import PLATFORM
from adapters.telegram.inbox import UpdateInbox
from adapters.telegram.inline import InlineMode
from adapters.telegram.payments import StarPayments
from adapters.telegram.sender import Sender
from adapters.telegram.state import Raw, TelegramState
from adapters.telegram.webhook import Webhook
from bot.chat import Attachment, Budget, Card, Chat, ChatFeatures, Delivered, Lane, MessageRef, Purchase
from bot.clock import Clock
from bot.errors import ChatBusy, ChatFailed, StoreFailed, UnknownCharge
from bot.painting import Image
from bot.ports import AdapterStorage, EventSink
from bot.settings import Telegram as TelegramSettings

log = structlog.get_logger()

# Telegram's FAQ for bots: about one a second to a chat with short bursts, 20 a minute to a group, 30 a second in
# all; sends and edits share them. A slot counts from the end of a call: an upload is counted when it is complete.
PRIVATE_SLOTS, PRIVATE_PERIOD_S = 3, 3.0
GROUP_SLOTS, GROUP_PERIOD_S = 20, 60.0
OVERALL_BUDGET = Budget(key=PLATFORM, slots=30, period_s=1.0, shared=True)
EDIT_GAP_S = 3.0  # seconds between progress edits of one message; constant editing has earned waits of minutes
SEEN_REACTION = ReactionTypeEmoji("👀")
MENU_RETRY_S, MENU_RETRY_MAX_S = 60.0, 3600.0  # seconds before the menus are written once more; doubles
MENU_SHUTDOWN_S = 1.0  # seconds at the end for menus that are being written


class TelegramAdapter:
    """One bot in all its chats.

    Wiring: construct, mount its `routes`, give it to the core as a port and its `shop`, `start(reception)`, and in the
    end `stop_receiving()` before the core drains and `close()` after it. `public_url`: needed for webhooks.
    """

    platform = PLATFORM

    def __init__(
        self,
        settings: TelegramSettings,
        storage: AdapterStorage,
        *,
        clock: Clock,
        public_url: str | None = None,
        admins: Sequence[str] = (),
    ) -> None:
        assert settings.token is not None  # who wires adapters asks first
        self._settings = settings
        self._storage = storage
        self._clock = clock
        self._admins = admins
        self._bot = make_bot(settings)
        self._webhook: Webhook | None = None
        hook = None
        if settings.mode == "webhook" and public_url is not None:
            self._webhook = Webhook(settings.token.get_secret_value(), self._bot)
            hook = (public_url.rstrip("/") + self._webhook.path, self._webhook.secret)
        allowed = allowed_updates(inline=settings.storage_chat is not None, shop=bool(settings.star_packs))
        self._connection = Connection(self._bot, clock, allowed=allowed, webhook=hook)
        self._files = FileDownloader(self._bot, clock, local=settings.local)
        self._inbox: UpdateInbox | None = None
        self._payments: StarPayments | None = None
        self._chats_without_reactions: set[str] = set()  # chats that allow no reaction
        self._work: set[asyncio.Task[None]] = set()
        self._menu_sync: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ life

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """What Telegram calls, where it brings updates itself."""
        return () if self._webhook is None else self._webhook.routes()

    async def start(self, reception: EventSink) -> None:
        """Asks Telegram who the bot is, and goes on in the background.

        Raises SettingsWrong when the token is not accepted; a Telegram that is away is waited for.
        """
        memory = self._storage
        notebook = TelegramState(memory)
        left = await _loaded(notebook)
        self._sender = Sender(self._bot, notebook, lambda old, new: self._report_migration(reception, old, new))
        self._delivery = PictureDelivery(
            self._bot, self._sender, memory, storage=self._settings.storage_chat, local=self._settings.local
        )
        if self._settings.star_packs:
            self._payments = StarPayments(
                self._bot, self._settings.star_packs, events=reception, memory=memory, clock=self._clock
            )

        async def began() -> EnqueueUpdates:
            events = UpdateHandler(
                bot=self._bot,
                identity=BotIdentity(
                    id=self._bot.id,
                    username=self._bot.username,
                    guest=bool(self._bot.bot.supports_guest_queries) and self._settings.storage_chat is not None,
                ),
                state=notebook,
                events=reception,
                inline=InlineMode(self._bot, reception),
                payments=self._payments,
                clock=self._clock,
            )
            self._inbox = UpdateInbox(notebook, events.handle_update, self._clock)
            self._inbox.resume([each for raw in left if (each := _update(raw, self._bot)) is not None])
            if self._webhook is not None:
                self._webhook.open(self._inbox.enqueue)
            self._menu_sync = asyncio.create_task(self._sync_menus(memory), name="telegram commands")
            return self._inbox.enqueue

        await self._connection.open(began)

    async def stop_receiving(self) -> None:
        """Nothing comes in any more; what came in is handed over. Menus not written by then are written after the next
        start."""
        if self._menu_sync is not None:
            await asyncio.wait([self._menu_sync], timeout=MENU_SHUTDOWN_S)
            self._menu_sync.cancel()
            await asyncio.gather(self._menu_sync, return_exceptions=True)
        if self._webhook is not None:
            self._webhook.close()
        await self._connection.stop_receiving()
        if self._inbox is not None:
            await self._inbox.close()

    async def close(self) -> None:
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self._files.close()
        await self._connection.close()

    async def problem(self) -> str | None:
        """Why Telegram does not work right now; None when it does."""
        return self._connection.problem()

    # ------------------------------------------------------------ ChatPort

    def features(self, chat: Chat) -> ChatFeatures:
        """An inline message stands in its chat before anything is asked, and waits to be filled in."""
        inline = ids.is_inline(chat)
        return ChatFeatures(shows_pending_reply=inline, silent_edits=not inline)

    def lane(self, chat: Chat, ref: MessageRef | None, *, image_count: int = 0) -> Lane:
        if ids.is_inline(chat):
            key = chat.thread_id if ref is None else ref.message_id
            own = Budget(key=f"{PLATFORM}:{key}", slots=PRIVATE_SLOTS, period_s=PRIVATE_PERIOD_S)
            stored = self._group_budget(str(self._settings.storage_chat))
            return Lane(budgets=(own, *([stored] if image_count else []), OVERALL_BUDGET), edit_gap_s=EDIT_GAP_S)
        home = self._sender.current_chat(chat)
        private = Budget(key=f"{PLATFORM}:{home.id}", slots=PRIVATE_SLOTS, period_s=PRIVATE_PERIOD_S)
        own = private if home.kind == "direct" else self._group_budget(home.id)
        return Lane(budgets=(own, OVERALL_BUDGET), edit_gap_s=EDIT_GAP_S, slots_per_call=max(1, image_count))

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        return await self._sender.post(chat, card, reply_to=reply_to)

    async def edit(self, ref: MessageRef, card: Card) -> None:
        await self._sender.edit(ref, card)

    async def deliver(
        self,
        chat: Chat,
        ref: MessageRef | None,
        card: Card,
        images: Sequence[Image],
        *,
        reply_to: str | None,
        key: str,
    ) -> Delivered:
        return await self._delivery.deliver(chat, ref, card, images, reply_to=reply_to, key=key)

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        return await self._files.fetch(attachment, limit=limit)

    def message_link(self, ref: MessageRef) -> str | None:
        return ids.message_link(ref)

    def acknowledge_request(self, chat: Chat, message_id: str) -> None:
        if chat.kind == "group" and not ids.is_inline(chat) and chat.id not in self._chats_without_reactions:
            self._in_background(self._add_seen_reaction(chat, int(message_id)), "telegram reaction")

    # ------------------------------------------------------------ bot.ports.Shop

    async def refund(self, charge: str) -> Purchase:
        """Raises UnknownCharge where nothing is sold."""
        if self._payments is None:
            raise UnknownCharge(charge=charge)
        return await self._payments.refund(charge)

    # ------------------------------------------------------------ within

    @staticmethod
    def _group_budget(chat: str) -> Budget:
        return Budget(key=f"{PLATFORM}:{chat}", slots=GROUP_SLOTS, period_s=GROUP_PERIOD_S)

    async def _add_seen_reaction(self, chat: Chat, message: int) -> None:
        """Eyes on a request: seen, before the chat's budget lets anything be written."""
        home = int(self._sender.current_chat(chat).id)
        try:
            await call_api(lambda: self._bot.set_message_reaction(home, message, SEEN_REACTION))
        except CallRejected as refused:
            log.info("no reactions there", chat=chat.id, detail=refused.description)
            self._chats_without_reactions.add(chat.id)
        except (ChatFailed, GroupMigrated, OutcomeUnknown) as failed:
            log.info("no reaction", chat=chat.id, detail=str(failed))

    async def _report_migration(self, reception: EventSink, old: int, new: int) -> None:
        """Told by a refused call, maybe before the group itself says so."""
        try:
            await reception.chat_moved(ids.make_chat(old, direct=False), ids.make_chat(new, direct=False))
        except StoreFailed as failed:
            log.warning("move of a chat waits for its message", old=old, detail=failed.detail)

    async def _sync_menus(self, memory: AdapterStorage) -> None:
        """Writes the menus where they differ, however often it takes."""
        pause = MENU_RETRY_S
        while True:
            try:
                if written := await sync_command_menus(
                    self._bot, memory, self._admins, payments=self._payments is not None
                ):
                    log.info("commands written", menus=written)
            except (ChatFailed, OutcomeUnknown) as failed:
                log.warning("commands not written", detail=str(failed))
                busy = failed.retry_after if isinstance(failed, ChatBusy) else 0.0
                await self._clock.sleep(max(pause, busy))
                pause = min(pause * 2, MENU_RETRY_MAX_S)
            else:
                return

    def _in_background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


async def _loaded(notebook: TelegramState) -> list[Raw]:
    try:
        return await notebook.load()
    except StoreFailed as failed:
        log.warning("updates of before not read", detail=failed.detail)
        return []


def _update(raw: Raw, bot: telegram.Bot) -> telegram.Update | None:
    """None: written by another version, and not to be understood."""
    try:
        return telegram.Update.de_json(dict(raw), bot)
    except Exception:
        log.exception("update of before not read")
        return None
