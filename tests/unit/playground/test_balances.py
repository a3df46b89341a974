"""Balances of connected pages."""

import asyncio

from adapters.playground.balances import Balances
from adapters.playground.connections import Connections, OutgoingQueue
from bot.chat import User
from bot.quota import Balance
from bot.runtime.clock import SystemClock
from bot.runtime.supervision import Supervisor
from tests.support.event_sinks import Quiet


class BalanceSink(Quiet):
    """Answers balances and records whose were read."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def balance(self, user: User) -> Balance:
        self.asked.append(user.id)
        return Balance(available=5, reserved=0, daily=5)


async def test_balances_are_read_once_and_sent_when_they_changed() -> None:
    connections, sink, outgoing = Connections(), BalanceSink(), OutgoingQueue(10)
    balances = Balances(connections, sink, Supervisor(SystemClock()))
    balances.request_update(["amber"])
    for _ in range(3):
        await asyncio.sleep(0)
    assert sink.asked == []  # no page is connected
    connections.add_queue(outgoing)
    balances.request_update(["amber"])
    balances.request_update(["amber", "jade"])
    assert [frame["type"] for frame in await outgoing.dequeue_frames()] == ["quota", "quota"]
    assert sink.asked == ["amber", "jade"]
    balances.request_update(["amber"])
    balances.request_update(["jade"], always_send=True)
    frames = await outgoing.dequeue_frames()
    assert [frame["user"] for frame in frames if frame["type"] == "quota"] == ["jade"]
    await balances.close()
