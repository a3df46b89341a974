"""Delivery of updates to the bot's webhook: several at once, those of one chat in order, repeated after a failure.

Behind a balancer each delivery goes to any of several addresses.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime

import aiohttp
from yarl import URL

from tests.servers.telegram.errors import Json
from tests.servers.telegram.updates import Update, Updates

AUTH_HEADER = "X-Telegram-Bot-Api-Secret-Token"
MAX_RETRY_S = 1.0  # real seconds between two tries
TIMEOUT = aiohttp.ClientTimeout(total=20.0)


class Webhook:
    """`retry`: real seconds until the first repetition; each further one waits twice as long. `to`: the address that
    answers for the host of every webhook, as a proxy would; empty: that host. `backends`: the addresses that a balancer
    chooses from, at random, instead of `to`. `in_order`: whether those of one chat wait for each other."""

    def __init__(self, updates: Updates, now: Callable[[], datetime], *, retry: float) -> None:
        self.url = ""
        self.secret: str | None = None
        self.connections = 40
        self.to = ""
        self.backends: list[str] = []
        self.in_order = True
        self.used: set[str] = set()  # addresses that something was delivered to
        self._choose = random.Random(1).choice  # the same ones each time
        self.deliveries: list[tuple[int, int]] = []  # (update_id, status; 0 when nobody answered)
        self._updates = updates
        self._now = now
        self._retry = retry
        self._failed: tuple[datetime, str] | None = None
        self._running: asyncio.Task[None] | None = None
        self._busy: dict[int, asyncio.Task[None]] = {}

    @property
    def info(self) -> Json:
        """WebhookInfo, but for what waits and what is allowed."""
        body: Json = {"url": self.url, "has_custom_certificate": False}
        if self.url:
            body |= {"max_connections": self.connections, "ip_address": "127.0.0.1"}
        if self.url and self._failed is not None:
            at, words = self._failed
            body |= {"last_error_date": int(at.timestamp()), "last_error_message": words}
        return body

    def set(self, url: str, *, secret: str | None, connections: int) -> None:
        self.url, self.secret, self.connections = url, secret, connections
        self._failed = None
        if self._running is None:
            self._running = asyncio.create_task(self._run())

    def unset(self) -> None:
        self.url = ""
        self._failed = None
        for task in (self._running, *self._busy.values()):
            if task is not None:
                task.cancel()
        self._running = None
        self._busy.clear()

    async def close(self) -> None:
        tasks = [task for task in (self._running, *self._busy.values()) if task is not None]
        self.unset()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            while True:
                for update in list(self._updates.pending):
                    lane = update.lane if self.in_order else update.id
                    if len(self._busy) < self.connections and lane not in self._busy:
                        self._busy[lane] = asyncio.create_task(self._deliver(session, update, lane))
                await self._updates.changed()

    async def _deliver(self, session: aiohttp.ClientSession, update: Update, lane: int) -> None:
        wait = self._retry
        while not await self._post(session, update):
            await asyncio.sleep(wait)
            wait = min(2 * wait, MAX_RETRY_S)
        self._updates.remove(update)
        self._busy.pop(lane, None)
        self._updates.wake()

    async def _post(self, session: aiohttp.ClientSession, update: Update) -> bool:
        headers = {} if self.secret is None else {AUTH_HEADER: self.secret}
        to = self._choose(self.backends) if self.backends else self.to
        self.used.add(to)
        url = to + URL(self.url).raw_path if to else self.url
        try:
            async with session.post(url, json=update.body, headers=headers, allow_redirects=False) as response:
                status, words = response.status, f"{response.status} {response.reason}"
        except aiohttp.ClientError:
            status, words = 0, ""
        self.deliveries.append((update.id, status))
        if 200 <= status < 300:
            return True
        self._failed = (self._now(), f"Wrong response from the webhook: {words}" if status else "Connection refused")
        self._updates.wake()
        return False
