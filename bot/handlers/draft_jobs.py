"""Which request a message belongs to, and what becomes of the request's job when it grows or changes.

A job takes what comes as long as no upstream may have been asked (`bot.store.amendments`). After that nothing changes
it, and what belongs to it never becomes a job of its own.
"""

from dataclasses import replace

import structlog

from bot.chat import Chat, Message, User
from bot.errors import NothingToEdit, Refusal, StoreFailed
from bot.handlers.drafts import (
    COLLECTED_HOLD_S,
    CUT_HOLD_S,
    EDIT_SPAN,
    FORWARD_HOLD_S,
    Draft,
    Drafts,
)
from bot.intake.parser import Paint
from bot.intake.parts import FORWARD_SPAN, continues_text, is_material, position
from bot.job import Job, State
from bot.jobs import lineage
from bot.jobs.service import JobService, Requester
from bot.painting import Options
from bot.store.store import Store

log = structlog.get_logger()

LATEST_JOBS = 5  # of a user in a chat that are looked at for a message of before


class DraftJobs:
    """Places messages in drafts, and keeps each draft's job at what the draft says."""

    def __init__(self, drafts: Drafts, jobs: JobService, store: Store) -> None:
        self._drafts = drafts
        self._jobs = jobs
        self._store = store

    # ------------------------------------------------------------ where a message belongs

    async def place(self, message: Message, found: Draft | None) -> Draft | None:
        """The draft that is to be decided now that the message is in it; None: nothing comes of the message.

        `found`: as of `Drafts.find`. Without the database a message is a request of its own.
        """
        try:
            if message.edited_at is not None:
                draft = await self._place_edit(message, found)
            elif found is not None:
                draft = await self._place_further(message, found)
            else:
                draft = await self._place_first(message)
        except StoreFailed as failed:
            log.warning("message is read by itself", chat=message.chat.key, detail=failed.detail)
            draft = self._drafts.open(message)
        if draft is not None:
            await self._drafts.note_cut(draft)
        return draft

    async def _place_edit(self, message: Message, found: Draft | None) -> Draft | None:
        """An edit corrects a request that nobody works on yet; of other messages it is a new request for a while."""
        if found is None:
            job = await self._store.job_by_event(message.event_key)
            if job is None and message.id in await self._taken_up(message):
                return None
            if job is not None and _can_change(job):
                return self._take_up(job, message)
            if not _is_fresh(message) or not (job is None or _was_refused(job)):
                return None
            return self._drafts.open(message, None if job is None else _edit_key(message))
        if found.answered:
            return self._drafts.remember(found, message)
        if found.job_id is not None:
            job = await self._store.get_job(found.job_id)
            if job is None or not (_can_change(job) or _was_refused(job)):
                return self._drafts.remember(found, message)
            if _was_refused(job):  # what is refused can be corrected: it becomes another job
                found.event = _edit_key(message)
                found.job_id = None
        elif not _is_fresh(message):
            return self._drafts.remember(found, message)
        return self._drafts.put(found, message)

    async def _place_further(self, message: Message, found: Draft) -> Draft | None:
        """A message that goes on with a draft, or comes before it."""
        if found.job_id is None and position(message) < position(found.ordered[0]) and not found.replied:
            found.event = message.event_key
        is_text = not is_material(message) or any(continues_text(part, message) for part in found.parts.values())
        if found.is_late:
            return self._drafts.remember(found, message)
        if found.is_rest:
            return self._place_beginning(message, found)
        if found.job_id is None:
            if found.replied and is_text:
                return self._drafts.remember(found, message) if _is_surely_rest(message, found) else self._open(message)
            return self._drafts.put(found, message)
        job = await self._store.get_job(found.job_id)
        if job is not None and _can_change(job):
            return self._drafts.put(found, message)
        if not is_text:  # the caption of a forwarded picture is not the sender's
            return self._open(replace(message, text="") if message.attachments else message)
        return (
            self._drafts.remember(found, message) if job is not None and _was_refused(job) else self._open_late(message)
        )

    def _place_beginning(self, message: Message, found: Draft) -> Draft | None:
        """What came before the rest of a text, or more of the rest."""
        found.is_rest = not any(continues_text(message, part) for part in found.parts.values())
        draft = self._drafts.put(found, message)
        if draft.is_rest:
            draft.finish(handled=True)
            return None
        return draft

    async def _place_first(self, message: Message) -> Draft | None:
        """A message that goes on with nothing in memory; an earlier process may have known what it belongs to."""
        if (note := self._drafts.cut_before(message)) is not None:
            job = await self._store.job_by_event(note.event)
            if job is None:
                return self._open_rest(message)
            if message.id in job.parts or _was_refused(job):
                return None
            stub = note.stub(message.chat, message.sender)
            return self._take_up(job, message, stub) if _can_change(job) else self._open_late(message)
        if is_material(message) and self._drafts.latest(message.chat, message.sender) is None:
            jobs = await self._store.history(message.sender.key, LATEST_JOBS, message.chat)
            if any(message.id in job.parts for job in jobs):
                return None
            if jobs and _may_be_commented(jobs[0], message):
                return self._take_up(jobs[0], message)
        return self._open(message)

    async def _taken_up(self, message: Message) -> set[str]:
        """Ids of messages that the user's latest jobs were read from, beside those that they began with."""
        jobs = await self._store.history(message.sender.key, LATEST_JOBS, message.chat)
        return {each for job in jobs for each in job.parts}

    def _open(self, message: Message) -> Draft:
        """A draft of the message's own: nothing more comes for the one before it."""
        self._release(self._drafts.latest(message.chat, message.sender))
        return self._drafts.open(message)

    def _open_late(self, message: Message) -> Draft:
        draft = self._open(message)
        draft.is_late = True
        return draft

    def _open_rest(self, message: Message) -> None:
        draft = self._open(message)
        draft.is_rest = True
        draft.finish(handled=True)

    def _take_up(self, job: Job, message: Message, stub: Message | None = None) -> Draft:
        """The draft of a job that an earlier process accepted, from what is stored of it."""
        stub = stub or Message(id=job.request_id or "0", chat=message.chat, sender=message.sender, text="")
        began = replace(
            stub, text=job.prompt, command="imagine", attachments=job.references, mask=job.mask, sent_at=job.created
        )
        is_edit = message.edited_at is not None
        draft = self._drafts.open(message if is_edit else began, job.event)
        draft.job_id, draft.earlier_parts = job.id, job.parts
        draft.references, draft.mask, draft.options = job.references, job.mask, None if is_edit else job.options
        return draft if is_edit else self._drafts.put(draft, message)

    # ------------------------------------------------------------ what becomes of it

    async def accept(self, draft: Draft, requester: Requester, message: Message, paint: Paint) -> Job | None:
        """The draft's job takes the request; None: it had one before. Raises Refusal, StoreFailed."""
        parent = None if draft.job_id is not None else await self._find_parent(message, paint)
        options = draft.options if draft.options is not None and paint.options == Options() else paint.options
        parts = (*draft.earlier_parts, *draft.further_ids)
        job: Job | None = None
        if draft.job_id is not None:
            await self._jobs.amend_job(
                draft.job_id,
                prompt=paint.prompt,
                references=paint.references,
                mask=paint.mask,
                options=options,
                parts=parts,
            )
            if draft.newest.edited_at is None:
                self._jobs.move_hold(draft.job_id, _hold_after(draft, message))
        else:
            job = await self._jobs.submit_job(
                requester,
                event=draft.event,
                prompt=paint.prompt,
                references=paint.references,
                mask=paint.mask,
                options=options,
                parts=parts,
                parent=None if parent is None else parent.id,
                parent_picture=None if parent is None else lineage.picture_number(parent, paint.references[0], message),
                hold_s=_hold_before(draft, message, paint),
            )
            draft.job_id = None if job is None else job.id
        draft.references, draft.mask = paint.references, paint.mask
        if draft.job_id is not None and (wait_s := self._drafts.album_wait_s(draft)):  # announced meanwhile
            self._jobs.move_hold(draft.job_id, wait_s)
        return job

    async def _find_parent(self, message: Message, paint: Paint) -> Job | None:
        """The job whose picture the request starts from, where that is what the message replies to."""
        reply = message.reply_to
        if not (isinstance(reply, Message) and reply.from_me and reply.attachments and paint.references):
            return None
        if paint.references[0].ref not in [
            each.ref for each in reply.attachments
        ]:  # of the message's own pictures, which come first
            return None
        if reply.job_id is not None and (job := await self._store.get_job(reply.job_id)) is not None:
            return job
        return await self._store.job_by_message(message.chat, reply.id)

    async def refuse(self, draft: Draft, refusal: Refusal) -> bool:
        """The draft's job ends with a refusal. False: it has none, or an upstream may have been asked for it.

        Raises StoreFailed.
        """
        return draft.job_id is not None and await self._jobs.refuse_job(draft.job_id, refusal)

    def hold_refusal(self, draft: Draft, failed: Exception) -> None:
        """Puts off what may be no refusal any more once the rest of the request is there."""
        message = draft.message
        if message.room is not None:
            self._drafts.hold(draft, CUT_HOLD_S)
        elif message.forward_may_follow and isinstance(failed, NothingToEdit):
            self._drafts.hold(draft, max(FORWARD_HOLD_S, self._drafts.album_wait_s(draft)))
        else:
            self._drafts.hold(draft, 0.0)

    def expect_album(self, chat: Chat, user: User) -> None:
        """Pictures of the user are coming in: what is held in the chat waits for them."""
        self._drafts.expect_album(chat, user)
        if (draft := self._drafts.latest(chat, user)) is not None:
            if draft.job_id is not None:
                self._jobs.move_hold(draft.job_id, COLLECTED_HOLD_S)
            elif self._drafts.is_held(draft):
                self._drafts.hold(draft, COLLECTED_HOLD_S)

    def _release(self, draft: Draft | None) -> None:
        if draft is not None:
            self._drafts.hold(draft, 0.0)
            if draft.job_id is not None:
                self._jobs.move_hold(draft.job_id, 0.0)


