"""Answers button clicks: of jobs, of their results, and of the models of /model. Works after a restart: a click brings
the id of a job, or the key of a model, alone.

Who may click stands in `permissions`. Turns every failure into words for the clicker.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import structlog

from bot.chat import Action, MessageRef, User
from bot.errors import AlreadyFinished, EaselError, Forgotten
from bot.handlers.admission import Admission, SuppressReply
from bot.handlers.chat_memory import ChatMemory
from bot.handlers.deletion import ResultDeletion
from bot.handlers.model_choices import ModelChoices, describe_choice
from bot.handlers.pending_requests import PendingRequests
from bot.handlers.permissions import JobPermissions
from bot.handlers.questions import PHOTO_PREFIX
from bot.handlers.regions import Regions
from bot.handlers.result_menus import ResultMenus
from bot.handlers.unfinished import Awaits, PendingRequest, PictureMessage
from bot.job import TRANSITIONS, Job
from bot.jobs.service import JobService, Requester
from bot.observability.job_context import about_job
from bot.painting import Capabilities
from bot.ports import ButtonPress, ButtonReply
from bot.runtime.clock import Clock
from bot.store.store import Store
from bot.texts import negotiate_locale, translate, translate_error

log = structlog.get_logger()


OF_FORGOTTEN = (Action.DELETE, Action.MORE, Action.BACK)  # what also works on a job whose user wants it forgotten
MENUS = (Action.MORE, Action.REFRAME)  # what opens a menu
ResultAction = Callable[[ButtonPress, User, Job, str], Awaitable[ButtonReply]]
"""Does what a row of the menu says: for a press, on somebody's account, to a job, in the language of whoever pressed.
Raises EaselError, whose words are the answer, and SuppressReply."""


class ButtonHandler:
    """Answers clicks; `bot.ports.EventSink.press_button` has the promise."""

    def __init__(
        self,
        *,
        store: Store,
        jobs: JobService,
        permissions: JobPermissions,
        deletion: ResultDeletion,
        regions: Regions,
        menus: ResultMenus,
        actions: Mapping[Action, ResultAction],
        pending_requests: PendingRequests,
        model_choices: ModelChoices,
        capabilities: Callable[[], Capabilities],
        memory: ChatMemory,
        admission: Admission,
        clock: Clock,
        locale: str,
    ) -> None:
        """`actions`: of the rows of the menu (`bot.jobs.result_menu`) that stand nowhere else.
        `locale`: for users whose platform names none of ours."""
        self._store = store
        self._jobs = jobs
        self._permissions = permissions
        self._deletion = deletion
        self._regions = regions
        self._menus = menus
        self._actions = actions
        self._pending_requests = pending_requests
        self._model_choices = model_choices
        self._capabilities = capabilities
        self._memory = memory
        self._admission = admission
        self._clock = clock
        self._locale = locale

    async def press_button(self, press: ButtonPress) -> ButtonReply:
        """Handles a click; returns what the clicker alone is shown."""
        is_of_job = press.action is not Action.MODEL and not press.job_id.startswith(PHOTO_PREFIX)
        with about_job(press.job_id if is_of_job else None):
            return await self._answer(press, negotiate_locale(press.sender.locale, self._locale))

    async def _answer(self, press: ButtonPress, locale: str) -> ButtonReply:
        """As `press_button`."""
        try:
            if self._memory.is_stale(press.message.chat):
                await self._memory.refresh(press.message.chat)
            return await self._handle(press, locale)
        except SuppressReply:
            return ButtonReply()
        except EaselError as failed:
            return ButtonReply(text=translate_error(locale, failed))
        except Exception:
            log.exception("button handler failed", job=press.job_id)
            return ButtonReply(text=translate_error(locale, EaselError()))

    async def _handle(self, press: ButtonPress, locale: str) -> ButtonReply:
        if press.action is Action.MODEL:
            self._admission.check_request(press.sender, press.message.chat)
            models = self._capabilities().models
            chosen = await self._model_choices.choose_by_key(press.sender.key, press.job_id, models)
            return ButtonReply(text=describe_choice(chosen, locale))
        if press.job_id.startswith(PHOTO_PREFIX):
            return await self._regions.offer_photo_page(press, locale)
        return await self._handle_job(press, locale)

    async def _handle_job(self, press: ButtonPress, locale: str) -> ButtonReply:
        job = await self._store.get_job(press.job_id)
        if job is None or (press.action not in OF_FORGOTTEN and not job.prompt):
            raise Forgotten
        if press.action is not Action.DELETE and job.deleted:
            raise AlreadyFinished
        if press.action in (*MENUS, Action.BACK):
            return await self._handle_menu(press, job, locale)
        if press.action is Action.DELETE:
            moderates = press.message.chat if press.sender_moderates else None
            shown = None if press.from_menu else press.message
            text = await self._deletion.delete(press.sender, job, locale, moderates=moderates, shown=shown)
            return ButtonReply(text=text)
        actor = await self._permissions.identify_actor(press.sender, job)
        if press.from_menu and job.delivered_id is not None:
            press = replace(press, message=MessageRef(chat=press.message.chat, message_id=job.delivered_id))
        match press.action:
            case Action.EDIT:
                return await self._prompt_for_edit(press, actor, job, locale)
            case Action.CANCEL:
                return await self._cancel_job(press, job, locale)
            case Action.RETRY | Action.VARY:
                return await self._repeat_job(press, actor, job, locale)
            case action:
                return await self._actions[action](press, actor, job, locale)

    async def _handle_menu(self, press: ButtonPress, job: Job, locale: str) -> ButtonReply:
        """Opens or closes the menu of a result. It counts towards the user's pace."""
        self._admission.check_request(press.sender, press.message.chat)
        if press.action in MENUS:
            return await self._menus.open_menu(press, await self._jobs.refresh_job(job), locale)
        return await self._menus.close_menu(press, job)

    async def _prompt_for_edit(self, press: ButtonPress, actor: User, job: Job, locale: str) -> ButtonReply:
        """Tells how to say what to change. Where no form opens, in a direct chat, the image waits for the prompt."""
        job = await self._jobs.refresh_job(job)
        if press.no_form and press.message.chat.kind == "direct" and job.delivered:
            message, images = press.message.message_id, (job.delivered_picture(press.picture),)
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
        return ButtonReply(text=await self._deletion.cancel(job, locale))

    async def _repeat_job(self, press: ButtonPress, actor: User, job: Job, locale: str) -> ButtonReply:
        self._admission.check_request(actor, press.message.chat, job.prompt)
        # what came of nothing says nothing of what was asked for: the request does, where it stands in this chat
        ended_empty = not job.delivered and job.chat.key == press.message.chat.key
        request_id = (job.request_id if ended_empty else None) or press.message.message_id
        requester = Requester(user=actor, chat=press.message.chat, locale=locale, request_id=request_id)
        repeated = await self._jobs.repeat_job(press.action, job, requester, press_id=press.id, picture=press.picture)
        return ButtonReply(text=translate(locale, "press-again") if repeated is None else "")
