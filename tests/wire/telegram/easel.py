"""A whole Easel in Telegram: the real adapter on the Telegram of the tests, the real core, the sandbox over HTTP."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from typing_extensions import override

from adapters.http.server import HttpServer
from adapters.telegram.client import TelegramAdapter
from adapters.telegram.commands import command_menus, digests_key, menu_digest, menu_key
from adapters.telegram.events import ANSWER_WAIT_S
from bot.app import App
from bot.chat import Action
from bot.sandbox import Sandbox
from bot.settings import Settings
from tests.servers.telegram import Chat, Message, TelegramServer, User
from tests.support.clocks import FastClock, ShiftedClock
from tests.support.waiting import wait_until
from tests.support.world import World, open_store

T = TypeVar("T")

SPEED = 10.0  # of the clock: nobody waits for the end of an album, or between two edits


@dataclass(slots=True, kw_only=True)
class Easel:
    """A running bot."""

    app: App
    telegram: TelegramAdapter
    sandbox: Sandbox


@dataclass(slots=True, kw_only=True)
class TelegramWorld(World):
    """A Telegram with a member, her private chat and a group; Easel is started and stopped in it."""

    server: TelegramServer
    ada: User
    private: Chat
    group: Chat
    menus_known: bool = True
    """Whether Telegram has been sent the menus of commands already, as before most starts of a bot."""

    @override
    def platform_settings(self) -> dict[str, Any]:
        return {
            "admins": [f"telegram:{self.ada.id}"],
            "telegram": {"token": self.server.token, "api_base": self.server.api_base},
        }

    def telegram_settings(self, telegram: Mapping[str, Any]) -> Settings:
        """The settings of the next start, with these further ones of the platform."""
        return Settings(**self.values({"telegram": {**self.platform_settings()["telegram"], **telegram}}))

    @asynccontextmanager
    async def easel(self, *, waits: bool = True, **telegram: Any) -> AsyncGenerator[Easel]:
        """Easel from its start to its orderly end. `waits`: until Telegram is connected; `telegram`: further settings
        of the platform."""
        settings = self.telegram_settings(telegram)

        async with open_store(settings.database_url, self.clock) as store:
            if self.menus_known:
                digests = await asyncio.to_thread(self.menu_digests, settings)
                await store.adapter_store.set_value(digests_key(self.server.bot.id), json.dumps(digests))
            adapter = TelegramAdapter(
                settings.telegram,
                store.adapter_store,
                clock=self.clock,
                page_url=settings.server.public_url,
                admins=settings.admins,
            )
            HttpServer("127.0.0.1", 0).mount(adapter.routes())
            async with self.start_app(settings, store, adapter) as app:
                if waits:
                    await wait_until(lambda: connected(adapter))
                yield Easel(app=app, telegram=adapter, sandbox=self.sandbox)

    async def poll_elsewhere(self) -> None:
        """Another program asks for the updates of the same bot."""
        async with httpx.AsyncClient() as other:
            url = f"{self.server.api_base}/bot{self.server.token}/getUpdates"
            answer = await other.post(url, json={"timeout": 0})
        assert answer.status_code == 200

    def menu_digests(self, settings: Settings) -> dict[str, str]:
        """What a bot remembers of the menus of commands that it has sent."""
        menus = command_menus(settings.admins, payments=bool(settings.telegram.star_packs))
        return {menu_key(each): menu_digest(each) for each in menus}

    def bot_messages(self, chat: Chat | None = None) -> list[Message]:
        """The messages of the bot in a chat, oldest first."""
        return [one for one in (chat or self.private).visible_messages if one.sender is self.server.bot]

    async def wait_for_reply(self, chat: Chat | None = None, *, after: Message | None = None) -> Message:
        """The bot's newest message in a chat, once one stands there."""
        return await self._found(chat, after, lambda one: True)

    async def wait_for_picture(self, chat: Chat | None = None, *, after: Message | None = None) -> Message:
        """The bot's newest message once it has become a picture, and the job knows it."""
        found = await self._found(chat, after, done)
        await self.wait_until_settled()
        return found

    async def _found(self, chat: Chat | None, after: Message | None, fits: Callable[[Message], bool]) -> Message:
        def newest() -> Message | None:
            found = [one for one in self.bot_messages(chat) if fits(one) and (after is None or one.id > after.id)]
            return found[-1] if found else None

        found = await self.until(newest)
        assert found is not None
        return found

    async def until(self, condition: Callable[[], T]) -> T:
        return await self.server.until(condition, seconds=120.0)

    async def wait_until_heard(self) -> None:
        """Waits until the bot has taken in everything that was said."""
        await self.until(lambda: not self.server.pending)

    async def available_credits(self, user: User | None = None) -> int:
        """A member's credits."""
        balance = await self.balance(f"telegram:{(user or self.ada).id}")
        return balance.available


class PatientFastClock(FastClock):
    """Fast, but for the patience with a click: a busy machine must not use that up."""

    def __init__(self) -> None:
        super().__init__(SPEED)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(lasting(seconds))


def lasting(seconds: float) -> float:
    """How long a pause is in the machine's seconds."""
    return seconds * SPEED if seconds == ANSWER_WAIT_S else seconds / SPEED


async def connected(adapter: TelegramAdapter) -> bool:
    return await adapter.problem() is None


def done(message: Message) -> bool:
    return any((data or "").startswith("easel:vary:") for _, data in message.buttons)


def button(message: Message, action: Action) -> str:
    return next(label for label, data in message.buttons if (data or "").startswith(f"easel:{action.value}:"))


@asynccontextmanager
async def telegram_world(
    folder: Path,
    *,
    pace: float = 0.0,
    previews: bool = False,
    edge: int | None = None,
    members: Sequence[str] = (),
    clock: ShiftedClock | None = None,
    **given: Any,
) -> AsyncGenerator[TelegramWorld]:
    """`pace`, `previews` and `edge` as of the Sandbox; `given` goes to the TelegramServer."""
    clock = clock or PatientFastClock()
    async with (
        Sandbox(pace=pace, previews=previews, edge=edge) as sandbox,
        TelegramServer(now=clock.now, time=clock.monotonic, **given) as server,
    ):
        ada = server.add_user("Ada")
        others = [server.add_user(name) for name in members]
        group = server.add_group("Painters", members=[ada, *others])
        private = server.private(ada, opened=True)
        yield TelegramWorld(
            server=server, sandbox=sandbox, folder=folder, clock=clock, ada=ada, private=private, group=group
        )
