"""Takes a result away for whoever may: its messages and its stored pictures. For the button and for the command.

What it cost stays charged, and is said. Of a job that still runs it is a cancellation.
"""

from bot.chat import Chat, DeletedMessage, Message, MessageRef, User
from bot.errors import AlreadyFinished, NothingToDelete
from bot.handlers.permissions import JobPermissions
from bot.job import TRANSITIONS, Job
from bot.jobs.service import JobService
from bot.store.store import Store
from bot.texts import translate


class ResultDeletion:
    """Deletes results."""

    def __init__(self, *, store: Store, jobs: JobService, permissions: JobPermissions) -> None:
        self._store = store
        self._jobs = jobs
        self._permissions = permissions

    async def delete(
        self, sender: User, job: Job, locale: str, *, moderates: Chat | None, shown: MessageRef | None = None
    ) -> str:
        """The answer to the user. `moderates`: as of `JobPermissions.check_deletion`; `shown`: the message that carries
        the button. Raises a Refusal, NotDeleted, StoreFailed."""
        await self._permissions.check_deletion(sender, job, moderates=moderates)
        job = await self._jobs.refresh_job(job)
        if TRANSITIONS[job.state]:
            return await self.cancel(job, locale)
        await self._jobs.delete_result(job, shown)
        return translate(locale, "answer-deleted", credits=job.charged or 0)

    async def delete_replied(
        self, sender: User, chat: Chat, reply: Message | DeletedMessage | None, locale: str, *, moderates: Chat | None
    ) -> str:
        """As `delete`, for the job whose message was replied to. Raises NothingToDelete for any other."""
        job = await self._find_job(chat, reply) if isinstance(reply, Message) else None
        if job is None:
            raise NothingToDelete
        return await self.delete(sender, job, locale, moderates=moderates)

    async def cancel(self, job: Job, locale: str) -> str:
        """Cancels an unfinished job. Raises AlreadyFinished, StoreFailed."""
        if await self._jobs.cancel_job(job.id):
            return translate(locale, "answer-cancelled", count=1)
        current = await self._store.get_job(job.id)
        if current is None or not TRANSITIONS[current.state]:  # another press of the same moment has cancelled it
            raise AlreadyFinished
        return translate(locale, "press-too-late")

    async def _find_job(self, chat: Chat, reply: Message) -> Job | None:
        """By its buttons, since the message of inline mode has another id where the bot sees it; else by its id."""
        if reply.job_id is not None and reply.from_me and (job := await self._store.get_job(reply.job_id)) is not None:
            return job
        return await self._store.job_by_message(chat, reply.id)
