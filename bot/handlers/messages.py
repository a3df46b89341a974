"""Receives messages: a job is submitted, a command answered, a refusal replied, or the message ignored.

Turns every failure into a reply in the sender's language; nothing raises towards an adapter.
"""

import asyncio
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from weakref import WeakValueDictionary

import structlog

from bot.background import BackgroundTasks
from bot.chat import Card, Message
from bot.clock import Clock, wait_for_event
from bot.errors import (
    EaselError,
    MachineFailed,
    PicturesWithoutPrompt,
    Refusal,
    ReplyHasNoPicture,
    StillPainting,
    StoreFailed,
    TooFast,
)
from bot.errors.machine import is_machine_failure, names_machine_failure
from bot.handlers.admission import Admission, SuppressReply
from bot.handlers.commands import CommandContext, CommandHandler
from bot.handlers.pending_images import PendingImages
from bot.intake.commands import COMMANDS, Audience
from bot.intake.parser import Command, Paint, parse_request
from bot.job import TRANSITIONS
from bot.jobs.service import JobService, Requester
from bot.metrics import REFUSALS
from bot.painting import Capabilities
from bot.providers.fallback import FallbackProvider
from bot.status.messages import StatusMessages
from bot.store.store import Store
from bot.texts import negotiate_locale, translate_error

log = structlog.get_logger()

MAX_PENDING_REPLIES = 3  # replies to one user waiting to be sent in one chat; requests beyond get none

MACHINE_RETRY_S = 5.0  # before a message is handled again that the machine had no room for


class Stopped(Exception):
    """Easel stops before a message is handled."""


