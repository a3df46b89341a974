"""Answers button clicks: Cancel, Retry, Vary and Edit. Works after a restart: a click brings the job's id and no more.

Only the job's owner and admins may click. Turns every failure into words for the clicker.
"""

import structlog

from bot.chat import Action, ButtonPress, ButtonReply
from bot.errors import AlreadyFinished, EaselError, NotYours
from bot.handlers.admission import Admission, SuppressReply
from bot.handlers.commands import CommandHandler
from bot.handlers.pending_images import PendingImages
from bot.job import TRANSITIONS, Job
from bot.jobs.service import JobService, Requester
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
        pending_images: PendingImages,
        admission: Admission,
        locale: str,
    ) -> None:
        """`locale`: for users whose platform names none of ours."""
        self._store = store
        self._jobs = jobs
        self._commands = commands
        self._pending_images = pending_images
        self._admission = admission
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
        if job.user.key != press.sender.key and not self._commands.is_admin(press.sender):
            raise NotYours
        match press.action:
            case Action.EDIT:
                return await self._prompt_for_edit(press, job, locale)
            case Action.CANCEL:
                return await self._cancel_job(press, job, locale)
            case Action.RETRY | Action.VARY:
                return await self._repeat_job(press, job, locale)

    async def _prompt_for_edit(self, press: ButtonPress, job: Job, locale: str) -> ButtonReply:
        """Tells how to say what to change. Where no form opens, in a direct chat, the image waits for the prompt."""
        job = await self._jobs.refresh_job(job)
        if press.no_form and press.message.chat.kind == "direct" and job.delivered:
            await self._pending_images.set_pending(press.message.chat, press.sender, job.delivered[:1])
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

    async def _repeat_job(self, press: ButtonPress, job: Job, locale: str) -> ButtonReply:
        self._admission.check_request(press.sender, press.message.chat, job.prompt)
        requester = Requester(
            user=press.sender, chat=press.message.chat, locale=locale, request_id=press.message.message_id
        )
        repeated = await self._jobs.repeat_job(press.action, job, requester, press_id=press.id)
        return ButtonReply(text=translate(locale, "press-again") if repeated is None else "")
