"""Telegram as a chat platform: ChatPort over the Bot API, and the adapter's life from start to close.

Receiving is receiver.py's; sending cards, sender.py's; delivering images, delivery.py's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog
from aiohttp import web
from telegram import ReactionTypeEmoji

from adapters.telegram import ids
from adapters.telegram.administrators import ChatAdministrators
from adapters.telegram.api import call_api, make_bot
from adapters.telegram.connection import Connection
from adapters.telegram.delivery import PictureDelivery
from adapters.telegram.errors import CALL_FAILURES, CallRejected
from adapters.telegram.events import allowed_updates
from adapters.telegram.files import FileDownloader
from adapters.telegram.ids import PLATFORM
from adapters.telegram.launch_data import read_launch_user
from adapters.telegram.message_ids import MessageIds
from adapters.telegram.payments import StarCharges
from adapters.telegram.permissions import ChatPermissions
from adapters.telegram.receiver import Receiver
from adapters.telegram.removal import MessageRemover
from adapters.telegram.sender import Sender
from adapters.telegram.state import TelegramState, TelegramStorage
from adapters.telegram.strays import StrayFinder
from adapters.telegram.webhook import Webhook
from bot.chat import Attachment, Budget, Button, Card, Chat, ChatFeatures, Delivered, Lane, MessageRef, User
from bot.cluster.chat_routing import ChatRouting
from bot.cluster.local import local_cluster
from bot.errors import ChatFailed, PlaceClosed, UnknownCharge
from bot.painting import Image
from bot.pictures.processing import ImageProcessor
from bot.ports import Cluster, EventSink
from bot.quota import Purchase
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock
from bot.settings import Telegram as TelegramSettings

log = structlog.get_logger()

# Telegram's FAQ for bots: about one a second to any chat with short bursts, 20 a minute to a group besides, 30 a second
# in all; sends and edits share them. A slot counts from the end of a call: an upload is counted when it is complete.
# 5 in any 5 s are never more than a bucket of 5 that gets one a second holds.
CHAT_SLOTS, CHAT_PERIOD_S = 5, 5.0
GROUP_SLOTS, GROUP_PERIOD_S = 20, 60.0
OVERALL_BUDGET = Budget(key=PLATFORM, slots=30, period_s=1.0, shared=True)
EDIT_GAP_S = 3.0  # between progress edits of one message; constant editing has earned waits of minutes
SEEN_REACTION = ReactionTypeEmoji("👀")


class TelegramAdapter:
    """One bot in all its chats. Implements ChatPort, Shop, and of the optional protocols ChatRoles,
    DeliveryPermissions, DirectMessages, LaunchVerification, MessageLinks, MessageRemoval, PostRecovery, PreparedPosts,
    PrivateChats and RequestAcknowledgement.

    `public_url`: of Easel's HTTP server, needed for webhooks; `page_url`: the same where it serves Easel's pages.
    `admins` as in the settings. `processor`: the one that all of Easel shares; by default one of its own. `cluster`:
    the other processes of this Easel; None: there are none. `may_call`: asked before each call, which is not made
    without it.
    """

    platform = PLATFORM
    keeps_requests = True
    """Telegram keeps updates for a day."""

    def __init__(
        self,
        settings: TelegramSettings,
        storage: TelegramStorage,
        *,
        clock: Clock,
        cluster: Cluster | None = None,
        public_url: str | None = None,
        page_url: str | None = None,
        admins: Sequence[str] = (),
        processor: ImageProcessor | None = None,
        may_call: Callable[[], bool] = lambda: True,
    ) -> None:
        """`cluster`: the other processes; by default there are none."""
        assert settings.token is not None  # callers construct the adapter only when a token is set
        self._settings = settings
        self._storage = storage
        self._clock = clock
        self._cluster = cluster or local_cluster()
        self.chats = ChatRouting(PLATFORM, self._cluster, clock)
        """Which of the chats this process handles."""
        self._admins = admins
        self._page_url = page_url
        self._bot = make_bot(settings, may_call)
        self._webhook: Webhook | None = None
        url_and_secret = None
        if settings.mode == "webhook" and public_url is not None:
            self._webhook = Webhook(settings.token.get_secret_value(), self._bot, self._cluster.membership)
            url_and_secret = (public_url.rstrip("/") + self._webhook.path, self._webhook.secret)
        allowed = allowed_updates(
            inline=settings.storage_chat is not None,
            payments=bool(settings.star_packs),
            channels=bool(settings.channels),
        )
        self._connection = Connection(
            self._bot,
            clock,
            self._cluster.membership,
            self._cluster.leases,
            has_peers=self.chats.has_peers,
            allowed=allowed,
            webhook=url_and_secret,
        )
        self._files = FileDownloader(self._bot, clock, local=settings.local)
        self._state = TelegramState(storage, self._cluster.bus)
        self._message_ids = MessageIds()
        self._strays = StrayFinder(self._bot, storage, self._message_ids)
        self._permissions = ChatPermissions(self._bot, clock, self._cluster.bus)
        self._sender = Sender(self._bot, self._state, self._strays, self._permissions, self._report_migration)
        self._delivery = PictureDelivery(
            self._bot,
            self._sender,
            self._strays,
            self._permissions,
            storage,
            processor or ImageProcessor(),
            storage_chat=settings.storage_chat,
            local=settings.local,
        )
        self._remover = MessageRemover(self._bot, self._sender, self._delivery, storage)
        self._administrators = ChatAdministrators(self._bot, clock, self._sender.current_chat)
        self._charges = StarCharges(self._bot, storage, clock)
        self._receiver: Receiver | None = None
        self._receiving = False
        self._chats_without_reactions: set[str] = set()
        self._tasks = BackgroundTasks()

    # ------------------------------------------------------------ life

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """The webhook's route; none when polling."""
        return () if self._webhook is None else self._webhook.routes()

    async def start(self, events: EventSink) -> None:
        """Calls getMe, and receives in the background from then on.

        Raises SettingsWrong when the token is not accepted; an unreachable Telegram is retried.
        """
        self._receiver = Receiver(
            self._bot,
            self._settings,
            connection=self._connection,
            webhook=self._webhook,
            state=self._state,
            message_ids=self._message_ids,
            storage=self._storage,
            permissions=self._permissions,
            charges=self._charges,
            events=events,
            admins=self._admins,
            page_url=self._page_url,
            cluster=self._cluster,
            chats=self.chats,
            clock=self._clock,
        )
        await self._strays.load()
        self._receiving = True
        await self._receiver.start()

    async def start_sending(self, events: EventSink) -> None:
        """For a process that receives nothing. Raises SettingsWrong when the token is not accepted."""
        await self._state.load_moves()
        await self._connection.log_in()

    async def stop_receiving(self) -> None:
        if self._receiver is not None and self._receiving:
            self._receiving = False
            await self._receiver.stop()

    async def close(self) -> None:
        await self._tasks.cancel()
        await self._administrators.close()
        await self._permissions.close()
        await self._files.close()
        await self._connection.close()

    async def problem(self) -> str | None:
        """Why Telegram does not work right now; None when it does."""
        return self._connection.problem() if self._receiver is None else self._receiver.problem()

    # ------------------------------------------------------------ ChatPort

    def features(self, chat: Chat) -> ChatFeatures:
        """An inline message is shown in its chat before its request reaches the bot, and waits to be filled in. What
        opens a reply cannot be edited."""
        inline = ids.is_inline(chat)
        return ChatFeatures(
            shows_pending_reply=inline,
            silent_edits=not inline,
            opens_pages=self._page_url is not None and not inline,
            fixed_questions=True,
            one_message=inline,
        )

    def lane(self, chat: Chat, ref: MessageRef | None, *, image_count: int = 0) -> Lane:
        if ids.is_inline(chat):
            key = chat.thread_id if ref is None else ref.message_id
            storage_chat = _chat_budgets(str(self._settings.storage_chat), is_group=True) if image_count else ()
            budgets = (*_chat_budgets(str(key), is_group=False), *storage_chat, OVERALL_BUDGET)
            return Lane(budgets=budgets, edit_gap_s=EDIT_GAP_S)
        current = self._sender.current_chat(chat)
        own = _chat_budgets(current.id, is_group=current.kind == "group")
        return Lane(budgets=(*own, OVERALL_BUDGET), edit_gap_s=EDIT_GAP_S, slots_per_call=max(1, image_count))

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        return await self._sender.post(chat, card, reply_to=reply_to, key=key)

    async def edit(self, ref: MessageRef, card: Card) -> None:
        await self._sender.edit(ref, card)

    async def post_album(
        self, chat: Chat, card: Card, images: Sequence[Image], *, reply_to: str | None, key: str
    ) -> Delivered:
        return await self._delivery.post_album(chat, card, images, reply_to=reply_to, key=key)

    async def replace_buttons(self, ref: MessageRef, buttons: Sequence[Button]) -> None:
        await self._sender.replace_buttons(ref, buttons)

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

    # ------------------------------------------------------------ optional protocols

    async def delivery_refusal(self, chat: Chat) -> PlaceClosed | None:
        return await self._permissions.delivery_refusal(self._sender.current_chat(chat))

    def prepare_post(
        self, chat: Chat, buttons: Sequence[Button], *, reply_to: str | None, key: str
    ) -> Mapping[str, Any] | None:
        return self._sender.prepare_post(chat, buttons, reply_to=reply_to, key=key)

    async def recover_posts(self, job_id: str) -> None:
        await self._strays.load(job_id)

    def launched_by(self, launch: str) -> str | None:
        assert self._settings.token is not None  # as above
        return read_launch_user(launch, self._settings.token.get_secret_value(), self._clock.now())

    def private_chat(self, user: User) -> Chat:
        return ids.make_chat(int(user.id), direct=True)

    async def open_direct_chat(self, user_id: str) -> Chat:
        if not user_id.isdecimal():
            raise ChatFailed(detail="an id of a user is a number")
        return ids.make_chat(int(user_id), direct=True)

    def message_link(self, ref: MessageRef) -> str | None:
        return ids.message_link(ref)

    def acknowledge_request(self, chat: Chat, message_id: str) -> None:
        """Reacts to a request in a group, where the budget may let no message through for a while."""
        if chat.kind == "group" and not ids.is_inline(chat) and chat.id not in self._chats_without_reactions:
            self._tasks.spawn(self._add_seen_reaction(chat, int(message_id)), "telegram reaction")

    async def remove(
        self, chat: Chat, message_ids: Sequence[str], card: Card, *, key: str, keep: Sequence[Attachment]
    ) -> None:
        await self._remover.remove(chat, message_ids, card, key=key)

    async def is_administrator(self, chat: Chat, user: User) -> bool:
        return await self._administrators.is_administrator(chat, user)

    async def is_moderator(self, chat: Chat, user: User) -> bool:
        return await self._administrators.is_moderator(chat, user)

    async def refund(self, charge: str) -> Purchase:
        """As `bot.ports.Shop.refund`. Raises UnknownCharge where nothing is sold."""
        if not self._settings.star_packs:
            raise UnknownCharge(charge=charge)
        return await self._charges.refund(charge)

    # ------------------------------------------------------------ within

    async def _add_seen_reaction(self, chat: Chat, message_id: int) -> None:
        chat_id = int(self._sender.current_chat(chat).id)
        try:
            await call_api(lambda: self._bot.set_message_reaction(chat_id, message_id, SEEN_REACTION))
        except CallRejected as rejected:
            log.info("chat allows no reactions", chat=chat.id, detail=rejected.description)
            self._chats_without_reactions.add(chat.id)
        except CALL_FAILURES as failed:
            log.info("reaction not set", chat=chat.id, detail=str(failed))

    async def _report_migration(self, old: int, new: int) -> None:
        if self._receiver is not None:
            await self._receiver.report_migration(old, new)


def _chat_budgets(chat_id: str, *, is_group: bool) -> tuple[Budget, ...]:
    """A chat's own budgets: that of its bursts, and a group's of the minute. `chat_id`: or that of an inline
    message."""
    bursts = Budget(key=f"{PLATFORM}:{chat_id}", slots=CHAT_SLOTS, period_s=CHAT_PERIOD_S)
    if not is_group:
        return (bursts,)
    return bursts, Budget(key=f"{PLATFORM}:{chat_id}:minute", slots=GROUP_SLOTS, period_s=GROUP_PERIOD_S)
