"""A flood costs who sends it: many updates are one transaction, and who is over their pace is not listened to."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import telegram
from pydantic import SecretStr

from adapters.telegram import dispatcher
from adapters.telegram.api import make_bot
from adapters.telegram.dispatcher import UpdateDispatcher
from adapters.telegram.state import TelegramState
from adapters.telegram.updates import IgnoredUpdate, IncomingUpdate, RawUpdate, read_update
from bot.cluster.chat_routing import ChatRouting
from bot.cluster.local import local_cluster
from bot.runtime.clock import Clock
from bot.settings import Telegram
from tests.servers.telegram import AlbumItem
from tests.support.clocks import FakeClock
from tests.support.images import png
from tests.support.waiting import wait_until
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import FailingStorage, wired

FLOOD = 60


class CountingState(TelegramState):
    """Counts transactions about updates."""

    def __init__(self, storage: FailingStorage) -> None:
        super().__init__(storage, local_cluster().bus)
        self.saves: list[int] = []
        self.deletions: list[int] = []

    async def save_updates(self, updates: Mapping[int, Any], **more: Any) -> None:
        self.saves.append(len(updates))
        await super().save_updates(updates, **more)

    async def delete_updates(self, update_ids: Any) -> None:
        self.deletions.append(len(update_ids))
        await super().delete_updates(update_ids)


class Handler:
    """Handles every update at once, after as many failures as it is given; ignores the ids that it is told to."""

    def __init__(self, *failures: Exception, ignored: range = range(0)) -> None:
        self.failures = list(failures)
        self.ignored = ignored
        self.handled: list[int] = []
        self.go = asyncio.Event()
        self.go.set()

    async def handle_update(self, update: telegram.Update) -> bool:
        await self.go.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.handled.append(update.update_id)
        return True

    def ignores(self, update: telegram.Update) -> bool:
        return update.update_id in self.ignored

    def ignores_unread(self, raw: RawUpdate) -> bool:
        return raw["update_id"] in self.ignored

    def abandon(self) -> None: ...


def make_inbox(state: TelegramState, handler: Handler, clock: Clock) -> UpdateDispatcher:
    """The inbox of a process that is alone."""
    chats = ChatRouting("telegram", local_cluster(), clock)
    inbox = UpdateDispatcher(state, handler, clock, chats=chats, read=_never_read)
    chats.start(inbox.look_for, on_moves=_never_moved, on_lapse=inbox.abandon)
    return inbox


def _never_read(raw: object) -> IncomingUpdate:
    raise AssertionError


def _never_moved() -> None:
    raise AssertionError


def updates(count: int) -> list[IncomingUpdate]:
    return [
        IncomingUpdate(id=number, raw={"update_id": number}, update=telegram.Update(update_id=number))
        for number in range(count)
    ]


async def test_a_crowd_of_updates_is_saved_and_deleted_in_a_transaction_each(place: TelegramWorld) -> None:
    async with wired(place) as easel:
        state, handler = CountingState(easel.storage), Handler()
        handler.go.clear()
        inbox = make_inbox(state, handler, place.clock)
        await inbox.enqueue(updates(FLOOD))
        handler.go.set()
        await inbox.close()
        assert handler.handled == list(range(FLOOD))  # begun in order
        assert (state.saves, sum(state.deletions)) == ([FLOOD], FLOOD)
        assert len(state.deletions) <= 2
        assert await easel.storage.saved_updates("telegram") == {}


async def test_an_update_that_is_handled_as_a_deletion_ends_is_deleted_too(place: TelegramWorld) -> None:
    async with wired(place) as easel:
        handler, last = Handler(), asyncio.Event()

        class LastHandler(Handler):
            async def handle_update(self, update: telegram.Update) -> bool:
                await (last if update.update_id == 1 else handler.go).wait()
                return True

        class ReleasingState(CountingState):
            async def delete_updates(self, update_ids: Any) -> None:
                await super().delete_updates(update_ids)
                last.set()  # its update is handled in the turn in which this deletion's task ends

        handler.go.clear()
        inbox = make_inbox(ReleasingState(easel.storage), LastHandler(), place.clock)
        await inbox.enqueue(updates(2))
        handler.go.set()
        await inbox.close()
        assert await easel.storage.saved_updates("telegram") == {}


async def test_what_is_handled_at_once_in_a_quiet_hour_is_never_written(place: TelegramWorld) -> None:
    async with wired(place) as easel:
        state = CountingState(easel.storage)
        await make_inbox(state, Handler(), place.clock).enqueue(updates(3))
        assert state.saves == []


async def test_what_is_handled_from_memory_in_a_flood_is_never_written_either(place: TelegramWorld) -> None:
    async with wired(place) as easel:
        state = CountingState(easel.storage)
        await make_inbox(state, Handler(), place.clock).enqueue(updates(FLOOD))
        assert state.saves == []


async def test_what_is_ignored_costs_no_task_and_no_row(place: TelegramWorld) -> None:
    async with wired(place) as easel:
        state, handler = CountingState(easel.storage), Handler(ignored=range(1, FLOOD))
        inbox = make_inbox(state, handler, place.clock)
        for _ in range(2):
            await inbox.enqueue(updates(FLOOD))
        assert (state.saves, handler.handled) == ([], [0])


async def test_what_is_ignored_is_not_even_parsed(place: TelegramWorld) -> None:
    async with wired(place) as easel:
        state, handler = CountingState(easel.storage), Handler(ignored=range(1, FLOOD))
        inbox = UpdateDispatcher(
            state,
            handler,
            place.clock,
            chats=ChatRouting("telegram", local_cluster(), place.clock),
            read=lambda raw: read_update(raw, make_bot(Telegram(token=SecretStr(place.server.token)))),
        )
        received = [inbox.read({"update_id": number}) for number in range(FLOOD)]
        assert [type(each) for each in received] == [IncomingUpdate] + [IgnoredUpdate] * (FLOOD - 1)
        handler.ignored = range(0)
        await inbox.enqueue(received)
        await inbox.enqueue(updates(FLOOD))  # it stays handled
        assert (state.saves, handler.handled) == ([], [0])


async def test_what_cannot_be_looked_at_is_parsed(place: TelegramWorld) -> None:
    class Puzzled(Handler):
        def ignores_unread(self, raw: RawUpdate) -> bool:
            raise KeyError("from")

    async with wired(place) as easel:
        inbox = make_inbox(CountingState(easel.storage), Puzzled(), place.clock)
        with pytest.raises(AssertionError):  # of `_never_read`
            inbox.read({"update_id": 1})


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    "failure", [OSError(24, "Too many open files"), MemoryError(), telegram.error.NetworkError("x")], ids=repr
)
async def test_an_update_that_the_machine_has_no_room_for_is_handled_again(
    place: TelegramWorld, failure: Exception
) -> None:
    if isinstance(failure, telegram.error.NetworkError):
        failure.__cause__ = OSError(28, "No space left on device")
    clock = FakeClock()
    async with wired(place) as easel:
        handler = Handler(failure, failure)
        inbox = make_inbox(CountingState(easel.storage), handler, clock)
        await inbox.enqueue(updates(1))
        assert list(await easel.storage.saved_updates("telegram")) == [0]  # safe before Telegram forgets it
        for _ in range(2):
            assert handler.handled == []
            await clock.asleep()
            await clock.advance(dispatcher.RETRY_S)
        assert handler.handled == [0]
        await inbox.close()
        assert await easel.storage.saved_updates("telegram") == {}


@pytest.mark.usefixtures("minutes_of_the_machine")
async def test_who_is_over_their_pace_is_told_once_and_then_costs_nothing(place: TelegramWorld) -> None:
    place.settings["limits"] = {"user_per_minute": 2}
    bob = place.server.add_user("Bob")
    own = place.server.private(bob, opened=True)
    async with wired(place) as easel:
        for _ in range(3):
            place.server.say(place.ada, place.private, "/quota")
        await place.until(lambda: len(place.bot_messages()) == 3)
        heard = len(easel.desk.told)
        for _ in range(FLOOD):
            place.server.say(place.ada, place.private, "a fox")
        place.server.album(place.ada, place.private, [AlbumItem(data=png()), AlbumItem(data=png())], caption="a fox")
        place.server.say(bob, own, "/quota")
        await place.wait_for_reply(own)
        await place.wait_until_heard()
        assert [each.sender.name for each in easel.desk.told[heard:]] == ["Bob"]
        assert len(place.bot_messages()) == 3

        async def all_deleted() -> bool:
            return await easel.storage.saved_updates("telegram") == {}

        await wait_until(all_deleted)


async def test_words_that_follow_an_album_are_about_it(place: TelegramWorld, tmp_path: Path) -> None:
    async with wired(place) as easel:
        place.server.album(place.ada, place.private, [png(size=(100 + n, 50)) for n in range(3)])
        place.server.say(place.ada, place.private, "blend them")
        await wait_until(lambda: len(place.sandbox.requests) == 1)
        assert [len(each.attachments) for each in easel.desk.told] == [3, 0]
        await place.wait_for_picture()
