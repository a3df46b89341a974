"""Money is exact: on both engines, in any order, from any number of processes at once."""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial

import pytest

from bot import quota
from bot.errors import Banned, ChatOutOfCredits, EaselError, OutOfCredits, Stale, TooManyWaiting
from bot.job import Job, NewJob, State
from bot.quota import Balance, QuotaRules
from bot.store.store import Store
from tests.flow.store.stores import ANN, BEN, GROUP, RULES, new_job, rules
from tests.support.clocks import FakeClock
from tests.support.databases import books_agree, query

GROUP_ACCOUNT = f"chat:{GROUP.key}"


@pytest.fixture
async def other_process(store: Store, database_url: str, clock: FakeClock) -> AsyncGenerator[Store]:
    """A second store on the same database, with connections of its own."""
    opened = await Store.open(database_url, clock=clock)
    try:
        yield opened
    finally:
        await opened.close()


async def accept(store: Store, new: NewJob, by: QuotaRules = RULES) -> Job | EaselError:
    try:
        return (await store.accept_job(new, by))[0]
    except EaselError as refused:
        return refused


async def left(store: Store, user_key: str = ANN.key, daily: int = 10) -> int:
    return (await store.balance(user_key, daily)).available


# ---------------------------------------------------------------- acceptance


async def test_accepting_holds_the_credits_and_keeps_what_was_asked(store: Store, clock: FakeClock) -> None:
    new = new_job(cost=3)
    job, fresh = await store.accept_job(new, RULES)
    assert fresh
    assert (job.state, job.attempt, job.cost, job.charged) == (State.WAITING, 0, 3, None)
    assert (job.user, job.chat, job.options, job.references) == (
        new.user,
        new.chat,
        new.options,
        new.references,
    )
    assert (job.prompt, job.event, job.request_id, job.created) == (
        new.prompt,
        new.event,
        new.request_id,
        clock.now(),
    )
    assert await store.get_job(job.id) == job
    assert await store.balance(ANN.key, 10) == Balance(available=7, reserved=3, daily=10)


async def test_the_same_event_is_one_job_and_one_reservation(store: Store) -> None:
    first, _ = await store.accept_job(new_job(event="message:1", cost=3), RULES)
    again, fresh = await store.accept_job(new_job(event="message:1", cost=3), RULES)
    assert not fresh
    assert again == first
    assert await store.balance(ANN.key, 10) == Balance(available=7, reserved=3, daily=10)


async def test_the_same_event_is_recognised_after_the_job_ended_and_by_the_banned(store: Store) -> None:
    first, _ = await store.accept_job(new_job(event="message:1"), RULES)
    await store.settle_job(first, State.CANCELLED, charged=0)
    await store.administration.set_banned("shell:test", ANN.key, True)
    again, fresh = await store.accept_job(new_job(event="message:1"), RULES)
    assert (again.id, again.state, fresh) == (first.id, State.CANCELLED, False)


async def test_the_same_event_delivered_to_two_processes_at_once_is_one_job(
    store: Store, other_process: Store, database_url: str
) -> None:
    offers = [each.accept_job(new_job(event="message:1", cost=2), RULES) for each in (store, other_process) * 10]
    answers = await asyncio.gather(*offers)
    assert len({job.id for job, _ in answers}) == 1
    assert sum(fresh for _, fresh in answers) == 1
    assert await store.balance(ANN.key, 10) == Balance(available=8, reserved=2, daily=10)
    assert books_agree(database_url)


async def test_ten_at_once_against_one_credit_serve_exactly_one(store: Store, database_url: str) -> None:
    answers = await asyncio.gather(*(accept(store, new_job(), rules(user_daily=1)) for _ in range(10)))
    assert sum(isinstance(answer, Job) for answer in answers) == 1
    assert sum(isinstance(answer, OutOfCredits) for answer in answers) == 9
    assert await store.balance(ANN.key, 1) == Balance(available=0, reserved=1, daily=1)
    assert query(database_url, "SELECT COUNT(*) FROM job") == [(1,)]
    assert books_agree(database_url)


@pytest.mark.forms(1)
async def test_fifty_at_once_from_two_processes_spend_what_there_is_and_no_more(
    store: Store, other_process: Store, database_url: str
) -> None:
    by = rules(user_daily=7, chat_daily=10)
    offers = [
        accept(each, new_job(user=user, chat=GROUP), by)
        for _ in range(13)
        for each in (store, other_process)
        for user in (ANN, BEN)
    ]
    answers = await asyncio.gather(*offers)
    assert sum(isinstance(answer, Job) for answer in answers) == 10
    assert all(isinstance(answer, Job | OutOfCredits) for answer in answers)
    held = [(await store.balance(key, 7)).reserved for key in (ANN.key, BEN.key)]
    assert sum(held) == 10
    assert max(held) <= 7
    assert await store.balance(GROUP_ACCOUNT, 10) == Balance(available=0, reserved=10, daily=10)
    assert books_agree(database_url)


