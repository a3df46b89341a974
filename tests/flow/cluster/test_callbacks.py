"""An upstream's call reaches the process that polls the task, whichever process the address has led it to."""

from bot.ports import Cluster
from bot.providers.tasks.callbacks import Callbacks
from bot.runtime.clock import SystemClock
from tests.support.clusters import member
from tests.support.waiting import TIMEOUT_S, wait_until

PUBLIC_URL = "https://easel.example"


def knows(one: Cluster, other: Cluster) -> bool:
    return other.membership.id in {each.id for each in one.membership.members()}


async def test_a_call_wakes_the_poller_of_another_process(shared_url: str) -> None:
    async with member(shared_url) as first, member(shared_url) as second:
        polling, called = Callbacks(PUBLIC_URL, first), Callbacks(PUBLIC_URL, second)
        await wait_until(lambda: knows(second, first))
        with polling.register() as callback:
            assert callback.url is not None
            secret = callback.url.rpartition("/")[2]
            assert await called.receive_call(secret)
            assert await callback.wait(TIMEOUT_S, SystemClock())
            for unknown in ("guessed", f"nobody.{secret}", f"{second.membership.id}.guessed", secret * 9):
                assert not await called.receive_call(unknown)
        assert await called.receive_call(secret)  # late, and harmless
        assert await polling.receive_call(secret)
