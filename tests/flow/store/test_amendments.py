"""A job's request may change until an upstream may have been asked; with it changes what it has reserved, once."""

import asyncio
from dataclasses import replace

import pytest

from bot.chat import Attachment, Chat, User
from bot.errors import Banned, ChatOutOfCredits, OutOfCredits, Stale
from bot.job import Amendment, Failure, Job, NewJob, State
from bot.painting import Options
from bot.quota import QuotaRules
from bot.store.amendments import MAX_ATTEMPT
from bot.store.store import Store
from tests.flow.store.stores import ANN, DIRECT, GROUP, PIXEL, RULES, new_job, rules
from tests.support.clocks import FakeClock
from tests.support.databases import books_agree

SECOND = Attachment(ref="photo:2", media_type="image/png", size=20)
REFUSED = Failure(key="refusal-prompt-too-long", facts={"length": 5000, "limit": 4000})
DAY_S = 24 * 3600.0


def change(job: NewJob, **given: object) -> Amendment:
    """What a job requests, with changes."""
    same = Amendment(
        prompt=job.prompt,
        options=job.options,
        references=job.references,
        mask=job.mask,
        cost=job.cost,
        parts=job.parts,
    )
    return replace(same, **given)  # type: ignore[arg-type]  # the fields' own types


async def accepted(
    store: Store, by: QuotaRules = RULES, *, begun: bool = False, user: User = ANN, chat: Chat = DIRECT, cost: int = 1
) -> Job:
    job, is_new = await store.accept_job(new_job(user=user, chat=chat, cost=cost), by, begun=begun)
    assert is_new
    return job


@pytest.mark.forms(2)
@pytest.mark.parametrize("begun", [False, True])
async def test_a_job_that_has_asked_nobody_takes_a_new_request(store: Store, database_url: str, begun: bool) -> None:
    job = await accepted(store, begun=begun)
    wanted = change(
        job,
        prompt="a fox at night",
        options=Options(size="1:1", n=4),
        references=(*job.references, SECOND),
        cost=4,
        parts=("8", "9"),
    )
    amended = await store.amendments.amend_job(job.id, wanted, RULES)
    assert amended is not None
    assert (amended.prompt, amended.options, amended.references, amended.cost, amended.parts) == (
        wanted.prompt,
        wanted.options,
        wanted.references,
        4,
        ("8", "9"),
    )
    assert (amended.state, amended.attempt) == (job.state, job.attempt + begun)
    assert await store.get_job(job.id) == amended
    assert await store.balance(ANN.key, 10) == replace(await store.balance(ANN.key, 10), available=6, reserved=4)
    assert books_agree(database_url)


async def test_an_older_attempt_asks_nobody_once_its_job_was_amended(store: Store) -> None:
    old = await accepted(store, begun=True)
    new = await store.amendments.amend_job(old.id, change(old, prompt="another"), RULES)
    assert new is not None
    with pytest.raises(Stale):
        await store.save_checkpoint(old, "attempt-started:1", {})
    await store.save_checkpoint(new, "attempt-started:1", {})


async def test_what_an_upstream_may_know_of_stays_as_it_is(store: Store) -> None:
    job = await accepted(store, begun=True)
    await store.save_checkpoint(job, "attempt-started:1", {})
    assert await store.amendments.amend_job(job.id, change(job, prompt="another", cost=9), RULES) is None
    assert await store.amendments.withdraw_job(job.id, REFUSED) is None
    await store.save_results(job, [PIXEL], {"count": 1})
    await store.settle_job(job, State.DONE, charged=1)
    assert await store.amendments.amend_job(job.id, change(job, prompt="another", cost=9), RULES) is None
    assert await store.amendments.withdraw_job("nobody", REFUSED) is None
    stored = await store.get_job(job.id)
    assert stored is not None
    assert (stored.prompt, stored.cost) == (job.prompt, 1)


async def test_a_running_job_is_amended_less_often_than_its_attempts_would_end_it(store: Store) -> None:
    job = await accepted(store, begun=True)
    for number in range(MAX_ATTEMPT):
        assert await store.amendments.amend_job(job.id, change(job, prompt=f"try {number}"), RULES) is not None
    assert await store.amendments.amend_job(job.id, change(job, prompt="one too many"), RULES) is None


@pytest.mark.forms(1)
async def test_begun_and_amended_at_once_it_is_one_or_the_other(store: Store) -> None:
    for number in range(5):
        job = await accepted(store)
        begun, amended = await asyncio.gather(
            store.begin_attempt(job.id), store.amendments.amend_job(job.id, change(job, prompt=f"new {number}"), RULES)
        )
        assert amended is not None  # nobody was asked yet
        stored = await store.get_job(job.id)
        assert stored is not None
        assert stored.prompt == f"new {number}"
        if begun.prompt != stored.prompt:
            with pytest.raises(Stale):
                await store.save_checkpoint(begun, "attempt-started:1", {})


