"""What one process at a time does: had by one, passed on when it stops or is given up, never by two."""

import asyncio

from bot.cluster.local import local_cluster
from bot.ports import Lease, Leases
from tests.support.clusters import give_up, member
from tests.support.databases import execute
from tests.support.waiting import wait_until


async def test_a_lease_has_one_holder_and_is_passed_on_at_once(shared_url: str) -> None:
    async with member(shared_url) as first, member(shared_url) as second:
        held: list[str] = []
        async with first.leases.hold("poll") as lease:
            assert lease.is_current()
            assert await second.leases.try_hold("poll") is None
            assert await second.leases.holders("po") == {"poll": first.membership.id}

            async def wait_for_it() -> Lease:
                async with second.leases.hold("poll") as later:
                    held.append(second.membership.id)
                    assert later.is_current()
                    return later

            waiting = asyncio.create_task(wait_for_it())
            await asyncio.sleep(0)
            assert held == []
        later = await waiting
        assert held == [second.membership.id]
        assert later.fence > lease.fence
        assert not lease.is_current()
        await lease.wait_until_lost()
        assert await second.leases.holders("po") == {"poll": None}


async def test_blocks_of_one_process_take_turns(shared_url: str) -> None:
    async with member(shared_url) as only:
        for leases in (only.leases, local_cluster().leases):
            order: list[str] = []

            async def take(name: str, leases: Leases = leases, order: list[str] = order) -> None:
                async with leases.hold("one"):
                    order.append(f"{name} in")
                    await asyncio.sleep(0)
                    order.append(f"{name} out")

            await asyncio.gather(take("a"), take("b"))
            assert order == ["a in", "a out", "b in", "b out"]


async def test_who_was_given_up_holds_nothing_and_another_does(shared_url: str) -> None:
    async with member(shared_url) as first, member(shared_url) as second, first.leases.hold("poll") as lease:
        taken, before = asyncio.Event(), first.membership.id

        async def take_over(_: Lease) -> None:
            taken.set()

        waiting = asyncio.create_task(second.leases.run_held("poll", take_over))
        give_up(shared_url, first)
        await taken.wait()
        await lease.wait_until_lost()
        assert not lease.is_current()
        await waiting
        await wait_until(lambda: first.membership.id != before and first.membership.is_current())
        again = await first.leases.try_hold("poll")  # as a new member, though the block of before has not ended
        assert again is not None
        await first.leases.release(again)


async def test_work_under_a_lease_ends_with_it_and_begins_again(shared_url: str) -> None:
    async with member(shared_url) as only:
        began: list[int] = []

        async def work(lease: Lease) -> None:
            began.append(lease.fence)
            if len(began) == 1:
                await asyncio.Event().wait()

        running = asyncio.create_task(only.leases.run_held("sweep", work))
        await wait_until(lambda: len(began) == 1)
        give_up(shared_url, only)
        await running
        assert began[1] > began[0]


async def test_a_lease_that_nobody_waits_for_any_more_is_free(shared_url: str) -> None:
    async with member(shared_url) as first, member(shared_url) as second:
        async with first.leases.hold("poll"):

            async def wait_for_it() -> None:
                async with second.leases.hold("poll"):
                    raise AssertionError("never held")

            waiting = asyncio.create_task(wait_for_it())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        again = await second.leases.try_hold("poll")
        assert again is not None
        await second.leases.release(again)


async def test_a_lease_rests_whatever_becomes_of_its_holder(shared_url: str) -> None:
    async with member(shared_url) as first, member(shared_url) as second:
        async with first.leases.hold("identify", rest_s=3600.0):
            pass
        assert await first.leases.try_hold("identify") is None
        execute(shared_url, "UPDATE lease SET rest_until = now() - interval '1 second'")
        async with second.leases.hold("identify", rest_s=3600.0):
            give_up(shared_url, second)
            assert await first.leases.try_hold("identify") is None
        execute(shared_url, "UPDATE lease SET rest_until = now() - interval '1 second'")
        assert await first.leases.try_hold("identify") is not None
