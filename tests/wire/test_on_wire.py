"""Each sender signals that a call is on the wire before it is answered: whoever has made it goes on with other work."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from pydantic import SecretStr
from telegram.request import RequestData

from adapters.discord.call_gate import CallGate
from adapters.discord.rest import RestClient
from adapters.telegram.api import make_bot
from bot.providers.http.client import UpstreamClient
from bot.runtime.clock import SystemClock
from bot.runtime.event_loop import enter_background
from bot.runtime.on_wire import listen_on_wire, signal_on_wire
from bot.settings import Telegram
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.wire.providers.http.exchanges import keep_answering, paint, says

Send = Callable[[], Awaitable[object]]


@asynccontextmanager
async def discord(url: str) -> AsyncGenerator[Send]:
    clock = SystemClock()
    rest = RestClient(url, SecretStr("token"), clock=clock, gate=CallGate(clock.monotonic))
    yield lambda: rest.call("POST", "/channels/1/messages", {"content": "a cat"})
    await rest.close()


@asynccontextmanager
async def telegram(url: str) -> AsyncGenerator[Send]:
    request = make_bot(Telegram(token=SecretStr("1:" + "A" * 35), api_base=url)).request
    async with request:
        yield lambda: request.post(f"{url}/sendMessage", RequestData())


@asynccontextmanager
async def upstream(url: str) -> AsyncGenerator[Send]:
    async with UpstreamClient() as client:
        yield lambda: paint(client, url)


@pytest.mark.parametrize("sender", [discord, telegram, upstream])
async def test_a_call_is_on_the_wire_before_it_is_answered(
    sender: Callable[[str], AbstractAsyncContextManager[Send]],
) -> None:
    on_wire, may_answer = asyncio.Event(), asyncio.Event()

    async def script(call: Call) -> None:
        await may_answer.wait()
        await call.send(says('{"ok": true, "result": {}}'))
        await call.hangup()

    async with scripted_upstream(script) as up, sender(up.url) as send:

        async def make_call() -> None:
            listen_on_wire(on_wire.set)
            await send()

        making = asyncio.create_task(make_call())
        await on_wire.wait()
        assert not making.done()
        may_answer.set()
        await making


async def test_a_signal_reaches_the_listener_of_its_own_call_alone() -> None:
    heard: list[str] = []

    async def make_call(name: str) -> None:
        listen_on_wire(lambda: heard.append(name))
        await asyncio.create_task(asyncio.sleep(0))
        signal_on_wire()

    await asyncio.gather(make_call("a"), make_call("b"))
    signal_on_wire()  # nobody listens
    assert heard == ["a", "b"]


async def test_calls_in_the_background_to_telegram_share_no_connection_with_those_that_somebody_waits_for() -> None:
    answers = ['{"ok": true, "result": {}}'] * 3
    async with scripted_upstream(keep_answering(*answers)) as up, telegram(up.url) as send:

        async def make_call(*, background: bool) -> None:
            if background:
                enter_background()
            await send()

        for background in (False, True, False, True):
            await asyncio.create_task(make_call(background=background))
        assert len(up.calls) == 2
