"""Rate limits that several processes share on one PostgreSQL: who asks for slots, who waits for whom, what is left."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import pytest
from typing_extensions import override

from bot.chat import Budget, Lane
from bot.errors import StoreFailed
from bot.ports import ChangedBudgetRow, Cluster, LockedBudgets
from bot.status.budget_use import Urgency
from bot.status.pacing import Pacer, SendGrant
from bot.status.shared_budgets import SharedBudgets
from bot.store.budget_store import BudgetStore
from bot.store.store import Store
from tests.support.clocks import ShiftedClock
from tests.support.clusters import give_up, member
from tests.support.databases import execute, query
from tests.support.waiting import wait_until

T = TypeVar("T")
GROUP = Budget(key="group", slots=2, period_s=3600.0)
BOT = Budget(key="bot", slots=30, period_s=3600.0, shared=True)
LANE = Lane(budgets=(GROUP, BOT))
ELSEWHERE = Lane(budgets=(Budget(key="another group", slots=2, period_s=3600.0), BOT))


class FlakyStore(BudgetStore):
    """Commits, and nobody hears of it, while it is told to fail."""

    fails = False

    @override
    async def update_budgets(
        self,
        keys: Collection[str],
        change: Callable[[LockedBudgets], tuple[Mapping[str, ChangedBudgetRow], T]],
    ) -> T:
        result = await super().update_budgets(keys, change)
        if self.fails:
            raise StoreFailed(detail="the connection broke at the commit")
        return result


@dataclass(slots=True, kw_only=True)
class Process:
    """One process: what it shares, and the calls that it was allowed to make."""

    pacer: Pacer
    budgets: SharedBudgets
    cluster: Cluster
    storage: FlakyStore
    clock: ShiftedClock
    grants: list[SendGrant]

    def request(self, *keys: str, lane: Lane = LANE) -> None:
        for key in keys:
            self.pacer.request_call(key, Urgency.FINAL, lane, self.clock.monotonic())

    async def step(self) -> float | None:
        """One turn of the loop that makes calls."""
        if self.budgets.asks_nobody():
            while isinstance(grant := self.pacer.next_call(self.clock.monotonic()), SendGrant):
                self.pacer.start_call(grant, self.clock.monotonic())
                self.grants.append(grant)
            return None
        grants, wait_s = await self.budgets.next_calls()
        self.grants.extend(grants)
        return wait_s

    async def until_alone(self) -> None:
        async def alone() -> bool:
            await self.step()
            return self.budgets.asks_nobody()

        await wait_until(alone)

    async def until_nothing_to_do(self) -> None:
        while (await self.step()) == 0.0:
            pass

    @property
    def granted(self) -> list[str]:
        return [each.key for each in self.grants]


@asynccontextmanager
async def process(url: str) -> AsyncGenerator[Process]:
    clock = ShiftedClock()
    async with AsyncExitStack() as stack:
        store = await Store.open(url, clock=clock)
        stack.push_async_callback(store.close)
        cluster = await stack.enter_async_context(member(url))
        storage = FlakyStore(store._database)  # pyright: ignore[reportPrivateUsage] - the same connections
        pacer = Pacer()
        budgets = SharedBudgets(pacer, storage, cluster.membership, clock, lambda: None)
        yield Process(pacer=pacer, budgets=budgets, cluster=cluster, storage=storage, clock=clock, grants=[])


def use_of_group(url: str) -> dict[str, dict[str, object]]:
    [(uses,)] = query(url, "SELECT uses FROM budget WHERE key = 'group'")
    return uses


async def test_a_process_that_is_alone_asks_nobody(shared_url: str) -> None:
    async with process(shared_url) as one:
        await one.until_alone()
        one.request("a", "b", "c")
        assert await one.step() is None
        assert one.granted == ["a", "b"]
        assert query(shared_url, "SELECT count(*) FROM budget") == [(0,)]


async def test_who_is_joined_writes_down_what_was_used_and_the_other_one_waits_for_that(shared_url: str) -> None:
    async with process(shared_url) as one:
        await one.until_alone()
        one.request("a")
        await one.step()
        async with process(shared_url) as other:
            other.request("b", "c")
            await other.step()
            await other.step()
            assert other.granted == []  # nobody knows yet what the first one has used
            await wait_until(lambda: not one.budgets.asks_nobody())
            await one.step()
            await other.until_nothing_to_do()
            assert other.granted == ["b"]
            one.request("d")
            await one.until_nothing_to_do()
            assert one.granted == ["a"]


async def test_twenty_at_once_from_three_processes_get_no_more_slots_than_there_are(shared_url: str) -> None:
    async with process(shared_url) as one, process(shared_url) as two, process(shared_url) as three:
        everyone = (one, two, three)
        for number in range(20):
            everyone[number % 3].request(f"job-{number}")
        for _ in range(2):
            await asyncio.gather(*(each.step() for each in everyone))  # none of them knows of the others yet

        async def all_joined() -> bool:
            await asyncio.gather(*(each.step() for each in everyone))
            return sum(len(each.grants) for each in everyone) >= GROUP.slots

        await wait_until(all_joined)
        for _ in range(3):
            await asyncio.gather(*(each.step() for each in everyone))
        assert sum(len(each.grants) for each in everyone) == GROUP.slots
        assert sum(len(part.get("waiting", ())) for part in use_of_group(shared_url).values()) == 18  # type: ignore[arg-type]  # JSON


async def test_a_process_that_is_left_alone_takes_over_what_the_other_one_has_used(shared_url: str) -> None:
    async with process(shared_url) as one:
        async with process(shared_url) as other:
            await wait_until(lambda: not one.cluster.membership.alone())
            await one.step()
            await other.until_nothing_to_do()
            other.request("a")
            await other.until_nothing_to_do()
            assert other.granted == ["a"]
            other.pacer.finish_call(other.grants[0], other.clock.monotonic())
            before = other.cluster.membership.id
            await other.budgets.close()
        await one.until_alone()
        one.request("b", "c")
        await one.step()
        assert one.granted == ["b"]
        assert use_of_group(shared_url).keys() == {before}  # for whoever joins again


@pytest.mark.forms(1)
@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_refusal_that_one_process_hears_holds_for_all(shared_url: str, everywhere: bool) -> None:
    async with process(shared_url) as one, process(shared_url) as other:
        await wait_until(lambda: not one.cluster.membership.alone())
        await one.step()
        other.request("a")
        await other.until_nothing_to_do()
        now = other.clock.monotonic()
        other.pacer.reject_call(other.grants[0], 500.0, now, everywhere=everywhere)
        await other.until_nothing_to_do()
        one.request("b")
        one.request("c", lane=ELSEWHERE)
        await one.until_nothing_to_do()
        rows = query(shared_url, "SELECT key, uses FROM budget")
        assert one.granted == ([] if everywhere else ["c"]), (rows, other.cluster.membership.id, other.granted)
        look_again = one.pacer.next_call(one.clock.monotonic())
        assert isinstance(look_again, float)
        assert look_again > now + 400.0


async def test_slots_of_a_process_that_was_given_up_are_known_to_the_next(shared_url: str) -> None:
    async with process(shared_url) as one, process(shared_url) as other:
        await wait_until(lambda: not one.cluster.membership.alone())
        await one.step()
        other.request("a", "b")
        await other.until_nothing_to_do()
        assert other.granted == ["a", "b"]
        give_up(shared_url, other.cluster)
        one.request("c")
        await one.until_nothing_to_do()
        assert one.granted == []
        assert one.pacer.next_call(one.clock.monotonic()) is not None


async def test_what_a_process_has_used_holds_also_when_the_next_one_was_alone_meanwhile(shared_url: str) -> None:
    async with process(shared_url) as one:
        async with process(shared_url) as other:
            await wait_until(lambda: not one.cluster.membership.alone())
            await one.step()
            other.request("a", "b")
            await other.until_nothing_to_do()
            assert other.granted == ["a", "b"]
        await one.until_alone()
        async with process(shared_url):
            await wait_until(lambda: not one.budgets.asks_nobody())
            one.request("c")
            for _ in range(3):
                await one.step()
            assert one.granted == []
            assert isinstance(one.pacer.next_call(one.clock.monotonic()), float)


async def test_a_process_that_goes_on_as_another_tells_everything_anew_under_its_new_name(shared_url: str) -> None:
    async with process(shared_url) as one, process(shared_url) as other:
        await wait_until(lambda: not one.cluster.membership.alone())
        await one.step()
        other.request("a")
        await other.until_nothing_to_do()
        before = other.cluster.membership.id
        give_up(shared_url, other.cluster)
        await wait_until(lambda: other.cluster.membership.id != before and other.cluster.membership.is_current())
        other.request("b")
        await other.until_nothing_to_do()
        assert other.cluster.membership.id in use_of_group(shared_url)


async def test_an_answer_that_was_lost_costs_no_slot(shared_url: str) -> None:
    async with process(shared_url) as one, process(shared_url) as other:
        await wait_until(lambda: not one.cluster.membership.alone())
        await one.step()
        await other.until_nothing_to_do()
        other.request("a", "b")
        other.storage.fails = True
        await other.step()
        await other.step()
        assert other.granted == []
        assert sum(int(str(part.get("flying", 0))) for part in use_of_group(shared_url).values()) == 2
        other.storage.fails = False
        await other.until_nothing_to_do()
        assert other.granted == ["a", "b"]
        assert sum(int(str(part.get("flying", 0))) for part in use_of_group(shared_url).values()) == 2


async def test_rows_are_locked_in_one_order_and_those_that_nobody_uses_any_more_are_deleted(shared_url: str) -> None:
    async with process(shared_url) as one:

        def add(locked: LockedBudgets) -> tuple[dict[str, ChangedBudgetRow], float]:
            rows = {
                key: {"p": {"count": int(row.get("p", {}).get("count", 0)) + 1}} for key, row in locked.rows.items()
            }
            changed = {key: ChangedBudgetRow(row=row, free_at=locked.now - 1.0) for key, row in rows.items()}
            return changed, locked.now

        orders = (("c", "a", "b"), ("b", "c"), ("a", "c"), ("c", "b", "a"))
        times = await asyncio.gather(*(one.storage.update_budgets(orders[n % 4], add) for n in range(40)))
        assert all(time > 1.7e9 for time in times)
        [(uses,)] = query(shared_url, "SELECT uses FROM budget WHERE key = 'c'")
        assert uses == {"p": {"count": 40}}
        await one.storage.delete_free_budgets()
        assert query(shared_url, "SELECT count(*) FROM budget") == [(0,)]


async def test_a_member_that_is_deleted_is_no_longer_waited_for(shared_url: str) -> None:
    async with process(shared_url) as one:
        await one.until_alone()
        async with process(shared_url) as other:
            execute(shared_url, f"DELETE FROM process WHERE id = '{one.cluster.membership.id}'")  # noqa: S608 - an id of ours
            other.request("a")
            await other.until_nothing_to_do()
            assert other.granted == ["a"]
            with pytest.raises(StoreFailed):
                await other.storage.register_budget_process("nobody", shares=True)
