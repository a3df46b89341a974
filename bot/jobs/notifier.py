"""What a job tells its chat: its status message, how it ended, and a mention of an owner who has waited long.

Changes no job but for the notification that is pending; when to call stands in `bot.jobs.runner`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from bot.chat import Action, Card, Delivered, MessageRef
from bot.errors import (
    AlreadyFinished,
    ChatFailed,
    ChatGone,
    EaselError,
    SendForbidden,
    StoreFailed,
    Undelivered,
    WritingForbidden,
)
from bot.job import Failure, Job, NewJob, message_ids
from bot.jobs import cards
from bot.jobs.message_handover import MessageHandover
from bot.observability.job_context import about_job
from bot.painting import Stage
from bot.ports import ChatPort, PreparedPosts, RequestAcknowledgement, SharedChats, StoredFiles
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock
from bot.status.message import FinalState, Removal, StatusMessage
from bot.status.messages import StatusMessages
from bot.status.state import QueuePosition, Status
from bot.store.store import Store
from bot.texts import translate, translate_error

log = structlog.get_logger()

LONG_JOB_S = 120.0  # after which a job's owner looks elsewhere, and is mentioned when it has ended


class JobNotifier:
    """The messages about jobs."""

    def __init__(
        self,
        *,
        store: Store,
        status_messages: StatusMessages,
        ports: Mapping[str, ChatPort],
        clock: Clock,
        background: BackgroundTasks,
        handover: MessageHandover,
    ) -> None:
        self._handover = handover
        self._store = store
        self._status_messages = status_messages
        self._ports = ports
        self._clock = clock
        self._background = background

    def acknowledge_request(self, job: Job) -> None:
        """Marks the user's message as accepted, where the platform can."""
        port = self._ports[job.chat.platform]
        if job.request_id is not None and isinstance(port, RequestAcknowledgement):
            port.acknowledge_request(job.chat, job.request_id)

    def prepare_first_post(self, new: NewJob) -> Mapping[str, Any] | None:
        """What is to be saved of the job's first post as it is accepted; None: nothing, or the post is not due then."""
        port = self._ports[new.chat.platform]
        if not isinstance(port, PreparedPosts) or not self._status_messages.posts_at_once(new.chat):
            return None
        return port.prepare_post(new.chat, cards.job_buttons(new, Action.CANCEL), reply_to=new.request_id, key=new.id)

    async def restore_chat(self, job: Job) -> None:
        """Reads what is known of the job's chat by whichever process has accepted it, before the first call here."""
        if isinstance(port := self._ports[job.chat.platform], SharedChats):
            await port.restore_chat(job.chat)

    def add_status_message(
        self, job: Job, median_s: float | None = None, on_deleted: Callable[[], None] | None = None
    ) -> None:
        """Posts the job's status message, or takes up the one that an earlier process posted.

        `median_s`: expected duration, seconds. `on_deleted`: called when the message is deleted while the job runs.
        """
        age_s = max(0.0, (self._clock.now() - job.created).total_seconds())
        ref = MessageRef(chat=job.chat, message_id=job.status_id) if job.status_id else None
        status = Status(
            accepted_at=self._clock.monotonic() - age_s,
            stage=Stage.PREPARING,
            typical_s=median_s,
            image_count=job.options.n,
        )

        async def save_ref(ref: MessageRef) -> None:
            await self._store.set_status_message(job.id, ref.message_id)

        self._status_messages.open_message(
            StatusMessage(
                key=job.id,
                job_id=job.id,
                chat=job.chat,
                reply_to=job.request_id,
                locale=job.locale,
                status=status,
                buttons=cards.job_buttons(job, Action.CANCEL),
                ref=ref,
                on_posted=save_ref,
                on_gone=on_deleted,
                is_elsewhere=not self._handover.is_ours(job),
            )
        )
        if not self._handover.is_ours(job):
            self._handover.take_over_in_background(job)

    def update_queue_position(self, job_id: str, position: int) -> None:
        """Shows the job's position in the queue; 1 is next."""
        self._status_messages.apply_event(job_id, QueuePosition(position))

    async def show_final_state(self, job: Job, final: FinalState) -> Delivered | None:
        """The message's final state, also after an earlier one was not accepted and the message was dropped.

        Raises ChatFailed, StoreFailed.
        """
        if not self._status_messages.is_open(job.id):
            await self.restore_chat(job)
            self.add_status_message(await self._store.get_job(job.id) or job)
        return await self._status_messages.show_final(job.id, final)

    def notify_in_background(self, job: Job) -> None:
        """Shows how a job without images ended, in the background."""
        with about_job(job.id):
            self._background.spawn(self.notify(job), f"words {job.id}")

    async def notify(self, job: Job) -> None:
        """Shows how a job without images ended. Where the platform does not accept it, the next start tries again.

        Raises nothing: whoever ends a job goes on, whatever becomes of the words.
        """
        try:
            try:
                if job.deleted is not None:
                    await self.remove_messages(job)
                    return
                card = cards.ended_card(job, job.failure)
                status_ref = self._status_messages.message_ref(job.id)
                await self.show_final_state(job, FinalState(card=card))
                if status_ref is not None:
                    self.mention_owner(job, "ended-call", status_ref)
            except ChatGone as gone:
                log.info("final state not shown", job=job.id, chat=job.chat.key, detail=gone.detail)
                if isinstance(gone, SendForbidden) and job.failure is not None:
                    self.tell_owner(job, job.failure)
            await self._store.mark_notified(job.id)
        except (ChatFailed, StoreFailed) as failed:
            log.warning("final state is shown at the next start", job=job.id, detail=failed.detail)
        except Exception:
            log.exception("final state not shown", job=job.id)

    def tell_owner(self, job: Job, failure: Failure) -> None:
        """Tells the owner of a job why it failed where its chat takes no words: in their private chat."""
        if failure.key == Undelivered.key:
            text = translate_error(job.locale, WritingForbidden())
        else:
            text = cards.ended_card(job, failure).text
        card = Card(text=text, locale=job.locale)

        async def tell() -> None:
            await self._status_messages.send_reply(
                f"private:{job.id}", job.chat, card, reply_to=None, private_to=job.user
            )

        with about_job(job.id):
            self._background.spawn(tell(), f"words {job.id}")

    async def remove_messages(self, job: Job, shown: MessageRef | None = None) -> bool:
        """Removes all messages of a job whose result is deleted, and `shown` if that is another one of it (in a direct
        message, or posted by a killed process). False: stopped before; the next start goes on.

        Raises ChatFailed where the platform refuses it, StoreFailed.
        """
        port, card = self._ports[job.chat.platform], cards.deleted_card(job)
        await self.restore_chat(job)
        in_use = await self._store.deletions.pictures_in_use(job)
        places = [(job.chat, message_ids(job))]
        if shown is not None and (shown.chat.key != job.chat.key or shown.message_id not in message_ids(job)):
            places.append((shown.chat, (shown.message_id,)))
        refused: ChatFailed | None = None
        for chat, ids in places:
            try:
                removal = Removal(job_id=job.id, message_ids=ids, keep=in_use)
                if ids and not await self._status_messages.remove_messages(chat, card, removal):
                    return False
            except ChatFailed as failed:
                log.warning("message not removed", job=job.id, chat=chat.key, detail=failed.detail)
                refused = failed
        if isinstance(port, StoredFiles):
            await port.delete_stored([each for each in job.delivered if each not in in_use])
        await self._store.deletions.finish_deletion(job.id)
        log.info("result deleted", job=job.id, chat=job.chat.key)
        if refused is not None:
            raise refused
        return True

    def mention_owner(self, job: Job, text_id: str, ref: MessageRef) -> None:
        """Mentions the owner of a job that took LONG_JOB_S, where the end was one more silent edit of `ref`."""
        waited_s = (self._clock.now() - job.created).total_seconds()
        if waited_s < LONG_JOB_S or not self._ports[job.chat.platform].features(job.chat).silent_edits:
            return

        async def mention() -> None:
            card = Card(text=translate(job.locale, text_id), locale=job.locale, mention=job.user)
            await self._status_messages.send_reply(f"call:{job.id}", job.chat, card, reply_to=ref.message_id)

        with about_job(job.id):
            self._background.spawn(mention(), f"call {job.id}")

    def retire_stray_message(self, ref: MessageRef, job: Job) -> None:
        """Takes the buttons off a message that a killed process posted for the job without saving where."""
        card = Card(text=translate_error(job.locale, AlreadyFinished()), locale=job.locale)
        key = f"stray:{ref.chat.key}:{ref.message_id}"

        async def retire() -> None:
            await self._status_messages.send_reply(key, ref.chat, card, reply_to=None, ref=ref)

        with about_job(job.id):
            self._background.spawn(retire(), f"words {key}")

    async def show_store_failure(self, job_id: str, failed: StoreFailed) -> None:
        """Says that the database failed. No-op when the images are posted and only the commit failed."""
        if (locale := self._status_messages.locale_of(job_id)) is not None:
            try:
                await self._status_messages.show_final(
                    job_id, FinalState(card=Card(text=translate_error(locale, failed)))
                )
            except EaselError as not_shown:
                log.warning("failure not shown", job=job_id, detail=not_shown.detail)
