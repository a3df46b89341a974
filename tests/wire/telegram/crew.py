"""Several Easels of one bot on one PostgreSQL, all in the process of the test, behind a balancer that knows nothing.

Asserts nothing by itself.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from adapters.http.server import HttpServer
from adapters.telegram.client import TelegramAdapter
from adapters.telegram.commands import digests_key
from bot.app import App
from bot.cluster.chat_routing import platform_role
from bot.ports import EVENTS, PAINTING, Cluster
from tests.servers.telegram import Chat, User
from tests.support.clusters import member
from tests.support.waiting import wait_until
from tests.support.world import open_store
from tests.wire.telegram.easel import TelegramWorld, connected
from tests.wire.telegram.edges import SlowReception

PUBLIC_URL = "http://127.0.0.1:1"  # of the balancer; nobody listens there
ROLES = (EVENTS, PAINTING, platform_role("telegram"))


@dataclass(slots=True, kw_only=True)
class Process:
    """One of them."""

    app: App
    adapter: TelegramAdapter
    cluster: Cluster
    web: HttpServer
    desk: SlowReception
    """What came in for its core."""
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def stop(self, place: TelegramWorld) -> None:
        """Its orderly end."""
        if self.web.address in place.server.webhook.backends:
            place.server.webhook.backends.remove(self.web.address)
        await self.stack.aclose()


@asynccontextmanager
async def started(place: TelegramWorld, **telegram: Any) -> AsyncGenerator[Process]:
    """One more, until it is stopped or the block ends."""
    process = await start(place, **telegram)
    try:
        yield process
    finally:
        await process.stop(place)


@asynccontextmanager
async def crew(place: TelegramWorld, count: int = 3, **telegram: Any) -> AsyncGenerator[list[Process]]:
    """So many, which agree on who handles which chat."""
    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(started(place, **telegram)) for _ in range(count)]
        await agreed(processes)
        yield processes


async def agreed(processes: list[Process]) -> None:
    """Waits until each knows of all others that they serve."""
    await wait_until(lambda: all(_knows(each, processes) for each in processes))


def handler_of(processes: list[Process], chat: Chat) -> Process:
    """Whose a chat is."""
    (handler,) = (each for each in processes if each.adapter.chats.may_handle(str(chat.id)))
    return handler


def member_of(process: Process, place: TelegramWorld) -> User:
    """A new user whose private chat a process handles."""
    while True:  # chats fall to processes by hashes of ids that are random
        user = place.server.add_user("Bo")
        if process.adapter.chats.may_handle(str(place.server.private(user, opened=True).id)):
            return user


def group_of(process: Process, place: TelegramWorld, members: list[User]) -> Chat:
    """A new group of these members that a process handles."""
    while True:
        group = place.server.add_group("Guests", members=members)
        if process.adapter.chats.may_handle(str(group.id)):
            return group


def _knows(process: Process, processes: list[Process]) -> bool:
    chats = process.adapter.chats
    return set(chats.serving) == {each.cluster.membership.id for each in processes} and chats.problem() is None


async def start(place: TelegramWorld, **telegram: Any) -> Process:
    settings = place.telegram_settings({"mode": "webhook", **telegram})
    stack = AsyncExitStack()
    store = await stack.enter_async_context(open_store(settings.database_url, place.clock, migrate=False))
    digests = await asyncio.to_thread(place.menu_digests, settings)
    await store.adapter_store.set_value(digests_key(place.server.bot.id), json.dumps(digests))
    cluster = await stack.enter_async_context(member(settings.database_url, roles=ROLES))
    web, desk = HttpServer("127.0.0.1", 0), SlowReception(slow=False)
    adapter = TelegramAdapter(
        settings.telegram,
        store.adapter_store,
        clock=place.clock,
        cluster=cluster,
        public_url=PUBLIC_URL,
        admins=settings.admins,
    )
    web.mount(adapter.routes())
    await web.start()
    stack.push_async_callback(web.stop)
    app = await stack.enter_async_context(
        place.start_app(settings, store, adapter, intercept=desk.stand_before, cluster=cluster)
    )
    await wait_until(lambda: connected(adapter))
    place.server.webhook.backends.append(web.address)
    return Process(app=app, adapter=adapter, cluster=cluster, web=web, desk=desk, stack=stack)
