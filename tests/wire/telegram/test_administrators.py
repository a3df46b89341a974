"""Looking up who administers a chat: few calls, soon up to date, and never a yes because a call failed."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest

from adapters.telegram import ids
from adapters.telegram.administrators import FRESH_S, TTL_S, ChatAdministrators
from adapters.telegram.api import make_bot
from bot.chat import Chat as CoreChat
from bot.chat import User as CoreUser
from bot.errors import ChatFailed
from bot.settings import Telegram
from tests.servers.telegram import Chat, TelegramServer, User
from tests.support.clocks import FakeClock

METHOD = "getChatAdministrators"


@dataclass(slots=True, kw_only=True)
class Place:
    """A group on a server, and the lookup with a clock that stands."""

    server: TelegramServer
    clock: FakeClock
    group: Chat
    cy: User
    administrators: ChatAdministrators

    async def administers(self, user: User, chat: Chat | None = None) -> bool:
        where = ids.make_chat((chat or self.group).id, direct=False)
        return await self.administrators.is_administrator(
            where, CoreUser(platform="telegram", id=str(user.id), name="")
        )

    @property
    def lookups(self) -> int:
        return len(self.server.calls(METHOD))


@pytest.fixture
async def place() -> AsyncGenerator[Place]:
    async with TelegramServer() as server:
        clock, cy = FakeClock(), server.add_user("Cy")
        group = server.add_group("Painters", members=[cy])
        bot = make_bot(Telegram(token=server.token, api_base=server.api_base))  # pyright: ignore[reportArgumentType] - a text becomes a secret
        await bot.initialize()
        try:
            administrators = ChatAdministrators(bot, clock, lambda chat: chat)
            yield Place(server=server, clock=clock, group=group, cy=cy, administrators=administrators)
        finally:
            await bot.shutdown()


async def test_a_crowd_of_presses_is_one_call(place: Place) -> None:
    place.server.appoint(place.group, place.cy)
    assert await asyncio.gather(*(place.administers(place.cy) for _ in range(10))) == [True] * 10
    await place.clock.advance(TTL_S - 1)
    assert await place.administers(place.cy)
    assert place.lookups == 1


async def test_who_is_appointed_is_noticed_in_seconds_and_who_is_dismissed_in_a_minute(place: Place) -> None:
    assert not await place.administers(place.cy)
    place.server.appoint(place.group, place.cy)
    assert not await place.administers(place.cy)
    assert place.lookups == 1
    await place.clock.advance(FRESH_S)
    assert await place.administers(place.cy)
    place.server.dismiss(place.group, place.cy)
    await place.clock.advance(TTL_S)
    assert not await place.administers(place.cy)


async def test_only_who_may_delete_messages_moderates(place: Place) -> None:
    dee = place.server.add_user("Dee")
    place.group.members[dee.id] = "creator"
    place.server.appoint(place.group, place.cy, without=["can_delete_messages"])
    where = ids.make_chat(place.group.id, direct=False)
    for user, moderates in ((place.cy, False), (dee, True)):
        assert await place.administers(user)
        member = CoreUser(platform="telegram", id=str(user.id), name="")
        assert await place.administrators.is_moderator(where, member) is moderates


async def test_a_failure_is_raised_and_asked_about_again_in_seconds(place: Place) -> None:
    place.server.appoint(place.group, place.cy)
    for fault in (
        lambda: place.server.faults.fail(METHOD),
        lambda: place.server.faults.limit(METHOD, retry_after=3),
        lambda: place.server.faults.drop(METHOD),
    ):
        fault()
        before = place.lookups
        for _ in range(2):
            with pytest.raises(ChatFailed):
                await place.administers(place.cy)
        assert place.lookups == before + 1
        await place.clock.advance(FRESH_S)
    assert await place.administers(place.cy)


async def test_nobody_administers_a_chat_that_the_bot_is_not_in_or_that_is_no_group(place: Place) -> None:
    left = place.server.add_group("Left", members=[place.cy], bot_status="left")
    place.server.appoint(left, place.cy)
    assert not await place.administers(place.cy, left)
    before = place.lookups
    me = CoreUser(platform="telegram", id=str(place.cy.id), name="Cy")
    private = CoreChat(platform="telegram", id=me.id, kind="direct")
    for chat in (private, ids.make_inline_chat(place.cy.id, "x"), ids.make_guest_chat(-5, direct=False, query="q")):
        assert not await place.administrators.is_administrator(chat, me)
    assert place.lookups == before
