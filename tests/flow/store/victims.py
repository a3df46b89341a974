"""Jobs whose rows tests damage: accepted, or asked of an upstream that has not answered. Asserts nothing."""

from bot.chat import User
from bot.job import Job, NewJob, new_id
from bot.quota import QuotaRules
from bot.store.store import Store
from tests.support.platform import DIRECT

RULES = QuotaRules(user_daily=50, chat_daily=None, user_concurrent=2, user_waiting=5)


async def accepted(store: Store, user: User) -> Job:
    new = NewJob(
        id=new_id(),
        event=f"message:{user.id}",
        user=user,
        chat=DIRECT,
        request_id="u0",
        locale="en",
        prompt="a lighthouse",
        cost=1,
    )
    job, _ = await store.accept_job(new, RULES)
    return job


async def under_way(store: Store, user: User) -> Job:
    """A job whose upstream was asked and has not answered: it ends at a start as failed, and paints nothing."""
    await store.grant(f"gift:{user.id}", user.key, 7, 50)
    job = await store.begin_attempt((await accepted(store, user)).id)
    asked = {"provider": "sandbox", "price": 1, "model": "m"}
    await store.save_checkpoint(job, "attempt-started:1", asked, asked)
    return job
