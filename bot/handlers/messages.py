"""The reception: a message comes in; a job is accepted, a command answered, a refusal said, or nothing.

Turns every failure into words in the sender's language; nothing raises towards an adapter.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

import structlog

from bot.chat import Action, Attachment, Balance, ButtonPress, ButtonReply, Card, Chat, Message, MessageRef, User
from bot.clock import Clock
from bot.errors import (
    AlreadyFinished,
    Banned,
    EaselError,
    NotYours,
    PicturesWithoutPrompt,
    Refusal,
    ReplyHasNoPicture,
    StillPainting,
    StoreFailed,
    TooFast,
)
from bot.handlers.admission import Admission, SuppressReply
from bot.handlers.commands import Caller, CommandHandler
from bot.handlers.pending_images import PendingImages
from bot.intake.parser import Command, Paint, read
from bot.job import TRANSITIONS, Job, NewJob
from bot.jobs.runner import JobRunner
from bot.jobs.scheduler import Scheduler
from bot.metrics import ACCEPTED, REFUSED
from bot.painting import Capabilities, Options
from bot.providers.fallback import FallbackProvider
from bot.providers.requirements import Requirements
from bot.quota import QuotaRules
from bot.status.messages import StatusMessages
from bot.store.store import Store
from bot.texts import choose, explain, say

log = structlog.get_logger()

TYPICAL_SECONDS = 30.0  # that what was looked up of how long paintings take is good for
JOIN_SECONDS = 2.0  # that a click on a picture just delivered waits for its job to be closed
MOST_UNSAID = 3  # answers to one member waiting for their turn in one chat; what is asked beyond goes without one
ANYBODY = ("privacy", "forget")  # commands that also those may give who may ask for nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, where, and the message that the answer hangs on."""

    user: User
    chat: Chat
    locale: str
    request_id: str | None


