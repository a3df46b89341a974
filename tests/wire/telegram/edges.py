"""What tests of Telegram's edges share: time that can be hurried, a memory that can be away, Easel behind a webhook.

Asserts nothing by itself.
"""

import asyncio
import math
import socket
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.http.server import HttpServer
from adapters.telegram.client import TelegramAdapter
from adapters.telegram.state import TelegramStorage
from bot.chat import Attachment, Chat, MessageRef
from bot.chat import Message as Heard
from bot.chat import User as Member
from bot.errors import StoreFailed
from bot.intake.choices import RequestEstimate
from bot.intake.prices import PriceList
from bot.painting import Capabilities
from bot.ports import ButtonPress, ButtonReply, EventSink, Transaction
from bot.quota import Balance
from tests.servers.telegram import UNLIMITED, CallbackQuery, Message, User
from tests.support.event_sinks import Quiet
from tests.support.waiting import wait_until
from tests.support.world import open_store
from tests.wire.telegram.easel import Easel, PatientFastClock, TelegramWorld, connected, lasting, telegram_world


class Impatient(PatientFastClock):
    """Time in which nobody waits long: pauses from `skips` seconds on are over at once, also those that have begun.
    `slept`: all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self._skips = math.inf
        self._hurried = asyncio.Event()

    @property
    def skips(self) -> float:
        return self._skips

    @skips.setter
    def skips(self, seconds: float) -> None:
        self._skips = seconds
        self._hurried.set()
        self._hurried = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds < self._skips:
            try:
                async with asyncio.timeout(lasting(seconds)):
                    while seconds < self._skips:
                        await self._hurried.wait()
            except TimeoutError:
                return
        await asyncio.sleep(0.01)


@dataclass(slots=True)
class FailingStorage:
    """The adapter's storage over the real one. Every call raises StoreFailed while `away` is set; while
    `loses_answers` is set, calls about updates do so after they have taken effect."""

    real: TelegramStorage
    away: bool = False
    loses_answers: bool = False
    failed_calls: int = 0

    async def set_value(self, key: str, value: str) -> None:
        await self._available().set_value(key, value)

    async def get_value(self, key: str) -> str | None:
        return await self._available().get_value(key)

    async def cache_blob(self, key: str, data: bytes) -> None:
        await self._available().cache_blob(key, data)

    async def cached_blob(self, key: str) -> bytes | None:
        return await self._available().cached_blob(key)

    async def delete_key(self, key: str) -> None:
        await self._available().delete_key(key)

    async def set_aside(self, table: str, key: Sequence[str | int], reason: str) -> None:
        await self._available().set_aside(table, key, reason)

    async def save_updates(
        self,
        adapter: str,
        updates: Mapping[int, Mapping[str, Any]],
        *,
        chats: Mapping[int, str] | None = None,
        announce: Callable[[Transaction], None] | None = None,
    ) -> None:
        await self._available().save_updates(adapter, updates, chats=chats, announce=announce)
        self._lose_answer()

    async def delete_updates(self, adapter: str, numbers: Collection[int]) -> None:
        await self._available().delete_updates(adapter, numbers)
        self._lose_answer()

    async def saved_updates(self, adapter: str, *, chats: Collection[str] | None = None) -> dict[int, dict[str, Any]]:
        return await self._available().saved_updates(adapter, chats=chats)

    async def set_aside_update(self, adapter: str, number: int | None, body: object, reason: str) -> None:
        await self._available().set_aside_update(adapter, number, body, reason)
        self._lose_answer()

    async def save_moved_ref(self, adapter: str, old: str, new: str) -> None:
        await self._available().save_moved_ref(adapter, old, new)

    async def moved_refs(self, adapter: str) -> dict[str, str]:
        return await self._available().moved_refs(adapter)

    async def save_post_intent(self, adapter: str, key: str, fields: Mapping[str, Any]) -> None:
        await self._available().save_post_intent(adapter, key, fields)

    async def post_intents(self, adapter: str) -> dict[str, dict[str, Any]]:
        return await self._available().post_intents(adapter)

    async def job_messages(self, platform: str, ids: Collection[str]) -> set[tuple[str, str]]:
        return await self._available().job_messages(platform, ids)

    def _available(self) -> TelegramStorage:
        if self.away:
            self.failed_calls += 1
            raise StoreFailed(detail="away for a test")
        return self.real

    def _lose_answer(self) -> None:
        if self.loses_answers:
            raise StoreFailed(detail="lost the answer for a test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A world, and its clock."""

    place: TelegramWorld
    time: Impatient