async def test_a_refusal_says_what_is_left_and_when_more_comes(store: Store, clock: FakeClock) -> None:
    await store.accept_job(new_job(cost=8), RULES)
    await clock.advance(10.5 * 3600)
    with pytest.raises(OutOfCredits) as refused:
        await store.accept_job(new_job(cost=3), RULES)
    assert type(refused.value) is OutOfCredits
    assert refused.value.facts == {"left": 2, "cost": 3, "refill": 2}


async def test_a_refused_event_leaves_no_trace_and_may_come_again(store: Store, database_url: str) -> None:
    new = new_job(cost=11)
    assert isinstance(await accept(store, new), OutOfCredits)
    for table in ("job", "ledger", "account"):
        assert query(database_url, f"SELECT COUNT(*) FROM {table}") == [(0,)]  # noqa: S608  # our own names
    assert isinstance(await accept(store, new, rules(user_daily=11)), Job)


async def test_a_group_with_a_limit_is_charged_beside_the_user(store: Store) -> None:
    by = rules(chat_daily=5)
    await store.accept_job(new_job(chat=GROUP, cost=4), by)
    assert (await left(store), await left(store, GROUP_ACCOUNT, 5)) == (6, 1)
    with pytest.raises(ChatOutOfCredits) as refused:
        await store.accept_job(new_job(chat=GROUP, user=BEN, cost=2), by)
    assert refused.value.facts == {"left": 1, "cost": 2, "refill": 12}
    assert await store.balance(BEN.key, 10) == Balance(available=10, reserved=0, daily=10)


async def test_a_private_chat_and_a_group_without_a_limit_have_no_account(store: Store, database_url: str) -> None:
    await store.accept_job(new_job(), rules(chat_daily=0))
    await store.accept_job(new_job(chat=GROUP), RULES)
    assert query(database_url, "SELECT id FROM account") == [(ANN.key,)]


async def test_a_group_that_loses_its_limit_meanwhile_still_gets_its_credits_back(
    store: Store, database_url: str
) -> None:
    job, _ = await store.accept_job(new_job(chat=GROUP, cost=4), rules(chat_daily=5))
    await store.accept_job(new_job(chat=GROUP), RULES)
    await store.settle_job(job, State.CANCELLED, charged=0)
    assert await store.balance(GROUP_ACCOUNT, 5) == Balance(available=5, reserved=0, daily=5)
    assert books_agree(database_url)


async def test_the_banned_are_refused_until_they_are_not(store: Store) -> None:
    await store.administration.set_banned("shell:test", BEN.key, True)
    assert isinstance(await accept(store, new_job(user=BEN)), Banned)
    assert isinstance(await accept(store, new_job(user=ANN)), Job)
    await store.administration.set_banned("shell:test", BEN.key, False)
    assert isinstance(await accept(store, new_job(user=BEN)), Job)
    assert await left(store, BEN.key) == 9


async def test_the_line_of_one_user_has_an_end(store: Store) -> None:
    by = rules(user_concurrent=1, user_waiting=2)
    answers = await asyncio.gather(*(accept(store, new_job(), by) for _ in range(6)))
    accepted = [answer for answer in answers if isinstance(answer, Job)]
    assert len(accepted) == 3
    assert {answer.facts["limit"] for answer in answers if isinstance(answer, TooManyWaiting)} == {2}
    assert isinstance(await accept(store, new_job(user=BEN), by), Job)
    await store.settle_job(accepted[0], State.CANCELLED, charged=0)
    assert isinstance(await accept(store, new_job(), by), Job)


# ---------------------------------------------------------------- closing


async def test_what_is_charged_is_gone_and_the_rest_is_back_at_once(store: Store, database_url: str) -> None:
    accepted, _ = await store.accept_job(new_job(cost=4), RULES)
    job = await store.begin_attempt(accepted.id)
    assert await store.settle_job(job, State.DONE, charged=1)
    assert await store.balance(ANN.key, 10) == Balance(available=9, reserved=0, daily=10)
    assert books_agree(database_url)


