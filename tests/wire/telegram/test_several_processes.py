"""Several processes that write to the same chats of Telegram, whose server counts their calls together.

Each process is a whole core with the sending half of an adapter of its own, on one PostgreSQL. Time runs fast for all,
the database's included.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from typing_extensions import override

from adapters.telegram import ids
from adapters.telegram.client import TelegramAdapter
from bot.app import App
from bot.chat import Message, User
from bot.ports import ChangedBudgetRow, LockedBudgets
from bot.settings import Settings
from bot.store.budget_store import BudgetStore
from bot.store.store import Store
from tests.servers.telegram import Limits, TelegramServer
from tests.servers.telegram import Message as SentMessage
from tests.support.clocks import FastClock
from tests.support.clusters import member
from tests.support.postgres import Cluster
from tests.wire.telegram.easel import TelegramWorld, done, telegram_world

T = TypeVar("T")
SPEED = 15.0
PAINTING = 20.0  # seconds that a picture takes


class FastBudgetStore(BudgetStore):
    """The database's clock goes as fast as that of the test."""

    @override
    async def update_budgets(
        self,
        keys: Collection[str],
        change: Callable[[LockedBudgets], tuple[Mapping[str, ChangedBudgetRow], T]],
    ) -> T:
        def fast_change(locked: LockedBudgets) -> tuple[Mapping[str, ChangedBudgetRow], T]:
            changed, result = change(replace(locked, now=locked.now * SPEED))
            return {key: replace(each, free_at=each.free_at / SPEED) for key, each in changed.items()}, result

        return await super().update_budgets(keys, fast_change)


@pytest.fixture
def shared_url(postgres: Cluster, postgres_template: str) -> str:
    return postgres.url(postgres.create(template=postgres_template))


@asynccontextmanager
async def process(place: TelegramWorld, url: str) -> AsyncGenerator[App]:
    """One process's core, which sends; what comes in the test hands over."""
    settings = Settings(**place.values({"database_url": url, "jobs": {"concurrency": 30}}))
    async with AsyncExitStack() as stack:
        store = await Store.open(url, clock=place.clock)
        stack.push_async_callback(store.close)
        store.budgets = FastBudgetStore(store._database)  # pyright: ignore[reportPrivateUsage] - the same database
        cluster = await stack.enter_async_context(member(url))
        adapter = TelegramAdapter(settings.telegram, store.adapter_store, clock=place.clock)
        stack.push_async_callback(adapter.close)
        app = await App.open(settings, store, {"telegram": adapter}, place.clock, cluster=cluster)
        stack.push_async_callback(app.close)
        await app.start()
        yield app


@asynccontextmanager
async def processes(place: TelegramWorld, url: str, count: int) -> AsyncGenerator[list[App]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(process(place, url)) for _ in range(count)]


def received(server: TelegramServer, said: SentMessage) -> Message:
    """What an adapter makes of a message in a group."""
    assert said.sender is not None
    return Message(
        id=str(said.id),
        chat=ids.make_chat(said.chat.id, direct=False),
        sender=User(platform="telegram", id=str(said.sender.id), name=said.sender.name),
        text="a fox",
        to_me=True,
    )


async def test_twenty_jobs_of_one_group_over_three_processes_are_never_refused(tmp_path: Path, shared_url: str) -> None:
    crowd = [f"member {number}" for number in range(20)]
    clock = FastClock(SPEED)
    async with (
        telegram_world(tmp_path, clock=clock, pace=PAINTING / SPEED, members=crowd, limits=Limits()) as place,
        processes(place, shared_url, 3) as apps,
    ):
        members = [user for user in place.server.core.world.users.values() if user.name.startswith("member")]
        asked = [place.server.say(each, place.group, "/imagine@easel_bot a fox") for each in members]
        await asyncio.gather(
            *(
                apps[number % 3].events.receive_message(received(place.server, said))
                for number, said in enumerate(asked)
            )
        )
        await place.until(lambda: sum(done(one) for one in place.bot_messages(place.group)) == 20)
        assert place.server.refusals == []
        assert len(place.bot_messages(place.group)) == 20
        assert sorted(one.reply_to.id for one in place.bot_messages(place.group) if one.reply_to) == [
            one.id for one in asked
        ]
