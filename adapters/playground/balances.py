"""Users' credits on the connected pages: read from the core when they may have changed, sent when they did.

A worker of its own reads them, so that no event waits for it; requests that come meanwhile are merged.
"""

import asyncio
from collections.abc import Iterable

import structlog

from adapters.playground import users
from adapters.playground.connections import Connections
from adapters.playground.protocol import QuotaFrame
from bot.ports import EventSink
from bot.runtime.supervision import Supervisor

log = structlog.get_logger()


class Balances:
    """Keeps the balances that pages show up to date. Runs from construction until `close`."""

    def __init__(self, connections: Connections, events: EventSink, supervisor: Supervisor) -> None:
        self._connections = connections
        self._events = events
        self._requested: dict[str, bool] = {}  # by user; True: send the balance even when it is unchanged
        self._wake = asyncio.Event()
        self._sent: dict[str, QuotaFrame] = {}  # last frame by user
        self._worker = supervisor.keep_running("playground balances", self._run)

    def request_update(self, user_ids: Iterable[str], *, always_send: bool = False) -> None:
        """Reads these users' balances soon; sends those that changed, or all with `always_send`."""
        for user_id in user_ids:
            self._requested[user_id] = always_send or self._requested.get(user_id, False)
        self._wake.set()

    async def close(self) -> None:
        await self._worker.stop()

    async def _run(self) -> None:
        while True:
            while self._requested:
                user_id = next(iter(self._requested))
                always_send = self._requested.pop(user_id)
                if not len(self._connections):
                    continue
                try:
                    await self._send_balance(user_id, always_send)
                except Exception:
                    log.exception("balance failed", user=user_id)
            self._wake.clear()
            await self._wake.wait()

    async def _send_balance(self, user_id: str, always_send: bool) -> None:
        balance = await self._events.balance(users.core_user(user_id))
        frame: QuotaFrame = {
            "type": "quota",
            "user": user_id,
            "available": balance.available,
            "reserved": balance.reserved,
            "daily": balance.daily,
        }
        prices = self._events.prices
        if not prices.is_usual:
            frame["price"] = str(prices.image)
        if always_send or self._sent.get(user_id) != frame:
            self._sent[user_id] = frame
            self._connections.broadcast(("quota", user_id), frame)
