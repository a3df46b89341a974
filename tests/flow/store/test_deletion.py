"""What the database knows of a deleted result: its messages, who starts from its pictures, that it is under way."""

from dataclasses import replace

from bot.chat import Attachment, Delivered, MessageRef
from bot.job import Job, State
from bot.store.store import Store
from tests.flow.store.stores import DIRECT, GROUP, RULES, new_job

PICTURES = tuple(Attachment(ref=f'file:"{n}_%', media_type="image/png") for n in range(3))


async def finished(store: Store, *, references: tuple[Attachment, ...] = (), ids: tuple[str, ...] = ("7",)) -> Job:
    """A job whose pictures stand in messages with these ids."""
    job, _ = await store.accept_job(replace(new_job(), references=references), RULES)
    running = await store.begin_attempt(job.id)
    delivered = Delivered(
        ref=MessageRef(chat=DIRECT, message_id=ids[0]), attachments=PICTURES, further_ids=tuple(ids[1:])
    )
    await store.settle_job(running, State.DONE, charged=1, delivered=delivered)
    found = await store.get_job(job.id)
    assert found is not None
    return found


async def test_a_job_is_found_by_any_of_its_messages(store: Store) -> None:
    album, single = await finished(store, ids=("7", "8", "99")), await finished(store, ids=("70",))
    assert album.further_ids == ("8", "99")
    for message, job in (("7", album), ("8", album), ("99", album), ("70", single)):
        assert await store.job_by_message(DIRECT, message) == job
    await store.add_copy(single, "700")
    assert await store.job_by_message(DIRECT, "700") == await store.get_job(single.id)
    for chat, message in ((DIRECT, "9"), (DIRECT, "%"), (GROUP, "8")):
        assert await store.job_by_message(chat, message) is None


async def test_pictures_are_in_use_while_another_job_has_them_as_references(store: Store) -> None:
    first = await finished(store)
    assert await store.deletions.pictures_in_use(first) == ()
    await finished(store, references=(PICTURES[1],))
    assert await store.deletions.pictures_in_use(first) == (PICTURES[1],)


async def test_a_deletion_stays_to_be_shown_until_it_is_finished(store: Store) -> None:
    job = await finished(store)
    begun = await store.deletions.begin_deletion(job.id)
    assert begun is not None
    assert await store.pending_notifications() == [begun]
    again = await store.deletions.begin_deletion(job.id)
    assert again == begun
    await store.deletions.finish_deletion(job.id)
    assert await store.pending_notifications() == []
    left = await store.get_job(job.id)
    assert left == replace(begun, delivered=())
    assert await store.deletions.begin_deletion("nosuchjob") is None
