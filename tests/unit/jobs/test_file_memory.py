"""Memory for fetched files: bounded for each owner and in all, and given back whatever happens."""

import asyncio

import pytest

from bot.jobs.file_memory import FileMemory
from tests.support.event_loop import wait_all_tasks_blocked


class Holder:
    """Tasks that hold files until they are told to give them back."""

    def __init__(self, memory: FileMemory) -> None:
        self._memory = memory
        self._done = asyncio.Event()
        self.held: list[str] = []

    def hold(self, owner: str, size: int) -> asyncio.Task[None]:
        async def keep() -> None:
            async with self._memory.reserve(owner, size):
                self.held.append(f"{owner} {size}")
                await self._done.wait()

        return asyncio.create_task(keep())

    def release(self) -> None:
        self._done.set()


async def test_files_of_all_owners_stay_within_the_share() -> None:
    holder = Holder(FileMemory(100, owner_files=2))
    tasks = [holder.hold(f"owner {number}", 40) for number in range(4)]
    await wait_all_tasks_blocked()
    assert holder.held == ["owner 0 40", "owner 1 40"]
    holder.release()
    await asyncio.gather(*tasks)
    assert len(holder.held) == 4


async def test_an_owner_with_many_files_leaves_room_for_others() -> None:
    holder = Holder(FileMemory(100, owner_files=2))
    tasks = [holder.hold("amber", 30) for _ in range(9)]
    tasks.append(holder.hold("birch", 10))
    await wait_all_tasks_blocked()
    assert holder.held == ["amber 30", "amber 30", "birch 10"]
    holder.release()
    await asyncio.gather(*tasks)


async def test_a_file_above_the_share_waits_until_it_is_alone() -> None:
    holder = Holder(FileMemory(100, owner_files=2))
    small, large = holder.hold("amber", 10), holder.hold("birch", 500)
    await wait_all_tasks_blocked()
    assert holder.held == ["amber 10"]
    small.cancel()
    await wait_all_tasks_blocked()
    assert holder.held == ["amber 10", "birch 500"]
    holder.release()
    await large


@pytest.mark.parametrize("turns", [0, 1, 2])
async def test_a_cancelled_owner_gives_everything_back(turns: int) -> None:
    holder = Holder(FileMemory(100, owner_files=1))
    first, second = holder.hold("amber", 100), holder.hold("birch", 100)
    await wait_all_tasks_blocked()
    first.cancel()
    for _ in range(turns):
        await asyncio.sleep(0)
    second.cancel()
    third = holder.hold("cedar", 100)
    await wait_all_tasks_blocked()
    assert holder.held[-1] == "cedar 100"
    holder.release()
    await third