@dataclass(slots=True, kw_only=True)
class Wired(Easel):
    """A running bot whose parts a test can reach."""

    web: HttpServer
    storage: FailingStorage
    desk: "SlowReception"


@asynccontextmanager
async def edge(folder: Path, **given: Any) -> AsyncGenerator[Edge]:
    """A world without flood control, whose clock can be hurried; `given` as of `telegram_world`."""
    clock = Impatient()
    async with telegram_world(folder, clock=clock, limits=UNLIMITED, **given) as place:
        yield Edge(place=place, time=clock)


@asynccontextmanager
async def wired(
    place: TelegramWorld, *, waits: bool = True, slow: bool = False, port: int | None = None, **telegram: Any
) -> AsyncGenerator[Wired]:
    """As `TelegramWorld.easel`, on a memory that can be away, and with its HTTP server up: behind it where `mode` is
    webhook. `slow`: clicks wait for `desk.go`. `port`: of the server, where an earlier one had it."""
    settings = place.telegram_settings(telegram)
    port = port or await free_port()
    web, desk = HttpServer("127.0.0.1", port), SlowReception(slow=slow)
    try:
        async with open_store(settings.database_url, place.clock) as store:
            storage = FailingStorage(store.adapter_store)
            adapter = TelegramAdapter(
                settings.telegram,
                storage,
                clock=place.clock,
                public_url=f"http://127.0.0.1:{port}",
                admins=settings.admins,
            )
            web.mount(adapter.routes())
            web.add_check("telegram", adapter.problem)
            await web.start()
            async with place.start_app(settings, store, adapter, intercept=desk.stand_before) as app:
                if waits:
                    await wait_until(lambda: connected(adapter))
                yield Wired(app=app, telegram=adapter, sandbox=place.sandbox, web=web, storage=storage, desk=desk)
    finally:
        await web.stop()


async def free_port() -> int:
    """Known before the server is there, since the webhook's address is."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


async def pressed(
    place: TelegramWorld, message: Message, label: str, *, by: User | None = None, **given: Any
) -> CallbackQuery:
    """A button is pressed, and its press has been answered."""
    made = place.server.press(by or place.ada, message, label, **given)
    await place.until(lambda: made.answered)
    return made


def words(click: CallbackQuery) -> str:
    """What a click was answered."""
    assert click.answer is not None
    return click.answer.text


class SlowReception:
    """The core, which takes its time over clicks and purchases until `go`. `told`: messages that came in."""

    def __init__(self, *, slow: bool) -> None:
        self._real: EventSink = Quiet()
        self.go = asyncio.Event()
        self.told: list[Heard] = []
        if not slow:
            self.go.set()

    def stand_before(self, real: EventSink) -> EventSink:
        self._real = real
        return self

    async def receive_message(self, message: Heard) -> bool:
        self.told.append(message)
        return await self._real.receive_message(message)

    def expect_album(self, user: Member, chat: Chat) -> None:
        self._real.expect_album(user, chat)

    def ignores(self, user: Member, chat: Chat) -> bool:
        return self._real.ignores(user, chat)

    async def press_button(self, press: ButtonPress) -> ButtonReply:
        await self.go.wait()
        return await self._real.press_button(press)

    async def estimate(self, message: Heard) -> RequestEstimate:
        return await self._real.estimate(message)

    async def check_file(self, user: Member, file: Attachment, data: bytes) -> str | None:
        return await self._real.check_file(user, file, data)

    async def message_deleted(self, ref: MessageRef) -> None:
        await self._real.message_deleted(ref)

    async def chat_closed(self, chat: Chat) -> None:
        await self._real.chat_closed(chat)

    async def chat_moved(self, old: Chat, new: Chat) -> None:
        await self._real.chat_moved(old, new)

    def chats_changed_hands(self) -> None:
        self._real.chats_changed_hands()

    async def command_refusal(self, user: Member, chat: Chat) -> str | None:
        return await self._real.command_refusal(user, chat)

    async def purchase_refusal(self, user: Member) -> str | None:
        return await self._real.purchase_refusal(user)

    async def balance(self, user: Member) -> Balance:
        return await self._real.balance(user)

    async def credit_purchase(self, user: Member, credits: int, *, entry: str) -> Balance:
        await self.go.wait()
        return await self._real.credit_purchase(user, credits, entry=entry)

    @property
    def capabilities(self) -> Capabilities:
        return self._real.capabilities

    @property
    def prices(self) -> PriceList:
        return self._real.prices
