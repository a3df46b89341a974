"""PostgreSQL goes away and comes back: nothing new is taken in that is told again, what is under way is kept."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord.client import DiscordAdapter
from adapters.http.server import HttpServer
from adapters.telegram.client import TelegramAdapter
from adapters.telegram.webhook import AUTH_HEADER, Webhook
from bot.cluster.chat_routing import platform_role
from bot.errors import StoreAway, StoreFailed
from bot.errors.machine import names_machine_failure
from bot.ports import EVENTS, PAINTING, Cluster
from bot.settings import Settings
from bot.store import health
from bot.store.maintenance import upgrade
from bot.store.store import Store
from bot.texts import translate
from tests.support.clocks import ShiftedClock
from tests.support.clusters import member
from tests.support.databases import execute, query
from tests.support.postgres import Cluster as Databases
from tests.support.postgres import Server, interrupt_cluster, resume_cluster, start_cluster, stop_cluster
from tests.support.waiting import wait_until
from tests.support.world import open_store
from tests.wire.discord.easel import discord_world
from tests.wire.telegram.easel import telegram_world

ROLES = (EVENTS, PAINTING, platform_role("discord"), platform_role("telegram"))
QUICK = {"heartbeat_s": 0.1, "lost_after_s": 60}  # of a machine that may be busy
END_ALL = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE pid <> pg_backend_pid() AND datname = current_database()"""
SET_READ_ONLY = "DO $$BEGIN EXECUTE format('ALTER DATABASE %I {}', current_database()); END$$"

LOSE_ACCEPTANCES = (
    """CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS
       'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); RETURN NULL; END'""",
    "CREATE TRIGGER lose BEFORE INSERT ON job EXECUTE FUNCTION lose()",
)


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """A PostgreSQL of these tests' own, which forgets nothing that it committed."""
    running = start_cluster(durable=True)
    try:
        yield running
    finally:
        stop_cluster(running)


@pytest.fixture
async def url(server: Server, preloaded_texts: None) -> str:
    databases = Databases(server)
    made = databases.url(await asyncio.to_thread(databases.create))
    await upgrade(made)
    return made


@asynccontextmanager
async def away(server: Server, *clusters: Cluster) -> AsyncGenerator[None]:
    """The server is away for the length of the block, and everybody knows."""
    await asyncio.to_thread(interrupt_cluster, server)
    for each in clusters:
        await wait_until(lambda each=each: not each.membership.reaches_database())
    yield
    await asyncio.to_thread(resume_cluster, server)
    for each in clusters:
        await each.membership.wait_until_database()


@pytest.mark.thorough
async def test_members_and_leases_outlive_the_loss(server: Server, url: str) -> None:
    async with member(url) as first, member(url) as second:
        before = first.membership.id, second.membership.id
        gaps: list[str] = []
        first.bus.on_gap(lambda: gaps.append("first"))
        second.bus.on_gap(lambda: gaps.append("second"))
        async with first.leases.hold("poll") as lease:
            async with away(server, first, second):
                assert first.problem() is not None
            assert lease.is_current()
        await wait_until(lambda: sorted(gaps) == ["first", "second"])
        await wait_until(lambda: first.problem() is None and second.problem() is None)
        assert (first.membership.id, second.membership.id) == before
        assert {each.id for each in first.membership.members()} == set(before)


@pytest.mark.thorough
async def test_telegrams_updates_wait_and_a_picture_that_was_painted_meanwhile_comes(
    server: Server, url: str, tmp_path: Path
) -> None:
    async with telegram_world(tmp_path) as world, member(url, roles=ROLES) as cluster, world.gallery() as upstream:
        settings = Settings(**world.values({"database_url": url}))
        async with open_store(url, world.clock, migrate=False) as store:
            adapter = TelegramAdapter(settings.telegram, store.adapter_store, clock=world.clock, cluster=cluster)
            async with world.start_app(settings, store, adapter, cluster=cluster):
                world.server.say(world.ada, world.private, "a fox")
                first = await world.wait_for_reply()
                await upstream.fetched.wait()
                async with away(server, cluster):
                    upstream.open.set()
                    world.server.say(world.ada, world.private, "a hen")
                await world.until(lambda: sum("vary" in str(each.buttons) for each in world.bot_messages()) == 2)
                await world.wait_until_settled()
                assert first in world.bot_messages()
                assert len(world.bot_messages()) == 2  # no words about a database


