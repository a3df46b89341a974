"""Requests of Discord that one process takes in and another runs, or goes on with: forms and corrections."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord import shard_connections
from adapters.discord.client import DiscordAdapter
from bot.cluster.chat_routing import platform_role
from bot.ports import EVENTS, PAINTING, Cluster
from bot.settings import Settings
from tests.support.clusters import member
from tests.support.databases import databases_made_by
from tests.support.waiting import wait_until
from tests.support.world import open_store, reference_sizes
from tests.wire.discord.easel import DiscordWorld, discord_world
from tests.wire.discord.interactions import shot

RECEIVES = (EVENTS, platform_role("discord"))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, preloaded_texts: None) -> None:
    monkeypatch.setattr(shard_connections, "IDENTIFY_PERIOD_S", 0.01)
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)


@pytest.fixture
async def world(tmp_path: Path, shared_url: str) -> AsyncGenerator[DiscordWorld]:
    with databases_made_by(lambda _: shared_url):
        async with discord_world(tmp_path) as made:
            yield made


@asynccontextmanager
async def process(world: DiscordWorld, *, receives: bool, paints: bool) -> AsyncGenerator[Cluster]:
    """One of several, until it stops in order."""
    changes: dict[str, Any] = {} if paints else {"jobs": {"concurrency": 0}}
    settings = Settings(**world.values(changes))
    roles = (*(RECEIVES if receives else ()), *((PAINTING,) if paints else ()))
    async with (
        open_store(settings.database_url, world.clock, migrate=False) as store,
        member(settings.database_url, roles=roles) as cluster,
    ):
        adapter = DiscordAdapter(
            settings.discord,
            store.adapter_store,
            clock=world.clock,
            cluster=cluster,
            allow_hosts=settings.fetch.allow_hosts,
        )
        async with world.start_app(settings, store, adapter, cluster=cluster, receives=receives):
            yield cluster


def is_connected(world: DiscordWorld) -> bool:
    return any(each.connection is not None for each in world.server.gateway.sessions.values())


async def test_a_form_that_one_process_has_opened_is_sent_in_to_the_next(world: DiscordWorld) -> None:
    async with process(world, receives=True, paints=True):
        await wait_until(lambda: bool(world.server.commands.all()) and is_connected(world))
        bob = world.server.world.add_member(world.guild, "Bob")
        theirs = world.server.say(bob, world.channel, "look", files=[shot(50)])
        opened = world.server.message_menu(world.ada, "Edit image", theirs)
        await world.until(lambda: opened.modal)
        second = process(world, receives=True, paints=True)
        await second.__aenter__()
    try:
        await wait_until(lambda: is_connected(world))
        sent = world.server.modal_submit(opened, {"prompt": "make it night"})
        assert await world.wait_for_picture() is sent.original
        assert reference_sizes(world.sandbox) == [(50, 40)]
    finally:
        await second.__aexit__(None, None, None)


@pytest.mark.forms(1)
@pytest.mark.parametrize(("correction", "left"), [("make it day", 49), ("make it day --size 7", 50)])
@pytest.mark.thorough
async def test_a_message_is_edited_while_another_process_has_begun_its_job(
    world: DiscordWorld, correction: str, left: int
) -> None:
    channel = world.server.world.open_dm(world.ada)
    async with (
        process(world, receives=False, paints=True) as painter,
        process(world, receives=True, paints=False) as receiver,
    ):
        await wait_until(lambda: bool(world.server.commands.all()) and is_connected(world))
        await wait_until(lambda: not painter.membership.alone() and not receiver.membership.alone())
        reads = world.server.faults.hold("GET", "*")
        request = world.server.say(world.ada, channel, "make it night", files=[shot(50)])
        await reads.arrived.wait()
        world.server.rewrite(request, correction)

        async def is_amended() -> bool:
            async with world.store() as store:
                job = (await store.history(f"discord:{world.ada.id}"))[0]
                return job.prompt == "make it day" or job.failure is not None

        await wait_until(is_amended)
        reads.open()
        await world.wait_until_settled()
        assert [each.prompt.strip() for each in world.sandbox.requests] == (["make it day"] if left == 49 else [])
        balance = await world.balance(f"discord:{world.ada.id}")
        assert (balance.available, balance.reserved) == (left, 0)
        await world.until(lambda: len(world.bot_messages(channel)) == 1)
