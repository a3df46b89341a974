"""Ended jobs whose message does not say so yet, on each engine."""

from bot.chat import Attachment, Delivered, MessageRef
from bot.job import Failure, State
from bot.store.store import Store
from tests.flow.store.stores import ANN, DIRECT, RULES, new_job


async def test_a_job_that_ends_without_pictures_is_untold_until_it_is_told(store: Store) -> None:
    first, _ = await store.accept(new_job(), RULES)
    second, _ = await store.accept(new_job(), RULES)
    assert await store.untold() == []
    await store.finish(first, State.CANCELLED, charged=0)
    running = await store.begin(second.id)
    await store.finish(running, State.FAILED, charged=0, failure=Failure(key="failed-down"))
    assert [(job.id, job.state) for job in await store.untold()] == [
        (first.id, State.CANCELLED),
        (second.id, State.FAILED),
    ]
    await store.told(first.id)
    await store.told(first.id)
    [left] = await store.untold()
    assert left.failure == Failure(key="failed-down")
    await store.told(second.id)
    assert await store.untold() == []
    assert [job.steps for job in await store.history(ANN.key)] == [{}, {}]


async def test_a_delivered_picture_tells_itself(store: Store) -> None:
    job, _ = await store.accept(new_job(), RULES)
    running = await store.begin(job.id)
    delivered = Delivered(
        ref=MessageRef(chat=DIRECT, message_id="m1"), attachments=(Attachment(ref="f1", media_type="image/png"),)
    )
    await store.finish(running, State.DONE, charged=1, delivered=delivered)
    assert await store.untold() == []


async def test_an_end_that_came_too_late_changes_nothing(store: Store) -> None:
    job, _ = await store.accept(new_job(), RULES)
    await store.finish(job, State.CANCELLED, charged=0)
    await store.told(job.id)
    assert not await store.finish(job, State.FAILED, charged=0)
    assert await store.untold() == []