class MessageHandler:
    """Receives messages; `bot.ports.EventSink.receive_message` has the promise."""

    def __init__(
        self,
        *,
        store: Store,
        provider: FallbackProvider,
        status_messages: StatusMessages,
        jobs: JobService,
        commands: CommandHandler,
        pending_images: PendingImages,
        admission: Admission,
        clock: Clock,
        locale: str,
    ) -> None:
        """`locale`: for users whose platform names none of ours."""
        self._store = store
        self._provider = provider
        self._status_messages = status_messages
        self._jobs = jobs
        self._commands = commands
        self._pending_images = pending_images
        self._admission = admission
        self._clock = clock
        self._locale = locale
        self._closing = asyncio.Event()
        self._turns = WeakValueDictionary[tuple[str, str], asyncio.Lock]()
        self._notices = BackgroundTasks()
        self._pending_replies: Counter[tuple[str, str]] = Counter()

    async def receive_message(self, message: Message) -> bool:
        """Handles a message. False when Easel stops before its job is accepted or its reply sent."""
        requester = Requester(
            user=message.sender,
            chat=message.chat,
            locale=negotiate_locale(message.sender.locale, self._locale),
            request_id=message.id,
        )
        turn = self._turns.setdefault((message.chat.key, message.sender.key), asyncio.Lock())
        async with turn:  # first come, first served; a reply is sent after it
            try:
                reply = await self._decide_in_time(message, requester)
            except Stopped:
                return False
        return reply is None or await self._send_reply(message, requester, reply)

    async def close(self) -> None:
        """Receives nothing any more; messages that the machine had no room for are left to the next start."""
        self._closing.set()
        await self._notices.cancel()

    async def _decide_in_time(self, message: Message, requester: Requester) -> str | None:
        """The text to reply; None: nothing. Tries again while the machine has no room for it, which the user is told
        once.

        Raises Stopped.
        """
        told = False
        while not self._closing.is_set():
            try:
                return await self._decide(message, requester)
            except MachineFailed as failed:
                log.error("message waits for the machine", chat=message.chat.key, detail=failed.detail)
                if not told:
                    text = translate_error(requester.locale, failed)
                    self._notices.spawn(self._send_reply(message, requester, text, part="waits"), "waiting notice")
                told = True
            await wait_for_event(self._closing, MACHINE_RETRY_S, self._clock)
        raise Stopped

    async def _decide(self, message: Message, requester: Requester) -> str | None:
        """As `_handle`, with failures as their texts. Raises MachineFailed."""
        try:
            message = self._pending_images.attach_to(message)
            return await self._handle(message, requester)
        except SuppressReply as suppressed:
            if not self._status_messages.shows_pending_reply(message.chat):
                return None
            return translate_error(requester.locale, suppressed.refusal)
        except EaselError as failed:
            if isinstance(failed, StoreFailed) and names_machine_failure(failed.detail or ""):
                raise MachineFailed(detail=failed.detail) from failed
            if isinstance(failed, PicturesWithoutPrompt) and message.attachments:
                await self._pending_images.set_pending(message.chat, message.sender, message.attachments)
            return translate_error(requester.locale, await self._count_failure(message, failed))
        except Exception as broken:
            if is_machine_failure(broken):
                raise MachineFailed(detail=repr(broken)) from broken
            log.exception("message handler failed", chat=message.chat.key)
            return translate_error(requester.locale, EaselError())

    async def _handle(self, message: Message, requester: Requester) -> str | None:
        """The text to reply; None: a status message replies, or nothing does.

        Raises EaselError, whose words are the reply, and SuppressReply.
        """
        request = parse_request(message, self._capabilities_for(message))
        if request is None:
            return None
        await self._admission.reload_if_changed()
        prompt = request.prompt if isinstance(request, Paint) else ""
        unrestricted = isinstance(request, Command) and COMMANDS[request.name].audience is Audience.ANYBODY
        self._admission.check_request(message.sender, message.chat, prompt, anybody=unrestricted)
        match request:
            case Refusal() as refusal:
                raise refusal
            case Command() as command:
                context = CommandContext(
                    user=requester.user, chat=requester.chat, locale=requester.locale, event=message.event_key
                )
                return await self._commands.answer(context, command)
            case paint:
                job = await self._jobs.submit_job(
                    requester,
                    event=message.event_key,
                    prompt=paint.prompt,
                    references=paint.references,
                    mask=paint.mask,
                    options=paint.options,
                )
                if job is not None:
                    self._jobs.acknowledge_request(job)
                    await self._pending_images.clear(message)
                return None

    def _capabilities_for(self, message: Message) -> Capabilities:
        """The providers' capabilities, with the counts that a reply can show where the message was written."""
        capabilities = self._provider.capabilities
        if message.max_images is None:
            return capabilities
        return replace(capabilities, counts=tuple(n for n in capabilities.allowed_counts if n <= message.max_images))

    async def _count_failure(self, message: Message, failed: EaselError) -> EaselError:
        """Counts a refusal or logs a failure; returns what to reply: StillPainting for a reply to an unfinished job."""
        if isinstance(failed, Refusal):
            REFUSALS.labels(type(failed).__name__).inc()
        else:
            log.error("message failed", failure=type(failed).__name__, detail=failed.detail)
        if isinstance(failed, ReplyHasNoPicture) and isinstance(message.reply_to, Message):
            try:
                job = await self._store.job_by_message(message.chat, message.reply_to.id)
            except StoreFailed:
                return failed
            if job is not None and TRANSITIONS[job.state]:
                return StillPainting()
        return failed

    # ------------------------------------------------------------ replies

    async def _send_reply(self, message: Message, requester: Requester, text: str, *, part: str = "answer") -> bool:
        """Sends a reply, once for each `part` of the answer to a message; True unless Easel stopped before. Replies are
        limited for each user and chat, unless the platform shows a pending reply, which silence would leave standing.
        """
        key = (requester.user.key, requester.chat.key)
        if not self._status_messages.shows_pending_reply(requester.chat):
            try:
                self._admission.check_reply(requester.user, requester.chat)
            except TooFast as refusal:
                text = translate_error(requester.locale, refusal)
            except SuppressReply:
                return True
            if self._pending_replies[key] >= MAX_PENDING_REPLIES:
                log.debug("too many pending replies", user=requester.user.key, chat=requester.chat.key)
                return True
        with self._count_pending_reply(key):
            return await self._status_messages.send_reply(
                f"{part}:{message.event_key}",
                requester.chat,
                Card(text=text, locale=requester.locale),
                reply_to=requester.request_id,
            )

    @contextmanager
    def _count_pending_reply(self, key: tuple[str, str]) -> Generator[None]:
        self._pending_replies[key] += 1
        try:
            yield
        finally:
            self._pending_replies[key] -= 1
            if not self._pending_replies[key]:
                del self._pending_replies[key]
