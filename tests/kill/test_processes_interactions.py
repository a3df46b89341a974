"""Interactions of Discord among several processes on one PostgreSQL: a "thinking" reply is filled, whoever dies."""

import asyncio
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.kill.blocking_process import run_blocking
from tests.kill.kill_points import make_prompt
from tests.kill.processes import on_postgres
from tests.kill.test_processes import COMMAND, TELEGRAM, delivered_once, processes_world
from tests.kill.world import blocked_prompts
from tests.support.databases import query
from tests.support.postgres import Cluster
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.usefixtures("preloaded_texts"), pytest.mark.timeout(300)]  # seconds; several processes


@pytest.fixture(autouse=True)
def postgresql(postgres: Cluster, postgres_template: str) -> Generator[None]:
    with on_postgres(postgres, postgres_template):
        yield


@pytest.mark.forms(1)
@pytest.mark.parametrize("is_busy", [False, True])
async def test_a_worker_fills_the_reply_that_a_killed_process_has_acknowledged(tmp_path: Path, is_busy: bool) -> None:
    """The process dies before its first words. `is_busy`: the worker takes the job up only after that."""
    async with processes_world(tmp_path, blocked=is_busy) as (world, release), world.worker(paints=1):
        users = [world.add_user(COMMAND)]
        world.role = {"jobs": {"concurrency": 0}}
        async with world.process(run_blocking) as receiver:
            if is_busy:
                users.append(world.add_user(TELEGRAM))
                users[1].say("a dog")
                await world.wait_for_requests("a dog")
            users[0].say(make_prompt(COMMAND, "accepted"))
            while not blocked_prompts(receiver):
                assert await receiver.read_report()
            await receiver.kill()

            async def is_given_up() -> bool:
                return len(await asyncio.to_thread(query, world.database_url, "SELECT id FROM process")) == 1

            await wait_until(is_given_up)
            release.set()
            await delivered_once(world, *users)
