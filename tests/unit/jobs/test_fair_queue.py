"""The line of waiting jobs: fair over users, in order within one user, within both limits."""

from hypothesis import given
from hypothesis import strategies as st

from bot.jobs.fair_queue import FairQueue


def all_that_may(line: FairQueue) -> list[str]:
    taken: list[str] = []
    while (job := line.start_next()) is not None:
        taken.append(job)
    return taken


def test_one_users_jobs_run_in_the_order_they_came() -> None:
    line = FairQueue(concurrency=8, user_concurrent=8)
    for job in ("a1", "a2", "a3"):
        line.enqueue(job, "a")
    assert all_that_may(line) == ["a1", "a2", "a3"]


def test_a_user_with_many_jobs_does_not_keep_another_waiting() -> None:
    line = FairQueue(concurrency=1, user_concurrent=1)
    for job in ("a1", "a2", "a3"):
        line.enqueue(job, "a")
    line.enqueue("b1", "b")
    assert line.start_next() == "a1"
    line.remove("a1")
    assert line.start_next() == "b1"


def test_users_with_fewer_running_jobs_come_first() -> None:
    line = FairQueue(concurrency=3, user_concurrent=2)
    for job, user in (("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b")):
        line.enqueue(job, user)
    assert all_that_may(line) == ["a1", "b1", "a2"]


def test_nobody_has_more_running_than_allowed() -> None:
    line = FairQueue(concurrency=8, user_concurrent=2)
    for job in ("a1", "a2", "a3"):
        line.enqueue(job, "a")
    assert all_that_may(line) == ["a1", "a2"]
    assert line.positions() == {"a3": 1}
    assert not line.remove("a1")
    assert line.start_next() == "a3"


def test_a_removed_job_leaves_no_gap() -> None:
    line = FairQueue(concurrency=1, user_concurrent=1)
    for job, user in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("c1", "c"), ("b2", "b")):
        line.enqueue(job, user)
    assert line.start_next() == "a1"
    assert line.positions() == {"b1": 1, "c1": 2, "a2": 3, "b2": 4}
    assert line.remove("c1")
    assert line.remove("b1")
    assert line.positions() == {"b2": 1, "a2": 2}
    assert not line.remove("unknown")


joins = st.lists(st.sampled_from("abcd"), max_size=30)


@given(users=joins, concurrency=st.integers(1, 5), user_concurrent=st.integers(1, 3))
def test_every_job_gets_its_turn_within_the_limits(users: list[str], concurrency: int, user_concurrent: int) -> None:
    line = FairQueue(concurrency=concurrency, user_concurrent=user_concurrent)
    owner = {f"{user}{number}": user for number, user in enumerate(users)}
    for job, user in owner.items():
        line.enqueue(job, user)
    running: list[str] = []
    served: list[str] = []
    while len(served) < len(owner):
        running += all_that_may(line)
        assert len(running) <= concurrency
        assert all(sum(owner[job] == user for job in running) <= user_concurrent for user in owner.values())
        assert sorted(line.positions().values()) == list(range(1, len(owner) - len(running) - len(served) + 1))
        done = running.pop(0)
        line.remove(done)
        served.append(done)
    assert sorted(served) == sorted(owner)


@given(users=joins)
def test_positions_predict_the_order_when_one_job_runs_at_a_time(users: list[str]) -> None:
    line = FairQueue(concurrency=1, user_concurrent=1)
    for number, user in enumerate(users):
        line.enqueue(f"{user}{number}", user)
    foretold = sorted(line.positions(), key=line.positions().__getitem__)
    order: list[str] = []
    while (job := line.start_next()) is not None:
        order.append(job)
        line.remove(job)
    assert order == foretold


def test_a_users_jobs_are_counted_waiting_or_running() -> None:
    line = FairQueue(concurrency=1, user_concurrent=1)
    for job, user in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        line.enqueue(job, user)
    assert line.start_next() == "a1"
    assert [line.count(user) for user in ("a", "b", "c")] == [2, 1, 0]
    line.remove("a1")
    assert line.count("a") == 1
