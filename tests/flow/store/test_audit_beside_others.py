"""A process that starts looks all jobs through while others work: what they change meanwhile is no damage."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.job import State
from bot.runtime.clock import SystemClock
from bot.store import job_audit
from bot.store.job_audit import AuditedJob
from bot.store.quarantine import set_aside_unreadable
from bot.store.store import Store
from tests.flow.store.stores import PIXEL, RULES, new_job
from tests.support.databases import connected, execute, query

FACTS: dict[str, Any] = {"provider": "sandbox", "price": 1, "count": 1, "upstream_id": None, "usage": {}}
PROMPTS = "SELECT state, prompt FROM job"


def suspects_of(url: str) -> list[AuditedJob]:
    with connected(url) as connection:
        return job_audit.unsound_jobs(connection)


def set_aside(url: str) -> int:
    with connected(url) as connection:
        return len(set_aside_unreadable(connection, RULES.user_daily, SystemClock().now()))


@pytest.mark.parametrize("ends", [True, False])
async def test_a_job_that_ends_between_two_reads_of_its_rows_stays_as_it_is(
    shared_url: str, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    store = await Store.open(shared_url, clock=SystemClock(), migrate=False)
    try:
        job, _ = await store.accept_job(new_job(), RULES, begun=True)
        await store.save_results(job, [PIXEL], FACTS)
        await asyncio.to_thread(execute, shared_url, "DELETE FROM result")  # as seen after its end, its row before
        suspects = await asyncio.to_thread(suspects_of, shared_url)
        assert [each.reason for each in suspects] == ["result: not as many as were saved"]
        if ends:
            assert await store.settle_job(job, State.DONE, charged=1)

        def find(connection: Connection) -> list[AuditedJob]:
            return suspects

        monkeypatch.setattr(job_audit, "unsound_jobs", find)
        assert await asyncio.to_thread(set_aside, shared_url) == (0 if ends else 1)
        expected = ("done", job.prompt) if ends else ("failed", "")
        assert query(shared_url, PROMPTS) == [expected]
    finally:
        await store.close()