async def test_credits_are_reserved_anew_and_what_is_too_dear_changes_nothing(store: Store, database_url: str) -> None:
    by = rules(chat_daily=8)
    job = await accepted(store, by, chat=GROUP, cost=5)
    with pytest.raises(OutOfCredits) as refused:
        await store.amendments.amend_job(job.id, change(job, cost=11), by)
    assert refused.value.facts["left"] == 10  # its own credits count as free
    with pytest.raises(ChatOutOfCredits):
        await store.amendments.amend_job(job.id, change(job, cost=9), by)
    assert await store.get_job(job.id) == job
    assert (await store.balance(ANN.key, 10)).reserved == 5
    cheaper = await store.amendments.amend_job(job.id, change(job, cost=2), by)
    assert cheaper is not None
    assert (await store.balance(ANN.key, 10)).available == 8
    assert (await store.balance(f"chat:{GROUP.key}", 8)).available == 6
    assert books_agree(database_url)
    assert await store.settle_job(cheaper, State.CANCELLED, charged=0)
    assert (await store.balance(ANN.key, 10)).available == 10
    assert books_agree(database_url)


@pytest.mark.forms(1)
async def test_credits_that_are_reserved_later_must_be_there_from_the_beginning(
    store: Store, database_url: str
) -> None:
    by = rules(chat_daily=8)
    for cost, refusal in ((11, OutOfCredits), (9, ChatOutOfCredits)):
        with pytest.raises(refusal):
            await store.accept_job(replace(new_job(chat=GROUP, cost=cost), is_reserved=False), by)
    job, _ = await store.accept_job(replace(new_job(chat=GROUP, cost=5), is_reserved=False), by, begun=True)
    assert (await store.balance(ANN.key, 10)).available == 10
    assert not await store.quarantine.find_unreadable()
    amended = await store.amendments.amend_job(job.id, replace(change(job, cost=6), is_reserved=False), by)
    assert amended is not None
    assert (amended.is_reserved, (await store.balance(ANN.key, 10)).available) == (False, 10)
    with pytest.raises(Stale):
        await store.reserve_credits(job, by)
    for _ in range(2):
        await store.reserve_credits(amended, by)
        assert (await store.balance(ANN.key, 10)).reserved == 6
    assert (await store.balance(f"chat:{GROUP.key}", 8)).available == 2
    again = await store.amendments.amend_job(job.id, replace(change(amended, cost=7), is_reserved=False), by)
    assert again is not None
    assert (await store.balance(ANN.key, 10)).available == 10
    assert books_agree(database_url)
    with pytest.raises(ChatOutOfCredits):
        await store.reserve_credits(again, rules(chat_daily=3))
    assert await store.settle_job(again, State.FAILED, charged=0)
    assert (await store.balance(ANN.key, 10)).available == 10
    assert books_agree(database_url)


async def test_granted_credits_return_to_where_they_came_from(store: Store, database_url: str) -> None:
    await store.grant("gift", ANN.key, 5, 10)
    job = await accepted(store, cost=12)
    amended = await store.amendments.amend_job(job.id, change(job, cost=3), RULES)
    assert amended is not None
    assert (await store.balance(ANN.key, 10)).available == 12
    assert await store.settle_job(amended, State.CANCELLED, charged=0)
    assert (await store.balance(ANN.key, 10)).available == 15
    assert books_agree(database_url)


async def test_the_day_of_the_change_pays(store: Store, clock: FakeClock, database_url: str) -> None:
    job = await accepted(store, cost=6)
    await clock.advance(DAY_S)
    amended = await store.amendments.amend_job(job.id, change(job, cost=7), RULES)
    assert amended is not None
    assert (await store.balance(ANN.key, 10)).available == 3
    assert await store.settle_job(amended, State.CANCELLED, charged=0)
    assert (await store.balance(ANN.key, 10)).available == 10
    assert books_agree(database_url)


async def test_a_group_without_a_limit_any_more_keeps_its_books(store: Store, database_url: str) -> None:
    job = await accepted(store, rules(chat_daily=8), chat=GROUP, cost=5)
    assert await store.amendments.amend_job(job.id, change(job, cost=6), RULES) is not None
    assert books_agree(database_url)


async def test_the_banned_change_nothing(store: Store) -> None:
    job = await accepted(store, begun=True)
    await store.administration.set_banned("shell:test", ANN.key, True)
    with pytest.raises(Banned):
        await store.amendments.amend_job(job.id, change(job, cost=2), RULES)


@pytest.mark.forms(2)
@pytest.mark.parametrize("begun", [False, True])
async def test_a_withdrawn_job_has_ended_with_its_reason(store: Store, database_url: str, begun: bool) -> None:
    job = await accepted(store, begun=begun, cost=3)
    ended = await store.amendments.withdraw_job(job.id, REFUSED)
    assert ended is not None
    assert (ended.state, ended.failure, ended.charged) == (State.FAILED, REFUSED, 0)
    assert await store.pending_notifications() == [ended]
    assert await store.amendments.withdraw_job(job.id, REFUSED) is None
    with pytest.raises(Stale):
        await store.save_checkpoint(job, "attempt-started:1", {})
    assert (await store.balance(ANN.key, 10)).available == 10
    assert books_agree(database_url)


async def test_a_job_is_found_by_its_event(store: Store) -> None:
    job = await accepted(store)
    assert await store.job_by_event(job.event) == job
    assert await store.job_by_event("message:none") is None
