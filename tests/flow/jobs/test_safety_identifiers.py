"""Upstreams that want to tell users apart get a name of each that is always the same, and tells nothing else."""

import re
from pathlib import Path

import pytest

from bot.jobs.safety import SafetyIdentifiers
from bot.sandbox import Sandbox
from bot.store.store import Store
from tests.flow.world import world
from tests.support.clocks import FakeClock
from tests.support.platform import AMBER, JADE, Platform


@pytest.mark.thorough
async def test_a_user_has_one_name_over_restarts_and_others_have_another(tmp_path: Path, sandbox: Sandbox) -> None:
    provider = {
        "preset": "sandbox",
        "dialect": "images",
        "base_url": sandbox.address,
        "api_key": "sandbox",
        "safety_identifier": True,
    }
    platform = Platform()
    for sender in (AMBER, AMBER, JADE):
        async with world(tmp_path, sandbox, platform, providers=[provider]) as easel:
            await easel.say("a fox", sender=sender)
            await easel.settled(len(easel.platform.posts))
    first, second, other = (str(each.body["safety_identifier"]) for each in sandbox.requests)
    assert first == second != other
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert re.fullmatch("[0-9a-f]{64}", other)
    assert AMBER.id not in repr(sandbox.requests[0].body)


async def test_nothing_is_sent_where_the_preset_knows_no_field(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox) as easel:
        await easel.say("a fox")
        await easel.settled()
    assert not {"safety_identifier", "user"} & sandbox.requests[0].body.keys()


async def test_processes_make_the_same_names(store: Store, database_url: str, clock: FakeClock) -> None:
    other = await Store.open(database_url, clock=clock)
    here, there = SafetyIdentifiers(store.adapter_store), SafetyIdentifiers(other.adapter_store)
    assert await here.identify("telegram:1") == await there.identify("telegram:1")
    await other.close()
    with_no_database = SafetyIdentifiers(other.adapter_store)
    await with_no_database.load()  # is asked again when it matters
