"""Answers button clicks: Cancel, Retry, Vary and Edit. Works after a restart: a click brings the job's id and no more.

Only the job's owner and admins may click, and for a chat that asked in its own name its administrators. Turns every
failure into words for the clicker.
"""

from collections.abc import Mapping

import structlog

from bot.chat import Action, ButtonPress, ButtonReply, Chat, User
from bot.clock import Clock
from bot.errors import AlreadyFinished, Banned, ChatFailed, EaselError, NotAnAdministrator, NotYours, RoleUnknown
from bot.handlers.admission import Admission, SuppressReply
from bot.handlers.commands import CommandHandler
from bot.handlers.pending_requests import PendingRequests
from bot.handlers.unfinished import Awaits, PendingRequest, PictureMessage
from bot.job import TRANSITIONS, Job
from bot.jobs.service import JobService, Requester
from bot.ports import ChatPort, ChatRoles
from bot.store.store import Store
from bot.texts import negotiate_locale, translate, translate_error

log = structlog.get_logger()


class ButtonHandler:
    """Answers clicks; `bot.ports.EventSink.press_button` has the promise."""

    def __init__(
        self,
        *,
        store: Store,
        jobs: JobService,
        commands: CommandHandler,
        pending_requests: PendingRequests,
        admission: Admission,
        ports: Mapping[str, ChatPort],
        clock: Clock,
        locale: str,
    ) -> None:
        """`locale`: for users whose platform names none of ours."""
        self._store = store
        self._jobs = jobs
        self._commands = commands
        self._pending_requests = pending_requests
        self._admission = admission
        self._ports = ports
        self._clock = clock
        self._locale = locale

    async def press_button(self, press: ButtonPress) -> ButtonReply:
        """Handles a click; returns what the clicker alone is shown."""
        locale = negotiate_locale(press.sender.locale, self._locale)
        try:
            return await self._handle(press, locale)
        except SuppressReply:
            return ButtonReply()
        except EaselError as failed:
            return ButtonReply(text=translate_error(locale, failed))
        except Exception:
            log.exception("button handler failed", job=press.job_id)
            return ButtonReply(text=translate_error(locale, EaselError()))

    async def _handle(self, press: ButtonPress, locale: str) -> ButtonReply:
        job = await self._store.get_job(press.job_id)
        if job is None or not job.prompt:  # erased by /forget
            raise AlreadyFinished
        actor = await self._identify_actor(press.sender, job)
        match press.action:
            case Action.EDIT:
                return await self._prompt_for_edit(press, actor, job, locale)
            case Action.CANCEL:
                return await self._cancel_job(press, job, locale)
            case Action.RETRY | Action.VARY:
                return await self._repeat_job(press, actor, job, locale)

    async def _identify_actor(self, sender: User, job: Job) -> User:
        """On whose account a press is: the sender's own, or that of the chat which they act for. Raises NotYours,
        NotAnAdministrator, RoleUnknown, Banned."""
        owner, is_admin = job.user, self._commands.is_admin(sender)
        if owner.key == sender.key:
            return sender
        try:
            if owner.is_chat and await self._acts_for_chat(sender, job):
                if self._admission.blocks(sender) or await self._store.is_banned(sender.key):
                    raise Banned
                return owner
        except ChatFailed as failed:
            if not is_admin:
                raise RoleUnknown from failed
        if is_admin:
            return sender
        raise NotAnAdministrator if owner.is_chat else NotYours

    async def _acts_for_chat(self, sender: User, job: Job) -> bool:
        """Whether the sender administers the chat that asked, or the group where it did: somebody who posts there as a
        channel of theirs may do so where the bot is not. Raises ChatFailed."""
        port = self._ports.get(job.chat.platform)
        if not isinstance(port, ChatRoles):
            return False
        asker = Chat(platform=job.user.platform, id=job.user.id, kind="group")
        places = (asker,) if asker.key == job.chat.key else (job.chat, asker)
        for place in places:
            if await port.is_administrator(place, sender):
                return True
        return False

    async def _prompt_for_edit(self, press: ButtonPress, actor: User, job: Job, locale: str) -> ButtonReply:
        """Tells how to say what to change. Where no form opens, in a direct chat, the image waits for the prompt."""
        job = await self._jobs.refresh_job(job)
        if press.no_form and press.message.chat.kind == "direct" and job.delivered:
            message, images = press.message.message_id, job.delivered[:1]
            request = PendingRequest(
                id=message,
                latest=message,
                asked_at=self._clock.now(),
                awaits=Awaits.WORDS,
                pictures=(PictureMessage(message=message, images=images),),
            )
            await self._pending_requests.put(press.message.chat, actor, request)
            return ButtonReply(text=translate(locale, "answer-edit-next"), open_reply=True)
        return ButtonReply(text=translate(locale, "answer-edit-how"), open_reply=True)

    async def _cancel_job(self, press: ButtonPress, job: Job, locale: str) -> ButtonReply:
        if not TRANSITIONS[job.state]:
            if press.message.message_id not in (job.status_id, job.delivered_id):
                self._jobs.retire_stray_message(press.message, job)
            raise AlreadyFinished
        if await self._jobs.cancel_job(job.id):
            return ButtonReply(text=translate(locale, "answer-cancelled", count=1))
        current = await self._store.get_job(job.id)
        if current is None or not TRANSITIONS[current.state]:  # another press of the same moment has cancelled it
            raise AlreadyFinished
        return ButtonReply(text=translate(locale, "press-too-late"))

    async def _repeat_job(self, press: ButtonPress, actor: User, job: Job, locale: str) -> ButtonReply:
        self._admission.check_request(actor, press.message.chat, job.prompt)
        requester = Requester(user=actor, chat=press.message.chat, locale=locale, request_id=press.message.message_id)
        repeated = await self._jobs.repeat_job(press.action, job, requester, press_id=press.id)
        return ButtonReply(text=translate(locale, "press-again") if repeated is None else "")