async def test_readyz_says_that_the_database_is_away_until_it_is_back(
    server: Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PROBE_INTERVAL_S", 0.0)
    async with (
        telegram_world(tmp_path) as world,
        world.served(database_url=url, processes=QUICK) as address,
        aiohttp.ClientSession() as http,
    ):

        async def reasons() -> set[str]:
            async with http.get(f"{address}/readyz") as answer:
                return set((await answer.json()).get("reasons", {}))

        async def is_ready() -> bool:
            return not await reasons()

        async def is_cut_off() -> bool:
            return {"cluster", "database"} <= await reasons()

        await wait_until(is_ready)
        async with away(server):
            await wait_until(is_cut_off)
        await wait_until(is_ready)


@pytest.mark.thorough
async def test_a_message_whose_job_cannot_be_accepted_for_a_moment_waits_without_words(
    shared_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoreAway, "notice_after_s", 3600.0)  # a moment is longer on a busy machine
    async with telegram_world(tmp_path) as world, member(shared_url, roles=ROLES) as cluster:
        settings = Settings(**world.values({"database_url": shared_url}))
        async with open_store(shared_url, world.clock, migrate=False) as store:
            adapter = TelegramAdapter(settings.telegram, store.adapter_store, clock=world.clock, cluster=cluster)
            async with world.start_app(settings, store, adapter, cluster=cluster):
                await asyncio.to_thread(execute, shared_url, *LOSE_ACCEPTANCES)
                world.server.say(world.ada, world.private, "a fox")
                await wait_until(lambda: "messages wait for" in caplog.text)
                await asyncio.to_thread(execute, shared_url, "DROP TRIGGER lose ON job")
                await world.wait_for_picture()
                await world.wait_until_settled()
                assert len(world.bot_messages()) == 1


async def test_the_webhook_has_updates_told_again(shared_url: str, tmp_path: Path) -> None:
    async with telegram_world(tmp_path) as world, member(shared_url) as cluster:
        webhook = Webhook(world.server.token, None, cluster.membership)  # type: ignore[arg-type]  # reads none here
        taken: list[object] = []

        class Inbox:
            def read(self, raw: object) -> object:
                return raw

            async def enqueue(self, updates: list[object]) -> None:
                taken.extend(updates)

        webhook.open(Inbox())  # type: ignore[arg-type]  # nobody makes updates of them here
        http = HttpServer("127.0.0.1", 0)
        http.mount(webhook.routes())
        await http.start()
        try:
            async with aiohttp.ClientSession(headers={AUTH_HEADER: webhook.secret}) as session:

                async def status() -> int:
                    async with session.post(f"{http.address}{webhook.path}", json={"update_id": 1, "x": {}}) as reply:
                        return reply.status

                assert await status() == 200
                execute(shared_url, "ALTER TABLE process RENAME TO gone")
                await wait_until(lambda: not cluster.membership.reaches_database())
                assert await status() == 503
                execute(shared_url, "ALTER TABLE gone RENAME TO process")
                await cluster.membership.wait_until_database()
                assert await status() == 200
                assert len(taken) == 2
        finally:
            await http.stop()


async def test_discords_users_get_words_and_are_served_again(
    server: Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    words = translate("en", "error-store")
    async with discord_world(tmp_path) as world, member(url, roles=ROLES) as cluster:
        settings = Settings(**world.values({"database_url": url}))
        async with open_store(url, world.clock, migrate=False) as store:
            adapter = DiscordAdapter(settings.discord, store.adapter_store, clock=world.clock, cluster=cluster)
            async with world.start_app(settings, store, adapter, cluster=cluster):
                await wait_until(lambda: bool(world.server.commands.all()))
                async with away(server, cluster):
                    asked = world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a fox"})
                    await world.until(lambda: asked.original and words in str(asked.original.content))
                    world.server.say(world.ada, world.channel, f"{world.bot_mention} an owl")
                    await world.until(lambda: words in "".join(each.content for each in world.bot_messages()))
                world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a hen"})
                await world.wait_for_picture()


async def test_a_server_that_only_reads_for_a_while_is_waited_for(shared_url: str) -> None:
    async with member(shared_url) as cluster, open_store(shared_url, ShiftedClock(), migrate=False) as store:
        mine = cluster.membership.id
        execute(shared_url, SET_READ_ONLY.format("SET default_transaction_read_only = on"), END_ALL)
        await wait_until(lambda: not cluster.membership.reaches_database())
        assert not await succeeds(store)
        await store.ping()  # it reads
        execute(shared_url, "SET TRANSACTION READ WRITE", SET_READ_ONLY.format("RESET default_transaction_read_only"))
        await cluster.membership.wait_until_database()
        await wait_until(lambda: succeeds(store))
        assert cluster.membership.id == mine
        assert query(shared_url, "SELECT count(*) FROM process") == [(1,)]


async def succeeds(store: Store) -> bool:
    """Whether a row is written; the server that only reads is all that may keep it from that."""
    try:
        await store.check_writable()
    except StoreFailed as failed:
        if not names_machine_failure(failed.detail or ""):
            raise
        return False
    return True
