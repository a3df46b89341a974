"""Ended jobs whose message does not say so yet, on each engine."""

from bot.chat import Attachment, Delivered, MessageRef
from bot.job import Failure, State
from bot.store.store import Store
from tests.flow.store.stores import ANN, DIRECT, RULES, new_job


async def test_a_job_that_ends_without_pictures_is_untold_until_it_is_told(store: Store) -> None:
    first, _ = await store.accept_job(new_job(), RULES)
    second, _ = await store.accept_job(new_job(), RULES)
    assert await store.pending_notifications() == []
    await store.settle_job(first, State.CANCELLED, charged=0)
    running = await store.begin_attempt(second.id)
    await store.settle_job(running, State.FAILED, charged=0, failure=Failure(key="failed-down"))
    assert [(job.id, job.state) for job in await store.pending_notifications()] == [
        (first.id, State.CANCELLED),
        (second.id, State.FAILED),
    ]
    await store.mark_notified(first.id)
    await store.mark_notified(first.id)
    [left] = await store.pending_notifications()
    assert left.failure == Failure(key="failed-down")
    await store.mark_notified(second.id)
    assert await store.pending_notifications() == []
    assert [job.checkpoints for job in await store.history(ANN.key)] == [{}, {}]


async def test_a_delivered_picture_tells_itself(store: Store) -> None:
    job, _ = await store.accept_job(new_job(), RULES)
    running = await store.begin_attempt(job.id)
    delivered = Delivered(
        ref=MessageRef(chat=DIRECT, message_id="m1"), attachments=(Attachment(ref="f1", media_type="image/png"),)
    )
    await store.settle_job(running, State.DONE, charged=1, delivered=delivered)
    assert await store.pending_notifications() == []


async def test_an_end_that_came_too_late_changes_nothing(store: Store) -> None:
    job, _ = await store.accept_job(new_job(), RULES)
    await store.settle_job(job, State.CANCELLED, charged=0)
    await store.mark_notified(job.id)
    assert not await store.settle_job(job, State.FAILED, charged=0)
    assert await store.pending_notifications() == []