def _can_change(job: Job) -> bool:
    """Whether no upstream can have been asked for the job; the transaction that changes it looks again."""
    return job.state is State.WAITING or (job.state is State.RUNNING and not job.checkpoints)


def _was_refused(job: Job) -> bool:
    """Whether the job ended as a refusal before any upstream was asked."""
    return job.failure is not None and job.failure.key.startswith("refusal-") and job.provider is None


def _is_fresh(edit: Message) -> bool:
    """Whether an edit came soon after its message."""
    return edit.edited_at is not None and edit.sent_at is not None and edit.edited_at - edit.sent_at <= EDIT_SPAN


def _edit_key(edit: Message) -> str:
    """The idempotency key of a request that a refused one was corrected to."""
    assert edit.edited_at is not None
    return f"{edit.event_key}:{edit.edited_at.timestamp():.0f}"


def _is_surely_rest(message: Message, refused: Draft) -> bool:
    """Whether a text is the rest of one that was refused already: not a whole long text that was sent after that."""
    last = refused.ordered[-1].id
    follows = message.id.isdecimal() and last.isdecimal() and int(message.id) == int(last) + 1
    return message.room is None or follows


def _may_be_commented(job: Job, message: Message) -> bool:
    """Whether a forward may belong to a job of an earlier process."""
    if message.sent_at is None or job.button is not None or job.references or not _can_change(job):
        return False
    return abs(message.sent_at - job.created) <= FORWARD_SPAN


def _hold_before(draft: Draft, message: Message, paint: Paint) -> float:
    """Seconds that a new job is held for what may still come."""
    if message.room is not None:
        return CUT_HOLD_S
    may_follow = message.forward_may_follow and (not paint.references or is_material(draft.newest))
    return FORWARD_HOLD_S if may_follow else 0.0


def _hold_after(draft: Draft, message: Message) -> float:
    """Seconds that a job is held once it has grown."""
    if message.room is not None:
        return CUT_HOLD_S
    return FORWARD_HOLD_S if is_material(draft.newest) else 0.0
