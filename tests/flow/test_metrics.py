"""What operators see of a job in the metrics: who painted it, what was waited for, what it cost, what it called."""

from collections.abc import Callable

from prometheus_client import REGISTRY

from bot.errors import ChatBusy
from tests.flow.world import MemoryWorld


def counting() -> Callable[..., float]:
    """A function that tells by how much a sample has grown since now; its labels as keywords."""
    before = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }

    def grown(name: str, **labels: str) -> float:
        value = REGISTRY.get_sample_value(name, labels) or 0.0
        return value - before.get((name, frozenset(labels.items())), 0.0)

    return grown


async def test_a_painted_job(easel: MemoryWorld) -> None:
    grown = counting()
    await easel.say("a fox --n 2")
    await easel.settled()
    sandbox = {"provider": "sandbox", "model": "gpt-4o-image"}
    assert grown("easel_attempts_total", **sandbox, outcome="done") == 1
    assert grown("easel_upstream_seconds_count", **sandbox) == 1
    assert grown("easel_upstream_wait_seconds_count") == 1
    assert grown("easel_first_status_seconds_count", platform="memory") == 1
    assert grown("easel_delivery_seconds_count", platform="memory") == 1
    assert grown("easel_chat_calls_total", platform="memory", kind="post", outcome="ok") == 1
    assert grown("easel_chat_calls_total", platform="memory", kind="final", outcome="ok") == 1
    assert grown("easel_credits_reserved_total") == grown("easel_credits_charged_total") == 2
    assert grown("easel_database_commit_seconds_count") > 0
    info = {"provider": "sandbox", "model": "gpt-4o-image", "dialect": "chat", "preset": "sandbox"}
    assert REGISTRY.get_sample_value("easel_provider_info", info) == 1


async def test_a_job_that_fails_in_a_chat_that_is_busy(easel: MemoryWorld) -> None:
    grown = counting()
    easel.platform.failures.append(ChatBusy(retry_after=0.01))
    await easel.say("a fox [[refuse]]")
    await easel.settled()
    sandbox = {"provider": "sandbox", "model": "gpt-4o-image"}
    assert grown("easel_attempts_total", **sandbox, outcome="Declined") == 1
    assert grown("easel_chat_calls_total", platform="memory", kind="post", outcome="ChatBusy") == 1
    assert grown("easel_rate_limited_total", platform="memory", scope="chat") == 1
    assert grown("easel_credits_reserved_total") == 1
    assert grown("easel_credits_charged_total") == 0
