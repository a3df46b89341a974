"""Receives messages: a job is submitted, a command answered, a refusal replied, or the message ignored.

Turns every failure into a reply in the sender's language; nothing raises towards an adapter.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import structlog

from bot.chat import Card, Chat, Message, User
from bot.errors import (
    EaselError,
    MachineFailed,
    PicturesWithoutPrompt,
    PlaceClosed,
    Refusal,
    RegionAsked,
    RegionUnavailable,
    ReplyHasNoPicture,
    RestTooLate,
    StillPainting,
    StoreAway,
    StoreFailed,
    StoreUnreachable,
)
from bot.errors.machine import is_machine_failure, names_machine_failure
from bot.handlers.admission import Admission, SuppressReply
from bot.handlers.chat_memory import ChatMemory
from bot.handlers.commands import CommandContext, CommandHandler
from bot.handlers.content import MessageContent, without_text_files
from bot.handlers.dialogue import ASK_QUIET_S, Dialogue
from bot.handlers.draft_jobs import DraftJobs
from bot.handlers.drafts import Draft, Drafts
from bot.handlers.forgetting import Forgetting
from bot.handlers.machine_retry import MachineRetry, Stopped
from bot.handlers.model_choices import ModelChoices
from bot.handlers.replies import Replies, Reply, count_failure, error_reply
from bot.handlers.shown_pictures import ShownPictures
from bot.handlers.unfinished import PendingRequest, complete, message_order, reopen_job
from bot.intake.commands import COMMANDS, Audience
from bot.intake.options import asks_for_region
from bot.intake.parser import Command, Paint, parse_request
from bot.intake.parts import without_foreign_caption
from bot.job import TRANSITIONS
from bot.jobs.service import JobService, Requester
from bot.observability import tracing
from bot.painting import Capabilities
from bot.providers.catalog import ProviderCatalog
from bot.runtime.clock import Clock, wait_for_event
from bot.status.messages import StatusMessages
from bot.store.store import Store
from bot.texts import negotiate_locale

log = structlog.get_logger()

T = TypeVar("T")

HANDLED = Reply(card=Card(text=""))  # stands for the reply that a message got when it was delivered before


class MessageHandler:
    """Receives messages; `bot.ports.EventSink.receive_message` has the promise."""

    def __init__(
        self,
        *,
        store: Store,
        catalog: ProviderCatalog,
        status_messages: StatusMessages,
        jobs: JobService,
        commands: CommandHandler,
        content: MessageContent,
        dialogue: Dialogue,
        replies: Replies,
        drafts: Drafts,
        model_choices: ModelChoices,
        shown: ShownPictures,
        memory: ChatMemory,
        forgetting: Forgetting,
        admission: Admission,
        clock: Clock,
        locale: str,
    ) -> None:
        """`locale`: for users whose platform names none of ours."""
        self._store = store
        self._catalog = catalog
        self._status_messages = status_messages
        self._jobs = jobs
        self._commands = commands
        self._content = content
        self._dialogue = dialogue
        self._replies = replies
        self._drafts = drafts
        self._model_choices = model_choices
        self._draft_jobs = DraftJobs(drafts, jobs, store)
        self._shown = shown
        self._memory = memory
        self._forgetting = forgetting
        self._admission = admission
        self._clock = clock
        self._locale = locale
        self._closing = asyncio.Event()
        self._turns = WeakValueDictionary[tuple[str, str], asyncio.Lock]()
        self._retry = MachineRetry(replies, clock, self._closing)

    async def receive_message(self, message: Message) -> bool:
        """Handles a message. False when Easel stops before its job is accepted or its reply sent."""
        try:
            if self._memory.is_stale(message.chat):
                await self._memory.refresh(message.chat)
            return await self._receive(self._dialogue.recognise(message))
        except Stopped:
            return False
        except Exception:
            log.exception("message handler failed", chat=message.chat.key)
            requester = self._requester(message)
            return await self._replies.send(message.event_key, requester, error_reply(requester, EaselError()))

    async def _receive(self, message: Message) -> bool:
        """As `receive_message`. Raises Stopped."""
        turn = self._turns.setdefault((message.chat.key, message.sender.key), asyncio.Lock())
        is_incomplete = self._content.is_incomplete(message, self._capabilities_for(message))
        if is_incomplete:  # outside the turn: a host may take seconds
            requester = self._requester(message)
            complete = partial(self._complete, message, requester)
            completed = await self._retry.run(message.event_key, requester, complete)
            if not isinstance(completed, Message):
                return completed is None or await self._send_reply(self._drafts.open(message), completed)
            message = completed
        async with turn:  # first come, first served; a reply is sent after it
            draft, reply = await self._place(message, admitted=is_incomplete)
            revision = 0 if draft is None else draft.revision
        if draft is None:
            return True
        if reply is HANDLED or not await self._drafts.wait_out(draft, revision, self._closing):
            return await asyncio.shield(draft.handled)  # of whoever has handled it, or of what has joined it
        handled = False
        try:
            handled = reply is None or await self._send_reply(draft, reply)
        finally:
            draft.finish(handled=handled)  # others wait for it
        return handled

    def expect_album(self, chat: Chat, user: User) -> None:
        """The user's pictures are coming in, which their latest words in the chat may be about."""
        self._draft_jobs.expect_album(chat, user)

    async def close(self) -> None:
        """Receives nothing any more; messages that the machine had no room for are left to the next start."""
        self._closing.set()
        self._drafts.close()
        await self._retry.close()

    def _requester(self, message: Message) -> Requester:
        """Who has written a message, which is replied to."""
        return Requester(
            user=message.sender,
            chat=message.chat,
            locale=negotiate_locale(message.sender.locale, self._locale),
            request_id=message.id,
        )

    async def _place(self, message: Message, *, admitted: bool) -> tuple[Draft | None, Reply | None]:
        """The draft that a message belongs to, and the reply to it. HANDLED: it was delivered before. No draft: nothing
        comes of the message.

        Raises Stopped.
        """
        known = self._drafts.find(message)
        if known is not None and not known.has_news(message):
            return known, HANDLED
        draft = await self._draft_jobs.place(message, known)
        if draft is None:
            return None, None
        decide = partial(self._decide, draft, admitted=admitted)
        try:
            return draft, await self._retry.run(draft.event, self._requester(draft.ordered[0]), decide)
        except BaseException:
            draft.finish(handled=False)
            raise

    async def _send_reply(self, draft: Draft, reply: Reply) -> bool:
        """Sends the reply to a draft, unless pictures that came meanwhile make it needless. False: Easel stops."""
        requester = self._requester(draft.ordered[0])
        if reply.waits:
            if await wait_for_event(self._closing, ASK_QUIET_S, self._clock):
                return False
            asked = self._dialogue.ask_about_pictures(draft.message, requester, reply)
            if asked is None:
                return True
            reply = asked
        draft.replied = True
        return await self._replies.send(draft.reply_key, requester, reply)

    async def _complete(self, message: Message, requester: Requester) -> Message | Reply | None:
        """The message with the words and pictures that it only names, after admission; or the reply in its place.

        Raises MachineFailed, and Stopped when Easel stops meanwhile.
        """
        if self._dialogue.has_seen(message):
            return None
        try:
            await self._admission.reload_if_changed()
            self._admission.check_request(message.sender, message.chat)
            return await self._until_closing(self._content.complete(message, self._capabilities_for(message)))
        except Stopped:
            raise
        except Exception as failed:
            answered = self._dialogue.find_answered(message)
            return await self._answer_failure(without_text_files(message), requester, failed, answered)

    async def _until_closing(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns. Raises Stopped when Easel stops meanwhile."""
        working, closing = asyncio.ensure_future(work), asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait((working, closing), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise Stopped
            return working.result()
        finally:
            working.cancel()
            closing.cancel()

    async def _decide(self, draft: Draft, *, admitted: bool) -> Reply | None:
        """The reply; None: nothing. `admitted`: the request was counted before. Raises MachineFailed."""
        message = without_foreign_caption(draft.message)
        message = await self._shown.complete(message)
        requester = self._requester(draft.ordered[0])
        if self._dialogue.has_seen(message):
            return None
        answered = self._find_answered(draft, message)
        whole = message if answered is None else complete(message, answered)
        try:
            try:
                return await self._handle(draft, whole, requester, admitted=admitted)
            except (ReplyHasNoPicture, PicturesWithoutPrompt) as refusal:
                ended = None if answered is not None else await self._find_ended_job(message, refusal)
                if ended is None:
                    raise
                answered = ended
                return await self._handle(draft, complete(message, answered), requester, admitted=True)
        except Exception as failed:
            reply = await self._answer_failure(message, requester, failed, answered)
            if isinstance(failed, Refusal) and draft.job_id is not None:
                return await self._refuse_job(draft, requester, failed)
            self._draft_jobs.hold_refusal(draft, failed)
            return reply

    def _find_answered(self, draft: Draft, message: Message) -> PendingRequest | None:
        """The request that a draft answers: not its own, and not one that is newer than what is corrected."""
        answered = self._dialogue.find_answered(message)
        if answered is None or answered.id in draft.parts:
            return None
        is_newer = message_order(answered.latest) > message_order(message.id)
        return None if draft.revision > 1 and is_newer else answered

    async def _refuse_job(self, draft: Draft, requester: Requester, refusal: Refusal) -> Reply | None:
        """A request that has a job turned into one that is refused: the job's message says so."""
        try:
            await self._draft_jobs.refuse(draft, refusal)
        except StoreFailed as failed:
            return error_reply(requester, failed)
        return None

    async def _find_ended_job(self, message: Message, refusal: Refusal) -> PendingRequest | None:
        """What a reply to the message of a job that ended without a picture goes with. None: it is no such reply.

        Raises StillPainting for words about a job that has not ended.
        """
        reply = message.reply_to
        if not isinstance(reply, Message) or not reply.from_me or reply.attachments:
            return None
        try:
            job = await self._store.job_by_message(message.chat, reply.id)
        except StoreFailed:
            return None
        if job is not None and TRANSITIONS[job.state] and isinstance(refusal, ReplyHasNoPicture):
            raise StillPainting
        return None if job is None or TRANSITIONS[job.state] else reopen_job(job, message.sender)

    async def _answer_failure(
        self, message: Message, requester: Requester, failed: Exception, answered: PendingRequest | None
    ) -> Reply | None:
        """The reply that says why a message was not handled. Raises MachineFailed."""
        match failed:
            case SuppressReply():
                if not self._status_messages.shows_pending_reply(message.chat):
                    return None
                return error_reply(requester, failed.refusal)
            case StoreUnreachable():
                raise StoreAway(detail=failed.detail) from failed
            case StoreFailed() if names_machine_failure(failed.detail or ""):
                raise MachineFailed(detail=failed.detail) from failed
            case EaselError():
                count_failure(failed)
                most = self._capabilities_for(message).max_references
                return await self._dialogue.keep_refused(message, requester, failed, answered, max_images=most)
            case _ if is_machine_failure(failed):
                raise MachineFailed(detail=repr(failed)) from failed
            case _:
                log.error("message handler failed", chat=message.chat.key, exc_info=failed)
                return error_reply(requester, EaselError())

    async def _handle(self, draft: Draft, message: Message, requester: Requester, *, admitted: bool) -> Reply | None:
        """The reply; None: a status message replies, or nothing does. `message`: what the draft says.

        Raises EaselError, whose words are the reply, and SuppressReply.
        """
        if draft.is_late:
            raise RestTooLate
        request = parse_request(message, self._capabilities_for(message))
        if request is None:
            await self._shown.keep(message)
            return None
        with tracing.span("admission"):
            prompt = request.prompt if isinstance(request, Paint) else ""
            if not admitted and draft.is_new_request:
                await self._admission.reload_if_changed()
                unrestricted = isinstance(request, Command) and COMMANDS[request.name].audience is Audience.ANYBODY
                self._admission.check_request(message.sender, message.chat, anybody=unrestricted)
            draft.is_admitted = True
            self._admission.check_words(prompt)
        match request:
            case PicturesWithoutPrompt() if asks_for_region(message.text):
                raise self._region_refusal(message.chat)
            case Refusal() as refusal:
                raise refusal
            case Command() as command:
                return await self._answer_command(draft, message, requester, command)
            case paint:
                if asks_for_region(message.text):
                    raise self._region_refusal(message.chat)
                paint = await self._with_kept_model(paint, requester)
                try:
                    job = await self._draft_jobs.accept(draft, requester, message, paint)
                except PlaceClosed as refusal:
                    self._admission.refuse_once(refusal, message.sender, message.chat)
                if job is not None:
                    self._jobs.acknowledge_request(job)
                await self._shown.settle(message)
                await self._dialogue.mark_answered(draft.ordered[-1])
                return None

    def _region_refusal(self, chat: Chat) -> Refusal:
        """What is said to a request whose region is to be painted by hand."""
        return RegionAsked() if self._status_messages.opens_pages(chat) else RegionUnavailable()

    async def _answer_command(self, draft: Draft, message: Message, who: Requester, command: Command) -> Reply | None:
        if draft.job_id is not None:
            return None
        draft.answered = True
        context = CommandContext(
            user=who.user,
            chat=who.chat,
            locale=who.locale,
            event=message.event_key,
            reply_to=message.reply_to,
            sender_moderates=message.sender_moderates,
        )
        answer = await self._commands.answer(context, command)
        if command.name == "forget":
            await self._forgetting.forget(who.user.key)
        return answer

    async def _with_kept_model(self, paint: Paint, requester: Requester) -> Paint:
        """The request with the model that its user keeps, where it names none."""
        models = self._catalog.capabilities.models
        chosen = await self._model_choices.apply(requester.user.key, paint.options, models)
        return replace(paint, options=replace(chosen.options, replaced_model=chosen.gone or None))

    def _capabilities_for(self, message: Message) -> Capabilities:
        """The providers' capabilities, with the counts that a reply can show where the message was written."""
        capabilities = self._catalog.capabilities
        if message.max_images is None:
            return capabilities
        return replace(capabilities, counts=tuple(n for n in capabilities.allowed_counts if n <= message.max_images))