@pytest.mark.forms(2)
@pytest.mark.parametrize("charged", [-1, 5])
async def test_no_charge_goes_beyond_the_reservation(store: Store, charged: int, database_url: str) -> None:
    accepted, _ = await store.accept_job(new_job(cost=4), RULES)
    job = await store.begin_attempt(accepted.id)
    with pytest.raises(ValueError, match="cannot charge"):
        await store.settle_job(job, State.DONE, charged=charged)
    assert await store.balance(ANN.key, 10) == Balance(available=6, reserved=4, daily=10)
    assert books_agree(database_url)


@pytest.mark.forms(1)
async def test_a_job_closes_once_however_many_try(store: Store, other_process: Store, database_url: str) -> None:
    accepted, _ = await store.accept_job(new_job(chat=GROUP, cost=4), rules(chat_daily=20))
    job = await store.begin_attempt(accepted.id)
    tries = [
        each.settle_job(job, state, charged=charged)
        for each in (store, other_process) * 5
        for state, charged in ((State.DONE, 4), (State.FAILED, 0))
    ]
    assert sum(await asyncio.gather(*tries)) == 1
    ended = await store.get_job(job.id)
    assert ended is not None
    charged = 4 if ended.state is State.DONE else 0
    assert ended.charged == charged
    assert await left(store) == 10 - charged
    assert await left(store, GROUP_ACCOUNT, 20) == 20 - charged
    assert books_agree(database_url)


async def test_a_job_that_never_began_can_be_cancelled(store: Store) -> None:
    job, _ = await store.accept_job(new_job(cost=4), RULES)
    assert await store.settle_job(job, State.CANCELLED, charged=0)
    assert not await store.settle_job(job, State.CANCELLED, charged=0)
    assert await store.balance(ANN.key, 10) == Balance(available=10, reserved=0, daily=10)
    with pytest.raises(Stale):
        await store.begin_attempt(job.id)


@pytest.mark.forms(1)
async def test_jobs_begun_and_closed_at_once_by_two_processes_leave_the_books_in_order(
    store: Store, other_process: Store, database_url: str
) -> None:
    by = rules(user_daily=40, chat_daily=60)
    jobs = [(await store.accept_job(new_job(user=user, chat=GROUP), by))[0] for user in (ANN, BEN) * 8]

    async def play(at: Store, number: int, job: Job) -> None:
        begun = await at.begin_attempt(job.id)
        done = number % 2 == 0
        await at.settle_job(begun, State.DONE if done else State.FAILED, charged=int(done))

    plays = [play((store, other_process)[n % 2], n, job) for n, job in enumerate(jobs)]
    more = [accept(each, new_job(chat=GROUP), by) for each in (store, other_process) * 4]
    await asyncio.gather(*plays, *more)
    charged = sum(job.charged or 0 for job in [*await store.history(ANN.key, 99), *await store.history(BEN.key, 99)])
    assert charged == 8
    assert await store.balance(GROUP_ACCOUNT, 60) == Balance(available=60 - 8 - 8, reserved=8, daily=60)
    assert books_agree(database_url)


# ---------------------------------------------------------------- days


async def test_midnight_fills_the_pot_and_forgets_the_old_reservation(store: Store, clock: FakeClock) -> None:
    job, _ = await store.accept_job(new_job(cost=4), RULES)
    await clock.advance(12 * 3600)
    assert await store.balance(ANN.key, 10) == Balance(available=10, reserved=4, daily=10)
    await store.accept_job(new_job(cost=1), RULES)
    await store.settle_job(job, State.CANCELLED, charged=0)
    assert await store.balance(ANN.key, 10) == Balance(available=9, reserved=1, daily=10)


async def test_a_job_closed_after_midnight_before_anything_else_gives_no_double_pot(
    store: Store, clock: FakeClock
) -> None:
    job, _ = await store.accept_job(new_job(cost=4), RULES)
    await clock.advance(12 * 3600)
    await store.settle_job(job, State.CANCELLED, charged=0)
    assert await left(store) == 10


async def test_a_clock_that_falls_back_refills_nothing_and_keeps_the_reservation_whole(
    store: Store, clock: FakeClock
) -> None:
    await store.accept_job(new_job(cost=6), RULES)
    clock.jump(-3 * 86_400)
    assert await left(store) == 4
    job, _ = await store.accept_job(new_job(cost=2), RULES)
    assert await left(store) == 2
    await store.settle_job(job, State.CANCELLED, charged=0)
    assert await left(store) == 4


async def test_a_changed_allowance_counts_from_now_on(store: Store) -> None:
    await store.accept_job(new_job(cost=6), RULES)
    assert await left(store, daily=15) == 9
    assert await left(store, daily=3) == 0
    assert isinstance(await accept(store, new_job(cost=9), rules(user_daily=15)), Job)


