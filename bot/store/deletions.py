"""Takes things out of the database: results that their owners delete, what users want forgotten, and what is old.

The ledger stays, and so do the rows of erased jobs as long as a platform may deliver their events again.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Text, and_, cast, delete, or_, select, update

from bot.chat import Attachment, User
from bot.job import Job
from bot.painting import Options
from bot.runtime.clock import Clock
from bot.store import job_queries, job_rows
from bot.store.adapter_store import BLOB_DAYS, delete_blobs, delete_post_intents, delete_tokens
from bot.store.admin_sessions import delete_sign_ins
from bot.store.database import Database
from bot.store.engine import field_values
from bot.store.outcomes import delete_outcomes, forget_members
from bot.store.quarantine import delete_quarantine
from bot.store.schema import ERASED, IS_UNFINISHED, blob_cache, checkpoint, job, key_value, result
from bot.store.strikes import delete_strikes

EVENT_REDELIVERY = timedelta(days=2)  # in which a platform may deliver an event again: Telegram keeps updates a day
SHOWN_TTL = timedelta(hours=1)  # longer than pictures that somebody has just shown are of use
MAX_IDS = 500  # row ids in one statement; SQLite takes 32,766 parameters
ERASED_VALUES: dict[str, Any] = {  # of an erased job; its row stays, so that its event never becomes another job
    "prompt": "",
    "options": field_values(Options()),
    "reference_images": [],
    "mask": None,
    "upstream_id": None,
    "usage": None,
    "trace": None,
    "delivered": None,
}


class Deletions:
    """Deletes from a database. Every method raises StoreFailed when the database fails."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin_deletion(self, job_id: str) -> Job | None:
        """Notes that the result of an ended job is taken away; that its messages are gone stays to be shown. May be
        repeated. Returns the job, None when it does not exist. What it cost stays as it is."""

        def work(conn: Connection) -> Job | None:
            job = job_rows.load_job(conn, job_queries.select_by_id(job_id))
            if job is None:
                return None
            deleted = job.deleted or self._clock.now()
            job_rows.update_job(conn, job_id, {"deleted": deleted, "notification_pending": True})
            return replace(job, deleted=deleted)

        return await self._database.write(work)

    async def pictures_in_use(self, job: Job) -> tuple[Attachment, ...]:
        """Handles of those of a job's delivered pictures that other jobs have as references."""
        return await self._database.read(lambda conn: _handles_in_use(conn, job, job.delivered))

    async def finish_deletion(self, job_id: str) -> None:
        """Notes that the messages of a deleted result are gone, and forgets its pictures."""
        done = {"delivered": None, "notification_pending": False}
        await self._database.write(lambda conn: job_rows.update_job(conn, job_id, done))

    async def erase_user(self, user_key: str) -> tuple[tuple[str, ...], tuple[Attachment, ...]]:
        """Erases prompts, names, results and checkpoints of a user's ended jobs, their pending requests and sign-ins,
        and the pictures that they named by an address, but for those of unfinished jobs. The ledger stays. Returns the
        ids of the jobs, and the handles of all their images."""

        def work(conn: Connection) -> tuple[tuple[str, ...], tuple[Attachment, ...]]:
            delete_quarantine(conn, mentioning=user_key.partition(":")[2])
            _delete_linked_pictures(conn, user_key)
            delete_sign_ins(conn, user_key)
            return _erase_jobs(conn, user_key)

        return await self._database.write(work)

    async def delete_expired(self, *, days: int | None) -> int:
        """Deletes blobs past BLOB_DAYS, expired tokens and strikes, intents of old posts, erased jobs whose events
        cannot be delivered again, and with `days` ended jobs and blobs older than that many. The ledger stays. Returns
        the number of jobs."""
        now = self._clock.now()
        ended_before = None if days is None else now - timedelta(days=days)
        cached_before = now - timedelta(days=min(days or BLOB_DAYS, BLOB_DAYS))

        def work(conn: Connection) -> int:
            delete_blobs(conn, cached_before=cached_before)
            shown = blob_cache.c.key.startswith("shown-pictures:", autoescape=True)
            conn.execute(delete(blob_cache).where(shown, blob_cache.c.at < now - SHOWN_TTL))
            delete_tokens(conn, expired_at=now)
            delete_quarantine(conn, before=cached_before)
            delete_post_intents(conn, now=now)
            delete_strikes(conn, now=now)
            if ended_before is not None:
                delete_outcomes(conn, ended_before=ended_before)
            return _delete_jobs(conn, ended_before=ended_before, erased_before=now - EVENT_REDELIVERY)

        return await self._database.write(work)


