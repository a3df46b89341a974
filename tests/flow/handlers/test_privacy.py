"""What is kept of members, what they can have deleted, and that the books stay whole without it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import bot.app.wiring
from bot.chat import Action, Attachment, Delivered, MessageRef
from bot.cluster.local import local_cluster
from bot.errors import Forgotten, StoreFailed
from bot.job import Failure, Job, State
from bot.jobs.retention import INTERVAL_S, Retention
from bot.sandbox import Sandbox
from bot.store import deletions
from bot.store.adapter_store import BLOB_DAYS
from bot.store.deletions import EVENT_REDELIVERY
from bot.store.store import Store
from bot.texts import LOCALES, translate, translate_error
from tests.flow.scenes import LONG, HeldPlatform, ask, books, click
from tests.flow.store.stores import ANN, BEN, DIRECT, PIXEL, RULES, new_job
from tests.flow.world import MemoryWorld, settings, world
from tests.support.clocks import FakeClock
from tests.support.databases import books_agree, everything, query
from tests.support.images import png
from tests.support.platform import AMBER, GROUP, JADE
from tests.support.waiting import wait_until

SECRET = "a portrait of my neighbour"
DAY = 24 * 3600.0


def photo(name: str) -> Attachment:
    return Attachment(ref=name, media_type="image/png", filename=f"{name}.png")


# ---------------------------------------------------------------- /privacy


@pytest.mark.forms(3)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("days", [None, 1, 30])
async def test_privacy_says_what_is_kept_and_for_how_long(
    tmp_path: Path, sandbox: Sandbox, locale: str, days: int | None
) -> None:
    async with world(tmp_path, sandbox, privacy={"retention_days": days}) as easel:
        said = (await ask(easel, "/privacy", sender=replace(AMBER, locale=locale))).text
    assert said == translate(locale, "answer-privacy", days=days or 0)
    assert (str(days) if days else "/forget") in said.splitlines()[1]
    assert "/forget" in said


# ---------------------------------------------------------------- /forget


async def test_forgetting_leaves_no_word_name_or_picture_and_every_credit(easel: MemoryWorld, tmp_path: Path) -> None:
    easel.platform.files["photo"] = png()
    await easel.say(f"{SECRET} --n 2", photo("photo"))
    await easel.say(f"{SECRET} [[moderation]]")
    await easel.say(f"{SECRET} in the group", chat=GROUP)
    await easel.settled(3)
    before = await books(easel)
    ledger = query(easel.database_url, "SELECT * FROM ledger ORDER BY job, kind")

    said = (await ask(easel, "/forget")).text

    assert said == translate("en", "answer-forgotten", count=3)
    kept = everything(easel.database_url)
    assert not [word for word in ("neighbour", "Amber", "photo", "m1/0") if word in kept]
    assert await books(easel) == before == (47, 0)
    assert query(easel.database_url, "SELECT * FROM ledger ORDER BY job, kind") == ledger
    assert books_agree(easel.database_url)
    assert (await ask(easel, "/history")).text == translate("en", "answer-history-empty")
    assert sorted(easel.platform.deleted_files) == sorted(["photo", *_delivered(easel)])


def _delivered(easel: MemoryWorld) -> list[str]:
    return [f"{post.id}/{at}" for post in easel.platform.posts for at in range(len(post.images))]


@pytest.mark.sqlite
async def test_the_file_itself_holds_the_words_no_more(easel: MemoryWorld, tmp_path: Path, sandbox: Sandbox) -> None:
    await easel.say(SECRET)
    await easel.settled(1)
    await ask(easel, "/forget")
    await easel.app.close()
    assert b"neighbour" not in (tmp_path / "easel.db").read_bytes()


async def test_there_may_be_nothing_to_forget(easel: MemoryWorld) -> None:
    assert (await ask(easel, "/forget")).text == translate("en", "answer-forgotten", count=0)


async def test_others_keep_what_is_theirs(easel: MemoryWorld) -> None:
    await easel.say("a lighthouse", sender=JADE)
    await easel.say(SECRET)
    await easel.settled(2)
    await ask(easel, "/forget")
    assert [job.prompt for job in await easel.app.store.history(JADE.key)] == ["a lighthouse"]


async def test_a_forgotten_picture_can_be_deleted_and_paints_nothing(easel: MemoryWorld, sandbox: Sandbox) -> None:
    await easel.say(SECRET)
    [post] = await easel.settled(1)
    await ask(easel, "/forget")
    for action in set(Action) - {Action.DELETE, Action.MODEL, Action.MORE, Action.BACK}:
        assert (await click(easel, post, action)).text == translate_error("en", Forgotten())
    menu = (await click(easel, post, Action.MORE)).card
    assert menu is not None
    assert [each.action for each in menu.buttons] == [Action.DELETE]
    assert (await click(easel, post, Action.DELETE)).text == translate("en", "answer-deleted", credits=1)
    assert post.deleted
    assert len(sandbox.requests) == 1


async def test_what_runs_and_waits_is_stopped_and_forgotten_too(tmp_path: Path) -> None:
    async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox) as easel:
        for _ in range(4):
            await easel.say(SECRET)
        await wait_until(lambda: sandbox.running == 2)
        said = (await ask(easel, "/forget")).text
        assert said == translate("en", "answer-forgotten", count=4)
        assert await books(easel) == (50, 0)
        await easel.settled(5)
        await wait_until(lambda: sandbox.running == 0)
        assert [post.text for post in easel.platform.posts[:4]] == [translate("en", "cancelled")] * 4
        assert "neighbour" not in everything(easel.database_url)


async def test_a_picture_on_its_way_is_waited_for_and_if_it_is_late_the_answer_says_so(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.app.wiring, "SETTLE_WAIT_S", 0.05)
    platform = HeldPlatform("deliver")
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say(SECRET)
        await platform.reached.wait()
        said = (await ask(easel, "/forget")).text
        assert said == f"{translate('en', 'answer-forgotten', count=0)}\n{translate('en', 'forget-again')}"
        platform.release()
        await easel.settled()
        assert await books(easel) == (49, 0)
        assert (await ask(easel, "/forget")).text == translate("en", "answer-forgotten", count=1)
        assert "neighbour" not in everything(easel.database_url)


async def test_an_event_told_again_after_forgetting_is_no_other_job(easel: MemoryWorld, sandbox: Sandbox) -> None:
    message = easel.platform.message(SECRET)
    await easel.app.events.receive_message(message)
    await easel.settled(1)
    await ask(easel, "/forget")
    await easel.app.events.receive_message(message)
    await easel.settled(2)
    assert (len(sandbox.requests), await books(easel)) == (1, (49, 0))


async def test_pictures_that_wait_for_words_are_forgotten(easel: MemoryWorld, sandbox: Sandbox) -> None:
    easel.platform.files["photo"] = png()
    await easel.say("", photo("photo"))
    await easel.platform.until(lambda: len(easel.platform.posts) == 1)
    await ask(easel, "/forget")
    await easel.say("make it night")
    await easel.settled(3)
    assert sandbox.requests[-1].references == ()


# ---------------------------------------------------------------- in the store, on each engine


async def ended(store: Store, state: State = State.DONE, **how: object) -> Job:
    """A job that has ended and was notified."""
    job, _ = await store.accept_job(new_job(**how), RULES)  # type: ignore[arg-type]  # the fields' own types
    job = await store.begin_attempt(job.id)
    await store.save_checkpoint(job, "attempt-started:1", {"provider": "sandbox"})
    await store.save_results(job, [PIXEL], {"provider": "sandbox", "upstream_id": "up-1", "usage": {"tokens": 1}})
    shown = Delivered(ref=MessageRef(chat=DIRECT, message_id=job.id), attachments=(photo(f"made-{job.id}"),))
    failure = Failure(key="failed-declined", facts={"quote": "no fox"}) if state is State.FAILED else None
    charged, delivered = (1, shown) if state is State.DONE else (0, None)
    await store.settle_job(job, state, charged=charged, failure=failure, delivered=delivered, trace="trace-1")
    await store.mark_notified(job.id)
    return job


async def test_what_is_left_of_a_forgotten_job_is_its_event_and_its_end(store: Store) -> None:
    done, failed = await ended(store), await ended(store, State.FAILED)
    jobs, pictures = await store.deletions.erase_user(ANN.key)
    assert set(jobs) == {done.id, failed.id}
    assert {each.ref for each in pictures} == {"photo:1", f"made-{done.id}"}
    for before in (done, failed):
        left = await store.get_job(before.id)
        assert left is not None
        assert (left.event, left.user.key, left.user.name) == (before.event, ANN.key, "")
        assert (left.prompt, left.references, left.mask, left.delivered, left.checkpoints) == ("", (), None, (), {})
        assert (left.failure, left.usage, left.trace, left.upstream_id) == (None, None, None, None)
    assert await store.deletions.erase_user(ANN.key) == ((), ())


async def test_a_mask_is_among_the_forgotten_pictures(store: Store) -> None:
    job, _ = await store.accept_job(replace(new_job(), mask=photo("mask")), RULES)
    await store.settle_job(job, State.CANCELLED, charged=0)
    _, pictures = await store.deletions.erase_user(ANN.key)
    assert "mask" in {each.ref for each in pictures}


async def test_a_job_that_is_to_be_told_of_still_is_after_forgetting(store: Store) -> None:
    job, _ = await store.accept_job(new_job(), RULES)
    await store.settle_job(job, State.FAILED, charged=0, failure=Failure(key="failed-moderated"))
    await store.deletions.erase_user(ANN.key)
    [untold] = await store.pending_notifications()
    assert (untold.prompt, untold.failure) == ("", Failure(key="failed-moderated"))


@pytest.mark.forms(1)
async def test_forgetting_more_jobs_than_one_statement_names(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletions, "MAX_IDS", 5)
    for _ in range(11):
        job, _ = await store.accept_job(new_job(), RULES)
        await store.settle_job(job, State.CANCELLED, charged=0)
    assert len((await store.deletions.erase_user(ANN.key))[0]) == 11
    assert await store.history(ANN.key) == []


async def test_a_user_whose_key_ends_anothers_keeps_what_waits(store: Store) -> None:
    mine, other = f"pending-requests:telegram:5:{ANN.key}", "pending-requests:telegram:5:xtelegram:1"
    await store.adapter_store.set_value(mine, "[]")
    await store.adapter_store.set_value(other, "[]")
    await store.deletions.erase_user(ANN.key)
    assert (await store.adapter_store.get_value(mine), await store.adapter_store.get_value(other)) == (None, "[]")


# ---------------------------------------------------------------- retention


async def test_jobs_past_their_days_go_and_the_ledger_stays(store: Store, clock: FakeClock, database_url: str) -> None:
    old = await ended(store)
    running, _ = await store.accept_job(new_job(user=BEN), RULES)
    entries = query(database_url, "SELECT COUNT(*) FROM ledger")
    await clock.advance(29 * DAY)
    young = await ended(store)
    await clock.advance(DAY + 1)
    tidy = Retention(store, clock, local_cluster().leases, retention_days=30)
    assert await tidy.delete_expired() == 1
    assert await store.get_job(old.id) is None
    assert (await store.get_job(young.id), await store.get_job(running.id)) != (None, None)
    assert query(database_url, "SELECT COUNT(*) FROM ledger WHERE job <> '%s'" % young.id) == entries  # noqa: S608, UP031 - an id of ours
    assert query(database_url, "SELECT COUNT(*) FROM checkpoint WHERE job = '%s'" % old.id) == [(0,)]  # noqa: S608, UP031 - the same
    assert await tidy.delete_expired() == 0


async def test_a_job_that_nobody_was_told_of_waits_for_that(store: Store, clock: FakeClock) -> None:
    job, _ = await store.accept_job(new_job(), RULES)
    await store.settle_job(job, State.FAILED, charged=0, failure=Failure(key="failed-moderated"))
    await clock.advance(100 * DAY)
    assert await store.deletions.delete_expired(days=30) == 0
    await store.mark_notified(job.id)
    assert await store.deletions.delete_expired(days=30) == 1


@pytest.mark.forms(1)
async def test_without_days_jobs_stay_but_for_forgotten_ones(store: Store, clock: FakeClock) -> None:
    kept, gone = await ended(store, user=BEN), await ended(store)
    await store.deletions.erase_user(ANN.key)
    await clock.advance(EVENT_REDELIVERY.total_seconds() - 1)
    assert await store.deletions.delete_expired(days=None) == 0
    await clock.advance(2)
    assert await store.deletions.delete_expired(days=None) == 1
    assert await store.get_job(gone.id) is None
    assert await store.get_job(kept.id) is not None


@pytest.mark.forms(2)
@pytest.mark.parametrize(("days", "lasts"), [(None, BLOB_DAYS), (7, 7), (365, BLOB_DAYS)])
async def test_uploads_go_after_their_days(store: Store, clock: FakeClock, days: int | None, lasts: int) -> None:
    await store.adapter_store.cache_blob("upload", b"bytes")
    await clock.advance(lasts * DAY - 1)
    await store.deletions.delete_expired(days=days)
    assert await store.adapter_store.cached_blob("upload") == b"bytes"
    await clock.advance(2)
    await store.deletions.delete_expired(days=days)
    assert await store.adapter_store.cached_blob("upload") is None


async def test_the_running_process_tidies_up_at_the_start_and_every_hour(store: Store, clock: FakeClock) -> None:
    first = await ended(store)
    await clock.advance(8 * DAY)
    retention = Retention(store, clock, local_cluster().leases, retention_days=7)
    retention.start()
    try:
        await clock.asleep()
        assert await store.get_job(first.id) is None
        second = await ended(store)
        clock.jump(timedelta(days=8).total_seconds())
        await clock.advance(INTERVAL_S)
        await wait_until(lambda: _gone(store, second.id))
    finally:
        await retention.stop()


async def _gone(store: Store, job_id: str) -> bool:
    return await store.get_job(job_id) is None


async def test_a_database_that_is_away_is_tried_again_the_next_hour(store: Store, clock: FakeClock) -> None:
    job = await ended(store)
    await clock.advance(8 * DAY)
    broken = Away(store)
    retention = Retention(broken, clock, local_cluster().leases, retention_days=7)  # type: ignore[arg-type]  # as a store, but away
    retention.start()
    try:
        await clock.asleep()
        assert await store.get_job(job.id) is not None
        broken.there = True
        await clock.advance(INTERVAL_S)
        await wait_until(lambda: _gone(store, job.id))
    finally:
        await retention.stop()


class Away:
    """A store that deletes nothing until it is `there`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.deletions = self
        self.there = False

    async def delete_expired(self, *, days: int | None) -> int:
        if not self.there:
            raise StoreFailed(detail="away")
        return await self._store.deletions.delete_expired(days=days)


async def test_retention_is_a_setting_that_easel_run_applies(tmp_path: Path, sandbox: Sandbox) -> None:
    given = settings(tmp_path, sandbox, privacy={"retention_days": 7})
    clock = FakeClock()
    store = await Store.open(given.database_url, clock=clock)
    try:
        job = await ended(store)  # in March 2026, long before this process's own time
    finally:
        await store.close()
    async with world(tmp_path, sandbox, privacy={"retention_days": 7}) as easel:
        await wait_until(lambda: _gone(easel.app.store, job.id))
