"""The SELECTs of jobs, by what is known of them: an id, an event, a message, a user.

Builds statements and runs none; `job_rows` makes jobs of what they find.
"""

import json
from typing import Any

from sqlalchemy import Select, Text, and_, cast, or_, select

from bot.chat import Chat
from bot.job import State
from bot.store.schema import IS_UNFINISHED, NOTIFICATION_PENDING, SEVERAL_MESSAGES, job


def select_by_id(job_id: str) -> Select[Any]:
    return select(job).where(job.c.id == job_id)


def select_by_event(event: str) -> Select[Any]:
    return select(job).where(job.c.event == event)


def select_by_message(chat: Chat, message_id: str) -> Select[Any]:
    """The job whose status message or delivered message it is."""
    here = or_(
        and_(job.c.status_id == message_id, job.c.chat_key == chat.key),
        and_(job.c.delivered_id == message_id, job.c.chat_key == chat.key),
    )
    return select(job).where(here).order_by(job.c.created.desc())


def select_by_further_message(chat: Chat, message_id: str) -> Select[Any]:
    """The job of whose further messages it is one, or of those that show its pictures once more; of several jobs the
    newest."""
    written = json.dumps(message_id)
    columns = (job.c.further_ids, job.c.copy_ids)
    listed = or_(*(cast(column, Text).contains(written, autoescape=True) for column in columns))
    return select(job).where(SEVERAL_MESSAGES, job.c.chat_key == chat.key, listed).order_by(job.c.created.desc())


def select_unfinished(user_key: str | None = None) -> Select[Any]:
    """All unfinished jobs, or those of one user; oldest first."""
    query = select(job).where(IS_UNFINISHED).order_by(job.c.created, job.c.id)
    return query if user_key is None else query.where(job.c.user_key == user_key)


def select_pending_notifications() -> Select[Any]:
    """Ended jobs whose message may not say so yet, oldest first."""
    return select(job).where(NOTIFICATION_PENDING).order_by(job.c.created, job.c.id)


def select_newest_chats(platform: str, jobs: int) -> Select[Any]:
    """The chats of that many of a platform's newest jobs, newest first, with repetitions."""
    here = job.c.chat_key.startswith(f"{platform}:", autoescape=True)
    return select(job.c.chat).where(here).order_by(job.c.created.desc()).limit(jobs)


def select_finished_below(job_id: str, user_key: str) -> Select[Any]:
    """Ids of a user's results that descend from a job's result, however many steps away."""
    child, grandchild = job.alias("child"), job.alias("grandchild")
    below = select(child.c.id).where(child.c.parent == job_id).cte("below", recursive=True)
    below = below.union(select(grandchild.c.id).where(grandchild.c.parent == below.c.id))  # each once: no circle
    theirs = and_(job.c.user_key == user_key, job.c.state == State.DONE.value, job.c.prompt != "")
    return select(job.c.id).where(job.c.id.in_(select(below.c.id)), theirs)


def select_latest(user_key: str, limit: int, chat: Chat | None = None) -> Select[Any]:
    """A user's newest jobs, of one chat or of all, newest first."""
    theirs = and_(job.c.user_key == user_key, job.c.prompt != "")  # without erased jobs
    query = select(job).where(theirs).order_by(job.c.created.desc(), job.c.id.desc()).limit(limit)
    return query if chat is None else query.where(job.c.chat_key == chat.key)