class MessageHandler:
    """Where adapters hand in their events; `bot.ports.EventSink` has the promises."""

    def __init__(
        self,
        *,
        store: Store,
        failover: FallbackProvider,
        board: StatusMessages,
        jobs: JobRunner,
        dispatch: Scheduler,
        commands: CommandHandler,
        rules: QuotaRules,
        tray: PendingImages,
        gate: Admission,
        clock: Clock,
        locale: str,
        new_id: Callable[[], str],
    ) -> None:
        """`locale`: for members whose platform names none of ours. `new_id`: makes the id of a job."""
        self._store = store
        self._failover = failover
        self._board = board
        self._jobs = jobs
        self._dispatch = dispatch
        self._commands = commands
        self._rules = rules
        self._locale = locale
        self._new_id = new_id
        self._tray = tray
        self._gate = gate
        self._clock = clock
        self._typical_seconds: float | None = None
        self._typical_until = -math.inf
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._unsaid: Counter[tuple[str, str]] = Counter()

    # ------------------------------------------------------------ messages

    async def receive_message(self, message: Message) -> bool:
        if self._closed:
            return False
        asker = Asker(
            user=message.sender,
            chat=message.chat,
            locale=choose(message.sender.locale, self._locale),
            request_id=message.id,
        )
        try:
            message = self._tray.completed(message)
            answer = await self._receive(message, asker)
        except SuppressReply as silence:
            if not self._board.shows_pending_reply(message.chat):
                return True
            answer = explain(asker.locale, silence.refusal)
        except EaselError as failed:
            if isinstance(failed, PicturesWithoutPrompt) and message.attachments:
                await self._tray.put(message.chat, message.sender, message.attachments)
            answer = explain(asker.locale, await self._clearer(message, failed))
        except Exception:
            log.exception("message broke", chat=message.chat.key)
            answer = explain(asker.locale, EaselError())
        return answer is None or await self._answer(message, asker, answer)

    async def _answer(self, message: Message, asker: Asker, text: str) -> bool:
        """Says an answer. Who asks faster than a chat can be written to gets few, unless silence would look like a
        promise there."""
        place = (asker.user.key, asker.chat.key)
        if not self._board.shows_pending_reply(asker.chat):
            try:
                self._gate.check_reply(asker.user, asker.chat)
            except TooFast as refusal:
                text = explain(asker.locale, refusal)
            except SuppressReply:
                return True
            if self._unsaid[place] >= MOST_UNSAID:
                log.debug("asked faster than answered", user=asker.user.key, chat=asker.chat.key)
                return True
        with self._saying(place):
            key, card = f"answer:{message.event_key}", Card(text=text, locale=asker.locale)
            return await self._board.send_reply(key, asker.chat, card, reply_to=asker.request_id)

    @contextmanager
    def _saying(self, place: tuple[str, str]) -> Generator[None]:
        self._unsaid[place] += 1
        try:
            yield
        finally:
            self._unsaid[place] -= 1
            if not self._unsaid[place]:
                del self._unsaid[place]

    async def _receive(self, message: Message, asker: Asker) -> str | None:
        """What is to be answered; None: a status message, or nothing.

        Raises EaselError, whose words are the answer.
        """
        asked = read(message, self._offered(message))
        if asked is None:
            return None
        await self._gate.reload_if_changed()
        text = asked.prompt if isinstance(asked, Paint) else ""
        anybody = isinstance(asked, Command) and asked.name in ANYBODY
        self._gate.check_request(message.sender, message.chat, text, anybody=anybody)
        match asked:
            case Refusal() as refusal:
                raise refusal
            case Command() as command:
                caller = Caller(user=asker.user, chat=asker.chat, locale=asker.locale, event=message.event_key)
                return await self._commands.answer(caller, command)
            case paint:
                job = await self._accept(
                    asker,
                    event=message.event_key,
                    prompt=paint.prompt,
                    references=paint.references,
                    mask=paint.mask,
                    options=paint.options,
                )
                if job is not None:
                    self._jobs.seen(job)
                    await self._tray.clear(message)
                return None

    def _offered(self, message: Message) -> Capabilities:
        """What can be asked for where the message was written."""
        capabilities = self._failover.capabilities
        if message.max_images is None:
            return capabilities
        return replace(capabilities, counts=tuple(n for n in capabilities.allowed_counts if n <= message.max_images))

    async def _clearer(self, message: Message, failed: EaselError) -> EaselError:
        """A refusal, counted; one about a reply to an unfinished job says that it is unfinished."""
        if isinstance(failed, Refusal):
            REFUSED.labels(type(failed).__name__).inc()
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

    # ------------------------------------------------------------ jobs

    async def _accept(
        self,
        asker: Asker,
        *,
        event: str,
        prompt: str,
        references: tuple[Attachment, ...],
        mask: Attachment | None,
        options: Options,
        parent: str | None = None,
    ) -> Job | None:
        """Reserves the credits and puts the job in line. None: this event has become a job before.

        Raises Refusal.
        """
        needs = Requirements(options=options, references=len(references), prompt=len(prompt), mask=mask is not None)
        asked = NewJob(
            id=self._new_id(),
            event=event,
            user=asker.user,
            chat=asker.chat,
            request_id=asker.request_id,
            locale=asker.locale,
            prompt=prompt,
            options=options,
            references=references,
            mask=mask,
            cost=self._failover.price(needs) * options.n,
            parent=parent,
        )
        typical = await self._typical()
        with self._dispatch.claimed(asked.id, asker.user.key) as at_once:
            job, new = await self._store.accept_job(asked, self._rules, begun=at_once)
            if new:
                self._start(job, typical, claimed=at_once)
                ACCEPTED.inc()
                log.info("job accepted", job=job.id, chat=job.chat.key, user=job.user.key, cost=job.cost)
        return job if new else None

    async def _typical(self) -> float | None:
        """What to expect, looked up now and then; a database that cannot say hinders no job."""
        if self._clock.monotonic() >= self._typical_until:
            self._typical_until = self._clock.monotonic() + TYPICAL_SECONDS
            with suppress(StoreFailed):
                self._typical_seconds = await self._store.median_duration_s()
        return self._typical_seconds

    async def resume(self) -> int:
        """Takes up what an earlier process left unfinished or untold, oldest first; returns how many.

        Jobs of a platform that is not connected wait until it is.
        """
        unfinished = [job for job in await self._store.unfinished_jobs() if self._jobs.reaches(job)]
        typical = await self._typical()
        for job in unfinished:
            self._start(job, typical)
        untold = [job for job in await self._store.pending_notifications() if self._jobs.reaches(job)]
        for job in untold:
            self._jobs.conclude_soon(job)
        return len(unfinished) + len(untold)

    def _start(self, job: Job, typical: float | None, *, claimed: bool = False) -> None:
        """Puts an accepted job up and in line. Nothing is awaited, so nothing can fail in between."""
        if not claimed and self._dispatch.has(job.id):
            return  # it was accepted while those of before are being taken up
        if claimed:
            self._jobs.hold(job)
        self._jobs.show(job, typical, gone=lambda: self._cancel_soon(job.id))
        self._dispatch.submit(job.id, job.user.key)

    def _cancel_soon(self, job_id: str) -> None:
        task = asyncio.create_task(self._cancel(job_id), name=f"cancel {job_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _cancel(self, job_id: str) -> None:
        try:
            await self._dispatch.cancel(job_id)
        except EaselError as failed:
            log.error("cancel failed", job=job_id, detail=failed.detail)

    async def message_deleted(self, ref: MessageRef) -> None:
        try:
            job = await self._store.job_by_message(ref.chat, ref.message_id)
        except EaselError as failed:
            log.error("deleted message not looked up", detail=failed.detail)
            return
        if job is not None and TRANSITIONS[job.state]:
            await self._cancel(job.id)

    @property
    def capabilities(self) -> Capabilities:
        return self._failover.capabilities

    async def chat_moved(self, old: Chat, new: Chat) -> None:
        await self._store.move_chat(old, new)
        log.info("chat has moved", old=old.key, new=new.key)

    async def credit_purchase(self, user: User, credits: int, *, entry: str) -> Balance:
        balance = await self._store.grant(entry, user.key, credits, self._rules.allowance(user))
        log.info("credits bought", user=user.key, credits=credits, entry=entry)
        return balance

    async def balance(self, user: User) -> Balance:
        return await self._store.balance(user.key, self._rules.allowance(user), self._rules.new_user_daily)

    # ------------------------------------------------------------ what adapters answer by themselves

    async def command_refusal(self, user: User, chat: Chat) -> str | None:
        try:
            await self._gate.reload_if_changed()
            self._gate.check_adapter_command(user, chat, banned=await self._store.is_banned(user.key))
            if not self._board.shows_pending_reply(chat):
                self._gate.check_reply(user, chat)
        except SuppressReply:
            return ""
        except EaselError as failed:
            return explain(choose(user.locale, self._locale), failed)
        return None

    async def purchase_refusal(self, user: User) -> str | None:
        try:
            await self._gate.reload_if_changed()
            refusal = Banned() if self._gate.blocks(user) or await self._store.is_banned(user.key) else None
        except EaselError as failed:
            refusal = failed
        return None if refusal is None else explain(choose(user.locale, self._locale), refusal)

    # ------------------------------------------------------------ buttons

    async def press_button(self, press: ButtonPress) -> ButtonReply:
        locale = choose(press.sender.locale, self._locale)
        try:
            return await self._press(press, locale)
        except SuppressReply:
            return ButtonReply()
        except EaselError as failed:
            return ButtonReply(text=explain(locale, failed))
        except Exception:
            log.exception("press broke", job=press.job_id)
            return ButtonReply(text=explain(locale, EaselError()))

    async def _press(self, press: ButtonPress, locale: str) -> ButtonReply:
        job = await self._store.get_job(press.job_id)
        if job is None or not job.prompt:  # forgotten
            raise AlreadyFinished
        if job.user.key != press.sender.key and not self._commands.is_admin(press.sender):
            raise NotYours
        if press.action is Action.EDIT:
            return await self._edit(press, job, locale)
        if press.action is Action.CANCEL:
            if not TRANSITIONS[job.state]:
                if press.message.message_id not in (job.status_id, job.delivered_id):
                    self._jobs.end_stray(press.message, job)
                raise AlreadyFinished
            ended = await self._dispatch.cancel(job.id)
            return ButtonReply(
                text=say(locale, "answer-cancelled", count=1) if ended else say(locale, "press-too-late")
            )
        self._gate.check_request(press.sender, press.message.chat, job.prompt)
        asker = Asker(user=press.sender, chat=press.message.chat, locale=locale, request_id=press.message.message_id)
        return await self._again(press.action, job, asker)

    async def _edit(self, press: ButtonPress, job: Job, locale: str) -> ButtonReply:
        """How to say what to change; where it need not be said as a reply, the picture waits for the words."""
        job = await self._settled(job)
        if press.no_form and press.message.chat.kind == "direct" and job.delivered:
            await self._tray.put(press.message.chat, press.sender, job.delivered[:1])
            return ButtonReply(text=say(locale, "answer-edit-next"), open_reply=True)
        return ButtonReply(text=say(locale, "answer-edit-how"), open_reply=True)

    async def _settled(self, job: Job) -> Job:
        """A job whose picture may stand there already, the books being a moment behind.

        Read again in any case: it may have ended since it was read.
        """
        if not TRANSITIONS[job.state]:
            return job
        if not self._jobs.may_cancel(job.id):
            await self._dispatch.join(job.id, seconds=JOIN_SECONDS)
        return await self._store.get_job(job.id) or job

    async def _again(self, action: Action, job: Job, asker: Asker) -> ButtonReply:
        """Retry: the same once more. Vary: the same, with the finished picture as the first reference.

        A second click while the first one's job is unfinished is the same event, and becomes nothing.
        """
        job = await self._settled(job)
        if TRANSITIONS[job.state]:
            raise StillPainting
        references, mask = job.references, job.mask
        if action is Action.VARY and job.delivered:
            originals = references[1:] if job.varies else references
            fits = len(originals) < self._failover.capabilities.max_references
            references, mask = (job.delivered[0], *originals) if fits else job.delivered[:1], None
        new = await self._accept(
            asker,
            event=f"{action.value}:{job.id}:{asker.user.key}:{await self._store.count_ended_children(job.id)}",
            prompt=job.prompt,
            references=references,
            mask=mask,
            options=job.options,
            parent=job.id,
        )
        return ButtonReply(text=say(asker.locale, "press-again") if new is None else "")

    async def close(self) -> None:
        """Takes nothing in any more, and lets cancellations under way end."""
        self._closed = True
        await asyncio.gather(*self._tasks, return_exceptions=True)