# ---------------------------------------------------------------- grants


async def test_granted_credits_last_and_are_spent_after_the_days_own(store: Store, clock: FakeClock) -> None:
    assert await store.grant("grant:1", ANN.key, 5, 10) == Balance(available=15, reserved=0, daily=10)
    job, _ = await store.accept_job(new_job(cost=12), RULES)
    await clock.advance(86_400)
    assert await left(store) == 13
    await store.settle_job(await store.begin_attempt(job.id), State.DONE, charged=11)
    assert await left(store) == 14


async def test_an_entry_counts_once(store: Store, other_process: Store) -> None:
    await asyncio.gather(*(each.grant("grant:1", ANN.key, 5, 10) for each in (store, other_process) * 5))
    assert await left(store) == 15
    assert (await store.administration.set_available("shell:test", "set:1", ANN.key, 3, 10)).available == 3
    await store.grant("grant:2", ANN.key, 1, 10)
    assert (await store.administration.set_available("shell:test", "set:1", ANN.key, 3, 10)).available == 4


async def test_set_credits_is_what_can_be_spent(store: Store) -> None:
    await store.accept_job(new_job(cost=2), RULES)
    assert await store.administration.set_available("shell:test", "set:1", ANN.key, 25, 10) == Balance(
        available=25, reserved=2, daily=10
    )
    assert isinstance(await accept(store, new_job(cost=25)), Job)
    assert await store.administration.set_available("shell:test", "set:2", ANN.key, 0, 10) == Balance(
        available=0, reserved=27, daily=10
    )


@pytest.mark.parametrize("credits", [-1, quota.MAX_CREDITS + 1])
async def test_a_grant_outside_all_reason_changes_nothing(store: Store, credits: int) -> None:
    for change in (store.grant, partial(store.administration.set_available, "shell:test")):
        with pytest.raises(ValueError, match="is not between"):
            await change("entry:1", ANN.key, credits, 10)
    assert await left(store) == 10


async def test_the_books_outlive_a_restart(store: Store, database_url: str, clock: FakeClock) -> None:
    await store.grant("grant:1", ANN.key, 5, 10)
    job, _ = await store.accept_job(new_job(cost=4), RULES)
    await store.close()
    again = await Store.open(database_url, clock=clock)
    try:
        assert [each.id for each in await again.unfinished_jobs()] == [job.id]
        assert await again.balance(ANN.key, 10) == Balance(available=11, reserved=4, daily=10)
        assert await again.settle_job(job, State.FAILED, charged=0)
        assert await left(again) == 15
    finally:
        await again.close()
    assert books_agree(database_url)


async def test_a_caller_that_gives_up_leaves_whole_transactions(store: Store, database_url: str) -> None:
    for turns in range(0, 40, 2):
        task = asyncio.create_task(store.accept_job(new_job(), rules(user_daily=100)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await store.close()  # waits for what is under way
    assert books_agree(database_url)


# ---------------------------------------------------------------- a crowd


@pytest.mark.forms(1)
async def test_hundreds_at_once_from_two_processes_spend_no_credit_twice(
    store: Store, other_process: Store, database_url: str
) -> None:
    """Each caller asks, and ends what it got: charged, failed or cancelled, in turn. Half of them are told twice."""
    stores = (store, other_process)
    ends = ((State.DONE, 1), (State.FAILED, 0), (State.CANCELLED, 0))

    async def caller(number: int) -> int:
        """Credits charged."""
        mine, twin = stores[number % 2], stores[(number + 1) % 2]
        new = new_job(user=(ANN, BEN)[number % 2], chat=GROUP)
        job = await accept(mine, new, rules(user_daily=40, chat_daily=70))
        if not isinstance(job, Job):
            return 0
        held = await mine.begin_attempt(job.id)
        state, charged = ends[number % 3]
        done = await asyncio.gather(
            mine.settle_job(held, state, charged=charged), twin.settle_job(held, state, charged=charged)
        )
        assert sorted(done) == [False, True]
        return charged

    charged = await asyncio.gather(*(caller(number) for number in range(150)))
    assert books_agree(database_url)
    users = [await left(store, user.key, 40) for user in (ANN, BEN)]
    assert sum(users) == 80 - sum(charged)
    assert (await store.balance(GROUP_ACCOUNT, 70)).available == 70 - sum(charged)
    assert [(await store.balance(user.key, 40)).reserved for user in (ANN, BEN)] == [0, 0]
    assert 0 < sum(charged) <= 70
