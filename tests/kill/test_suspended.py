"""A process that is stopped (SIGSTOP, a suspended machine) until all its deadlines have passed, and runs on."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.kill.kill_points import DIALECTS, PLATFORMS
from tests.kill.world import kill_world
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("preloaded_texts")

TIMEOUT_S = 4.0  # of the provider; all attempts together have twice that
STOPPED_S = 2 * TIMEOUT_S + 4.0


@pytest.mark.soak
@pytest.mark.timeout(240)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_was_painted_meanwhile_is_delivered(tmp_path: Path, dialect: str) -> None:
    async with kill_world(tmp_path, dialect) as world:
        world.timeout_s = TIMEOUT_S
        users = [world.add_user(platform) for platform in PLATFORMS]
        async with world.process() as running:
            for user in users:
                user.say("a cat")

            async def requested() -> bool:
                return world.request_count("a cat") == len(users)

            await wait_until(requested)
            if dialect == "tasks":

                async def accepted() -> bool:
                    async with world.store() as store:
                        return all("accepted" in job.checkpoints for job in await store.unfinished_jobs())

                await wait_until(accepted)
            running.child.send_signal(signal.SIGSTOP)
            await asyncio.sleep(STOPPED_S)
            running.child.send_signal(signal.SIGCONT)
            await world.wait_until_settled()
            for user in users:
                assert [each.pictures for each in user.messages()] == [1], running.log.read_text()
            assert await running.stop() == 0
        assert world.request_count("a cat") == len(users)
