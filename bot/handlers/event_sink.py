"""What adapters hand their events to: `bot.ports.EventSink`, composed of the handlers of messages and buttons.

Routes events; decides only who may use what an adapter answers by itself.
"""

from dataclasses import asdict

import structlog

from bot.chat import Attachment, Chat, Message, MessageRef, User
from bot.errors import Banned, EaselError, StoreFailed
from bot.handlers.admission import Admission, SuppressReply
from bot.handlers.buttons import ButtonHandler
from bot.handlers.chat_memory import ChatMemory
from bot.handlers.estimates import RequestEstimates
from bot.handlers.file_checks import FileChecks
from bot.handlers.messages import MessageHandler
from bot.handlers.pending_requests import PendingRequests
from bot.intake.choices import RequestEstimate
from bot.intake.prices import PriceList
from bot.jobs.service import JobService
from bot.observability import tracing
from bot.painting import Capabilities
from bot.ports import Bus, ButtonPress, ButtonReply
from bot.providers.catalog import ProviderCatalog
from bot.quota import Balance, CurrentRules
from bot.status.messages import StatusMessages
from bot.store.store import Store
from bot.store.stored_values import StoredReader
from bot.texts import negotiate_locale, translate_error

log = structlog.get_logger()

CHAT_CLOSED, CHAT_MOVED = "chat closed", "chat moved"  # on the bus

_CHAT = StoredReader[Chat](Chat)


class CoreEventSink:
    """Implements `bot.ports.EventSink`, which has the promises."""

    def __init__(
        self,
        *,
        messages: MessageHandler,
        buttons: ButtonHandler,
        estimates: RequestEstimates,
        file_checks: FileChecks,
        jobs: JobService,
        store: Store,
        pending_requests: PendingRequests,
        catalog: ProviderCatalog,
        status_messages: StatusMessages,
        memory: ChatMemory,
        bus: Bus,
        admission: Admission,
        rules: CurrentRules,
        locale: str,
    ) -> None:
        """`locale`: for users whose platform names none of ours. `bus`: where other processes hear what concerns
        them."""
        self._messages = messages
        self._buttons = buttons
        self._estimates = estimates
        self._file_checks = file_checks
        self._jobs = jobs
        self._store = store
        self._pending_requests = pending_requests
        self._catalog = catalog
        self._status_messages = status_messages
        self._memory = memory
        self._bus = bus
        self._admission = admission
        self._rules = rules
        self._locale = locale
        bus.subscribe(CHAT_CLOSED, self._hear_of_closed_chat)
        bus.subscribe(CHAT_MOVED, lambda _: memory.mark_stale())

    async def receive_message(self, message: Message) -> bool:
        with tracing.receiving("receive", platform=message.chat.platform):
            return await self._messages.receive_message(message)

    def expect_album(self, user: User, chat: Chat) -> None:
        self._messages.expect_album(chat, user)

    def ignores(self, user: User, chat: Chat) -> bool:
        return self._admission.ignores(user, chat)

    async def press_button(self, press: ButtonPress) -> ButtonReply:
        with tracing.receiving("press", platform=press.message.chat.platform, action=press.action.value):
            return await self._buttons.press_button(press)

    async def estimate(self, message: Message) -> RequestEstimate:
        return await self._estimates.estimate(message)

    async def check_file(self, user: User, file: Attachment, data: bytes) -> str | None:
        return await self._file_checks.check(user, file, data)

    async def message_deleted(self, ref: MessageRef) -> None:
        await self._jobs.cancel_job_of_message(ref)

    async def chat_closed(self, chat: Chat) -> None:
        log.info("chat is closed to the bot", chat=chat.key)
        self._status_messages.close_chat(chat)
        try:
            await self._bus.publish(CHAT_CLOSED, asdict(chat))
        except StoreFailed as failed:  # their next calls are refused
            log.warning("other processes not notified of a closed chat", detail=failed.detail)

    async def chat_moved(self, old: Chat, new: Chat) -> None:
        await self._store.move_chat(old, new)
        if self._memory.is_stale(old):
            await self._memory.refresh(old)
        await self._pending_requests.move_chat(old, new)
        await self._bus.publish(CHAT_MOVED)
        log.info("chat has moved", old=old.key, new=new.key)

    def chats_changed_hands(self) -> None:
        self._memory.mark_stale()

    def _hear_of_closed_chat(self, payload: object) -> None:
        self._status_messages.close_chat(_CHAT.read(payload))

    async def command_refusal(self, user: User, chat: Chat) -> str | None:
        try:
            await self._admission.reload_if_changed()
            self._admission.check_adapter_command(user, chat, banned=await self._store.is_banned(user.key))
            if not self._status_messages.shows_pending_reply(chat):
                self._admission.check_reply(user, chat)
        except SuppressReply:
            return ""
        except EaselError as failed:
            return translate_error(negotiate_locale(user.locale, self._locale), failed)
        return None

    async def purchase_refusal(self, user: User) -> str | None:
        try:
            await self._admission.reload_if_changed()
            refusal = Banned() if self._admission.blocks(user) or await self._store.is_banned(user.key) else None
        except EaselError as failed:
            refusal = failed
        return None if refusal is None else translate_error(negotiate_locale(user.locale, self._locale), refusal)

    async def balance(self, user: User) -> Balance:
        return await self._store.balance(
            user.key, self._rules.now.daily_allowance(user), self._rules.now.new_user_daily
        )

    async def credit_purchase(self, user: User, credits: int, *, entry: str) -> Balance:
        balance = await self._store.grant(entry, user.key, credits, self._rules.now.daily_allowance(user))
        log.info("credits bought", user=user.key, credits=credits, entry=entry)
        return balance

    async def close(self) -> None:
        """Receives no messages any more: `receive_message` returns False."""
        await self._messages.close()

    @property
    def capabilities(self) -> Capabilities:
        return self._catalog.capabilities

    @property
    def prices(self) -> PriceList:
        return self._catalog.prices
