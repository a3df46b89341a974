"""What one process hears of Discord about everybody's calls holds for the others, too."""

from contextlib import AsyncExitStack

import pytest

from adapters.discord.call_gate import MAX_RETRY_AFTER_S, RateLimit, Scope
from adapters.discord.shared_gate import TOPIC, SharedGate
from tests.support.clocks import ShiftedClock
from tests.support.clusters import member
from tests.support.postgres import Cluster
from tests.support.waiting import wait_until


@pytest.fixture
def shared_url(postgres: Cluster, postgres_template: str) -> str:
    return postgres.url(postgres.create(template=postgres_template))


async def test_a_global_limit_of_one_process_closes_the_gates_of_all(shared_url: str) -> None:
    clock = ShiftedClock()
    async with AsyncExitStack() as stack:
        clusters = [await stack.enter_async_context(member(shared_url)) for _ in range(3)]
        shared = [SharedGate(cluster, clock) for cluster in clusters]
        for each in shared:
            stack.push_async_callback(each.close)
        await wait_until(lambda: all(len(each.membership.members()) == 3 for each in clusters))
        shared[0].gate.record_response(429, RateLimit(scope=Scope.GLOBAL, retry_after_s=500.0))
        await wait_until(lambda: all(each.gate.wait_s() > 400 for each in shared))
        assert shared[0].gate.slow_from == 5000 // 3
        for nonsense in ("soon", -1, 2 * MAX_RETRY_AFTER_S, None):
            await clusters[0].bus.publish(TOPIC, nonsense)
        await clusters[0].bus.publish(TOPIC, 2000)
        await wait_until(lambda: all(each.gate.wait_s() > 1900 for each in shared[1:]))
        assert all(each.gate.wait_s() < 2001 for each in shared)