def _erase_jobs(conn: Connection, user_key: str) -> tuple[tuple[str, ...], tuple[Attachment, ...]]:
    """Erases prompts, names, images and checkpoints of a user's ended jobs, and their pending requests. Returns the
    ids of the jobs, and the handles of their images."""
    theirs = and_(job.c.user_key == user_key, ~IS_UNFINISHED, job.c.prompt != "")
    found = conn.execute(select(job.c.id, job.c.reference_images, job.c.mask, job.c.delivered).where(theirs)).all()
    for start in range(0, len(found), MAX_IDS):
        part = job.c.id.in_([row[0] for row in found[start : start + MAX_IDS]])
        ids = select(job.c.id).where(part)
        conn.execute(delete(checkpoint).where(checkpoint.c.job.in_(ids)))
        conn.execute(delete(result).where(result.c.job.in_(ids)))
        conn.execute(update(job).where(part, ~job.c.notification_pending).values(failure=None))  # it may quote them
        conn.execute(update(job).where(part).values(ERASED_VALUES | {"sender": _without_name(user_key)}))
    forget_members(conn, [row[0] for row in found])
    kept = or_(*(key_value.c.key.startswith(prefix) for prefix in ("pending-requests:", "cut-text:", "model-choice:")))
    conn.execute(delete(key_value).where(kept, key_value.c.key.endswith(f":{user_key}", autoescape=True)))
    handles = [each for _, given, mask, made in found for each in (*given, *([mask] if mask else []), *(made or ()))]
    return tuple(row[0] for row in found), tuple(Attachment(**each) for each in handles)


def _delete_linked_pictures(conn: Connection, user_key: str) -> None:
    """Deletes the pictures that a user named by an address, also in requests that became no job, and the handles of
    those that they have just shown."""
    unfinished = select(job.c.reference_images, job.c.mask).where(IS_UNFINISHED)
    used = {each["ref"] for given, mask in conn.execute(unfinished) for each in (*given, *([mask] if mask else []))}
    prefixes = (f"linked:{user_key}:", f"shown-pictures:{user_key}:")
    theirs = or_(*(blob_cache.c.key.startswith(prefix, autoescape=True) for prefix in prefixes))
    keys = [key for key in conn.execute(select(blob_cache.c.key).where(theirs)).scalars() if key not in used]
    for start in range(0, len(keys), MAX_IDS):
        conn.execute(delete(blob_cache).where(blob_cache.c.key.in_(keys[start : start + MAX_IDS])))


def _without_name(user_key: str) -> dict[str, Any]:
    platform, _, identity = user_key.partition(":")
    return field_values(User(platform=platform, id=identity, name=""))


def _delete_jobs(conn: Connection, *, ended_before: datetime | None, erased_before: datetime) -> int:
    """Deletes ended jobs without a pending notification, with their checkpoints: those that ended before a moment, and
    erased ones created before another. Returns the number of jobs."""
    old = [and_(ERASED, job.c.created < erased_before)]
    old += [] if ended_before is None else [job.c.finished < ended_before]
    gone = delete(job).where(~IS_UNFINISHED, ~job.c.notification_pending, or_(*old))
    return len(conn.execute(gone.returning(job.c.id)).all())


def _handles_in_use(conn: Connection, owner: Job, handles: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """Those of a job's pictures from which other jobs started, which came after it."""
    later = select(job.c.id).where(job.c.created >= owner.created, job.c.id != owner.id, job.c.prompt != "")

    def is_used(handle: Attachment) -> bool:
        ref = json.dumps(handle.ref)  # as it stands in the JSON of a row
        columns = [cast(column, Text).contains(ref, autoescape=True) for column in (job.c.reference_images, job.c.mask)]
        return conn.execute(later.where(or_(*columns)).limit(1)).first() is not None

    return tuple(each for each in handles if is_used(each))
