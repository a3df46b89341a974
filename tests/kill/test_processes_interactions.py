"""Interactions of Discord among several processes on one PostgreSQL: a "thinking" reply is filled, whoever dies."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.kill.blocking_process import run_blocking
from tests.kill.kill_points import make_prompt
from tests.kill.processes import on_postgres
from tests.kill.test_processes import COMMAND, delivered_once, processes_world
from tests.kill.world import blocked_prompts
from tests.support.postgres import Cluster

pytestmark = [pytest.mark.usefixtures("preloaded_texts"), pytest.mark.timeout(300)]  # seconds; several processes


@pytest.fixture(autouse=True)
def postgresql(postgres: Cluster, postgres_template: str) -> Generator[None]:
    with on_postgres(postgres, postgres_template):
        yield


async def test_a_worker_fills_the_reply_that_a_killed_process_has_acknowledged(tmp_path: Path) -> None:
    async with processes_world(tmp_path, blocked=False) as (world, _), world.worker():
        user = world.add_user(COMMAND)
        world.role = {"jobs": {"concurrency": 0}}
        async with world.process(run_blocking) as receiver:
            user.say(make_prompt(COMMAND, "accepted"))
            while not blocked_prompts(receiver):
                assert await receiver.read_report()
            await receiver.kill()
            await delivered_once(world, user)
