"""Processes on one PostgreSQL know of each other: who comes, goes, is given up, and finds that out by itself."""

from bot.ports import Cluster, MembershipChange
from tests.support.clocks import ShiftedClock
from tests.support.clusters import give_up, member
from tests.support.databases import execute, query
from tests.support.waiting import wait_until


def changes_of(cluster: Cluster) -> list[MembershipChange]:
    seen: list[MembershipChange] = []
    cluster.membership.subscribe(seen.append)
    return seen


def kinds(changes: list[MembershipChange]) -> list[tuple[str, str]]:
    return [(each.kind, each.member.id) for each in changes]


class StoppableClock(ShiftedClock):
    """Its `monotonic` can be moved on, as for a process that was stopped."""

    stopped_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.stopped_s


async def test_who_comes_and_goes_is_seen_by_the_others(shared_url: str) -> None:
    async with member(shared_url) as first:
        changes = changes_of(first)
        assert first.membership.alone()
        assert first.membership.is_current()
        async with member(shared_url) as second:
            other = second.membership.id
            assert not second.membership.alone()
            await wait_until(lambda: not first.membership.alone())
            ids = [each.id for each in first.membership.members()]
            assert ids == sorted({first.membership.id, other})
            assert {each.roles for each in first.membership.members()} == {frozenset({"events", "painting"})}
        await wait_until(first.membership.alone)
        assert kinds(changes) == [("joined", other), ("left", other)]


async def test_a_member_without_heartbeats_is_given_up_and_begins_anew_when_it_notices(shared_url: str) -> None:
    async with member(shared_url) as first, member(shared_url) as second:
        changes = changes_of(second)
        old = second.membership.id
        give_up(shared_url, second)
        await wait_until(lambda: second.membership.id != old and second.membership.is_current())
        assert kinds(changes)[0] == ("lapsed", old)
        await wait_until(lambda: {each.id for each in first.membership.members()} >= {second.membership.id})
        assert old not in {each.id for each in first.membership.members()}


async def test_a_process_that_was_stopped_is_not_current_before_it_asks_anybody(shared_url: str) -> None:
    clock = StoppableClock()
    async with member(shared_url, clock) as stopped:
        clock.stopped_s = 61.0
        assert not stopped.membership.is_current()
        assert stopped.membership.problem() is not None
        await stopped.membership.wait_until_current()  # nobody had given it up
        assert stopped.membership.is_current()
        assert stopped.membership.problem() is None


async def test_one_whose_heartbeat_is_old_is_given_up_by_one_that_was_steady_itself(shared_url: str) -> None:
    ghost = """INSERT INTO process
                   (id, name, version, roles, machine, pid, pid_started, started, heartbeat, steady_since)
               VALUES ('ghost', '', '', '[]', '', 1, 1, now(), now() - interval '1 hour', now())"""
    execute(shared_url, ghost)
    async with member(shared_url) as patient:
        await patient.membership.wait_until_current()
        assert query(shared_url, "SELECT count(*) FROM process") == [(2,)]  # this one has not been there for long
        assert not patient.membership.alone()
        execute(shared_url, "UPDATE process SET steady_since = now() - interval '1 hour' WHERE id <> 'ghost'")
        await wait_until(patient.membership.alone)
        assert query(shared_url, "SELECT count(*) FROM process") == [(1,)]
